"""What an engine works with is opened as the settings say, and refused in one sentence."""

import json
import os
from pathlib import Path

import pytest
from solders.keypair import Keypair

from chain.ecvrf import SecretKey
from chain.errors import RpcError, SignerError
from oracle.parts import opened
from oracle.settlement.recorder import DirectRecorder, RecorderError
from settings import Settings, SettingsError
from store.cluster import pin
from store.database import Database
from store.errors import OtherCluster
from store.migrations import migrate
from store.settlements import Queue
from tests.stage import staged

NOWHERE = "http://127.0.0.1:1"
SECRET = SecretKey(bytes([7]) * 32)


@pytest.fixture(autouse=True)
def _without_an_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def _file(path: Path, content: bytes | str) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(list(content)))
    path.chmod(0o600)
    return path


def _settings(folder: Path, **more: object) -> Settings:
    values: dict[str, object] = {
        "solana_rpc_url": NOWHERE,
        "database_url": f"sqlite:///{folder}/oracle.db",
        "texts_path": folder / "texts",
        "oracle_keypair_path": _file(folder / "oracle.json", Keypair.from_seed(bytes([5]) * 32).to_json()),
        "randomness_keypair_paths": str(_file(folder / "randomness.json", bytes([7]) * 32 + SECRET.public)),
    }
    return Settings(**{**values, **more})  # pyright: ignore[reportArgumentType] - checked by pydantic


async def test_everything_is_as_the_settings_say(tmp_path: Path) -> None:
    settings = _settings(tmp_path, analysis_slots=3, analysis_seconds=12.5, analysis_budget_dollars="0.25")
    async with opened(settings) as parts:
        assert parts.oracle.public_key == Keypair.from_seed(bytes([5]) * 32).pubkey()
        assert parts.prover.holds(SECRET.public)
        assert isinstance(parts.recorder, DirectRecorder)
        assert (parts.analysis_slots, parts.analysis_seconds, parts.analysis_budget) == (3, 12.5, 250_000)
        assert parts.panel().analysers


async def test_it_opens_without_a_node_so_that_markets_can_wait_for_it(tmp_path: Path) -> None:
    async with opened(_settings(tmp_path)) as parts:
        with pytest.raises(RpcError):
            await parts.pinned()


async def test_without_the_oracles_key_nothing_opens(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ORACLE_KEYPAIR_PATH is not set"):
        async with opened(_settings(tmp_path, oracle_keypair_path=None)):
            pass


async def test_who_analyses_alone_needs_no_key_and_is_given_none(tmp_path: Path) -> None:
    async with opened(_settings(tmp_path, oracle_keypair_path=None), [Queue.ANALYSE]) as parts:
        assert (parts.oracle, parts.recorder, parts.serves) == (None, None, frozenset([Queue.ANALYSE]))
        assert not parts.prover.holds(SECRET.public)


async def test_who_captures_alone_needs_a_key_that_pays_and_no_other(tmp_path: Path) -> None:
    settings = _settings(tmp_path, network="mainnet", solana_rpc_url="https://127.0.0.1:1")
    async with opened(settings, [Queue.CAPTURE, Queue.CLEAN]) as parts:
        assert parts.oracle is not None
        assert parts.recorder is None
        assert not parts.prover.holds(SECRET.public)


async def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    os.chmod(tmp_path / "randomness.json", 0o644)  # noqa: PTH101 - a test may block
    with pytest.raises(SignerError):
        async with opened(settings):
            pass


@pytest.mark.parametrize("queues", [tuple(Queue), (Queue.SETTLE,), (Queue.ANALYSE,)])
async def test_mainnet_is_refused_where_scores_are_made_or_recorded(tmp_path: Path, queues: tuple[Queue, ...]) -> None:
    with pytest.raises(RecorderError):
        async with opened(_settings(tmp_path, network="mainnet", solana_rpc_url="https://127.0.0.1:1"), queues):
            pass


async def test_another_chains_database_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        async with Database(f"sqlite:///{tmp_path}/oracle.db") as db:
            await migrate(db)
            await pin(db, "4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY", str(stage.program))
        async with opened(_settings(tmp_path, solana_rpc_url=stage.url)) as parts:
            with pytest.raises(OtherCluster):
                await parts.pinned()
