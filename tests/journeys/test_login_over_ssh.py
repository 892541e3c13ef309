"""A signer as they come in: over a real sshd with the configuration that the guide installs, by their own agent."""

import asyncio
import getpass
import json
import shlex
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from solders.keypair import Keypair
from sqlalchemy import select

from ops import ssh as installed
from store.schema import hold
from tests.agents import Agent, running_agent
from tests.console.frames import OPINION, Terminal
from tests.journeys.sshd import Sshd, sshd
from tests.oracle.settlement.conftest import Node
from tests.oracle.settlement.hall import Hall, council_node, opened_hall
from tests.parts import program

REFUSED = "opinion: This login is for 'opinion signers' alone, and that is refused"


@dataclass(frozen=True)
class Door:
    """The host that a signer comes in at. `mark` is what an escape would write."""

    hall: Hall
    ssh: Sshd
    agent: Agent
    mark: Path

    @property
    def brought(self) -> tuple[str, str]:
        """What `ssh -A` says, of this agent."""
        return f"IdentityAgent={self.agent.socket}", "ForwardAgent=yes"

    async def ask(self, *command: str, typed: str = "", more: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """By `ssh` without a terminal, the agent forwarded."""
        words = [self.ssh.ssh, *self.ssh.options(*self.brought, *more), self.ssh.target]
        return await asyncio.to_thread(self.run, [*words, *command], typed)

    def run(self, command: list[str], typed: str) -> subprocess.CompletedProcess[str]:
        environment = {"HOME": str(self.mark.parent), "PATH": "/usr/bin:/bin"}
        return subprocess.run(
            command, env=environment, input=typed, capture_output=True, text=True, timeout=60, check=False
        )


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with council_node() as node:
        yield node


@pytest.fixture
async def door(node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    monkeypatch.chdir(tmp_path)
    async with opened_hall(node, "v4", tmp_path) as hall, running_agent() as agent:
        keys = hall.founded.roster.parent
        agent.add_keypair("ana", Keypair.from_json((keys / "ana.json").read_text()))
        with sshd(tmp_path / "sshd", _configuration(_script(tmp_path, hall))) as ssh:
            yield Door(hall, ssh, agent, tmp_path / "mark")


def _script(folder: Path, hall: Hall) -> Path:
    """What the guide calls /usr/local/bin/opinion-signers."""
    stage = hall.house.stage
    said = {
        "NETWORK": "localnet",
        "SOLANA_RPC_URL": stage.url,
        "PROGRAM_ID": str(stage.program),
        "ROSTER_PATH": str(hall.founded.roster),
        "SQUADS_MULTISIG": str(hall.council.pinned.address),
        "DATABASE_URL": hall.house.db.name,
        "TEXTS_PATH": str(folder / "texts"),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
    }
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in said.items())
    script = folder / "opinion-signers"
    script.write_text(f"#!/bin/sh\ncd {folder}\n{exports}exec {OPINION} signers login\n")
    script.chmod(0o755)
    return script


def _configuration(script: Path) -> str:
    """As it is installed, for this user in the place of a group; before it, a host that is careless everywhere else."""
    text = installed.CONFIGURATION.read_text()
    for told, here in (
        ("Match Group opinion-signers", f"Match User {getpass.getuser()}"),
        ("/usr/local/bin/opinion-signers", str(script)),
    ):
        assert told in text
        text = text.replace(told, here)
    return f"AcceptEnv *\nAllowTcpForwarding yes\nSubsystem sftp internal-sftp\n{text}"


async def proposed(hall: Hall) -> int:
    await hall.waiting(await hall.house.market())
    return (await hall.multisig()).last_index


async def test_a_member_reads_and_approves_by_the_agent_they_brought(door: Door) -> None:
    number = await proposed(door.hall)
    told = await door.ask("opinion signers --json")
    assert told.returncode == 0, told.stderr
    [council] = json.loads(told.stdout)["councils"]
    assert council["open"][0]["number"] == number
    shown = await door.ask(f"opinion signers show {number} --json")
    assert shown.returncode == 0, shown.stderr
    word = json.loads(shown.stdout)["words"].split()[0]
    wrong = await door.ask(f"opinion signers approve {number}", typed="zebra\n")
    assert (wrong.returncode, (await door.hall.proposal(number)).approved) == (1, ()), wrong.stderr
    done = await door.ask(f"opinion signers approve {number}", typed=f"{word}\n")
    assert done.returncode == 0, done.stderr
    assert "Done by Ana: " in done.stdout
    assert (await door.hall.proposal(number)).approved == (door.hall.founded.people[0].public_key,)


async def test_nothing_else_runs(door: Door) -> None:
    mark = shlex.quote(str(door.mark))
    for command in (
        f"touch {mark}",
        f"sh -c 'touch {mark}'",
        f"opinion signers; touch {mark}",
        f"opinion signers && touch {mark}",
        f"opinion signers show 1 $(touch {mark})",
        f"opinion signers show `touch {mark}`",
        f"opinion signers show 1\ntouch {mark}",
        f"opinion signers > {mark}",
        f"opinion signers approve 1 --signer {door.hall.founded.roster.parent / 'ana.json'}",
        "opinion hold why",
        "opinion signers --rpc http://127.0.0.1:1",
        "opinion signers offline",
        "/usr/lib/openssh/sftp-server",
    ):
        done = await door.ask(command)
        assert (done.returncode, done.stdout) == (2, ""), command
        assert done.stderr.startswith(REFUSED), done.stderr
    assert not door.mark.exists()


async def test_neither_files_nor_ports_nor_the_environment_are_a_way_out(door: Door) -> None:
    remedy = "install Debian's openssh-client"
    source = door.hall.founded.roster
    options = door.ssh.options()
    for tool, words in (
        ("scp", [f"{door.ssh.target}:{source}", str(door.mark)]),
        ("scp", ["-O", f"{door.ssh.target}:{source}", str(door.mark)]),
        ("sftp", [f"{door.ssh.target}:{source}", str(door.mark)]),
    ):
        done = await asyncio.to_thread(door.run, [program(tool, remedy), *options, *words], "")
        assert done.returncode != 0, (tool, done)
    assert not door.mark.exists()
    address = door.hall.house.stage.url.removeprefix("http://")
    through = await asyncio.to_thread(door.run, [door.ssh.ssh, *options, "-W", address, door.ssh.target], "GET /\n\n")
    assert through.returncode != 0
    assert "prohibited" in through.stderr + through.stdout or through.stdout == ""
    evil = door.mark.parent / "evil"
    evil.mkdir()
    (evil / "sitecustomize.py").write_text(f"open({str(door.mark)!r}, 'w').close()\n")
    carried = f"SetEnv=PYTHONPATH={evil} SQUADS_UPGRADE_MULTISIG=nonsense BASH_ENV={evil / 'sh'}"
    (evil / "sh").write_text(f"touch {shlex.quote(str(door.mark))}\n")
    done = await door.ask("opinion signers", more=(carried,))
    assert done.returncode == 0, done.stderr
    assert not door.mark.exists()


async def test_without_a_command_it_is_the_console_on_signers_and_only_that(door: Door) -> None:
    number = await proposed(door.hall)
    key = str(door.hall.founded.roster.parent / "ben.json")

    def journey(terminal: Terminal) -> None:
        terminal.until(f"proposal {number}: active")
        terminal.until("signer", 0)
        terminal.press("H")
        terminal.press(":hold\r")
        terminal.until("hold")
        terminal.press("a")
        terminal.until("Where your key is")
        terminal.press(f"{number}\r")
        terminal.press("\x15" + key + "\r")
        terminal.until("This login signs by an ssh-agent alone")

    terminal = door.ssh.session(more=door.brought)
    try:
        await asyncio.to_thread(journey, terminal)
    finally:
        terminal.close()
    assert (await door.hall.proposal(number)).approved == ()
    async with door.hall.house.db.read() as connection:
        assert (await connection.execute(select(hold))).all() == []
