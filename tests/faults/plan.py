"""What one run does, drawn from its seed: its markets, and which faults meet them where. Pure."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from random import Random
from typing import Any

from oracle.settlement.plan import Act
from store.settlements import Phase

SENDING = tuple(phase for phase in Phase if phase is not Phase.ANALYSE)


class Kind(StrEnum):
    """What goes wrong."""

    KILL_HORSE = "kill-horse"
    KILL_PARENT = "kill-parent"
    KILL_WATCHER = "kill-watcher"
    PAUSE_HORSE = "pause-horse"
    """Stopped for longer than its lease lives, so that a twin takes over; then it goes on."""
    PAUSE_WATCHER = "pause-watcher"
    REDIS_RESTART = "redis-restart"
    REDIS_EMPTY = "redis-empty"
    DATABASE_RESTART = "database-restart"
    DISK_FULL = "disk-full"
    RPC_DROP = "rpc-drop"
    RPC_REFUSE = "rpc-refuse"
    RPC_DELAY = "rpc-delay"
    RPC_SAYS_LANDED = "rpc-says-landed"
    RPC_SAYS_NOTHING = "rpc-says-nothing"
    RPC_TWICE = "rpc-twice"
    MODEL_HANGS = "model-hangs"
    MODEL_429 = "model-429"
    MODEL_529 = "model-529"
    MODEL_GARBAGE = "model-garbage"
    CLOCK_MINUTE = "clock-minute"
    CLOCK_HOUR = "clock-hour"
    CLOCK_DAY = "clock-day"
    DATABASE_CLOCK_AHEAD = "database-clock-ahead"
    """By an hour, for good: every lease has run out at once. So it is also for hosts that are an hour behind."""
    DATABASE_CLOCK_BACK = "database-clock-back"
    """By seconds, for good: what waits, waits so much longer."""


KILLS = frozenset({Kind.KILL_HORSE, Kind.KILL_PARENT, Kind.KILL_WATCHER})
HOLDERS = frozenset({Kind.KILL_HORSE, Kind.KILL_PARENT, Kind.PAUSE_HORSE})
"""These meet the process that holds the market, so they need one."""
_MODEL = (Kind.MODEL_HANGS, Kind.MODEL_429, Kind.MODEL_529, Kind.MODEL_GARBAGE)
_COUNCIL_EVERY = 5
_SQLITE = frozenset({Kind.DISK_FULL})
_POSTGRESQL = frozenset({Kind.DATABASE_RESTART, Kind.DATABASE_CLOCK_AHEAD, Kind.DATABASE_CLOCK_BACK})
"""These meet the one database, and not the other."""
_WEIGHTS = {
    Kind.KILL_HORSE: 8,
    Kind.KILL_PARENT: 4,
    Kind.KILL_WATCHER: 3,
    Kind.PAUSE_HORSE: 3,
    Kind.PAUSE_WATCHER: 1,
    Kind.CLOCK_MINUTE: 1,
    Kind.CLOCK_HOUR: 1,
    Kind.CLOCK_DAY: 1,
}


class Moment(StrEnum):
    """When in a phase: before and after each of its side effects."""

    BEGAN = "began"
    """The run is written down, nothing is signed."""
    SIGNED = "signed"
    """The signed bytes are in the database, and none of them has left."""
    SENT = "sent"
    """The node has them, and nobody here knows."""
    ENDED = "ended"
    """The run is written down as done (analyse: the analysis is kept)."""
    ONE_VOTE = "one-vote"
    """Of a council's members one has approved, and a worker looks at it; the next waits for the blow."""
    TWO_VOTES = "two-votes"
    """The same after two: the next vote decides."""


VOTES = {1: Moment.ONE_VOTE, 2: Moment.TWO_VOTES}
_OF_ANY_PHASE = [moment for moment in Moment if moment not in VOTES.values()]
COUNCIL_POINTS = (
    *((Act.PROPOSE, moment) for moment in Moment),
    *((Act.RECORD, moment) for moment in _OF_ANY_PHASE),
)
"""Each point between a score that is ready and one that a council has recorded."""
_COUNCIL_KINDS = {Kind.KILL_HORSE: 5, Kind.KILL_PARENT: 3, Kind.PAUSE_HORSE: 1}
_COUNCIL_COMPANY = {None: 6, Kind.KILL_WATCHER: 4, **{kind: 2 for kind in Kind if kind.startswith("rpc")}}
"""What may go wrong besides, in the same run."""


@dataclass(frozen=True)
class Fault:
    """One fault: it strikes when the run's `market` (a number) is at the `moment` of the `phase`, once.

    `act` tells which of a council's two transactions it is, the one that proposes or the one that executes.
    """

    kind: Kind
    market: int
    phase: Phase
    moment: Moment
    seconds: float
    act: Act | None = None

    def as_json(self) -> dict[str, Any]:
        """For the results."""
        return asdict(self)


@dataclass(frozen=True)
class Plan:
    """One run. `stakers` has the number of each market's; the first has two at least."""

    number: int
    stakers: tuple[int, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Ground:
    """What the servers of one batch of runs are."""

    postgresql: bool
    debian_redis: bool
    endpoints: int
    slot_ms: int
    council: bool = False
    """Whether five people record the scores."""


def ground_of(seed: int, batch: int) -> Ground:
    """The servers of a batch: in turn, so that few batches have met all."""
    chance = Random(f"{seed} ground {batch}")
    slot_ms = chance.choice((20, 30, 50))
    return Ground(batch % 2 == 1, batch % 4 in (1, 2), 1 + (batch // 2) % 2, slot_ms, batch % _COUNCIL_EVERY == 4)


def plan_of(seed: int, number: int, ground: Ground) -> Plan:
    """The plan of one run of the seed, on the ground that its batch has."""
    chance = Random(f"{seed} run {number}")
    if ground.council:
        return _council_plan(chance, number)
    stakers = [chance.randint(2, 5)]
    stakers += [count for count, odds in ((0, 0.25), (1, 0.3), (3, 0.25)) if chance.random() < odds]
    faults = tuple(_fault(chance, stakers, ground) for _ in range(chance.randint(1, 3)))
    return Plan(number, tuple(stakers), faults)


def _council_plan(chance: Random, number: int) -> Plan:
    """One market, struck at the number's own point, so that as many runs as there are points leave none out.

    It may meet a node that lies, or lose its watcher, as well.
    """
    act, moment = COUNCIL_POINTS[number % len(COUNCIL_POINTS)]
    kinds = [kind for kind in _COUNCIL_KINDS if kind is not Kind.PAUSE_HORSE or moment is not Moment.ENDED]
    [kind] = chance.choices(kinds, [_COUNCIL_KINDS[kind] for kind in kinds])
    faults = [Fault(kind, 0, Phase.RECORD, moment, _seconds(kind, chance), act)]
    [other] = chance.choices(list(_COUNCIL_COMPANY), list(_COUNCIL_COMPANY.values()))
    if other is not None:
        when = Moment.BEGAN if other.startswith("rpc") else chance.choice(_OF_ANY_PHASE)
        step = chance.choice((Act.PROPOSE, Act.RECORD))
        faults.append(Fault(other, 0, Phase.RECORD, when, _seconds(other, chance), step))
    return Plan(number, (chance.randint(2, 4),), tuple(faults))


def _fault(chance: Random, stakers: list[int], ground: Ground) -> Fault:
    kinds = [kind for kind in Kind if not _missing(kind, ground)]
    [kind] = chance.choices(kinds, [_WEIGHTS.get(kind, 2) for kind in kinds])
    market = chance.randrange(len(stakers))
    refund = stakers[market] < len(("one", "another"))
    phases = [phase for phase in Phase if (phase in (Phase.REFUND, Phase.FINISH)) or not refund]
    phases = [phase for phase in phases if refund or phase is not Phase.REFUND]
    phase = chance.choice(phases)
    if kind in _MODEL:
        market, phase = 0, Phase.CLOSE
    moments = [Moment.BEGAN, Moment.ENDED] if phase is Phase.ANALYSE else list(_OF_ANY_PHASE)
    if kind.startswith("rpc") or kind is Kind.DISK_FULL:
        moments = [Moment.BEGAN]
    if kind is Kind.PAUSE_HORSE:
        moments.remove(Moment.ENDED)
    moment = chance.choice(moments)
    return Fault(kind, market, phase, moment, _seconds(kind, chance))


def _missing(kind: Kind, ground: Ground) -> bool:
    return kind in (_SQLITE if ground.postgresql else _POSTGRESQL)


def _seconds(kind: Kind, chance: Random) -> float:
    """How long it lasts."""
    if kind in (Kind.PAUSE_HORSE, Kind.PAUSE_WATCHER):
        return 10.0
    return 0.0 if kind in KILLS else round(chance.uniform(1.0, 4.0), 1)
