"""Squads v4 and v3: accounts and instructions byte for byte what anchorpy makes of the published interfaces."""

import copyreg
import json
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_args

import attr
import chain_idl as idl
import pytest
from anchorpy.coder.accounts import AccountsCoder
from anchorpy.coder.instruction import InstructionCoder
from anchorpy.program.common import NamedInstruction
from anchorpy_core.idl import Idl
from hypothesis import given, settings
from hypothesis import strategies as st
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from chain.errors import ForeignAccount, InvalidValue, MalformedData, UnexpectedAccount
from chain.multisig.model import EVERY_ROLE, Member, Roles
from chain.multisig.v3 import accounts as v3_accounts
from chain.multisig.v3 import addresses as v3_addresses
from chain.multisig.v3 import instructions as v3_instructions
from chain.multisig.v4 import accounts, addresses, instructions
from chain.multisig.v4.message import compile_message, instructions_of, static_metas
from chain.units import Seconds
from chain.wire import codec_of
from tests.idls import published

# anchorpy's enums are made with a part of attrs that is about to go.
pytestmark = pytest.mark.filterwarnings("ignore:The `repr_ns` argument:DeprecationWarning")
# What anchorpy writes it copies first, and solders' keys cannot be copied.
copyreg.pickle(Pubkey, lambda key: (Pubkey.from_bytes, (bytes(key),)))
V4, V3 = "squads_multisig_v4.json", "squads_mpl_v3.json"
KINDS = [
    (V4, accounts.Multisig),
    (V4, accounts.Proposal),
    (V4, accounts.VaultTransaction),
    (V4, accounts.ConfigTransaction),
    (V3, v3_accounts.Ms),
    (V3, v3_accounts.MsTransaction),
    (V3, v3_accounts.MsInstruction),
]
A, B, C, D = (Pubkey(bytes((n,)) * 32) for n in range(1, 5))


@cache
def interface(name: str) -> Any:
    return json.loads(published(name))


@cache
def account_coder(name: str) -> AccountsCoder:
    return AccountsCoder(Idl.from_json(published(name)))


@cache
def instruction_coder(name: str) -> InstructionCoder:
    return InstructionCoder(Idl.from_json(published(name)))


def ours_plain(value: Any) -> Any:
    """A value of ours as names and numbers; one of several dataclasses with its name."""
    if isinstance(value, Member):
        return {"key": value.key, "permissions": {"mask": int(value.roles)}}
    if is_dataclass(value):
        found = {f.name: ours_plain(getattr(value, f.name)) for f in fields(value)}
        chosen = isinstance(value, get_args(accounts.ConfigAction) + get_args(accounts.ProposalStatus))
        return (type(value).__name__, found) if chosen else found
    if isinstance(value, accounts.Period | v3_accounts.MsTransactionStatus):
        return value.name.title().replace("_", ""), {}
    if isinstance(value, bytes | tuple):
        return [ours_plain(each) for each in value]
    return value


def anchors_plain(value: Any) -> Any:
    """The same of a value that anchorpy read; an enum without fields is its variant's name with none."""
    if is_dataclass(value):
        return {f.name: anchors_plain(getattr(value, f.name)) for f in fields(value)}
    if attr.has(type(value)):
        found = {f.name: anchors_plain(getattr(value, f.name)) for f in attr.fields(type(value))}
        return type(value).__name__, found
    if isinstance(value, list | bytes):
        return [anchors_plain(each) for each in value]
    return value


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_every_account_that_is_read_has_the_fields_of_the_idl(name: str, kind: type[Any]) -> None:
    declared = {
        one["name"]: [idl.snake(f["name"]) for f in one["type"]["fields"]] for one in interface(name)["accounts"]
    }
    assert declared[kind.__name__] == [f.name for f in fields(kind)]


@pytest.mark.parametrize(("name", "kind"), KINDS)
@settings(max_examples=20, deadline=None)
@given(data=st.data(), room=st.integers(0, 40))
def test_accounts_are_byte_for_byte_anchors(name: str, kind: type[Any], data: st.DataObject, room: int) -> None:
    value = data.draw(idl.values_of(kind))
    ours = kind.DISCRIMINATOR + codec_of(kind).encode(value)
    read = account_coder(name).parse(ours)
    if kind is not accounts.ConfigTransaction:
        # anchorpy cannot write an enum within an enum, which a spending limit's period is.
        assert account_coder(name).build(NamedInstruction(data=vars(read.data), name=kind.__name__)) == ours
    assert (read.name, anchors_plain(read.data)) == (kind.__name__, ours_plain(value))
    assert kind.from_account(D, ours + bytes(room), D) == value
    with pytest.raises(MalformedData):
        kind.from_account(D, ours + b"\1", D)
    with pytest.raises(ForeignAccount):
        kind.from_account(A, ours, D)
    with pytest.raises(UnexpectedAccount):
        kind.from_account(D, b"\0" + ours[1:], D)


PAY = Instruction(D, b"pay", [AccountMeta(A, True, True), AccountMeta(B, False, True), AccountMeta(C, False, False)])
MESSAGE = compile_message([PAY])
STORED = accounts.VaultTransaction(A, B, 7, 255, 0, 254, b"", MESSAGE)
PAID = v3_accounts.MsInstruction(
    D, (v3_accounts.MsAccountMeta(A, True, True), v3_accounts.MsAccountMeta(B, True, False)), b"pay", 1, 255, False
)
V4_BUILT = [
    instructions.create_multisig(
        create_key=A, creator=B, treasury=C, members=[Member(D, EVERY_ROLE), Member(B, Roles.VOTE)], threshold=2,
        time_lock=Seconds(60), rent_collector=D,
    ),
    instructions.create_vault_transaction(
        multisig=A, index=7, creator=B, rent_payer=C, vault_index=1, message=MESSAGE
    ),
    instructions.create_config_transaction(
        multisig=A, index=7, creator=B, rent_payer=C,
        actions=[accounts.AddMember(Member(D, EVERY_ROLE)), accounts.ChangeThreshold(3), accounts.SetTimeLock(5)],
    ),
    instructions.create_proposal(multisig=A, index=7, creator=B, rent_payer=C, draft=True),
    instructions.activate_proposal(multisig=A, index=7, member=B),
    instructions.approve(multisig=A, index=7, member=B, memo="seen"),
    instructions.reject(multisig=A, index=7, member=B),
    instructions.cancel(multisig=A, index=7, member=B),
    instructions.execute_vault_transaction(multisig=A, transaction=STORED, member=B),
    instructions.execute_config_transaction(multisig=A, index=7, member=B, rent_payer=C),
    instructions.close_vault_transaction(multisig=A, index=7, rent_collector=C),
    instructions.close_config_transaction(multisig=A, index=7, rent_collector=C),
]  # fmt: skip
V3_BUILT = [
    v3_instructions.create_multisig(create_key=A, creator=B, members=[C, D], threshold=2),
    v3_instructions.create_transaction(multisig=A, index=7, creator=B, authority_index=1),
    v3_instructions.add_instruction(multisig=A, index=7, number=1, instruction=PAY, creator=B),
    v3_instructions.activate_transaction(multisig=A, index=7, creator=B),
    v3_instructions.approve(multisig=A, index=7, member=B),
    v3_instructions.reject(multisig=A, index=7, member=B),
    v3_instructions.cancel(multisig=A, index=7, member=B),
    v3_instructions.execute_transaction(multisig=A, index=7, authority=A, instructions=[PAID], member=B),
    v3_instructions.add_member(multisig=A, member=B),
    v3_instructions.remove_member(multisig=A, member=B),
    v3_instructions.change_threshold(multisig=A, threshold=3),
]
BUILT = [*((V4, one) for one in V4_BUILT), *((V3, one) for one in V3_BUILT)]


def flat(declared: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An instruction's accounts, those of its groups too."""
    return [leaf for one in declared for leaf in (flat(one["accounts"]) if "accounts" in one else [one])]


@pytest.mark.parametrize(("name", "ours"), BUILT)
def test_instructions_are_byte_for_byte_anchors(name: str, ours: Instruction) -> None:
    named = instruction_coder(name).parse(ours.data)
    assert instruction_coder(name).encode(named.name, dict(named.data)) == ours.data
    by_name = {one["name"]: one for one in interface(name)["instructions"]}
    declared = flat(by_name[idl.camel(named.name)]["accounts"])
    assert [(a["isSigner"], a["isMut"]) for a in declared] == [
        (meta.is_signer, meta.is_writable) for meta in ours.accounts[: len(declared)]
    ]


def test_v3_gives_each_account_once_and_says_which_goes_where() -> None:
    built = V3_BUILT[7]
    stored = v3_addresses.instruction(v3_addresses.transaction(A, 7), 1)
    # The multisig is the authority, which the program signs for; B signs itself.
    assert [(m.pubkey, m.is_signer, m.is_writable) for m in built.accounts[3:]] == [
        (stored, False, False),
        (D, False, False),
        (A, False, True),
        (B, True, False),
    ]
    assert built.data[8:] == b"\4\0\0\0\0\1\2\3"


keys = st.sampled_from([A, B, C, D, addresses.PROGRAM_ID])
metas = st.builds(AccountMeta, keys, st.booleans(), st.booleans())
wishes = st.builds(Instruction, keys, st.binary(max_size=300), st.lists(metas, max_size=6))


@given(st.lists(wishes, min_size=1, max_size=4))
def test_what_is_proposed_is_what_is_read(wanted: list[Instruction]) -> None:
    message = compile_message(wanted)
    assert len(set(message.account_keys)) == len(message.account_keys)
    read = instructions_of(message)
    assert [(i.program_id, i.data, [m.pubkey for m in i.accounts]) for i in read] == [
        (i.program_id, i.data, [m.pubkey for m in i.accounts]) for i in wanted
    ]
    merged = {meta.pubkey: meta for meta in static_metas(message)}
    for key, meta in merged.items():
        named = [m for one in wanted for m in one.accounts if m.pubkey == key]
        assert meta.is_signer == any(m.is_signer for m in named)
        assert meta.is_writable == any(m.is_writable for m in named)


def test_a_message_whose_numbers_name_nothing_is_refused() -> None:
    bent = accounts.CompiledInstruction(9, b"", b"")
    with pytest.raises(MalformedData, match="does not have"):
        instructions_of(accounts.VaultTransactionMessage(0, 0, 0, (A,), (bent,), ()))
    with pytest.raises(MalformedData, match="than it has keys"):
        static_metas(accounts.VaultTransactionMessage(1, 2, 0, (A,), (), ()))


def test_what_takes_accounts_from_tables_is_not_executed() -> None:
    lookup = accounts.TableLookup(A, b"\0", b"")
    message = accounts.VaultTransactionMessage(0, 0, 0, (D,), (), (lookup,))
    with pytest.raises(MalformedData, match="takes 1 accounts from tables, and 0 are known"):
        instructions_of(message)
    with pytest.raises(InvalidValue, match="lookup tables"):
        instructions.execute_vault_transaction(
            multisig=A, transaction=accounts.VaultTransaction(A, B, 1, 1, 0, 1, b"", message), member=B
        )


def test_the_vault_signs_by_the_program_and_a_member_by_itself() -> None:
    vault = addresses.vault(A, 0)
    pay = Instruction(D, b"", [AccountMeta(vault, True, True), AccountMeta(B, True, False)])
    stored = accounts.VaultTransaction(A, B, 1, 1, 0, 1, b"", compile_message([pay]))
    built = instructions.execute_vault_transaction(multisig=A, transaction=stored, member=C)
    assert {str(m.pubkey): m.is_signer for m in built.accounts[4:]} == {str(vault): False, str(B): True, str(D): False}
