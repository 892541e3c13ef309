"""Any number of opinions, a panel of any size: one record, and what it took."""

import subprocess
import sys

import pytest

from oracle.analysis import ReadOpinion, analyse
from oracle.analysis.crowd import Confidence
from oracle.analysis.record import AnalysisRecord, recomputed
from tests.fakes.messages_api import MessagesApi, honest_score
from tests.oracle.analysis.crowds import HAIKU, MARKET, STATEMENT, analysed, claude, crowd, opinion, scores


@pytest.mark.parametrize("count", [1, 2, 40, 200, 201, 700])
async def test_every_opinion_has_its_own_score(count: int) -> None:
    async with MessagesApi() as api:
        analysis = await analysed(api, crowd(count))

    assert scores(analysis) == {one.staker: honest_score(str(one.text)) for one in crowd(count)}
    assert AnalysisRecord.from_document(analysis.document) == analysis.record == recomputed(analysis.record)


async def test_ten_thousand_opinions_take_a_bounded_number_of_requests_within_the_usual_time() -> None:
    opinions = crowd(10_000)
    async with MessagesApi() as api:
        analysis = await analysed(api, opinions, seconds=120, budget=5_000_000)

    assert len(scores(analysis)) == 10_000
    assert all(scores(analysis)[one.staker] == honest_score(str(one.text)) for one in opinions[::997])
    assert len(api.seen) <= 700


async def test_long_texts_make_smaller_chunks() -> None:
    long = [opinion(number, f"{number} " + "长" * 1_900) for number in range(250)]
    async with MessagesApi() as api:
        await analysed(api, long)

    assert max(len(str(request["messages"]).encode()) for request in api.seen) < 40_000


async def test_a_text_is_cut_and_the_record_says_so() -> None:
    async with MessagesApi() as api:
        analysis = await analysed(api, [opinion(1, "a" * 2_001), opinion(2, "b" * 2_000)])

    assert [row.cut for row in analysis.record.opinions] == [True, False]
    assert "a" * 2_001 not in str(api.seen)


async def test_a_text_that_cannot_be_had_is_left_out_and_lowers_the_coverage() -> None:
    gone = ReadOpinion("staker99999", "bafygone", bytes(32), crowd(1)[0].stake, None, "No gateway has its text.")
    async with MessagesApi() as api:
        analysis = await analysed(api, [gone, crowd(1)[0]])

    [row] = analysis.record.left_out
    assert (row.staker, row.stake, row.reason) == (gone.staker, gone.stake, gone.trouble)
    assert analysis.record.crowd.coverage == 5_000
    assert "left out: 1" in analysis.record.summary


async def test_a_panel_gives_each_opinion_the_median_of_its_scores() -> None:
    async with MessagesApi() as api:
        panel = claude(api, HAIKU, "claude-sonnet-5-5", HAIKU)
        analysis = await analyse(MARKET, STATEMENT, crowd(9), panel, seconds=60)

    assert [one.analyser for one in analysis.record.panel] == [f"{HAIKU} #1", "claude-sonnet-5-5", f"{HAIKU} #2"]
    assert [one.models for one in analysis.record.panel] == [(HAIKU,), ("claude-sonnet-5-5",), (HAIKU,)]
    assert all(len(row.scores) == 3 for row in analysis.record.opinions)
    assert analysis.analyser == f"{HAIKU} #1, claude-sonnet-5-5, {HAIKU} #2"


async def test_what_it_took_stands_beside_the_document() -> None:
    async with MessagesApi() as api:
        first, second = [await analysed(api, crowd(8)) for _ in range(2)]

    assert first.document == second.document
    assert first.cost_microdollars > 0
    assert first.confidence in Confidence
    assert first.summary_hash == second.summary_hash


def test_an_opinion_has_either_a_text_or_a_trouble() -> None:
    with pytest.raises(ValueError, match="either its text or the trouble"):
        ReadOpinion("S", "bafy", bytes(32), crowd(1)[0].stake, None)


def test_other_workers_never_load_the_sdk() -> None:
    code = "import sys, oracle.analysis; sys.exit('anthropic' in sys.modules or 'vaderSentiment' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
