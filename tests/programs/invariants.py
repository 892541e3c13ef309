"""The invariants of docs/protocol.md and the design, checked on the chain's bytes alone, and the model's numbers
against them."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace

from solders.pubkey import Pubkey

from tests.programs import scene as s
from tests.programs import spec
from tests.programs.idl import load
from tests.programs.model import Market, Model
from tests.programs.scene import BOND_VAULT, CONFIG, Scene
from tests.programs.spec import Reason, State

RANK = {State.ACTIVE: 0, State.CLOSED: 1, State.SCORED: 2, State.AWAITING: 3, State.SETTLED: 4, State.REFUNDING: 4}
MARKET, OPINION, RECEIPT = (load().accounts[name] for name in ("Market", "Opinion", "MarketReceipt"))


class Broken(AssertionError):  # noqa: N818 - named after what happened
    """An invariant does not hold; the message quotes it."""


def hold(truth: bool, quoted: str, *details: object) -> None:
    """Raises Broken."""
    if not truth:
        raise Broken(f"{quoted}: {details}")


class Watch:
    """Checks a Scene after every step, remembering what must never change or only move forward."""

    def __init__(self, scene: Scene, model: Model, holders: Iterable[Pubkey]) -> None:
        self.scene, self.model = scene, model
        self.holders = list(holders)
        self.addresses: set[Pubkey] = {s.CRANK, s.ADMIN, s.CREATOR, CONFIG, BOND_VAULT, *self.holders, *s.STAKERS}
        self.addresses |= {s.usdc_of(holder) for holder in self.holders}
        self.states: dict[Pubkey, State] = {}
        self.supply = self._supply()
        self.lamports = self._lamports()

    def track(self, addresses: Iterable[Pubkey]) -> None:
        """Counts these addresses' lamports from now on; they must hold none yet."""
        fresh = set(addresses) - self.addresses
        self.lamports += sum(map(self.scene.lamports, fresh))
        self.addresses |= fresh

    def _lamports(self) -> int:
        return sum(map(self.scene.lamports, self.addresses))

    def _supply(self) -> int:
        escrows = sum(self.scene.balance(market.handle.escrow) for market in self.model.markets)
        return (
            escrows + self.scene.balance(BOND_VAULT) + sum(self.scene.balance(s.usdc_of(one)) for one in self.holders)
        )

    def check(self) -> None:
        """Raises Broken."""
        supply, lamports = self._supply(), self._lamports()
        hold(supply == self.supply, "USDC is conserved to the last unit", supply - self.supply)
        hold(lamports == self.lamports, "lamports are conserved", lamports - self.lamports)
        for market in self.model.markets:
            self._finished(market) if market.finished else self._open(market)
        self._config()
        for holder in self.holders:
            there, expected = self.scene.balance(s.usdc_of(holder)), self.model.purses[holder]
            hold(there == expected, "everybody holds what the model says", holder, there - expected)

    def _config(self) -> None:
        config, vault = self.scene.config, self.scene.balance(BOND_VAULT)
        bonds = 0
        for market in self.model.markets:
            if not market.finished:
                found = self.scene.market(market.handle)
                bonds += found.bond if found.state == State.AWAITING else 0
        hold(vault >= config.bond_locked, "vault >= bond_locked", vault, config.bond_locked)
        hold(
            config.bond_locked == bonds,
            "bond_locked = sum of the bonds of markets AwaitingRandomness",
            config.bond_locked,
            bonds,
        )
        model = self.model
        key = bytes(32) if model.key is None else s.public(model.key)
        there = (config.admin, config.oracle, config.treasury, config.guardian, config.randomness_key, config.paused)
        expected = (model.admin, model.oracle, model.treasury, model.guardian, key, model.paused)
        hold(there == expected, "the config is the model's", there, expected)
        hold((vault, config.bond_locked) == (model.vault, model.locked), "the bond is the model's", vault, model.vault)
        self._exempt(CONFIG)

    def _exempt(self, address: Pubkey) -> None:
        found = self.scene.account(address)
        assert found is not None
        hold(found.lamports >= self.scene.rent(len(found.data)), "every account is rent exempt", address)

    def _open(self, market: Market) -> None:
        found = self.scene.market(market.handle)
        escrow = self.scene.balance(market.handle.escrow)
        hold(escrow >= found.liability, "escrow >= liability", escrow, found.liability)
        hold(
            escrow == found.liability + market.donated,
            "the escrow holds what it owes and donations",
            escrow,
            found.liability,
        )
        hold(found.liability == market.liability, "liability is the model's", found.liability, market.liability)
        self._state(market, found)
        self._opinions(market, found)
        self._exempt(market.handle.address)

    def _state(self, market: Market, found: SimpleNamespace) -> None:
        state = State(found.state)
        before = self.states.get(market.handle.address, State.ACTIVE)
        hold(state is before or RANK[state] > RANK[before], "the state only moves forward", before, state)
        self.states[market.handle.address] = state
        hold(state is market.state, "the state is the model's", state, market.state)
        refunding = state is State.REFUNDING
        hold(
            refunding == (found.refund_reason != Reason.NONE),
            "refunding has a reason and nothing else has",
            found.refund_reason,
        )
        hold(found.refund_reason == market.reason, "the reason is the model's", found.refund_reason, market.reason)
        if state is State.SETTLED:
            hold(found.fee + found.prize == found.total_stake, "fee + prize = total stake", found.fee, found.prize)
            hold(found.fee == found.total_stake // 10, "fee = floor(total stake x 1000 / 10000)", found.fee)
            hold(found.winner == market.winner, "the winner is the model's", found.winner)
            hold(
                (found.prize_paid, found.fee_collected) == (market.prize_paid, market.fee_collected),
                "each is paid once",
            )
            inside = found.winner_start <= found.draw < found.winner_start + found.winner_stake
            hold(inside and found.draw < found.total_stake, "the winner's interval holds the draw", found.draw)
        else:
            untouched = (found.fee, found.prize, found.winner, found.settled_at) == (0, 0, Pubkey.default(), 0)
            hold(untouched and not found.prize_paid and not found.fee_collected, "never both drawn and refunded", state)

    def _opinions(self, market: Market, found: SimpleNamespace) -> None:
        end, still_open = 0, 0
        for staker, mine in market.opinions.items():
            address = market.handle.opinion(staker)
            there = self.scene.account(address)
            is_open = there is not None and there.owner == spec.PROGRAM_ID
            hold(is_open == mine.open, "an Opinion is open until it is closed", staker)
            if there is not None and is_open:
                opinion = OPINION.decode(there.data)
                hold(
                    (opinion.start, opinion.stake) == (end, mine.stake),
                    "Opinions tile [0, total stake)",
                    opinion.start,
                    end,
                )
                hold(opinion.paid == mine.paid, "one payout per Opinion", staker)
                still_open += 1
            end += mine.stake
        hold(end == found.total_stake, "Opinions tile [0, total stake)", end, found.total_stake)
        counts = (found.staker_count, found.open_opinions)
        hold(counts == (len(market.opinions), still_open), "every Opinion is counted", counts, still_open)

    def _finished(self, market: Market) -> None:
        data = self.scene.data(market.handle.address)
        hold(data == market.receipt, "receipts are permanent", market.handle.address)
        state = State(data[spec_state_offset()])
        hold(self.states[market.handle.address] is state, "the receipt keeps the final state", state)
        for address in (market.handle.escrow, market.handle.vrf_request):
            there = self.scene.account(address)
            hold(there is None or there.owner == spec.SYSTEM_PROGRAM, "a finished market holds nothing", address)
        self._exempt(market.handle.address)


def spec_state_offset() -> int:
    """Where a receipt keeps its state: where a Market does."""
    assert MARKET.offset("state") == RECEIPT.offset("state")
    return RECEIPT.offset("state")
