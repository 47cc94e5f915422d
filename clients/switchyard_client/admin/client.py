"""The typed client of the administration services."""

from switchyard_client.admin.access import AccessAdmin
from switchyard_client.admin.budget import BudgetAdmin
from switchyard_client.admin.cache import CacheAdmin
from switchyard_client.admin.letters import LettersAdmin
from switchyard_client.admin.limits import LimitsAdmin
from switchyard_client.admin.resilience import ResilienceAdmin
from switchyard_client.connection import Connection


class AdminClient(Connection):
    """Calls the administration services; made and used as a Connection is."""

    @property
    def access(self) -> AccessAdmin:
        """Keys, tokens, tenants and the audit log."""
        return AccessAdmin(self)

    @property
    def cache(self) -> CacheAdmin:
        """The response cache and the semantic cache."""
        return CacheAdmin(self)

    @property
    def limits(self) -> LimitsAdmin:
        """Rate limits and usage."""
        return LimitsAdmin(self)

    @property
    def resilience(self) -> ResilienceAdmin:
        """Circuit breakers, performance, and providers of language models."""
        return ResilienceAdmin(self)

    @property
    def letters(self) -> LettersAdmin:
        """Tickets that no language model answered."""
        return LettersAdmin(self)

    @property
    def budget(self) -> BudgetAdmin:
        """What language models may cost, and what they did."""
        return BudgetAdmin(self)
