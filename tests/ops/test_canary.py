"""A canary: a market of its own through an oracle that runs, and a word about one that does not."""

import asyncio
import json
from pathlib import Path

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from chain.accounts import Market
from chain.answers import MemcmpFilter
from chain.constants import PROGRAM_ID, MarketDuration
from chain.units import UsdcUnits
from ops.canary.abroad import opened, prepared, read_wallets
from ops.canary.course import followed, teller
from ops.canary.localnet import canary
from ops.demo.authorities import establish
from ops.demo.stage import Stage
from ops.errors import OperatorError, UsageError
from settings import Settings
from store import settlements
from store.database import Database
from store.migrations import migrate
from store.settlements import Status
from tests.oracle.settlement.house import House, Opened
from tests.stage import staged


def _settings(**more: str) -> Settings:
    return Settings(program_id=str(PROGRAM_ID), **more)  # pyright: ignore[reportArgumentType] - checked by pydantic


async def test_it_prints_money_only_on_a_localnet(tmp_path: Path) -> None:
    settings = _settings(network="devnet", solana_rpc_url="https://127.0.0.1:1")
    with pytest.raises(UsageError, match=r"NETWORK is devnet, .* --wallets FOLDER"):
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


async def test_with_wallets_of_its_own_it_is_opened_now_and_followed_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "wallets"
    settings = _settings(texts_path=str(tmp_path / "texts"))
    with pytest.raises(OperatorError, match=r"holds 0 keypair files: it should be creator\.json, and one each of 2"):
        read_wallets(folder)
    _fill(folder)
    async with staged(tmp_path) as stage, Database(f"sqlite:///{tmp_path}/oracle.db") as db:
        await migrate(db)
        with pytest.raises(OperatorError, match="No program of ours is initialised"):
            await _open(settings, stage, folder)
        await establish(stage, "establish", UsdcUnits(1_000_000_000))
        async with House.opened(stage, db, tmp_path / "texts") as house:
            with pytest.raises(OperatorError, match=r"nothing was spent: \w+ needs 0\.02 SOL"):
                await _open(settings, stage, folder)
            for owner, units in read_wallets(folder).needs().items():
                await stage.fund(owner, units)
            market = await _open(settings, stage, folder)
            await stage.extras.warp(MarketDuration.DAY)
            oracle = asyncio.create_task(_settle_everything(house))
            try:
                assert await followed(stage.rpc, stage.program, market, 90, teller(as_json_lines=True))
            finally:
                oracle.cancel()
                await asyncio.gather(oracle, return_exceptions=True)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [step["step"] for step in told][:4] == ["create", "stake", "stake", "wait"]
    assert told[-1]["ok"] is True


async def _open(settings: Settings, stage: Stage, folder: Path) -> Pubkey:
    async with prepared(settings, stage.url, folder) as bird:
        assert "It costs $5.00 for good" in bird.cost()
        return await opened(bird, teller(as_json_lines=True))


def _fill(folder: Path) -> None:
    folder.mkdir()
    for name in ("creator", "staker-1", "staker-2"):
        path = folder / f"{name}.json"
        path.write_text(Keypair().to_json())
        path.chmod(0o600)


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
