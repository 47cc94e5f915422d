"""A process that spends a tenant's budget, call by call, and says so until it is killed.

python -m tests.integration.budget.spender URL TENANT MICRO_USD
"""

import asyncio
import sys

from server.budget.budget import Spending
from server.budget.ledger import Ledger, Reservation
from server.budget.store import BudgetStore
from server.storage.database import Database


async def main(url: str, tenant: str, micro_usd: int) -> None:
    """One line for each call that the budget covers; every call costs what was reserved."""
    database = Database(url)
    await database.open()
    ledger = Ledger(BudgetStore(database), clock=lambda: 1000.0)
    ledger.start()
    while True:
        reservation = await ledger.reserve(tenant, micro_usd)
        if isinstance(reservation, Reservation):
            print("spent", flush=True)  # noqa: T201  # read by the test
            ledger.settle(reservation, "m", Spending(1, 10, 10, micro_usd))
        await asyncio.sleep(0)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
