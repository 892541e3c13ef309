"""Where the program's accounts stand; docs/protocol.md, "Addresses".

All bumps are canonical, so an address follows from its seeds alone.
"""

from solders.pubkey import Pubkey

from chain.constants import ORAO_PROGRAM_ID, PROGRAM_ID


def config(program: Pubkey = PROGRAM_ID) -> Pubkey:
    """The one ProgramConfig."""
    return _derive(program, b"config")


def bond_vault(program: Pubkey = PROGRAM_ID) -> Pubkey:
    """The token account of the operator's bond; its authority is the config."""
    return _derive(program, b"bond")


def market(uuid: bytes, program: Pubkey = PROGRAM_ID) -> Pubkey:
    """A Market, and after it is finished its MarketReceipt. `uuid` has 16 bytes."""
    return _derive(program, b"market", uuid)


def escrow(market: Pubkey, program: Pubkey = PROGRAM_ID) -> Pubkey:
    """The token account that holds a market's stakes; its authority is the market."""
    return _derive(program, b"escrow", bytes(market))


def opinion(market: Pubkey, staker: Pubkey, program: Pubkey = PROGRAM_ID) -> Pubkey:
    """One staker's Opinion on a market."""
    return _derive(program, b"opinion", bytes(market), bytes(staker))


def vrf_request(market: Pubkey, program: Pubkey = PROGRAM_ID) -> Pubkey:
    """A market's randomness request."""
    return _derive(program, b"vrf_request", bytes(market))


def revoked_key(key: bytes, program: Pubkey = PROGRAM_ID) -> Pubkey:
    """Where a randomness key's RevokedKey stands, or would stand. `key` has 32 bytes."""
    return _derive(program, b"revoked", key)


def orao_request(alpha: bytes) -> Pubkey:
    """ORAO's RandomnessV2 account whose seed is `alpha` (32 bytes)."""
    return _derive(ORAO_PROGRAM_ID, b"orao-vrf-randomness-request", alpha)


def _derive(program: Pubkey, *seeds: bytes) -> Pubkey:
    return Pubkey.find_program_address(seeds, program)[0]
