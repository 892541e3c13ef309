"""Opinions, panels and servers that the analysis's tests share."""

from collections.abc import Sequence

from pydantic import SecretStr

from chain.units import UsdcUnits
from oracle.analysis import Analysis, OwnPace, Panel, Rates, ReadOpinion, analyse, panel_of
from settings import Network
from store.cid import cid_of, text_hash
from tests.fakes.messages_api import MessagesApi

MARKET = "7Xb3kM2tHqJ9yDfW5nVcR8sPzL4uEaGoTiK6wBjNhQxY"
STATEMENT = "Remote work makes teams better."
HAIKU = "claude-haiku-5-5"
FAST = Rates(requests=10**6, tokens=10**10)
"""No limits to speak of."""
KEY = SecretStr("sk-ant-a-key-that-nobody-may-see")


def opinion(number: int, text: str, stake: int = 1_000_000) -> ReadOpinion:
    """An opinion whose staker sorts by its number. The hash of a text that has no UTF-8 is of nothing."""
    return ReadOpinion(f"staker{number:05}", cid_of(text), text_hash(text), UsdcUnits(stake), text)


def crowd(count: int, first: int = 0) -> list[ReadOpinion]:
    """So many opinions of different words, with stakes from $0.50 to $10."""
    return [
        opinion(number, f"In office number {number} the work went its way.", 500_000 + number * 37 % 9_500_000)
        for number in range(first, first + count)
    ]


def claude(api: MessagesApi, *models: str) -> Panel:
    """A panel of Claude's models behind the local server."""
    return panel_of(Network.MAINNET, KEY, models or (HAIKU,), OwnPace(FAST), api.url)


async def analysed(
    api: MessagesApi, opinions: Sequence[ReadOpinion], *, seconds: float = 60.0, budget: int | None = None
) -> Analysis:
    """The analysis of a market by one model behind the local server."""
    return await analyse(MARKET, STATEMENT, opinions, claude(api), seconds=seconds, budget=budget)


def scores(analysis: Analysis) -> dict[str, int]:
    """Each staker's score."""
    return {row.staker: row.score for row in analysis.record.opinions}


def flagged(analysis: Analysis) -> set[str]:
    """The stakers whose opinions are flagged."""
    return {row.staker for row in analysis.record.opinions if row.flags}
