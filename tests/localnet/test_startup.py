"""Mistakes at the start end in one sentence and a code that is not 0."""

import json
import socket
import subprocess
from pathlib import Path

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from .conftest import Nodes
from .elf import program_returning
from .process import Localnet
from .wallet import CONFIRMED


def _refusal(node: Localnet, *flags: str) -> str:
    """What the node says on stderr as it refuses to start."""
    result = subprocess.run(node.command(*flags), capture_output=True, text=True, timeout=20, check=False)
    assert result.returncode != 0
    assert result.stderr.count("\n") == 1, result.stderr
    assert "Traceback" not in result.stderr
    return result.stderr


def test_a_ledger_in_use_is_refused(nodes: Nodes, tmp_path: Path) -> None:
    nodes(tmp_path / "ledger").start()
    assert "is in use by process" in _refusal(nodes(tmp_path / "ledger"))


def test_a_damaged_ledger_is_refused_and_reset_starts_anew(nodes: Nodes, tmp_path: Path) -> None:
    node = nodes(tmp_path / "ledger").start()
    genesis = node.call("getGenesisHash")
    node.stop()
    file = tmp_path / "ledger" / "ledger.sqlite3"
    content = bytearray(file.read_bytes())
    content[:16] = b"not a database.."
    file.write_bytes(content)
    assert "cannot be read" in _refusal(node)
    node.start("--reset")
    assert node.call("getGenesisHash") != genesis


def test_damaged_pages_are_refused(nodes: Nodes, tmp_path: Path) -> None:
    node = nodes(tmp_path / "ledger").start()
    node.stop()
    file = tmp_path / "ledger" / "ledger.sqlite3"
    content = bytearray(file.read_bytes())
    content[4096 : 4096 * 3] = b"\xa5" * 8192
    file.write_bytes(content)
    assert "ledger" in _refusal(node)


def test_reset_removes_no_strangers_files(nodes: Nodes, tmp_path: Path) -> None:
    folder = tmp_path / "ledger"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    assert "--reset removes nothing" in _refusal(nodes(folder), "--reset")
    assert (folder / "thesis.txt").exists()


def test_a_port_in_use_is_refused(nodes: Nodes, tmp_path: Path) -> None:
    node = nodes(tmp_path / "ledger")
    for port in (node.port, node.port + 1):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", port))
            taken.listen()
            sentence = f"Port {port} on 127.0.0.1 is in use; give another --rpc-port."
            assert _refusal(node) == f"opinion-localnet: {sentence}\n"
    assert list(tmp_path.iterdir()) == []


def test_a_reset_that_cannot_start_keeps_the_old_chain(nodes: Nodes, tmp_path: Path) -> None:
    node = nodes(tmp_path / "ledger").start()
    genesis = node.call("getGenesisHash")
    node.stop()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", node.port))
        taken.listen()
        _refusal(node, "--reset")
    (tmp_path / "program.so").write_bytes(program_returning(0)[:-8])
    program = ("--upgradeable-program", str(Pubkey.new_unique()), str(tmp_path / "program.so"), "none")
    assert "program.so is not a program" in _refusal(node, "--reset", *program)
    assert node.start().call("getGenesisHash") == genesis


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--slot-ms", "0"], "--slot-ms"),
        (["--slot-ms", "soon"], "--slot-ms"),
        (["--nonsense"], "--nonsense"),
        (["--bind-address", "everywhere"], "is not an IP address"),
        (["--upgradeable-program", "x", "/nowhere.so", "none"], "is not an address"),
        (["--upgradeable-program", str(Pubkey.new_unique()), "/nowhere.so", "none"], "cannot be read"),
        (["--account", str(Pubkey.new_unique()), "/nowhere.json"], "cannot be read"),
        (["--lamports-per-byte", "0"], "--lamports-per-byte"),
    ],
)
def test_a_wrong_flag_is_refused(nodes: Nodes, tmp_path: Path, flags: list[str], says: str) -> None:
    assert says in _refusal(nodes(tmp_path / "ledger"), *flags)


@pytest.mark.parametrize("content", [b"", b"text", b"\x7fELF but no program", program_returning(0)[:-8]])
def test_a_file_that_is_no_program_is_refused(nodes: Nodes, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "program.so"
    path.write_bytes(content)
    refusal = _refusal(nodes(tmp_path / "ledger"), "--upgradeable-program", str(Pubkey.new_unique()), str(path), "none")
    assert f"{path} is not a program that this node can load: " in refusal
    assert list(tmp_path.iterdir()) == [path]


def test_a_ledger_needs_its_program_files_no_more(nodes: Nodes, tmp_path: Path) -> None:
    path = tmp_path / "program.so"
    path.write_bytes(program_returning(0))
    flags = ("--upgradeable-program", str(Pubkey.new_unique()), str(path), "none")
    node = nodes(tmp_path / "ledger", *flags).start()
    node.stop()
    path.unlink()
    assert node.start().call("getHealth") == "ok"


def test_genesis_takes_accounts_and_programs(nodes: Nodes, tmp_path: Path) -> None:
    address, owner, program = Pubkey.new_unique(), Pubkey.new_unique(), Pubkey.new_unique()
    account = {
        "pubkey": str(Pubkey.new_unique()),
        "account": {
            "lamports": 12_345_678,
            "data": ["aGVsbG8=", "base64"],
            "owner": str(owner),
            "executable": False,
            "rentEpoch": 18446744073709551615,
            "space": 5,
        },
    }
    (tmp_path / "account.json").write_text(json.dumps(account))
    (tmp_path / "program.so").write_bytes(program_returning(0))
    authority = Keypair()
    (tmp_path / "authority.json").write_text(authority.to_json())
    flags = ["--account", str(address), str(tmp_path / "account.json")]
    flags += ["--upgradeable-program", str(program), str(tmp_path / "program.so")]
    node = nodes(tmp_path / "ledger", *flags, str(tmp_path / "authority.json")).start()
    found = node.call("getAccountInfo", str(address), {"encoding": "base64"})["value"]
    assert (found["lamports"], found["data"][0], found["owner"]) == (12_345_678, "aGVsbG8=", str(owner))
    parsed = {"encoding": "jsonParsed"} | CONFIRMED
    code = node.call("getAccountInfo", str(program), parsed)["value"]
    assert code["executable"]
    data = code["data"]["parsed"]["info"]["programData"]
    info = node.call("getAccountInfo", data, parsed)["value"]["data"]["parsed"]["info"]
    assert info["authority"] == str(authority.pubkey())


def test_it_listens_on_loopback_only(node: Localnet) -> None:
    with socket.socket() as elsewhere:
        elsewhere.settimeout(1)
        assert elsewhere.connect_ex(("127.0.0.2", node.port)) != 0
