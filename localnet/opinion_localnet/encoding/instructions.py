"""Instructions as structured JSON (`jsonParsed`); programs without a parser get raw accounts and data."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from opinion_localnet import addresses, base58
from opinion_localnet.encoding.loader_instructions import LOADER
from opinion_localnet.encoding.system_instructions import SYSTEM
from opinion_localnet.encoding.token_instructions import ASSOCIATED_TOKEN, TOKEN


@dataclass(frozen=True, slots=True)
class RawInstruction:
    """An instruction with its accounts resolved to base58."""

    program: str
    accounts: tuple[str, ...]
    data: bytes
    stack_height: int


Parser: TypeAlias = Callable[[Sequence[str], bytes], object]


def parse_instruction(raw: RawInstruction) -> dict[str, object]:
    """`raw` with its meaning, or as accounts and base58 data if that is not known."""
    known = _PARSERS.get(raw.program)
    if known is not None:
        program, parser = known
        try:
            parsed = parser(raw.accounts, raw.data)
        except (struct.error, IndexError, UnicodeDecodeError):
            # Too short for what it claims to be; such an instruction failed, and is shown as it was sent.
            parsed = None
        if parsed is not None:
            return {
                "parsed": parsed,
                "program": program,
                "programId": raw.program,
                "stackHeight": raw.stack_height,
            }
    return {
        "accounts": list(raw.accounts),
        "data": base58.encode(raw.data),
        "programId": raw.program,
        "stackHeight": raw.stack_height,
    }


def _memo(accounts: Sequence[str], data: bytes) -> str:
    return data.decode()


_PARSERS: dict[str, tuple[str, Parser]] = {
    str(addresses.MEMO_PROGRAM): ("spl-memo", _memo),
    str(addresses.MEMO_V1_PROGRAM): ("spl-memo", _memo),
    str(addresses.SYSTEM_PROGRAM): ("system", SYSTEM.parse),
    str(addresses.TOKEN_PROGRAM): ("spl-token", TOKEN.parse),
    str(addresses.TOKEN_2022_PROGRAM): ("spl-token", TOKEN.parse),
    str(addresses.ASSOCIATED_TOKEN_PROGRAM): ("spl-associated-token-account", ASSOCIATED_TOKEN.parse),
    str(addresses.UPGRADEABLE_LOADER): ("bpf-upgradeable-loader", LOADER.parse),
}
