"""Spending limits: where they stand, and what uses them."""

from __future__ import annotations

import struct

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain.multisig.v4.accounts import AddSpendingLimit, Period
from tests.programs.multisig import calls as c
from tests.programs.multisig.council import EVE, PAYEE, PROGRAM_ID, SQUAD, STRANGER, VAULT
from tests.programs.spec import SYSTEM_PROGRAM, TOKEN_PROGRAM
from tests.programs.world import actor

LAMPORTS, MINT = Pubkey.default(), actor("mint")
FROM, TO = actor("the vault's tokens"), actor("the payee's tokens")
NAMED = AddSpendingLimit(actor("limit"), 0, LAMPORTS, 100, Period.DAY, (STRANGER, EVE), (PAYEE,))
REMAINING = slice(114, 122)
"""Where a limit keeps what is left."""


def limit_of(create_key: Pubkey = NAMED.create_key, multisig: Pubkey = SQUAD) -> Pubkey:
    """Where a limit stands."""
    seeds = [b"multisig", bytes(multisig), b"spending_limit", bytes(create_key)]
    return Pubkey.find_program_address(seeds, PROGRAM_ID)[0]


def spending(
    amount: int, decimals: int = 9, by: Pubkey = STRANGER, to: Pubkey = PAYEE, limit: Pubkey | None = None
) -> Instruction:
    """A use of a limit for lamports."""
    accounts = [(SQUAD, ""), (by, "s"), (limit or limit_of(), "w"), (VAULT, "w"), (to, "w"), (SYSTEM_PROGRAM, "")]
    return c.call("spending_limit_use", accounts, struct.pack("<QB", amount, decimals) + c.NO_MEMO)


def spending_tokens(amount: int, decimals: int = 6, program: Pubkey = TOKEN_PROGRAM) -> Instruction:
    """A use of a limit for tokens: 6 the mint, 7 and 8 the token accounts, 9 their program."""
    accounts = [
        (SQUAD, ""), (STRANGER, "s"), (limit_of(), "w"), (VAULT, "w"), (PAYEE, "w"), (PROGRAM_ID, ""), (MINT, ""),
        (FROM, "w"), (TO, "w"), (program, ""),
    ]  # fmt: skip
    return c.call("spending_limit_use", accounts, struct.pack("<QB", amount, decimals) + c.NO_MEMO)
