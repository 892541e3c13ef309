"""`chain/` against the built program: its instructions are the ones that work, its accounts and events are what the
program writes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.instruction import Instruction

from chain import accounts, addresses, constants, draw, events, instructions, loader, token
from chain.constants import MarketDuration, RandomnessProvider, Role
from chain.units import BasisPoints, Stake, UsdcUnits
from tests.programs import idl, spec
from tests.programs import scene as s
from tests.programs.calls import Call
from tests.programs.refusals.bases import BASES
from tests.programs.scene import ADMIN, ORACLE, STAKERS, TREASURY, USDC, Scene, usdc_of
from tests.programs.stages import ONE, ORAO_ONE, PAIR, STAGES

At = Callable[[str], Scene]


def _initialize(call: Call) -> Instruction:
    return instructions.initialize(
        admin=ADMIN, usdc_mint=USDC, oracle=ORACLE, treasury=TREASURY, guardian=s.GUARDIAN,
        randomness_key=call.args["randomness_key"],
        provider=RandomnessProvider.ECVRF, bond_share=BasisPoints(20_000),
    )  # fmt: skip


def _create(call: Call) -> Instruction:
    return instructions.create_market(
        creator=ONE.creator, uuid=ONE.uuid, statement=ONE.statement.decode(), duration=MarketDuration.DAY,
        usdc_mint=USDC,
        creator_usdc=call.accounts["creator_usdc"], treasury_usdc=call.accounts["treasury_usdc"],
    )  # fmt: skip


def _stake(call: Call) -> Instruction:
    staker = call.accounts["staker"]
    return instructions.stake_opinion(
        staker=staker, market=ONE.address, stake=Stake(UsdcUnits(call.args["stake"])), text_hash=call.args["text_hash"],
        cid=call.args["cid"], statement_hash=ONE.statement_hash, staker_usdc=call.accounts["staker_usdc"],
    )  # fmt: skip


OF_ONE = {"market": ONE.address}
CHAIN: dict[str, Callable[[Call], Instruction]] = {
    "initialize": _initialize,
    "propose_authority": lambda call: instructions.propose_authority(
        admin=ADMIN, role=Role.ORACLE, key=call.args["key"]
    ),
    "accept_authority": lambda call: instructions.accept_authority(
        authority=call.accounts["authority"], role=Role.ORACLE
    ),
    "set_paused": lambda _: instructions.set_paused(authority=ADMIN, paused=True),
    "set_randomness": lambda _: instructions.set_randomness(
        admin=ADMIN, provider=RandomnessProvider.ECVRF, bond_share=BasisPoints(30_000)
    ),
    "revoke_randomness_key": lambda call: instructions.revoke_randomness_key(admin=ADMIN, key=call.args["key"]),
    "deposit_bond": lambda _: instructions.deposit_bond(depositor=ADMIN, source=usdc_of(ADMIN), amount=UsdcUnits(1)),
    "withdraw_bond": lambda _: instructions.withdraw_bond(admin=ADMIN, destination=usdc_of(ADMIN), amount=UsdcUnits(1)),
    "create_market": _create,
    "stake_opinion": _stake,
    "close_market": lambda _: instructions.close_market(**OF_ONE),
    "record_sentiment": lambda call: instructions.record_sentiment(
        oracle=ORACLE, score=64, confidence=2, summary_hash=call.args["summary_hash"], **OF_ONE
    ),
    "request_vrf_randomness": lambda _: instructions.request_vrf_randomness(
        requester=s.CRANK, randomness_key=ONE.key, **OF_ONE
    ),
    "capture_slot_hash": lambda _: instructions.capture_slot_hash(**OF_ONE),
    "rearm_slot_hash": lambda _: instructions.rearm_slot_hash(**OF_ONE),
    "fulfill_vrf_randomness": lambda call: instructions.fulfill_vrf_randomness(proof=call.args["proof"], **OF_ONE),
    "run_lottery_with_vrf": lambda call: instructions.run_lottery_with_vrf(
        winner=next(one for one in STAKERS if ONE.opinion(one) == call.accounts["opinion"]), **OF_ONE
    ),
    "claim_prize": lambda call: instructions.claim_prize(
        winner=call.accounts["winner"], destination=call.accounts["destination"], **OF_ONE
    ),
    "recover_stake": lambda call: instructions.recover_stake(
        staker=call.accounts["staker"], destination=call.accounts["destination"], **OF_ONE
    ),
    "collect_fee": lambda _: instructions.collect_fee(treasury=TREASURY, destination=usdc_of(TREASURY), **OF_ONE),
    "expire_market": lambda _: instructions.expire_market(randomness_key=ONE.key, **OF_ONE),
    "close_opinion": lambda call: instructions.close_opinion(staker=call.accounts["staker"], **OF_ONE),
    "finish_market": lambda _: instructions.finish_market(creator=ONE.creator, vrf_payer=s.CRANK, **OF_ONE),
}


@pytest.mark.parametrize("name", BASES)
def test_chain_builds_the_instruction_that_works(at: At, name: str) -> None:
    base = BASES[name]
    scene = at(base.stage)
    call = base.call(scene)
    if name == "fulfill_vrf_external":
        built = instructions.fulfill_vrf_external(market=ORAO_ONE.address, alpha=scene.request(ORAO_ONE).alpha)
    else:
        built = CHAIN[name](call)
    assert built == call.instruction()
    scene.send(built)


def test_an_owner_who_signs_is_marked_so(at: At) -> None:
    winner = at("settled").market(ONE).winner
    built = [
        instructions.claim_prize(winner=winner, destination=usdc_of(ADMIN), winner_signs=True, **OF_ONE),
        instructions.recover_stake(staker=winner, destination=usdc_of(ADMIN), staker_signs=True, **OF_ONE),
        instructions.collect_fee(treasury=TREASURY, destination=usdc_of(ADMIN), treasury_signs=True, **OF_ONE),
    ]
    expected = [s.claim_prize(ONE, winner), s.recover_stake(ONE, winner), s.collect_fee(ONE)]
    for one, call, owner in zip(built, expected, ("winner", "staker", "treasury"), strict=True):
        assert one == call.signed_by(owner).using(destination=usdc_of(ADMIN)).instruction()


def test_finish_without_a_request_needs_no_payer(at: At) -> None:
    scene = at("opened")
    scene.at(scene.market(ONE).closes_at).do(s.expire_market(ONE))
    scene.send(instructions.finish_market(creator=ONE.creator, **OF_ONE))


@pytest.mark.parametrize("stage", STAGES)
def test_chain_reads_what_the_program_keeps(at: At, stage: str) -> None:
    """Every account of every stage, field by field as the IDL says, and byte for byte back."""
    scene = at(stage)
    for address, account in scene.snapshot().accounts.items():
        if account.owner != spec.PROGRAM_ID:
            continue
        read = accounts.decode(account.owner, account.data)
        fields = vars(idl.load().accounts[type(read).__name__].decode(account.data))
        fields.pop("rest")
        assert {name: getattr(read, name) for name in fields} == fields, address
        assert read.to_bytes() == account.data


def test_chain_reads_every_event(at: At) -> None:
    seen: set[str] = set()
    for base in BASES.values():
        scene = at(base.stage)
        done = scene.do(base.call(scene))
        found = events.parse_events(done.logs)
        assert [type(event).__name__.removesuffix("Event") for event in found.events] == [
            name for name, _ in done.events
        ]
        for event, (_, fields) in zip(found.events, done.events, strict=True):
            assert {name: getattr(event, name) for name in vars(fields)} == vars(fields)
            seen.add(type(event).__name__)
    assert seen == set(idl.load().events)


def test_addresses_and_numbers_are_the_protocols() -> None:
    assert (constants.PROGRAM_ID, constants.ORAO_PROGRAM_ID) == (spec.PROGRAM_ID, spec.ORAO_PROGRAM)
    assert (addresses.config(), addresses.bond_vault()) == (s.CONFIG, s.BOND_VAULT)
    assert addresses.market(ONE.uuid) == ONE.address
    assert addresses.escrow(ONE.address) == ONE.escrow
    assert addresses.vrf_request(ONE.address) == ONE.vrf_request
    assert addresses.opinion(ONE.address, STAKERS[0]) == ONE.opinion(STAKERS[0])
    assert addresses.revoked_key(ONE.key) == s.revoked_address(ONE.key)
    assert addresses.orao_request(bytes(32)) == s.orao_address(bytes(32))
    assert token.associated_address(ADMIN, USDC) == usdc_of(ADMIN)
    assert loader.program_data_address(spec.PROGRAM_ID) == s.PROGRAM_DATA
    names = (
        "CREATE_FEE",
        "FEE_BPS",
        "MAX_STATEMENT_BYTES",
        "MAX_CID_BYTES",
        "REQUEST_DEADLINE",
        "RANDOMNESS_DEADLINE",
        "REARM_DELAY",
        "ALPHA_TAG",
    )
    assert all(getattr(constants, name) == getattr(spec, name) for name in names)
    assert constants.TARGET_SLOT_DELAY == spec.TARGET_SLOT_DELAY
    assert tuple(MarketDuration) == spec.DURATIONS


@given(st.integers(1, 10_000_000 * (2**32 - 1)), st.binary(min_size=64, max_size=64))
def test_two_draws_agree(total: int, output: bytes) -> None:
    assert draw.draw(output, UsdcUnits(total)) == spec.draw(output, total)
    assert (draw.fee(UsdcUnits(total)), draw.prize(UsdcUnits(total))) == spec.fee_and_prize(total)


@given(st.integers(0, 10_000_000 * (2**32 - 1)), st.integers(0, 100_000))
def test_two_shares_agree(amount: int, bps: int) -> None:
    assert draw.share(UsdcUnits(amount), BasisPoints(bps)) == spec.share(amount, bps)


def test_two_alphas_agree(at: At) -> None:
    scene = at("captured")
    for of in PAIR:
        request, market = scene.request(of), scene.market(of)
        made = draw.alpha(
            market=of.address,
            total_stake=market.total_stake,
            staker_count=market.staker_count,
            slot_hash=request.slot_hash,
        )
        assert (
            made == request.alpha == spec.alpha(of.address, market.total_stake, market.staker_count, request.slot_hash)
        )
        assert hashlib.sha256(of.statement).digest() == market.statement_hash
