"""What the doctor makes of what the parts say of themselves."""

import errno
from datetime import timedelta

import pytest
from redis.exceptions import RedisError

from ops.doctor.examine import as_text
from ops.doctor.finding import Verdict, ok, tried, wrong
from ops.doctor.stores import judged_clock, judged_redis
from store.errors import StoreUnavailable

WELL = {"redis_version": "8.0.0", "maxmemory": 0, "maxmemory_policy": "noeviction", "aof_enabled": 1}


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, Verdict.OK),
        ({"maxmemory_policy": "allkeys-lru"}, Verdict.OK),
        ({"maxmemory": 1_000, "maxmemory_policy": "allkeys-lru"}, Verdict.WRONG),
        ({"aof_last_write_status": "err"}, Verdict.WRONG),
        ({"aof_enabled": 0}, Verdict.NOTE),
    ],
)
def test_redis_must_keep_what_it_is_given(changed: dict[str, object], verdict: Verdict) -> None:
    assert judged_redis({**WELL, **changed}).verdict is verdict


@pytest.mark.parametrize(
    ("seconds", "verdict", "words"),
    [
        (0.4, Verdict.OK, "as this host's"),
        (-3, Verdict.OK, "3 s behind this host's"),
        (3600, Verdict.WRONG, "3600 s ahead of this host's"),
        (-61, Verdict.WRONG, "61 s behind this host's"),
    ],
)
def test_a_database_whose_clock_is_wrong_is_told(seconds: float, verdict: Verdict, words: str) -> None:
    found = judged_clock(timedelta(seconds=seconds))
    assert (found.verdict, found.words) == (verdict, words)


async def test_an_error_of_a_connection_is_told_without_its_words() -> None:
    async def fails() -> int:
        raise ConnectionError("redis://:hush@cache")

    found = await tried("redis", fails(), "start it")

    assert found == wrong("redis", "it does not answer (ConnectionError)", "start it")


async def test_what_the_system_says_of_a_connection_is_told_without_the_address() -> None:
    async def fails() -> int:
        try:
            raise OSError(errno.ECONNREFUSED, "Connect call failed ('cache', 6379)")
        except OSError as error:
            raise RedisError("redis://:hush@cache") from error

    assert await tried("redis", fails(), "start it") == wrong(
        "redis", "it does not answer (Connection refused)", "start it"
    )


async def test_an_error_for_people_is_told_as_it_is() -> None:
    async def fails() -> int:
        raise StoreUnavailable("the database is down")

    assert await tried("database", fails(), "start it") == wrong("database", "the database is down", "start it")


async def test_an_error_that_nobody_foresaw_is_not_hidden() -> None:
    async def fails() -> int:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        await tried("database", fails(), "start it")


def test_a_finding_fits_a_small_terminal() -> None:
    finding = wrong("oracle key", "the key here is " + "x" * 44 + " and it is another one", "use that key's file")

    assert all(len(line) <= 80 for line in as_text(finding, 80).splitlines())
    assert "to do: use that key's file" in as_text(finding, None)
    assert as_text(ok("disk", "room"), None).startswith("ok     disk ")
