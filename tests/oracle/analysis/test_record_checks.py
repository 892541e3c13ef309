"""A record against the chain: every part of it is held to something."""

import asyncio
import hashlib
from dataclasses import replace

import pytest
from solders.pubkey import Pubkey

from chain.accounts import Market, Opinion
from chain.checks import Result
from chain.constants import PROGRAM_ID, MarketState, RandomnessProvider, RefundReason
from chain.evidence import Evidence
from chain.units import BasisPoints, UnixTime, UsdcUnits
from oracle.analysis import Analysis, Panel, ReadOpinion, analyse
from oracle.analysis.lexicon import LexiconAnalyser
from oracle.analysis.verify import record_checks
from tests.oracle.analysis.crowds import STATEMENT, crowd

ADDRESS = Pubkey([7] * 32)
NOBODY = Pubkey([0] * 32)
OPINIONS = [replace(one, staker=str(Pubkey([number + 1] * 32))) for number, one in enumerate(crowd(4))]
GONE = replace(OPINIONS[3], text=None, trouble="No gateway has its text.")


def the_analysis() -> Analysis:
    panel = Panel((LexiconAnalyser(),))
    return asyncio.run(analyse(str(ADDRESS), STATEMENT, [*OPINIONS[:3], GONE], panel))


ANALYSIS = the_analysis()


def on_chain(one: ReadOpinion) -> Opinion:
    staker = Pubkey.from_string(one.staker)
    return Opinion(1, 255, False, ADDRESS, staker, UsdcUnits(0), one.stake, UnixTime(1), one.text_hash, one.cid)


def evidence() -> Evidence:
    total = UsdcUnits(sum(one.stake for one in OPINIONS))
    market = Market(
        version=1,
        state=MarketState.SCORED,
        bump=255,
        escrow_bump=255,
        uuid=bytes(16),
        creator=NOBODY,
        created_at=UnixTime(1),
        closes_at=UnixTime(2),
        staker_count=len(OPINIONS),
        open_opinions=len(OPINIONS),
        total_stake=total,
        liability=total,
        score=ANALYSIS.score,
        confidence=int(ANALYSIS.confidence),
        summary_hash=ANALYSIS.summary_hash,
        scored_at=UnixTime(3),
        statement_hash=hashlib.sha256(STATEMENT.encode()).digest(),
        randomness_provider=RandomnessProvider.ECVRF,
        randomness_key=bytes(32),
        bond_share_bps=BasisPoints(10_000),
        bond=UsdcUnits(0),
        requested_at=UnixTime(0),
        fee=UsdcUnits(0),
        prize=UsdcUnits(0),
        winner=NOBODY,
        winner_start=UsdcUnits(0),
        winner_stake=UsdcUnits(0),
        draw=0,
        settled_at=UnixTime(0),
        refund_reason=RefundReason.NONE,
        prize_paid=False,
        fee_collected=False,
        statement=STATEMENT,
    )
    return Evidence(
        address=ADDRESS, market=market, opinions=tuple(on_chain(one) for one in OPINIONS), program=PROGRAM_ID
    )


def failed(document: bytes, found: Evidence) -> set[str]:
    return {check.name for check in record_checks(document, found) if check.result is Result.FAILED}


def test_the_record_of_an_analysis_holds() -> None:
    checks = record_checks(ANALYSIS.document, evidence())

    assert [check.result for check in checks] == [Result.OK] * 5
    assert "not for real money" in " ".join(check.words for check in checks)


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"score": 101}, "record score"),
        ({"confidence": 9}, "record score"),
        ({"summary_hash": bytes(32)}, "record hash"),
        ({"statement_hash": bytes(32)}, "record market"),
        ({"staker_count": 5}, "record stakes"),
        ({"total_stake": UsdcUnits(1)}, "record stakes"),
    ],
)
def test_another_market_on_the_chain_is_found(changed: dict[str, object], name: str) -> None:
    found = evidence()

    assert failed(ANALYSIS.document, replace(found, market=replace(found.market, **changed))) == {name}  # type: ignore[arg-type]


@pytest.mark.parametrize("field", ["cid", "text_hash", "stake"])
def test_another_opinion_on_the_chain_is_found(field: str) -> None:
    found, other = evidence(), {"cid": "bafyother", "text_hash": bytes(32), "stake": UsdcUnits(1)}
    opinions = (replace(found.opinions[0], **{field: other[field]}), *found.opinions[1:])

    assert failed(ANALYSIS.document, replace(found, opinions=opinions)) == {"record inputs"}


def test_a_forged_score_is_found_even_where_its_hash_is_on_the_chain() -> None:
    found = evidence()
    first = ANALYSIS.record.opinions[0]
    forged = replace(ANALYSIS.record, opinions=(replace(first, score=100 - first.score), *ANALYSIS.record.opinions[1:]))
    market = replace(found.market, summary_hash=forged.summary_hash())

    assert failed(forged.document(), replace(found, market=market)) == (
        {"record score"} if first.score != 50 else set()
    )


def test_a_stake_moved_between_stakers_is_found() -> None:
    found = evidence()
    one, two, *rest = ANALYSIS.record.opinions
    moved = (replace(one, stake=UsdcUnits(one.stake + 1)), replace(two, stake=UsdcUnits(two.stake - 1)), *rest)
    forged = replace(ANALYSIS.record, opinions=moved).document()

    assert "record inputs" in failed(forged, found)


def test_what_is_no_record_fails_by_its_hash_and_its_shape() -> None:
    assert failed(b"{}", evidence()) == {"record hash", "record"}


def test_opinions_that_were_closed_are_said_to_be_gone() -> None:
    checks = record_checks(ANALYSIS.document, replace(evidence(), opinions=()))

    assert [check.result for check in checks] == [Result.OK] * 4 + [Result.NOT_CHECKABLE]
    assert "4 of 4 opinions are no longer on the chain" in checks[-1].words
