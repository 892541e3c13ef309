"""Fetches what chain.verify judges: a market's accounts and the events of its transactions."""

from collections.abc import Sequence

from solders.pubkey import Pubkey
from solders.signature import Signature

from chain import addresses
from chain.accounts import Market, MarketReceipt, Opinion, VrfRequest, decode_market
from chain.answers import MemcmpFilter, SignatureInfo
from chain.constants import PROGRAM_ID, RandomnessProvider
from chain.draw import alpha
from chain.errors import MarketNotFound, RpcRefused
from chain.events import Event, MarketCreatedEvent, UnknownEvent, parse_events
from chain.evidence import Evidence
from chain.rpc import Rpc
from chain.token import decode_token_account
from chain.units import UsdcUnits

_OPINIONS_MARKET = 11
_PAGE = 1000


async def read_evidence(rpc: Rpc, address: Pubkey, program: Pubkey = PROGRAM_ID, *, history: bool = True) -> Evidence:
    """Everything of one market. Raises MarketNotFound, AccountError and RpcError.

    `history` reads the market's transactions too, one call each; a node that keeps none leaves the events out.
    """
    market = await _market(rpc, address, program)
    keys = [addresses.vrf_request(address, program), addresses.escrow(address, program)]
    request, escrow = await rpc.accounts(keys)
    vrf = VrfRequest.from_account(request.owner, request.data, program) if request else None
    balance = UsdcUnits(decode_token_account(escrow.owner, escrow.data).amount) if escrow else None
    events, complete = await _events(rpc, address, program) if history else ((), False)
    return Evidence(
        address=address,
        market=market,
        request=vrf,
        opinions=await _opinions(rpc, address, program),
        escrow=balance,
        external=await _external(rpc, address, market, vrf, program),
        events=events,
        history_complete=complete,
        program=program,
    )


async def _market(rpc: Rpc, address: Pubkey, program: Pubkey) -> Market | MarketReceipt:
    account = await rpc.account(address)
    if account is None:
        raise MarketNotFound(f"there is no market at {address}: check the address and the cluster")
    return decode_market(account.owner, account.data, program)


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
    account = await rpc.account(addresses.orao_request(seed))
    return (account.owner, account.data) if account else None


async def _events(rpc: Rpc, address: Pubkey, program: Pubkey) -> tuple[tuple[Event, ...], bool]:
    """The market's events, oldest first, and whether they are all there are."""
    try:
        signatures = [info.signature for info in await _history(rpc, address) if not info.failed]
    except RpcRefused:
        # A node without transaction history refuses the method.
        return (), False
    events: list[Event] = []
    complete = True
    for signature in reversed(signatures):
        found, whole = await _events_of(rpc, signature, address, program)
        events += found
        complete = complete and whole
    return tuple(events), complete and any(isinstance(event, MarketCreatedEvent) for event in events)


async def _history(rpc: Rpc, address: Pubkey) -> Sequence[SignatureInfo]:
    """Every transaction that names the address, newest first."""
    found: list[SignatureInfo] = []
    while True:
        page = await rpc.history(address, before=found[-1].signature if found else None, limit=_PAGE)
        found += page
        if len(page) < _PAGE:
            return found


async def _events_of(rpc: Rpc, signature: Signature, address: Pubkey, program: Pubkey) -> tuple[list[Event], bool]:
    record = await rpc.transaction(signature)
    if record is None:
        return [], False
    if record.error is not None:
        return [], True
    parsed = parse_events(record.logs, program)
    known = [event for event in parsed.events if not isinstance(event, UnknownEvent)]
    return [event for event in known if getattr(event, "market", None) == address], parsed.complete
