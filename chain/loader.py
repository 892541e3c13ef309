"""Accounts of the upgradeable loader: which data a program runs, and who may replace it.

Layout (bincode, little-endian) from Agave's `UpgradeableLoaderState`: a u32 tag; Buffer 1: option of its authority;
Program 2: its ProgramData's address; ProgramData 3: slot of the last deploy and option of the upgrade authority. The
program's bytes begin at fixed offsets whether or not the option is filled.
"""

import hashlib
import struct
from dataclasses import dataclass

from solders.pubkey import Pubkey

from chain.constants import UPGRADEABLE_LOADER_ID
from chain.errors import ForeignAccount, MalformedData, UnexpectedAccount
from chain.units import Slot

BUFFER_METADATA = 37
PROGRAM_LENGTH = 36
PROGRAM_DATA_METADATA = 45

_TAG = struct.Struct("<I")
_PROGRAM_DATA = struct.Struct("<IQB32s")
_BUFFER = struct.Struct("<IB32s")


@dataclass(frozen=True, slots=True)
class LoaderProgram:
    """A program's account: it names its ProgramData."""

    program_data: Pubkey


@dataclass(frozen=True, slots=True)
class ProgramData:
    """What a program runs. `authority` is None once nobody may upgrade it; `executable` includes any padding."""

    slot: Slot
    authority: Pubkey | None
    executable: bytes


@dataclass(frozen=True, slots=True)
class Buffer:
    """An upload that a deploy or an upgrade will take. `authority` is None when it is immutable."""

    authority: Pubkey | None
    executable: bytes


LoaderAccount = LoaderProgram | ProgramData | Buffer


def program_data_address(program: Pubkey) -> Pubkey:
    """Where a program's ProgramData stands."""
    return Pubkey.find_program_address([bytes(program)], UPGRADEABLE_LOADER_ID)[0]


def decode_loader_account(owner: Pubkey, data: bytes) -> LoaderAccount:
    """Whichever loader account this is. Raises ForeignAccount, UnexpectedAccount or MalformedData."""
    if owner != UPGRADEABLE_LOADER_ID:
        raise ForeignAccount(f"the account belongs to {owner}, not to the upgradeable loader")
    try:
        (tag,) = _TAG.unpack_from(data)
        return _decode(tag, data)
    except struct.error as error:
        raise MalformedData(f"these {len(data)} bytes are no account of the upgradeable loader: {error}") from error


def decode_program_data(owner: Pubkey, data: bytes) -> ProgramData:
    """A ProgramData. Raises UnexpectedAccount for the loader's other kinds, and what `decode_loader_account` raises."""
    account = decode_loader_account(owner, data)
    if not isinstance(account, ProgramData):
        raise UnexpectedAccount(f"this is a {type(account).__name__} of the loader, not a ProgramData")
    return account


def _decode(tag: int, data: bytes) -> LoaderAccount:
    if tag == 1:
        _, flag, authority = _BUFFER.unpack_from(data)
        return Buffer(_option(flag, authority), data[BUFFER_METADATA:])
    if tag == 2:
        if len(data) != PROGRAM_LENGTH:
            raise MalformedData(f"a program's account has {PROGRAM_LENGTH} bytes, not {len(data)}")
        return LoaderProgram(Pubkey(data[4:PROGRAM_LENGTH]))
    if tag == 3:
        _, slot, flag, authority = _PROGRAM_DATA.unpack_from(data)
        return ProgramData(Slot(slot), _option(flag, authority), data[PROGRAM_DATA_METADATA:])
    raise UnexpectedAccount(f"the upgradeable loader has no program, buffer or program data with tag {tag}")


def _option(flag: int, key: bytes) -> Pubkey | None:
    if flag > 1:
        raise MalformedData(f"{flag} is neither none nor some")
    return Pubkey(key) if flag else None


def executable_hash(data: bytes) -> str:
    """The SHA-256 of a program's bytes, in hex; the loader pads with zeros, which do not count."""
    return hashlib.sha256(data.rstrip(b"\0")).hexdigest()
