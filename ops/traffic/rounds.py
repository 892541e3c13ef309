"""Round after round: markets open, a day passes at once, the oracle settles them."""

import asyncio
import itertools
import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue as RqQueue
from rq.serializers import JSONSerializer
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from chain import addresses
from chain.constants import CREATE_FEE, MarketDuration
from chain.signers import KeypairSigner
from ops import settlements as hands
from ops.demo.opening import creation, staking
from ops.demo.stage import Stage, open_stage
from ops.errors import UsageError
from ops.localnet import read_keys
from ops.traffic.story import Story, stories
from oracle.queues import JOB
from oracle.texts import Texts, texts_of
from settings import Network, Settings
from store import settlements
from store.database import Database
from store.errors import SettlementRefused
from store.settlements import Phase, Queue, Seen, Status

ORDINARY = (2, 3, 5, 7, 12)
"""How many people stake on the markets of a round that are drawn."""
REFUNDED = (1,)
"""Too few to draw from."""
LASTING = (4, 6)
"""The markets that stay open for rounds."""
OPEN_S, REST_S = 8.0, 6.0
ROUND_S = 90.0
"""How long the oracle has for a round before the next day passes."""
LOOK_S = 0.2
WHO = "traffic"
WHY = "traffic parked it, so that there is a parked one to look at; retry it"
FAILED_EVERY, FAILED_KEPT_S = 40, 3600
"""Rounds between jobs that fail, and seconds that each is kept."""
Say = Callable[[str], None]


async def live(settings: Settings, state: Path, random: Random, say: Say) -> None:
    """Make life on the localnet of the `opinion up` in `state`, until cancelled.

    Every round lets a day pass there, for all markets. Raises UsageError elsewhere, and what `chain` and `store` raise.
    """
    if settings.network is not Network.LOCALNET:
        raise UsageError(f"NETWORK is {settings.network}: traffic is made on a localnet alone, whose money is play.")
    keys = read_keys(state / "localnet" / "keys")
    journal = state / "traffic.sqlite3"
    async with (
        Database(settings.database_url) as db,
        texts_of(settings.texts_path) as texts,
        open_stage(settings.program, settings.solana_rpc_url[0], keys, journal) as stage,
    ):
        crowd = Crowd(stage, texts)
        for story in stories(random, LASTING, MarketDuration.TWO_WEEKS):
            say(f"{await crowd.gather(story)} opens for two weeks: {story.statement}")
        is_parked = False
        for number in itertools.count():
            if number % FAILED_EVERY == 0:
                _fail_a_job(settings)
            markets: list[str] = []
            for story in stories(random, ORDINARY + REFUNDED, MarketDuration.DAY):
                market = await crowd.gather(story)
                say(f"{market} opens with {len(story.voices)} voices: {story.statement}")
                markets.append(str(market))
            await asyncio.sleep(OPEN_S)
            now = await stage.extras.warp(MarketDuration.DAY)
            say(f"a day passes: it is {now:%Y-%m-%d %H:%M} UTC")
            if not is_parked:
                is_parked = await _park_one(db, markets[-2])
            await _settled(db, markets)
            await asyncio.sleep(REST_S)


class Crowd:
    """People with wallets, who open markets and stake on them."""

    def __init__(self, stage: Stage, texts: Texts) -> None:
        self._stage = stage
        self._texts = texts

    async def gather(self, story: Story) -> Pubkey:
        """Open the story's market and let all its voices stake; returns its address."""
        stage, uuid, creator = self._stage, os.urandom(16), KeypairSigner(Keypair())
        market = addresses.market(uuid, stage.program)
        crowd = [(KeypairSigner(Keypair()), voice) for voice in story.voices]
        funds = [stage.fund(wallet.public_key, voice.stake.units) for wallet, voice in crowd]
        await asyncio.gather(stage.fund(creator.public_key, CREATE_FEE), *funds)
        opening = creation(stage, creator.public_key, uuid, story.statement, story.duration)
        await stage.send(f"market {market} create", [opening], creator)
        for wallet, voice in crowd:
            await self._texts.keep(voice.text)
            stake = staking(stage, market, story.statement, wallet.public_key, voice)
            await stage.send(f"market {market} stake {voice.name}", [stake], wallet)
        return market


def _fail_a_job(settings: Settings) -> None:
    """Queue a job without its market, so that there is a failed one to look at."""
    with suppress(RedisError), Redis.from_url(settings.redis_url) as redis:  # pyright: ignore[reportUnknownMemberType]
        queue = RqQueue(str(Queue.CLEAN), connection=redis, serializer=JSONSerializer)
        queue.enqueue(  # pyright: ignore[reportUnknownMemberType] - RQ leaves it untyped
            JOB,
            failure_ttl=FAILED_KEPT_S,
            job_id=f"{WHO}-{secrets.token_hex(4)}",
            description="a job of traffic's that must fail",
        )  # pyright: ignore[reportUnknownMemberType]


async def _park_one(db: Database, market: str) -> bool:
    """Park the market once it is closed and before it is scored; returns whether that came in time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(ROUND_S):
            while True:
                row = await settlements.get(db, market)
                if row is not None and row.phase not in (Phase.CLOSE, Phase.ANALYSE):
                    return False
                if row is not None and row.phase is Phase.ANALYSE and row.status is not Status.DONE:
                    with suppress(SettlementRefused):
                        await hands.park(db, Pubkey.from_string(market), WHY, WHO, Seen(row.status, row.phase))
                        return True
                await asyncio.sleep(LOOK_S / 4)
    return False


async def _settled(db: Database, markets: Sequence[str]) -> None:
    """Wait until the oracle has done what it can with them; a round that takes too long is left to itself."""
    with suppress(TimeoutError):
        async with asyncio.timeout(ROUND_S):
            while True:
                rows = [await settlements.get(db, market) for market in markets]
                if all(row is not None and row.status in (Status.DONE, Status.PARKED) for row in rows):
                    return
                await asyncio.sleep(LOOK_S)
