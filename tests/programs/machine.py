"""A hypothesis state machine: several actors, several markets, time, rotation, revocation, pauses, freezes,
donations, hostile calls.

Every step either does what the model allows, or tries what it forbids and must be refused by name; then every
invariant is checked.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.stateful import rule
from solders.pubkey import Pubkey

from tests.programs import model as m
from tests.programs import scene as s
from tests.programs import spec
from tests.programs.calls import Call
from tests.programs.scene import BOND_VAULT, CRANK
from tests.programs.steps import PLAYERS, Dice
from tests.programs.steps_market import MarketSteps
from tests.programs.world import actor

TARGETS = (
    "stake_opinion", "record_sentiment", "request_vrf_randomness", "capture_slot_hash", "rearm_slot_hash",
    "fulfill_vrf_randomness", "run_lottery_with_vrf", "claim_prize", "recover_stake", "collect_fee", "expire_market",
    "close_opinion", "finish_market", "deposit_bond", "withdraw_bond",
)  # fmt: skip
FREE = {
    ("withdraw_bond", "destination"), ("finish_market", "vrf_payer"), ("record_sentiment", "market"),
    ("request_vrf_randomness", "payer"),
}  # fmt: skip
"""Accounts that another one may rightly stand in for, so that passing it is no attack."""

WEIGHTS = {
    "advance": 14, "several_stake": 6, "attack": 6, "create": 4, "stake": 4, "expire": 4, "claim": 3, "recover": 3,
    "fulfil": 3,
    "wait_for_an_edge": 3, "wait": 2, "pass_slots": 2, "close": 2, "record": 2, "request": 2, "capture": 2,
    "rearm": 2, "lapse": 2,
    "forge": 2, "draw": 2, "collect": 2, "close_opinion": 2, "finish": 2, "deposit": 2, "withdraw": 2, "donate": 2,
    "prefund": 2,
    "propose": 2, "accept": 2, "rotate_key": 1, "revoke": 1, "set_randomness": 1, "pause": 2, "freeze": 2,
}  # fmt: skip
SCRIPT = [name for name, weight in WEIGHTS.items() for _ in range(weight)]
WITHOUT_A_MARKET = {
    "create", "deposit", "withdraw", "propose", "accept", "rotate_key", "revoke", "set_randomness", "pause", "freeze",
    "wait",
    "pass_slots",
}  # fmt: skip


class OpinionMarket(MarketSteps):
    """All steps, in one mix."""

    @rule(action=st.sampled_from(SCRIPT), drawn=st.binary(min_size=12, max_size=12))
    def act(self, action: str, drawn: bytes) -> None:
        """One action; one rule for all keeps hypothesis fast and every run's mix the same."""
        dice = Dice(drawn)
        if action not in WITHOUT_A_MARKET and not self.model.markets:
            action = "create"
        getattr(self, action)(dice)

    def attack(self, dice: Dice) -> None:
        """A right call with one wrong account: never accepted, always refused by name."""
        of, elsewhere = self.market(dice), self.market(dice)
        call = self._right_call(of, dice.one_of(TARGETS), dice.one_of(PLAYERS))
        name = dice.one_of([name for name in call.accounts if (call.name, name) not in FREE])
        wrong = [key for key in self._zoo(of, elsewhere) if key != call.accounts[name]]
        if any(account.signer for account in call.spec.accounts if account.name == name):
            wrong = [CRANK, actor("stranger"), actor("nobody")]
        self.is_refused(f"attack {call.name}.{name}", call.using(**{name: dice.one_of(wrong)}))
        self.step("attack: refused")

    def _right_call(self, of: m.Market, name: str, who: Pubkey) -> Call:
        handle = of.handle
        winner = of.winner or who
        calls: dict[str, Callable[[], Call]] = {
            "stake_opinion": lambda: s.stake_opinion(handle, who),
            "record_sentiment": lambda: s.record_sentiment(handle, oracle=self.model.oracle),
            "request_vrf_randomness": lambda: s.request_vrf_randomness(handle),
            "capture_slot_hash": lambda: s.capture_slot_hash(handle),
            "rearm_slot_hash": lambda: s.rearm_slot_hash(handle),
            "fulfill_vrf_randomness": lambda: s.fulfill_vrf_randomness(
                handle, s.secret(of.key or s.KEY).prove(self._alpha(of))
            ),
            "run_lottery_with_vrf": lambda: s.run_lottery_with_vrf(
                handle, self._winner(of) if self.model.may_draw(of) else who
            ),
            "claim_prize": lambda: s.claim_prize(handle, winner),
            "recover_stake": lambda: s.recover_stake(handle, who),
            "collect_fee": lambda: s.collect_fee(handle, self.model.treasury),
            "expire_market": lambda: s.expire_market(handle),
            "close_opinion": lambda: s.close_opinion(handle, who),
            "finish_market": lambda: s.finish_market(handle),
            "deposit_bond": lambda: s.deposit_bond(1, who),
            "withdraw_bond": lambda: s.withdraw_bond(1, self.model.admin),
        }
        return calls[name]()

    def _zoo(self, of: m.Market, elsewhere: m.Market) -> list[Pubkey]:
        one, two = of.handle, elsewhere.handle
        return [
            one.address, one.escrow, one.vrf_request, one.opinion(PLAYERS[0]), one.opinion(PLAYERS[1]),
            s.usdc_of(PLAYERS[0]),
            s.usdc_of(PLAYERS[1]), two.address, two.escrow, two.vrf_request, two.opinion(PLAYERS[0]),
            two.opinion(PLAYERS[2]),
            s.CONFIG, BOND_VAULT, s.USDC, spec.PROGRAM_ID, spec.TOKEN_PROGRAM, spec.SLOT_HASHES, actor("nobody"),
            s.CREATOR, CRANK,
        ]  # fmt: skip
