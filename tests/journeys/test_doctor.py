"""`opinion doctor`: all well, and each part that is not, with what to do."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ops.localnet import make_keys
from tests import servers
from tests.journeys.conftest import Localnet, opinion


@dataclass(frozen=True)
class Host:
    """A folder and settings with which everything is well."""

    folder: Path
    settings: dict[str, str]

    def doctor(self, **changed: str) -> tuple[int, dict[str, dict[str, str]]]:
        """The exit code, and the worst finding of each part."""
        done = opinion("doctor", "--json", cwd=self.folder, **{**self.settings, **changed})
        assert done.stderr == ""
        found = json.loads(done.stdout)
        assert found["ok"] is (done.returncode == 0)
        return done.returncode, {finding["part"]: finding for finding in found["findings"]}


@pytest.fixture(scope="module")
def host(initialized: Localnet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("host")
    redis = servers.valkey("--appendonly", "yes")
    settings = {
        "NETWORK": "localnet",
        "SOLANA_RPC_URL": initialized.url,
        "DATABASE_URL": f"sqlite:///{folder}/oracle.db",
        "REDIS_URL": redis.url,
        "TEXTS_PATH": str(folder / "texts"),
        "ORACLE_KEYPAIR_PATH": str(initialized.keys / "oracle.json"),
        "RANDOMNESS_KEYPAIR_PATHS": str(initialized.keys / "randomness.json"),
    }
    try:
        migrated = opinion("store", "migrate", cwd=folder, **settings)
        assert migrated.returncode == 0, migrated.stderr
        yield Host(folder, settings)
    finally:
        redis.remove()


def test_where_all_is_well_it_says_so(host: Host) -> None:
    code, found = host.doctor()

    assert code == 0, found
    parts = {
        "settings",
        "database",
        "database clock",
        "hold",
        "redis",
        "texts",
        "disk",
        "claude",
        "clock",
        "program",
        "oracle key",
    }
    assert parts | {"randomness keys", "bond"} <= found.keys()
    words = opinion("doctor", cwd=host.folder, **host.settings).stdout
    assert words.endswith("Nothing is wrong.\n")


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"METRICS_PORT": "many"}, "settings"),
        ({"DATABASE_URL": "sqlite:///nowhere.db"}, "database"),
        ({"DATABASE_URL": "postgresql://opinion:hush@127.0.0.1:9/opinion"}, "database"),
        ({"REDIS_URL": "redis://:hush@127.0.0.1:9/0"}, "redis"),
        ({"TEXTS_PATH": "/proc/texts"}, "texts"),
        ({"SOLANA_RPC_URL": "http://127.0.0.1:9/?api-key=hush"}, "rpc http://127.0.0.1:9"),
        ({"PROGRAM_ID": "11111111111111111111111111111112"}, "program"),
        ({"ORACLE_KEYPAIR_PATH": "nowhere.json"}, "oracle key"),
        ({"RANDOMNESS_KEYPAIR_PATHS": ""}, "randomness keys"),
        ({"ANTHROPIC_API_KEY": "hush", "ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}, "claude"),
        ({"IPFS_APIS": "http://127.0.0.1:9"}, "ipfs node http://127.0.0.1:9"),
        ({"IPFS_GATEWAYS": "http://127.0.0.1:9"}, "ipfs gateway http://127.0.0.1:9"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(host: Host, changed: dict[str, str], part: str) -> None:
    code, found = host.doctor(**changed)

    assert code == 1
    assert found[part]["verdict"] == "WRONG", found
    assert found[part]["remedy"]
    assert "hush" not in json.dumps(found)


def test_a_roster_that_is_wrong_keeps_nothing_else_from_being_looked_at(host: Host, tmp_path: Path) -> None:
    roster = tmp_path / "roster.toml"
    roster.write_text("this is no TOML")
    code, found = host.doctor(ROSTER_PATH=str(roster))
    assert code == 1
    assert found["signers"]["verdict"] == "WRONG"
    assert {"oracle key", "randomness keys", "bond"} <= found.keys()
    assert found["oracle key"]["verdict"] != "WRONG"


def test_a_key_that_others_may_read_wants_another_mode_and_no_backup(host: Host, tmp_path: Path) -> None:
    make_keys(tmp_path / "keys")
    open_key = tmp_path / "keys" / "randomness.json"
    open_key.chmod(0o644)
    code, found = host.doctor(RANDOMNESS_KEYPAIR_PATHS=str(open_key))

    assert code == 1
    assert f"chmod 600 {open_key}" in found["randomness keys"]["words"]
    assert "backup" not in found["randomness keys"]["remedy"]


def test_a_database_without_tables_wants_them_made(host: Host, tmp_path: Path) -> None:
    (tmp_path / "new.db").touch()
    code, found = host.doctor(DATABASE_URL=f"sqlite:///{tmp_path}/new.db")

    assert code == 1
    assert found["database"]["remedy"] == "run `opinion store migrate`"


def test_another_key_than_the_programs_is_told(host: Host, tmp_path: Path) -> None:
    make_keys(tmp_path / "keys")
    others = str(tmp_path / "keys" / "oracle.json")
    code, found = host.doctor(ORACLE_KEYPAIR_PATH=others, RANDOMNESS_KEYPAIR_PATHS=others)

    assert code == 1
    assert found["oracle key"]["verdict"] == found["randomness keys"]["verdict"] == "WRONG"
    assert "the program's oracle is" in found["oracle key"]["words"]


def test_a_hold_is_no_fault_but_is_told(host: Host) -> None:
    assert opinion("hold", "we look at something", cwd=host.folder, **host.settings).returncode == 0
    code, found = host.doctor()
    assert opinion("resume", cwd=host.folder, **host.settings).returncode == 0

    assert code == 0
    assert found["hold"]["verdict"] == "note"
    assert "we look at something" in found["hold"]["words"]
