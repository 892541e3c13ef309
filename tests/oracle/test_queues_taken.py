"""Jobs that a running one takes in RQ's stead, from a real Valkey."""

from typing import Any

from redis import Redis

from oracle.queues import JobQueues, drain_key, process_of
from store.settlements import Queue
from tests.servers import Server

FIRST, SECOND, THIRD = "7Np41oeYqPefeNQEHSv1UDhYrehxin3NStELsSKCT4K2", "4QGbqTogzizx81JnF18s", "HYGGcijAMDeS1RzKZWwC"


def test_the_most_urgent_job_is_taken_first_and_nothing_of_it_is_left(valkey_server: Server) -> None:
    url = valkey_server.url.removesuffix("/0") + "/12"
    redis: Any = Redis.from_url(url)  # pyright: ignore[reportUnknownMemberType] - redis leaves its keywords untyped
    with redis, JobQueues(url) as queues:
        redis.flushdb()
        queues.put(Queue.CLEAN, FIRST)
        queues.put(Queue.SETTLE, SECOND)
        queues.put(Queue.CAPTURE, THIRD)
        served = (Queue.CAPTURE, Queue.SETTLE)
        assert [queues.take(served), queues.take(served), queues.take(served)] == [THIRD, SECOND, None]
        assert queues.listed() == {(Queue.CLEAN, FIRST)}
        assert len(list(redis.scan_iter("rq:job:*"))) == 1
        assert queues.take(()) is None
        redis.flushdb()


def test_a_process_is_drained_while_its_key_is_there(valkey_server: Server) -> None:
    url = valkey_server.url.removesuffix("/0") + "/12"
    redis: Any = Redis.from_url(url)  # pyright: ignore[reportUnknownMemberType] - redis leaves its keywords untyped
    process = process_of("host.77.0a1b2c3d.4")
    assert process == "host.77.0a1b2c3d"
    with redis, JobQueues(url) as queues:
        assert not queues.is_drained(process)
        redis.set(drain_key(process), "ann")
        assert queues.is_drained(process)
        assert not queues.is_drained("")
        redis.delete(drain_key(process))
