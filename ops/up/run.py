"""Brings everything up, says what happens, and takes everything down again."""

import asyncio
import os
import shlex
import sys
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain.units import UsdcUnits
from ops.cluster import connected
from ops.demo.authorities import establish, is_initialized
from ops.demo.council import Founded, found
from ops.demo.stage import open_stage
from ops.errors import OperatorError, UsageError
from ops.localnet import LocalnetKeys, check_ports, prepare, read_keys
from ops.up import monitoring, plan
from ops.up.child import dying_with_us
from ops.up.narrator import Narrator
from ops.up.progress import Progress, summary
from ops.up.state import State, opened
from ops.up.supervisor import Say, Supervisor
from settings import Network, Settings, shown
from store.cluster import pin
from store.database import Database
from store.migrations import migrate
from store.settlements import all_of

BOND = UsdcUnits(10_000_000_000)
LOOK_S = 1.0
SUMMARY_S = 30.0


@dataclass(frozen=True)
class Options:
    """What the command line says. Without `rpc`, a localnet of our own; `keys` are those of the localnet at `rpc`."""

    state: Path
    workers: int
    rpc: tuple[str, ...]
    keys: Path | None
    rpc_port: int
    slot_ms: int
    reset: bool
    traffic: bool
    console: bool
    signers: bool


@dataclass(frozen=True)
class _Ground:
    """The chain that the oracle works on: its settings, and a localnet's keys with their folder."""

    settings: Settings
    folder: Path | None
    keys: LocalnetKeys | None


async def up(settings: Settings, options: Options) -> None:
    """Run everything until cancelled; then nothing of it is left running.

    Raises OperatorError, and what `chain` and `store` raise, when it cannot be brought up.
    """
    _check(settings, options)
    settings = _with_free_port(settings)
    with opened(options.state, reset=options.reset) as state:
        say = Narrator()
        supervisor = Supervisor(say)
        try:
            ground = await _ground(settings, options, state, supervisor)
            async with Database(f"sqlite:///{state.database}") as db:
                founded = await _prepare(ground, options, state, db, say)
                told = await _start(ground, options, state, supervisor, founded, say)
                _tell(ground, state, told, say)
                if options.console:
                    await _with_console(_follow(db, supervisor, say), told, state, say)
                else:
                    await _follow(db, supervisor, say)
        finally:
            state.environment.unlink(missing_ok=True)
            say("up", "stopping")
            await supervisor.stop()
            say("up", "stopped, nothing is left running")


def _with_free_port(settings: Settings) -> Settings:
    """Several of us may run on one host: where the port for metrics is taken, another will do."""
    port = settings.metrics_port
    return settings.model_copy(update={"metrics_port": port and plan.free_or_other(str(settings.metrics_host), port)})


def _check(settings: Settings, options: Options) -> None:
    if settings.network is Network.MAINNET:
        raise OperatorError(
            "NETWORK is mainnet, where the oracle runs as services: see 'opinion oracle units' and docs/oracle.md."
        )
    if settings.network is not Network.LOCALNET and not options.rpc:
        raise UsageError(f"NETWORK is {settings.network}: give its RPC node by --rpc URL, or unset it for a localnet.")
    if options.signers and options.rpc and options.keys is None:
        raise UsageError("--signers are made on a localnet: leave --rpc out, or give its --keys.")
    if options.console and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("--console wants a terminal: leave it out, and look with 'opinion status'.")
    if options.traffic and options.rpc:
        raise UsageError("--traffic is made on a localnet of our own: leave --rpc out, or run 'opinion traffic' there.")
    if options.keys is not None and not options.rpc:
        raise UsageError("--keys are those of a running localnet: give its address by --rpc URL, or leave both out.")


async def _ground(settings: Settings, options: Options, state: State, supervisor: Supervisor) -> _Ground:
    """Start the localnet, or look at the chain that is there."""
    if options.rpc:
        theirs = settings.model_copy(update={"solana_rpc_url": options.rpc, "solana_ws_url": ()})
        if options.keys is not None:
            return _Ground(theirs, options.keys, read_keys(options.keys))
        if settings.oracle_keypair_path is None:
            raise OperatorError(
                "ORACLE_KEYPAIR_PATH is not set: set it and RANDOMNESS_KEYPAIR_PATHS, or give a localnet's --keys."
            )
        return _Ground(theirs, None, None)
    check_ports(options.rpc_port)
    state.ledger.mkdir(exist_ok=True)
    keys = prepare(settings.program, state.ledger, reset=options.reset)
    url = f"http://127.0.0.1:{options.rpc_port}"
    ours = settings.model_copy(update={"solana_rpc_url": (url,), "solana_ws_url": ()})
    await supervisor.start(plan.localnet(state, settings.program, keys, options.rpc_port, options.slot_ms))
    return _Ground(ours, state.ledger / "keys", keys)


async def _prepare(ground: _Ground, options: Options, state: State, db: Database, say: Say) -> Founded | None:
    """Bring the database to its shape and this cluster, and on a fresh localnet the program to its authorities.

    Returns the people who record scores, where there are any.
    """
    await migrate(db)
    async with connected(ground.settings, None) as rpc:
        await pin(db, await rpc.genesis_hash(), ground.settings.program_id)
    if ground.keys is None:
        return None
    url = ground.settings.solana_rpc_url[0]
    async with open_stage(ground.settings.program, url, ground.keys, state.folder / "up.sqlite3") as stage:
        founded = await found(stage, state.folder / "signers") if options.signers else None
        oracle = None if founded is None else founded.council.authority
        if not await is_initialized(stage, oracle):
            receipt = await establish(stage, f"up {stage.program}", BOND, oracle)
            say("program", f"initialised with a bond: {receipt.signature}")
        return founded


async def _start(
    ground: _Ground,
    options: Options,
    state: State,
    supervisor: Supervisor,
    founded: Founded | None,
    say: Say,
) -> Mapping[str, str]:
    """Start the queues and the oracle; returns what its processes are told."""
    redis_port = plan.free_port()
    await supervisor.start(plan.valkey(state, redis_port))
    told = plan.environment(ground.settings, state, redis_port, ground.folder)
    if founded is not None:
        told |= {"ROSTER_PATH": str(founded.roster.absolute())}
        told |= {"SQUADS_MULTISIG": str(founded.council.pinned.address)}
    if options.traffic:
        told |= await _watch(ground.settings, state, supervisor, say)
    for child in plan.oracle(state, told, options.workers):
        await supervisor.start(child)
    if options.traffic:
        await supervisor.start(plan.traffic(state, told))
    return told


async def _watch(settings: Settings, state: State, supervisor: Supervisor, say: Say) -> dict[str, str]:
    """Start Prometheus and Alertmanager; returns where they are."""
    addresses = monitoring.Addresses(plan.free_port(), plan.free_port())
    children = monitoring.children(state, addresses, settings.metrics_port, plan.WATCHING)
    for child in children:
        await supervisor.start(child)
    if not children:
        say("up", "no alerts: this host lacks Prometheus or Alertmanager, or METRICS_PORT is 0")
        return {}
    return addresses.told()


def _tell(ground: _Ground, state: State, told: Mapping[str, str], say: Say) -> None:
    """Say where everything is, and what to type next."""
    rpc = shown(ground.settings.solana_rpc_url[0])
    say("up", f"RPC {rpc}, WebSocket {shown(ground.settings.ws_urls[0])}")
    if ground.folder is not None:
        say("up", f"keys of the authorities in {ground.folder}")
    if "ROSTER_PATH" in told:
        say("up", f"five signers with their roster and keys in {state.folder / 'signers'}: three have to approve")
    if ground.settings.metrics_port:
        say("up", f"metrics http://127.0.0.1:{ground.settings.metrics_port}/metrics")
    _write_environment(state.environment, told)
    say("up", f"logs in {state.logs}")
    say("up", f"before other commands, in their terminal: set -a; . {shlex.quote(str(state.environment))}; set +a")
    if ground.keys is not None:
        say("up", f"next: opinion canary --state {state.folder} --rpc {rpc}")
    say("up", "Ctrl-C ends everything")


def _write_environment(path: Path, told: Mapping[str, str]) -> None:
    """Addresses may hold keys, so only the owner may read it."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in told.items()))


async def _with_console(
    follow: Coroutine[Any, Any, None], told: Mapping[str, str], state: State, say: Narrator
) -> None:
    """Follow while the console has the terminal, until the person leaves it."""
    with say.into(state.log("up")):
        following = asyncio.create_task(follow)
        console = await asyncio.create_subprocess_exec(*dying_with_us(), *plan.console(), env={**os.environ, **told})
        try:
            await console.wait()
        finally:
            following.cancel()
            if console.returncode is None:
                console.terminate()
                await console.wait()


async def _follow(db: Database, supervisor: Supervisor, say: Say) -> None:
    """Say what changes, for ever."""
    progress, clock = Progress(), asyncio.get_running_loop().time
    next_summary = clock() + SUMMARY_S
    while True:
        settlements = await all_of(db)
        for market, words in progress.changes(settlements):
            say("market", f"{market} {words}")
        if clock() >= next_summary:
            say("up", summary(settlements, supervisor.running, supervisor.wanted))
            next_summary = clock() + SUMMARY_S
        await asyncio.sleep(LOOK_S)
