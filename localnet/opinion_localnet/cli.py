"""The command line. Every mistake ends in one sentence on stderr and exit code 1."""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from solders.keypair import Keypair
from solders.pubkey import Pubkey

from opinion_localnet import __version__, addresses
from opinion_localnet.bank.runtime import MAINNET_LAMPORTS_PER_BYTE
from opinion_localnet.chain import open_chain
from opinion_localnet.errors import LocalnetError
from opinion_localnet.genesis import Genesis, PresetAccount, UpgradeableProgram
from opinion_localnet.ports import MAX_BODY_BYTES, Binding, Ports, take_ports
from opinion_localnet.server import serve

FAILURE = 1


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise LocalnetError(f"{message[:1].upper()}{message[1:]} (see --help).")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="opinion-localnet",
        description="A Solana node for development: JSON-RPC, and WebSocket on the next port.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--version", action="version", version=f"opinion-localnet {__version__}")
    add("--rpc-port", type=int, default=8899, metavar="PORT", help="JSON-RPC port; WebSocket is the next")
    add("--bind-address", default="127.0.0.1", metavar="IP", help="address to listen on (default: loopback)")
    add("--ledger", type=Path, default=Path("localnet-ledger"), metavar="DIR", help="where the chain is kept")
    add("--reset", action="store_true", help="forget the chain in --ledger and start anew")
    add("--slot-ms", type=int, default=400, metavar="N", help="milliseconds a slot (default: 400)")
    add(
        "--upgradeable-program",
        action="append",
        nargs=3,
        default=[],
        metavar=("PROGRAM_ID", "SO_PATH", "UPGRADE_AUTHORITY"),
        help="a program to place at genesis; the authority is an address, a keypair file or 'none'",
    )
    add(
        "--account",
        action="append",
        nargs=2,
        default=[],
        metavar=("ADDRESS", "JSON_PATH"),
        help="an account to place at genesis, as `solana account --output json` writes it ('-': its own address)",
    )
    add(
        "--lamports-per-byte",
        type=int,
        default=MAINNET_LAMPORTS_PER_BYTE,
        metavar="N",
        help=f"rent, set at genesis (default: mainnet's {MAINNET_LAMPORTS_PER_BYTE})",
    )
    add(
        "--rpc-max-request-body-size",
        type=int,
        default=MAX_BODY_BYTES,
        metavar="BYTES",
        help=f"the largest request body (default: {MAX_BODY_BYTES})",
    )
    add("--quiet", action="store_true", help="log nothing but failures")
    return parser


def _address(text: str, flag: str) -> Pubkey:
    try:
        return Pubkey.from_string(text)
    except ValueError as error:
        raise LocalnetError(f"{flag}: {text} is not an address.") from error


def _authority(text: str) -> Pubkey | None:
    if text == "none":
        return None
    path = Path(text)
    if not path.is_file():
        return _address(text, "--upgradeable-program")
    try:
        return Keypair.from_json(path.read_text()).pubkey()
    except (OSError, ValueError) as error:
        raise LocalnetError(f"--upgradeable-program: {path} is not a keypair file.") from error


def _genesis(arguments: argparse.Namespace) -> Genesis:
    programs = [
        UpgradeableProgram(_address(program, "--upgradeable-program"), Path(path), _authority(authority))
        for program, path, authority in arguments.upgradeable_program
    ]
    accounts = [
        PresetAccount(None if address == "-" else _address(address, "--account"), Path(path))
        for address, path in arguments.account
    ]
    if not 1 <= arguments.lamports_per_byte <= 1_000_000:
        raise LocalnetError("--lamports-per-byte must be from 1 to 1000000.")
    return Genesis(arguments.lamports_per_byte, programs, accounts)


def _binding(arguments: argparse.Namespace) -> Binding:
    try:
        address = ipaddress.ip_address(arguments.bind_address)
    except ValueError as error:
        raise LocalnetError(f"--bind-address: {arguments.bind_address} is not an IP address.") from error
    if not 1 <= arguments.rpc_port <= 65_534:
        raise LocalnetError("--rpc-port must be from 1 to 65534: the WebSocket takes the next one.")
    if not 1024 <= arguments.rpc_max_request_body_size <= 2**30:
        raise LocalnetError("--rpc-max-request-body-size must be from 1024 bytes to 1 GiB.")
    return Binding(str(address), arguments.rpc_port, arguments.rpc_max_request_body_size)


def _run(argv: Sequence[str] | None) -> None:
    arguments = _parser().parse_args(argv)
    logging.basicConfig(
        level=logging.ERROR if arguments.quiet else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    if not 1 <= arguments.slot_ms <= 60_000:
        raise LocalnetError("--slot-ms must be from 1 to 60000.")
    binding, genesis = _binding(arguments), _genesis(arguments)
    # The ports first: a port in use must not cost a --reset, nor leave a new ledger behind.
    ports = take_ports(binding)
    try:
        _serve(arguments, binding, genesis, ports)
    finally:
        ports.close()


def _serve(arguments: argparse.Namespace, binding: Binding, genesis: Genesis, ports: Ports) -> None:
    chain = open_chain(arguments.ledger, genesis, reset=arguments.reset)
    print(f"Ledger    {arguments.ledger} (genesis {chain.genesis_hash})", flush=True)
    print(f"USDC mint {addresses.USDC_MINT}", flush=True)
    if not chain.is_new and (genesis.programs or genesis.accounts):
        print("Programs and accounts are those of the ledger; --reset takes them from the flags.", flush=True)
    asyncio.run(serve(chain, binding, ports, arguments.slot_ms / 1000))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the node; returns the exit code."""
    try:
        _run(argv)
    except LocalnetError as error:
        print(f"opinion-localnet: {error}", file=sys.stderr)
        return FAILURE
    return 0
