"""Whether a transaction landed. Never says no before it can be sure, nor yes on one endpoint's word against another's.

Yes: two endpoints (or the only one configured) report it at the wanted commitment, or finalized when it failed, as a
failure lets the caller sign anew. No: for two endpoints (or the only one configured) the finalized block height is
past the transaction's last valid one, and after that neither finds the signature in its whole history. Everything else
is "not yet": with two endpoints configured and one down, nothing is certain before it is back. Correct comes first.
"""

import asyncio
from dataclasses import dataclass

from solders.signature import Signature

from chain.answers import Commitment, SignatureStatus
from chain.errors import RpcError
from chain.journal import Attempt
from chain.rpc import Rpc
from chain.units import BlockHeight
from chain.witnesses import ENOUGH, ask_all

_TRIES = 3
_FAR = 9000
"""Blocks, about an hour: nodes that are further apart are not both well, and one would lock the intent as long."""


@dataclass(frozen=True, slots=True)
class Landed:
    """In a block; `status.error` tells whether it succeeded. `witnesses` are the endpoints that saw it."""

    status: SignatureStatus
    witnesses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expired:
    """Cannot land any more. `witnesses` know no such signature: one name only where one endpoint is configured."""

    signature: Signature
    witnesses: tuple[str, ...]


async def look(rpc: Rpc, attempt: Attempt, commitment: Commitment, *, expiring: bool = True) -> Landed | Expired | None:
    """One look at an attempt; None for not yet. Raises RpcError when no endpoint answers.

    `expiring` is False for one signed so lately that it cannot have expired: one question less.
    """
    status = await _seen(rpc, attempt.signature, commitment)
    if status is not None:
        return await _certain(rpc, attempt.signature, status, commitment)
    if not expiring:
        return None
    if await rpc.block_height(Commitment.FINALIZED) <= attempt.last_valid_block_height:
        return None
    # Too late to land, but it may have: recent statuses forget after minutes, the history does not.
    return await _landed(rpc, attempt.signature, commitment) or await _expired(rpc, attempt)


async def landed(rpc: Rpc, signature: Signature, commitment: Commitment) -> Landed | None:
    """Whether a transaction landed, for one that no blockhash makes expire; None for not yet. Raises RpcError."""
    status = await _seen(rpc, signature, commitment)
    return None if status is None else await _certain(rpc, signature, status, commitment)


async def _seen(rpc: Rpc, signature: Signature, commitment: Commitment) -> SignatureStatus | None:
    [status] = await rpc.statuses([signature])
    return status if status is not None and status.commitment.reaches(commitment) else None


async def _certain(rpc: Rpc, signature: Signature, status: SignatureStatus, commitment: Commitment) -> Landed | None:
    """What one endpoint saw, once that is enough to go by."""
    if len(rpc.endpoints) == 1 and _counts(status):
        return Landed(status, (rpc.endpoints[0].name,))
    return await _landed(rpc, signature, commitment)


def _counts(status: SignatureStatus) -> bool:
    """Whether the status is certain: a failure only once it is finalized."""
    return status.error is None or status.commitment.reaches(Commitment.FINALIZED)


async def last_valid_height(rpc: Rpc, told: BlockHeight, life: int, pause: float) -> BlockHeight:
    """The height above which no transaction signed now can land, whatever the one endpoint that `told` it says.

    One that understates it would have the intent signed anew while the first signing can still land, one that
    overstates it would lock the intent for ever. A blockhash lives `life` blocks from one that exists: as many above
    the highest that two endpoints know are neither. The only one configured is believed, but for nonsense. Endpoints
    that fail are asked again after `pause` (seconds). Raises RpcError when too few answer, or answer too differently.
    """
    known = sorted(await _heights(rpc, pause))
    if len(rpc.endpoints) < ENOUGH:
        # Machines behind one address may differ by a few blocks: only what is far off is nonsense.
        if told > known[-1] + 2 * life:
            words = f"nothing was sent, {rpc.endpoints[0].name} says that a blockhash lives until block {told}"
            raise RpcError(f"{words} when it is at {known[-1]}: use another endpoint")
        return told
    if known[-1] - known[-2] > _FAR:
        names = " and ".join(endpoint.name for endpoint in rpc.endpoints)
        words = f"nothing was sent, {names} tell block heights that differ by {known[-1] - known[-2]}"
        raise RpcError(f"{words}: leave out the one that is wrong")
    return BlockHeight(known[-1] + life)


async def _heights(rpc: Rpc, pause: float) -> list[BlockHeight]:
    """What the endpoints say the height is: two of them at least, or the only one configured."""

    async def height(view: Rpc) -> BlockHeight:
        return await view.block_height(Commitment.PROCESSED)

    enough = min(ENOUGH, len(rpc.endpoints))
    for _ in range(_TRIES):
        known = await ask_all(rpc, height)
        if len(known) >= enough:
            return [height for _, height in known]
        await asyncio.sleep(pause)
    silent = " and ".join(endpoint.name for endpoint in rpc.endpoints if endpoint.health.failures)
    raise RpcError(f"nothing was sent, fewer than {enough} endpoints tell the block height: look after {silent}")


async def _landed(rpc: Rpc, signature: Signature, commitment: Commitment) -> Landed | None:
    """What all that answer agree on, if two do, or the only one configured; a failure only once it is finalized."""

    async def see(view: Rpc) -> SignatureStatus | None:
        [status] = await view.statuses([signature], search_history=True)
        return status

    votes = await ask_all(rpc, see)
    seen = [(name, status) for name, status in votes if status and status.commitment.reaches(commitment)]
    if len({str(status.error) for _, status in seen}) != 1:
        return None
    seen = [(name, status) for name, status in seen if _counts(status)]
    if len(seen) < min(ENOUGH, len(rpc.endpoints)):
        return None
    return Landed(seen[0][1], tuple(name for name, _ in seen))


async def _expired(rpc: Rpc, attempt: Attempt) -> Expired | None:
    async def knows_nothing(view: Rpc) -> bool:
        # Height first: a status read before it may miss a block in between, and a lagging node knows nothing at all.
        if await view.block_height(Commitment.FINALIZED) <= attempt.last_valid_block_height:
            return False
        [status] = await view.statuses([attempt.signature], search_history=True)
        if status is not None:
            known.append(status)
        return status is None

    known: list[SignatureStatus] = []
    votes = await ask_all(rpc, knows_nothing)
    absent = tuple(name for name, nothing in votes if nothing)
    if known or len(absent) < min(ENOUGH, len(rpc.endpoints)):
        return None
    return Expired(attempt.signature, absent)
