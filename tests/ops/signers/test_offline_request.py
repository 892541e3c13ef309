"""What is carried to a machine without a network, and how: as text, in parts, as QR codes."""

from dataclasses import replace
from random import Random

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from chain.errors import ChainError
from chain.multisig.stored import StoredTransaction, read_payload
from chain.multisig.v3.adapter import SquadsV3
from chain.multisig.v4.adapter import SquadsV4
from chain.units import UnixTime
from ops.errors import UsageError
from ops.signers.qr import drawn, longest_text
from ops.signers.request import Request, read_request

VAULT, PAYEE = Keypair().pubkey(), Keypair().pubkey()
STORED = StoredTransaction(
    multisig=Keypair().pubkey(),
    index=12,
    creator=Pubkey.default(),
    authority=VAULT,
    authority_index=0,
    instructions=(transfer(TransferParams(from_pubkey=VAULT, to_pubkey=PAYEE, lamports=5)),),
)
REQUEST = Request(
    multisig=STORED.multisig,
    number=12,
    act="approve",
    memo="",
    member=Keypair().pubkey(),
    courier=Keypair().pubkey(),
    made_at=UnixTime(1_800_000_000),
    value=bytes(range(32)),
    limit=40_000,
    price=7,
    payload=STORED.payload,
)


def test_a_payload_says_what_is_stored_and_nothing_more() -> None:
    assert read_payload(STORED.payload) == STORED
    for wrong in (b"", STORED.payload[1:], STORED.payload[:-1], STORED.payload + b"\0"):
        with pytest.raises(ChainError):
            read_payload(wrong)


@given(order=st.randoms(use_true_random=False), longest=st.integers(40, 2000), noise=st.lists(st.text(max_size=20)))
def test_parts_are_read_in_any_order_and_among_anything(order: Random, longest: int, noise: list[str]) -> None:
    parts = REQUEST.parts(longest)
    assert all(len(part) <= longest for part in parts)
    lines = [*parts, *parts[:1], *noise]
    order.shuffle(lines)
    assert read_request(lines) == REQUEST


@given(place=st.integers(0, 10_000), letter=st.sampled_from("ABCXYZ234567:"))
def test_a_letter_that_changed_on_the_way_is_noticed(place: int, letter: str) -> None:
    [text] = REQUEST.parts()
    at = place % len(text)
    if text[at] == letter:
        return
    with pytest.raises((UsageError, ChainError)):
        read_request([text[:at] + letter + text[at + 1 :]])


@given(st.lists(st.text(max_size=200), max_size=5))
def test_whatever_is_handed_in_is_refused_in_words(lines: list[str]) -> None:
    with pytest.raises((UsageError, ChainError)):
        read_request([*lines, "OM1:1:1:ABCDEFGH:" + "".join(lines)])


def test_what_is_missing_is_told() -> None:
    parts = REQUEST.parts(200)
    with pytest.raises(UsageError, match=f"Of the request's {len(parts)} parts 2 are missing"):
        read_request(parts[:1] + parts[2:])
    with pytest.raises(UsageError, match="parts of several requests"):
        read_request([parts[0], *replace(REQUEST, number=13).parts(200)])


@pytest.mark.parametrize("change", ["number", "act", "memo", "member", "made_at", "payload", "courier", "multisig"])
def test_the_nonce_is_for_this_vote_alone(change: str) -> None:
    other = {"number": 13, "act": "reject", "memo": "no", "made_at": UnixTime(1_800_000_001), "payload": b"else"}
    changed = replace(REQUEST, **{change: other.get(change, Keypair().pubkey())})
    assert changed.nonce.address != REQUEST.nonce.address


@pytest.mark.parametrize("adapter", [SquadsV3(), SquadsV4()])
def test_both_sides_build_the_same_message(adapter: SquadsV3 | SquadsV4) -> None:
    messages = {act: replace(REQUEST, act=act).message(adapter) for act in ("approve", "reject", "cancel")}
    for act, message in messages.items():
        signers = message.account_keys[: message.header.num_required_signatures]
        assert set(signers) == {REQUEST.member, REQUEST.courier}
        assert signers[0] == REQUEST.courier
        assert read_request(replace(REQUEST, act=act).parts()).message(adapter) == message
    assert len({bytes(message) for message in messages.values()}) == 3
    with pytest.raises(UsageError, match="nothing that an offline key does"):
        replace(REQUEST, act="execute").message(adapter)


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (80, 22), (120, 40), (200, 90), (30, 60)])
def test_a_camera_reads_the_codes_that_a_terminal_shows(columns: int, lines: int) -> None:
    parts = REQUEST.parts(longest_text(columns, lines))
    for part in parts:
        rows = drawn(part).splitlines()
        assert len(rows) <= lines
        assert max(map(len, rows)) <= columns
        assert _photographed(rows) == part
    assert read_request(parts) == REQUEST


def test_a_terminal_without_room_has_no_code() -> None:
    assert longest_text(20, 10) == 0
    assert longest_text(80, 24) > longest_text(80, 20) > 0


def _photographed(rows: list[str]) -> str:
    """What a reader of QR codes sees in half blocks, light on dark."""
    size, width = 4, max(map(len, rows))
    modules = [[letter in light for letter in row.ljust(width)] for row in rows for light in ("█▀", "█▄")]
    picture = b"".join(bytes(255 * light for light in line for _ in range(size)) * size for line in modules)
    shape = (len(modules) * size, width * size)
    [found] = zxingcpp.read_barcodes(memoryview(picture).cast("B", shape=shape))
    return found.text
