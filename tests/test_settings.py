"""Settings are read once and explained when they are wrong."""

import ast
import inspect
from pathlib import Path

import pytest

from settings import KNOWN_PROGRAM_ID, Network, Settings, SettingsError, read_settings

THIRD_PARTIES = {"pydantic", "pydantic_settings", "solders"}
NAMES = ("NETWORK", "SOLANA_RPC_URL", "PROGRAM_ID")


@pytest.fixture(autouse=True)
def _no_settings_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_an_empty_environment_means_the_localnet() -> None:
    settings = read_settings()

    assert settings.network is Network.LOCALNET
    assert settings.solana_rpc_url == ("http://127.0.0.1:8899",)
    assert str(settings.program) == KNOWN_PROGRAM_ID


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
    assert caught.value.__suppress_context__, "a traceback of the cause would print the whole environment"


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
    tree = ast.parse(Path(inspect.getfile(Settings)).read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert {str(module).split(".")[0] for module in imported} <= {"enum", "typing", "urllib", *THIRD_PARTIES}


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read_settings().program_id = "x"  # type: ignore[misc]
