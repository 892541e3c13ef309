"""Keeps a lease alive while its holder works, and stops the work when the lease is lost."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from store import settlements
from store.database import Database
from store.errors import FenceLost, StoreUnavailable
from store.settlements import LEASE, Claim

RENEW_S = 2.0


@asynccontextmanager
async def kept(db: Database, claim: Claim, lease: timedelta = LEASE, every: float = RENEW_S) -> AsyncGenerator[None]:
    """Renew `every` so many seconds around the body; raises FenceLost in its place once the lease is lost."""
    worker = asyncio.current_task()
    if worker is None:
        raise RuntimeError("a lease is kept from inside a task")
    lost = asyncio.Event()

    def lose() -> None:
        lost.set()
        worker.cancel()

    renewing = asyncio.create_task(_renew(db, claim, lease, every, lose), name=f"lease of {claim.market}")
    try:
        yield
    except asyncio.CancelledError:
        # Ours, unless somebody else cancelled too.
        if lost.is_set() and worker.uncancel() == 0:
            raise FenceLost(f"the lease of {claim.market} was lost: whoever holds it goes on") from None
        raise
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing


async def _renew(db: Database, claim: Claim, lease: timedelta, every: float, lose: Callable[[], None]) -> None:
    """Renew until the lease is lost: at once when the database says so, when it ran out where it says nothing."""
    clock = asyncio.get_running_loop().time
    until = clock() + lease.total_seconds()
    while True:
        await asyncio.sleep(every)
        asked = clock()
        try:
            async with asyncio.timeout_at(until):
                held = await settlements.renew(db, claim, lease)
        except StoreUnavailable:
            held = clock() < until
        except TimeoutError:
            held = False
        except Exception:
            # Whatever it is, the lease is kept no longer.
            lose()
            raise
        else:
            until = asked + lease.total_seconds()
        if not held:
            lose()
            return
