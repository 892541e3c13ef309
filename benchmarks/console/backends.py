"""What the whole console stands on: a database with ten thousand markets, Valkey with a thousand jobs, and their
changes, which another process makes: `python -m benchmarks.console.backends --cells 20` or `--changes 50`.
"""

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from solders.pubkey import Pubkey
from sqlalchemy import insert, update

from benchmarks.console.load import STEPS
from benchmarks.console.terminal import ROOT
from chain.accounts import Market
from chain.answers import Commitment
from chain.constants import PROGRAM_ID, MarketState
from chain.units import UnixTime, UsdcUnits
from oracle.queues import JobQueues
from settings import read_settings
from store import accounts
from store.accounts import Cluster, FullRead
from store.cluster import pin
from store.database import Database, clock
from store.migrations import migrate
from store.schema import settlement
from store.settlements import Phase, Queue, Status
from tests.samples import on_chain, sample
from tests.servers import valkey

MARKETS, JOBS = 10_000, 1_000
SHOWN = 15
"""So many markets are on the first page."""
MARK = "the first to close"
_GENESIS = str(Pubkey(bytes([7]) * 32))
_CLOSES = 1_900_000_000


def address(number: int) -> Pubkey:
    """The address of a market, the first to close being 0."""
    return Pubkey(random.Random(number).randbytes(32))


@contextmanager
def standing() -> Generator[None]:
    """Bring both up, and let the settings name them meanwhile."""
    with tempfile.TemporaryDirectory(prefix="opinion-bench-") as folder:
        redis = valkey()
        here = {
            "NETWORK": "localnet",
            "DATABASE_URL": f"sqlite:///{folder}/oracle.db",
            "REDIS_URL": redis.url,
            "SOLANA_RPC_URL": "http://127.0.0.1:9",
            "TEXTS_PATH": f"{folder}/texts",
            "XDG_STATE_HOME": folder,
        }
        before = dict(os.environ)
        os.environ.update(here)
        try:
            asyncio.run(_fill())
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
            redis.remove()


@contextmanager
def happening(load: Sequence[str]) -> Generator[None]:
    """Let these changes happen while the block lasts; a clock is the console's own."""
    words = [word for word in load if word != "--clock"]
    if not words:
        yield
        return
    writer = subprocess.Popen([sys.executable, "-m", "benchmarks.console.backends", *words], cwd=ROOT)
    try:
        yield
        if writer.poll() is not None:
            raise RuntimeError("whoever makes the changes has ended")
    finally:
        writer.kill()
        writer.wait()


async def _fill() -> None:
    settings = read_settings()
    program = PROGRAM_ID
    async with Database(settings.database_url) as db:
        await migrate(db)
        await pin(db, _GENESIS, str(program))
        markets = [on_chain(address(number), _market(number)) for number in range(MARKETS)]
        await accounts.see(db, Cluster(_GENESIS, program), FullRead(markets, 1, Commitment.CONFIRMED))
        rows = [
            {
                "market": str(address(number)),
                "phase": Phase.PROVE,
                "queue": Queue.SETTLE,
                "status": Status.READY,
                "due_at": clock(),
                "created_at": clock(),
            }
            for number in range(MARKETS)
        ]
        async with db.write() as connection:
            for row in rows:
                await connection.execute(insert(settlement).values(row))
    with JobQueues(settings.redis_url) as queues:
        for number in range(JOBS):
            queues.put(Queue.SETTLE, str(address(number)))


def _market(number: int) -> Market:
    statement = MARK if number == 0 else f"Statement {number}"
    return sample(
        Market,
        statement=statement,
        state=MarketState.CLOSED,
        staker_count=3,
        total_stake=UsdcUnits(1_000_000 * (1 + number % 500)),
        closes_at=UnixTime(_CLOSES + number),
    )


async def change(rate: int, among: int) -> None:
    """So many changes a second, without end: why a market is parked, which the list shows."""
    chance = random.Random(6)
    number = 0
    async with Database(read_settings().database_url) as db:
        while True:
            async with db.write() as connection:
                for _ in range(max(rate // STEPS, 1)):
                    number += 1
                    row = settlement.c.market == str(address(chance.randrange(among)))
                    changing = {"status": Status.PARKED, "reason": f"{number} is wrong"}
                    await connection.execute(update(settlement).where(row).values(changing))
            await asyncio.sleep(1 / STEPS)


def main() -> None:
    """Make changes until ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--changes", type=int, default=0)
    parser.add_argument("--cells", type=int, default=0)
    given = parser.parse_args()
    asyncio.run(change(given.cells or given.changes, SHOWN if given.cells else MARKETS))


if __name__ == "__main__":
    main()
