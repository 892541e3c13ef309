"""Settings are read once and explained when they are wrong."""

import ast
import inspect
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from settings import KNOWN_PROGRAM_ID, Network, Settings, SettingsError, read_settings, websocket_of

THIRD_PARTIES = {"dotenv", "pydantic", "pydantic_settings", "solders"}


@pytest.fixture(autouse=True)
def _no_settings_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*Settings.model_fields, "credentials_directory"):
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def test_an_empty_environment_means_the_localnet() -> None:
    settings = read_settings()

    assert settings.network is Network.LOCALNET
    assert settings.solana_rpc_url == ("http://127.0.0.1:8899",)
    assert settings.ws_urls == ("ws://127.0.0.1:8900",)
    assert str(settings.program) == KNOWN_PROGRAM_ID
    assert settings.anthropic_api_key is None
    assert settings.oracle_keypair_path is None


def test_several_endpoints_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLANA_RPC_URL", "https://one.example, http://127.0.0.1:8899")

    assert read_settings().solana_rpc_url == ("https://one.example", "http://127.0.0.1:8899")


@pytest.mark.parametrize(
    ("name", "value", "should_be"),
    [
        ("NETWORK", "mainet", "localnet, devnet, testnet or mainnet"),
        ("SOLANA_RPC_URL", "127.0.0.1:8899", "http(s) addresses"),
        ("SOLANA_RPC_URL", "ftp://example.org", "http(s) addresses"),
        ("SOLANA_RPC_URL", "http://example.org:70000", "http(s) addresses"),
        ("PROGRAM_ID", "opinion", "base58 address"),
        ("SOLANA_WS_URL", "http://127.0.0.1:8900", "ws(s) addresses"),
        ("MAX_PRIORITY_FEE", "-1", "micro-lamports"),
        ("DATABASE_URL", "mysql://db/x", "postgresql://"),
        ("DATABASE_URL", "sqlite:///", "sqlite:///PATH"),
        ("REDIS_URL", "http://127.0.0.1:6379", "redis://"),
        ("IPFS_GATEWAYS", "ipfs.example", "http(s) addresses of IPFS gateways"),
        ("IPFS_APIS", "ftp://kubo", "Kubo"),
        ("ANTHROPIC_BASE_URL", "proxy", "Messages API"),
        ("ANALYSIS_MODELS", "a,b,c,d,e,f", "one to five"),
        ("ANALYSIS_SECONDS", "0", "seconds"),
        ("ANALYSIS_BUDGET_DOLLARS", "much", "dollars"),
        ("ANALYSIS_SLOTS", "0", "1 to 100"),
        ("ANALYSIS_REQUESTS_PER_MINUTE", "0", "1 to 1000000"),
        ("ANALYSIS_TOKENS_PER_MINUTE", "999", "1000 to 10000000000"),
        ("METRICS_PORT", "65536", "a port"),
        ("METRICS_HOST", "everywhere", "such as 127.0.0.1"),
        ("PROMETHEUS_URLS", "prometheus:9090", "Prometheus servers"),
        ("ALERTMANAGER_URLS", "https://", "Alertmanagers"),
        ("SQUADS_MULTISIG", "squad", "base58 address"),
        ("SQUADS_UPGRADE_MULTISIG", "squad", "base58 address"),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_should_be(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, should_be: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        read_settings()

    assert name in str(caught.value)
    assert should_be in str(caught.value)
    assert caught.value.__context__ is None, "a traceback of the cause would print the whole environment"


@pytest.mark.parametrize(
    "value", ["https://ok/?api-key=secret,htps://x/?api-key=secret", "http://user:secret@host:99999/", ","]
)
def test_an_address_that_holds_a_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SOLANA_RPC_URL", value)

    with pytest.raises(SettingsError) as caught:
        read_settings()

    assert "SOLANA_RPC_URL" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_settings_import_nothing_of_ours() -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(Path(inspect.getfile(Settings)).read_text())):
        if isinstance(node, ast.ImportFrom):
            imported.add(str(node.module).split(".")[0])
        elif isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}

    assert imported <= sys.stdlib_module_names | THIRD_PARTIES


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read_settings().program_id = "x"  # type: ignore[misc]


def test_every_name_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {
        "SOLANA_WS_URL": "wss://one.example, ws://two.example:1",
        "MAX_PRIORITY_FEE": "5",
        "DATABASE_URL": "postgresql://opinion@db/opinion",
        "REDIS_URL": "rediss://cache:6380/1",
        "ANTHROPIC_API_KEY": "secret",
        "ANALYSIS_MODELS": "claude-haiku-5-5, claude-sonnet-5-5",
        "ANALYSIS_BUDGET_DOLLARS": "0.50",
        "RANDOMNESS_KEYPAIR_PATHS": "/keys/new.json,/keys/old.json",
        "METRICS_PORT": "0",
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)

    settings = read_settings()

    assert settings.ws_urls == ("wss://one.example", "ws://two.example:1")
    assert settings.max_priority_fee == 5
    assert settings.database_url == told["DATABASE_URL"]
    assert settings.redis_url == told["REDIS_URL"]
    assert settings.anthropic_api_key is not None
    assert settings.anthropic_api_key.get_secret_value() == "secret"
    assert settings.analysis_models == ("claude-haiku-5-5", "claude-sonnet-5-5")
    assert settings.analysis_budget_dollars == Decimal("0.50")
    assert settings.randomness_keypair_paths == (Path("/keys/new.json"), Path("/keys/old.json"))
    assert settings.metrics_port == 0


@pytest.mark.parametrize(
    ("address", "websocket"),
    [
        ("http://127.0.0.1:8899", "ws://127.0.0.1:8900"),
        ("https://rpc.example/?api-key=x", "wss://rpc.example/?api-key=x"),
        ("https://user:8899@rpc.example:8899/v1", "wss://user:8899@rpc.example:8900/v1"),
        ("http://[::1]:8899", "ws://[::1]:8900"),
    ],
)
def test_websockets_are_where_solanas_clients_look_for_them(address: str, websocket: str) -> None:
    assert websocket_of(address) == websocket


SECRETS = {
    "SOLANA_RPC_URL": "https://rpc.example/?api-key=hush",
    "SOLANA_WS_URL": "wss://rpc.example/?api-key=hush",
    "DATABASE_URL": "postgresql://opinion:hush@db/opinion",
    "REDIS_URL": "redis://:hush@cache/0",
    "ANTHROPIC_API_KEY": "hush",
    "IPFS_APIS": "https://user:hush@kubo",
    "IPFS_GATEWAYS": "https://user:hush@gateway",
    "PROMETHEUS_URLS": "https://user:hush@prometheus",
    "ALERTMANAGER_URLS": "https://user:hush@alertmanager",
}


def test_no_secret_is_in_what_settings_print(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    settings = read_settings()

    assert "hush" not in f"{settings!r} {settings}"


@pytest.mark.parametrize("name", [name for name in SECRETS if name != "ANTHROPIC_API_KEY"])
def test_no_secret_is_in_what_is_said_of_a_wrong_setting(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, SECRETS[name].replace("://", ":/"))

    with pytest.raises(SettingsError) as caught:
        read_settings()

    assert name in str(caught.value)
    assert "hush" not in str(caught.value)


def test_the_file_of_the_network_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env.devnet").write_text("METRICS_PORT=1\nANALYSIS_SLOTS=3\n# a comment\nSOMEBODY_ELSES=1\n")
    Path(".env.localnet").write_text("METRICS_PORT=2\n")
    monkeypatch.setenv("NETWORK", "devnet")
    monkeypatch.setenv("METRICS_PORT", "4")
    settings = read_settings()

    assert (settings.metrics_port, settings.analysis_slots) == (4, 3)
    monkeypatch.delenv("NETWORK")
    monkeypatch.delenv("METRICS_PORT")
    assert read_settings().metrics_port == 2


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("garbage line", r"\.env\.localnet, line 2 sets nothing: it should be NAME=\"value\", or begin with #\.$"),
        ("REDIS_URL", "line 2 sets nothing"),
        ('REDIS_URL="redis://secret', "line 2 sets nothing"),
        ("ANALYSIS_SLOT=3", r"line 2 sets ANALYSIS_SLOT, which is no setting: it should be ANALYSIS_SLOTS\.$"),
        ("export DATABSE_URL=sqlite:///x", r"line 2 sets DATABSE_URL, .* it should be DATABASE_URL\.$"),
    ],
)
def test_a_line_that_would_be_passed_by_in_silence_is_named(
    line: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env.localnet").write_text(f"METRICS_PORT=2\n{line}\n")
    with pytest.raises(SettingsError, match=words) as error:
        read_settings()
    assert "secret" not in str(error.value)


def test_a_file_of_another_network_than_its_name_says_is_refused() -> None:
    Path(".env.localnet").write_text("NETWORK=mainnet\n")

    with pytest.raises(SettingsError, match=r"\.env\.localnet says NETWORK=mainnet"):
        read_settings()


@pytest.mark.parametrize("content", [None, b"\xff\xfe=1"], ids=["a folder", "no text"])
def test_a_file_that_cannot_be_read_is_told(content: bytes | None) -> None:
    path = Path(".env.localnet")
    path.mkdir() if content is None else path.write_bytes(content)

    if content is None:
        assert read_settings().network is Network.LOCALNET
    else:
        with pytest.raises(SettingsError, match="cannot be read"):
            read_settings()


def test_credentials_stand_in_for_what_is_unset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    for name in ("oracle_keypair_path", "randomness_keypair_paths_new.json", "randomness_keypair_paths_old.json"):
        (credentials / name).write_text("[]")
    (credentials / "anthropic_api_key").write_text("hush\n")
    (credentials / "database_url").write_text("postgresql://db/opinion\n")
    (credentials / "redis_url").write_text("redis://cache/0\n")
    (credentials / "metrics_port").write_text("1\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    monkeypatch.setenv("REDIS_URL", "redis://environment/0")
    settings = read_settings()

    assert settings.oracle_keypair_path == credentials / "oracle_keypair_path"
    assert settings.randomness_keypair_paths == (
        credentials / "randomness_keypair_paths_new.json",
        credentials / "randomness_keypair_paths_old.json",
    )
    assert settings.anthropic_api_key is not None
    assert settings.anthropic_api_key.get_secret_value() == "hush"
    assert settings.database_url == "postgresql://db/opinion"
    assert settings.redis_url == "redis://environment/0"
    assert settings.metrics_port == 9464, "only secrets come as credentials"


def test_credentials_that_are_not_there_change_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "nowhere"))

    assert read_settings() == Settings()  # type: ignore[call-arg]
