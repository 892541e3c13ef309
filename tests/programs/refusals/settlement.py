"""Rows for what comes after a market closes: states, randomness, proofs, payouts and refunds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.programs import edwards as ed
from tests.programs import scene as s
from tests.programs import spec
from tests.programs.calls import Call
from tests.programs.refusals.bases import BASES
from tests.programs.refusals.domain import MAX_U64, hostile_keys
from tests.programs.refusals.row import Base, Row, after, as_it_is, making, row_of
from tests.programs.scene import STAKERS, Scene
from tests.programs.spec import DAY
from tests.programs.stages import BOND, ONE, ORAO_ONE
from tests.programs.tokens import TokenAccount

WRONG_STATES = {
    "close_market": ("closed", "scored", "requested", "settled", "refunding"),
    "record_sentiment": ("active", "expired", "scored", "requested", "fulfilled", "settled", "refunding"),
    "request_vrf_randomness": ("active", "expired", "closed", "requested", "captured", "settled", "refunding"),
    "run_lottery_with_vrf": ("settled", "refunding"),
    "claim_prize": ("active", "closed", "scored", "requested", "fulfilled", "refunding"),
    "collect_fee": ("active", "closed", "scored", "requested", "fulfilled", "refunding"),
    "recover_stake": ("active", "closed", "scored", "requested", "fulfilled", "settled", "paid"),
    "expire_market": ("settled", "paid", "refunding", "recovered"),
    "close_opinion": ("active", "closed", "scored", "requested", "fulfilled"),
    "finish_market": ("active", "closed", "scored", "requested", "fulfilled"),
    "capture_slot_hash": ("settled", "refunding"),
    "rearm_slot_hash": ("settled", "refunding"),
    "fulfill_vrf_randomness": ("settled", "refunding"),
}


def _states() -> Iterator[Row]:
    calls: dict[str, Callable[[Scene], Call]] = {
        "close_market": lambda _: s.close_market(ONE),
        "record_sentiment": lambda _: s.record_sentiment(ONE),
        "request_vrf_randomness": lambda _: s.request_vrf_randomness(ONE),
        "run_lottery_with_vrf": lambda scene: s.run_lottery_with_vrf(ONE, STAKERS[0]),
        "claim_prize": lambda _: s.claim_prize(ONE, STAKERS[0]),
        "collect_fee": lambda _: s.collect_fee(ONE),
        "recover_stake": lambda _: s.recover_stake(ONE, STAKERS[0]),
        "expire_market": lambda _: s.expire_market(ONE),
        "close_opinion": lambda _: s.close_opinion(ONE, STAKERS[0]),
        "finish_market": lambda _: s.finish_market(ONE),
        "capture_slot_hash": lambda _: s.capture_slot_hash(ONE),
        "rearm_slot_hash": lambda _: s.rearm_slot_hash(ONE),
        "fulfill_vrf_randomness": lambda scene: s.fulfill_vrf_randomness(ONE, bytes(80)),
    }
    for name, stages in WRONG_STATES.items():
        for stage in stages:
            yield Row(name, f"while {stage}", "WrongMarketState", Base(stage, calls[name]), as_it_is)


MAX_POOL = spec.MAX_STAKE * (2**32 - 1)
"""The largest pool: as many stakers as a u32 counts, each with the largest stake."""


def _settlement() -> Iterator[Row]:
    request = s.request_vrf_randomness(ONE)
    yield row_of("active", s.close_market(ONE), "MarketNotExpired", "too early")
    for score in (101, 255):
        yield row_of("closed", s.record_sentiment(ONE, score), "ScoreOutOfRange", f"score {score}")
    for confidence in (3, 255):
        yield row_of(
            "closed", s.record_sentiment(ONE, 50, confidence), "ConfidenceOutOfRange", f"confidence {confidence}"
        )
    yield row_of("closed", s.record_sentiment(ONE, oracle=s.ADMIN), "NotOracle", "by the admin", "oracle")
    for count in (0, 1):
        few = after(
            lambda scene, count=count: scene.edit(ONE.address, "Market", staker_count=count),
            s.request_vrf_randomness(ONE),
        )
        yield row_of("scored", few, "TooFewStakers", f"{count} stakers")
    late = after(lambda scene: scene.later(spec.REQUEST_DEADLINE), s.request_vrf_randomness(ONE))
    yield row_of("scored", late, "SettlementOverdue", "14 days after the end")
    revoked = after(lambda scene: scene.do(s.revoke_randomness_key(ONE.key)), s.request_vrf_randomness(ONE))
    yield row_of("scored", revoked, "RandomnessKeyRevoked", "a revoked key", "revoked_key")
    poor = after(lambda scene: scene.do(s.withdraw_bond(BOND)), s.request_vrf_randomness(ONE))
    yield row_of("scored", poor, "BondShort", "no bond")
    huge = after(lambda scene: scene.edit(ONE.address, "Market", total_stake=MAX_U64), s.request_vrf_randomness(ONE))
    yield row_of("scored", huge, "BrokenInvariant", "an impossible pool")
    for total, error in ((MAX_POOL, "BondShort"), (MAX_POOL + 1, "BrokenInvariant")):
        pool = after(lambda scene, total=total: scene.edit(ONE.address, "Market", total_stake=total), request)
        yield row_of("scored", pool, error, f"a pool of {total}")
    yield row_of("requested", s.capture_slot_hash(ONE), "SlotHashNotReady", "too early")
    yield row_of("lapsed", s.capture_slot_hash(ONE), "SlotHashLapsed", "too late")
    yield row_of("captured", s.capture_slot_hash(ONE), "AlreadyCaptured", "twice")
    yield row_of("fulfilled", s.capture_slot_hash(ONE), "AlreadyCaptured", "after the proof")

    def day(scene: Scene) -> None:
        scene.later(spec.RANDOMNESS_DEADLINE)

    yield row_of("ready", after(day, s.capture_slot_hash(ONE)), "RandomnessDeadlinePassed", "a day later")
    yield row_of("requested", s.rearm_slot_hash(ONE), "SlotHashNotLapsed", "too early")
    yield row_of("ready", s.rearm_slot_hash(ONE), "SlotHashNotLapsed", "while it can be captured")
    yield row_of("captured", s.rearm_slot_hash(ONE), "SlotHashNotLapsed", "after the capture")
    yield row_of("lapsed", after(day, s.rearm_slot_hash(ONE)), "RandomnessDeadlinePassed", "a day later")
    early = after(lambda scene: scene.later(-1), s.rearm_slot_hash(ONE))
    yield row_of("lapsed", early, "RearmTooEarly", "a second before the hour is over")
    again = after(lambda scene: (scene.do(s.rearm_slot_hash(ONE)), scene.pass_slots(600)), s.rearm_slot_hash(ONE))
    yield row_of("lapsed", again, "AlreadyRearmed", "twice")


def _proofs() -> Iterator[Row]:
    def proof(change: Callable[[bytes], bytes]) -> Callable[[Scene], Call]:
        return fulfil(lambda scene: change(scene.proof(ONE)))

    def fulfil(prove: Callable[[Scene], bytes]) -> Callable[[Scene], Call]:
        return making("fulfill_vrf_randomness", lambda scene: s.fulfill_vrf_randomness(ONE, prove(scene)))

    yield row_of("requested", s.fulfill_vrf_randomness(ONE, bytes(80)), "NotCaptured", "before the capture")
    yield row_of("fulfilled", s.fulfill_vrf_randomness(ONE, bytes(80)), "AlreadyFulfilled", "twice")
    late = fulfil(lambda scene: scene.later(spec.RANDOMNESS_DEADLINE) and scene.proof(ONE))
    yield row_of("captured", late, "RandomnessDeadlinePassed", "a day later")
    yield row_of(
        "orao captured", s.fulfill_vrf_randomness(ORAO_ONE, bytes(80)), "WrongRandomnessProvider", "of an ORAO market"
    )
    crafted = after(
        lambda scene: scene.edit(ONE.address, "Market", randomness_key=ed.encode(ed.torsion()[1])),
        s.fulfill_vrf_randomness(ONE, bytes(80)),
    )
    yield row_of("captured", crafted, "InvalidRandomnessKey", "a market that pins a hostile key")
    for what, key in hostile_keys().items():
        canonical = ed.decode(key) is not None
        error = "ProofMismatch" if canonical else "InvalidProofPoint"
        yield row_of("captured", proof(lambda p, key=key: key + p[32:]), error, f"gamma {what}")
    for s_value in (ed.L, ed.L + 1, 2**253, 2**255 - 1, 2**256 - 1):
        yield row_of(
            "captured",
            proof(lambda p, n=s_value: p[:48] + n.to_bytes(32, "little")),
            "InvalidProofScalar",
            f"s = {s_value:#x}",
        )
    more = proof(lambda p: p[:48] + (int.from_bytes(p[48:], "little") + ed.L).to_bytes(32, "little"))
    yield row_of("captured", more, "InvalidProofScalar", "s + L")
    for bit in (256, 300, 383, 384, 400, 600):
        flipped = proof(lambda p, bit=bit: (int.from_bytes(p, "little") ^ 1 << bit).to_bytes(80, "little"))
        yield row_of("captured", flipped, "ProofMismatch", f"bit {bit} flipped")
    signed = proof(lambda p: (int.from_bytes(p, "little") ^ 1 << 255).to_bytes(80, "little"))
    yield row_of("captured", signed, "ProofMismatch", "gamma negated")
    wrong = fulfil(lambda scene: scene.proof(ONE, "second key"))
    yield row_of("captured", wrong, "ProofMismatch", "by another key")
    yield row_of("captured", s.fulfill_vrf_randomness(ONE, bytes(80)), "ProofMismatch", "zeros")


def _external() -> Iterator[Row]:
    def answered(stage: str, error: str, what: str, of: s.Market = ORAO_ONE, later: int = 0) -> Row:
        def made(scene: Scene) -> Call:
            scene.later(later)
            return s.fulfill_vrf_external(of, scene.orao_answers(scene.request(of).alpha))

        return Row("fulfill_vrf_external", what, error, Base(stage, made), lambda _, call: call)

    yield answered("orao settled", "WrongMarketState", "after the draw")
    yield answered("orao refunding", "WrongMarketState", "while refunding")
    yield answered("orao fulfilled", "AlreadyFulfilled", "twice")
    yield answered("orao captured", "RandomnessDeadlinePassed", "a day later", later=spec.RANDOMNESS_DEADLINE)
    yield answered("captured", "WrongRandomnessProvider", "of a market that pins a key", of=ONE)
    yield answered("fulfilled", "WrongRandomnessProvider", "of a fulfilled market that pins a key", of=ONE)
    yield answered("requested", "WrongRandomnessProvider", "before the capture of a market that pins a key", of=ONE)


def _lottery() -> Iterator[Row]:
    yield row_of("requested", s.run_lottery_with_vrf(ONE, STAKERS[0]), "NotFulfilled", "before the capture")
    yield row_of("captured", s.run_lottery_with_vrf(ONE, STAKERS[0]), "NotFulfilled", "before the proof")

    def loser(scene: Scene) -> Call:
        winner = scene.winner(ONE)
        return s.run_lottery_with_vrf(ONE, next(one for one in STAKERS[:4] if one != winner))

    yield row_of("fulfilled", making("run_lottery_with_vrf", loser), "DrawNotCovered", "a loser's opinion")
    for total in (0, MAX_U64):
        broken = after(
            lambda scene, total=total: scene.edit(ONE.address, "Market", total_stake=total),
            s.run_lottery_with_vrf(ONE, STAKERS[0]),
        )
        yield row_of("fulfilled", broken, "BrokenInvariant", f"a pool of {total}")


def _payouts() -> Iterator[Row]:
    def winner(change: Callable[[Scene], object], error: str, what: str, account: str | None = None) -> Row:
        def made(scene: Scene) -> Call:
            change(scene)
            return s.claim_prize(ONE, scene.market(ONE).winner)

        return Row("claim_prize", what, error, Base("settled", made), as_it_is, account)

    def edit(**changes: object) -> Callable[[Scene], object]:
        return lambda scene: scene.edit(ONE.address, "Market", **changes)

    def drained(scene: Scene) -> None:
        scene.place(ONE.escrow, TokenAccount(s.USDC, ONE.address, scene.market(ONE).prize).account())

    yield winner(lambda scene: scene.do(s.claim_prize(ONE, scene.market(ONE).winner)), "AlreadyPaid", "twice")
    yield winner(edit(prize=0), "NothingToPay", "no prize")
    yield winner(edit(liability=0), "BrokenInvariant", "a liability below the prize")
    yield winner(drained, "BrokenInvariant", "an escrow that could not pay the rest")
    yield winner(edit(prize=2**40, liability=2**41), "InsufficientFunds", "a prize beyond the escrow", "escrow")
    yield row_of("paid", s.collect_fee(ONE), "AlreadyPaid", "twice")
    yield row_of("settled", after(edit(fee=0), s.collect_fee(ONE)), "NothingToPay", "no fee")
    yield row_of(
        "settled", after(edit(liability=0), s.collect_fee(ONE)), "BrokenInvariant", "a liability below the fee"
    )
    recover = s.recover_stake(ONE, STAKERS[0])
    yield row_of("recovered", recover, "AlreadyPaid", "twice")
    yield row_of("refunding", after(edit(liability=0), recover), "BrokenInvariant", "a liability below the stake")
    nothing = after(lambda scene: scene.edit(ONE.opinion(STAKERS[0]), "Opinion", stake=0), recover)
    yield row_of("refunding", nothing, "NothingToPay", "an opinion without a stake")
    for name in ("start", "stake"):
        broken = after(
            lambda scene, name=name: scene.edit(ONE.opinion(STAKERS[0]), "Opinion", **{name: MAX_U64}), recover
        )
        yield row_of("refunding", broken, "BrokenInvariant", f"an impossible {name}")
    yield row_of("refunding", s.close_opinion(ONE, STAKERS[0]), "OpinionUnpaid", "unpaid")
    uncounted = after(edit(open_opinions=0), s.close_opinion(ONE, STAKERS[0]))
    yield row_of("settled", uncounted, "BrokenInvariant", "an opinion that nobody counted")
    yield row_of("settled", s.finish_market(ONE), "OpinionsOpen", "with opinions open")
    yield row_of("refunding", s.finish_market(ONE), "OpinionsOpen", "with refunds open")
    yield row_of("settled", after(edit(open_opinions=0), s.finish_market(ONE)), "LiabilitiesOutstanding", "with debts")
    signing = {"claim_prize": "winner", "collect_fee": "treasury", "recover_stake": "staker"}
    for name, owner in signing.items():
        base = BASES[name]

        def bend(_: Scene, call: Call, owner: str = owner) -> Call:
            return call.signed_by(owner).using(destination=call.accounts["escrow"])

        yield Row(name, "the escrow, by its owner's signature", "DuplicateAccount", base, bend, "destination")


def _expiry() -> Iterator[Row]:
    expire = s.expire_market(ONE)
    for stage in ("opened", "active", "expired", "closed", "scored", "requested", "ready", "captured", "lapsed"):
        yield row_of(stage, expire, "NotExpirable", f"while {stage}")
    yield row_of("fulfilled", expire, "RandomnessVerified", "after the proof")
    yield row_of(
        "fulfilled", after(lambda scene: scene.later(400 * DAY), expire), "RandomnessVerified", "long after the proof"
    )
    broken = after(lambda scene: (scene.later(DAY), scene.edit(s.CONFIG, "ProgramConfig", bond_locked=0)), expire)
    yield row_of("requested", broken, "BrokenInvariant", "a config that locked nothing")

    def robbed(scene: Scene) -> None:
        scene.later(DAY).place(s.BOND_VAULT, TokenAccount(s.USDC, s.CONFIG, scene.market(ONE).bond).account())

    yield row_of("requested", after(robbed, expire), "BrokenInvariant", "a vault that could not pay the other bond")

    def emptied(scene: Scene) -> None:
        scene.later(DAY).place(ONE.escrow, TokenAccount(s.USDC, ONE.address, 0).account())

    yield row_of("requested", after(emptied, expire), "BrokenInvariant", "an escrow that holds nothing")


def rows() -> Iterator[Row]:
    """The table."""
    for part in (_states, _settlement, _proofs, _external, _lottery, _payouts, _expiry):
        yield from part()
