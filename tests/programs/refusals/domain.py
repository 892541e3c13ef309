"""Rows for every rule that is not about an account: data, roles, amounts, states, times, money."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.programs import edwards as ed
from tests.programs import scene as s
from tests.programs import spec
from tests.programs.calls import Call
from tests.programs.refusals.bases import BASES, NEW_ORACLE
from tests.programs.refusals.row import Base, Row
from tests.programs.scene import STAKERS, Scene
from tests.programs.spec import DAY, Provider, Role
from tests.programs.stages import BOND, ONE, ORAO_ONE
from tests.programs.tokens import TokenAccount

MAX_U64, MAX_U32 = 2**64 - 1, 2**32 - 1
ZERO = bytes(32)


def _row(stage: str, call: Callable[[Scene], Call] | Call, error: str, what: str, account: str | None = None) -> Row:
    """A row whose call is already wrong, or becomes so by what happens first."""
    if isinstance(call, Call):
        return Row(call.name, what, error, Base(stage, lambda _: call), _as_it_is, account)
    return Row(_NAMES[call], what, error, Base(stage, call), _as_it_is, account)


def _as_it_is(_: Scene, call: Call) -> Call:
    return call


_NAMES: dict[Callable[[Scene], Call], str] = {}


def _made(name: str, make: Callable[[Scene], Call]) -> Callable[[Scene], Call]:
    """Remembers which instruction a function makes."""
    _NAMES[make] = name
    return make


def _then(step: Callable[[Scene], object], call: Call) -> Callable[[Scene], Call]:
    """The call after something happened."""

    def made(scene: Scene) -> Call:
        step(scene)
        return call

    return _made(call.name, made)


def _data() -> Iterator[Row]:
    for name, base in BASES.items():
        for what, bend in {
            "one byte less": lambda data: data[:-1],
            "one byte more": lambda data: data + b"\0",
        }.items():
            yield Row(name, what, "InvalidInstructionData", base, lambda _, call, bend=bend: call.with_data(bend(call.data)))
    base = BASES["close_market"]
    for length in range(8):
        yield Row("close_market", f"{length} bytes", "InvalidInstructionData", base, lambda _, call, n=length: call.with_data(call.data[:n]))
    for what, data in {"zeros": bytes(8), "ones": b"\xff" * 8, "with a tail": bytes(40)}.items():
        yield Row("close_market", f"unknown: {what}", "UnknownInstruction", base, lambda _, call, data=data: call.with_data(data))
    for flag in (2, 255):
        call = s.set_paused(True)
        yield _row("initialized", call.with_data(call.data[:-1] + bytes([flag])), "InvalidInstructionData", f"a bool of {flag}")
    call = s.create_market(ONE)
    long = call.data[:8] + (2**32 - 1).to_bytes(4, "little") + call.data[12:]
    yield _row("initialized", call.with_data(long), "InvalidInstructionData", "a string longer than the data")


def _initialize() -> Iterator[Row]:
    for name in ("oracle", "treasury", "guardian"):
        yield _row("bare", s.initialize().saying(**{name: s.Pubkey.default()}), "InvalidAuthority", f"a zero {name}")
    for provider in (2, 255):
        yield _row("bare", s.initialize(provider), "UnknownRandomnessProvider", f"provider {provider}")
    for bps in (0, 9_999, 100_001, MAX_U32):
        yield _row("bare", s.initialize(bond_share=bps), "BondShareOutOfRange", f"bond share {bps}")
    for what, key in hostile_keys().items():
        yield _row("bare", s.initialize(key=key), "InvalidRandomnessKey", f"a key {what}")
        if key != ZERO:
            yield _row("bare", s.initialize(Provider.ORAO, key=key), "InvalidRandomnessKey", f"with ORAO, a key {what}")
    yield _row("initialized", s.initialize(), "AlreadyInitialized", "twice", "config")

    def final(scene: Scene) -> None:
        found = scene.account(s.PROGRAM_DATA)
        assert found is not None
        scene.place(s.PROGRAM_DATA, s.Account(found.lamports, found.data[:12] + bytes(33) + found.data[45:], found.owner))

    yield _row("bare", _then(final, s.initialize()), "NotUpgradeAuthority", "a final program", "admin")


def hostile_keys() -> dict[str, bytes]:
    """Keys that must never be registered: every torsion point, y from p on, the sign with x = 0, no point, zero."""
    keys = {f"of small order {at}": ed.encode(point) for at, point in enumerate(ed.torsion())}
    for more in (0, 1, 3, 18):
        for sign in (0, 1):
            keys[f"y = p + {more}, sign {sign}"] = (ed.P + more | sign << 255).to_bytes(32, "little")
    keys["y = 1 with the sign"] = (1 | 1 << 255).to_bytes(32, "little")
    keys["y = -1 with the sign"] = (ed.P - 1 | 1 << 255).to_bytes(32, "little")
    keys["that is no point"] = next(y.to_bytes(32, "little") for y in range(2, 99) if ed.recover(y, 0) is None)
    keys["of ones"] = b"\xff" * 32
    keys["of zeros"] = ZERO
    return keys


def _authorities() -> Iterator[Row]:
    for role in (5, 6, 255):
        yield _row("initialized", s.propose_authority(role, NEW_ORACLE), "UnknownRole", f"role {role}")
        yield _row("initialized", s.accept_authority(role, NEW_ORACLE), "UnknownRole", f"role {role}")
    for what, key in hostile_keys().items():
        if key != ZERO:
            yield _row("initialized", s.propose_authority(Role.RANDOMNESS_KEY, key), "InvalidRandomnessKey", f"a key {what}")
    for role in Role:
        accept = s.accept_authority(role, NEW_ORACLE)
        yield _row("initialized", accept, "NotPendingAuthority", f"{role.name} without a proposal", "authority")
        for who in (s.ORACLE, s.GUARDIAN, s.TREASURY, NEW_ORACLE):
            proposal = s.propose_authority(role, s.public("second key"), admin=who)
            yield _row("initialized", proposal, "NotAdmin", f"{role.name} by {str(who)[:6]}", "admin")
    second = s.public("second key")

    def revoked(scene: Scene) -> None:
        scene.do(s.revoke_randomness_key(second), s.propose_authority(Role.RANDOMNESS_KEY, second))

    accept = s.accept_authority(Role.RANDOMNESS_KEY, s.Pubkey(second))
    yield _row("initialized", _then(revoked, accept), "RandomnessKeyRevoked", "a revoked key", "authority")
    mine = s.accept_authority(Role.ORACLE, NEW_ORACLE)
    hidden = mine.using(revoked_key=s.revoked_address(ZERO))
    yield _row("initialized", _then(lambda scene: scene.do(s.propose_authority(Role.ORACLE, NEW_ORACLE)), hidden), "WrongAddress", "another key's mark", "revoked_key")
    yield _row("initialized", s.set_paused(False, s.GUARDIAN), "GuardianMayOnlyPause", "resuming", "authority")
    for who in (s.ORACLE, s.TREASURY, STAKERS[0]):
        yield _row("initialized", s.set_paused(True, who), "NotGuardianOrAdmin", f"by {str(who)[:6]}", "authority")
        yield _row("initialized", s.set_randomness(0, 20_000, who), "NotAdmin", f"by {str(who)[:6]}", "admin")
        yield _row("initialized", s.revoke_randomness_key(second, who), "NotAdmin", f"by {str(who)[:6]}", "admin")
    for provider in (2, 255):
        yield _row("initialized", s.set_randomness(provider, 20_000), "UnknownRandomnessProvider", f"provider {provider}")
    for bps in (0, 9_999, 100_001, MAX_U32):
        yield _row("initialized", s.set_randomness(0, bps), "BondShareOutOfRange", f"bond share {bps}")
    key = s.public(s.KEY)
    twice = _then(lambda scene: scene.do(s.revoke_randomness_key(key)), s.revoke_randomness_key(key))
    yield _row("initialized", twice, "RandomnessKeyRevoked", "twice", "revoked_key")
    yield _row("initialized", s.revoke_randomness_key(ZERO), "InvalidRandomnessKey", "the zero key")


def _bond() -> Iterator[Row]:
    yield _row("initialized", s.deposit_bond(0), "AmountZero", "nothing")
    yield _row("initialized", s.withdraw_bond(0), "AmountZero", "nothing")
    for amount in (BOND + 1, MAX_U64):
        yield _row("initialized", s.withdraw_bond(amount), "FreeBondShort", f"{amount}")
    for amount in (s.PURSE, MAX_U64):
        yield _row("initialized", s.deposit_bond(amount), "InsufficientFunds", f"{amount}", "source")
    for who in (s.ORACLE, s.GUARDIAN, s.TREASURY):
        yield _row("initialized", s.withdraw_bond(1, who), "NotAdmin", f"by {str(who)[:6]}", "admin")

    def stolen(scene: Scene) -> None:
        scene.place(s.BOND_VAULT, TokenAccount(s.USDC, s.CONFIG, 1).account())

    yield _row("requested", _then(stolen, s.withdraw_bond(1)), "BrokenInvariant", "a vault below what is locked")


BAD_UTF8 = {
    "a lone continuation": b"ok\x80", "a lone lead": b"\xe2\x82", "an overlong slash": b"\xc0\xaf", "a surrogate": b"\xed\xa0\x80",
    "beyond the last code point": b"\xf4\x90\x80\x80", "FF": b"\xff", "cut at 280": "€".encode() * 93 + b"\xe2",
    "an overlong zero": b"\xc0\x80", "a cut sequence in the middle": b"a\xe2\x82b",
}  # fmt: skip


def _create() -> Iterator[Row]:
    yield _row("initialized", s.create_market(ONE).saying(statement=""), "StatementEmpty", "no statement")
    for what, text in {"281 bytes": "x" * 281, "281 bytes in 141 letters": "é" * 140 + "x", "5,000 bytes": "x" * 800}.items():
        yield _row("initialized", s.create_market(ONE).saying(statement=text), "StatementTooLong", what)
    for what, raw in BAD_UTF8.items():
        yield _row("initialized", s.create_market(ONE).saying(statement=raw), "StatementNotUtf8", what)
    for duration in (0, 1, DAY - 1, DAY + 1, 2 * DAY, 15 * DAY, 2**63, MAX_U64):
        yield _row("initialized", s.create_market(ONE, duration), "InvalidDuration", f"{duration} s")
    yield _row("initialized", _then(lambda scene: scene.do(s.set_paused(True)), s.create_market(ONE)), "ProgramPaused", "paused")
    gone = _then(lambda scene: scene.do(s.revoke_randomness_key(s.public(s.KEY))), s.create_market(ONE))
    yield _row("initialized", gone, "RandomnessKeyMissing", "no key")
    yield _row("active", s.create_market(ONE), "AlreadyInitialized", "a living uuid", "market")
    yield _row("finished", s.create_market(ONE), "AlreadyInitialized", "a finished uuid", "market")
    four = _then(lambda scene: scene.place(s.usdc_of(s.CREATOR), TokenAccount(s.USDC, s.CREATOR, spec.CREATE_FEE - 1).account()), s.create_market(ONE))
    yield _row("initialized", four, "InsufficientFunds", "a cent short of the fee", "creator_usdc")
    own = s.create_market(s.market("by the treasury", creator=s.TREASURY))
    yield _row("initialized", own, "DuplicateAccount", "by the treasury from its own account", "treasury_usdc")


BAD_CIDS = {
    "empty": "", "65 letters": "a" * 65, "a slash": "ba/fy", "a dot": "ba.fy", "a space": "ba fy", "a newline": "bafy\n", "a zero byte": "ba\0fy",
    "a letter beyond ASCII": "bafé", "a hyphen": "ba-fy", "an underscore": "ba_fy", "not UTF-8": b"\xff\xfe", "markup": "<script>",
}  # fmt: skip


def _stake() -> Iterator[Row]:
    fresh = STAKERS[6]
    for stake in (0, 1, spec.MIN_STAKE - 1, spec.MAX_STAKE + 1, MAX_U64):
        yield _row("active", s.stake_opinion(ONE, fresh, stake), "StakeOutOfRange", f"{stake}")
    for what, cid in BAD_CIDS.items():
        yield _row("active", s.stake_opinion(ONE, fresh, cid=cid), "InvalidCid", what)
    yield _row("active", s.stake_opinion(ONE, STAKERS[0]), "AlreadyStaked", "twice", "opinion")
    other = s.stake_opinion(ONE, fresh).saying(statement_hash=ZERO)
    yield _row("active", other, "StatementMismatch", "another statement")
    yield _row("expired", s.stake_opinion(ONE, fresh), "MarketExpired", "in the closing second")
    yield _row("closed", s.stake_opinion(ONE, fresh), "WrongMarketState", "after closing")
    yield _row("refunding", s.stake_opinion(ONE, fresh), "WrongMarketState", "while refunding")
    yield _row("active", _then(lambda scene: scene.do(s.set_paused(True)), s.stake_opinion(ONE, fresh)), "ProgramPaused", "paused")
    for name, value in {"staker_count": MAX_U32, "open_opinions": MAX_U32, "total_stake": MAX_U64, "liability": MAX_U64}.items():
        full = _then(lambda scene, name=name, value=value: scene.edit(ONE.address, "Market", **{name: value}), s.stake_opinion(ONE, fresh))
        yield _row("active", full, "MarketFull", f"{name} at its end")


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
            yield Row(name, f"while {stage}", "WrongMarketState", Base(stage, calls[name]), _as_it_is)


def _settlement() -> Iterator[Row]:
    yield _row("active", s.close_market(ONE), "MarketNotExpired", "too early")
    for score in (101, 255):
        yield _row("closed", s.record_sentiment(ONE, score), "ScoreOutOfRange", f"score {score}")
    for confidence in (3, 255):
        yield _row("closed", s.record_sentiment(ONE, 50, confidence), "ConfidenceOutOfRange", f"confidence {confidence}")
    yield _row("closed", s.record_sentiment(ONE, oracle=s.ADMIN), "NotOracle", "by the admin", "oracle")
    for count in (0, 1):
        few = _then(lambda scene, count=count: scene.edit(ONE.address, "Market", staker_count=count), s.request_vrf_randomness(ONE))
        yield _row("scored", few, "TooFewStakers", f"{count} stakers")
    late = _then(lambda scene: scene.later(spec.REQUEST_DEADLINE), s.request_vrf_randomness(ONE))
    yield _row("scored", late, "SettlementOverdue", "14 days after the end")
    revoked = _then(lambda scene: scene.do(s.revoke_randomness_key(ONE.key)), s.request_vrf_randomness(ONE))
    yield _row("scored", revoked, "RandomnessKeyRevoked", "a revoked key", "revoked_key")
    poor = _then(lambda scene: scene.do(s.withdraw_bond(BOND)), s.request_vrf_randomness(ONE))
    yield _row("scored", poor, "BondShort", "no bond")
    huge = _then(lambda scene: scene.edit(ONE.address, "Market", total_stake=MAX_U64), s.request_vrf_randomness(ONE))
    yield _row("scored", huge, "BrokenInvariant", "an impossible pool")
    yield _row("requested", s.capture_slot_hash(ONE), "SlotHashNotReady", "too early")
    yield _row("lapsed", s.capture_slot_hash(ONE), "SlotHashLapsed", "too late")
    yield _row("captured", s.capture_slot_hash(ONE), "AlreadyCaptured", "twice")
    yield _row("fulfilled", s.capture_slot_hash(ONE), "AlreadyCaptured", "after the proof")

    def day(scene: Scene) -> None:
        scene.later(spec.RANDOMNESS_DEADLINE)

    yield _row("ready", _then(day, s.capture_slot_hash(ONE)), "RandomnessDeadlinePassed", "a day later")
    yield _row("requested", s.rearm_slot_hash(ONE), "SlotHashNotLapsed", "too early")
    yield _row("ready", s.rearm_slot_hash(ONE), "SlotHashNotLapsed", "while it can be captured")
    yield _row("captured", s.rearm_slot_hash(ONE), "SlotHashNotLapsed", "after the capture")
    yield _row("lapsed", _then(day, s.rearm_slot_hash(ONE)), "RandomnessDeadlinePassed", "a day later")
    again = _then(lambda scene: (scene.do(s.rearm_slot_hash(ONE)), scene.pass_slots(600)), s.rearm_slot_hash(ONE))
    yield _row("lapsed", again, "AlreadyRearmed", "twice")


def _proofs() -> Iterator[Row]:
    def proof(change: Callable[[bytes], bytes]) -> Callable[[Scene], Call]:
        return fulfil(lambda scene: change(scene.proof(ONE)))

    def fulfil(prove: Callable[[Scene], bytes]) -> Callable[[Scene], Call]:
        return _made("fulfill_vrf_randomness", lambda scene: s.fulfill_vrf_randomness(ONE, prove(scene)))

    yield _row("requested", s.fulfill_vrf_randomness(ONE, bytes(80)), "NotCaptured", "before the capture")
    yield _row("fulfilled", s.fulfill_vrf_randomness(ONE, bytes(80)), "AlreadyFulfilled", "twice")
    late = fulfil(lambda scene: scene.later(spec.RANDOMNESS_DEADLINE) and scene.proof(ONE))
    yield _row("captured", late, "RandomnessDeadlinePassed", "a day later")
    yield _row("orao captured", s.fulfill_vrf_randomness(ORAO_ONE, bytes(80)), "WrongRandomnessProvider", "of an ORAO market")
    crafted = _then(lambda scene: scene.edit(ONE.address, "Market", randomness_key=ed.encode(ed.torsion()[1])), s.fulfill_vrf_randomness(ONE, bytes(80)))
    yield _row("captured", crafted, "InvalidRandomnessKey", "a market that pins a hostile key")
    for what, key in hostile_keys().items():
        canonical = ed.decode(key) is not None
        error = "ProofMismatch" if canonical else "InvalidProofPoint"
        yield _row("captured", proof(lambda p, key=key: key + p[32:]), error, f"gamma {what}")
    for s_value in (ed.L, ed.L + 1, 2**253, 2**255 - 1, 2**256 - 1):
        yield _row("captured", proof(lambda p, n=s_value: p[:48] + n.to_bytes(32, "little")), "InvalidProofScalar", f"s = {s_value:#x}")
    more = proof(lambda p: p[:48] + (int.from_bytes(p[48:], "little") + ed.L).to_bytes(32, "little"))
    yield _row("captured", more, "InvalidProofScalar", "s + L")
    for bit in (256, 300, 383, 384, 400, 600):
        flipped = proof(lambda p, bit=bit: (int.from_bytes(p, "little") ^ 1 << bit).to_bytes(80, "little"))
        yield _row("captured", flipped, "ProofMismatch", f"bit {bit} flipped")
    signed = proof(lambda p: (int.from_bytes(p, "little") ^ 1 << 255).to_bytes(80, "little"))
    yield _row("captured", signed, "ProofMismatch", "gamma negated")
    wrong = fulfil(lambda scene: scene.proof(ONE, "second key"))
    yield _row("captured", wrong, "ProofMismatch", "by another key")
    yield _row("captured", s.fulfill_vrf_randomness(ONE, bytes(80)), "ProofMismatch", "zeros")


def _external() -> Iterator[Row]:
    def answered(stage: str, error: str, what: str, of: s.Market = ORAO_ONE, later: int = 0) -> Row:
        def made(scene: Scene) -> Call:
            scene.later(later)
            return s.fulfill_vrf_external(of, scene.orao_answers(scene.request(of).alpha))

        return Row("fulfill_vrf_external", what, error, Base(stage, made), lambda _, call: call)

    yield answered("orao fulfilled", "AlreadyFulfilled", "twice")
    yield answered("orao captured", "RandomnessDeadlinePassed", "a day later", later=spec.RANDOMNESS_DEADLINE)
    yield answered("captured", "WrongRandomnessProvider", "of a market that pins a key", of=ONE)
    yield answered("fulfilled", "WrongRandomnessProvider", "of a fulfilled market that pins a key", of=ONE)
    yield answered("requested", "WrongRandomnessProvider", "before the capture of a market that pins a key", of=ONE)


def _lottery() -> Iterator[Row]:
    yield _row("requested", s.run_lottery_with_vrf(ONE, STAKERS[0]), "NotFulfilled", "before the capture")
    yield _row("captured", s.run_lottery_with_vrf(ONE, STAKERS[0]), "NotFulfilled", "before the proof")

    def loser(scene: Scene) -> Call:
        winner = scene.winner(ONE)
        return s.run_lottery_with_vrf(ONE, next(one for one in STAKERS[:4] if one != winner))

    yield _row("fulfilled", _made("run_lottery_with_vrf", loser), "DrawNotCovered", "a loser's opinion")
    for total in (0, MAX_U64):
        broken = _then(lambda scene, total=total: scene.edit(ONE.address, "Market", total_stake=total), s.run_lottery_with_vrf(ONE, STAKERS[0]))
        yield _row("fulfilled", broken, "BrokenInvariant", f"a pool of {total}")


def _payouts() -> Iterator[Row]:
    def winner(change: Callable[[Scene], object], error: str, what: str, account: str | None = None) -> Row:
        def made(scene: Scene) -> Call:
            change(scene)
            return s.claim_prize(ONE, scene.market(ONE).winner)

        return Row("claim_prize", what, error, Base("settled", made), _as_it_is, account)

    def edit(**changes: object) -> Callable[[Scene], object]:
        return lambda scene: scene.edit(ONE.address, "Market", **changes)

    def drained(scene: Scene) -> None:
        scene.place(ONE.escrow, TokenAccount(s.USDC, ONE.address, scene.market(ONE).prize).account())

    yield winner(lambda scene: scene.do(s.claim_prize(ONE, scene.market(ONE).winner)), "AlreadyPaid", "twice")
    yield winner(edit(prize=0), "NothingToPay", "no prize")
    yield winner(edit(liability=0), "BrokenInvariant", "a liability below the prize")
    yield winner(drained, "BrokenInvariant", "an escrow that could not pay the rest")
    yield winner(edit(prize=2**40, liability=2**41), "InsufficientFunds", "a prize beyond the escrow", "escrow")
    yield _row("paid", s.collect_fee(ONE), "AlreadyPaid", "twice")
    yield _row("settled", _then(edit(fee=0), s.collect_fee(ONE)), "NothingToPay", "no fee")
    yield _row("settled", _then(edit(liability=0), s.collect_fee(ONE)), "BrokenInvariant", "a liability below the fee")
    recover = s.recover_stake(ONE, STAKERS[0])
    yield _row("recovered", recover, "AlreadyPaid", "twice")
    yield _row("refunding", _then(edit(liability=0), recover), "BrokenInvariant", "a liability below the stake")
    nothing = _then(lambda scene: scene.edit(ONE.opinion(STAKERS[0]), "Opinion", stake=0), recover)
    yield _row("refunding", nothing, "NothingToPay", "an opinion without a stake")
    for name in ("start", "stake"):
        broken = _then(lambda scene, name=name: scene.edit(ONE.opinion(STAKERS[0]), "Opinion", **{name: MAX_U64}), recover)
        yield _row("refunding", broken, "BrokenInvariant", f"an impossible {name}")
    yield _row("refunding", s.close_opinion(ONE, STAKERS[0]), "OpinionUnpaid", "unpaid")
    uncounted = _then(edit(open_opinions=0), s.close_opinion(ONE, STAKERS[0]))
    yield _row("settled", uncounted, "BrokenInvariant", "an opinion that nobody counted")
    yield _row("settled", s.finish_market(ONE), "OpinionsOpen", "with opinions open")
    yield _row("refunding", s.finish_market(ONE), "OpinionsOpen", "with refunds open")
    yield _row("settled", _then(edit(open_opinions=0), s.finish_market(ONE)), "LiabilitiesOutstanding", "with debts")
    signing = {"claim_prize": "winner", "collect_fee": "treasury", "recover_stake": "staker"}
    for name, owner in signing.items():
        base = BASES[name]

        def bend(_: Scene, call: Call, owner: str = owner) -> Call:
            return call.signed_by(owner).using(destination=call.accounts["escrow"])

        yield Row(name, "the escrow, by its owner's signature", "DuplicateAccount", base, bend, "destination")


def _expiry() -> Iterator[Row]:
    expire = s.expire_market(ONE)
    for stage in ("opened", "active", "expired", "closed", "scored", "requested", "ready", "captured", "lapsed"):
        yield _row(stage, expire, "NotExpirable", f"while {stage}")
    yield _row("fulfilled", expire, "RandomnessVerified", "after the proof")
    yield _row("fulfilled", _then(lambda scene: scene.later(400 * DAY), expire), "RandomnessVerified", "long after the proof")
    broken = _then(lambda scene: (scene.later(DAY), scene.edit(s.CONFIG, "ProgramConfig", bond_locked=0)), expire)
    yield _row("requested", broken, "BrokenInvariant", "a config that locked nothing")

    def robbed(scene: Scene) -> None:
        scene.later(DAY).place(s.BOND_VAULT, TokenAccount(s.USDC, s.CONFIG, scene.market(ONE).bond).account())

    yield _row("requested", _then(robbed, expire), "BrokenInvariant", "a vault that could not pay the other bond")

    def emptied(scene: Scene) -> None:
        scene.later(DAY).place(ONE.escrow, TokenAccount(s.USDC, ONE.address, 0).account())

    yield _row("requested", _then(emptied, expire), "BrokenInvariant", "an escrow that holds nothing")


def rows() -> Iterator[Row]:
    """The table."""
    for part in (_data, _initialize, _authorities, _bond, _create, _stake, _states, _settlement, _proofs, _external, _lottery, _payouts, _expiry):
        yield from part()
