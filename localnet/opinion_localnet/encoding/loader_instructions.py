"""The upgradeable loader's instructions."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from opinion_localnet.encoding.instruction_set import Info, InstructionSet, Layout, base64_text, tag_u32


def _write(_: Sequence[str], data: bytes) -> Info:
    offset, length = struct.unpack_from("<IQ", data)
    return {"offset": offset, "bytes": base64_text(data[12 : 12 + length])}


def _max_data_len(_: Sequence[str], data: bytes) -> Info:
    return {"maxDataLen": struct.unpack_from("<Q", data)[0]}


def _new_authority(accounts: Sequence[str], _: bytes) -> Info:
    return {"newAuthority": accounts[2] if len(accounts) > 2 else None}


def _additional(_: Sequence[str], data: bytes) -> Info:
    return {"additionalBytes": struct.unpack_from("<I", data)[0]}


LOADER = InstructionSet(
    tag_u32,
    {
        0: Layout("initializeBuffer", ("account", "?authority")),
        1: Layout("write", ("account", "authority"), _write),
        2: Layout(
            "deployWithMaxDataLen",
            (
                "payerAccount",
                "programDataAccount",
                "programAccount",
                "bufferAccount",
                "rentSysvar",
                "clockSysvar",
                "systemProgram",
                "authority",
            ),
            _max_data_len,
        ),
        3: Layout(
            "upgrade",
            (
                "programDataAccount",
                "programAccount",
                "bufferAccount",
                "spillAccount",
                "rentSysvar",
                "clockSysvar",
                "authority",
            ),
        ),
        4: Layout("setAuthority", ("account", "authority"), _new_authority),
        5: Layout("close", ("account", "recipient", "authority", "?programAccount")),
        6: Layout(
            "extendProgram",
            ("programDataAccount", "programAccount", "?systemProgram", "?payerAccount"),
            _additional,
        ),
        7: Layout("setAuthorityChecked", ("account", "authority", "newAuthority")),
        9: Layout(
            "extendProgramChecked",
            ("programDataAccount", "programAccount", "authority", "?systemProgram", "?payerAccount"),
            _additional,
        ),
    },
)
