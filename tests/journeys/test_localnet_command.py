"""`opinion localnet` and its extras."""

import re
import signal
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from chain.token import associated_address
from ops.localnet import prepare
from settings import KNOWN_PROGRAM_ID
from tests.journeys.conftest import OPINION, Localnet, environment, one_sentence, opinion, wait_until_healthy
from tests.journeys.lying_node import answering
from tests.ports import free_port_pair


def test_time_passes_as_told(localnet: Localnet) -> None:
    first = opinion("localnet", "warp", "1s", "--rpc", localnet.url).stdout
    second = opinion("localnet", "warp", "3d", "--rpc", localnet.url).stdout
    times = [datetime.fromisoformat(re.findall(r"\S+\+00:00", words)[0]) for words in (first, second)]

    assert 3 * 86_400 <= (times[1] - times[0]).total_seconds() < 3 * 86_400 + 60
    assert times[0].tzinfo == UTC


def test_the_faucet_pays_whole_cents(localnet: Localnet) -> None:
    owner = Keypair().pubkey()
    done = opinion("localnet", "faucet", str(owner), "12.34", "--rpc", localnet.url)
    mint = Pubkey.from_string(localnet.ask("localnet_info")["result"]["usdcMint"])  # type: ignore[index]
    opinion("localnet", "warp", "1s", "--rpc", localnet.url)
    balance = localnet.ask("getTokenAccountBalance", str(associated_address(owner, mint)), {"commitment": "confirmed"})

    assert done.returncode == 0, done.stderr
    assert balance["result"]["value"]["uiAmountString"] == "12.34"  # type: ignore[index]


def test_wrong_words_are_told_in_one_sentence(localnet: Localnet) -> None:
    owner = str(Keypair().pubkey())
    for arguments in (["warp", "3w"], ["warp", "99999999d"], ["faucet", owner, "-"], ["faucet", "me", "1"]):
        done = opinion("localnet", *arguments, "--rpc", localnet.url)

        assert done.returncode == 2, done.stdout
        assert one_sentence(done.stderr), done.stderr


def test_a_busy_port_and_a_busy_ledger_are_told(localnet: Localnet, tmp_path: Path) -> None:
    busy_port = opinion("localnet", "--rpc-port", localnet.url.rsplit(":", 1)[1], "--ledger", tmp_path / "other")
    busy_ledger = opinion("localnet", "--rpc-port", str(free_port_pair()), "--ledger", localnet.ledger)

    assert busy_port.returncode == busy_ledger.returncode == 1
    assert not (tmp_path / "other").exists()
    assert "ort" in busy_port.stderr
    assert str(localnet.ledger) in busy_ledger.stderr
    assert "Traceback" not in busy_port.stderr + busy_ledger.stderr


@pytest.mark.parametrize(
    "answer", ["{}", "[]", '"x"', '{"error": "no"}', '{"result": null}', '{"result": {}}', "<html>"]
)
def test_what_is_no_localnet_is_told(answer: str) -> None:
    with answering(answer) as url:
        done = opinion("localnet", "warp", "1d", "--rpc", f"{url}/?api-key=secret")

    assert done.returncode == 1
    assert one_sentence(done.stderr), done.stderr
    assert "is not a localnet" in done.stderr
    assert "secret" not in done.stderr


def test_a_ledger_of_another_program_or_without_a_key_is_told(tmp_path: Path) -> None:
    ledger, port = tmp_path / "ledger", free_port_pair()
    prepare(Pubkey.from_string(KNOWN_PROGRAM_ID), ledger, reset=False)
    start = ("localnet", "--ledger", ledger, "--rpc-port", str(port))
    other = opinion(*start, PROGRAM_ID="11111111111111111111111111111112")
    (ledger / "keys" / "admin.json").unlink()
    keyless = opinion(*start)

    for done, named in ((other, "11111111111111111111111111111112"), (keyless, "admin.json")):
        assert done.returncode == 1
        assert one_sentence(done.stderr), done.stderr
        assert named in done.stderr
        assert "--reset" in done.stderr


def test_a_ledger_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    done = opinion("localnet", "--ledger", file / "ledger")

    assert done.returncode == 1
    assert one_sentence(done.stderr), done.stderr


def test_the_keys_are_the_owners_alone_and_survive_a_restart(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    seen = []
    for _ in range(2):
        port = free_port_pair()
        command = [OPINION, "localnet", "--rpc-port", str(port), "--ledger", ledger, "--slot-ms", "50"]
        with subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL) as process:
            wait_until_healthy(Localnet(f"http://127.0.0.1:{port}", ledger), process)
            process.send_signal(signal.SIGINT)
            process.wait(timeout=10)
        seen.append({path.name: path.read_bytes() for path in (ledger / "keys").iterdir()})

    assert seen[0] == seen[1]
    assert set(seen[0]) == {f"{role}.json" for role in ("admin", "oracle", "treasury", "guardian", "randomness")}
    assert all(path.stat().st_mode & 0o077 == 0 for path in (ledger / "keys").iterdir())
