"""What docs/protocol.md says should happen, in plain Python: the machine compares the program with it after every step.

It knows no account bytes and no error numbers: only who may do what when, and where the money is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from solders.pubkey import Pubkey

from tests.programs import scene as s
from tests.programs import spec
from tests.programs.spec import Provider, Reason, Request, Role, State, share

SlotHashes = Sequence[tuple[int, object]]


@dataclass
class Opinion:
    """A stake's interval and what became of it."""

    start: int
    stake: int
    paid: bool = False
    open: bool = True


@dataclass
class Asked:
    """A request for randomness."""

    at: int
    target: int
    status: Request = Request.REQUESTED
    rearmed: bool = False


@dataclass
class Market:
    """One market."""

    handle: s.Market
    creator: Pubkey
    closes_at: int
    provider: Provider
    key: str | None
    bond_share: int
    state: State = State.ACTIVE
    opinions: dict[Pubkey, Opinion] = field(default_factory=dict[Pubkey, Opinion])
    asked: Asked | None = None
    bond: int = 0
    fee: int = 0
    prize: int = 0
    winner: Pubkey | None = None
    prize_paid: bool = False
    fee_collected: bool = False
    reason: Reason = Reason.NONE
    donated: int = 0
    receipt: bytes | None = None

    @property
    def total(self) -> int:
        """The pool."""
        return sum(opinion.stake for opinion in self.opinions.values())

    @property
    def finished(self) -> bool:
        """Whether only the receipt is left."""
        return self.receipt is not None

    def refund(self, staker: Pubkey) -> tuple[int, int]:
        """Stake and bond share that this staker gets back while refunding."""
        mine = self.opinions[staker]
        if self.asked is None or self.bond == 0:
            return mine.stake, 0
        return mine.stake, share(mine.start + mine.stake, self.bond_share) - share(mine.start, self.bond_share)

    @property
    def liability(self) -> int:
        """ "liability = total stake until Settled, then prize and fee still unpaid, or in Refunding total stake +
        bond not yet recovered"."""
        if self.state is State.SETTLED:
            return self.prize * (not self.prize_paid) + self.fee * (not self.fee_collected)
        if self.state is State.REFUNDING:
            return sum(sum(self.refund(staker)) for staker, opinion in self.opinions.items() if not opinion.paid)
        return self.total

    def covers(self, drawn: int) -> Pubkey:
        """Who wins with this draw."""
        [winner] = [who for who, mine in self.opinions.items() if mine.start <= drawn < mine.start + mine.stake]
        return winner


def first_at_or_after(hashes: SlotHashes, target: int) -> int | None:
    """ "the first entry with slot >= target; needs an entry below the target too": its slot. None: not ready. -1:
    lapsed."""
    if not hashes or hashes[0][0] < target:
        return None
    if hashes[-1][0] >= target:
        return -1
    return min(slot for slot, _ in hashes if slot >= target)


@dataclass
class Model:
    """The config, the markets, and every USDC unit outside them. `frozen` are holders, and BOND_VAULT itself."""

    admin: Pubkey = s.ADMIN
    oracle: Pubkey = s.ORACLE
    treasury: Pubkey = s.TREASURY
    guardian: Pubkey = s.GUARDIAN
    key: str | None = s.KEY
    pending: dict[Role, Pubkey] = field(default_factory=dict[Role, Pubkey])
    paused: bool = False
    provider: Provider = Provider.ECVRF
    bond_share: int = 20_000
    vault: int = 0
    revoked: set[str] = field(default_factory=set[str])
    frozen: set[Pubkey] = field(default_factory=set[Pubkey])
    purses: dict[Pubkey, int] = field(default_factory=dict[Pubkey, int])
    markets: list[Market] = field(default_factory=list[Market])

    @property
    def locked(self) -> int:
        """ "bond_locked = sum of the bonds of markets AwaitingRandomness"."""
        return sum(market.bond for market in self.markets if market.state is State.AWAITING)

    # Who may do what when. Each answers whether the program must accept.

    def may_create(self, creator: Pubkey) -> bool:
        keyed = self.provider is Provider.ORAO or self.key is not None
        return not self.paused and keyed and not {creator, self.treasury} & self.frozen

    @property
    def vault_frozen(self) -> bool:
        """Whether the mint's authority froze the bond vault."""
        return s.BOND_VAULT in self.frozen

    def may_deposit(self, amount: int, depositor: Pubkey) -> bool:
        return amount > 0 and depositor not in self.frozen and not self.vault_frozen

    def may_withdraw(self, amount: int, admin: Pubkey) -> bool:
        return admin == self.admin and 0 < amount <= self.vault - self.locked and not self.vault_frozen

    def may_stake(self, market: Market, staker: Pubkey, stake: int, now: int) -> bool:
        fits = spec.MIN_STAKE <= stake <= spec.MAX_STAKE and staker not in market.opinions
        return (
            not self.paused
            and market.state is State.ACTIVE
            and now < market.closes_at
            and fits
            and staker not in self.frozen
        )

    def may_close(self, market: Market, now: int) -> bool:
        return market.state is State.ACTIVE and now >= market.closes_at

    def may_record(self, market: Market, oracle: Pubkey) -> bool:
        return market.state is State.CLOSED and oracle == self.oracle

    def may_request(self, market: Market, now: int) -> bool:
        timely = now < market.closes_at + spec.REQUEST_DEADLINE and len(market.opinions) >= 2
        bonded = self.vault - self.locked >= share(market.total, market.bond_share)
        return market.state is State.SCORED and timely and market.key not in self.revoked and bonded

    def _answerable(self, market: Market, now: int) -> Asked | None:
        asked = market.asked
        open_still = market.state is State.AWAITING and asked is not None and now < asked.at + spec.RANDOMNESS_DEADLINE
        return asked if open_still else None

    def may_capture(self, market: Market, now: int, hashes: SlotHashes) -> bool:
        asked = self._answerable(market, now)
        if asked is None or asked.status is not Request.REQUESTED:
            return False
        found = first_at_or_after(hashes, asked.target)
        return found is not None and found >= 0

    def may_rearm(self, market: Market, now: int, hashes: SlotHashes) -> bool:
        asked = self._answerable(market, now)
        if asked is None or asked.status is not Request.REQUESTED or asked.rearmed:
            return False
        return first_at_or_after(hashes, asked.target) == -1 and now >= asked.at + spec.REARM_DELAY

    def may_fulfil(self, market: Market, now: int, provider: Provider) -> bool:
        asked = self._answerable(market, now)
        return asked is not None and asked.status is Request.CAPTURED and market.provider is provider

    def may_draw(self, market: Market) -> bool:
        return market.state is State.AWAITING and market.asked is not None and market.asked.status is Request.FULFILLED

    def may_claim(self, market: Market, winner: Pubkey) -> bool:
        open_still = market.state is State.SETTLED and not market.prize_paid and not market.finished
        return open_still and winner == market.winner and winner not in self.frozen

    def may_collect(self, market: Market, treasury: Pubkey) -> bool:
        open_still = market.state is State.SETTLED and not market.fee_collected and not market.finished
        return open_still and treasury == self.treasury and treasury not in self.frozen

    def may_recover(self, market: Market, staker: Pubkey) -> bool:
        mine = market.opinions.get(staker)
        open_still = market.state is State.REFUNDING and not market.finished
        return open_still and mine is not None and mine.open and not mine.paid and staker not in self.frozen

    def may_expire(self, market: Market, now: int, hashes: SlotHashes) -> Reason:
        """The reason, or NONE when nothing allows it."""
        if market.state in (State.ACTIVE, State.CLOSED, State.SCORED):
            if market.key in self.revoked:
                return Reason.KEY_REVOKED
            if now >= market.closes_at and len(market.opinions) < 2:
                return Reason.ONE_STAKER if market.opinions else Reason.NO_STAKE
            return Reason.NOT_REQUESTED if now >= market.closes_at + spec.REQUEST_DEADLINE else Reason.NONE
        asked = market.asked
        if market.state is not State.AWAITING or asked is None or asked.status is Request.FULFILLED:
            return Reason.NONE
        lapsed = asked.status is Request.REQUESTED and first_at_or_after(hashes, asked.target) == -1
        if asked.rearmed and lapsed:
            return Reason.HASH_LAPSED
        return Reason.UNANSWERED if now >= asked.at + spec.RANDOMNESS_DEADLINE else Reason.NONE

    def may_close_opinion(self, market: Market, staker: Pubkey) -> bool:
        mine = market.opinions.get(staker)
        if mine is None or not mine.open or market.finished:
            return False
        return market.state is State.SETTLED or (market.state is State.REFUNDING and mine.paid)

    def may_finish(self, market: Market) -> bool:
        over = market.state in (State.SETTLED, State.REFUNDING) and not market.finished
        swept = not (market.donated and self.vault_frozen)
        return over and swept and market.liability == 0 and not any(mine.open for mine in market.opinions.values())
