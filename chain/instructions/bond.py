"""Instructions that move the operator's bond."""

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain import addresses
from chain.constants import PROGRAM_ID, TOKEN_PROGRAM_ID
from chain.instructions._build import build, readonly, signer, u64, writable
from chain.units import UsdcUnits


def deposit_bond(*, depositor: Pubkey, source: Pubkey, amount: UsdcUnits, program: Pubkey = PROGRAM_ID) -> Instruction:
    """Adds to the operator's bond out of the token account `source`."""
    accounts = [
        signer(depositor),
        readonly(addresses.config(program)),
        writable(source),
        writable(addresses.bond_vault(program)),
        readonly(TOKEN_PROGRAM_ID),
    ]
    return build(program, "deposit_bond", accounts, u64(amount))


def withdraw_bond(
    *, admin: Pubkey, destination: Pubkey, amount: UsdcUnits, program: Pubkey = PROGRAM_ID
) -> Instruction:
    """Takes back what no request has locked, into the token account `destination`."""
    accounts = [
        signer(admin),
        readonly(addresses.config(program)),
        writable(addresses.bond_vault(program)),
        writable(destination),
        readonly(TOKEN_PROGRAM_ID),
    ]
    return build(program, "withdraw_bond", accounts, u64(amount))
