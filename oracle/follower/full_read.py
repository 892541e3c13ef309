"""All accounts of the program, kind by kind."""

from solders.pubkey import Pubkey

from chain.accounts import Market, MarketReceipt, Opinion, ProgramConfig, RevokedKey, VrfRequest
from chain.answers import ChainAccount, Commitment, MemcmpFilter
from chain.rpc import Rpc
from store.accounts import FullRead

# Markets before receipts: a market that becomes its receipt meanwhile is in one of the two, or in both.
_KINDS = (ProgramConfig, RevokedKey, Market, Opinion, VrfRequest, MarketReceipt)


async def read_all(rpc: Rpc, program: Pubkey, commitment: Commitment) -> FullRead:
    """Read everything. Raises RpcError.

    Kinds are asked for one after another, so that no answer is larger than it must be. All that there was in the oldest
    answer's slot is here, each account with the slot of its own answer.
    """
    accounts: list[ChainAccount] = []
    slots: list[int] = []
    for kind in _KINDS:
        part = await rpc.read_program(program, [MemcmpFilter(0, kind.DISCRIMINATOR)], commitment)
        accounts += part.accounts
        slots.append(part.slot)
    return FullRead(accounts, min(slots), commitment)
