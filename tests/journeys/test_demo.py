"""What a new user sees first: one market, from two commands, to a verified payout."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.journeys.conftest import OPINION, ROOT, Localnet, environment, one_sentence, opinion

ORDER = [
    "prepare",
    "create",
    *["stake"] * 6,
    "wait",
    "close",
    "score",
    "request",
    "capture",
    "prove",
    "draw",
    "pay",
    "finish",
]


@pytest.fixture(scope="module")
def steps() -> list[dict[str, object]]:
    done = opinion("demo", "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_demo_tells_every_step_and_ends_verified(steps: list[dict[str, object]]) -> None:
    assert [step["step"] for step in steps] == [*ORDER, "verify"]
    assert steps[-1]["ok"] is True


def test_every_step_on_the_chain_has_its_signature_units_and_balances(steps: list[dict[str, object]]) -> None:
    sent = [step for step in steps if step["step"] not in {"wait", "verify"}]

    assert len({step["signature"] for step in sent}) == len(sent)
    assert all(step["signature"] and int(str(step["compute_units"])) > 0 and step["balances"] for step in sent)


def test_the_winner_and_the_treasury_get_the_pool_to_the_last_unit(steps: list[dict[str, object]]) -> None:
    by_name = {str(step["step"]): step for step in steps}
    stakes = [step for step in steps if step["step"] == "stake"]
    pool = stakes[-1]["balances"]["escrow"]  # type: ignore[index]
    draw, paid = by_name["draw"], by_name["pay"]["balances"]

    assert draw["prize"] + draw["fee"] == pool  # type: ignore[operator]
    assert paid["escrow"] == 0  # type: ignore[index]
    assert sorted(paid.values())[1:] == sorted([draw["prize"], 5_000_000 + draw["fee"]])  # type: ignore[operator, union-attr]


def test_the_score_comes_from_the_words(steps: list[dict[str, object]]) -> None:
    scores = next(step for step in steps if step["step"] == "score")["scores"]

    assert scores["Chidi"] > 70  # type: ignore[index]
    assert scores["Emil"] < 30  # type: ignore[index]


def test_a_terminal_of_80_columns_gets_the_same_story(tmp_path: Path) -> None:
    record = tmp_path / "record"
    command = ["script", "--quiet", "--return", "--command", f"stty cols 80; '{OPINION}' demo", record]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=120)
    lines = [line.rstrip() for line in record.read_text().splitlines()[1:-1]]
    # A signature stands whole on a line of its own, so that it can be copied.
    told = [line for line in lines if not (len(line) > 80 and line.isalnum())]

    assert done.returncode == 0, done.stdout
    assert max(map(len, told)) <= 80
    assert len(lines) - len(told) >= 10
    assert all(word in " ".join(told) for word in ("Ada stakes $5.00", "Each opinion: Ada", "All is well"))


def test_a_stdout_that_cannot_show_every_letter_gets_question_marks() -> None:
    done = opinion("demo", PYTHONIOENCODING="ascii")

    assert done.returncode == 0, done.stderr
    assert "?Remote work makes teams better.?" in done.stdout


def test_a_full_disk_behind_stdout_is_told_in_one_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([OPINION, "demo"], env=environment(), stdout=full, stderr=subprocess.PIPE, text=True)

    assert done.returncode == 1
    assert one_sentence(done.stderr), done.stderr


def test_a_running_localnet_takes_the_demo_again(initialized: Localnet) -> None:
    done = opinion("demo", "--rpc", initialized.url, "--keys", initialized.keys, "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["ok"] is True


def nodes_in(folder: Path) -> list[str]:
    """The process ids of nodes whose ledger is in the folder."""
    return [path.name for path in Path("/proc").iterdir() if path.name.isdigit() and _is_node(path, folder)]


def _is_node(process: Path, folder: Path) -> bool:
    try:
        command = (process / "cmdline").read_bytes()
    except OSError:
        return False
    # An ended process that nobody has waited for yet has no command line any more.
    return b"opinion_localnet" in command and str(folder).encode() in command


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_interrupted_demo_leaves_nothing_behind(tmp_path: Path, number: signal.Signals, code: int) -> None:
    settings = environment(TMPDIR=str(tmp_path))
    with subprocess.Popen([OPINION, "demo", "--json"], env=settings, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert b"prepare" in process.stdout.readline()
        assert len(nodes_in(tmp_path)) == 1
        process.send_signal(number)
        process.stdout.read()

        assert process.wait(timeout=20) == code
    assert list(tmp_path.iterdir()) == []
    assert nodes_in(tmp_path) == []


def test_a_killed_demo_leaves_no_node_running(tmp_path: Path) -> None:
    settings = environment(TMPDIR=str(tmp_path))
    with subprocess.Popen([OPINION, "demo", "--json"], env=settings, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert len(nodes_in(tmp_path)) == 1
        process.kill()
    deadline = time.monotonic() + 10
    while nodes_in(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert nodes_in(tmp_path) == []


def test_an_unreachable_localnet_is_named(localnet: Localnet) -> None:
    done = opinion("demo", "--rpc", "http://127.0.0.1:9", "--keys", localnet.keys)

    assert done.returncode == 1
    assert one_sentence(done.stderr)
    assert "http://127.0.0.1:9" in done.stderr


def test_the_wrong_network_is_refused(localnet: Localnet) -> None:
    done = opinion("demo", "--rpc", localnet.url, "--keys", localnet.keys, NETWORK="devnet")

    assert done.returncode == 1
    assert one_sentence(done.stderr)
    assert "NETWORK is devnet" in done.stderr


def test_a_missing_key_file_is_named(tmp_path: Path, localnet: Localnet) -> None:
    done = opinion("demo", "--rpc", localnet.url, "--keys", tmp_path)

    assert done.returncode == 1
    assert one_sentence(done.stderr)
    assert str(tmp_path / "admin.json") in done.stderr
    assert "LEDGER/keys" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("broken", ["others may read it", "not a key", "another localnet's"])
def test_a_wrong_key_file_is_named(tmp_path: Path, initialized: Localnet, broken: str) -> None:
    from solders.keypair import Keypair

    keys = tmp_path / "keys"
    keys.mkdir()
    for path in initialized.keys.glob("*.json"):
        (keys / path.name).write_bytes(path.read_bytes())
        (keys / path.name).chmod(0o600)
    oracle = keys / "oracle.json"
    if broken == "others may read it":
        oracle.chmod(0o644)
    else:
        oracle.write_text("[1, 2, 3]" if broken == "not a key" else Keypair().to_json())
    done = opinion("demo", "--rpc", initialized.url, "--keys", keys, "--json")

    assert done.returncode == 1
    assert one_sentence(done.stderr)
    assert "oracle.json" in done.stderr
    assert done.stdout == "", "nothing was done before the keys were looked at"


def test_keys_and_address_of_a_running_localnet_go_together(localnet: Localnet) -> None:
    for arguments in (["--rpc", localnet.url], ["--keys", localnet.keys]):
        done = opinion("demo", *arguments)

        assert done.returncode == 2
        assert one_sentence(done.stderr), done.stderr


def test_another_program_id_is_told(localnet: Localnet) -> None:
    other = "11111111111111111111111111111112"
    done = opinion("demo", "--rpc", localnet.url, "--keys", localnet.keys, PROGRAM_ID=other)

    assert done.returncode == 1
    assert one_sentence(done.stderr), done.stderr
    assert other in done.stderr


def test_a_localnet_that_dies_is_told(tmp_path: Path) -> None:
    settings = environment(TMPDIR=str(tmp_path))
    command = [OPINION, "demo", "--json"]
    with subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        [node] = nodes_in(tmp_path)
        os.kill(int(node), signal.SIGKILL)
        process.stdout.read()
        told = process.stderr.read().decode()

        assert process.wait() == 1
    assert one_sentence(told), told
    assert "stopped answering in the middle of market" in told
    assert list(tmp_path.iterdir()) == []


def test_a_missing_environment_is_told_by_make() -> None:
    done = subprocess.run(
        ["make", "-C", ROOT, "setup", "PYTHON=no-such-python"], capture_output=True, text=True, timeout=30
    )

    assert done.returncode != 0
    assert "no-such-python is missing: install Python 3.11" in done.stderr
