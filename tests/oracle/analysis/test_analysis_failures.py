"""An API that hangs, lies and stumbles: a reason each time, never a default score."""

import asyncio

import pytest

from oracle.analysis import (
    AnalysisFailure,
    Malformed,
    NothingToScore,
    OverBudget,
    ReadOpinion,
    Refused,
    Rejected,
    Truncated,
    Unauthorised,
    Unavailable,
    analyse,
)
from tests.fakes.messages_api import Behaviour, MessagesApi, honest_score
from tests.oracle.analysis.crowds import HAIKU, KEY, MARKET, STATEMENT, analysed, claude, crowd, opinion, scores

ILL = {
    Behaviour.GARBAGE: Malformed,
    Behaviour.GARBAGE_ENVELOPE: Malformed,
    Behaviour.WRONG_SCHEMA: Malformed,
    Behaviour.OUT_OF_RANGE: Malformed,
    Behaviour.FLOATS: Malformed,
    Behaviour.MISSING_ID: Malformed,
    Behaviour.EXTRA_ID: Malformed,
    Behaviour.DUPLICATE_ID: Malformed,
    Behaviour.TWO_TEXTS: Malformed,
    Behaviour.TOOL_USE: Malformed,
    Behaviour.REFUSAL: Refused,
    Behaviour.MAX_TOKENS: Truncated,
    Behaviour.BAD_REQUEST: Rejected,
}
LASTING = [Behaviour.RATE_LIMIT, Behaviour.OVERLOADED, Behaviour.ERROR, Behaviour.CLOSE, Behaviour.HANG]


def one_sentence(failure: AnalysisFailure) -> bool:
    words = str(failure)
    return words.endswith(".") and "\n" not in words and KEY.get_secret_value() not in words


@pytest.mark.parametrize("count", [1, 7, 250])
@pytest.mark.parametrize("behaviour", ILL)
async def test_a_reply_that_cannot_be_used_is_a_failure_with_its_reason(behaviour: Behaviour, count: int) -> None:
    async with MessagesApi(behaviour) as api:
        with pytest.raises(ILL[behaviour]) as caught:
            await analysed(api, crowd(count))

    assert one_sentence(caught.value)
    assert not caught.value.outage
    assert len(api.seen) <= 4 * count + 10


@pytest.mark.parametrize("behaviour", ILL)
async def test_one_stumble_is_forgiven(behaviour: Behaviour) -> None:
    async with MessagesApi(behaviour, times=1) as api:
        analysis = await analysed(api, crowd(6))

    assert scores(analysis) == {one.staker: honest_score(str(one.text)) for one in crowd(6)}


@pytest.mark.parametrize("behaviour", LASTING)
async def test_an_api_that_stays_down_is_an_outage_told_in_time(behaviour: Behaviour) -> None:
    async with MessagesApi(behaviour) as api:
        with pytest.raises(Unavailable) as caught:
            await analysed(api, crowd(3), seconds=1.5)

    assert caught.value.outage
    assert one_sentence(caught.value)


@pytest.mark.parametrize("behaviour", [Behaviour.RATE_LIMIT, Behaviour.OVERLOADED, Behaviour.ERROR, Behaviour.CLOSE])
async def test_an_api_that_recovers_is_asked_again(behaviour: Behaviour) -> None:
    async with MessagesApi(behaviour, times=3, retry_after="0") as api:
        analysis = await analysed(api, crowd(5))

    assert scores(analysis) == {one.staker: honest_score(str(one.text)) for one in crowd(5)}


async def test_a_wait_that_the_deadline_does_not_allow_is_not_begun() -> None:
    async with MessagesApi(Behaviour.RATE_LIMIT, retry_after="3600") as api:
        with pytest.raises(Unavailable) as caught:
            await asyncio.wait_for(analysed(api, crowd(3)), 30)

    assert caught.value.retry_after == 3600


async def test_a_wait_that_is_asked_for_is_kept_by_all_requests() -> None:
    async with MessagesApi(Behaviour.RATE_LIMIT, times=1, retry_after="1") as api:
        analysis = await analysed(api, crowd(100))

    assert analysis.latency_ms >= 1000
    assert len(scores(analysis)) == 100


async def test_nothing_listens_at_the_address() -> None:
    async with MessagesApi() as api:
        pass
    with pytest.raises(Unavailable, match="could not be reached"):
        await analysed(api, crowd(1), seconds=2)


@pytest.mark.parametrize("behaviour", [Behaviour.UNAUTHORISED, Behaviour.NOT_FOUND])
async def test_an_account_without_the_right_is_told_at_once(behaviour: Behaviour) -> None:
    async with MessagesApi(behaviour) as api:
        with pytest.raises(Unauthorised, match="check ANTHROPIC_API_KEY") as caught:
            await analysed(api, crowd(2))

    assert caught.value.outage
    assert one_sentence(caught.value)
    assert api.keys == {f"Bearer {KEY.get_secret_value()}"}, "and the key did go out"


async def test_a_budget_that_cannot_suffice_spends_nothing() -> None:
    async with MessagesApi() as api:
        with pytest.raises(OverBudget, match="ANALYSIS_BUDGET_DOLLARS"):
            await analysed(api, crowd(50), budget=100)

    assert api.seen == []


async def test_a_budget_that_suffices_is_not_exceeded() -> None:
    async with MessagesApi() as api:
        analysis = await analysed(api, crowd(50), budget=100_000)

    assert 0 < analysis.cost_microdollars <= 100_000
    assert analysis.input_tokens > analysis.output_tokens > 0


async def test_a_market_without_a_readable_text_is_no_zero() -> None:
    gone = [ReadOpinion("S", "bafy", bytes(32), one.stake, None, "No gateway has it.") for one in crowd(1)]
    async with MessagesApi() as api:
        with pytest.raises(NothingToScore, match="None of the 1 opinions"):
            await analysed(api, gone)


async def test_one_of_the_panel_that_fails_fails_the_panel_with_its_reason() -> None:
    async with MessagesApi(Behaviour.GARBAGE) as api:
        with pytest.raises(Malformed):
            await analyse(MARKET, STATEMENT, crowd(3), claude(api, HAIKU, "claude-sonnet-5-5"), seconds=30)


async def test_an_analysis_that_is_given_up_leaves_no_request_behind() -> None:
    async with MessagesApi(Behaviour.HANG) as api:
        task = asyncio.ensure_future(analysed(api, crowd(3)))
        await api.asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_requests_at_once_are_bounded() -> None:
    async with MessagesApi(latency=0.02) as api:
        await analysed(api, [opinion(number, f"Text {number}.") for number in range(180)])

    assert 2 <= api.most_at_once <= 64
