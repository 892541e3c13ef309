"""Fetches what chain.verify judges: a market's accounts and, by chain.market_history, its events."""

from dataclasses import replace

from solders.pubkey import Pubkey

from chain import addresses
from chain.accounts import Market, MarketReceipt, Opinion, VrfRequest, decode
from chain.answers import ChainAccount, MemcmpFilter
from chain.constants import PROGRAM_ID, SYSTEM_PROGRAM_ID, RandomnessProvider
from chain.draw import alpha
from chain.errors import MarketChanging, MarketNotFound, UnexpectedAccount
from chain.evidence import Evidence
from chain.market_history import read_history
from chain.rpc import Rpc
from chain.token import decode_token_account
from chain.units import UsdcUnits

_OPINIONS_MARKET = 11
_ATTEMPTS = 5


async def read_evidence(rpc: Rpc, address: Pubkey, program: Pubkey = PROGRAM_ID, *, history: bool = True) -> Evidence:
    """Everything of one market. Raises MarketNotFound, MarketChanging, AccountError and RpcError.

    The accounts are those of one time. `history` reads the market's transactions too, one call each, when there is an
    outcome to verify; what a node does not give of them is left out and said.
    """
    evidence = await _settled_down(rpc, address, program)
    if not history or not evidence.final:
        return evidence
    told = await read_history(rpc, address, program)
    return replace(evidence, events=told.events, history_complete=not told.gap, history_gap=told.gap)


async def _settled_down(rpc: Rpc, address: Pubkey, program: Pubkey) -> Evidence:
    """The accounts, read again when the market moved on meanwhile: its opinions would not fit it."""
    for _ in range(_ATTEMPTS):
        data, evidence = await _accounts(rpc, address, program)
        now = await rpc.account(address)
        if now is not None and now.data == data:
            return evidence
    raise MarketChanging(f"the market {address} changed during each of {_ATTEMPTS} reads: try again later")


async def _accounts(rpc: Rpc, address: Pubkey, program: Pubkey) -> tuple[bytes, Evidence]:
    """The market's data as they are compared, and all of its accounts without its history."""
    keys = [address, addresses.vrf_request(address, program), addresses.escrow(address, program)]
    account, request, escrow = await rpc.accounts(keys)
    market = _market(address, account, program)
    request, escrow = _present(request), _present(escrow)
    vrf = VrfRequest.from_account(request.owner, request.data, program) if request else None
    evidence = Evidence(
        address=address,
        market=market,
        request=vrf,
        opinions=await _opinions(rpc, address, program),
        escrow=UsdcUnits(decode_token_account(escrow.owner, escrow.data).amount) if escrow else None,
        external=await _external(rpc, address, market, vrf, program),
        program=program,
    )
    return (account.data if account else b""), evidence


def _present(account: ChainAccount | None) -> ChainAccount | None:
    """Anybody can send lamports to any address, a closed account's too: that makes no account of a program."""
    return None if account and account.owner == SYSTEM_PROGRAM_ID and not account.data else account


def _market(address: Pubkey, account: ChainAccount | None, program: Pubkey) -> Market | MarketReceipt:
    if account is None:
        raise MarketNotFound(f"there is no market at {address}: check the address and the cluster")
    no_market = f"{address} is not a market of the program {program}"
    if account.owner != program:
        raise MarketNotFound(f"{no_market}: it belongs to {account.owner}")
    try:
        found = decode(account.owner, account.data, program)
    except UnexpectedAccount as error:
        raise MarketNotFound(f"{no_market}: {error}") from error
    if not isinstance(found, Market | MarketReceipt):
        raise MarketNotFound(f"{no_market}: it is its {type(found).__name__}")
    return found


async def _opinions(rpc: Rpc, address: Pubkey, program: Pubkey) -> tuple[Opinion, ...]:
    filters = [MemcmpFilter(0, Opinion.DISCRIMINATOR), MemcmpFilter(_OPINIONS_MARKET, bytes(address))]
    found = await rpc.program_accounts(program, filters)
    # The filter is the node's work and so not proof: another market's opinion is left out here.
    opinions = (Opinion.from_account(account.owner, account.data, program) for account in found)
    return tuple(sorted((o for o in opinions if o.market == address), key=lambda opinion: opinion.start))


async def _external(
    rpc: Rpc, address: Pubkey, market: Market | MarketReceipt, request: VrfRequest | None, program: Pubkey
) -> tuple[Pubkey, bytes] | None:
    """ORAO's account, where the market uses it and a slot hash has been captured."""
    slot_hash = market.slot_hash if isinstance(market, MarketReceipt) else request.slot_hash if request else bytes(32)
    if market.randomness_provider is not RandomnessProvider.ORAO or not any(slot_hash):
        return None
    seed = alpha(
        market=address,
        total_stake=market.total_stake,
        staker_count=market.staker_count,
        slot_hash=slot_hash,
        program=program,
    )
    account = _present(await rpc.account(addresses.orao_request(seed)))
    return (account.owner, account.data) if account else None
