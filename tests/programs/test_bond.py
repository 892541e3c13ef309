"""The operator's bond: in, out, and what a request locks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.programs import scene as s
from tests.programs import spec
from tests.programs.effects import effects
from tests.programs.scene import ADMIN, BOND_VAULT, CONFIG, Scene, usdc_of
from tests.programs.spec import Reason, State, share
from tests.programs.stages import BOND, ONE, STAKES, TWO
from tests.programs.steps_world import freeze
from tests.programs.tokens import TokenAccount
from tests.programs.world import Refused, actor

At = Callable[[str], Scene]
TOTAL = sum(STAKES[ONE])


@pytest.mark.parametrize("depositor", [ADMIN, actor("stranger")], ids=["admin", "stranger"])
def test_anyone_adds_to_the_bond(at: At, depositor: s.Pubkey) -> None:
    scene = at("initialized")
    did = effects(scene, s.deposit_bond(7, depositor))
    assert did.tokens == {usdc_of(depositor): -7, BOND_VAULT: 7}
    assert did.event == ("BondDeposited", {"depositor": depositor, "amount": 7})
    assert not did.fields
    assert not did.lamports


def test_the_admin_takes_back_what_is_free(at: At) -> None:
    scene = at("initialized")
    did = effects(scene, s.withdraw_bond(BOND))
    assert did.tokens == {usdc_of(ADMIN): BOND, BOND_VAULT: -BOND}
    assert did.event == ("BondWithdrawn", {"destination": usdc_of(ADMIN), "amount": BOND})
    with pytest.raises(Refused, match="FreeBondShort"):
        scene.do(s.withdraw_bond(1))


def test_the_admin_may_name_any_account_of_the_mint(at: At) -> None:
    scene = at("initialized")
    elsewhere = actor("cold wallet")
    scene.place(elsewhere, TokenAccount(s.USDC, actor("custodian")).account())
    did = effects(scene, s.withdraw_bond(5).using(destination=elsewhere))
    assert did.tokens == {elsewhere: 5, BOND_VAULT: -5}


def test_a_deposit_may_come_from_any_account_of_the_depositor(at: At) -> None:
    scene = at("initialized")
    elsewhere = actor("second purse")
    scene.place(elsewhere, TokenAccount(s.USDC, ADMIN, 9).account())
    assert effects(scene, s.deposit_bond(9).using(source=elsewhere)).tokens == {elsewhere: -9, BOND_VAULT: 9}


def test_what_a_request_locked_stays_to_the_last_unit(at: At) -> None:
    scene = at("requested")
    locked = sum(share(sum(STAKES[of]), 20_000) for of in (ONE, TWO))
    assert scene.config.bond_locked == locked
    with pytest.raises(Refused, match="FreeBondShort"):
        scene.do(s.withdraw_bond(BOND - locked + 1))
    scene.do(s.withdraw_bond(BOND - locked))
    assert scene.balance(BOND_VAULT) == locked
    with pytest.raises(Refused, match="FreeBondShort"):
        scene.do(s.withdraw_bond(1))


def test_a_request_says_how_much_bond_is_missing(at: At) -> None:
    scene = at("scored")
    need = share(TOTAL, 20_000)
    for missing in (1, 123_456, need):
        scene.do(s.withdraw_bond(scene.balance(BOND_VAULT) - need + missing))
        with pytest.raises(Refused, match="BondShort") as refused:
            scene.do(s.request_vrf_randomness(ONE))
        assert f"bond short: missing {missing}" in refused.value.said
        assert refused.value.returned == missing.to_bytes(8, "little")
        assert scene.state(ONE) is State.SCORED
        scene.do(s.deposit_bond(BOND))
    scene.do(s.withdraw_bond(scene.balance(BOND_VAULT) - need))
    scene.do(s.request_vrf_randomness(ONE))
    assert scene.config.bond_locked == need


def test_a_bond_locked_for_one_market_does_not_serve_another(at: At) -> None:
    scene = at("scored")
    need = [share(sum(STAKES[of]), 20_000) for of in (ONE, TWO)]
    scene.do(s.withdraw_bond(BOND - max(need)))
    scene.do(s.request_vrf_randomness(ONE))
    with pytest.raises(Refused, match="BondShort") as refused:
        scene.do(s.request_vrf_randomness(TWO))
    assert f"bond short: missing {sum(need) - max(need)}" in refused.value.said


def test_what_is_sent_to_the_vault_past_the_program_counts_as_free(at: At) -> None:
    scene = at("initialized")
    scene.place(BOND_VAULT, TokenAccount(s.USDC, CONFIG, BOND + 3).account(scene.lamports(BOND_VAULT)))
    assert effects(scene, s.withdraw_bond(BOND + 3)).tokens[BOND_VAULT] == -BOND - 3


@pytest.mark.parametrize("bps", [10_000, 10_001, 12_345, 33_333, 99_999, 100_000])
@pytest.mark.parametrize(
    "stakes", [(500_000, 500_000), (500_001, 777_777, 9_999_999), (1_234_567, 500_003, 7_654_321, 999_983)]
)
def test_bond_shares_tile_the_bond_to_the_last_unit(at: At, bps: int, stakes: tuple[int, ...]) -> None:
    scene = at("initialized")
    scene.do(s.set_randomness(0, bps))
    of = scene.requested(scene.scored(scene.opened(s.market("tiles"), stakes)))
    bond = share(sum(stakes), bps)
    assert scene.market(of).bond == scene.config.bond_locked == bond
    scene.later(spec.RANDOMNESS_DEADLINE).do(s.expire_market(of))
    paid, start = 0, 0
    for staker, stake in zip(s.STAKERS, stakes, strict=False):
        did = effects(scene, s.recover_stake(of, staker))
        mine = share(start + stake, bps) - share(start, bps)
        assert did.tokens == {usdc_of(staker): stake + mine, of.escrow: -stake - mine}
        assert did.event[1]["bond_share"] == mine
        paid, start = paid + mine, start + stake
    assert paid == bond
    assert scene.balance(of.escrow) == scene.market(of).liability == 0


def _lapsed_twice(scene: Scene) -> None:
    scene.do(s.rearm_slot_hash(ONE), s.rearm_slot_hash(TWO))
    scene.pass_slots(600)


ENDS: dict[Reason, tuple[str, Callable[[Scene], object]]] = {
    Reason.UNANSWERED: ("captured", lambda scene: scene.later(spec.RANDOMNESS_DEADLINE)),
    Reason.HASH_LAPSED: ("lapsed", _lapsed_twice),
}


@pytest.mark.parametrize("reason", ENDS)
def test_a_frozen_vault_does_not_hold_the_stakes(at: At, reason: Reason) -> None:
    stage, end = ENDS[reason]
    scene = at(stage)
    end(scene)
    bonds = [share(sum(STAKES[of]), 20_000) for of in (ONE, TWO)]
    scene.send(freeze(BOND_VAULT, thaw=False))
    did = effects(scene, s.expire_market(ONE))
    assert did.fields == {
        ONE.address: {"state": State.REFUNDING, "refund_reason": reason, "bond": 0},
        CONFIG: {"bond_locked": bonds[1]},
    }
    assert did.event == ("MarketRefunding", {"market": ONE.address, "reason": reason, "bond": 0})
    assert not did.tokens
    for staker, stake in zip(s.STAKERS, STAKES[ONE], strict=False):
        paid = effects(scene, s.recover_stake(ONE, staker))
        assert paid.tokens == {usdc_of(staker): stake, ONE.escrow: -stake}
        assert (paid.event[1]["stake"], paid.event[1]["bond_share"]) == (stake, 0)
    scene.do(*(s.close_opinion(ONE, staker) for staker in s.STAKERS[:4]), s.finish_market(ONE))
    assert (scene.receipt(ONE).bond, scene.receipt(ONE).refund_reason) == (0, reason)
    scene.send(freeze(BOND_VAULT, thaw=True))
    assert effects(scene, s.expire_market(TWO)).tokens == {BOND_VAULT: -bonds[1], TWO.escrow: bonds[1]}
    assert scene.config.bond_locked == 0


def test_a_frozen_vault_does_not_make_a_market_refund(at: At) -> None:
    scene = at("captured")
    scene.send(freeze(BOND_VAULT, thaw=False))
    with pytest.raises(Refused, match="NotExpirable"):
        scene.do(s.expire_market(ONE))
    scene.settled(scene.fulfilled(ONE))


def test_a_vault_below_the_bond_does_not_hold_the_stakes(at: At) -> None:
    """No instruction takes so much out of it."""
    scene = at("requested").later(spec.RANDOMNESS_DEADLINE)
    bond = scene.market(ONE).bond
    scene.place(BOND_VAULT, TokenAccount(s.USDC, CONFIG, bond - 1).account(scene.lamports(BOND_VAULT)))
    assert not effects(scene, s.expire_market(ONE)).tokens
    assert (scene.market(ONE).bond, scene.market(ONE).liability) == (0, TOTAL)


def test_a_frozen_escrow_waits_for_its_thaw(at: At) -> None:
    """Nothing could be refunded from it, so the bond is not let off meanwhile."""
    scene = at("requested").later(spec.RANDOMNESS_DEADLINE)
    scene.send(freeze(ONE.escrow, thaw=False))
    with pytest.raises(Refused, match="TokenAccountFrozen"):
        scene.do(s.expire_market(ONE))
    scene.send(freeze(ONE.escrow, thaw=True))
    assert effects(scene, s.expire_market(ONE)).tokens[ONE.escrow] == share(TOTAL, 20_000)
