"""Who may call: keys, tokens, tenants, and the log of what was changed."""

from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta

from switchyard_client.connection import Connection
from switchyard_client.messages.switchyard.admin.v1 import (
    ApiKey,
    AuditEvent,
    CreateApiKeyRequest,
    CreateApiKeyResponse,
    CreateTenantRequest,
    CreateTenantResponse,
    DeleteTenantRequest,
    DeleteTenantResponse,
    IssueTokenRequest,
    IssueTokenResponse,
    ListApiKeysRequest,
    ListApiKeysResponse,
    ListAuditEventsRequest,
    ListAuditEventsResponse,
    ListTenantsRequest,
    ListTenantsResponse,
    ResumeTenantRequest,
    ResumeTenantResponse,
    RevokeApiKeyRequest,
    RevokeApiKeyResponse,
    Role,
    RotateApiKeyRequest,
    RotateApiKeyResponse,
    SuspendTenantRequest,
    SuspendTenantResponse,
    Tenant,
)

DELETE_DEADLINE_S = 600.0  # everything that the tenant has goes with it
_SERVICE = "switchyard.admin.v1.AccessService"


class AccessAdmin:
    """Keys are named "apiKeys/...", tenants "tenants/...". An empty `tenant` is the caller's."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create_key(
        self,
        roles: Sequence[Role],
        *,
        tenant: str = "",
        title: str = "",
        permissions: Sequence[str] = (),
        tier: str = "",
        ttl: timedelta | None = None,
    ) -> CreateApiKeyResponse:
        """A new key with its secret, which cannot be had again. No `ttl`: until it is revoked."""
        request = CreateApiKeyRequest(
            tenant=tenant,
            title=title,
            roles=list(roles),
            permissions=list(permissions),
            tier=tier,
            ttl=ttl,
        )
        return await self._connection.call(_SERVICE, request, CreateApiKeyResponse)

    async def list_keys(
        self, *, tenant: str = "", page_size: int = 100
    ) -> AsyncGenerator[ApiKey, None]:
        """The tenant's keys, the newest first."""
        request = ListApiKeysRequest(tenant=tenant, page_size=page_size)
        async for page in self._connection.pages(_SERVICE, request, ListApiKeysResponse):
            for key in page.api_keys:
                yield key

    async def rotate_key(
        self, name: str, *, overlap: timedelta | None = None
    ) -> RotateApiKeyResponse:
        """A new key of the same rights; the old one works for `overlap` more, by default a day."""
        request = RotateApiKeyRequest(name=name, overlap=overlap)
        return await self._connection.call(_SERVICE, request, RotateApiKeyResponse)

    async def revoke_key(self, name: str) -> ApiKey:
        """The key, refused from now on together with its tokens."""
        request = RevokeApiKeyRequest(name=name)
        response = await self._connection.call(_SERVICE, request, RevokeApiKeyResponse)
        return response.api_key or ApiKey()

    async def issue_token(
        self, *, ttl: timedelta | None = None, roles: Sequence[Role] = ()
    ) -> IssueTokenResponse:
        """A token for the key that the client calls with; by default 15 minutes, all its roles."""
        request = IssueTokenRequest(ttl=ttl, roles=list(roles))
        return await self._connection.call(_SERVICE, request, IssueTokenResponse)

    async def create_tenant(self, tenant_id: str, *, title: str = "") -> Tenant:
        """A new tenant. Raises AlreadyExists."""
        request = CreateTenantRequest(tenant_id=tenant_id, title=title)
        response = await self._connection.call(_SERVICE, request, CreateTenantResponse)
        return response.tenant or Tenant()

    async def list_tenants(self, *, page_size: int = 100) -> AsyncGenerator[Tenant, None]:
        """All tenants by name."""
        request = ListTenantsRequest(page_size=page_size)
        async for page in self._connection.pages(_SERVICE, request, ListTenantsResponse):
            for tenant in page.tenants:
                yield tenant

    async def suspend_tenant(self, name: str) -> Tenant:
        """The tenant, whose calls are refused from now on."""
        request = SuspendTenantRequest(name=name)
        response = await self._connection.call(_SERVICE, request, SuspendTenantResponse)
        return response.tenant or Tenant()

    async def resume_tenant(self, name: str) -> Tenant:
        """The tenant, which may call again."""
        request = ResumeTenantRequest(name=name)
        response = await self._connection.call(_SERVICE, request, ResumeTenantResponse)
        return response.tenant or Tenant()

    async def delete_tenant(
        self, name: str, *, deadline_s: float = DELETE_DEADLINE_S
    ) -> DeleteTenantResponse:
        """How much was deleted. Raises PreconditionFailed for a tenant that is not suspended."""
        request = DeleteTenantRequest(name=name)
        return await self._connection.call(_SERVICE, request, DeleteTenantResponse, deadline_s)

    async def list_audit_events(
        self, *, tenant: str = "", action: str = "", page_size: int = 100
    ) -> AsyncGenerator[AuditEvent, None]:
        """What was changed, the newest first; `action` such as "api_key.create", empty: any."""
        request = ListAuditEventsRequest(tenant=tenant, action=action, page_size=page_size)
        async for page in self._connection.pages(_SERVICE, request, ListAuditEventsResponse):
            for event in page.audit_events:
                yield event
