"""Which blockhashes are known, and until when a transaction may use them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from solders.hash import Hash

# A transaction may land up to this many blocks after its blockhash.
MAX_PROCESSING_AGE = 150
# Finalized trails, so a bank as of finality still needs hashes older than the newest 150.
_KEPT = 2 * MAX_PROCESSING_AGE
MAX_SLOT_HASHES = 512


@dataclass(frozen=True, slots=True)
class BlockId:
    """A block's place and hashes."""

    slot: int
    height: int
    blockhash: Hash
    bank_hash: Hash


def next_hashes(previous: Hash, slot: int, signatures: Sequence[str]) -> tuple[Hash, Hash]:
    """The blockhash and bank hash of `slot`.

    Fresh randomness goes in, so that a slot hash cannot be foreseen from the ledger, as on a real cluster.
    """
    digest = sha256(bytes(previous) + slot.to_bytes(8, "little") + os.urandom(16))
    for signature in signatures:
        digest.update(signature.encode())
    blockhash = digest.digest()
    return Hash(blockhash), Hash(sha256(b"bank" + blockhash).digest())


class RecentBlocks:
    """The newest blocks, oldest first: blockhash expiry and SlotHashes come from here."""

    def __init__(self, blocks: Sequence[BlockId]) -> None:
        self._blocks: deque[BlockId] = deque(blocks, maxlen=MAX_SLOT_HASHES)
        self._heights = {str(block.blockhash): block.height for block in self._blocks}

    @property
    def latest(self) -> BlockId:
        """The newest closed block."""
        return self._blocks[-1]

    def append(self, block: BlockId) -> None:
        """Add the block that was just closed."""
        self._blocks.append(block)
        self._heights[str(block.blockhash)] = block.height
        if len(self._heights) > 2 * _KEPT:
            oldest = block.height - _KEPT
            self._heights = {key: h for key, h in self._heights.items() if h >= oldest}

    def at_or_before(self, slot: int) -> BlockId:
        """The newest block no later than `slot`, or the oldest still known."""
        for block in reversed(self._blocks):
            if block.slot <= slot:
                return block
        return self._blocks[0]

    def is_valid(self, blockhash: str, height: int) -> bool:
        """Whether a transaction with `blockhash` may land in a block at `height`."""
        known = self._heights.get(blockhash)
        return known is not None and 0 <= height - known <= MAX_PROCESSING_AGE

    def height_of(self, blockhash: str) -> int | None:
        """The block height of `blockhash`, or None if it is unknown or long expired."""
        return self._heights.get(blockhash)

    def slot_hashes(self) -> list[tuple[int, Hash]]:
        """The SlotHashes sysvar's entries, newest first."""
        return [(block.slot, block.bank_hash) for block in reversed(self._blocks)]

    def newest_hashes(self, count: int) -> list[Hash]:
        """The newest `count` blockhashes, newest first."""
        blocks = list(self._blocks)[-count:]
        return [block.blockhash for block in reversed(blocks)]
