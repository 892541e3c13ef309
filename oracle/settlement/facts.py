"""Reads what the plan decides by: the accounts of one market, in one answer of one node."""

from solders.pubkey import Pubkey

from chain import addresses
from chain.accounts import Market, MarketReceipt, Opinion, ProgramConfig, VrfRequest, decode_market
from chain.answers import ChainAccount, Commitment, MemcmpFilter
from chain.clock import CLOCK_ID, clock_time
from chain.constants import SYSTEM_PROGRAM_ID, MarketState, RequestStatus
from chain.errors import MalformedAnswer, MarketNotFound
from chain.rpc import Rpc
from chain.token import decode_token_account
from chain.units import UsdcUnits
from oracle.prover import Prover
from oracle.settlement.plan import Facts

_OPINIONS_MARKET = 11
"""Where an Opinion keeps its market."""


class FactsReader:
    """Reads one market again and again, and asks once for the randomness key that it pins, which never changes."""

    def __init__(self, rpc: Rpc, program: Pubkey, market: Pubkey) -> None:
        self._rpc, self._program, self._market = rpc, program, market
        self._randomness_key: bytes | None = None

    async def read(self, prover: Prover, *, analysed: bool) -> Facts:
        """Return the market at the RPC's own commitment. Raises MarketNotFound, AccountError and RpcError."""
        [market, request, config, clock, vault, *revoked] = await self._accounts()
        if market is None or config is None or clock is None or vault is None:
            raise MarketNotFound(f"there is no market at {self._market}: check the address and the cluster")
        state = decode_market(market.owner, market.data, self._program)
        if not revoked and isinstance(state, Market) and state.state < MarketState.AWAITING_RANDOMNESS:
            # Once randomness is requested, nothing hangs on a revocation: that question is for the others.
            self._randomness_key = state.randomness_key
            return await self.read(prover, analysed=analysed)
        vrf = VrfRequest.from_account(request.owner, request.data, self._program) if request else None
        shared = ProgramConfig.from_account(config.owner, config.data, self._program)
        held = decode_token_account(vault.owner, vault.data).amount
        captured = vrf is not None and vrf.status is RequestStatus.CAPTURED
        return Facts(
            slot=market.slot,
            now=clock_time(clock),
            market=state,
            request=vrf,
            config=shared,
            bond_free=UsdcUnits(max(held - shared.bond_locked, 0)),
            key_revoked=any(revoked),
            key_held=prover.holds(state.randomness_key),
            analysed=analysed,
            final=isinstance(state, MarketReceipt) and await self._is_final(market),
            captured_final=captured and request is not None and await self._is_final(request),
        )

    async def _accounts(self) -> list[ChainAccount | None]:
        keys = [
            self._market,
            addresses.vrf_request(self._market, self._program),
            addresses.config(self._program),
            CLOCK_ID,
            addresses.bond_vault(self._program),
        ]
        if self._randomness_key is not None:
            keys.append(addresses.revoked_key(self._randomness_key, self._program))
        return [_present(account) for account in await self._rpc.accounts(keys)]

    async def _is_final(self, seen: ChainAccount) -> bool:
        """Whether the finalized account is the same, byte for byte."""
        final = await self._rpc.account(seen.key, Commitment.FINALIZED)
        return final is not None and final.data == seen.data


async def read_opinions(rpc: Rpc, program: Pubkey, market: Pubkey) -> list[Opinion]:
    """Return the market's open Opinions in order of their intervals. Raises AccountError and RpcError."""
    filters = [MemcmpFilter(0, Opinion.DISCRIMINATOR), MemcmpFilter(_OPINIONS_MARKET, bytes(market))]
    found = await rpc.program_accounts(program, filters)
    opinions = [Opinion.from_account(account.owner, account.data, program) for account in found]
    # The filter is the node's work and so not proof.
    return sorted((opinion for opinion in opinions if opinion.market == market), key=lambda opinion: opinion.start)


async def read_all_opinions(rpc: Rpc, program: Pubkey, market: Pubkey, of: Market) -> list[Opinion]:
    """Return all of the market's Opinions, which tile the pool. Raises MalformedAnswer where one is missing."""
    opinions = await read_opinions(rpc, program, market)
    end = 0
    for opinion in opinions:
        if opinion.start != end:
            break
        end += opinion.stake
    if end != of.total_stake or len(opinions) != of.staker_count:
        raise MalformedAnswer(
            f"a node shows {len(opinions)} of the {of.staker_count} opinions on {market}: wait until it has all"
        )
    return opinions


def _present(account: ChainAccount | None) -> ChainAccount | None:
    """Anybody can send lamports to any address: that makes no account of a program."""
    return None if account and account.owner == SYSTEM_PROGRAM_ID and not account.data else account
