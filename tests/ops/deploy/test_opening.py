"""Looking at the gates on a localnet with its council, and the commands that say what holds."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from solders.keypair import Keypair

from chain.loader import executable_hash
from chain.units import Lamports, UsdcUnits
from ops.deploy.findings import REHEARSED, look
from ops.deploy.gates import Found, Gate
from ops.localnet import PROGRAM_FILE
from settings import Settings
from store import runbooks
from store.runbooks import Outcome
from tests.ops.signers.signing import settings_of
from tests.oracle.settlement.hall import Hall

OPINION = Path(sys.executable).with_name("opinion")


async def found(hall: Hall, settings: Settings, deployer: Keypair | None = None, cost: int = 0) -> dict[Gate, Found]:
    stage = hall.house.stage
    key = None if deployer is None else deployer.pubkey()
    return dict(await look(settings, stage.rpc, hall.house.db, key, Lamports(cost), datetime.now(UTC)))


async def test_what_is_looked_at_says_what_it_lacks(hall: Hall) -> None:
    seen = await found(hall, settings_of(hall))
    assert not seen[Gate.MULTISIG].holds
    assert "both in the roster" in seen[Gate.MULTISIG].words
    assert seen[Gate.KEYS] == Found(False, seen[Gate.KEYS].words)
    assert "oracle" in seen[Gate.KEYS].words
    assert seen[Gate.RANDOMNESS].holds
    assert seen[Gate.FREEZE] == Found(True, "none of 0 windows is on")
    assert seen[Gate.BALANCE] == Found(False, "there is no deployer's key: set SOLANA_KEYPAIR")


async def test_the_deployer_pays_what_the_plan_costs(hall: Hall) -> None:
    deployer = Keypair()
    await hall.house.stage.fund(deployer.pubkey(), UsdcUnits(0))
    held = await hall.house.stage.rpc.balance(deployer.pubkey())
    assert (await found(hall, settings_of(hall), deployer, held))[Gate.BALANCE].holds
    assert not (await found(hall, settings_of(hall), deployer, held + 1))[Gate.BALANCE].holds


async def test_a_freeze_shuts_until_it_is_over(hall: Hall) -> None:
    now = datetime.now(UTC)
    window = f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M}/{now + timedelta(days=1):%Y-%m-%dT%H:%M}"
    seen = await found(hall, settings_of(hall, deploy_freezes=(window,)))
    assert seen[Gate.FREEZE].words == f"nothing is deployed until {now + timedelta(days=1):%Y-%m-%d %H:%M} UTC"
    wrong = await found(hall, settings_of(hall, deploy_freezes=("always",)))
    assert (wrong[Gate.FREEZE].holds, "is no window" in wrong[Gate.FREEZE].words) == (False, True)


async def test_runbooks_count_once_they_were_gone_through_to_the_end(hall: Hall) -> None:
    db = hall.house.db
    for number, name in enumerate(REHEARSED):
        run, _ = await runbooks.start(db, name, "d" * 64, "ann@bastion")
        outcome = Outcome.ABANDONED if number == 0 else Outcome.FINISHED
        await runbooks.end(db, run.id, outcome, "", [], "ann@bastion")
    seen = await found(hall, settings_of(hall))
    assert seen[Gate.RUNBOOKS].words == f"not rehearsed in 30 days: {REHEARSED[0]}; see 'opinion runbook'"
    run, _ = await runbooks.start(db, REHEARSED[0], "d" * 64, "ann@bastion")
    await runbooks.end(db, run.id, Outcome.FINISHED, "", [], "ann@bastion")
    assert (await found(hall, settings_of(hall)))[Gate.RUNBOOKS].holds


async def test_the_commands_open_gates_and_shut_them_again(hall: Hall, tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "PROGRAM_ID": str(hall.house.stage.program),
        "ROSTER_PATH": str(hall.founded.roster),
        "SQUADS_MULTISIG": str(hall.council.pinned.address),
        "SOLANA_RPC_URL": hall.house.stage.url,
        "DATABASE_URL": hall.house.db.name,
    }

    async def opinion(*arguments: str, code: int = 0) -> dict[str, Any]:
        command = [str(OPINION), "deploy", *arguments, "--json"]
        done = await asyncio.to_thread(
            subprocess.run, command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout) if code in (0, 3) else {"error": done.stderr}

    async def state(gate: str) -> tuple[bool, bool]:
        told = await opinion("gates", code=3)
        assert told["artefact"] == executable_hash(PROGRAM_FILE.read_bytes())
        [one] = [each for each in told["gates"] if each["gate"] == gate]
        return one["open"], one["waived"]

    assert await state("tests") == (False, False)
    given = await opinion("show", "tests", "--words", "make test on bastion, all passed")
    assert await state("tests") == (True, False)
    await opinion("withdraw", str(given["id"]), "--why", "another artefact")
    assert await state("tests") == (False, False)
    await opinion("waive", "balance", "--why", "funded right after", "--hours", "2")
    assert await state("balance") == (True, True)
    for code, arguments, words in (
        (2, ("show", "balance", "--words", "rich"), "Nobody says that balance holds"),
        (2, ("show", "audit", "--words", "clean"), "name it by --document"),
        (2, ("show", "luck", "--words", "good"), "'luck' is no gate"),
        (2, ("waive", "audit", "--why", " "), "Say why"),
        (2, ("waive", "audit", "--why", "late", "--hours", "999"), "7 days at most"),
        (1, ("withdraw", "77", "--why", "none"), "no evidence 77"),
        (1, ("gates", "--artefact", "nowhere.so"), "nowhere.so cannot be read"),
    ):
        assert words in (await opinion(*arguments, code=code))["error"]
