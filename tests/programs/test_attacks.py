"""Attacks that need more than one wrong account: bundles, repeated accounts, strangers' programs, and what money
could leak through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from solders.account import Account
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from tests.programs import edwards as ed
from tests.programs import idl, spec
from tests.programs import scene as s
from tests.programs.effects import effects
from tests.programs.refusals.bases import BASES
from tests.programs.scene import BOND_VAULT, CRANK, CREATOR, STAKERS, USDC, Scene, usdc_of
from tests.programs.spec import Reason, Role, State
from tests.programs.stages import ONE, STAKES, TWO, stakers
from tests.programs.steps_world import token_transfer
from tests.programs.tokens import RENT, TokenAccount
from tests.programs.world import Refused, actor

At = Callable[[str], Scene]


@pytest.mark.parametrize("name", BASES)
@pytest.mark.parametrize("count", [1, 3, 40])
def test_accounts_beyond_the_last_change_nothing(at: At, name: str, count: int) -> None:
    """Strangers, and the call's own accounts again, after those that the IDL names."""
    base = BASES[name]
    scene = at(base.stage)
    made = base.call(scene).instruction()
    extra = [AccountMeta(actor(f"extra {number}"), False, False) for number in range(count // 2)]
    again = [_plain(meta) for meta in made.accounts][: count - len(extra)]
    scene.send(Instruction(made.program_id, made.data, [*made.accounts, *extra, *again]))


def _plain(meta: AccountMeta) -> AccountMeta:
    return AccountMeta(meta.pubkey, False, False)


@pytest.mark.parametrize("name", BASES)
def test_nothing_happens_twice_in_one_transaction(at: At, name: str) -> None:
    """But for what may be repeated: settings, and money put in or taken out."""
    repeatable = {"propose_authority", "set_paused", "set_randomness", "deposit_bond", "withdraw_bond"}
    base = BASES[name]
    scene = at(base.stage)
    call = base.call(scene)
    if name in repeatable:
        scene.do(call, call)
        return
    with pytest.raises(Refused) as refused:
        scene.do(call, call)
    assert refused.value.code in idl.load().errors


@pytest.mark.parametrize("name", BASES)
def test_a_refused_call_moves_nothing(at: At, name: str) -> None:
    """A good call before a bad one in the same transaction leaves no trace."""
    base = BASES[name]
    scene = at(base.stage)
    call = base.call(scene)
    keys = [*call.accounts.values(), s.CONFIG, BOND_VAULT]
    before = {key: scene.account(key) for key in keys}
    with pytest.raises(Refused, match="UnknownInstruction"):
        scene.do(call, call.with_data(bytes(8)))
    assert {key: scene.account(key) for key in keys} == before


def test_a_whole_settlement_fits_between_two_slots_but_not_in_one_transaction(at: At) -> None:
    """Request and capture can never share a slot, so nobody tries hashes out inside a transaction."""
    scene = at("scored")
    with pytest.raises(Refused, match="SlotHashNotReady"):
        scene.do(s.request_vrf_randomness(ONE), s.capture_slot_hash(ONE))


def test_the_requester_cannot_choose_among_known_hashes(at: At) -> None:
    """Even with every hash up to now known, the target lies ahead of all of them."""
    scene = at("scored")
    newest = scene.slot_hashes[0][0]
    scene.do(s.request_vrf_randomness(ONE))
    assert scene.request(ONE).target_slot == scene.slot + 8 > newest


def test_another_payer_of_the_request_gains_nothing(at: At) -> None:
    scene = at("scored")
    of = replace(ONE, payer=actor("stranger"))
    scene.do(s.request_vrf_randomness(of))
    with pytest.raises(Refused):
        scene.do(s.request_vrf_randomness(ONE))
    winner = scene.settled(scene.fulfilled(scene.captured(of)))
    scene.do(s.claim_prize(of, winner), s.collect_fee(of), *(s.close_opinion(of, one) for one in stakers(ONE)))
    with pytest.raises(Refused, match="WrongPayer"):
        scene.do(s.finish_market(ONE))
    rent = scene.lamports(of.vrf_request)
    assert effects(scene, s.finish_market(of)).lamports[actor("stranger")] == rent


def test_a_donation_just_before_finishing_blocks_nothing(at: At) -> None:
    """Front-running `finish_market` with a unit of USDC only fills the bond vault."""
    scene = at("paid, opinions closed")
    gift = token_transfer(usdc_of(CRANK), ONE.escrow, CRANK, 1)
    before = scene.balance(BOND_VAULT)
    scene.send(gift, s.finish_market(ONE).instruction())
    assert scene.balance(BOND_VAULT) == before + 1


def test_a_donation_does_not_raise_anybodys_share(at: At) -> None:
    scene = at("requested")
    scene.send(token_transfer(usdc_of(CRANK), ONE.escrow, CRANK, 123_456_789))
    scene.later(spec.RANDOMNESS_DEADLINE).do(s.expire_market(ONE))
    paid = [effects(scene, s.recover_stake(ONE, one)).tokens[usdc_of(one)] for one in stakers(ONE)]
    total = sum(STAKES[ONE])
    assert sum(paid) == total + spec.share(total, 20_000)
    assert scene.balance(ONE.escrow) == 123_456_789


@pytest.mark.parametrize("where", [ONE.escrow, ONE.address, s.CONFIG, BOND_VAULT, TWO.escrow])
def test_without_a_request_any_vrf_payer_is_left_alone(at: At, where: Pubkey) -> None:
    scene = at("opened")
    scene.at(scene.market(ONE).closes_at).do(s.expire_market(ONE))
    held = scene.lamports(ONE.address) + scene.lamports(ONE.escrow)
    others = {key: scene.lamports(key) for key in (s.CONFIG, BOND_VAULT, TWO.escrow)}
    did = effects(scene, s.finish_market(ONE).using(vrf_payer=where))
    assert did.lamports[CREATOR] == held - scene.rent(467)
    assert {key: scene.lamports(key) for key in others} == others


def test_a_market_forged_by_another_program_is_refused(at: At) -> None:
    """A perfect Market, with escrow, opinion and all, that belongs to a stranger's program at its own address."""
    scene = at("refunding")
    forged, found = actor("forged market"), scene.account(ONE.address)
    assert found is not None
    scene.place(forged, Account(RENT, found.data, actor("hostile program")))
    for owner in (actor("hostile program"), spec.SYSTEM_PROGRAM, spec.TOKEN_PROGRAM):
        scene.place(forged, Account(RENT, found.data, owner))
        with pytest.raises(Refused, match="WrongAccountOwner"):
            scene.do(s.recover_stake(ONE, STAKERS[0]).using(market=forged))


def test_an_opinion_wins_only_its_own_market(at: At) -> None:
    """The interval of another market's Opinion, though it covers the draw, is another market's."""
    scene = at("fulfilled")
    for staker in stakers(TWO):
        with pytest.raises(Refused, match="WrongMarket"):
            scene.do(s.run_lottery_with_vrf(ONE, staker).using(opinion=TWO.opinion(staker)))


def test_a_stakers_signature_does_not_serve_for_another(at: At) -> None:
    scene = at("refunding")
    thief = STAKERS[1]
    call = s.recover_stake(ONE, STAKERS[0]).using(staker=thief, destination=usdc_of(thief)).signed_by("staker")
    with pytest.raises(Refused, match="WrongStaker"):
        scene.do(call)
    settled = at("settled")
    winner = settled.market(ONE).winner
    thief = next(one for one in STAKERS if one != winner)
    call = s.claim_prize(ONE, winner).using(winner=thief, destination=usdc_of(thief)).signed_by("winner")
    with pytest.raises(Refused, match="WrongRecipient"):
        settled.do(call)
    fee = s.collect_fee(ONE).using(treasury=thief, destination=usdc_of(thief)).signed_by("treasury")
    with pytest.raises(Refused, match="WrongRecipient"):
        settled.do(fee)


def test_a_delegate_of_the_winner_is_not_the_winner(at: At) -> None:
    scene = at("settled")
    winner = scene.market(ONE).winner
    mine = TokenAccount(USDC, winner, delegate=actor("stranger"), close_authority=actor("stranger"))
    elsewhere = actor("delegated")
    scene.place(elsewhere, mine.account())
    with pytest.raises(Refused, match="NotAssociatedAccount"):
        scene.do(s.claim_prize(ONE, winner).using(destination=elsewhere))


def test_a_shifted_gamma_buys_no_other_draw(at: At) -> None:
    """On-chain too: the key's holder makes another valid proof, and gets the same output, so the same winner."""
    scene = at("captured")
    alpha = scene.request(ONE).alpha
    honest = scene.proof(ONE)
    before = scene.snapshot()
    scene.do(s.fulfill_vrf_randomness(ONE, honest))
    output = scene.request(ONE).output
    secret = s.hashlib.sha256(f"secret {s.KEY}".encode()).digest()
    accepted = 0
    for nonce in range(1, 40):
        proof, _, c = ed.prove(secret, alpha, shift=ed.torsion()[4], nonce=nonce)
        scene.restore(before)
        if c % 2:
            with pytest.raises(Refused, match="ProofMismatch"):
                scene.do(s.fulfill_vrf_randomness(ONE, proof))
        else:
            scene.do(s.fulfill_vrf_randomness(ONE, proof))
            assert scene.request(ONE).output == output
            accepted += 1
    assert accepted


def test_silence_always_costs_at_least_the_pool(at: At) -> None:
    """The least bond share is the whole pool: each staker of a silent market gets at least twice his stake."""
    scene = at("initialized")
    scene.do(s.set_randomness(0, spec.MIN_BOND_SHARE))
    of = scene.requested(scene.scored(scene.opened(s.market("silent"), (500_001, 9_999_999))))
    scene.later(spec.RANDOMNESS_DEADLINE).do(s.expire_market(of))
    assert scene.market(of).refund_reason == Reason.UNANSWERED
    for staker, stake in zip(STAKERS, (500_001, 9_999_999), strict=False):
        assert effects(scene, s.recover_stake(of, staker)).tokens[usdc_of(staker)] == 2 * stake


def test_an_admin_cannot_take_a_locked_bond_by_any_setting(at: At) -> None:
    """Bond share, provider, key, pause and every role changed: the bond of an open request stays where it is."""
    scene = at("requested")
    locked = scene.config.bond_locked
    second = Pubkey(s.public("second key"))
    scene.do(s.set_randomness(1, 10_000), s.set_paused(True), s.revoke_randomness_key(ONE.key))
    for role in Role:
        scene.do(s.propose_authority(role, second))
        if role is not Role.ADMIN:
            scene.do(s.accept_authority(role, second))
    scene.do(s.accept_authority(Role.ADMIN, second))
    scene.place(usdc_of(second), TokenAccount(USDC, second).account())
    with pytest.raises(Refused, match="FreeBondShort"):
        scene.do(s.withdraw_bond(scene.balance(BOND_VAULT) - locked + 1, second))
    scene.do(s.withdraw_bond(scene.balance(BOND_VAULT) - locked, second))
    scene.later(spec.RANDOMNESS_DEADLINE).do(s.expire_market(ONE), s.expire_market(TWO))
    for of in (ONE, TWO):
        for staker in stakers(of):
            scene.do(s.recover_stake(of, staker))
    assert scene.balance(BOND_VAULT) == 0
    assert scene.state(ONE) is State.REFUNDING
