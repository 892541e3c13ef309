"""Instructions that set the program up and govern it."""

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain import addresses
from chain.constants import PROGRAM_ID, SYSTEM_PROGRAM_ID, TOKEN_PROGRAM_ID, RandomnessProvider, Role
from chain.instructions._build import build, payer, readonly, signer, u8, u32, writable
from chain.loader import program_data_address
from chain.units import BasisPoints
from chain.wire import exactly


def initialize(
    *,
    admin: Pubkey,
    usdc_mint: Pubkey,
    oracle: Pubkey,
    treasury: Pubkey,
    guardian: Pubkey,
    randomness_key: bytes,
    provider: RandomnessProvider,
    bond_share: BasisPoints,
    program: Pubkey = PROGRAM_ID,
) -> Instruction:
    """The program's upgrade authority creates the config and the bond vault, and becomes the admin.

    `randomness_key` has 32 bytes, all zero only with ORAO as the provider.
    """
    accounts = [
        payer(admin),
        writable(addresses.config(program)),
        writable(addresses.bond_vault(program)),
        readonly(usdc_mint),
        readonly(program),
        readonly(program_data_address(program)),
        readonly(TOKEN_PROGRAM_ID),
        readonly(SYSTEM_PROGRAM_ID),
    ]
    key = exactly(randomness_key, 32, "the randomness key")
    roles = bytes(oracle) + bytes(treasury) + bytes(guardian)
    return build(program, "initialize", accounts, roles, key, u8(provider), u32(bond_share))


def propose_authority(*, admin: Pubkey, role: Role, key: Pubkey, program: Pubkey = PROGRAM_ID) -> Instruction:
    """The admin names the next holder of a role; the zero key withdraws the proposal."""
    accounts = [signer(admin), writable(addresses.config(program))]
    return build(program, "propose_authority", accounts, u8(role), bytes(key))


def accept_authority(*, authority: Pubkey, role: Role, program: Pubkey = PROGRAM_ID) -> Instruction:
    """The proposed key takes the role by signing."""
    accounts = [
        signer(authority),
        writable(addresses.config(program)),
        readonly(addresses.revoked_key(bytes(authority), program)),
    ]
    return build(program, "accept_authority", accounts, u8(role))


def set_paused(*, authority: Pubkey, paused: bool, program: Pubkey = PROGRAM_ID) -> Instruction:
    """Stops or resumes new markets and stakes; the guardian may only pause, the admin may do both."""
    return build(program, "set_paused", [signer(authority), writable(addresses.config(program))], u8(paused))


def set_randomness(
    *, admin: Pubkey, provider: RandomnessProvider, bond_share: BasisPoints, program: Pubkey = PROGRAM_ID
) -> Instruction:
    """Sets what markets created from now on pin."""
    accounts = [signer(admin), writable(addresses.config(program))]
    return build(program, "set_randomness", accounts, u8(provider), u32(bond_share))


def revoke_randomness_key(*, admin: Pubkey, key: bytes, program: Pubkey = PROGRAM_ID) -> Instruction:
    """Marks a randomness key (32 bytes) as lost for ever; the admin pays the rent of the mark."""
    accounts = [
        payer(admin),
        writable(addresses.config(program)),
        writable(addresses.revoked_key(key, program)),
        readonly(SYSTEM_PROGRAM_ID),
    ]
    return build(program, "revoke_randomness_key", accounts, exactly(key, 32, "the randomness key"))
