"""Jobs in a real Valkey: ids only, as JSON, no market twice by accident, and nothing that outlives its use."""

import json
import zlib
from collections.abc import Iterator

import pytest
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue as RqQueue
from rq.serializers import JSONSerializer

from oracle.queues import JOB, JobQueues
from store.settlements import Queue
from tests.servers import Server

MARKET = "7Np41oeYqPefeNQEHSv1UDhYrehxin3NStELsSKCT4K2"
OTHER = "4QGbqTogzizx81JnF18srovRtbFwhQeaMtDx1KkiS7W1"


@pytest.fixture
def url(valkey_server: Server) -> Iterator[str]:
    """A Redis database of this test's own."""
    address = valkey_server.url.removesuffix("/0") + "/11"
    with Redis.from_url(address) as redis:
        redis.flushdb()
        yield address
        redis.flushdb()


def test_a_job_carries_the_market_and_nothing_else(url: str) -> None:
    with JobQueues(url) as queues, Redis.from_url(url) as redis:
        queues.put(Queue.CAPTURE, MARKET)
        [job] = RqQueue("capture", connection=redis, serializer=JSONSerializer).jobs
        assert (job.func_name, list(job.args), job.kwargs) == (JOB, [MARKET], {})
        raw = redis.hget(f"rq:job:{job.id}", "data")
        assert isinstance(raw, bytes)
        assert json.loads(zlib.decompress(raw)) == [JOB, None, [MARKET], {}]
        assert job.result_ttl == 0
        assert job.timeout is not None
        assert job.timeout > 240


def test_what_is_queued_is_listed_by_market_and_queue(url: str) -> None:
    with JobQueues(url) as queues:
        assert queues.listed() == set()
        queues.put(Queue.SETTLE, MARKET)
        queues.put(Queue.SETTLE, MARKET)
        queues.put(Queue.ANALYSE, OTHER)
        assert queues.listed() == {(Queue.SETTLE, MARKET), (Queue.ANALYSE, OTHER)}


def test_a_redis_that_is_away_is_told_as_such() -> None:
    with JobQueues("redis://127.0.0.1:1/0") as queues:
        with pytest.raises(RedisError):
            queues.put(Queue.SETTLE, MARKET)
        with pytest.raises(RedisError):
            queues.listed()


def test_jobs_are_taken_by_urgency_until_there_is_none(url: str) -> None:
    with JobQueues(url) as queues, Redis.from_url(url) as redis:
        queues.put(Queue.SETTLE, MARKET)
        queues.put(Queue.CAPTURE, OTHER)
        queues.put(Queue.ANALYSE, OTHER)
        among = (Queue.CAPTURE, Queue.SETTLE, Queue.CLEAN)
        assert [queues.take(among) for _ in range(3)] == [OTHER, MARKET, None]
        assert queues.listed() == {(Queue.ANALYSE, OTHER)}
        assert len(list(redis.scan_iter("rq:job:*"))) == 1
