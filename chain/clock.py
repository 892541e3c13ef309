"""The chain's time: what deadlines are measured by, whatever the host's clock says."""

import struct

from solders.pubkey import Pubkey

from chain.answers import ChainAccount, Commitment
from chain.errors import MalformedAnswer
from chain.rpc import Rpc
from chain.units import UnixTime

CLOCK_ID = Pubkey.from_string("SysvarC1ock11111111111111111111111111111111")
SYSVARS_ID = Pubkey.from_string("Sysvar1111111111111111111111111111111111111")
# Slot, when the epoch began, epoch, the leader schedule's epoch, now.
_CLOCK = struct.Struct("<QqQQq")


async def chain_time(rpc: Rpc, commitment: Commitment | None = None) -> UnixTime:
    """Read the Clock sysvar's time. Raises RpcError."""
    return clock_time(await rpc.account(CLOCK_ID, commitment))


def clock_time(account: ChainAccount | None) -> UnixTime:
    """The time in the Clock sysvar's account. Raises MalformedAnswer when it is another account or none."""
    if account is None or account.owner != SYSVARS_ID or len(account.data) != _CLOCK.size:
        raise MalformedAnswer(f"there is no Clock at {CLOCK_ID}: is it a Solana RPC?")
    return UnixTime(_CLOCK.unpack(account.data)[4])
