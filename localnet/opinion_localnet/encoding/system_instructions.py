"""The system program's instructions."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from opinion_localnet.encoding.instruction_set import Info, InstructionSet, Layout, address, tag_u32, text


def _u64(data: bytes, at: int = 0) -> int:
    return struct.unpack_from("<Q", data, at)[0]


def _create(_: Sequence[str], data: bytes) -> Info:
    lamports, space = struct.unpack_from("<QQ", data)
    return {"lamports": lamports, "space": space, "owner": address(data, 16)}


def _assign(_: Sequence[str], data: bytes) -> Info:
    return {"owner": address(data, 0)}


def _lamports(_: Sequence[str], data: bytes) -> Info:
    return {"lamports": _u64(data)}


def _space(_: Sequence[str], data: bytes) -> Info:
    return {"space": _u64(data)}


def _authority(_: Sequence[str], data: bytes) -> Info:
    return {"nonceAuthority": address(data, 0)}


def _new_authority(_: Sequence[str], data: bytes) -> Info:
    return {"newAuthorized": address(data, 0)}


def _create_with_seed(_: Sequence[str], data: bytes) -> Info:
    seed, at = text(data, 32)
    lamports, space = struct.unpack_from("<QQ", data, at)
    return {
        "base": address(data, 0),
        "seed": seed,
        "lamports": lamports,
        "space": space,
        "owner": address(data, at + 16),
    }


def _allocate_with_seed(_: Sequence[str], data: bytes) -> Info:
    seed, at = text(data, 32)
    return {"base": address(data, 0), "seed": seed, "space": _u64(data, at), "owner": address(data, at + 8)}


def _assign_with_seed(_: Sequence[str], data: bytes) -> Info:
    seed, at = text(data, 32)
    return {"base": address(data, 0), "seed": seed, "owner": address(data, at)}


def _transfer_with_seed(_: Sequence[str], data: bytes) -> Info:
    seed, at = text(data, 8)
    return {"lamports": _u64(data), "sourceSeed": seed, "sourceOwner": address(data, at)}


_NONCE = ("nonceAccount", "recentBlockhashesSysvar")

SYSTEM = InstructionSet(
    tag_u32,
    {
        0: Layout("createAccount", ("source", "newAccount"), _create),
        1: Layout("assign", ("account",), _assign),
        2: Layout("transfer", ("source", "destination"), _lamports),
        3: Layout("createAccountWithSeed", ("source", "newAccount"), _create_with_seed),
        4: Layout("advanceNonce", (*_NONCE, "nonceAuthority")),
        5: Layout(
            "withdrawFromNonce",
            ("nonceAccount", "destination", "recentBlockhashesSysvar", "rentSysvar", "nonceAuthority"),
            _lamports,
        ),
        6: Layout("initializeNonce", (*_NONCE, "rentSysvar"), _authority),
        7: Layout("authorizeNonce", ("nonceAccount", "nonceAuthority"), _new_authority),
        8: Layout("allocate", ("account",), _space),
        9: Layout("allocateWithSeed", ("account",), _allocate_with_seed),
        10: Layout("assignWithSeed", ("account",), _assign_with_seed),
        11: Layout("transferWithSeed", ("source", "sourceBase", "destination"), _transfer_with_seed),
        12: Layout("upgradeNonce", ("nonceAccount",)),
    },
)
