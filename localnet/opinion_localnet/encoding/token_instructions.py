"""The instructions of the SPL token program and of the associated token account program."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from opinion_localnet.encoding.instruction_set import Info, InstructionSet, Layout, address, tag_u8
from opinion_localnet.encoding.tokens import ui_amount

_AUTHORITY_TYPES = ("mintTokens", "freezeAccount", "accountOwner", "closeAccount")
_EXTENSIONS = {7: "immutableOwner", 8: "memoTransfer", 11: "cpiGuard"}


def _amount(_: Sequence[str], data: bytes) -> Info:
    return {"amount": str(struct.unpack_from("<Q", data)[0])}


def _checked(_: Sequence[str], data: bytes) -> Info:
    amount, decimals = struct.unpack_from("<QB", data)
    return {"tokenAmount": ui_amount(amount, decimals)}


def _mint(_: Sequence[str], data: bytes) -> Info:
    info: Info = {"decimals": data[0], "mintAuthority": address(data, 1)}
    if data[33]:
        info["freezeAuthority"] = address(data, 34)
    return info


def _owner(_: Sequence[str], data: bytes) -> Info:
    return {"owner": address(data, 0)}


def _multisig(signers_at: int, sysvar: bool) -> Layout:
    def detail(accounts: Sequence[str], data: bytes) -> Info:
        return {"m": data[0], "signers": list(accounts[signers_at:])}

    return Layout(
        "initializeMultisig" if sysvar else "initializeMultisig2",
        ("multisig", "rentSysvar") if sysvar else ("multisig",),
        detail,
    )


def _set_authority(_: Sequence[str], data: bytes) -> Info:
    kind = _AUTHORITY_TYPES[data[0]]
    return {"authorityType": kind, "newAuthority": address(data, 2) if data[1] else None}


def _set_authority_of(accounts: Sequence[str], data: bytes) -> Info:
    # A mint's authorities are shown as the mint's, an account's as the account's.
    owned = "mint" if data[0] < 2 else "account"
    return {owned: accounts[0]} | _set_authority(accounts, data)


def _data_size(_: Sequence[str], data: bytes) -> Info:
    kinds = [struct.unpack_from("<H", data, at)[0] for at in range(0, len(data), 2)]
    return {"extensionTypes": [_EXTENSIONS.get(kind, str(kind)) for kind in kinds]}


def _ui(_: Sequence[str], data: bytes) -> Info:
    return {"uiAmount": data.decode()}


TOKEN = InstructionSet(
    tag_u8,
    {
        0: Layout("initializeMint", ("mint", "rentSysvar"), _mint),
        1: Layout("initializeAccount", ("account", "mint", "owner", "rentSysvar")),
        2: _multisig(2, sysvar=True),
        3: Layout("transfer", ("source", "destination", "authority"), _amount, signers_from=True),
        4: Layout("approve", ("source", "delegate", "owner"), _amount, signers_from=True),
        5: Layout("revoke", ("source", "owner"), signers_from=True),
        6: Layout("setAuthority", ("", "authority"), _set_authority_of, signers_from=True),
        7: Layout("mintTo", ("mint", "account", "mintAuthority"), _amount, signers_from=True),
        8: Layout("burn", ("account", "mint", "authority"), _amount, signers_from=True),
        9: Layout("closeAccount", ("account", "destination", "owner"), signers_from=True),
        10: Layout("freezeAccount", ("account", "mint", "freezeAuthority"), signers_from=True),
        11: Layout("thawAccount", ("account", "mint", "freezeAuthority"), signers_from=True),
        12: Layout("transferChecked", ("source", "mint", "destination", "authority"), _checked, signers_from=True),
        13: Layout("approveChecked", ("source", "mint", "delegate", "owner"), _checked, signers_from=True),
        14: Layout("mintToChecked", ("mint", "account", "mintAuthority"), _checked, signers_from=True),
        15: Layout("burnChecked", ("account", "mint", "authority"), _checked, signers_from=True),
        16: Layout("initializeAccount2", ("account", "mint", "rentSysvar"), _owner),
        17: Layout("syncNative", ("account",)),
        18: Layout("initializeAccount3", ("account", "mint"), _owner),
        19: _multisig(1, sysvar=False),
        20: Layout("initializeMint2", ("mint",), _mint),
        21: Layout("getAccountDataSize", ("mint",), _data_size),
        22: Layout("initializeImmutableOwner", ("account",)),
        23: Layout("amountToUiAmount", ("mint",), _amount),
        24: Layout("uiAmountToAmount", ("mint",), _ui),
    },
)


def _associated_tag(data: bytes) -> tuple[int, int]:
    # The first version of the program had one instruction, and no data.
    return (data[0], 1) if data else (0, 0)


_CREATE = ("source", "account", "wallet", "mint", "systemProgram", "tokenProgram")

ASSOCIATED_TOKEN = InstructionSet(
    _associated_tag,
    {
        0: Layout("create", _CREATE),
        1: Layout("createIdempotent", _CREATE),
        2: Layout(
            "recoverNested",
            (
                "nestedSource",
                "nestedMint",
                "destination",
                "nestedOwner",
                "ownerMint",
                "wallet",
                "tokenProgram",
            ),
        ),
    },
)
