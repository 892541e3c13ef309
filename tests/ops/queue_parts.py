"""Jobs, workers and leases to look at: as RQ and the database keep them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from redis import Redis
from rq import Queue as RqQueue
from rq.job import Job as RqJob
from rq.serializers import JSONSerializer

from oracle.queues import JobQueues
from settings import Settings
from store.settlements import Queue
from tests.samples import key

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0
MARKETS = [str(key(number)) for number in range(1, 9)]
WORK = """
import sys
from oracle.worker import work
from settings import Settings
from store.settlements import Queue
work(Settings(), [Queue(name) for name in sys.argv[1].split(",")], burst=len(sys.argv) > 2)
"""
# What `oracle.jobs.settle` is to such a worker: what the test says, in place of a settlement.
STAND_IN = """
import oracle.jobs, time
from pathlib import Path
def settle(market):
    here = Path(FOLDER)
    (here / f"{market}.begun").touch()
    if (here / "fail").exists():
        raise RuntimeError(f"no answer from https://node.example/?api-key=abcdefgh12345678 for {market}")
    while not (here / "go-on").exists():
        time.sleep(0.02)
oracle.jobs.settle = settle
"""


def connected(settings: Settings) -> Any:
    """A connection to the settings' Redis, to close."""
    return Redis.from_url(settings.redis_url)  # pyright: ignore[reportUnknownMemberType]


def until(what: Callable[[], object], why: str) -> None:
    """Wait until it is so; a test that waits in vain says for what."""
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.02)


def put(settings: Settings, queue: Queue, *markets: str) -> None:
    """Queue jobs as the reconciler does."""
    with JobQueues(settings.redis_url) as queues:
        for market in markets:
            queues.put(queue, market)


def jobs(settings: Settings, queue: Queue) -> list[RqJob]:
    """The jobs that wait in RQ."""
    with connected(settings) as redis:
        return RqQueue(str(queue), connection=redis, serializer=JSONSerializer).jobs


class WorkerProcess:
    """A worker of ours in a process of its own, whose jobs do what the files in `folder` say: fail, go-on."""

    def __init__(self, settings: Settings, folder: Path, queues: str, *options: str) -> None:
        self.folder = folder
        environment = {**os.environ, "REDIS_URL": settings.redis_url, "PYTHONPATH": str(ROOT)}
        code = STAND_IN.replace("FOLDER", repr(str(folder))) + WORK
        self._log = (folder / "worker.log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, queues, *options], env=environment, cwd=folder, stderr=self._log
        )

    def begun(self, market: str) -> bool:
        """Whether the market's job was begun."""
        return (self.folder / f"{market}.begun").exists()

    def let_go_on(self) -> None:
        """Let every job end well."""
        (self.folder / "go-on").touch()

    def end(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait()
        self._log.close()


def fail(settings: Settings, folder: Path, queue: Queue, *markets: str) -> None:
    """Have the markets' jobs run and fail."""
    folder.mkdir(exist_ok=True)
    (folder / "fail").touch()
    put(settings, queue, *markets)
    worker = WorkerProcess(settings, folder, str(queue), "burst")
    try:
        assert worker.process.wait(PATIENCE_S) == 0, (folder / "worker.log").read_text()
    finally:
        worker.end()
