"""Accounts: byte for byte what anchorpy reads and writes, and nothing else."""

import contextlib
from dataclasses import fields
from typing import Any

import chain_idl as idl
import pytest
from anchorpy.coder.accounts import AccountsCoder
from anchorpy.program.common import NamedInstruction
from hypothesis import given, settings
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from chain import accounts
from chain.accounts import RECEIPT_LENGTH, Market, MarketReceipt, Opinion, ProgramConfig, RevokedKey, VrfRequest
from chain.constants import PROGRAM_ID
from chain.errors import AccountError, ForeignAccount, MalformedData, UnexpectedAccount, UnknownAccountVersion

KINDS = [ProgramConfig, Market, Opinion, VrfRequest, MarketReceipt, RevokedKey]
CODER = AccountsCoder(idl.parsed())
LENGTHS = {ProgramConfig: 377, Opinion: 135, VrfRequest: 340, MarketReceipt: 467, RevokedKey: 50}


def example(kind: type[Any]) -> Any:
    """One account with every field at its smallest."""
    return kind.from_bytes((kind.DISCRIMINATOR + b"\1").ljust(LENGTHS.get(kind, RECEIPT_LENGTH), b"\0"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_account_of_the_idl_has_a_class_with_its_fields(kind: type[Any]) -> None:
    known = {entry["name"]: [idl.snake(f["name"]) for f in entry["type"]["fields"]] for entry in idl.raw()["accounts"]}
    assert known[kind.__name__] == [f.name for f in fields(kind)]
    assert set(known) == {k.__name__ for k in KINDS}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_accounts_are_byte_for_byte_anchors(kind: type[Any], data: st.DataObject) -> None:
    value = data.draw(idl.values_of(kind))
    anchors = CODER.build(NamedInstruction(data=idl.anchor_fields(value), name=kind.__name__))
    ours = value.to_bytes()
    assert ours.rstrip(b"\0") == anchors.rstrip(b"\0")
    assert len(ours) == (max(len(anchors), RECEIPT_LENGTH) if kind is Market else len(anchors))
    assert kind.from_bytes(ours) == value
    read = CODER.parse(ours).data
    assert {f.name: idl.anchor_value(getattr(value, f.name)) for f in fields(value)} == {
        f.name: list(v) if isinstance(v := getattr(read, f.name), list) else v for f in fields(value)
    }


@pytest.mark.parametrize(("kind", "length"), LENGTHS.items())
def test_lengths_are_the_protocols(kind: type[Any], length: int) -> None:
    assert len(example(kind).to_bytes()) == length


@pytest.mark.parametrize("kind", KINDS)
@given(cut=st.integers(0, 600), more=st.binary(min_size=1, max_size=3))
def test_no_other_length_is_accepted(kind: type[Any], cut: int, more: bytes) -> None:
    good = example(kind).to_bytes()
    with pytest.raises(AccountError):
        kind.from_bytes(good[: min(cut, len(good) - 1)])
    with pytest.raises(MalformedData):
        kind.from_bytes(good + more)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=200)
@given(noise=st.binary(max_size=500))
def test_noise_never_raises_anything_else(kind: type[Any], noise: bytes) -> None:
    for data in (noise, kind.DISCRIMINATOR + noise, kind.DISCRIMINATOR + b"\1" + noise.ljust(458, b"\7")):
        with contextlib.suppress(AccountError):
            kind.from_bytes(data)


def test_a_markets_padding_is_zero() -> None:
    good = example(Market).to_bytes()
    with pytest.raises(MalformedData, match="padding"):
        Market.from_bytes(good[:-1] + b"\1")


def test_bools_and_enums_hold_only_their_members() -> None:
    good = example(Opinion).to_bytes()
    with pytest.raises(MalformedData, match="neither true nor false"):
        Opinion.from_bytes(good[:10] + b"\2" + good[11:])
    market = example(Market).to_bytes()
    with pytest.raises(MalformedData, match="6 is no MarketState"):
        Market.from_bytes(market[:9] + b"\6" + market[10:])


def test_owner_kind_and_version_are_checked() -> None:
    data = example(Opinion).to_bytes()
    assert Opinion.from_account(PROGRAM_ID, data) == example(Opinion)
    with pytest.raises(ForeignAccount):
        Opinion.from_account(Pubkey.default(), data)
    with pytest.raises(UnexpectedAccount):
        Market.from_bytes(data)
    with pytest.raises(UnknownAccountVersion, match="version 02"):
        Opinion.from_bytes(data[:8] + b"\2" + data[9:])


@pytest.mark.parametrize("kind", KINDS)
def test_decode_tells_the_kind(kind: type[Any]) -> None:
    account = example(kind)
    assert accounts.decode(PROGRAM_ID, account.to_bytes()) == account
    if kind in (Market, MarketReceipt):
        assert accounts.decode_market(PROGRAM_ID, account.to_bytes()) == account
    else:
        with pytest.raises(UnexpectedAccount, match=kind.__name__):
            accounts.decode_market(PROGRAM_ID, account.to_bytes())


def test_an_opinion_covers_its_half_open_interval() -> None:
    opinion = Opinion(1, 0, False, Pubkey.default(), Pubkey.default(), 10, 5, 0, bytes(32), "a")  # type: ignore[arg-type]
    assert [opinion.covers(at) for at in (9, 10, 14, 15)] == [False, True, True, False]
