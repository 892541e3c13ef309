"""Watches the rows of the markets, strikes at the planned moments, and measures how long work took to go on."""

import asyncio
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update

from chain.errors import ChainError
from ops.errors import OperatorError
from oracle.settlement.plan import Act
from store import settlements
from store.database import Database, after
from store.errors import StoreError
from store.schema import attempt, lock, phase_run, settlement
from store.settlements import Queue, Settlement, Status
from tests.fakes.messages_api import Behaviour
from tests.faults import clocks
from tests.faults.plan import HOLDERS, VOTES, Fault, Kind, Moment
from tests.faults.processes import gone, parent_of, strike, wait_until_gone
from tests.faults.stack import Hooks, Stack, fill
from tests.faults.watched import Watched, look
from tests.servers import Server

LOOK_S = 0.03
_COMMITTED_S = 0.3
PERSON = "the person in the faults"
_HURRIED = ("slot", "finality", "rearm", "signatures")
_BLOW_WITHIN_S = 10.0
_PUT = {Kind.DATABASE_CLOCK_AHEAD: timedelta(hours=1), Kind.DATABASE_CLOCK_BACK: timedelta(seconds=-3)}
_WARPS = {Kind.CLOCK_MINUTE: 60, Kind.CLOCK_HOUR: 4_000, Kind.CLOCK_DAY: 90_000}
_MODEL = {
    Kind.MODEL_HANGS: Behaviour.HANG,
    Kind.MODEL_429: Behaviour.RATE_LIMIT,
    Kind.MODEL_529: Behaviour.OVERLOADED,
    Kind.MODEL_GARBAGE: Behaviour.GARBAGE,
}
_PARTS_AWAY = frozenset(
    {Kind.REDIS_RESTART, Kind.REDIS_EMPTY, Kind.DATABASE_RESTART, Kind.DISK_FULL, Kind.RPC_REFUSE, Kind.RPC_DELAY}
)
"""While a shared part is away nothing can go on: that time does not count as slow."""
_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass
class Struck:
    """One planned fault and what came of it. Times are seconds of the monotonic clock."""

    run: int
    fault: Fault
    market: str
    at: float | None = None
    resumed_s: float | None = None
    waited_s: float = 0.0
    """What is not counted in `resumed_s`: see _Awaited.excused."""
    note: str = ""
    met: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it has struck somebody who holds a market."""
    run_lost: str | None = None
    """The phase of the run that was open when its process was killed or stopped; None where none was."""


@dataclass
class _Awaited:
    """Somebody was struck: work on the market has to go on. `fence` is the one that the struck one had."""

    struck: Struck
    fence: int
    since: float
    watcher: bool = False
    looked: float = 0.0
    excused: float = 0.0
    """Seconds in which nobody could go on: a shared part or the watcher was away, a declared wait, all workers busy."""


class Injector(Hooks):
    """Strikes each planned fault once."""

    def __init__(self) -> None:
        self.planned: list[Struck] = []
        self.retried: dict[str, int] = {}
        self.seen = Watched()
        self.looks_failed = 0
        self._stack: Stack | None = None
        self._awaited: list[_Awaited] = []
        self._away = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._hurried: set[tuple[str, int]] = set()
        self._rearmed: set[tuple[str, int]] = set()
        self._serial = asyncio.Lock()
        self._approvals: dict[str, int] = {}

    def arm(self, stack: Stack, planned: Sequence[Struck]) -> None:
        """Have these struck from now on."""
        self._stack = stack
        self.planned = list(planned)

    @property
    def stack(self) -> Stack:
        """The one that is armed."""
        if self._stack is None:
            raise RuntimeError("nothing is armed yet")
        return self._stack

    async def watch(self) -> None:
        """Look and strike until cancelled."""
        while True:
            try:
                await self._look(self.stack.db)
            except StoreError:
                self.looks_failed += 1
                await asyncio.sleep(0.2)
            await asyncio.sleep(LOOK_S)

    async def settle_down(self) -> None:
        """Wait until every fault that struck is over."""
        await asyncio.gather(*self._tasks)

    async def sending(self, signature: str) -> bool:
        """The bytes are signed and have not left."""
        struck = await self._at(signature, Moment.SIGNED)
        if struck is not None:
            await self._strike(struck)
        return struck is None or struck.fault.kind not in HOLDERS

    async def sent(self, signature: str) -> None:
        """The node has the bytes; the sender waits for the answer."""
        struck = await self._at(signature, Moment.SENT)
        if struck is not None:
            await self._strike(struck)

    async def may_vote(self, market: str, approvals: int) -> None:
        """Hold the next vote back until a fault that is planned for just then has struck, if it can."""
        self._approvals[market] = approvals
        moment = VOTES.get(approvals)
        for struck in self.planned:
            if struck.market == market and struck.fault.moment is moment:
                with suppress(TimeoutError):
                    await asyncio.wait_for(struck.met.wait(), _BLOW_WITHIN_S)

    def may_execute(self, market: str) -> bool:
        """Unless the worker is to be struck while it does that itself."""
        return not any(one.market == market and one.fault.act is Act.RECORD for one in self.planned)

    async def _at(self, signature: str, moment: Moment) -> Struck | None:
        armed = [struck for struck in self.planned if struck.at is None and struck.fault.moment is moment]
        if not armed:
            return None
        found = select(attempt.c.market, attempt.c.intent, phase_run.c.phase)
        found = found.join(phase_run, attempt.c.market == phase_run.c.market)
        found = found.where(attempt.c.signature == signature, phase_run.c.ended_at.is_(None))
        try:
            async with self.stack.db.read() as connection:
                row = (await connection.execute(found)).first()
        except StoreError:
            return None
        if row is None:
            return None
        here, acts = (row.market, row.phase), (None, row.intent.split()[1])
        # Somebody may have struck meanwhile.
        met = (one for one in armed if one.at is None and (one.market, one.fault.phase.value) == here)
        return next((one for one in met if one.fault.act in acts), None)

    async def _look(self, db: Database) -> None:
        self.seen = await look(db, {struck.market for struck in self.planned})
        self._measure(self.seen.watcher_fence, await db.now())
        for struck in self.planned:
            if struck.at is None and self._is_at(struck.fault, struck.market):
                await self._strike(struck)
        await self._be_the_person(db)

    def _is_at(self, fault: Fault, market: str) -> bool:
        here = (market, fault.phase.value)
        if fault.moment in VOTES.values():
            return VOTES.get(self._approvals.get(market, 0)) is fault.moment
        if fault.act is not None and (fault.act is Act.RECORD) != (market in self._past_proposing(fault.moment)):
            return False
        if fault.moment is Moment.BEGAN:
            return here in self.seen.open_runs
        return fault.moment is Moment.ENDED and here in self.seen.ended_runs

    def _past_proposing(self, moment: Moment) -> frozenset[str]:
        """Markets of which an open run executes, or of which the run that ended last did."""
        return self.seen.proposed if moment is Moment.BEGAN else self.seen.recorded

    async def _be_the_person(self, db: Database) -> None:
        """Retry what is parked, let an hour pass for who waits for it, and look at once where slots are short."""
        now = await db.now()
        for row in self.seen.rows.values():
            key = (row.market, row.fence)
            if row.status is Status.PARKED:
                self.retried[row.market] = self.retried.get(row.market, 0) + 1
                await settlements.retry(db, row.market, PERSON)
            elif row.status is Status.WAITING and row.wait_reason == "rearm" and key not in self._rearmed:
                self._rearmed.add(key)
                await self.stack.stage.extras.warp(3_700)
            elif row.wait_reason in _HURRIED and row.due_at > now + timedelta(seconds=1) and key not in self._hurried:
                self._hurried.add(key)
                await _hurry(db, row)

    def _measure(self, watcher_fence: int, now: datetime) -> None:
        at = time.monotonic()
        unwatched = any(one.watcher for one in self._awaited)
        for one in self._awaited[:]:
            row = self.seen.rows.get(one.struck.market)
            if one.watcher:
                resumed = watcher_fence > one.fence
            else:
                resumed = row is not None and (row.fence > one.fence or row.status is Status.DONE)
            # Nobody queues again what a dead worker held while no watcher is active: that time is the watcher's own.
            must_wait = not one.watcher and (unwatched or (row is not None and self._must_wait(row, now)))
            if self._away or must_wait:
                one.excused += at - max(one.since, one.looked)
            one.looked = at
            if resumed:
                self._awaited.remove(one)
                one.struck.resumed_s = round(at - one.since - one.excused, 2)
                one.struck.waited_s = round(one.excused, 2)

    def _must_wait(self, row: Settlement, now: datetime) -> bool:
        """Whether the market is not due yet, or is and every worker for it works on another one."""
        if row.lease_until is not None and row.lease_until > now:
            return False
        if row.due_at > now:
            return True
        kind = "analysis" if row.queue is Queue.ANALYSE else "chain"
        pids = {pid for pid, name in self.stack.processes.pids().items() if name.startswith(kind)}
        held = [other for other in self.seen.rows.values() if other.lease_until is not None and other.holder]
        horses = [_process(other.holder) for other in held if other.holder]
        return len(pids & {parent_of(horse) for horse in horses}) >= len(pids)

    async def _strike(self, struck: Struck) -> None:
        kind = struck.fault.kind
        if kind in HOLDERS:
            await self._meet_holder(struck)
        elif kind in (Kind.KILL_WATCHER, Kind.PAUSE_WATCHER):
            await self._meet_watcher(struck)
        else:
            struck.at = time.monotonic()
            task = asyncio.create_task(self._meet_part(struck), name=kind)
            self._tasks.add(task)

    async def _meet_holder(self, struck: Struck) -> None:
        """Kill or stop the process that holds the market; one that nobody holds any more is met at another time."""
        try:
            row = await settlements.get(self.stack.db, struck.market)
        except StoreError:
            return
        if struck.at is not None or row is None or row.holder is None:
            return
        horse = _process(row.holder)
        parent = parent_of(horse)
        if parent not in self.stack.processes.pids() or gone(horse):
            return
        struck.at = time.monotonic()
        if struck.fault.kind is Kind.PAUSE_HORSE:
            strike(horse, signal.SIGSTOP)
            self._later(struck.fault.seconds, horse)
        else:
            strike(parent if struck.fault.kind is Kind.KILL_PARENT else horse, signal.SIGKILL)
            await asyncio.to_thread(wait_until_gone, horse)
        struck.met.set()
        self._awaited.append(_Awaited(struck, row.fence, struck.at))
        self._tasks.add(asyncio.create_task(self._note_open_run(struck, row.fence), name=f"run of {struck.market}"))

    async def _note_open_run(self, struck: Struck, fence: int) -> None:
        """Note whether the struck one left a run open: by then its last commit is there, and no takeover was."""
        await asyncio.sleep(_COMMITTED_S)
        mine = (phase_run.c.market == struck.market) & (phase_run.c.fence == fence) & phase_run.c.ended_at.is_(None)
        with suppress(StoreError):
            async with self.stack.db.read() as connection:
                struck.run_lost = (await connection.execute(select(phase_run.c.phase).where(mine))).scalar()

    async def _meet_watcher(self, struck: Struck) -> None:
        try:
            async with self.stack.db.read() as connection:
                active = (await connection.execute(select(lock).where(lock.c.name == "watcher"))).one_or_none()
        except StoreError:
            return
        if struck.at is not None or active is None:
            return
        pid = _process(active.holder)
        if pid not in self.stack.processes.pids():
            return
        struck.at = time.monotonic()
        if struck.fault.kind is Kind.PAUSE_WATCHER:
            strike(pid, signal.SIGSTOP)
            self._later(struck.fault.seconds, pid)
        else:
            strike(pid, signal.SIGKILL)
        self._awaited.append(_Awaited(struck, active.fence, struck.at, watcher=True))

    def _later(self, seconds: float, pid: int) -> None:
        async def go_on() -> None:
            await asyncio.sleep(seconds)
            strike(pid, signal.SIGCONT)

        self._tasks.add(asyncio.create_task(go_on(), name=f"SIGCONT {pid}"))

    async def _meet_part(self, struck: Struck) -> None:
        fault, stack = struck.fault, self.stack
        self._away += fault.kind in _PARTS_AWAY
        try:
            await self._do(struck, stack)
        except (OperatorError, ChainError, OSError) as error:
            struck.note = f"could not be done: {error}"
        finally:
            self._away -= fault.kind in _PARTS_AWAY

    async def _do(self, struck: Struck, stack: Stack) -> None:
        fault = struck.fault
        match fault.kind:
            case Kind.REDIS_RESTART | Kind.REDIS_EMPTY:
                async with self._serial:
                    await asyncio.to_thread(
                        _restart, stack.servers.redis, fault.kind is Kind.REDIS_EMPTY, fault.seconds
                    )
            case Kind.DATABASE_RESTART if stack.servers.postgresql is not None:
                async with self._serial:
                    await asyncio.to_thread(_restart, stack.servers.postgresql, False, fault.seconds)
            case Kind.DISK_FULL if stack.disk is not None:
                async with self._serial:
                    await fill(stack.disk, fault.seconds)
            case Kind.DISK_FULL:
                struck.note = "not done: no disk can be mounted here"
            case Kind.CLOCK_MINUTE | Kind.CLOCK_HOUR | Kind.CLOCK_DAY:
                await stack.stage.extras.warp(_WARPS[fault.kind])
            case kind if kind in _PUT:
                async with self._serial:
                    await asyncio.to_thread(clocks.put, stack.database_url, _PUT[kind])
            case kind if kind in _MODEL:
                stack.api.behaviour = _MODEL[kind]
                await asyncio.sleep(fault.seconds)
                stack.api.behaviour = Behaviour.HONEST
            case kind:
                proxy = stack.proxies[int(fault.seconds * 10) % len(stack.proxies)]
                proxy.go_wrong(kind, fault.seconds)
                await asyncio.sleep(fault.seconds)


def _process(holder: str) -> int:
    """The process id in a holder's name, `host:pid…`."""
    return int(holder.split(":")[1].split()[0])


async def _hurry(db: Database, row: Settlement) -> None:
    """Look sooner than the plan guesses by mainnet's slots: ours are up to twenty times as short."""
    still = (settlement.c.market == row.market) & (settlement.c.fence == row.fence) & settlement.c.holder.is_(None)
    async with db.write() as connection:
        await connection.execute(update(settlement).where(still).values(due_at=after(timedelta(seconds=0.7))))


def _restart(server: Server, empty: bool, seconds: float) -> None:
    """Kill it, leave it away for so long, and start it with or without what it kept."""
    server.end(signal.SIGKILL)
    if empty:
        for kept in (server.folder / "appendonlydir").glob("*"):
            kept.unlink()
    time.sleep(min(seconds, 2.0))
    server.start()
