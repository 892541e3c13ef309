"""What a market can be verified from: its accounts and, as far as a node still has them, its transactions."""

from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from solders.pubkey import Pubkey

from chain.accounts import Market, MarketReceipt, Opinion, VrfRequest
from chain.constants import PROGRAM_ID, MarketState
from chain.events import Event, OpinionStakedEvent
from chain.units import Slot, UsdcUnits

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Randomness:
    """Where the output came from. `alpha` and `target_slot` are None once only the receipt is left."""

    captured_slot: Slot
    slot_hash: bytes
    proof: bytes
    output: bytes
    alpha: bytes | None
    target_slot: Slot | None
    fulfilled: bool


class Staked(NamedTuple):
    """One opinion's interval of the pool; sorts by where it starts."""

    start: UsdcUnits
    stake: UsdcUnits
    staker: Pubkey


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Chain data of one market, unjudged.

    `opinions` are the open ones. `escrow` is the escrow's balance, None when it is closed. `external` is the ORAO
    account's owner and data, None when there is none or the market does not use it. `events` are the market's own,
    oldest first; `history_complete` says that they go back to its creation without a gap, and `history_gap` else why
    they do not.
    """

    address: Pubkey
    market: Market | MarketReceipt
    request: VrfRequest | None = None
    opinions: tuple[Opinion, ...] = ()
    escrow: UsdcUnits | None = None
    external: tuple[Pubkey, bytes] | None = None
    events: tuple[Event, ...] = ()
    history_complete: bool = False
    history_gap: str = "The market's transactions were not read."
    program: Pubkey = PROGRAM_ID

    @property
    def final(self) -> bool:
        """Whether there is an outcome to verify."""
        return self.market.state in (MarketState.SETTLED, MarketState.REFUNDING)

    def of(self, kind: type[E]) -> list[E]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def lacks(self, kind: type[Event]) -> bool:
        """Whether the history is complete and has no event of this kind: it never happened."""
        return self.history_complete and not any(isinstance(event, kind) for event in self.events)

    def stakes(self) -> set[Staked]:
        """Every opinion known from an account or an event; one that both tell differently is there twice."""
        found = {Staked(opinion.start, opinion.stake, opinion.staker) for opinion in self.opinions}
        return found | {Staked(event.start, event.stake, event.staker) for event in self.of(OpinionStakedEvent)}

    @property
    def randomness(self) -> Randomness | None:
        """From the request, or from the receipt; None when there never was a captured hash."""
        market, request = self.market, self.request
        if isinstance(market, MarketReceipt):
            if not any(market.slot_hash):
                return None
            return Randomness(
                market.captured_slot, market.slot_hash, market.proof, market.output, None, None, any(market.output)
            )
        if request is None or not any(request.slot_hash):
            return None
        return Randomness(
            request.captured_slot,
            request.slot_hash,
            request.proof,
            request.output,
            request.alpha,
            request.target_slot,
            request.fulfilled_at != 0,
        )
