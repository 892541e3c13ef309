"""A canary: a market of its own through an oracle that runs, and a word about one that does not."""

import asyncio
import json
from pathlib import Path

import pytest
from solders.pubkey import Pubkey

from chain.accounts import Market
from chain.answers import MemcmpFilter
from chain.constants import PROGRAM_ID
from ops.canary import canary
from ops.demo.stage import Stage
from ops.errors import OperatorError
from settings import Settings
from store import settlements
from store.database import Database
from store.migrations import migrate
from store.settlements import Status
from tests.oracle.settlement.house import House, Opened
from tests.stage import staged


def _settings(**more: str) -> Settings:
    return Settings(program_id=str(PROGRAM_ID), **more)  # pyright: ignore[reportArgumentType] - checked by pydantic


async def test_it_flies_only_on_a_localnet(tmp_path: Path) -> None:
    settings = _settings(network="devnet", solana_rpc_url="https://127.0.0.1:1")
    with pytest.raises(OperatorError, match="NETWORK is devnet"):
        await canary(settings, None, tmp_path, tmp_path, within=1, as_json_lines=False)


async def test_it_ends_with_a_receipt_where_the_oracle_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with staged(tmp_path) as stage, Database(f"sqlite:///{tmp_path}/oracle.db") as db:
        await migrate(db)
        async with House.opened(stage, db, tmp_path / "texts") as house:
            oracle = asyncio.create_task(_settle_everything(house))
            try:
                keys = tmp_path / "ledger" / "keys"
                assert await canary(_settings(), stage.url, keys, tmp_path / "texts", within=90, as_json_lines=True)
            finally:
                oracle.cancel()
                await asyncio.gather(oracle, return_exceptions=True)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [step["step"] for step in told][-1] == "verify"
    assert told[-1]["ok"] is True


async def test_it_says_where_the_oracle_left_its_market(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        keys = tmp_path / "ledger" / "keys"
        with pytest.raises(
            OperatorError, match=r"The oracle left the market .* at active for 1 s: ask 'opinion explain"
        ):
            await canary(_settings(), stage.url, keys, tmp_path / "texts", within=1, as_json_lines=False)


async def _settle_everything(house: House) -> None:
    """As the watcher and the workers would."""
    engine = house.engine()
    while True:
        for address in await _markets(house.stage):
            market = Opened(address, [])
            await settlements.add(house.db, market.name)
            if (await house.row(market)).status is not Status.DONE:
                await house.once(market, engine)
        await asyncio.sleep(0.05)


async def _markets(stage: Stage) -> list[Pubkey]:
    found = await stage.rpc.program_accounts(PROGRAM_ID, [MemcmpFilter(0, Market.DISCRIMINATOR)])
    return [account.key for account in found]
