"""A dry run over a real localnet, database and texts; and a market's sections in words."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from solders.pubkey import Pubkey

from chain.errors import MarketNotFound
from ops.errors import OperatorError
from ops.market_detail import MarketDetail, detail
from ops.market_sections import analysis_lines, draw_lines
from ops.reanalysis import lines, means, reanalyse, report
from store import analyses
from store.settlements import Phase
from tests.console.test_market_screens import Place, placed
from tests.ops.test_overview import follow
from tests.servers import Server

ANN = "ann@bastion"


async def shown(place: Place) -> MarketDetail:
    return await detail(place.house.db, place.settings, place.market.address, place.house.texts)


async def test_a_market_is_scored_again_before_and_after_it_is_settled(tmp_path: Path, valkey_server: Server) -> None:
    async with placed(tmp_path, valkey_server) as place:
        db, market = place.house.db, place.market.address
        made = await reanalyse(db, place.settings, None, market, ANN)
        assert (made.kept, made.differing, made.left_out, made.cost_microdollars) == (None, {}, 0, 0)
        assert 0 <= made.now.score <= 100
        assert made.opinions == len(place.market.stakers)
        assert await analyses.get(db, str(market)) is None
        assert list(lines(made))[-1] == "Nothing was recorded: the settlement goes on as it is."

        before = await shown(place)
        assert list(analysis_lines(before)) == [
            "No analysis of this market is kept here: it is not made yet, or was made elsewhere."
        ]
        assert list(draw_lines(before))[-2:] == ["No randomness was requested.", "Nothing is drawn yet."]

        await place.house.settle(place.market, until=lambda row: row.phase in (Phase.REQUEST, Phase.CAPTURE))
        again = await reanalyse(db, place.settings, None, market, ANN)
        assert again.kept is not None
        assert (again.kept.score, again.differing) == (again.now.score, {})
        assert "every opinion has the score that is kept" in lines(again)
        assert report(again)["kept"]["score"] == again.now.score
        assert (await place.acts()).count("reanalyse") == 2

        await place.house.settle(place.market)
        await follow(place.house)
        after = await shown(place)
        told = "\n".join(analysis_lines(after))
        assert "The chain has the same record." in told
        assert re.search(r"^\d+ flagged, \d+ outliers, 0 left out$", told, re.MULTILINE)
        told = "\n".join(draw_lines(after))
        assert f"winner {after.outcome.winner}" in told  # type: ignore[union-attr]
        won = next(one for one in after.opinions if one.won)
        assert won.start is not None
        assert f"covers {won.start:,} to {won.start + won.stake - 1:,}" in told


async def test_another_record_on_the_chain_is_told_loudly(tmp_path: Path, valkey_server: Server) -> None:
    async with placed(tmp_path, valkey_server) as place:
        await place.house.settle(place.market)
        await follow(place.house)
        found = await shown(place)
        assert found.outcome is not None
        other = replace(found, outcome=replace(found.outcome, summary_hash=b"\1" * 32))
        assert any(line.startswith("! THE CHAIN HAS ANOTHER RECORD: 0101") for line in analysis_lines(other))
        none = replace(found, outcome=replace(found.outcome, summary_hash=bytes(32)))
        assert "The chain has no record of this market yet." in analysis_lines(none)


async def test_what_cannot_be_scored_again_says_why(tmp_path: Path, valkey_server: Server) -> None:
    async with placed(tmp_path, valkey_server) as place:
        with pytest.raises(MarketNotFound):
            await reanalyse(place.house.db, place.settings, None, Pubkey.new_unique(), ANN)
        await place.house.settle(place.market)
        with pytest.raises(OperatorError, match="is finished: its statement and opinions are gone"):
            await reanalyse(place.house.db, place.settings, None, place.market.address, ANN)


async def test_what_a_dry_run_costs_is_said_before(tmp_path: Path, valkey_server: Server) -> None:
    async with placed(tmp_path, valkey_server) as place:
        paid = place.settings.model_copy(
            update={"anthropic_api_key": SecretStr("sk-1"), "analysis_models": ("m1", "m2")}
        )
        assert means(paid).startswith("m1, m2 is asked, for at most $2 and 30 s")
