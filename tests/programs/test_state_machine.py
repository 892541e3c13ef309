"""The state machine over random sequences, and the proof that it notices what is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from solders.account import Account

from tests.programs import fuzz, parts, steps, tokens
from tests.programs import model as m
from tests.programs import scene as s
from tests.programs.calls import Call
from tests.programs.invariants import Broken
from tests.programs.machine import OpinionMarket
from tests.programs.scene import BOND_VAULT, CONFIG, STAKERS, Scene
from tests.programs.spec import Reason, State
from tests.programs.world import Done

DONE = [
    "accept", "capture", "claim", "close", "close opinion", "collect", "create", "deposit", "draw", "expire",
    "finish", "fulfil",
    "pause", "propose", "rearm", "record", "recover", "request", "revoke", "rotate key", "set randomness", "stake",
    "withdraw",
]  # fmt: skip


@pytest.fixture(scope="module")
def scene() -> Scene:
    made = Scene(parts.program(parts.OPINION_MARKET))
    OpinionMarket.scene, OpinionMarket.start = made, steps.stage(made)
    return made


def test_state_machine_holds_every_invariant(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = fuzz.wanted()
    with capsys.disabled():
        report = fuzz.run(scene, OpinionMarket.start, wanted)
        print(f"\n{report}")
    assert report.steps >= wanted
    assert report.counts.total() == report.steps
    if wanted >= fuzz.DEFAULT_STEPS:
        for name in DONE:
            assert report.counts[f"{name}: done"], f"{name} never succeeded: the sequences are too shallow"
            assert report.counts[f"{name}: refused"], f"{name} was never refused: the sequences are too tame"
        assert set(report.reasons) == {reason.name for reason in Reason} - {"NONE"}


def test_an_interrupted_run_goes_on_with_its_seed(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPINION_FUZZ_STATE", str(tmp_path / "progress.json"))
    monkeypatch.setenv("OPINION_FUZZ_SEED", "7")
    first = fuzz.run(scene, OpinionMarket.start, 1)
    monkeypatch.setenv("OPINION_FUZZ_SEED", "8")
    second = fuzz.run(scene, OpinionMarket.start, first.steps + 1)
    assert (first.seed, second.seed) == (7, 7)
    assert second.batches == first.batches + 1
    assert second.steps == second.counts.total() > first.steps
    assert fuzz.run(scene, OpinionMarket.start, second.steps).batches == second.batches
    assert "OPINION_FUZZ_SEED=7, from step 0 to 1" in capsys.readouterr().out


def test_the_same_seed_gives_the_same_steps(scene: Scene) -> None:
    counts = [fuzz.batch(scene, OpinionMarket.start, 11)[0] for _ in range(2)]
    assert counts[0] == counts[1]


def _at(state: State, *, opened: int = 2) -> tuple[OpinionMarket, m.Market]:
    """The machine with one market in this state, all of it its own doing."""
    run = OpinionMarket()
    run.create(steps.Dice(b""))
    [market] = run.model.markets
    for staker in STAKERS[:opened]:
        run._stake(market, staker, 1_000_000)
    dice = steps.Dice(bytes([255] * 40))
    while market.state is not state and not (state is State.REFUNDING and market.state is State.AWAITING):
        run._advance(market, dice)
    if state is State.REFUNDING:
        run.scene.later(86_400)
        run._expire(market)
    return run, market


def _fewer(scene: Scene, address: s.Pubkey, less: int) -> None:
    found = scene.account(address)
    assert found is not None
    held = tokens.read(found)
    scene.place(address, replace(held, amount=held.amount - less).account(found.lamports))


def _edit(layout: str, **changes: int) -> Callable[[Scene, m.Market], None]:
    def edit(scene: Scene, market: m.Market) -> None:
        at = {"Market": market.handle.address, "ProgramConfig": CONFIG, "Opinion": market.handle.opinion(STAKERS[0])}[
            layout
        ]
        scene.edit(at, layout, **changes)

    return edit


def _moved(scene: Scene, market: m.Market) -> None:
    """USDC from the escrow to the vault: nothing is lost, but somebody is owed it."""
    _fewer(scene, market.handle.escrow, 1)
    _fewer(scene, BOND_VAULT, -1)


def _poorer(scene: Scene, market: m.Market) -> None:
    found = scene.account(market.handle.address)
    assert found is not None
    scene.place(market.handle.address, Account(found.lamports - 1, found.data, found.owner))


def _gone(scene: Scene, market: m.Market) -> None:
    address = market.handle.opinion(STAKERS[0])
    scene.fund(s.CRANK, scene.lamports(s.CRANK) + scene.lamports(address))
    scene.remove(address)


DAMAGE = {
    "a unit of USDC gone": (State.ACTIVE, lambda scene, of: _fewer(scene, of.handle.escrow, 1), "USDC is conserved"),
    "a unit of USDC from nowhere": (State.ACTIVE, lambda scene, _: _fewer(scene, BOND_VAULT, -1), "USDC is conserved"),
    "a unit moved out of the escrow": (State.ACTIVE, _moved, "escrow >= liability"),
    "a lamport gone": (State.ACTIVE, _poorer, "lamports are conserved"),
    "a liability forgotten": (State.ACTIVE, _edit("Market", liability=1), "the escrow holds what it owes"),
    "a liability too many": (State.ACTIVE, _edit("Market", liability=2_000_001), "escrow >= liability"),
    "a state that went back": (State.SCORED, _edit("Market", state=0), "the state only moves forward"),
    "a refund after a draw": (State.SETTLED, _edit("Market", state=5, refund_reason=4), "the state only moves forward"),
    "a draw after a refund": (
        State.REFUNDING,
        _edit("Market", state=4, refund_reason=0),
        "the state only moves forward",
    ),
    "a refund with a prize": (State.REFUNDING, _edit("Market", prize=1), "never both drawn and refunded"),
    "a fee that is not the rest": (State.SETTLED, _edit("Market", fee=1), "fee + prize = total stake"),
    "a draw outside the interval": (
        State.SETTLED,
        _edit("Market", winner_start=0, draw=1_999_999, winner_stake=1),
        "holds the draw",
    ),
    "a prize that was not paid": (State.SETTLED, _edit("Market", prize_paid=1), "each is paid once"),
    "a refund that can be had again": (State.REFUNDING, _edit("Opinion", paid=1), "one payout per Opinion"),
    "a gap between opinions": (State.ACTIVE, _edit("Opinion", start=1), "Opinions tile"),
    "an opinion that vanished": (State.ACTIVE, _gone, "an Opinion is open until it is closed"),
    "an opinion that nobody counts": (State.ACTIVE, _edit("Market", open_opinions=1), "every Opinion is counted"),
    "a bond that is not locked": (State.AWAITING, _edit("ProgramConfig", bond_locked=0), "bond_locked = sum"),
    "a bond locked for ever": (State.SETTLED, _edit("ProgramConfig", bond_locked=1), "bond_locked = sum"),
    "a bond beyond the vault": (State.AWAITING, _edit("ProgramConfig", bond_locked=2**40), "vault >= bond_locked"),
    "another admin": (State.ACTIVE, _edit("ProgramConfig", paused=1), "the config is the model's"),
}


@pytest.mark.parametrize(("state", "damage", "quoted"), DAMAGE.values(), ids=DAMAGE.keys())
def test_the_invariants_notice(
    scene: Scene, state: State, damage: Callable[[Scene, m.Market], None], quoted: str
) -> None:
    run, market = _at(state)
    run.watch.check()
    damage(scene, market)
    with pytest.raises(Broken, match=quoted.replace("+", r"\+")):
        run.watch.check()


def test_the_invariants_notice_a_changed_receipt(scene: Scene) -> None:
    run, market = _at(State.SETTLED)
    dice = steps.Dice(bytes([255] * 400))
    while not market.finished:
        run._advance(market, dice)
    run.watch.check()
    scene.edit(market.handle.address, "MarketReceipt", draw=7)
    with pytest.raises(Broken, match="receipts are permanent"):
        run.watch.check()


class Repeating(Scene):
    """The original program's worst fault, put back: a refund does not mark its Opinion."""

    def do(self, *calls: Call) -> Done:
        done = super().do(*calls)
        for call in calls:
            if call.name == "recover_stake":
                self.edit(call.accounts["opinion"], "Opinion", paid=0)
        return done


class Generous(m.Model):
    """A model that lets anybody collect the fee for a treasury of old."""

    def may_collect(self, market: m.Market, treasury: s.Pubkey) -> bool:
        return super().may_collect(market, self.treasury)


class GenerousMarket(OpinionMarket):
    """The machine with that model."""

    model_kind = Generous


def _run_all(scene: Scene, kind: type[OpinionMarket]) -> None:
    start, done, number = steps.stage(scene), 0, 0
    while done < fuzz.DEFAULT_STEPS:
        counts, _ = fuzz.batch(scene, start, number, kind, shrink=False)
        done, number = done + counts.total(), number + 1


def test_random_sequences_find_a_broken_program() -> None:
    with pytest.raises(AssertionError):
        _run_all(Repeating(parts.program(parts.OPINION_MARKET)), OpinionMarket)


def test_random_sequences_find_a_model_that_disagrees() -> None:
    with pytest.raises(AssertionError):
        _run_all(Scene(parts.program(parts.OPINION_MARKET)), GenerousMarket)
