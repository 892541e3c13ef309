"""What a login that is locked down to signing lets through, word by word."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.errors import OperatorError, UsageError
from ops.new_file import write_new
from ops.person import LOCKED
from ops.signers.login import allowed, environment

KEY = "2NaUpg4jEZVGDBmmuKYLdsAfSGKwHxjghhfgVpQvZJYu"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("opinion signers", ["signers"]),
        ("opinion signers --json", ["signers", "--json"]),
        ("opinion signers proposals --state rejected", ["signers", "proposals", "--state=rejected"]),
        ("opinion signers show 12 --council upgrade", ["signers", "show", "--council=upgrade", "12"]),
        ("opinion signers approve 12 13", ["signers", "approve", "12", "13"]),
        (f"opinion signers approve 12 --signer agent:{KEY}", ["signers", "approve", f"--signer=agent:{KEY}", "12"]),
        ("opinion signers reject 12 --memo '--signer x; id'", ["signers", "reject", "--memo=--signer x; id", "12"]),
        ("opinion signers cancel 12", ["signers", "cancel", "12"]),
        ("opinion signers execute 12 --json", ["signers", "execute", "--json", "12"]),
        (f"opinion signers propose {KEY}", ["signers", "propose", KEY]),
    ],
)
def test_a_signers_commands_go_through_as_they_were_meant(command: str, words: list[str]) -> None:
    assert list(allowed(command)) == words


REFUSED = [
    "sh",
    "/bin/sh -c id",
    "opinion",
    "opinion hold why",
    "opinion console",
    "opinion store dump",
    "opinion signers; id",
    "opinion signers && id",
    "opinion signers | sh",
    "opinion signers > file",
    "opinion signers show 12; id",
    "opinion signers show $(id)",
    "opinion signers show `id`",
    "opinion signers show 12\nid",
    "opinion signers show '12",
    "opinion signers show 0",
    "opinion signers show -1",
    "opinion signers show \N{ARABIC-INDIC DIGIT ONE}",
    "opinion signers show",
    "opinion signers show 1 2",
    "opinion signers show 1 --rpc http://127.0.0.1:1",
    "opinion signers --rpc http://127.0.0.1:1",
    "opinion signers --help",
    "opinion signers --council",
    "opinion signers approve 1 --signer /etc/passwd",
    "opinion signers approve 1 --signer ledger",
    "opinion signers approve 1 --signer agent:../x",
    "opinion signers approve 1 --signer=agent",
    "opinion signers approve 1 --signer agent --signer agent",
    "opinion signers approve 1 2 3 4 5 6 7 8 9 10 11 12 13",
    "opinion signers reject 1 --memo ''",
    "opinion signers offline",
    "opinion signers offline sign /etc/passwd --signer /etc/passwd",
    "opinion signers login",
    "opinion  signers\tshow 1",
    "internal-sftp",
    "/usr/lib/openssh/sftp-server",
    "scp -f /etc/passwd",
    "git-upload-pack 'x'",
    "",
]


@pytest.mark.parametrize("command", REFUSED)
def test_everything_else_is_refused_in_a_sentence(command: str) -> None:
    with pytest.raises(UsageError, match=r"^This login is for 'opinion signers' alone, and that is refused: .*\.$"):
        allowed(command)


@given(st.text(max_size=60))
def test_whatever_comes_after_a_command_is_refused_or_numbers(text: str) -> None:
    try:
        words = allowed(f"opinion signers approve {text}")
    except UsageError:
        return
    head, *rest = words[1:]
    assert head == "approve"
    assert all(word.isdigit() or word == "--json" or word.startswith(("--council=", "--signer=agent")) for word in rest)


def test_only_settings_and_the_terminal_come_along() -> None:
    given = {
        "NETWORK": "localnet",
        "SSH_AUTH_SOCK": "/tmp/agent",  # noqa: S108 - a name
        "TERM": "xterm",
        "PATH": "/tmp",  # noqa: S108 - a name
        "PYTHONPATH": "/x",
        "LD_PRELOAD": "/x",
        "BROWSER": "sh",
        "EDITOR": "sh",
        "SSH_ORIGINAL_COMMAND": "sh",
        "XDG_CONFIG_HOME": "/x",
    }
    kept = environment(given)
    assert kept.keys() == {"NETWORK", "SSH_AUTH_SOCK", "TERM", "PATH", LOCKED}
    assert kept["PATH"] == "/usr/bin:/bin"


def test_such_a_login_writes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert write_new(str(tmp_path / "one"), "text").read_text() == "text"
    monkeypatch.setenv(LOCKED, "1")
    with pytest.raises(OperatorError, match="This login writes no files"):
        write_new(str(tmp_path / "two"), "text")
    assert not (tmp_path / "two").exists()
