"""The console as an operator has it at night: over SSH, in tmux, on a line that may be cut at any moment."""

import asyncio
import shlex
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from chain.constants import PROGRAM_ID
from chain.units import UsdcUnits
from ops.demo.authorities import establish
from store import by_hand, settlements
from store.cluster import pin
from store.database import Database
from store.migrations import migrate
from store.settlements import Status
from tests.console.frames import OPINION, Terminal
from tests.faults.processes import Processes
from tests.journeys.sshd import Sshd, sshd, wait_until_ended
from tests.oracle.settlement.house import House
from tests.parts import program
from tests.servers import Server
from tests.stage import staged, websocket_url

BOND = UsdcUnits(1_000_000_000)
GONE_WITHIN_S = 5.0
TMUX = """
set -g status off
set -s escape-time 20
set -g default-terminal tmux-256color
"""
WORKERS = ("watcher-1", "chain-1", "analysis-1")


@dataclass(frozen=True)
class Night:
    """An oracle at work, one market that somebody parked, and an SSH server on its host."""

    folder: Path
    market: str
    db: Database
    ssh: Sshd
    tmux: str
    console: str
    """The command that opens the console."""

    @property
    def short(self) -> str:
        """What is typed where the market's name is wanted."""
        return self.market[:6]

    def tmux_command(self, *words: str) -> str:
        """With a tmux server of this night's own."""
        own = [self.tmux, "-u", "-S", str(self.folder / "tmux"), "-f", str(self.folder / "tmux.conf"), *words]
        return shlex.join(own)

    def attached(self) -> Terminal:
        """A terminal over SSH in tmux: on the console that runs there, or on a new one."""
        return self.ssh.session(self.tmux_command("new-session", "-A", "-s", "night", self.console))

    def consoles(self) -> list[psutil.Process]:
        """The consoles that run on this host, of this night's."""
        return [process for process in psutil.process_iter() if self._is_its(process)]

    def _is_its(self, process: psutil.Process) -> bool:
        try:
            return process.cmdline()[1:] == [str(OPINION), "console"] and process.environ()["NIGHT"] == str(self.folder)
        except (psutil.NoSuchProcess, psutil.AccessDenied, KeyError):
            return False

    def dump(self) -> list[str]:
        """All that people and the oracle keep of the market: its settlement, its steps and the audit log."""
        with sqlite3.connect(self.folder / "oracle.db") as connection:
            return [
                f"{table}: {row}"
                for table in ("settlement", "phase_run", "attempt", "audit", "hold")
                for row in connection.execute(f"SELECT * FROM {table}")  # noqa: S608 - names of our own
            ]


@asynccontextmanager
async def night(folder: Path, valkey: Server, workers: tuple[str, ...] = ()) -> AsyncIterator[Night]:
    """With these workers; without any, nothing but people changes anything."""
    tmux = program("tmux", "install Debian's tmux")
    async with AsyncExitStack() as stack:
        ssh = stack.enter_context(sshd(folder / "ssh"))
        stage = await stack.enter_async_context(staged(folder))
        url = f"sqlite:///{folder}/oracle.db"
        db = await stack.enter_async_context(Database(url))
        await migrate(db)
        await pin(db, await stage.rpc.genesis_hash(), str(PROGRAM_ID))
        await establish(stage, "establish", BOND)
        house = await stack.enter_async_context(House.opened(stage, db, folder / "texts"))
        market = await house.market()
        await settlements.park(db, market.name, "somebody must look first", "bob")
        settings = {
            "NETWORK": "localnet",
            "SOLANA_RPC_URL": stage.url,
            "SOLANA_WS_URL": websocket_url(stage.url),
            "PROGRAM_ID": str(PROGRAM_ID),
            "DATABASE_URL": url,
            "REDIS_URL": valkey.url.removesuffix("/0") + "/9",
            "TEXTS_PATH": str(folder / "texts"),
        }
        await stack.enter_async_context(_oracle(folder, settings, workers))
        (folder / "tmux.conf").write_text(TMUX)
        console = _script(folder, settings)
        found = Night(folder, market.name, db, ssh, tmux, console)
        try:
            yield found
        finally:
            for process in found.consoles():
                process.kill()


def _oracle(folder: Path, settings: Mapping[str, str], workers: tuple[str, ...]) -> Processes:
    keys = folder / "ledger" / "keys"
    own = {
        "METRICS_PORT": "0",
        "ORACLE_KEYPAIR_PATH": str(keys / "oracle.json"),
        "RANDOMNESS_KEYPAIR_PATHS": str(keys / "randomness.json"),
    }
    (folder / "logs").mkdir()
    return Processes(folder / "logs", {**settings, **own}, workers)


def _script(folder: Path, settings: Mapping[str, str]) -> str:
    """The console with its settings, as a command: nothing of the server's own environment comes over SSH."""
    said = {**settings, "NIGHT": str(folder), "HOME": str(folder), "XDG_STATE_HOME": str(folder), "LANG": "C.UTF-8"}
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in said.items())
    script = folder / "console"
    script.write_text(f"#!/bin/sh\n{exports}exec {shlex.quote(str(OPINION))} console\n")
    script.chmod(0o755)
    return str(script)


async def at(terminal: Terminal, journey: Callable[[Terminal], None]) -> None:
    """Take the journey in a thread, so that everything else goes on meanwhile."""
    try:
        await asyncio.to_thread(journey, terminal)
    finally:
        terminal.close()


def find(night: Night, terminal: Terminal) -> None:
    """From wherever one is to the parked market."""
    terminal.press("2")
    terminal.until(night.short)
    terminal.press("/status:parked\r")
    terminal.until("/status:parked")
    terminal.press("\r")
    terminal.until(f"Market  {night.market[:20]}")
    terminal.until("somebody must look first")


def retry(night: Night, terminal: Terminal) -> None:
    """By its key, with the name typed."""
    terminal.press("r")
    terminal.until(f"Retry {night.short}…  on LOCALNET")
    terminal.press("wrong\r")
    terminal.until(f"'wrong' is not '{night.short}'")
    terminal.press("\x15" + night.short)


async def test_a_market_is_settled_by_keys_alone_and_a_cut_connection_costs_nothing(
    tmp_path: Path, valkey_server: Server
) -> None:
    async with night(tmp_path, valkey_server, WORKERS) as here:
        first = here.attached()

        def settle(terminal: Terminal) -> None:
            terminal.until("Overview")
            find(here, terminal)
            retry(here, terminal)
            terminal.press("\r")
            terminal.until("It starts anew.")
            resize(terminal)
            terminal.until("now: done since")
            terminal.press("2")
            terminal.until("Markets  0 of 1  /status:parked")
            terminal.press("/\x15state:paid\r")
            terminal.until("Markets  1  /state:paid")
            terminal.until(here.short)
            here.ssh.cut(terminal)

        await at(first, settle)
        [console] = here.consoles()

        def go_on(terminal: Terminal) -> None:
            shown = terminal.until("/state:paid")
            assert here.short in shown
            terminal.press("8")
            terminal.until("retry")
            assert here.consoles() == [console]
            terminal.press("q")
            assert terminal.end() == 0

        await at(here.attached(), go_on)
        wait_until_ended(console, GONE_WITHIN_S)
        acts = (await by_hand.past(here.db, here.market, 50)).acts
        assert [act.act for act in acts][:2] == ["park", "retry"]
        row = await settlements.get(here.db, here.market)
        assert row is not None
        assert row.status is Status.DONE


def resize(terminal: Terminal) -> None:
    """To a small window and back: each time the first line and the last are where they belong."""
    for columns, lines in ((60, 16), (80, 24)):
        terminal.resize(columns, lines)
        terminal.until("LOCALNET", 0)
        terminal.until("s settle", lines - 1)


async def test_a_cut_connection_ends_a_console_without_tmux_and_leaves_nothing_half_done(
    tmp_path: Path, valkey_server: Server
) -> None:
    async with night(tmp_path, valkey_server) as here:
        before = here.dump()

        def cut(terminal: Terminal) -> None:
            terminal.until("Overview")
            terminal.press(f":market {here.market}\r")
            terminal.until("somebody must look first")
            retry(here, terminal)
            terminal.until(here.short)
            [console] = here.consoles()
            here.ssh.cut(terminal)
            wait_until_ended(console, GONE_WITHIN_S)

        await at(here.ssh.session(here.console), cut)
        assert here.dump() == before
        assert not list(here.folder.glob("opinion/*")), "it left a report of a crash"
