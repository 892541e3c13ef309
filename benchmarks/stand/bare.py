"""What the settlement engine is measured against: RQ jobs that make the same calls and send the same transactions.

No database, lease, fence, journal or audit log: what a job learns is put into Redis, and nothing survives a kill.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from redis import Redis
from rq import Queue as RqQueue
from rq import Worker
from rq.serializers import JSONSerializer
from solders.pubkey import Pubkey
from solders.signature import Signature

from chain.accounts import Market
from chain.journal import Attempt, Outcome
from chain.rpc import Rpc
from chain.sender import Sender
from chain.signers import KeypairSigner
from chain.units import Slot
from oracle.analysis import Panel, ReadOpinion, analyse
from oracle.analysis.lexicon import LexiconAnalyser
from oracle.parts import oracle_signer
from oracle.prover import Prover, prover_from_files
from oracle.settlement.acts import Maker, Parcel
from oracle.settlement.facts import FactsReader, read_all_opinions
from oracle.settlement.plan import Act, Done, Facts, Wait, next_step
from oracle.settlement.recorder import recording
from oracle.settlement.work import PACE
from oracle.texts import Wanted, texts_of
from settings import Settings, read_settings
from store.analyses import KeptAnalysis

QUEUE, DUE, DONE, SCORES = "bare", "bare:due", "bare:done", "bare:scores"
JOB = "benchmarks.stand.bare.settle"
_LOOK_S = 0.2


class _Memory:
    """A journal that forgets: the Sender wants one."""

    async def record(self, attempt: Attempt) -> None:
        """Nothing is kept."""

    async def conclude(self, signature: Signature, outcome: Outcome, slot: Slot | None) -> None:
        """Nothing is kept."""

    async def attempts(self, intent: str) -> Sequence[Attempt]:
        """None are known."""
        return ()

    async def open_attempts(self) -> Sequence[Attempt]:
        """None are known."""
        return ()


def settle(market: str) -> None:
    """Take the market as far as it goes now, and note in Redis when it goes on."""
    settings = read_settings()
    redis = redis_of(settings.redis_url)
    wait = asyncio.run(_settle(market, settings, redis))
    if wait is None:
        redis.sadd(DONE, market)
    else:
        redis.zadd(DUE, {market: time.time() + wait})


def redis_of(url: str) -> Redis:
    """A connection."""
    return Redis.from_url(url)  # pyright: ignore[reportUnknownMemberType] - redis leaves its keywords untyped


async def _settle(market: str, settings: Settings, redis: Redis) -> float | None:
    """Seconds until it goes on, None when nothing is left."""
    key, program = Pubkey.from_string(market), settings.program
    oracle = oracle_signer(settings)
    prover = prover_from_files(settings.randomness_keypair_paths)
    async with Rpc(settings.solana_rpc_url) as rpc:
        await rpc.genesis_hash()
        reader = FactsReader(rpc, program, key)
        maker = Maker(rpc, program, key, oracle, prover)
        sender = Sender(rpc, _Memory(), pace=PACE, program=program)
        return await _advance(market, settings, redis, reader, maker, sender, oracle, prover)


async def _advance(
    market: str,
    settings: Settings,
    redis: Redis,
    reader: FactsReader,
    maker: Maker,
    sender: Sender,
    oracle: KeypairSigner,
    prover: Prover,
) -> float | None:
    seen, mine = Slot(0), None
    while True:
        kept = _kept(market, redis)
        facts = await reader.read(prover, analysed=kept is not None)
        if facts.slot < seen:
            await asyncio.sleep(_LOOK_S)
            continue
        step = next_step(facts)
        if isinstance(step, Done):
            return None
        if isinstance(step, Wait):
            return step.seconds
        # The same jobs too: the engine ends one before the analysis, after it, and before it clears away.
        kind = step if step in (Act.ANALYSE, Act.FINISH) else Act.CLOSE
        if mine not in (None, kind):
            return 0.0
        mine = kind
        if step is Act.ANALYSE:
            await _analyse(market, settings, redis, maker, facts)
            continue
        if step is Act.RECORD and kept is not None:
            score = recording(oracle.public_key, kept, settings.program)
            parcels: list[Parcel] | Wait = [Parcel(step, (score,))]
        else:
            parcels = await maker.parcels(step, facts)
        if isinstance(parcels, Wait):
            return parcels.seconds
        for parcel in parcels:
            sent = await sender.send(parcel.intent(market, 1), parcel.instructions, oracle)
            seen = max(seen, sent.slot)


async def _analyse(market: str, settings: Settings, redis: Redis, maker: Maker, facts: Facts) -> None:
    if not isinstance(facts.market, Market):
        raise TypeError(f"{market} is finished: there is nothing to analyse")
    opinions = await read_all_opinions(maker.rpc, maker.program, maker.market, facts.market)
    async with texts_of(settings.texts_path) as library:
        texts = await library.read_many([Wanted(opinion.cid, opinion.text_hash) for opinion in opinions])
    read = [
        ReadOpinion(str(opinion.staker), opinion.cid, opinion.text_hash, opinion.stake, str(text))
        for opinion, text in zip(opinions, texts, strict=True)
    ]
    done = await analyse(market, facts.market.statement, read, Panel((LexiconAnalyser(),)))
    redis.hset(SCORES, market, f"{done.score} {int(done.confidence)} {done.summary_hash.hex()}")


def _kept(market: str, redis: Redis) -> KeptAnalysis | None:
    """What a job before this one scored."""
    found: Any = redis.hget(SCORES, market)
    if found is None:
        return None
    score, confidence, digest = found.decode().split()
    return KeptAnalysis(
        market=market,
        document=b"",
        summary_hash=bytes.fromhex(digest),
        score=int(score),
        confidence=int(confidence),
        analyser="",
        input_tokens=0,
        output_tokens=0,
        cost_microdollars=0,
        latency_ms=0,
        made_at=datetime.now(UTC),
    )


def work() -> None:
    """A plain worker of RQ, one fork a job, with the job's modules loaded before the first."""
    redis = redis_of(read_settings().redis_url)
    queue = RqQueue(QUEUE, connection=redis, serializer=JSONSerializer)
    worker = Worker([queue], connection=redis, serializer=JSONSerializer, log_job_description=False)
    print(f"worker ready {os.getpid()}", flush=True)
    worker.work(logging_level="WARNING")


if __name__ == "__main__":
    work()
