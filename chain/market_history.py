"""A market's events from its transactions, as far as a node gives them.

Anybody can name a market in a transaction, and a node can answer anything: so pages must advance, no more than
MOST_TRANSACTIONS are read, AT_ONCE at a time, and whatever is missing is a gap that is told, never an error.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from solders.pubkey import Pubkey
from solders.signature import Signature

from chain.answers import TransactionRecord
from chain.errors import RpcError, RpcRefused
from chain.events import Event, MarketCreatedEvent, UnknownEvent, parse_events
from chain.rpc import Rpc

MOST_TRANSACTIONS = 5_000
AT_ONCE = 8
_MOST_PAGES = 50
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class History:
    """A market's own events, oldest first. `gap` says in a sentence why some are missing, and is empty if none are."""

    events: tuple[Event, ...]
    gap: str


async def read_history(rpc: Rpc, address: Pubkey, program: Pubkey) -> History:
    """The events of the market's transactions. Never raises an RpcError: what could not be read is a gap."""
    signatures, gap = await _signatures(rpc, address)
    records, unread = await _records(rpc, signatures)
    events: list[Event] = []
    for record in records:
        found, whole = _events_of(record, address, program)
        events += found
        gap = gap or ("" if whole else "The log of a transaction was cut or is not understood.")
    gap = gap or unread
    if not gap and not any(isinstance(event, MarketCreatedEvent) for event in events):
        gap = "The node's history does not go back to the market's creation."
    return History(tuple(events), gap)


async def _signatures(rpc: Rpc, address: Pubkey) -> tuple[Sequence[Signature], str]:
    """Transactions that name the address and succeeded, oldest first, and why there may be more."""
    found: dict[Signature, bool] = {}
    gap = f"The market is named in more than {MOST_TRANSACTIONS:,} transactions, too many to read them all."
    try:
        for _ in range(_MOST_PAGES):
            page = await rpc.history(address, before=next(reversed(found), None), limit=_PAGE)
            known = len(found)
            found |= {info.signature: info.failed for info in page}
            if len(found) == known:
                # An empty page is the end; one of old signatures is a node that goes round in circles.
                gap = "The node repeats pages of the market's history." if page else ""
                break
            if sum(not failed for failed in found.values()) > MOST_TRANSACTIONS:
                break
    except RpcError as error:
        gap = f"The node does not give the market's history: {error}."
    return [signature for signature, failed in found.items() if not failed][:MOST_TRANSACTIONS][::-1], gap


async def _records(rpc: Rpc, signatures: Sequence[Signature]) -> tuple[Sequence[TransactionRecord], str]:
    """The transactions in the order of their signatures, and why some are missing."""
    found: dict[Signature, TransactionRecord | None] = {}
    queue = iter(signatures)
    failures: list[RpcError] = []

    async def read() -> None:
        for signature in queue:
            try:
                found[signature] = await rpc.transaction(signature)
            except RpcRefused as error:
                # An answer about this one transaction; any other failure has been tried again already.
                failures.append(error)
            except RpcError as error:
                failures.append(error)
                return
            if any(not isinstance(failure, RpcRefused) for failure in failures):
                return

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(read())
    records = [record for signature in signatures if (record := found.get(signature)) is not None]
    if failures:
        return records, f"{len(signatures) - len(records)} transactions could not be read: {failures[0]}."
    return records, "" if len(records) == len(signatures) else "The node does not keep all of the transactions."


def _events_of(record: TransactionRecord, address: Pubkey, program: Pubkey) -> tuple[list[Event], bool]:
    """The market's own events of one transaction, and whether its whole log is understood."""
    if record.error is not None:
        return [], True
    parsed = parse_events(record.logs, program)
    known = [event for event in parsed.events if not isinstance(event, UnknownEvent)]
    whole = parsed.complete and len(known) == len(parsed.events)
    return [event for event in known if getattr(event, "market", None) == address], whole
