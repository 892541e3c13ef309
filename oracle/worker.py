"""A worker process: takes jobs from RQ's queues and runs each in a fork of its own.

RQ only carries what is to be done now. What makes that safe is elsewhere (docs/settlement.md), so all that is asked of
a worker is to be there: it outlives Redis, ends its job's process with itself, and stops when it is told to.
"""

import gc
import importlib
import os
import signal
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from types import FrameType
from typing import Any, NoReturn

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue as RqQueue
from rq import Worker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus

from oracle import notify
from oracle.lifeline import die_with_parent
from oracle.logs import configure
from oracle.queues import SERVED, WORKER, drain_key, process_of
from settings import Settings
from store.settlements import Queue

CHAIN_QUEUES = (Queue.CAPTURE, Queue.SETTLE, Queue.CLEAN)
ANALYSIS_QUEUES = (Queue.ANALYSE,)
_URGENCY = (Queue.CAPTURE, Queue.SETTLE, Queue.ANALYSE, Queue.CLEAN)
STOP_SECONDS = 15.0
"""How long a stopped worker's job may take to hand back its phase before it is killed."""

_LOOK_SECONDS = 2
_REDIS_WAIT_SECONDS = 1.0
_REDIS_TIMEOUT_SECONDS = 10.0
_MONITOR_SECONDS = 5

_ENDINGS = (signal.SIGTERM, signal.SIGINT)

_log = structlog.stdlib.get_logger(__name__)


def work(settings: Settings, queues: Sequence[Queue] = CHAIN_QUEUES, *, burst: bool = False) -> None:
    """Take jobs from `queues`, the most urgent first, until SIGTERM or SIGINT; with `burst`, until there is none.

    While Redis is away it keeps looking for it. Must run in the main thread.
    """
    configure(settings)
    wanted = [queue for queue in _URGENCY if queue in queues]
    _preload(wanted)
    stop = _Stop()
    connection = Redis.from_url(  # pyright: ignore[reportUnknownMemberType] - redis leaves its keywords untyped
        settings.redis_url, socket_connect_timeout=_REDIS_TIMEOUT_SECONDS, retry=Retry(NoBackoff(), 1)
    )
    notify.ready("looks for Redis")
    process = f"{socket.gethostname()}.{os.getpid()}.{os.urandom(4).hex()}"
    lives = (f"{process}.{number}" for number in count())
    with suppress(StopRequested):
        while not stop.asked and not _one_life(next(lives), connection, wanted, stop, burst=burst):
            notify.alive()
            time.sleep(_REDIS_WAIT_SECONDS)
    notify.stopping("stopped")
    _log.info("worker stopped")


class _Stop:
    """Whether this process was told to stop, and what is to be done about it at that moment."""

    def __init__(self) -> None:
        self.asked = False
        self.worker: SettlementWorker | None = None
        for number in _ENDINGS:
            signal.signal(number, self)

    def __call__(self, number: int, _: FrameType | None) -> None:
        """Handle the signal."""
        again, self.asked = self.asked, True
        if self.worker is not None and self.worker.hand_back(at_once=again):
            return
        raise StopRequested


def _one_life(name: str, connection: Redis, queues: Sequence[Queue], stop: _Stop, *, burst: bool) -> bool:
    """Work until told to stop or until Redis fails us; returns whether there is nothing more to do.

    RQ's worker cannot go on after an error, so each time there is a new one under a new name.
    """
    try:
        stop.worker = SettlementWorker(
            [str(queue) for queue in queues],
            name=name,
            connection=connection,
            serializer=JSONSerializer,
            default_result_ttl=0,
            job_monitoring_interval=_MONITOR_SECONDS,
            log_job_description=False,
        )
        stop.worker.work(burst=burst, logging_level="WARNING")
    except RedisError as error:
        _log.warning("Redis does not answer; looking for it again", error=type(error).__name__)
        return False
    finally:
        stop.worker = None
    return stop.asked or burst


def _preload(queues: Sequence[Queue]) -> None:
    """Load what jobs need before any fork, so that forks share it; the model's SDK only where it is used."""
    importlib.import_module("oracle.jobs")
    if Queue.ANALYSE in queues:
        importlib.import_module("anthropic")
    # What is here now stays: forks neither look at it nor copy its pages.
    gc.collect()
    gc.freeze()


class SettlementWorker(Worker):
    """RQ's worker with what it lacks: its fork dies with it, hands back on SIGTERM, and systemd hears of it."""

    max_connection_wait_time = 2.0
    _drained = False

    @property
    def dequeue_timeout(self) -> int:
        """Seconds that one look at the queues may block; RQ's own would be minutes, without a sign of life."""
        return _LOOK_SECONDS

    def bootstrap(self, *arguments: Any, **named: Any) -> None:
        """Register, then say that we are ready."""
        super().bootstrap(*arguments, **named)
        queues = ", ".join(self.queue_names())
        _log.info("worker ready", worker=self.name, queues=queues)
        notify.ready(f"takes jobs from {queues}")

    def heartbeat(self, *arguments: Any, **named: Any) -> None:
        """Tell systemd, then Redis: a Redis that is away is no reason to restart us."""
        if not self.is_horse:
            notify.alive()
        super().heartbeat(*arguments, **named)

    def maintain_heartbeats(self, job: Job, execution: Any) -> None:
        """While a job runs, Redis is of no use to it: its absence must not end the job."""
        with suppress(RedisError):
            super().maintain_heartbeats(job, execution)

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, RqQueue] | None:
        """Wait for a job; while a person wants this process drained, take none and stand by."""
        while True:
            if not self._stands_by():
                # Without a limit, RQ itself would look for a job until there is one.
                found = super().dequeue_job_and_maintain_ttl(timeout, _LOOK_SECONDS)
                if found is not None:
                    return found
            elif timeout is not None:
                time.sleep(_LOOK_SECONDS)
            if timeout is None:
                return None

    def _stands_by(self) -> bool:
        """Whether this process is drained; without Redis, whether it was."""
        notify.alive()
        was = self._drained
        with suppress(RedisError):
            self._drained = bool(self.connection.exists(drain_key(process_of(self.name))))
            if self._drained:
                self.set_state(WorkerStatus.SUSPENDED)
                self.heartbeat()
        if self._drained is not was:
            words = "is drained: takes no jobs" if self._drained else f"takes jobs from {', '.join(self.queue_names())}"
            _log.info(f"worker {words}", worker=self.name)
            notify.ready(words)
        return self._drained

    def subscribe(self) -> None:
        """Take no commands from Redis: a thread beside forks, for what signals do."""

    def teardown(self) -> None:
        """Sign off where Redis is there to hear it."""
        with suppress(RedisError):
            super().teardown()

    def hand_back(self, *, at_once: bool) -> bool:
        """Ask the running job to hand back its phase; returns whether there is one, whose end is then awaited."""
        self._stop_requested = True
        if not self.horse_pid:
            return False
        if at_once:
            self.kill_horse()
            return True
        notify.stopping("waits for a job to hand back its phase")
        self.kill_horse(signal.SIGTERM)
        deadline = threading.Timer(STOP_SECONDS, self.kill_horse)
        deadline.daemon = True
        deadline.start()
        return True

    def kill_horse(self, sig: signal.Signals = signal.SIGKILL) -> None:
        """Signal the fork alone: RQ signals its group, which is ours until the fork has made its own."""
        if pid := self.horse_pid:
            with suppress(ProcessLookupError):
                os.kill(pid, sig)

    def execute_job(self, job: Job, queue: RqQueue) -> None:
        """Run the job in a fork, and leave no fork behind when RQ's own bookkeeping fails."""
        try:
            super().execute_job(job, queue)
        finally:
            if self.horse_pid:
                self.kill_horse()
                self.wait_for_horse()
                self._horse_pid = 0

    def fork_work_horse(self, job: Job, queue: RqQueue) -> None:
        """Fork with our signals held back until either side knows which it is."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)
        try:
            super().fork_work_horse(job, queue)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDINGS)

    def setup_work_horse_signals(self) -> None:
        """In the fork: SIGTERM ends it until the job knows better; SIGINT is the parent's affair."""
        super().setup_work_horse_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDINGS)

    def main_work_horse(self, job: Job, queue: RqQueue) -> NoReturn:
        """In the fork: end with the parent, then run the job."""
        die_with_parent(self.pid or os.getppid())
        SERVED.set(tuple(Queue(name) for name in self.queue_names()))
        WORKER.set(process_of(self.name))
        super().main_work_horse(job, queue)
        os._exit(0)

    def _install_signal_handlers(self) -> None:
        """Leave ours in place: they also count while there is no worker."""
