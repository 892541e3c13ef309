"""The plan: every state with every condition, and what holds for any facts."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from chain.accounts import Market, MarketReceipt, ProgramConfig, VrfRequest
from chain.constants import (
    RANDOMNESS_DEADLINE,
    REARM_DELAY,
    REQUEST_DEADLINE,
    MarketState,
    RandomnessProvider,
    RefundReason,
    RequestStatus,
)
from chain.units import BasisPoints, Slot, UnixTime, UsdcUnits
from oracle.settlement.plan import Act, Done, Facts, Wait, WaitReason, next_step, queue_of
from store.settlements import Phase, Queue

CLOSES, ASKED, SLOT = 1_000_000, 1_100_000, 5_000
ONE, KEY = Pubkey(bytes([1]) * 32), bytes([9]) * 32

MARKET = Market(
    version=1, state=MarketState.ACTIVE, bump=1, escrow_bump=1, uuid=bytes(16), creator=ONE,
    created_at=UnixTime(CLOSES - 86_400), closes_at=UnixTime(CLOSES), staker_count=3, open_opinions=3,
    total_stake=UsdcUnits(3_000_000), liability=UsdcUnits(3_000_000), score=0, confidence=0, summary_hash=bytes(32),
    scored_at=UnixTime(0), statement_hash=bytes(32), randomness_provider=RandomnessProvider.ECVRF, randomness_key=KEY,
    bond_share_bps=BasisPoints(10_000), bond=UsdcUnits(0), requested_at=UnixTime(ASKED), fee=UsdcUnits(0),
    prize=UsdcUnits(0), winner=ONE, winner_start=UsdcUnits(0), winner_stake=UsdcUnits(0), draw=0,
    settled_at=UnixTime(0), refund_reason=RefundReason.NONE, prize_paid=False, fee_collected=False, statement="It is.",
)  # fmt: skip
REQUEST = VrfRequest(
    version=1, status=RequestStatus.REQUESTED, bump=1, rearmed=False, market=ONE, payer=ONE,
    requested_at=UnixTime(ASKED), requested_slot=Slot(SLOT), target_slot=Slot(SLOT + 8),
    first_target_slot=Slot(SLOT + 8), captured_slot=Slot(SLOT + 8), slot_hash=bytes(32), captured_at=UnixTime(0),
    alpha=bytes(32), proof=bytes(80), output=bytes(64), fulfilled_at=UnixTime(0),
)  # fmt: skip
CONFIG = ProgramConfig(
    version=1, bump=1, bond_bump=1, paused=False, admin=ONE, oracle=ONE, treasury=ONE, guardian=ONE,
    randomness_key=KEY, pending_admin=ONE, pending_oracle=ONE, pending_treasury=ONE, pending_guardian=ONE,
    pending_randomness_key=bytes(32), usdc_mint=ONE, randomness_provider=RandomnessProvider.ECVRF,
    bond_share_bps=BasisPoints(10_000), bond_locked=UsdcUnits(0),
)  # fmt: skip
RECEIPT = MarketReceipt(
    version=1, state=MarketState.SETTLED, bump=1, refund_reason=RefundReason.NONE, uuid=bytes(16), creator=ONE,
    created_at=UnixTime(0), closes_at=UnixTime(CLOSES), staker_count=3, total_stake=UsdcUnits(3), score=1,
    confidence=1, summary_hash=bytes(32), statement_hash=bytes(32), randomness_provider=RandomnessProvider.ECVRF,
    randomness_key=KEY, bond=UsdcUnits(0), fee=UsdcUnits(0), prize=UsdcUnits(0), winner=ONE,
    winner_start=UsdcUnits(0), winner_stake=UsdcUnits(0), draw=0, settled_at=UnixTime(0), captured_slot=Slot(0),
    slot_hash=bytes(32), proof=bytes(80), output=bytes(64), finished_at=UnixTime(0),
)  # fmt: skip
FACTS = Facts(
    slot=Slot(SLOT), now=UnixTime(CLOSES), market=MARKET, request=None, config=CONFIG, bond_free=UsdcUnits(3_000_000),
    key_revoked=False, key_held=True, analysed=False,
)  # fmt: skip


def facts(state: MarketState, request: RequestStatus | None = None, **changes: object) -> Facts:
    """Facts of a market in `state`; `changes` are of the facts, or else of the market, or else of the request."""
    found = {name: changes.pop(name) for name in list(changes) if hasattr(FACTS, name)}
    market = replace(MARKET, state=state, **{n: changes.pop(n) for n in list(changes) if hasattr(MARKET, n)})
    asked = None if request is None else replace(REQUEST, status=request, **changes)
    return replace(FACTS, market=market, request=asked, **found)


S, R = MarketState, RequestStatus
AWAITING = S.AWAITING_RANDOMNESS
EXTERNAL = RandomnessProvider.ORAO
LATE = CLOSES + REQUEST_DEADLINE
TOO_LATE = ASKED + RANDOMNESS_DEADLINE
TABLE = [
    (facts(S.ACTIVE, now=CLOSES - 1), (Phase.CLOSE, WaitReason.CLOSES)),
    (facts(S.ACTIVE, now=CLOSES - 1, key_revoked=True), Act.EXPIRE),
    (facts(S.ACTIVE), Act.CLOSE),
    (facts(S.ACTIVE, staker_count=0), Act.EXPIRE),
    (facts(S.ACTIVE, staker_count=1), Act.EXPIRE),
    (facts(S.ACTIVE, staker_count=2), Act.CLOSE),
    (facts(S.ACTIVE, now=LATE - 1), Act.CLOSE),
    (facts(S.ACTIVE, now=LATE), Act.EXPIRE),
    (facts(S.CLOSED), Act.ANALYSE),
    (facts(S.CLOSED, analysed=True), Act.RECORD),
    (facts(S.CLOSED, analysed=True, now=LATE), Act.EXPIRE),
    (facts(S.CLOSED, analysed=True, key_revoked=True), Act.EXPIRE),
    (facts(S.SCORED), Act.REQUEST),
    (facts(S.SCORED, now=LATE), Act.EXPIRE),
    (facts(S.SCORED, key_revoked=True), Act.EXPIRE),
    (facts(S.SCORED, key_held=False), (Phase.REQUEST, WaitReason.RANDOMNESS_KEY)),
    (facts(S.SCORED, key_held=False, randomness_provider=EXTERNAL), Act.REQUEST),
    (facts(S.SCORED, bond_free=2_999_999), (Phase.REQUEST, WaitReason.BOND)),
    (facts(S.SCORED, bond_share_bps=20_000), (Phase.REQUEST, WaitReason.BOND)),
    (facts(AWAITING), (Phase.CAPTURE, WaitReason.SLOT)),
    (facts(AWAITING, R.REQUESTED), (Phase.CAPTURE, WaitReason.SLOT)),
    (facts(AWAITING, R.REQUESTED, slot=SLOT + 8), (Phase.CAPTURE, WaitReason.SLOT)),
    (facts(AWAITING, R.REQUESTED, slot=SLOT + 9), Act.CAPTURE),
    (facts(AWAITING, R.REQUESTED, slot=SLOT + 9, key_held=False), Act.CAPTURE),
    (facts(AWAITING, R.REQUESTED, slot=SLOT + 9, key_revoked=True), Act.CAPTURE),
    (facts(AWAITING, R.REQUESTED, now=TOO_LATE), Act.EXPIRE),
    (facts(AWAITING, R.REQUESTED, lapsed=True, now=ASKED), (Phase.CAPTURE, WaitReason.REARM)),
    (facts(AWAITING, R.REQUESTED, lapsed=True, now=ASKED + REARM_DELAY), Act.REARM),
    (facts(AWAITING, R.REQUESTED, lapsed=True, rearmed=True, now=ASKED), Act.EXPIRE),
    (facts(AWAITING, R.CAPTURED), (Phase.PROVE, WaitReason.FINALITY)),
    (facts(AWAITING, R.CAPTURED, captured_final=True), Act.PROVE),
    (facts(AWAITING, R.CAPTURED, captured_final=True, key_revoked=True), Act.PROVE),
    (facts(AWAITING, R.CAPTURED, captured_final=True, key_held=False), (Phase.PROVE, WaitReason.RANDOMNESS_KEY)),
    (facts(AWAITING, R.CAPTURED, captured_final=True, randomness_provider=EXTERNAL, key_held=False), Act.ACCEPT),
    (facts(AWAITING, R.CAPTURED, captured_final=True, now=TOO_LATE), Act.EXPIRE),
    (facts(AWAITING, R.FULFILLED), Act.DRAW),
    (facts(AWAITING, R.FULFILLED, now=TOO_LATE), Act.DRAW),
    (facts(S.SETTLED), Act.PAY),
    (facts(S.SETTLED, prize_paid=True), Act.PAY),
    (facts(S.SETTLED, fee_collected=True), Act.PAY),
    (facts(S.SETTLED, prize_paid=True, fee_collected=True), Act.FINISH),
    (facts(S.REFUNDING), Act.REFUND),
    (facts(S.REFUNDING, liability=0), Act.FINISH),
    (replace(FACTS, market=RECEIPT), (Phase.FINISH, WaitReason.FINALITY)),
    (replace(FACTS, market=RECEIPT, final=True), Done()),
]  # fmt: skip


@pytest.mark.parametrize(("known", "wanted"), TABLE)
def test_table(known: Facts, wanted: Act | Done | tuple[Phase, WaitReason]) -> None:
    step = next_step(known)
    assert ((step.phase, step.reason) if isinstance(step, Wait) else step) == wanted


TIMES = sorted({CLOSES, ASKED, ASKED + REARM_DELAY, TOO_LATE, LATE})


@st.composite
def any_facts(draw: st.DrawFn) -> Facts:
    """Any that a node may show, also those that no program would bring about."""
    state = draw(st.sampled_from(S))
    request = draw(st.sampled_from([None, *R]))
    return facts(
        state,
        request,
        now=draw(st.sampled_from(TIMES)) + draw(st.integers(-2, 2)),
        slot=SLOT + draw(st.sampled_from([0, 7, 8, 9, 600])),
        staker_count=draw(st.integers(0, 3)),
        liability=draw(st.sampled_from([0, 1])),
        randomness_provider=draw(st.sampled_from(RandomnessProvider)),
        bond_free=draw(st.sampled_from([0, 2_999_999, 3_000_000])),
        prize_paid=draw(st.booleans()),
        fee_collected=draw(st.booleans()),
        key_revoked=draw(st.booleans()),
        key_held=draw(st.booleans()),
        analysed=draw(st.booleans()),
        captured_final=draw(st.booleans()),
        lapsed=draw(st.booleans()),
        **({} if request is None else {"rearmed": draw(st.booleans())}),
    )


@given(any_facts())
def test_what_holds_for_any_facts(known: Facts) -> None:
    step, market = next_step(known), known.market
    assert isinstance(market, Market)
    assert step == next_step(known)
    assert not isinstance(step, Done)
    if isinstance(step, Wait):
        assert step.seconds > 0
        assert queue_of(step.phase) in Queue
    ours = market.randomness_provider is RandomnessProvider.ECVRF
    if step is Act.REQUEST:
        assert known.bond_free >= 3_000_000
        assert known.key_held or not ours
        assert not known.key_revoked
        assert market.state is S.SCORED
        assert known.now < LATE
    if step is Act.PROVE:
        assert known.captured_final
        assert known.key_held
        assert ours
    if step in (Act.CAPTURE, Act.REARM, Act.PROVE, Act.ACCEPT):
        assert known.now < TOO_LATE
    if step in (Act.PAY, Act.REFUND, Act.FINISH):
        assert market.state in (S.SETTLED, S.REFUNDING)
    assert (step is Act.EXPIRE) == _expirable(known, market)


def _expirable(known: Facts, market: Market) -> bool:
    """The program's own words (docs/protocol.md, `expire_market`); a lapse is known once somebody met it."""
    if market.state in (S.ACTIVE, S.CLOSED, S.SCORED):
        overdue = known.now >= CLOSES and (market.staker_count < 2 or known.now >= LATE)
        return known.key_revoked or overdue
    if market.state is not AWAITING or known.request is None or known.request.status is R.FULFILLED:
        return False
    lapsed = known.request.status is R.REQUESTED and known.lapsed and known.request.rearmed
    return lapsed or known.now >= TOO_LATE


@given(any_facts(), st.integers(0, 40))
def test_waiting_never_goes_back(known: Facts, slots: int) -> None:
    """What may be done now may be done later too, or something else may; it is never waited for again."""
    later = replace(known, slot=Slot(known.slot + slots))
    if isinstance(next_step(known), Act):
        assert next_step(later) == next_step(known)


def test_every_act_has_a_phase_and_every_phase_a_queue() -> None:
    assert {act.phase for act in Act} == set(Phase)
    assert {phase for phase in Phase if queue_of(phase) is Queue.CAPTURE} == {Phase.CAPTURE}
    assert {phase for phase in Phase if queue_of(phase) is Queue.ANALYSE} == {Phase.ANALYSE}
    assert {phase for phase in Phase if queue_of(phase) is Queue.CLEAN} == {Phase.FINISH}
    assert all(act.queue is queue_of(act.phase) for act in Act)


def test_every_state_and_condition_has_a_step() -> None:
    for state, status, revoked, held in product(S, (None, *R), (False, True), (False, True)):
        assert next_step(facts(state, status, key_revoked=revoked, key_held=held)) is not None
