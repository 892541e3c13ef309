"""Reading a market for verification from a node that lags, repeats itself, forgets, or is sent junk."""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

import pytest
from solders.pubkey import Pubkey
from solders.signature import Signature
from test_chain_verify import ADDRESS, STAKES, history, receipt, refunding, settled

from chain import addresses, events, market_history
from chain.accounts import Market, Opinion, RevokedKey
from chain.answers import ChainAccount, SignatureInfo, TransactionRecord
from chain.constants import PROGRAM_ID, SYSTEM_PROGRAM_ID, MarketState, RefundReason
from chain.errors import EndpointTimeout, MarketChanging, MarketNotFound, RpcError, RpcRefused
from chain.evidence import Evidence
from chain.market_reader import read_evidence
from chain.rpc import Rpc
from chain.units import Lamports, Slot, UnixTime
from chain.verify import verify_market

PAGE = 1000
STRANGER = Pubkey(bytes([8]) * 32)
FIRST = events.MarketCreatedEvent(ADDRESS, STRANGER, UnixTime(1), bytes(32))


def account(key: Pubkey, data: bytes, owner: Pubkey = PROGRAM_ID) -> ChainAccount:
    """An account of the program, or of somebody else's."""
    return ChainAccount(key, owner, Lamports(1), data, executable=False, slot=Slot(1))


def signature(n: int) -> Signature:
    return Signature(n.to_bytes(64, "big"))


class Node:
    """As much of an Rpc as the reader asks; transactions are numbered from 0, the oldest, one event each."""

    def __init__(self, told: Sequence[events.Event] = (), *, junk: int = 0) -> None:
        self.accounts_there: dict[Pubkey, ChainAccount] = {}
        self.opinions: list[Opinion] = []
        self.told = list(told)
        self.count = len(self.told) + junk
        self.between: Callable[[], None] = lambda: None
        self.error: Callable[[int], RpcError | None] = lambda _: None
        self.reading = self.most_reading = self.read = self.pages = 0

    def rpc(self) -> Rpc:
        return cast("Rpc", self)

    async def accounts(self, keys: Sequence[Pubkey]) -> list[ChainAccount | None]:
        return [self.accounts_there.get(key) for key in keys]

    async def account(self, key: Pubkey) -> ChainAccount | None:
        return self.accounts_there.get(key)

    async def program_accounts(self, *_: object) -> list[ChainAccount]:
        self.between()
        return [account(STRANGER, opinion.to_bytes()) for opinion in self.opinions]

    async def history(self, _: Pubkey, *, before: Signature | None, limit: int) -> list[SignatureInfo]:
        self.pages += 1
        end = int.from_bytes(bytes(before), "big") if before else self.count
        return [SignatureInfo(signature(n), Slot(n), failed=False) for n in range(end)[::-1][:limit]]

    async def transaction(self, wanted: Signature) -> TransactionRecord | None:
        n = int.from_bytes(bytes(wanted), "big")
        self.read += 1
        self.reading += 1
        self.most_reading = max(self.most_reading, self.reading)
        await asyncio.sleep(0)
        self.reading -= 1
        if error := self.error(n):
            raise error
        logs = [f"Program {PROGRAM_ID} invoke [1]"]
        if n < len(self.told):
            logs.append(f"Program data: {b64encode(self.told[n].to_bytes()).decode()}")
        logs.append(f"Program {PROGRAM_ID} success")
        return TransactionRecord(wanted, Slot(n), None, None, logs, Lamports(5000), None)

    def put(self, market: Market, opinions: Sequence[Opinion]) -> None:
        """The market and its opinions from now on; the escrow is missing."""
        self.accounts_there[ADDRESS] = account(ADDRESS, market.to_bytes())
        self.opinions = list(opinions)


def finished(told: Sequence[events.Event] | None = None) -> Node:
    """A node with a settled market's receipt and its history."""
    fresh = settled()
    done = receipt(fresh)
    node = Node(history(fresh) if told is None else told)
    node.accounts_there[ADDRESS] = account(ADDRESS, done.market.to_bytes())
    return node


async def test_a_finished_market_with_its_history_is_checked_whole() -> None:
    evidence = await read_evidence(finished().rpc(), ADDRESS)
    assert evidence.events == history(settled())
    verification = verify_market(evidence)
    assert verification.ok
    assert {check.result for check in verification.checks} == {"ok"}


async def test_lamports_at_closed_accounts_change_nothing() -> None:
    node = finished()
    for key in (addresses.vrf_request(ADDRESS), addresses.escrow(ADDRESS)):
        node.accounts_there[key] = account(key, b"", SYSTEM_PROGRAM_ID)
    evidence = await read_evidence(node.rpc(), ADDRESS)
    assert (evidence.request, evidence.escrow) == (None, None)
    assert verify_market(evidence).ok


async def test_what_stands_at_another_address_is_named() -> None:
    node = Node()
    with pytest.raises(MarketNotFound, match=f"no market at {ADDRESS}"):
        await read_evidence(node.rpc(), ADDRESS)
    key = RevokedKey(1, 0, bytes(32), UnixTime(1))
    no_market = f"{ADDRESS} is not a market of the program {PROGRAM_ID}: "
    for there, words in [
        (account(ADDRESS, b"", SYSTEM_PROGRAM_ID), f"it belongs to {SYSTEM_PROGRAM_ID}"),
        (account(ADDRESS, bytes(9), STRANGER), f"it belongs to {STRANGER}"),
        (account(ADDRESS, key.to_bytes()), "it is its RevokedKey"),
        (account(ADDRESS, bytes(9)), "these 9 bytes begin as no account of the program"),
    ]:
        node.accounts_there[ADDRESS] = there
        with pytest.raises(MarketNotFound) as caught:
            await read_evidence(node.rpc(), ADDRESS)
        assert str(caught.value) == no_market + words


def refunds(paid: int) -> tuple[Market, Sequence[Opinion]]:
    """A refunding market after so many refunds."""
    start: Evidence = refunding(RefundReason.NOT_REQUESTED, STAKES)
    assert isinstance(start.market, Market)
    opinions = [replace(opinion, paid=n < paid) for n, opinion in enumerate(start.opinions)]
    due = sum(opinion.stake for opinion in opinions if not opinion.paid)
    return replace(start.market, liability=due), opinions  # type: ignore[arg-type]


async def test_a_payout_between_two_reads_is_read_again() -> None:
    node, reads = Node(), [0]
    node.put(*refunds(0))

    def pay() -> None:
        reads[0] += 1
        node.put(*refunds(min(reads[0], 2)))

    node.between = pay
    evidence = await read_evidence(node.rpc(), ADDRESS, history=False)
    market = evidence.market
    assert isinstance(market, Market)
    assert market.liability == sum(opinion.stake for opinion in evidence.opinions if not opinion.paid)
    assert reads == [3]


async def test_a_market_that_never_stands_still_is_not_judged() -> None:
    node, reads = Node(), [0]
    node.put(*refunds(0))

    def pay() -> None:
        reads[0] += 1
        node.put(*refunds(reads[0] % 2))

    node.between = pay
    with pytest.raises(MarketChanging, match=str(ADDRESS)):
        await read_evidence(node.rpc(), ADDRESS)
    assert reads == [5]


async def test_the_history_of_a_market_without_an_outcome_is_not_read() -> None:
    node = Node([FIRST])
    market, opinions = refunds(0)
    node.put(replace(market, state=MarketState.ACTIVE), opinions)
    assert (await read_evidence(node.rpc(), ADDRESS)).events == ()
    assert (node.pages, node.read) == (0, 0)


async def test_transactions_are_read_several_at_once_and_kept_in_order() -> None:
    node = Node([FIRST, *history(settled())[1:]], junk=2 * PAGE)
    told = await market_history.read_history(node.rpc(), ADDRESS, PROGRAM_ID)
    assert (list(told.events), told.gap) == (node.told, "")
    assert node.most_reading == market_history.AT_ONCE


async def test_more_transactions_than_are_read_are_a_gap() -> None:
    node = Node([FIRST], junk=7 * PAGE)
    told = await market_history.read_history(node.rpc(), ADDRESS, PROGRAM_ID)
    assert node.read == market_history.MOST_TRANSACTIONS
    assert told.gap == "The market is named in more than 5,000 transactions, too many to read them all."


async def test_a_node_that_repeats_pages_ends() -> None:
    node = finished()
    page = await node.history(ADDRESS, before=None, limit=PAGE)

    async def again(*_: object, **__: object) -> list[SignatureInfo]:
        return page

    node.history = again
    async with asyncio.timeout(5):
        evidence = await read_evidence(node.rpc(), ADDRESS)
    assert not evidence.history_complete
    assert evidence.history_gap == "The node repeats pages of the market's history."
    assert verify_market(evidence).ok


@pytest.mark.parametrize("error", [RpcRefused("no"), EndpointTimeout("no answer")])
async def test_a_history_that_cannot_be_read_leaves_the_rest_to_check(error: RpcError) -> None:
    node = finished()

    async def refuse(*_: object, **__: object) -> list[SignatureInfo]:
        raise error

    node.history = refuse
    evidence = await read_evidence(node.rpc(), ADDRESS)
    assert evidence.history_gap == f"The node does not give the market's history: {error}."
    assert verify_market(evidence).ok


async def test_transactions_that_cannot_be_read_are_a_gap() -> None:
    node = Node([FIRST], junk=100)
    node.error = lambda n: RpcRefused("not this one") if n == 50 else None
    told = await market_history.read_history(node.rpc(), ADDRESS, PROGRAM_ID)
    assert (told.events, told.gap) == ((FIRST,), "1 transactions could not be read: not this one.")
    node.read = 0
    node.error = lambda _: EndpointTimeout("no answer")
    told = await market_history.read_history(node.rpc(), ADDRESS, PROGRAM_ID)
    assert (told.events, told.gap) == ((), "101 transactions could not be read: no answer.")
    assert node.read <= market_history.AT_ONCE


async def test_a_history_without_the_creation_is_not_complete() -> None:
    evidence = await read_evidence(finished(history(settled())[1:]).rpc(), ADDRESS)
    assert evidence.history_gap == "The node's history does not go back to the market's creation."
