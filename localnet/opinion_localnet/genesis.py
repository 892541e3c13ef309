"""What a new chain starts with: faucets, the USDC mint, and the accounts and programs of the flags."""

from __future__ import annotations

import base64
import binascii
import os
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import orjson
from solders.account import Account
from solders.hash import Hash
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.rent import Rent

from opinion_localnet import addresses
from opinion_localnet.bank.blockhashes import next_hashes
from opinion_localnet.bank.records import ClosedSlot
from opinion_localnet.errors import LocalnetError
from opinion_localnet.ledger.store import LedgerStore

_FAUCET_LAMPORTS = 500_000_000 * 10**9
_FEE_PAYER_LAMPORTS = 1_000_000 * 10**9
_MAX_RENT_EPOCH = 2**64 - 1
_PROGRAM, _PROGRAM_DATA = 2, 3


@dataclass(frozen=True, slots=True)
class UpgradeableProgram:
    """A program to place at genesis, as the upgradeable loader would have."""

    program_id: Pubkey
    path: Path
    # None makes the program immutable.
    authority: Pubkey | None


@dataclass(frozen=True, slots=True)
class PresetAccount:
    """An account to place at genesis, from a file that `solana account --output json` writes."""

    # None takes the address that the file names.
    address: Pubkey | None
    path: Path


@dataclass(frozen=True, slots=True)
class Genesis:
    """Everything that is decided once, when a ledger is made."""

    lamports_per_byte: int
    programs: Sequence[UpgradeableProgram] = ()
    accounts: Sequence[PresetAccount] = ()


@dataclass(frozen=True, slots=True)
class ChainKeys:
    """The private keys that belong to one ledger; each ledger draws its own."""

    identity: Keypair
    faucet: Keypair
    usdc_authority: Keypair

    @staticmethod
    def generate() -> ChainKeys:
        """Keys for a new ledger."""
        return ChainKeys(Keypair(), Keypair(), Keypair())

    @staticmethod
    def from_meta(meta: dict[str, bytes]) -> ChainKeys:
        """The keys as the ledger keeps them."""
        return ChainKeys(
            identity=Keypair.from_bytes(meta["identity"]),
            faucet=Keypair.from_bytes(meta["faucet"]),
            usdc_authority=Keypair.from_bytes(meta["usdc_authority"]),
        )


def write_genesis(
    store: LedgerStore, genesis: Genesis, keys: ChainKeys, accounts: Sequence[tuple[Pubkey, Account]]
) -> None:
    """Make a new chain in an empty ledger."""
    blockhash, bank_hash = next_hashes(Hash(os.urandom(32)), 0, [])
    block = ClosedSlot(
        slot=0,
        parent=0,
        height=0,
        blockhash=blockhash,
        previous_blockhash=blockhash,
        bank_hash=bank_hash,
        unix_time=int(time.time()),
        time_offset=0.0,
        transaction_count=0,
        transactions=(),
        accounts=(),
    )
    meta = {
        "identity": bytes(keys.identity),
        "faucet": bytes(keys.faucet),
        "usdc_authority": bytes(keys.usdc_authority),
        "genesis_hash": bytes(blockhash),
        "lamports_per_byte": str(genesis.lamports_per_byte).encode(),
    }
    store.write_genesis(meta, accounts, block)


def genesis_accounts(genesis: Genesis, keys: ChainKeys) -> list[tuple[Pubkey, Account]]:
    """The accounts of a new chain; raises LocalnetError if a file of the flags is unusable."""
    return list(_accounts(genesis, keys))


def _accounts(genesis: Genesis, keys: ChainKeys) -> Iterator[tuple[Pubkey, Account]]:
    rent = Rent.with_lamports_per_byte(genesis.lamports_per_byte)
    yield keys.faucet.pubkey(), _wallet(_FAUCET_LAMPORTS)
    yield keys.usdc_authority.pubkey(), _wallet(_FEE_PAYER_LAMPORTS)
    yield keys.identity.pubkey(), _wallet(500 * 10**9)
    yield addresses.USDC_MINT, _mint(rent, keys.usdc_authority.pubkey(), addresses.USDC_DECIMALS)
    yield addresses.NATIVE_MINT, _mint(rent, None, 9)
    for program in genesis.programs:
        yield from _program(rent, program)
    for preset in genesis.accounts:
        yield _preset(preset)


def _wallet(lamports: int) -> Account:
    return Account(lamports, b"", addresses.SYSTEM_PROGRAM, False, _MAX_RENT_EPOCH)


def _mint(rent: Rent, authority: Pubkey | None, decimals: int) -> Account:
    option = struct.pack("<I32s", 1, bytes(authority)) if authority else bytes(36)
    data = option + struct.pack("<QBB", 0, decimals, 1) + bytes(36)
    return _rent_exempt(rent, data, addresses.TOKEN_PROGRAM)


def _rent_exempt(rent: Rent, data: bytes, owner: Pubkey, executable: bool = False) -> Account:
    return Account(rent.minimum_balance(len(data)), data, owner, executable, _MAX_RENT_EPOCH)


def _program(rent: Rent, program: UpgradeableProgram) -> Iterator[tuple[Pubkey, Account]]:
    elf = _read(program.path, "program")
    if not elf.startswith(b"\x7fELF"):
        reason = "it does not start as an ELF file does" if elf else "it is empty"
        raise LocalnetError(f"{program.path} is not a program that this node can load: {reason}.")
    data_address = addresses.program_data_address(program.program_id)
    authority = bytes([1]) + bytes(program.authority) if program.authority else bytes(33)
    header = struct.pack("<IQ", _PROGRAM_DATA, 0) + authority
    # The data first: the program is loaded from it.
    yield data_address, _rent_exempt(rent, header + elf, addresses.UPGRADEABLE_LOADER)
    pointer = struct.pack("<I", _PROGRAM) + bytes(data_address)
    yield program.program_id, _rent_exempt(rent, pointer, addresses.UPGRADEABLE_LOADER, executable=True)


def _preset(preset: PresetAccount) -> tuple[Pubkey, Account]:
    try:
        content = cast("dict[str, object]", orjson.loads(_read(preset.path, "account")))
        body = cast("dict[str, object]", content["account"])
        text, encoding = cast("tuple[str, str]", body["data"])
        if encoding != "base64":
            raise LocalnetError(f"{preset.path} holds data in {encoding}; only base64 is understood.")
        address = preset.address or Pubkey.from_string(cast("str", content["pubkey"]))
        account = Account(
            cast("int", body["lamports"]),
            base64.b64decode(text, validate=True),
            Pubkey.from_string(cast("str", body["owner"])),
            bool(body["executable"]),
            cast("int", body["rentEpoch"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError, binascii.Error) as error:
        raise LocalnetError(
            f"{preset.path} is not an account as `solana account --output json` writes it ({error!r})."
        ) from error
    return address, account


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LocalnetError(f"The {what} {path} cannot be read: {error.strerror}.") from error
