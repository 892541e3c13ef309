"""The pure parts, against what they claim for every input."""

import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.account import Account
from solders.hash import Hash
from solders.pubkey import Pubkey

from opinion_localnet import base58, chain
from opinion_localnet.addresses import TOKEN_PROGRAM
from opinion_localnet.bank.blockhashes import BlockId, RecentBlocks, next_hashes
from opinion_localnet.bank.clock import ChainTime
from opinion_localnet.bank.records import Commitment
from opinion_localnet.bank.versions import AccountVersions
from opinion_localnet.encoding.errors import describe
from opinion_localnet.encoding.tokens import ui_amount
from opinion_localnet.pubsub import hub
from opinion_localnet.pubsub.subscriptions import SignatureWanted
from opinion_localnet.rpc.errors import RpcError
from opinion_localnet.rpc.filters import check_token_filters, parse_filters

ADDRESSES = [Pubkey.new_unique() for _ in range(4)]


@given(st.binary(max_size=1300))
def test_base58_comes_back(data: bytes) -> None:
    assert base58.decode(base58.encode(data)) == data


@given(st.binary(min_size=32, max_size=32))
def test_base58_is_what_solders_writes(data: bytes) -> None:
    assert base58.encode(data) == str(Pubkey.from_bytes(data))


def test_base58_names_the_wrong_character() -> None:
    with pytest.raises(base58.InvalidBase58Error, match="index: 2"):
        base58.decode("11O")


@given(st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=6), min_size=1, max_size=12))
def test_old_versions_are_what_they_were(slots: list[list[tuple[int, int]]]) -> None:
    """Against a plain copy of the whole state at the end of every slot."""
    versions, newest = AccountVersions(), dict[Pubkey, Account]()
    snapshots: list[dict[Pubkey, Account]] = []
    for slot, writes in enumerate(slots):
        versions.begin(slot)
        for which, lamports in writes:
            address = ADDRESSES[which]
            versions.remember(address, newest.get(address))
            newest.pop(address, None)
            if lamports:
                newest[address] = Account(lamports, b"", Pubkey.default())
        snapshots.append(dict(newest))
    for slot, snapshot in enumerate(snapshots):
        changed = versions.changed_since(slot)
        for address in ADDRESSES:
            found, before = versions.lookup(address, slot)
            assert (before if found else newest.get(address)) == snapshot.get(address)
            assert found == (address in changed)


@given(st.integers(0, 2**64 - 1), st.integers(0, 12))
def test_a_token_amount_is_written_exactly(amount: int, decimals: int) -> None:
    shown = ui_amount(amount, decimals)
    whole, _, fraction = str(shown["uiAmountString"]).partition(".")
    assert int(whole + fraction.ljust(decimals, "0")) == amount
    assert not fraction.endswith("0")


@given(st.binary(max_size=60), st.integers(0, 80), st.binary(min_size=1, max_size=8))
def test_memcmp_compares_at_its_offset(data: bytes, offset: int, wanted: bytes) -> None:
    keep = parse_filters([{"memcmp": {"offset": offset, "bytes": base58.encode(wanted)}}])
    assert keep(data) == (data[offset : offset + len(wanted)] == wanted)


def test_blockhashes_are_valid_for_150_blocks() -> None:
    first, bank = next_hashes(Hash.default(), 0, [])
    recent = RecentBlocks([BlockId(0, 0, first, bank)])
    for slot in range(1, 200):
        blockhash, bank = next_hashes(recent.latest.blockhash, slot, [])
        recent.append(BlockId(slot, slot, blockhash, bank))
    assert recent.is_valid(str(first), 150)
    assert not recent.is_valid(str(first), 151)
    assert not recent.is_valid(str(recent.latest.blockhash), 198)


def next_hashes_of_nothing():
    from solders.hash import Hash

    return Hash.default()


def test_time_does_not_run_backwards() -> None:
    host = [100.0]
    clock = ChainTime(lambda: host[0])
    assert clock.now() == 100
    host[0] = 50.0
    assert clock.now() == 100
    clock.advance(1000)
    assert clock.now() == 1050


@pytest.mark.parametrize("jump", [86_400.0, -86_400.0])
def test_a_host_clock_that_is_set_does_not_move_the_chains(monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    clock = chain._chain_time(0.0, 0)
    started = clock.now()
    actual = time.time
    monkeypatch.setattr(time, "time", lambda: actual() + jump)
    assert started <= clock.now() <= started + 60


def test_a_chain_whose_ledger_is_ahead_of_the_host_goes_on_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [50.0]
    monkeypatch.setattr(time, "clock_gettime", lambda _: now[0])
    newest = int(time.time()) + 3600
    clock = chain._chain_time(0.0, newest)
    assert clock.now() == newest
    now[0] += 10
    assert newest + 9 <= clock.now() <= newest + 10


@pytest.mark.parametrize(
    ("err", "words"),
    [
        ("BlockhashNotFound", "Blockhash not found"),
        ({"InstructionError": [2, {"Custom": 6001}]}, "Error processing Instruction 2: custom program error: 0x1771"),
        ({"InstructionError": [0, "Immutable"]}, "Error processing Instruction 0: Account is immutable"),
        (
            {"InsufficientFundsForRent": {"account_index": 1}},
            "Transaction results in an account (1) with insufficient funds for rent",
        ),
        ("SomethingNew", "something new"),
    ],
)  # fmt: skip
def test_errors_are_worded_as_agave_words_them(err: object, words: str) -> None:
    assert describe(err) == words  # type: ignore[arg-type]


def test_a_node_refuses_more_subscriptions_than_it_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MAX_SUBSCRIPTIONS", 2)
    node = SimpleNamespace(bank=SimpleNamespace(slot_at=lambda commitment: 0))
    subscriptions = hub.Hub(node)  # type: ignore[arg-type]
    wanted = SignatureWanted("1" * 64, Commitment.CONFIRMED, received=False)
    first, _ = (subscriptions.subscribe(wanted, lambda _: None) for _ in range(2))
    with pytest.raises(RpcError, match="Node subscription limit reached"):
        subscriptions.subscribe(wanted, lambda _: None)
    assert subscriptions.unsubscribe(first)
    assert not subscriptions.unsubscribe(first)
    assert not subscriptions.knows(first)
    assert subscriptions.knows(subscriptions.subscribe(wanted, lambda _: None))


PART, WHOLE = {"encoding": "base64", "bytes": "AAAA"}, {"bytes": "1" * 32}


@pytest.mark.parametrize(
    ("filters", "refused"),
    [
        ([{"memcmp": {"offset": 0} | PART}], "mint"),
        ([{"memcmp": {"offset": 32} | PART}], "owner"),
        (["tokenAccountState", {"memcmp": {"offset": 32} | PART}], "owner"),
        ([{"memcmp": {"offset": 32} | WHOLE}, {"memcmp": {"offset": 0} | PART}], "mint"),
        ([{"dataSize": 165}, {"memcmp": {"offset": 32} | WHOLE}, {"memcmp": {"offset": 0} | PART}], None),
        ([{"memcmp": {"offset": 1} | PART}], None),
        ([{"memcmp": {"offset": 0} | WHOLE}], None),
        (None, None),
    ],
)
def test_parts_of_owners_and_mints_are_refused_of_token_programs(filters: object, refused: str | None) -> None:
    check_token_filters(Pubkey.default(), filters)
    if refused is None:
        check_token_filters(TOKEN_PROGRAM, filters)
        return
    with pytest.raises(RpcError, match=f"Incorrect byte length 3 for SPL token {refused} filter, expected 32"):
        check_token_filters(TOKEN_PROGRAM, filters)
