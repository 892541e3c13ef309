"""Lands a transaction that rests on a durable nonce: its bytes stay good until the nonce moves on."""

import asyncio
from contextlib import suppress

from solders.transaction import VersionedTransaction

from chain.answers import Commitment
from chain.errors import OutcomeUnknown, RpcError, TransactionError, TransactionExpired
from chain.failures import failure
from chain.landing import landed
from chain.nonce import Nonce, read_nonce
from chain.rpc import Rpc
from chain.sender import Pace
from chain.transaction import programs
from chain.units import Slot

_PACE = Pace(give_up=60.0)
_CERTAIN = 20
"""So many looks in a row have to find the nonce moved on, and nothing landed."""


async def has_landed(rpc: Rpc, transaction: VersionedTransaction) -> Slot | None:
    """The slot in which it landed, None where nobody knows of it; see chain.landing for who has to say so.

    Raises TransactionError when it landed and failed, and RpcError.
    """
    found = await landed(rpc, transaction.signatures[0], Commitment.CONFIRMED)
    if found is None:
        return None
    if found.status.error is not None:
        names = programs(transaction)
        raise failure(found.status.error, (), programs=names, signature=str(transaction.signatures[0]))
    return found.status.slot


async def land_durable(rpc: Rpc, transaction: VersionedTransaction, nonce: Nonce, pace: Pace = _PACE) -> Slot:
    """Send the same bytes to every node until they landed; returns the slot. Safe to call again with the same bytes.

    Raises TransactionError when it would fail, or landed and failed, TransactionExpired when the nonce has moved on
    without it, OutcomeUnknown when neither is certain in time, and RpcError.
    """
    done = await rpc.simulate(transaction, verify=True)
    if done.error is not None:
        # What has landed before fails when it is tried again.
        if (slot := await has_landed(rpc, transaction)) is not None:
            return slot
        if await read_nonce(rpc, nonce.address) != nonce:
            raise _expired(nonce)
        raise failure(done.error, done.logs, programs=programs(transaction))
    with suppress(TimeoutError):
        async with asyncio.timeout(pace.give_up):
            return await _until_landed(rpc, transaction, nonce, pace)
    words = f"whether {transaction.signatures[0]} landed is not known yet: import it again to learn its outcome"
    raise OutcomeUnknown(words, str(nonce.address))


async def _until_landed(rpc: Rpc, transaction: VersionedTransaction, nonce: Nonce, pace: Pace) -> Slot:
    wire, moved_on = bytes(transaction), 0
    while True:
        for view in rpc.each():
            # Whatever a node answers, the bytes may have arrived: only the chain can tell.
            with suppress(RpcError, TransactionError):
                await view.send(wire, preflight=False)
        await asyncio.sleep(pace.look)
        with suppress(RpcError):
            if (slot := await has_landed(rpc, transaction)) is not None:
                return slot
            # It may have moved on with this very transaction, which another node has not seen yet.
            moved_on = moved_on + 1 if await read_nonce(rpc, nonce.address) != nonce else 0
        if moved_on >= _CERTAIN:
            raise _expired(nonce)


def _expired(nonce: Nonce) -> TransactionExpired:
    words = f"the nonce {nonce.address} has moved on, so this signature is worth nothing: export it again"
    return TransactionExpired(words, str(nonce.address))
