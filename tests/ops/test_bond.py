"""The bond is shown and filled, and mainnet's money wants its name typed."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from chain.units import UsdcUnits
from ops.bond import prepared, read
from ops.demo.authorities import establish
from ops.errors import OperatorError, UsageError
from ops.spending import allow
from settings import Network, Settings
from store.database import Database
from store.migrations import migrate
from store.schema import audit
from tests.stage import staged

AMOUNT = UsdcUnits(250_000_000)


async def test_a_deposit_is_checked_told_written_down_and_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with staged(tmp_path) as stage, Database(f"sqlite:///{tmp_path}/oracle.db") as db:
        await migrate(db)
        settings = Settings(
            program_id=str(stage.program),
            solana_rpc_url=stage.url,  # pyright: ignore[reportArgumentType]
            database_url=f"sqlite:///{tmp_path}/oracle.db",
        )
        wallet = tmp_path / "ledger" / "keys" / "guardian.json"
        with pytest.raises(OperatorError, match="No program of ours is initialised"):
            async with prepared(settings, None, AMOUNT, wallet):
                pass
        await establish(stage, "establish", UsdcUnits(1_000_000_000))
        with pytest.raises(OperatorError, match=r"holds \$0\.00, less than \$250\.00: nothing was spent"):
            async with prepared(settings, None, AMOUNT, wallet):
                pass
        await stage.fund(stage.keys.guardian.public_key, AMOUNT)
        async with prepared(settings, None, AMOUNT, wallet) as deposit:
            assert deposit.words().startswith("It moves $250.00 from ")
            await deposit.make()
        bond, _ = await read(stage.rpc, stage.program)
        assert bond.words().endswith("holds $1,250.00: $0.00 locked, $1,250.00 free.")
        async with db.read() as connection:
            [act] = (await connection.execute(select(audit.c.act, audit.c.details))).all()
        assert act.act == "deposit bond"
        assert json.loads(act.details)["amount"] == AMOUNT


def test_mainnets_name_must_be_typed_and_payment_be_allowed() -> None:
    with pytest.raises(UsageError, match="nothing was spent: give --pay"):
        allow(Network.MAINNET, pay=False, typed=lambda: "mainnet")
    with pytest.raises(OperatorError, match="nothing was spent"):
        allow(Network.MAINNET, pay=True, typed=lambda: "mainet")
    allow(Network.MAINNET, pay=True, typed=lambda: "mainnet")
    allow(Network.DEVNET, pay=False, typed=lambda: "")
