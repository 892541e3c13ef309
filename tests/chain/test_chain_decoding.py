"""Instructions in words: each that we build is understood, and nothing else is."""

from dataclasses import fields
from typing import Any

import chain_idl as idl
import pytest
from chain_calls import BUILDERS, calls, entry
from hypothesis import given, settings
from hypothesis import strategies as st
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.system_program import AdvanceNonceAccountParams, TransferParams, advance_nonce_account, transfer

from chain import instructions
from chain.constants import PROGRAM_ID, TOKEN_PROGRAM_ID, UPGRADEABLE_LOADER_ID
from chain.decoding import Decoder
from chain.decoding.market import SHAPES
from chain.errors import NotUnderstood
from chain.token import create_associated_account
from chain.units import Stake

A, B, C, D = (Pubkey(bytes((n,)) * 32) for n in range(1, 5))
RENAMED = {"bond_share_bps": "bond_share", "randomness_provider": "provider"}
RECORD = instructions.record_sentiment(oracle=A, market=B, score=81, confidence=64, summary_hash=bytes(range(32)))


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_is_the_idls(name: str) -> None:
    declared = entry(name)
    flags = [("s" * one["isSigner"], "w" * one["isMut"], idl.snake(one["name"])) for one in declared["accounts"]]
    ours = [one.partition(":") for one in SHAPES[name].accounts.split()]
    assert [(role, set(given)) for role, _, given in ours] == [(role, {*s, *w}) for s, w, role in flags]
    assert [f.name for f in fields(SHAPES[name].arguments)] == [idl.snake(one["name"]) for one in declared["args"]]


def test_every_instruction_has_a_shape() -> None:
    assert set(SHAPES) == set(BUILDERS)


@pytest.mark.parametrize("name", BUILDERS)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_what_is_built_is_understood(name: str, data: st.DataObject) -> None:
    call = data.draw(calls(name))
    built: Instruction = BUILDERS[name](**call)
    read = Decoder(call["program"]).decode(built)
    assert (read.name, read.program_name) == (name, "opinion-market")
    assert [(one.key, one.signs, one.writes) for one in read.accounts] == [
        (meta.pubkey, meta.is_signer, meta.is_writable) for meta in built.accounts
    ]
    for argument, value in read.arguments.items():
        wanted: Any = call[RENAMED.get(argument, argument)]
        assert value == (wanted.units if isinstance(wanted, Stake) else wanted)


def test_accounts_are_found_by_their_role() -> None:
    read = Decoder().decode(RECORD)
    assert (read.account("oracle"), read.account("market")) == (A, B)
    assert read.arguments == {"score": 81, "confidence": 64, "summary_hash": bytes(range(32))}


@given(st.binary(min_size=1, max_size=40))
def test_a_byte_too_many_is_not_understood(more: bytes) -> None:
    with pytest.raises(NotUnderstood, match="record_sentiment of opinion-market is followed by"):
        Decoder().decode(Instruction(PROGRAM_ID, RECORD.data + more, RECORD.accounts))


@given(st.binary(max_size=60))
def test_noise_is_not_understood_or_exactly_an_instruction(noise: bytes) -> None:
    with pytest.raises(NotUnderstood):
        Decoder().decode(Instruction(PROGRAM_ID, noise, RECORD.accounts))


@pytest.mark.parametrize(
    ("accounts", "said"),
    [
        (RECORD.accounts[:2], "takes 3 accounts, and here are 2"),
        ([*RECORD.accounts, AccountMeta(C, False, False)], "takes 3 accounts, and here are 4"),
        ([AccountMeta(A, False, False), *RECORD.accounts[1:]], f"oracle has to sign in .*, and {A} does not"),
        ([*RECORD.accounts[:2], AccountMeta(B, False, False)], f"market has to be writable in .*, and {B} does not"),
    ],
)
def test_other_accounts_are_not_understood(accounts: list[AccountMeta], said: str) -> None:
    with pytest.raises(NotUnderstood, match=said):
        Decoder().decode(Instruction(PROGRAM_ID, RECORD.data, accounts))


def test_more_flags_than_needed_are_the_messages() -> None:
    metas = [AccountMeta(meta.pubkey, True, True) for meta in RECORD.accounts]
    assert Decoder().decode(Instruction(PROGRAM_ID, RECORD.data, metas)).name == "record_sentiment"


def test_money_that_moves_is_understood() -> None:
    paid = Decoder().decode(transfer(TransferParams(from_pubkey=A, to_pubkey=B, lamports=7)))
    assert (paid.program_name, paid.name, paid.arguments) == ("the system program", "transfer", {"lamports": 7})
    metas = [AccountMeta(A, False, True), AccountMeta(B, False, True), AccountMeta(C, True, False)]
    token = Decoder().decode(Instruction(TOKEN_PROGRAM_ID, b"\3" + (9).to_bytes(8, "little"), metas))
    assert (token.name, token.arguments, token.account("authority")) == ("transfer", {"amount": 9}, C)
    made = create_associated_account(payer=A, owner=B, mint=C)
    assert Decoder().decode(made).name.startswith("create")
    assert Decoder().decode(Instruction(made.program_id, b"", made.accounts)).name == "create"


UPGRADE = [AccountMeta(A, False, True)] * 4 + [AccountMeta(B, False, False)] * 2 + [AccountMeta(C, True, False)]


@pytest.mark.parametrize(("data", "arguments"), [("03000000", {}), ("0300000001", {"close_buffer": True})])
def test_an_upgrade_is_understood_in_both_lengths(data: str, arguments: dict[str, Any]) -> None:
    read = Decoder().decode(Instruction(UPGRADEABLE_LOADER_ID, bytes.fromhex(data), UPGRADE))
    assert (read.name, read.arguments, read.account("authority")) == ("upgrade", arguments, C)


@pytest.mark.parametrize("data", ["", "03", "0300000002", "030000000101", "09000000"])
def test_what_the_loader_would_read_otherwise_is_not_understood(data: str) -> None:
    with pytest.raises(NotUnderstood):
        Decoder().decode(Instruction(UPGRADEABLE_LOADER_ID, bytes.fromhex(data), UPGRADE))


def test_a_durable_nonce_and_a_foreign_program_are_refused_with_the_reason() -> None:
    nonce = advance_nonce_account(AdvanceNonceAccountParams(nonce_pubkey=A, authorized_pubkey=B))
    with pytest.raises(NotUnderstood, match="durable nonce"):
        Decoder().decode(nonce)
    with pytest.raises(NotUnderstood, match=f"is for {D}, which is no program"):
        Decoder().decode(Instruction(D, b"", []))
