"""Account data as structured JSON (`jsonParsed`), for the programs that most accounts belong to."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable
from typing import TypeAlias

from solders.account import Account
from solders.hash import Hash
from solders.pubkey import Pubkey

from opinion_localnet import addresses, base58
from opinion_localnet.encoding import tokens

GetAccount: TypeAlias = Callable[[Pubkey], Account | None]
Parsed: TypeAlias = dict[str, object]


def parse_account(account: Account, get_account: GetAccount) -> Parsed | None:
    """`{"parsed", "program", "space"}`, or None if the data is not understood."""
    owner = account.owner
    if owner in addresses.TOKEN_PROGRAMS:
        name = "spl-token" if owner == addresses.TOKEN_PROGRAM else "spl-token-2022"
        return _wrap(account, name, _token(account, get_account))
    parser = _PARSERS.get(owner)
    if parser is None:
        return None
    program, parse = parser
    try:
        return _wrap(account, program, parse(account.data))
    except (struct.error, IndexError):
        # Shorter than its type says: unreadable is not an error, the raw bytes are the answer.
        return None


def parse_sysvar(address: Pubkey, account: Account) -> Parsed | None:
    """As parse_account, for accounts that only their address tells apart."""
    if address == addresses.CLOCK:
        slot, start, epoch, leader_epoch, now = struct.unpack("<QqQQq", account.data)
        info = {
            "slot": slot,
            "epoch": epoch,
            "epochStartTimestamp": start,
            "leaderScheduleEpoch": leader_epoch,
            "unixTimestamp": now,
        }
        return _wrap(account, "sysvar", {"type": "clock", "info": info})
    if address == addresses.RENT:
        (rate,) = struct.unpack_from("<Q", account.data)
        return _wrap(account, "sysvar", {"type": "rent", "info": {"lamportsPerByte": str(rate)}})
    if address == addresses.EPOCH_SCHEDULE:
        slots, offset, warmup, epoch, first = struct.unpack_from("<QQ?QQ", account.data)
        info = {
            "slotsPerEpoch": slots,
            "leaderScheduleSlotOffset": offset,
            "warmup": warmup,
            "firstNormalEpoch": epoch,
            "firstNormalSlot": first,
        }
        return _wrap(account, "sysvar", {"type": "epochSchedule", "info": info})
    if address == addresses.SLOT_HASHES:
        return _wrap(account, "sysvar", {"type": "slotHashes", "info": _slot_hashes(account.data)})
    return None


def _slot_hashes(data: bytes) -> list[Parsed]:
    (count,) = struct.unpack_from("<Q", data)
    entries = [struct.unpack_from("<Q32s", data, 8 + 40 * index) for index in range(count)]
    return [{"slot": slot, "hash": str(Hash(digest))} for slot, digest in entries]


def _wrap(account: Account, program: str, parsed: Parsed | None) -> Parsed | None:
    if parsed is None:
        return None
    return {"parsed": parsed, "program": program, "space": len(account.data)}


def _token(account: Account, get_account: GetAccount) -> Parsed | None:
    holding = tokens.token_account(account)
    if holding is not None:
        mint_account = get_account(holding.mint)
        mint = tokens.mint(mint_account) if mint_account is not None else None
        if mint is None:
            return None
        return {"type": "account", "info": _holding(holding, mint.decimals)}
    mint = tokens.mint(account)
    if mint is None:
        return None
    info = {
        "mintAuthority": _text(mint.mint_authority),
        "supply": str(mint.supply),
        "decimals": mint.decimals,
        "isInitialized": True,
        "freezeAuthority": _text(mint.freeze_authority),
    }
    return {"type": "mint", "info": info}


def _holding(holding: tokens.TokenAccount, decimals: int) -> Parsed:
    info: Parsed = {
        "mint": str(holding.mint),
        "owner": str(holding.owner),
        "tokenAmount": tokens.ui_amount(holding.amount, decimals),
        "state": holding.state,
        "isNative": holding.native_reserve is not None,
    }
    if holding.native_reserve is not None:
        info["rentExemptReserve"] = tokens.ui_amount(holding.native_reserve, decimals)
    if holding.delegate is not None:
        info["delegate"] = str(holding.delegate)
        info["delegatedAmount"] = tokens.ui_amount(holding.delegated_amount, decimals)
    if holding.close_authority is not None:
        info["closeAuthority"] = str(holding.close_authority)
    return info


def _text(address: Pubkey | None) -> str | None:
    return None if address is None else str(address)


def _nonce(data: bytes) -> Parsed | None:
    if len(data) != 80:
        return None
    _, state = struct.unpack_from("<II", data)
    if state == 0:
        return {"type": "uninitialized"}
    (fee,) = struct.unpack_from("<Q", data, 72)
    info = {
        "authority": base58.encode(data[8:40]),
        "blockhash": base58.encode(data[40:72]),
        "feeCalculator": {"lamportsPerSignature": str(fee)},
    }
    return {"type": "initialized", "info": info}


def _loader(data: bytes) -> Parsed | None:
    (kind,) = struct.unpack_from("<I", data)
    if kind == 0:
        return {"type": "uninitialized"}
    if kind == 1:
        authority = base58.encode(data[5:37]) if data[4] else None
        return {"type": "buffer", "info": {"authority": authority, "data": _base64(data[37:])}}
    if kind == 2:
        return {"type": "program", "info": {"programData": base58.encode(data[4:36])}}
    if kind != 3:
        return None
    (slot,) = struct.unpack_from("<Q", data, 4)
    authority = base58.encode(data[13:45]) if data[12] else None
    return {
        "type": "programData",
        "info": {"slot": slot, "authority": authority, "data": _base64(data[45:])},
    }


def _base64(data: bytes) -> list[str]:
    return [base64.b64encode(data).decode(), "base64"]


def _lookup_table(data: bytes) -> Parsed | None:
    kind, deactivation, extended, start, has_authority = struct.unpack_from("<IQQB?", data)
    if kind == 0:
        return {"type": "uninitialized"}
    keys = [base58.encode(data[at : at + 32]) for at in range(56, len(data), 32)]
    info: Parsed = {
        "deactivationSlot": str(deactivation),
        "lastExtendedSlot": str(extended),
        "lastExtendedSlotStartIndex": start,
        "addresses": keys,
    }
    if has_authority:
        info["authority"] = base58.encode(data[22:54])
    return {"type": "lookupTable", "info": info}


_PARSERS: dict[Pubkey, tuple[str, Callable[[bytes], Parsed | None]]] = {
    addresses.SYSTEM_PROGRAM: ("nonce", _nonce),
    addresses.UPGRADEABLE_LOADER: ("bpf-upgradeable-loader", _loader),
    addresses.LOOKUP_TABLE_PROGRAM: ("address-lookup-table", _lookup_table),
}
