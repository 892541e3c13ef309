"""What comes next for a market: a pure function of what the chain shows. Nothing else decides.

Every rule is the program's own (docs/protocol.md, "Instructions"), asked in the order in which it would refuse.
"""

from dataclasses import dataclass
from enum import StrEnum

from chain.accounts import Market, MarketReceipt, ProgramConfig, VrfRequest
from chain.constants import (
    RANDOMNESS_DEADLINE,
    REARM_DELAY,
    REQUEST_DEADLINE,
    MarketState,
    RandomnessProvider,
    RequestStatus,
)
from chain.draw import share
from chain.units import BasisPoints, Slot, UnixTime, UsdcUnits
from store.settlements import Phase, Queue

SLOT_MS = 400
"""What a slot takes; only for guessing when to look again."""
FINALITY_SLOTS = 32
_TOGETHER = 2
"""A draw needs as many stakers."""


class Act(StrEnum):
    """A step that changes something; its value is what intents and logs call it."""

    CLOSE = "close"
    ANALYSE = "analyse"
    PROPOSE = "propose"
    RECORD = "record"
    REQUEST = "request"
    CAPTURE = "capture"
    REARM = "rearm"
    PROVE = "prove"
    ACCEPT = "accept"
    DRAW = "draw"
    PAY = "pay"
    EXPIRE = "expire"
    REFUND = "refund"
    FINISH = "finish"

    @property
    def phase(self) -> Phase:
        """The phase that it is a part of."""
        return _PHASES.get(self) or Phase(self.value)

    @property
    def queue(self) -> Queue:
        """Where its jobs wait."""
        return queue_of(self.phase)


_PHASES = {Act.PROPOSE: Phase.RECORD, Act.REARM: Phase.CAPTURE, Act.ACCEPT: Phase.PROVE, Act.EXPIRE: Phase.REFUND}


def queue_of(phase: Phase) -> Queue:
    """Where jobs of a phase wait."""
    urgent = {Phase.CAPTURE: Queue.CAPTURE, Phase.ANALYSE: Queue.ANALYSE, Phase.FINISH: Queue.CLEAN}
    return urgent.get(phase, Queue.SETTLE)


class WaitReason(StrEnum):
    """What a market waits for while nobody works on it."""

    CLOSES = "closes"
    SLOT = "slot"
    FINALITY = "finality"
    REARM = "rearm"
    DEADLINE = "deadline"
    SIGNATURES = "signatures"
    TEXTS = "texts"
    BOND = "bond"
    FUNDS = "funds"
    RANDOMNESS_KEY = "randomness_key"
    ORACLE_KEY = "oracle_key"
    EXTERNAL = "external"
    ACCOUNT = "account"
    HOLD = "hold"
    PAUSE = "pause"
    RPC = "rpc"
    DATABASE = "database"
    CONGESTION = "congestion"
    MODEL = "model"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing can be done in `phase` for about so many seconds; `words` say more than the reason, if need be."""

    phase: Phase
    reason: WaitReason
    seconds: float
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The receipt stands, for good."""


Step = Act | Wait | Done


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One market as one node showed it in one answer at `slot`, and what we have for it.

    `now` is the chain's time. `key_revoked` is asked only until randomness is requested. `final` says of a receipt
    that it is finalized, `captured_final` of a captured slot hash. `bond_free` is what the vault holds above what is
    locked. `lapsed` is learnt from the program: the target slot's hash can no longer be proved.
    """

    slot: Slot
    now: UnixTime
    market: Market | MarketReceipt
    request: VrfRequest | None
    config: ProgramConfig
    bond_free: UsdcUnits
    key_revoked: bool
    key_held: bool
    analysed: bool
    final: bool = False
    captured_final: bool = False
    lapsed: bool = False


def next_step(facts: Facts) -> Step:
    """Return what to do now, what to wait for, or that nothing is left."""
    market = facts.market
    if isinstance(market, MarketReceipt):
        return Done() if facts.final else Wait(Phase.FINISH, WaitReason.FINALITY, _finality_seconds(facts, facts.slot))
    match market.state:
        case MarketState.SETTLED:
            return Act.FINISH if market.prize_paid and market.fee_collected else Act.PAY
        case MarketState.REFUNDING:
            return Act.FINISH if market.liability == 0 else Act.REFUND
        case MarketState.AWAITING_RANDOMNESS:
            return _after_request(facts, market)
        case _:
            return _before_request(facts, market)


def _before_request(facts: Facts, market: Market) -> Step:
    if facts.key_revoked:
        return Act.EXPIRE
    if facts.now < market.closes_at:
        return Wait(Phase.CLOSE, WaitReason.CLOSES, market.closes_at - facts.now)
    if market.staker_count < _TOGETHER or facts.now >= market.closes_at + REQUEST_DEADLINE:
        return Act.EXPIRE
    if market.state is MarketState.ACTIVE:
        return Act.CLOSE
    if market.state is MarketState.CLOSED:
        return Act.RECORD if facts.analysed else Act.ANALYSE
    return _request(facts, market)


def _request(facts: Facts, market: Market) -> Step:
    """Never ask for randomness that nobody here could prove: unanswered, it costs the bond."""
    if market.randomness_provider is RandomnessProvider.ECVRF and not facts.key_held:
        words = f"the market pins the randomness key {market.randomness_key.hex()}, which is not held here"
        return Wait(Phase.REQUEST, WaitReason.RANDOMNESS_KEY, 60, words)
    bond = share(market.total_stake, BasisPoints(market.bond_share_bps))
    if bond > facts.bond_free:
        missing = bond - facts.bond_free
        words = f"the bond vault is short of {missing} USDC units: add to it with `opinion bond deposit`"
        return Wait(Phase.REQUEST, WaitReason.BOND, 15, words)
    return Act.REQUEST


def _after_request(facts: Facts, market: Market) -> Step:
    request = facts.request
    if request is None:
        return Wait(Phase.CAPTURE, WaitReason.SLOT, 1, "the node shows the market without its request")
    if request.status is RequestStatus.FULFILLED:
        return Act.DRAW
    if facts.now >= market.requested_at + RANDOMNESS_DEADLINE:
        return Act.EXPIRE
    if request.status is RequestStatus.CAPTURED:
        return _prove(facts, market, request)
    if facts.lapsed:
        return _after_lapse(facts, market, request)
    if facts.slot <= request.target_slot:
        seconds = (request.target_slot + 1 - facts.slot) * SLOT_MS / 1000
        return Wait(Phase.CAPTURE, WaitReason.SLOT, seconds)
    return Act.CAPTURE


def _prove(facts: Facts, market: Market, request: VrfRequest) -> Step:
    if not facts.captured_final:
        return Wait(Phase.PROVE, WaitReason.FINALITY, _finality_seconds(facts, request.captured_slot))
    if market.randomness_provider is RandomnessProvider.ORAO:
        return Act.ACCEPT
    if not facts.key_held:
        words = f"the market pins the randomness key {market.randomness_key.hex()}, which is not held here"
        return Wait(Phase.PROVE, WaitReason.RANDOMNESS_KEY, 30, words)
    return Act.PROVE


def _after_lapse(facts: Facts, market: Market, request: VrfRequest) -> Step:
    if request.rearmed:
        return Act.EXPIRE
    wait = market.requested_at + REARM_DELAY - facts.now
    return Wait(Phase.CAPTURE, WaitReason.REARM, wait) if wait > 0 else Act.REARM


def _finality_seconds(facts: Facts, slot: Slot) -> float:
    """About how long until `slot` is finalized; never nothing, since it is not yet."""
    return max((slot + FINALITY_SLOTS - facts.slot) * SLOT_MS / 1000, 0.5)
