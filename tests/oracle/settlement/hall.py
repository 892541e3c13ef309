"""An oracle whose scores a council records, on a localnet of its own for each version of the multisig."""

import shutil
import tempfile
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from solders.instruction import Instruction
from solders.keypair import Keypair

from chain.accounts import Market
from chain.constants import PROGRAM_ID, MarketState
from chain.multisig.model import Multisig, Proposal
from chain.multisig.roster import Council
from chain.multisig.v4 import instructions as v4
from chain.multisig.v4.accounts import ConfigAction
from chain.signers import KeypairSigner
from chain.units import Seconds, UsdcUnits
from ops.demo import council as demo
from ops.demo.authorities import establish
from ops.demo.council import Founded
from ops.demo.stage import open_stage
from oracle.settlement.plan import WaitReason
from oracle.settlement.proposing import CouncilRecorder
from oracle.settlement.recorder import recording
from store import analyses
from store.database import Database
from store.migrations import migrate
from store.settlements import Settlement
from tests.oracle.settlement.conftest import Node, started_node
from tests.oracle.settlement.house import House, Opened, waits

BOND = UsdcUnits(1_000_000_000)


@dataclass
class Hall:
    """An oracle whose scores a council records, and its people at hand."""

    house: House
    founded: Founded
    council: Council
    """As the oracle knows it; changed by a test."""

    @property
    def recorder(self) -> CouncilRecorder:
        stage = self.house.stage
        return CouncilRecorder(self.house.db, stage.rpc, self.council, stage.keys.oracle.public_key, stage.program)

    async def send(self, instruction: Instruction, by: KeypairSigner) -> None:
        await self.house.stage.send(f"{Keypair().pubkey()}", [instruction], by)

    async def propose(self, market: Opened, by: int = 0, *, score_off: int = 0, market_of: Opened | None = None) -> int:
        """As a signer does from what the oracle prepared; returns the number."""
        kept = await analyses.get(self.house.db, market.name)
        assert kept is not None
        wanted = recording(
            self.founded.council.authority,
            replace(kept, score=kept.score + score_off, market=(market_of or market).name),
            self.house.stage.program,
        )
        adapter, member = self.founded.council.adapter, self.founded.people[by]
        multisig = await adapter.read(self.house.stage.rpc, self.founded.council.pinned.address)
        made = adapter.propose(multisig, member.public_key, self.founded.council.vault, [wanted])
        await self.house.stage.send(f"{Keypair().pubkey()}", made, member)
        return multisig.last_index + 1

    async def approve(self, number: int, *by: int) -> None:
        for member in (self.founded.people[one] for one in by):
            adapter, address = self.founded.council.adapter, self.founded.council.pinned.address
            await self.send(adapter.approve(address, number, member.public_key), member)

    async def reject(self, number: int, *by: int) -> None:
        for member in (self.founded.people[one] for one in by):
            adapter, address = self.founded.council.adapter, self.founded.council.pinned.address
            await self.send(adapter.reject(address, number, member.public_key), member)

    async def execute(self, number: int, by: int = 0) -> None:
        adapter, rpc, member = self.founded.council.adapter, self.house.stage.rpc, self.founded.people[by]
        multisig = await adapter.read(rpc, self.founded.council.pinned.address)
        await self.send(await adapter.execute(rpc, multisig, number, member.public_key), member)

    async def proposal(self, number: int) -> Proposal:
        adapter, rpc = self.founded.council.adapter, self.house.stage.rpc
        found = await adapter.proposal(rpc, await adapter.read(rpc, self.founded.council.pinned.address), number)
        assert found is not None
        return found

    async def waiting(self, market: Opened) -> Settlement:
        """Settled until it waits for the signers."""
        engine = self.house.engine(recorder=self.recorder)
        return await self.house.settle(market, waits(WaitReason.SIGNATURES), engine)

    async def settled(self, market: Opened) -> Settlement:
        return await self.house.settle(market, engine=self.house.engine(recorder=self.recorder))

    async def again(self, market: Opened) -> Settlement:
        """One look more."""
        return await self.house.once(market, self.house.engine(recorder=self.recorder))

    async def state(self, market: Opened) -> MarketState:
        found = await self.house.on_chain(market)
        assert isinstance(found, Market)
        return found.state

    async def multisig(self) -> Multisig:
        return await self.founded.council.adapter.read(self.house.stage.rpc, self.founded.council.pinned.address)

    async def cancel(self, number: int, *by: int) -> None:
        for member in (self.founded.people[one] for one in by):
            adapter, address = self.founded.council.adapter, self.founded.council.pinned.address
            await self.send(adapter.cancel(address, number, member.public_key), member)

    async def change(self, *actions: ConfigAction, after: Seconds = Seconds(0)) -> None:  # noqa: B008 - a number
        """Change the multisig (v4) by its members' vote; `after` passes between approval and execution."""
        multisig, member = await self.multisig(), self.founded.people[0]
        number, program = multisig.last_index + 1, self.founded.council.adapter.program
        by = {"multisig": multisig.address, "index": number, "program": program, "rent_payer": member.public_key}
        made = [
            v4.create_config_transaction(creator=member.public_key, actions=actions, **by),
            v4.create_proposal(creator=member.public_key, **by),
        ]
        await self.house.stage.send(f"{Keypair().pubkey()}", made, member)
        await self.approve(number, 0, 1, 2)
        if after:
            await self.house.stage.extras.warp(after)
        await self.send(v4.execute_config_transaction(member=member.public_key, **by), member)


@contextmanager
def council_node() -> Iterator[Node]:
    """A localnet on which nobody settles but a council."""
    folder = Path(tempfile.mkdtemp(prefix="opinion-"))
    node = started_node(folder)
    yield node
    node.stop()
    shutil.rmtree(folder)


@asynccontextmanager
async def opened_hall(node: Node, squads: str, folder: Path) -> AsyncGenerator[Hall]:
    """An oracle with a database of its own on that localnet."""
    async with open_stage(PROGRAM_ID, node.url, node.keys, folder / "journal.db") as stage:
        founded = await demo.found(stage, node.ledger.parent / squads, squads)
        await establish(stage, f"establish {folder}", BOND, founded.council.authority)
        async with Database(f"sqlite:///{folder}/oracle.db") as db:
            await migrate(db)
            async with House.opened(stage, db, folder / "texts") as house:
                yield Hall(house, founded, founded.council)
