"""Rows for every account of every instruction: unsigned, read-only, of another owner, kind or version, at another
address, twice, of another mint, somebody else's, frozen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from solders.account import Account
from solders.pubkey import Pubkey

from tests.programs import idl, tokens
from tests.programs import scene as s
from tests.programs.calls import Call
from tests.programs.refusals.bases import BASES
from tests.programs.refusals.row import Bend, Row
from tests.programs.scene import STAKERS, Scene
from tests.programs.stages import ORAO_ONE, ORAO_TWO, TWO
from tests.programs.tokens import Held, TokenAccount
from tests.programs.world import actor

ELSEWHERE = actor("elsewhere")
STRANGER = actor("stranger")
OTHER_MINT = actor("other mint")


def _there(scene: Scene, call: Call, name: str) -> Account:
    found = scene.account(call.accounts[name])
    assert found is not None, f"{call.name}.{name} is empty"
    return found


def _replaced(name: str, change: Callable[[Account], Account | None]) -> Bend:
    """Overwrites the account where it stands."""

    def bend(scene: Scene, call: Call) -> Call:
        changed = change(_there(scene, call, name))
        if changed is None:
            scene.remove(call.accounts[name])
        else:
            scene.place(call.accounts[name], changed)
        return call

    return bend


def _copied(name: str) -> Bend:
    """Passes a perfect copy that stands at another address."""

    def bend(scene: Scene, call: Call) -> Call:
        scene.place(ELSEWHERE, _there(scene, call, name))
        return call.using(**{name: ELSEWHERE})

    return bend


def _passed(name: str, address: Pubkey | Callable[[Scene], Pubkey]) -> Bend:
    """Passes another account."""
    return lambda scene, call: call.using(**{name: address if isinstance(address, Pubkey) else address(scene)})


def _data(change: Callable[[bytes], bytes]) -> Callable[[Account], Account]:
    return lambda account: Account(account.lamports, change(account.data), account.owner)


def _owned(owner: Pubkey) -> Callable[[Account], Account]:
    return lambda account: Account(account.lamports, account.data, owner)


def _token(change: Callable[[TokenAccount], TokenAccount]) -> Callable[[Account], Account]:
    return lambda account: change(tokens.read(account)).account(account.lamports)


@dataclass(frozen=True)
class Fault:
    """Something wrong with one account."""

    what: str
    error: str
    bend: Bend
    blames: str | None = None
    """The account that the log names when it is another one."""


def _state(name: str) -> Iterator[Fault]:
    """Of an account that this program keeps."""
    kinds = [layout.prefix for layout in idl.load().accounts.values()]
    yield Fault("empty", "WrongAccountOwner", _replaced(name, lambda _: None))
    yield Fault("of the system program", "WrongAccountOwner", _replaced(name, _owned(s.SYSTEM_PROGRAM)))
    yield Fault("of the token program", "WrongAccountOwner", _replaced(name, _owned(s.TOKEN_PROGRAM)))
    yield Fault("no data", "WrongDiscriminator", _replaced(name, _data(lambda _: b"")))
    yield Fault("only a discriminator", "WrongDiscriminator", _replaced(name, _data(lambda data: data[:8])))
    yield Fault("cut to 40 bytes", "WrongDiscriminator", _replaced(name, _data(lambda data: data[:40])))
    yield Fault("zeros", "WrongDiscriminator", _replaced(name, _data(lambda data: bytes(len(data)))))
    for kind in kinds:
        bend = _replaced(name, _data(lambda data, kind=kind: data if data[:8] == kind else kind + data[8:]))
        if kind != _own_prefix(name):
            yield Fault(f"of kind {kind.hex()}", "WrongDiscriminator", bend)
    for version in (0, 2, 255):
        change = _data(lambda data, version=version: data[:8] + bytes([version]) + data[9:])
        yield Fault(f"version {version}", "WrongAccountVersion", _replaced(name, change))
    yield Fault("a copy at another address", "WrongAddress", _copied(name))
    bump = idl.load().accounts[KEPT[name]].offset("bump")
    change = _data(lambda data: data[:bump] + bytes([data[bump] ^ 1]) + data[bump + 1 :])
    yield Fault("another bump", "WrongAddress", _replaced(name, change))


KEPT = {"config": "ProgramConfig", "market": "Market", "opinion": "Opinion", "vrf_request": "VrfRequest"}


def _own_prefix(name: str) -> bytes:
    return idl.load().accounts[KEPT[name]].prefix


def _token_account(name: str) -> Iterator[Fault]:
    """Of any token account."""
    yield Fault("empty", "WrongAccountOwner", _replaced(name, lambda _: None))
    yield Fault("of the system program", "WrongAccountOwner", _replaced(name, _owned(s.SYSTEM_PROGRAM)))
    yield Fault("of this program", "WrongAccountOwner", _replaced(name, _owned(s.PROGRAM_ID)))
    yield Fault("a mint's length", "InvalidTokenAccount", _replaced(name, _data(lambda data: data[:82])))
    yield Fault("a multisig's length", "InvalidTokenAccount", _replaced(name, _data(lambda data: data + bytes(190))))
    yield Fault("no data", "InvalidTokenAccount", _replaced(name, _data(lambda _: b"")))
    uninitialized = _token(lambda token: replace(token, state=Held.UNINITIALIZED))
    yield Fault("not initialized", "InvalidTokenAccount", _replaced(name, uninitialized))


def _derived_token(name: str) -> Iterator[Fault]:
    """Of the escrow or the bond vault."""
    yield from _token_account(name)
    yield Fault("a copy at another address", "WrongAddress", _copied(name))


def _purse(name: str) -> Iterator[Fault]:
    """Of the token account that pays."""
    yield from _token_account(name)
    yield from _of_the_mint(name)
    yield Fault("somebody else's", "WrongTokenOwner", _passed(name, s.usdc_of(STRANGER)))
    yield Fault(
        "somebody else's now", "WrongTokenOwner", _replaced(name, _token(lambda token: replace(token, owner=STRANGER)))
    )
    yield Fault("the signer's as delegate", "WrongTokenOwner", _delegated(name))
    yield Fault("frozen", "TokenAccountFrozen", _replaced(name, _token(TokenAccount.frozen)))
    yield Fault(
        "too little in it", "InsufficientFunds", _replaced(name, _token(lambda token: replace(token, amount=0)))
    )


def _delegated(name: str) -> Bend:
    """A stranger's account over which the signer has a delegation."""

    def bend(scene: Scene, call: Call) -> Call:
        signer = next(spec.name for spec in call.spec.accounts if spec.signer)
        lent = TokenAccount(s.USDC, STRANGER, s.PURSE, delegate=call.accounts[signer])
        scene.place(ELSEWHERE, lent.account())
        return call.using(**{name: ELSEWHERE})

    return bend


def _of_the_mint(name: str) -> Iterator[Fault]:
    other = _token(lambda token: replace(token, mint=OTHER_MINT))
    yield Fault("of another mint", "WrongMint", _replaced(name, other))


def _paid(name: str) -> Iterator[Fault]:
    """Of the token account that a crank pays to: its owner does not sign."""
    yield from _token_account(name)
    yield from _of_the_mint(name)
    yield Fault("the owner's, but not the associated one", "NotAssociatedAccount", _copied(name))
    yield Fault("somebody else's", "NotAssociatedAccount", _passed(name, s.usdc_of(STRANGER)))
    yield Fault(
        "associated, given away",
        "WrongTokenOwner",
        _replaced(name, _token(lambda token: replace(token, owner=STRANGER))),
    )
    yield Fault("frozen", "TokenAccountFrozen", _replaced(name, _token(TokenAccount.frozen)))


def _derived(name: str) -> Iterator[Fault]:
    """Of an address that must be empty, or may be."""
    for what, address in {
        "nobody's": ELSEWHERE, "a purse": s.usdc_of(s.ADMIN), "another key's": s.revoked_address(bytes([9]) * 32),
        "another market": s.market("never opened").address, "its escrow": s.market("never opened").escrow,
    }.items():  # fmt: skip
        yield Fault(what, "WrongAddress", _passed(name, address))


def _program(name: str) -> Iterator[Fault]:
    for what, address in {"this program": s.PROGRAM_ID, "nobody": ELSEWHERE, "ORAO": s.spec.ORAO_PROGRAM}.items():
        yield Fault(what, "WrongProgram", _passed(name, address))


def _sysvar(name: str) -> Iterator[Fault]:
    def forged(scene: Scene, call: Call) -> Call:
        scene.place(ELSEWHERE, _there(scene, call, name))
        return call.using(**{name: ELSEWHERE})

    yield Fault("a perfect copy", "WrongSysvar", forged)
    yield Fault("another sysvar", "WrongSysvar", _passed(name, s.spec.CLOCK))


def _is(error: str) -> Callable[[str], Iterator[Fault]]:
    """Of an account that must be one certain key."""

    def faults(name: str) -> Iterator[Fault]:
        for what, address in {"a stranger": STRANGER, "nobody": ELSEWHERE, "a token account": s.TREASURY_USDC}.items():
            yield Fault(what, error, _passed(name, address))

    return faults


def _must_not_be_null(name: str) -> Iterator[Fault]:
    """Of a signer whom the later accounts are checked against: the fault is theirs."""
    return iter(())


KINDS: Mapping[str, Callable[[str], Iterator[Fault]]] = {
    "config": _state, "market": _state, "opinion": _state, "vrf_request": _state,
    "escrow": _derived_token, "bond_vault": _derived_token,
    "source": _purse, "creator_usdc": _purse, "staker_usdc": _purse,
    "destination": _paid, "treasury_usdc": _paid,
    "token_program": _program, "system_program": _program, "slot_hashes": _sysvar, "revoked_key": _derived,
}  # fmt: skip
"""What most accounts of a name are."""


def _any_of_the_mint(name: str) -> Iterator[Fault]:
    """Of a destination that its signer names: any account of the mint."""
    yield from _token_account(name)
    yield from _of_the_mint(name)
    yield Fault("frozen", "TokenAccountFrozen", _replaced(name, _token(TokenAccount.frozen)))


def _initial_mint(name: str) -> Iterator[Fault]:
    def mint(**changes: object) -> Callable[[Account], Account]:
        return lambda _: tokens.mint(s.MINT_AUTHORITY, s.FREEZER, **changes)  # type: ignore[arg-type]

    yield Fault("empty", "WrongAccountOwner", _replaced(name, lambda _: None))
    yield Fault("of this program", "WrongAccountOwner", _replaced(name, _owned(s.PROGRAM_ID)))
    for decimals in (0, 5, 7, 9, 255):
        yield Fault(f"{decimals} decimals", "InvalidMint", _replaced(name, mint(decimals=decimals)))
    yield Fault("not initialized", "InvalidMint", _replaced(name, mint(initialized=False)))
    yield Fault("a token account", "InvalidMint", _passed(name, s.usdc_of(s.ADMIN)))
    yield Fault("no data", "InvalidMint", _replaced(name, _data(lambda _: b"")))


def _own_program(name: str) -> Iterator[Fault]:
    yield Fault("another program", "WrongProgram", _passed(name, s.TOKEN_PROGRAM))
    yield Fault("its ProgramData", "WrongProgram", _passed(name, s.PROGRAM_DATA))
    yield Fault("nobody", "WrongProgram", _passed(name, ELSEWHERE))


def _own_program_data(name: str) -> Iterator[Fault]:
    yield Fault("a copy at another address", "WrongAddress", _copied(name))
    yield Fault("of the system program", "WrongAccountOwner", _passed(name, STRANGER))
    yield Fault("the program itself", "WrongAddress", _passed(name, s.PROGRAM_ID))
    for tag in (0, 1, 2, 4):
        change = _data(lambda data, tag=tag: tag.to_bytes(4, "little") + data[4:])
        yield Fault(f"tag {tag}", "WrongDiscriminator", _replaced(name, change))
    forged = (3).to_bytes(4, "little") + bytes(8) + b"\1" + bytes(STRANGER) + bytes(64)

    def hostile(scene: Scene, call: Call) -> Call:
        scene.place(ELSEWHERE, Account(tokens.RENT, forged, s.spec.UPGRADEABLE_LOADER))
        return call.using(admin=STRANGER, program_data=ELSEWHERE)

    yield Fault("a stranger's own", "WrongAddress", hostile)


def _others(error: str, other: Pubkey) -> Callable[[str], Iterator[Fault]]:
    """Of an account of ours that has a twin in the other market."""

    def faults(name: str) -> Iterator[Fault]:
        yield from _state(name)
        yield Fault("another market's", error, _passed(name, other))

    return faults


def _either(error: str, other: Pubkey) -> Callable[[str], Iterator[Fault]]:
    """Of a VrfRequest that may be missing."""

    def faults(name: str) -> Iterator[Fault]:
        for fault in _state(name):
            if fault.what not in ("empty", "of the system program", "of the token program"):
                yield fault
        yield Fault("another market's", error, _passed(name, other))
        yield Fault("an empty address", "WrongAddress", _passed(name, ELSEWHERE))

    return faults


def _orao(name: str) -> Iterator[Fault]:
    yield Fault("of this program", "ExternalRandomnessWrongOwner", _replaced(name, _owned(s.PROGRAM_ID)))
    yield Fault("empty", "ExternalRandomnessWrongOwner", _replaced(name, lambda _: None))
    yield Fault("a copy at another address", "ExternalRandomnessWrongAddress", _copied(name))
    for what, change in {
        "another discriminator": lambda data: bytes([data[0] ^ 1]) + data[1:],
        "another seed": lambda data: data[:41] + bytes(32) + data[73:],
        "cut before the seed": lambda data: data[:41],
        "cut in the randomness": lambda data: data[:-1],
        "no data": lambda _: b"",
    }.items():
        yield Fault(what, "ExternalRandomnessInvalid", _replaced(name, _data(change)))
    for tag in (0, 2, 255):
        change = _data(lambda data, tag=tag: data[:8] + bytes([tag]) + data[9:])
        yield Fault(f"tag {tag}", "ExternalRandomnessNotFulfilled", _replaced(name, change))

    def anothers(scene: Scene, call: Call) -> Call:
        return call.using(randomness=scene.orao_answers(scene.request(ORAO_TWO).alpha))

    yield Fault("another market's", "ExternalRandomnessWrongAddress", anothers)


def _market_of(twin: Pubkey, error: str) -> Callable[[str], Iterator[Fault]]:
    def faults(name: str) -> Iterator[Fault]:
        yield from _state(name)
        yield Fault("another market", error, _passed(name, twin), blames="vrf_request")

    return faults


SPECIAL: Mapping[tuple[str, str], Callable[[str], Iterator[Fault]]] = {
    ("initialize", "admin"): _is("NotUpgradeAuthority"),
    ("initialize", "config"): _derived,
    ("initialize", "bond_vault"): _derived,
    ("initialize", "usdc_mint"): _initial_mint,
    ("initialize", "program"): _own_program,
    ("initialize", "program_data"): _own_program_data,
    ("propose_authority", "admin"): _is("NotAdmin"),
    ("accept_authority", "authority"): _must_not_be_null,
    ("set_paused", "authority"): _is("NotGuardianOrAdmin"),
    ("set_randomness", "admin"): _is("NotAdmin"),
    ("revoke_randomness_key", "admin"): _is("NotAdmin"),
    ("deposit_bond", "depositor"): _must_not_be_null,
    ("withdraw_bond", "admin"): _is("NotAdmin"),
    ("withdraw_bond", "destination"): _any_of_the_mint,
    ("create_market", "creator"): _must_not_be_null,
    ("create_market", "market"): _derived,
    ("create_market", "escrow"): _derived,
    ("create_market", "usdc_mint"): _is("WrongMint"),
    ("stake_opinion", "staker"): _must_not_be_null,
    ("stake_opinion", "opinion"): _derived,
    ("record_sentiment", "oracle"): _is("NotOracle"),
    ("request_vrf_randomness", "payer"): _must_not_be_null,
    ("request_vrf_randomness", "vrf_request"): _derived,
    ("capture_slot_hash", "market"): _market_of(TWO.address, "WrongMarket"),
    ("capture_slot_hash", "vrf_request"): _others("WrongMarket", TWO.vrf_request),
    ("rearm_slot_hash", "market"): _market_of(TWO.address, "WrongMarket"),
    ("rearm_slot_hash", "vrf_request"): _others("WrongMarket", TWO.vrf_request),
    ("fulfill_vrf_randomness", "market"): _market_of(TWO.address, "WrongMarket"),
    ("fulfill_vrf_randomness", "vrf_request"): _others("WrongMarket", TWO.vrf_request),
    ("fulfill_vrf_external", "market"): _market_of(ORAO_TWO.address, "WrongMarket"),
    ("fulfill_vrf_external", "vrf_request"): _others("WrongMarket", ORAO_TWO.vrf_request),
    ("fulfill_vrf_external", "randomness"): _orao,
    ("run_lottery_with_vrf", "vrf_request"): _others("WrongMarket", TWO.vrf_request),
    ("run_lottery_with_vrf", "opinion"): _others("WrongMarket", TWO.opinion(STAKERS[0])),
    ("claim_prize", "winner"): _is("WrongRecipient"),
    ("recover_stake", "opinion"): _others("WrongMarket", TWO.opinion(STAKERS[0])),
    ("recover_stake", "staker"): _is("WrongStaker"),
    ("collect_fee", "treasury"): _is("WrongRecipient"),
    ("expire_market", "vrf_request"): _either("WrongMarket", TWO.vrf_request),
    ("close_opinion", "opinion"): _others("WrongMarket", TWO.opinion(STAKERS[0])),
    ("close_opinion", "staker"): _is("WrongStaker"),
    ("finish_market", "vrf_request"): _either("WrongMarket", TWO.vrf_request),
    ("finish_market", "creator"): _is("WrongRecipient"),
    ("finish_market", "vrf_payer"): _is("WrongPayer"),
}
assert ORAO_ONE

SAME = {
    "deposit_bond": ("source", "bond_vault"),
    "withdraw_bond": ("destination", "bond_vault"),
    "create_market": ("treasury_usdc", "creator_usdc"),
    "stake_opinion": ("staker_usdc", "escrow"),
    "claim_prize": ("destination", "escrow"),
    "recover_stake": ("destination", "escrow"),
    "collect_fee": ("destination", "escrow"),
}
"""Accounts that must differ: money moves between them."""


def faults(instruction: str, account: str) -> Iterator[Fault]:
    """Everything that can be wrong with one account."""
    spec = next(one for one in idl.load().instructions[instruction].accounts if one.name == account)
    if spec.signer:
        yield Fault("unsigned", "MissingSignature", lambda _, call: call.without_signature(account))
    if spec.writable:
        yield Fault("read-only", "NotWritable", lambda _, call: call.with_read_only(account))
    yield from SPECIAL.get((instruction, account), KINDS.get(account, _must_not_be_null))(account)
    if account in SAME.get(instruction, ())[:1]:
        other = SAME[instruction][1]
        yield Fault(
            f"the same as {other}", "DuplicateAccount", lambda _, call: call.using(**{account: call.accounts[other]})
        )


def rows() -> Iterator[Row]:
    """The table."""
    for name, spec in idl.load().instructions.items():
        base = BASES[name]
        for count in range(len(spec.accounts)):
            yield Row(
                name,
                f"only {count} accounts",
                "NotEnoughAccounts",
                base,
                lambda _, call, count=count: call.cut_to(count),
            )
        for account in spec.accounts:
            for fault in faults(name, account.name):
                blamed = None if fault.error in UNNAMED else fault.blames or account.name
                yield Row(name, f"{account.name}: {fault.what}", fault.error, base, fault.bend, blamed)


UNNAMED = {"ExternalRandomnessInvalid", "ExternalRandomnessNotFulfilled"}
"""Errors about what an account says, not which account it is."""
