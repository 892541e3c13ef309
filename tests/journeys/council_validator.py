"""Agave's own validator with councils to be: markets whose time is up, and the programs that decide over them."""

import asyncio
import json
import shutil
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from solders.account import Account
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain.accounts import Market
from chain.constants import SYSTEM_PROGRAM_ID, TOKEN_PROGRAM_ID, MarketDuration
from chain.journal import SqliteJournal
from chain.rpc import Rpc
from chain.sender import Sender
from chain.signers import KeypairSigner
from chain.units import ComputeUnits, UnixTime, UsdcUnits
from ops.demo import council
from ops.demo.authorities import establish
from ops.demo.council import Founded
from ops.demo.stage import Receipt, Stage, open_stage
from ops.errors import OperatorError
from ops.extras import LocalnetExtras
from ops.localnet import MULTISIG, MULTISIG_V3, PROGRAM_FILE, LocalnetKeys, node_parts, running_localnet
from store.database import Database
from store.migrations import migrate
from tests.oracle.settlement.house import House
from tests.parts import missing, program
from tests.programs.on_validator.validator import Node, dump, running

BOND = UsdcUnits(100_000_000)
BUILT = PROGRAM_FILE.parent
AGO = 2 * MarketDuration.DAY
SLOT_MS = 20
RICH = 10**10
REMEDY = "put Agave's tools on PATH"


@dataclass(frozen=True)
class Story:
    """One market with its authorities, made on a localnet two days ago as its accounts tell. `mint` is its USDC."""

    program: Pubkey
    squads: str
    folder: Path
    keys: LocalnetKeys
    mint: Pubkey
    market: Pubkey
    accounts: Mapping[Pubkey, Account]


class ValidatorStage(Stage):
    """A validator knows of a transaction that it is confirmed before it can show it whole."""

    async def send(
        self, intent: str, instructions: Sequence[Instruction], payer: KeypairSigner, *signers: KeypairSigner
    ) -> Receipt:
        """Make the intent happen once; what it cost is not told."""
        sent = await self.sender.send(intent, instructions, payer, signers)
        return Receipt(str(sent.signature), ComputeUnits(0))


@dataclass(frozen=True)
class Court:
    """A story on the validator, and the council that records its score, which was founded there."""

    story: Story
    stage: Stage
    founded: Founded

    @property
    def settings(self) -> dict[str, str]:
        """The environment of everybody who works on it."""
        return {
            "NETWORK": "localnet",
            "SOLANA_RPC_URL": self.stage.url,
            "PROGRAM_ID": str(self.story.program),
            "DATABASE_URL": f"sqlite:///{self.story.folder}/oracle.db",
            "TEXTS_PATH": str(self.story.folder / "texts"),
            "ROSTER_PATH": str(self.founded.roster),
            "SQUADS_MULTISIG": str(self.founded.council.pinned.address),
        }


async def written(program_id: Pubkey, squads: str, folder: Path) -> Story:
    """Open a market with three stakers on a localnet whose oracle is the council's vault."""
    try:
        node_parts()
    except OperatorError as error:
        missing("the localnet", str(error))
    ledger = folder / "ledger"
    ledger.mkdir(parents=True)
    async with (
        running_localnet(program_id, ledger, SLOT_MS) as localnet,
        open_stage(program_id, localnet.url, localnet.keys, folder / "before.db") as stage,
        Database(f"sqlite:///{folder}/before-oracle.db") as db,
    ):
        founded = await council.found(stage, folder / "signers", squads)
        await establish(stage, "establish", BOND, founded.council.authority)
        await migrate(db)
        async with House.opened(stage, db, folder / "texts") as house:
            market = await house.market(close=False)
        found = [*await stage.rpc.program_accounts(program_id), *await stage.rpc.program_accounts(TOKEN_PROGRAM_ID)]
        accounts = {one.key: Account(one.lamports, one.data, one.owner) for one in found}
        minted = await stage.rpc.account(stage.mint)
        assert minted is not None
        accounts[stage.mint] = Account(minted.lamports, minted.data, minted.owner)
        keys = localnet.keys
        payers = [keys.oracle.public_key, keys.guardian.public_key, *(one.public_key for one in founded.people)]
        accounts |= {key: Account(RICH, b"", SYSTEM_PROGRAM_ID) for key in payers}
        accounts[market.address] = _two_days_ago(accounts[market.address], program_id)
        return Story(program_id, squads, folder, keys, stage.mint, market.address, accounts)


def _two_days_ago(account: Account, program_id: Pubkey) -> Account:
    market = Market.from_account(account.owner, account.data, program_id)
    earlier = replace(
        market,
        created_at=UnixTime(market.created_at - AGO),
        closes_at=UnixTime(market.closes_at - AGO),
    )
    return Account(account.lamports, earlier.to_bytes(), account.owner)


@asynccontextmanager
async def on_validator(stories: Sequence[Story], folder: Path) -> AsyncGenerator[list[Court]]:
    """Start one validator with all of them, and found each council on it."""
    binary = program("solana-test-validator", REMEDY)
    accounts = {address: account for story in stories for address, account in story.accounts.items()}
    preloaded = dump(accounts, folder / "accounts")
    # The v4 program's configuration: a multisig costs nothing.
    config = json.loads((stories[0].folder / "ledger" / "program_config.json").read_text())
    config["account"] |= {"rentEpoch": 0, "space": 0}
    (preloaded / f"{config['pubkey']}.json").write_text(json.dumps(config))
    admin = stories[0].keys.admin.public_key
    files = {MULTISIG: BUILT / "multisig.so", MULTISIG_V3: BUILT / "multisig_v3.so"}
    files |= {story.program: PROGRAM_FILE for story in stories}
    options = ["--account-dir", str(preloaded)]
    for address, file in files.items():
        options += ["--upgradeable-program", str(address), str(file), str(admin)]
    with running(binary, folder, admin, *options) as node:
        async with AsyncExitStack() as open_ones:
            yield [await _court(story, node, open_ones) for story in stories]
    # Its ledger is a gigabyte of preallocated files.
    shutil.rmtree(folder / "ledger", ignore_errors=True)


async def _court(story: Story, node: Node, open_ones: AsyncExitStack) -> Court:
    genesis = await asyncio.to_thread(node.call, "getGenesisHash")
    rpc = await open_ones.enter_async_context(Rpc([node.url], genesis_hash=genesis))
    journal = SqliteJournal(story.folder / "after.db")
    open_ones.callback(journal.close)
    stage = ValidatorStage(
        url=node.url,
        program=story.program,
        mint=story.mint,
        keys=story.keys,
        rpc=rpc,
        sender=Sender(rpc, journal, program=story.program),
        extras=LocalnetExtras(node.url),
    )
    return Court(story, stage, await council.found(stage, story.folder / "signers", story.squads))
