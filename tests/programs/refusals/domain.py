"""Rows for what comes before a market closes: data, roles, the bond, creation and stakes."""

from __future__ import annotations

from collections.abc import Iterator

from tests.programs import edwards as ed
from tests.programs import scene as s
from tests.programs import spec
from tests.programs.refusals.bases import BASES, NEW_ORACLE
from tests.programs.refusals.row import Row, after, row_of
from tests.programs.scene import STAKERS, Scene
from tests.programs.spec import DAY, Provider, Role
from tests.programs.stages import BOND, ONE
from tests.programs.tokens import TokenAccount

MAX_U64, MAX_U32 = 2**64 - 1, 2**32 - 1
ZERO = bytes(32)


def _data() -> Iterator[Row]:
    for name, base in BASES.items():
        for what, bend in {
            "one byte less": lambda data: data[:-1],
            "one byte more": lambda data: data + b"\0",
        }.items():
            yield Row(
                name, what, "InvalidInstructionData", base, lambda _, call, bend=bend: call.with_data(bend(call.data))
            )
    base = BASES["close_market"]
    for length in range(8):
        yield Row(
            "close_market",
            f"{length} bytes",
            "InvalidInstructionData",
            base,
            lambda _, call, n=length: call.with_data(call.data[:n]),
        )
    for what, data in {"zeros": bytes(8), "ones": b"\xff" * 8, "with a tail": bytes(40)}.items():
        yield Row(
            "close_market",
            f"unknown: {what}",
            "UnknownInstruction",
            base,
            lambda _, call, data=data: call.with_data(data),
        )
    for flag in (2, 255):
        call = s.set_paused(True)
        yield row_of(
            "initialized", call.with_data(call.data[:-1] + bytes([flag])), "InvalidInstructionData", f"a bool of {flag}"
        )
    call = s.create_market(ONE)
    long = call.data[:8] + (2**32 - 1).to_bytes(4, "little") + call.data[12:]
    yield row_of("initialized", call.with_data(long), "InvalidInstructionData", "a string longer than the data")


def _initialize() -> Iterator[Row]:
    for name in ("oracle", "treasury", "guardian"):
        yield row_of("bare", s.initialize().saying(**{name: s.Pubkey.default()}), "InvalidAuthority", f"a zero {name}")
    for provider in (2, 255):
        yield row_of("bare", s.initialize(provider), "UnknownRandomnessProvider", f"provider {provider}")
    for bps in (0, 9_999, 100_001, MAX_U32):
        yield row_of("bare", s.initialize(bond_share=bps), "BondShareOutOfRange", f"bond share {bps}")
    for what, key in hostile_keys().items():
        yield row_of("bare", s.initialize(key=key), "InvalidRandomnessKey", f"a key {what}")
        if key != ZERO:
            yield row_of(
                "bare", s.initialize(Provider.ORAO, key=key), "InvalidRandomnessKey", f"with ORAO, a key {what}"
            )
    yield row_of("initialized", s.initialize(), "AlreadyInitialized", "twice", "config")

    def final(scene: Scene) -> None:
        found = scene.account(s.PROGRAM_DATA)
        assert found is not None
        scene.place(
            s.PROGRAM_DATA, s.Account(found.lamports, found.data[:12] + bytes(33) + found.data[45:], found.owner)
        )

    yield row_of("bare", after(final, s.initialize()), "NotUpgradeAuthority", "a final program", "admin")


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
        yield row_of("initialized", s.propose_authority(role, NEW_ORACLE), "UnknownRole", f"role {role}")
        yield row_of("initialized", s.accept_authority(role, NEW_ORACLE), "UnknownRole", f"role {role}")
    for what, key in hostile_keys().items():
        if key != ZERO:
            yield row_of(
                "initialized", s.propose_authority(Role.RANDOMNESS_KEY, key), "InvalidRandomnessKey", f"a key {what}"
            )
    for role in Role:
        accept = s.accept_authority(role, NEW_ORACLE)
        yield row_of("initialized", accept, "NotPendingAuthority", f"{role.name} without a proposal", "authority")
        for who in (s.ORACLE, s.GUARDIAN, s.TREASURY, NEW_ORACLE):
            proposal = s.propose_authority(role, s.public("second key"), admin=who)
            yield row_of("initialized", proposal, "NotAdmin", f"{role.name} by {str(who)[:6]}", "admin")
    second = s.public("second key")

    def revoked(scene: Scene) -> None:
        scene.do(s.revoke_randomness_key(second), s.propose_authority(Role.RANDOMNESS_KEY, second))

    accept = s.accept_authority(Role.RANDOMNESS_KEY, s.Pubkey(second))
    yield row_of("initialized", after(revoked, accept), "RandomnessKeyRevoked", "a revoked key", "authority")
    mine = s.accept_authority(Role.ORACLE, NEW_ORACLE)
    hidden = mine.using(revoked_key=s.revoked_address(ZERO))
    yield row_of(
        "initialized",
        after(lambda scene: scene.do(s.propose_authority(Role.ORACLE, NEW_ORACLE)), hidden),
        "WrongAddress",
        "another key's mark",
        "revoked_key",
    )
    yield row_of("initialized", s.set_paused(False, s.GUARDIAN), "GuardianMayOnlyPause", "resuming", "authority")
    for who in (s.ORACLE, s.TREASURY, STAKERS[0]):
        yield row_of("initialized", s.set_paused(True, who), "NotGuardianOrAdmin", f"by {str(who)[:6]}", "authority")
        yield row_of("initialized", s.set_randomness(0, 20_000, who), "NotAdmin", f"by {str(who)[:6]}", "admin")
        yield row_of("initialized", s.revoke_randomness_key(second, who), "NotAdmin", f"by {str(who)[:6]}", "admin")
    for provider in (2, 255):
        yield row_of(
            "initialized", s.set_randomness(provider, 20_000), "UnknownRandomnessProvider", f"provider {provider}"
        )
    for bps in (0, 9_999, 100_001, MAX_U32):
        yield row_of("initialized", s.set_randomness(0, bps), "BondShareOutOfRange", f"bond share {bps}")
    key = s.public(s.KEY)
    twice = after(lambda scene: scene.do(s.revoke_randomness_key(key)), s.revoke_randomness_key(key))
    yield row_of("initialized", twice, "RandomnessKeyRevoked", "twice", "revoked_key")
    yield row_of("initialized", s.revoke_randomness_key(ZERO), "InvalidRandomnessKey", "the zero key")


def _bond() -> Iterator[Row]:
    yield row_of("initialized", s.deposit_bond(0), "AmountZero", "nothing")
    yield row_of("initialized", s.withdraw_bond(0), "AmountZero", "nothing")
    for amount in (BOND + 1, MAX_U64):
        yield row_of("initialized", s.withdraw_bond(amount), "FreeBondShort", f"{amount}")
    for amount in (s.PURSE, MAX_U64):
        yield row_of("initialized", s.deposit_bond(amount), "InsufficientFunds", f"{amount}", "source")
    for who in (s.ORACLE, s.GUARDIAN, s.TREASURY):
        yield row_of("initialized", s.withdraw_bond(1, who), "NotAdmin", f"by {str(who)[:6]}", "admin")

    def stolen(scene: Scene) -> None:
        scene.place(s.BOND_VAULT, TokenAccount(s.USDC, s.CONFIG, 1).account())

    yield row_of("requested", after(stolen, s.withdraw_bond(1)), "BrokenInvariant", "a vault below what is locked")


BAD_UTF8 = {
    "a lone continuation": b"ok\x80", "a lone lead": b"\xe2\x82", "an overlong slash": b"\xc0\xaf",
    "a surrogate": b"\xed\xa0\x80",
    "beyond the last code point": b"\xf4\x90\x80\x80", "FF": b"\xff", "cut at 280": "€".encode() * 93 + b"\xe2",
    "an overlong zero": b"\xc0\x80", "a cut sequence in the middle": b"a\xe2\x82b",
}  # fmt: skip


def _create() -> Iterator[Row]:
    yield row_of("initialized", s.create_market(ONE).saying(statement=""), "StatementEmpty", "no statement")
    for what, text in {
        "281 bytes": "x" * 281,
        "281 bytes in 141 letters": "é" * 140 + "x",
        "5,000 bytes": "x" * 800,
    }.items():
        yield row_of("initialized", s.create_market(ONE).saying(statement=text), "StatementTooLong", what)
    for what, raw in BAD_UTF8.items():
        yield row_of("initialized", s.create_market(ONE).saying(statement=raw), "StatementNotUtf8", what)
    for duration in (0, 1, DAY - 1, DAY + 1, 2 * DAY, 15 * DAY, 2**63, MAX_U64):
        yield row_of("initialized", s.create_market(ONE, duration), "InvalidDuration", f"{duration} s")
    yield row_of(
        "initialized",
        after(lambda scene: scene.do(s.set_paused(True)), s.create_market(ONE)),
        "ProgramPaused",
        "paused",
    )
    gone = after(lambda scene: scene.do(s.revoke_randomness_key(s.public(s.KEY))), s.create_market(ONE))
    yield row_of("initialized", gone, "RandomnessKeyMissing", "no key")
    yield row_of("active", s.create_market(ONE), "AlreadyInitialized", "a living uuid", "market")
    yield row_of("finished", s.create_market(ONE), "AlreadyInitialized", "a finished uuid", "market")
    four = after(
        lambda scene: scene.place(s.usdc_of(s.CREATOR), TokenAccount(s.USDC, s.CREATOR, spec.CREATE_FEE - 1).account()),
        s.create_market(ONE),
    )
    yield row_of("initialized", four, "InsufficientFunds", "a cent short of the fee", "creator_usdc")
    own = s.create_market(s.market("by the treasury", creator=s.TREASURY))
    yield row_of("initialized", own, "DuplicateAccount", "by the treasury from its own account", "treasury_usdc")


BAD_CIDS = {
    "empty": "", "65 letters": "a" * 65, "a slash": "ba/fy", "a dot": "ba.fy", "a space": "ba fy",
    "a newline": "bafy\n", "a zero byte": "ba\0fy",
    "a letter beyond ASCII": "bafé", "a hyphen": "ba-fy", "an underscore": "ba_fy", "not UTF-8": b"\xff\xfe",
    "markup": "<script>",
}  # fmt: skip


def _stake() -> Iterator[Row]:
    fresh = STAKERS[6]
    for stake in (0, 1, spec.MIN_STAKE - 1, spec.MAX_STAKE + 1, MAX_U64):
        yield row_of("active", s.stake_opinion(ONE, fresh, stake), "StakeOutOfRange", f"{stake}")
    for what, cid in BAD_CIDS.items():
        yield row_of("active", s.stake_opinion(ONE, fresh, cid=cid), "InvalidCid", what)
    yield row_of("active", s.stake_opinion(ONE, STAKERS[0]), "AlreadyStaked", "twice", "opinion")
    other = s.stake_opinion(ONE, fresh).saying(statement_hash=ZERO)
    yield row_of("active", other, "StatementMismatch", "another statement")
    yield row_of("expired", s.stake_opinion(ONE, fresh), "MarketExpired", "in the closing second")
    yield row_of("closed", s.stake_opinion(ONE, fresh), "WrongMarketState", "after closing")
    yield row_of("refunding", s.stake_opinion(ONE, fresh), "WrongMarketState", "while refunding")
    yield row_of(
        "active",
        after(lambda scene: scene.do(s.set_paused(True)), s.stake_opinion(ONE, fresh)),
        "ProgramPaused",
        "paused",
    )
    for name, value in {
        "staker_count": MAX_U32,
        "open_opinions": MAX_U32,
        "total_stake": MAX_U64,
        "liability": MAX_U64,
    }.items():
        full = after(
            lambda scene, name=name, value=value: scene.edit(ONE.address, "Market", **{name: value}),
            s.stake_opinion(ONE, fresh),
        )
        yield row_of("active", full, "MarketFull", f"{name} at its end")


def rows() -> Iterator[Row]:
    """The table."""
    for part in (_data, _initialize, _authorities, _bond, _create, _stake):
        yield from part()
