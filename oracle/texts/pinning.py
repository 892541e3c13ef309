"""Which nodes keep a text for good."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from oracle.texts.kubo import KuboNode
from oracle.texts.sources import SourceFailed
from store.cid import Cid

PINS_WANTED: Final = 2


@dataclass(frozen=True)
class PinReport:
    """On which nodes (hosts) a text is pinned, why not on the others, and how many it should be on."""

    cid: str
    nodes: tuple[str, ...]
    failures: tuple[str, ...]
    wanted: int

    @property
    def shortfall(self) -> int:
        """How many nodes are missing; 0 when there is nothing to retry."""
        return max(0, self.wanted - len(self.nodes))

    def __str__(self) -> str:
        """One sentence for people."""
        where = ", ".join(self.nodes) or "no node"
        if not self.shortfall:
            return f"{self.cid} is pinned on {where}."
        reasons = "; ".join(self.failures) or "no other is named in IPFS_APIS"
        return f"{self.cid} is pinned on {where}, {self.shortfall} short of {self.wanted}: {reasons}."


async def pin_on(nodes: Sequence[KuboNode], cid: Cid, block: bytes) -> PinReport:
    """Pin the block on every node at once; never raises for a node that fails. Without any node nothing is wanted."""
    failures = await asyncio.gather(*(_pin(node, cid, block) for node in nodes))
    return PinReport(
        cid=str(cid),
        nodes=tuple(node.name for node, failure in zip(nodes, failures, strict=True) if failure is None),
        failures=tuple(
            f"{node.name} {failure}" for node, failure in zip(nodes, failures, strict=True) if failure is not None
        ),
        wanted=PINS_WANTED if nodes else 0,
    )


async def _pin(node: KuboNode, cid: Cid, block: bytes) -> SourceFailed | None:
    try:
        if not await node.pinned(cid):
            await node.pin(cid, block)
    except SourceFailed as failure:
        return failure
    return None
