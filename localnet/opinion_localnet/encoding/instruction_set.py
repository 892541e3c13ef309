"""A program's instructions as a table: tag, name, named accounts, and what the data says."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from opinion_localnet import base58

Info: TypeAlias = dict[str, object]
Detail: TypeAlias = Callable[[Sequence[str], bytes], Info]


@dataclass(frozen=True, slots=True)
class Layout:
    """One instruction: its name, its accounts' names in order, and what else its data gives.

    An account name that starts with `?` may be missing; an empty one is not shown. With `signers_from`, the
    last named account is an authority that becomes a multisig when signers follow it.
    """

    name: str
    accounts: tuple[str, ...] = ()
    detail: Detail | None = None
    signers_from: bool = False


@dataclass(frozen=True, slots=True)
class InstructionSet:
    """All instructions of a program."""

    # Reads the tag: (tag, how many bytes of data it takes).
    tag: Callable[[bytes], tuple[int, int]]
    layouts: dict[int, Layout]

    def parse(self, accounts: Sequence[str], data: bytes) -> Info | None:
        """`{"type", "info"}`, or None for an unknown tag; raises struct.error or IndexError if too short."""
        tag, width = self.tag(data)
        layout = self.layouts.get(tag)
        if layout is None:
            return None
        info = _named(layout, accounts)
        if layout.detail is not None:
            info |= layout.detail(accounts, data[width:])
        return {"type": layout.name, "info": info}


def _named(layout: Layout, accounts: Sequence[str]) -> Info:
    names = layout.accounts
    info: Info = {}
    if layout.signers_from and len(accounts) > len(names):
        *names, authority = names
        multisig = f"multisig{authority[0].upper()}{authority[1:]}"
        info = {multisig: accounts[len(names)], "signers": list(accounts[len(names) + 1 :])}
    for index, name in enumerate(names):
        if name.startswith("?"):
            if index < len(accounts):
                info[name[1:]] = accounts[index]
        elif name:
            info[name] = accounts[index]
    return info


def tag_u8(data: bytes) -> tuple[int, int]:
    """Tags of one byte."""
    return data[0], 1


def tag_u32(data: bytes) -> tuple[int, int]:
    """Tags of four bytes, as bincode writes them."""
    return struct.unpack_from("<I", data)[0], 4


def address(data: bytes, at: int) -> str:
    """The address at an offset."""
    if len(data) < at + 32:
        raise IndexError(at)
    return base58.encode(data[at : at + 32])


def text(data: bytes, at: int) -> tuple[str, int]:
    """(a bincode string, the offset behind it)."""
    (length,) = struct.unpack_from("<Q", data, at)
    end = at + 8 + length
    return data[at + 8 : end].decode(), end


def base64_text(data: bytes) -> str:
    """Bytes as text."""
    return base64.b64encode(data).decode()
