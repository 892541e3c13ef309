"""Reads what the plan decides by: the accounts of one market, in one answer of one node."""

from dataclasses import dataclass

from solders.pubkey import Pubkey

from chain import addresses
from chain.accounts import Market, MarketReceipt, Opinion, ProgramConfig, VrfRequest, decode_market
from chain.answers import ChainAccount, Commitment, MemcmpFilter
from chain.clock import CLOCK_ID, clock_time
from chain.constants import SYSTEM_PROGRAM_ID, RequestStatus
from chain.errors import MalformedAnswer, MarketNotFound
from chain.rpc import Rpc
from chain.token import decode_token_account
from chain.units import UsdcUnits
from oracle.prover import Prover
from oracle.settlement.plan import Facts

_OPINIONS_MARKET = 11
"""Where an Opinion keeps its market."""


@dataclass(frozen=True, slots=True)
class FactsReader:
    """Reads one market again and again; `randomness_key` is the one that it pins, which never changes."""

    rpc: Rpc
    program: Pubkey
    market: Pubkey
    randomness_key: bytes

    async def read(self, prover: Prover, *, analysed: bool) -> Facts:
        """Return the market at the RPC's own commitment. Raises MarketNotFound, AccountError and RpcError."""
        accounts = await self._accounts()
        [market, request, config, clock, vault, revoked] = accounts
        if market is None or config is None or clock is None or vault is None:
            raise MarketNotFound(f"there is no market at {self.market}: check the address and the cluster")
        state = decode_market(market.owner, market.data, self.program)
        vrf = VrfRequest.from_account(request.owner, request.data, self.program) if request else None
        shared = ProgramConfig.from_account(config.owner, config.data, self.program)
        held = decode_token_account(vault.owner, vault.data).amount
        captured = vrf is not None and vrf.status is RequestStatus.CAPTURED
        return Facts(
            slot=market.slot,
            now=clock_time(clock),
            market=state,
            request=vrf,
            config=shared,
            bond_free=UsdcUnits(max(held - shared.bond_locked, 0)),
            key_revoked=revoked is not None,
            key_held=prover.holds(self.randomness_key),
            analysed=analysed,
            final=isinstance(state, MarketReceipt) and await self._is_final(market),
            captured_final=captured and request is not None and await self._is_final(request),
        )

    async def _accounts(self) -> list[ChainAccount | None]:
        keys = [
            self.market,
            addresses.vrf_request(self.market, self.program),
            addresses.config(self.program),
            CLOCK_ID,
            addresses.bond_vault(self.program),
            addresses.revoked_key(self.randomness_key, self.program),
        ]
        return [_present(account) for account in await self.rpc.accounts(keys)]

    async def _is_final(self, seen: ChainAccount) -> bool:
        """Whether the finalized account is the same, byte for byte."""
        final = await self.rpc.account(seen.key, Commitment.FINALIZED)
        return final is not None and final.data == seen.data


async def read_randomness_key(rpc: Rpc, program: Pubkey, market: Pubkey) -> bytes:
    """Return the key (32 bytes) that the market or its receipt pins. Raises MarketNotFound, AccountError, RpcError."""
    account = _present(await rpc.account(market))
    if account is None:
        raise MarketNotFound(f"there is no market at {market}: check the address and the cluster")
    return decode_market(account.owner, account.data, program).randomness_key


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
