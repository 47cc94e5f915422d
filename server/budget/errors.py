"""What can go wrong with a budget. `server/errors.py` gives it its status."""

from datetime import datetime


class BudgetSpent(Exception):
    """A tenant has spent what it may spend on models today."""

    def __init__(self, tenant: str, renew_time: datetime, *, must_refuse: bool) -> None:
        super().__init__(f"the budget of {tenant} is spent until {renew_time:%Y-%m-%d}")
        self.tenant = tenant
        self.renew_time = renew_time
        self.must_refuse = must_refuse  # else the embedded engine answers
