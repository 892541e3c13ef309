"""Agave's command line as it comes, on both clusters."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from localnet.elf import program_returning
from solders.keypair import Keypair

from .cluster import Cluster

Cli: TypeAlias = Callable[..., str]


@pytest.fixture
def cli(solana_cli: str, cluster: Cluster, tmp_path: Path) -> Cli:
    """Runs a command with a funded key, and returns what it printed."""
    key = tmp_path / "id.json"
    key.write_text(Keypair().to_json())
    settings = tmp_path / "config.yml"
    settings.write_text(
        f"json_rpc_url: {cluster.url}\nwebsocket_url: {cluster.ws_url}\n"
        f"keypair_path: {key}\ncommitment: confirmed\naddress_labels: {{}}\n"
    )

    def run(*arguments: str, fails: bool = False) -> str:
        command = [solana_cli, "--config", str(settings), *arguments]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (result.returncode != 0) is fails, result.stdout + result.stderr
        return result.stdout + result.stderr

    run("airdrop", "50")
    return run


def _new_key(path: Path) -> tuple[str, str]:
    """(the file, the address)."""
    key = Keypair()
    path.write_text(key.to_json())
    return str(path), str(key.pubkey())


def test_money_moves(cli: Cli, tmp_path: Path) -> None:
    _, to = _new_key(tmp_path / "to.json")
    assert cli("balance").strip() == "50 SOL"
    cli("transfer", to, "3", "--allow-unfunded-recipient")
    assert cli("balance", to).strip() == "3 SOL"
    assert cli("balance", "--lamports").strip() == "46999995000 lamports"
    signature = json.loads(cli("transfer", to, "1", "--output", "json"))["signature"]
    assert "Status: Ok" in cli("confirm", "-v", signature)
    assert signature in cli("transaction-history", to)
    assert "insufficient funds" in cli("transfer", to, "1000", fails=True)


def test_the_cluster_is_seen(cli: Cli) -> None:
    assert int(cli("slot")) > 0
    assert int(cli("block-height")) > 0
    assert "Epoch" in cli("epoch-info")
    assert "4.1.2" in cli("cluster-version")
    assert cli("genesis-hash").strip()
    assert "Rent-exempt minimum" in cli("rent", "165")
    assert "Public Key" in cli("account", "So11111111111111111111111111111111111111112")
    assert "Slot:" in cli("block")


def test_a_program_is_deployed_upgraded_extended_and_closed(cli: Cli, tmp_path: Path) -> None:
    key, program = _new_key(tmp_path / "program.json")
    first, second = tmp_path / "first.so", tmp_path / "second.so"
    first.write_bytes(program_returning(0))
    second.write_bytes(program_returning(7, padding=4_000))
    cli("program", "deploy", str(first), "--program-id", key, "--use-rpc")
    shown = json.loads(cli("program", "show", program, "--output", "json"))
    assert shown["programId"] == program
    assert shown["dataLen"] == len(first.read_bytes())
    _let_slots_pass(cli, 3)
    cli("program", "extend", program, "10240")
    _let_slots_pass(cli, 3)
    cli("program", "deploy", str(second), "--program-id", key)
    dumped = tmp_path / "dumped.so"
    cli("program", "dump", program, str(dumped))
    assert dumped.read_bytes().startswith(second.read_bytes())
    _let_slots_pass(cli, 3)
    assert "Closed Program Id" in cli("program", "close", program, "--bypass-warning")
    assert "has been closed" in cli("program", "show", program, fails=True)


def _let_slots_pass(cli: Cli, count: int) -> None:
    """The loader takes one change of a program a slot."""
    target = int(cli("slot")) + count
    while int(cli("slot")) < target:
        time.sleep(0.1)


def test_a_nonce_account_is_made_and_used(cli: Cli, tmp_path: Path) -> None:
    key, nonce = _new_key(tmp_path / "nonce.json")
    _, to = _new_key(tmp_path / "to.json")
    cli("create-nonce-account", key, "1")
    before = cli("nonce", nonce).strip()
    cli("transfer", to, "1", "--allow-unfunded-recipient", "--nonce", nonce, "--blockhash", before)
    assert cli("nonce", nonce).strip() != before
