"""Makes `night.gz`, the recording that snapshots are taken of: `.venv/bin/python -m tests.console.night`, two minutes.

It is of an `opinion up --traffic` of its own, and only the last that each feed told is kept. Make it anew where feeds
tell something else than they did, and renew the snapshots then (`make snapshots`).
"""

import asyncio
import gzip
import os
import re
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from console import clock
from console.feeds.base import Feed, Snapshot
from console.feeds.hub import Hub
from console.feeds.sources import Sources
from console.recording.recorder import Recorder
from ops.alerts.seen import AlertsSeen
from ops.queues.seen import Seen as QueuesSeen
from ops.runbooks.book import runbooks as books
from settings import Settings, read_settings
from store import runbooks
from store.database import Database
from store.listing import Listed
from store.settlements import Status
from tests.console.frames import OPINION
from tests.ports import free_port_pair

NIGHT = Path(__file__).with_name("night.gz")
RUNBOOK = "rpc-lag"
PATIENCE_S = 240.0
ANN = "ann@bastion (pts/1)"


def main() -> None:
    """Bring everything up, keep what is to be seen, and end it."""
    with TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        command = [OPINION, "up", "--traffic", "--state", state, "--rpc-port", str(free_port_pair())]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as up:
            try:
                os.environ.update(_environment(state / "env", up))
                asyncio.run(record(read_settings()))
            finally:
                up.terminate()


def _environment(file: Path, up: "subprocess.Popen[bytes]") -> dict[str, str]:
    """The settings of what runs, once it says them."""
    deadline = time.monotonic() + PATIENCE_S
    while not file.exists():
        assert up.poll() is None, "it ended"
        assert time.monotonic() < deadline, "it does not come up"
        time.sleep(0.2)
    return dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)


async def record(settings: Settings) -> None:
    """Wait until there is everything to be seen, and keep it."""
    await _start_a_run(settings)
    async with Sources(settings) as sources:
        hub = Hub(sources)
        async with hub.running():
            kept = await _everything(hub)
            kept |= await _details(hub)
    _write(kept, settings)


async def _start_a_run(settings: Settings) -> None:
    book = books()[RUNBOOK]
    async with Database(settings.database_url) as db:
        run, _ = await runbooks.start(db, RUNBOOK, book.digest, ANN)
        await runbooks.note(db, run.id, book.steps[0].name, "both nodes answer", ANN)


def parked_and_paid(markets: Mapping[str, Listed]) -> tuple[str, str]:
    """The addresses of a market that is parked, and of one that is paid. Raises StopIteration where there is none."""
    parked = next(address for address, one in markets.items() if one.status is Status.PARKED)
    return parked, next(
        address for address, one in markets.items() if one.finished and one.status is Status.DONE and one.stakers > 1
    )


def _is_everything(hub: Hub) -> bool:
    alerts: AlertsSeen | None = hub.alerts.snapshot.value
    queues: QueuesSeen | None = hub.queues.snapshot.value
    chain = hub.chain.snapshot.value
    if alerts is None or queues is None or chain is None or chain.whole_at is None:
        return False
    with suppress(StopIteration, RuntimeError):
        parked_and_paid(hub.markets.snapshot.value or {})
        return bool(alerts.groups) and any(job.state == "failed" for job in queues.jobs.values())
    return False


def feeds_of(hub: Hub) -> list[Feed[Any]]:
    """Every feed that the hub itself runs."""
    return [part for part in vars(hub).values() if isinstance(part, Feed)]


async def _everything(hub: Hub) -> dict[str, Snapshot[Any]]:
    """What every feed of the console's own tells."""
    feeds = feeds_of(hub)
    stops = [feed.watch(lambda _: None) for feed in feeds]
    deadline = time.monotonic() + PATIENCE_S
    while not (_is_everything(hub) and all(feed.snapshot.at for feed in feeds)):
        assert time.monotonic() < deadline, f"not all is there: {[f.name for f in feeds if f.snapshot.at is None]}"
        await asyncio.sleep(0.5)
    for stop in stops:
        stop()
    return {feed.name: feed.snapshot for feed in feeds}


async def _details(hub: Hub) -> dict[str, Snapshot[Any]]:
    """Two markets, and the value behind one alert."""
    feeds: list[Feed[Any]] = [hub.market(address) for address in parked_and_paid(hub.markets.snapshot.value or {})]
    assert hub.alerts.snapshot.value is not None
    feeds.append(hub.alert_history(hub.alerts.snapshot.value.groups[0].alerts[0]))
    for feed in feeds:
        told = asyncio.Event()
        feed.watch(lambda snapshot, told=told: told.set() if snapshot.at else None)
        running = asyncio.create_task(feed.run())
        await asyncio.wait_for(told.wait(), PATIENCE_S)
        running.cancel()
    return {feed.name: feed.snapshot for feed in feeds}


def _write(kept: Mapping[str, Snapshot[Any]], settings: Settings) -> None:
    """One value a feed, and nothing of the machine that it was made on."""
    NIGHT.unlink(missing_ok=True)
    troubles: list[str] = []
    with Recorder(NIGHT, settings.network.value, troubles.append) as recorder:
        for name, snapshot in kept.items():
            feed: Feed[Any] = Feed(name, _nothing, every_s=1, patience_s=1)
            recorder.watch(feed)
            feed.tell(Snapshot(value=snapshot.value, at=clock.now()))
    assert not troubles, troubles
    with gzip.open(NIGHT, "rt", encoding="utf-8") as file:
        text = file.read()
    text = re.sub(rf"\b{re.escape(socket.gethostname())}\b", "oracle-1", text)
    text = re.sub(rf"{re.escape(str(Path(settings.texts_path).parent))}\b", "/var/lib/opinion", text)
    NIGHT.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    NIGHT.chmod(0o644)


async def _nothing() -> None:
    return


if __name__ == "__main__":
    main()
