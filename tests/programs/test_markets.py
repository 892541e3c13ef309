"""From creation to the score: every effect of `create_market`, `stake_opinion`, `close_market`, `record_sentiment`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from tests.programs import scene as s
from tests.programs import spec, tokens
from tests.programs.effects import effects
from tests.programs.scene import CREATOR, STAKERS, TREASURY_USDC, USDC, Scene, usdc_of
from tests.programs.spec import Provider, State
from tests.programs.stages import ONE, STAKES
from tests.programs.tokens import TokenAccount
from tests.programs.world import Refused

At = Callable[[str], Scene]
NOBODY = s.Pubkey.default()
RECEIPT = 467


@pytest.mark.parametrize("duration", spec.DURATIONS)
def test_create_market(at: At, duration: int) -> None:
    scene = at("initialized")
    of = s.market("new")
    did = effects(scene, s.create_market(of, duration))
    size = max(314 + len(of.statement), RECEIPT)
    rents = {of.address: scene.rent(size), of.escrow: scene.rent(165)}
    assert did.created == set(rents)
    assert did.lamports == {**rents, CREATOR: -sum(rents.values())}
    assert did.tokens == {usdc_of(CREATOR): -spec.CREATE_FEE, TREASURY_USDC: spec.CREATE_FEE}
    assert len(scene.data(of.address)) == size
    assert did.fields[of.address] == {
        "kind": "Market", "version": 1, "state": State.ACTIVE, "bump": of.bump, "escrow_bump": of.escrow_bump,
        "uuid": of.uuid,
        "creator": CREATOR, "created_at": scene.now, "closes_at": scene.now + duration, "staker_count": 0,
        "open_opinions": 0,
        "total_stake": 0, "liability": 0, "score": 0, "confidence": 0, "summary_hash": bytes(32), "scored_at": 0,
        "statement_hash": of.statement_hash, "randomness_provider": Provider.ECVRF, "randomness_key": s.public(s.KEY),
        "bond_share_bps": 20_000, "bond": 0, "requested_at": 0, "fee": 0, "prize": 0, "winner": NOBODY,
        "winner_start": 0,
        "winner_stake": 0, "draw": 0, "settled_at": 0, "refund_reason": 0, "prize_paid": False, "fee_collected": False,
        "statement": of.statement.decode(), "rest": bytes(size - 314 - len(of.statement)),
    }  # fmt: skip
    escrow = scene.account(of.escrow)
    assert escrow is not None
    assert tokens.read(escrow) == TokenAccount(USDC, of.address)
    assert did.event == (
        "MarketCreated",
        {
            "market": of.address,
            "creator": CREATOR,
            "closes_at": scene.now + duration,
            "statement_hash": of.statement_hash,
        },
    )


STATEMENTS = {
    "one byte": "x",
    "exactly a receipt long": "x" * (RECEIPT - 314),
    "one more than a receipt": "x" * (RECEIPT - 313),
    "280 bytes": "x" * 280,
    "280 bytes of two each": "é" * 140,
    "280 bytes of three and one": "€" * 93 + "x",
    "280 bytes of four each": "🂡" * 70,
    "zero bytes": "\0" * 5,
    "controls and right-to-left": "\u202eabc\n\t\x7f",
    "the last code point": "\U0010ffff",
}


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS.keys())
def test_any_statement_of_valid_utf8_up_to_280_bytes(at: At, statement: str) -> None:
    scene = at("initialized")
    of = scene.opened(s.market("said", statement=statement))
    made = scene.market(of)
    assert made.statement == statement
    assert made.statement_hash == hashlib.sha256(statement.encode()).digest()
    assert len(scene.data(of.address)) == max(314 + len(statement.encode()), RECEIPT)
    assert not any(made.rest)


@pytest.mark.parametrize("lamports", [1, 890_880, 10**9])
def test_prefunded_addresses_do_not_stop_a_market(at: At, lamports: int) -> None:
    scene = at("initialized")
    of = s.market("squatted")
    opinion = of.opinion(STAKERS[0])
    for address in (of.address, of.escrow, of.vrf_request, opinion):
        scene.fund(address, lamports)
    scene.opened(of, (500_000, 500_000))
    assert scene.lamports(of.address) == max(lamports, scene.rent(RECEIPT))
    assert scene.lamports(of.escrow) == max(lamports, scene.rent(165))
    assert scene.lamports(opinion) == max(lamports, scene.rent(135 + 5))
    scene.requested(scene.scored(of))
    assert scene.lamports(of.vrf_request) == max(lamports, scene.rent(340))


def test_the_creator_pays_from_any_account_of_his(at: At) -> None:
    scene = at("initialized")
    purse = s.actor("second purse")
    scene.place(purse, TokenAccount(USDC, CREATOR, spec.CREATE_FEE).account())
    did = effects(scene, s.create_market(s.market("new")).using(creator_usdc=purse))
    assert did.tokens == {purse: -spec.CREATE_FEE, TREASURY_USDC: spec.CREATE_FEE}


def test_stake_opinion(at: At) -> None:
    scene = at("opened")
    total = 0
    for count, (staker, stake) in enumerate(zip(STAKERS, (1_000_000, 500_000, 10_000_000), strict=False), 1):
        cid = "Qm" + "z" * (count * 20)
        scene.later(60)
        did = effects(scene, s.stake_opinion(ONE, staker, stake, cid))
        opinion = ONE.opinion(staker)
        rent = scene.rent(135 + len(cid))
        assert did.created == {opinion}
        assert did.lamports == {staker: -rent, opinion: rent}
        assert did.tokens == {usdc_of(staker): -stake, ONE.escrow: stake}
        bump = spec.derive(b"opinion", bytes(ONE.address), bytes(staker))[1]
        assert did.fields[opinion] == {
            "kind": "Opinion", "version": 1, "bump": bump, "paid": False, "market": ONE.address, "staker": staker,
            "start": total, "stake": stake, "created_at": scene.now,
            "text_hash": hashlib.sha256(bytes(staker)).digest(),
            "cid": cid, "rest": b"",
        }  # fmt: skip
        total += stake
        assert did.fields[ONE.address] == {
            "staker_count": count, "open_opinions": count, "total_stake": total, "liability": total,
        }  # fmt: skip
        assert did.event == (
            "OpinionStaked",
            {
                "market": ONE.address, "staker": staker, "start": total - stake, "stake": stake, "staker_count": count,
                "total_stake": total,
            },
        )  # fmt: skip


@pytest.mark.parametrize("cid", ["a", "Z9", "b" * 64, "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"])
def test_a_cid_has_one_to_64_letters_and_digits(at: At, cid: str) -> None:
    scene = at("opened")
    scene.do(s.stake_opinion(ONE, STAKERS[0], cid=cid))
    assert scene.opinion(ONE, STAKERS[0]).cid == cid


@pytest.mark.parametrize("stake", [spec.MIN_STAKE, spec.MAX_STAKE])
def test_the_limits_of_a_stake_are_allowed(at: At, stake: int) -> None:
    scene = at("opened")
    scene.do(s.stake_opinion(ONE, STAKERS[0], stake))
    assert scene.market(ONE).total_stake == stake


def test_a_creator_may_stake_too_and_so_may_the_oracle(at: At) -> None:
    scene = at("opened")
    for staker in (CREATOR, s.ORACLE, s.ADMIN):
        scene.do(s.stake_opinion(ONE, staker))
    assert scene.market(ONE).staker_count == 3


def test_one_transaction_holds_several_stakers(at: At) -> None:
    scene = at("opened")
    scene.do(*(s.stake_opinion(ONE, staker) for staker in STAKERS[:3]))
    assert [scene.opinion(ONE, staker).start for staker in STAKERS[:3]] == [0, 1_000_000, 2_000_000]


def test_close_market(at: At) -> None:
    scene = at("expired")
    did = effects(scene, s.close_market(ONE))
    assert did.fields == {ONE.address: {"state": State.CLOSED}}
    assert did.event == (
        "MarketClosed", {"market": ONE.address, "staker_count": 4, "total_stake": sum(STAKES[ONE])},
    )  # fmt: skip
    assert not did.lamports
    assert not did.tokens


@pytest.mark.parametrize(("score", "confidence"), [(0, 0), (100, 2), (50, 1)])
def test_record_sentiment(at: At, score: int, confidence: int) -> None:
    scene = at("closed").later(77)
    did = effects(scene, s.record_sentiment(ONE, score, confidence))
    summary = hashlib.sha256(b"summary").digest()
    expected = {
        "state": State.SCORED, "score": score, "confidence": confidence, "summary_hash": summary,
        "scored_at": scene.now,
    }  # fmt: skip
    assert did.fields == {ONE.address: {name: value for name, value in expected.items() if value}}
    assert did.event == (
        "SentimentRecorded",
        {"market": ONE.address, "score": score, "confidence": confidence, "summary_hash": summary},
    )


def test_a_pause_stops_markets_and_stakes_and_nothing_else(at: At) -> None:
    scene = at("active")
    scene.do(s.set_paused(True, s.GUARDIAN))
    with pytest.raises(Refused, match="ProgramPaused"):
        scene.do(s.create_market(s.market("new")))
    with pytest.raises(Refused, match="ProgramPaused"):
        scene.do(s.stake_opinion(ONE, STAKERS[7]))
    winner = scene.settled(scene.fulfilled(scene.captured(scene.requested(scene.scored(ONE)))))
    scene.do(s.claim_prize(ONE, winner), s.collect_fee(ONE))
    for staker in STAKERS[:4]:
        scene.do(s.close_opinion(ONE, staker))
    scene.do(s.finish_market(ONE))
    two = s.market("two")
    scene.later(spec.REQUEST_DEADLINE).do(s.expire_market(two))
    scene.do(*(s.recover_stake(two, staker) for staker in STAKERS[:4]))
