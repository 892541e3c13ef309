"""The race for one block: who is asked when, and what becomes of the others."""

import asyncio
from collections.abc import Callable

import pytest

from oracle.texts.race import NoneHasIt, first_block
from oracle.texts.sources import BlockTooLong, Health, SourceFailed, Trouble
from store.cid import Cid, Codec

CID = Cid(Codec.RAW, bytes(32))
FAILED = SourceFailed("does not give it")
BROKEN = SourceFailed("is overloaded", Trouble.BROKEN, 60)
LONG_S = 3_600.0


class Scripted:
    """A source that answers with bytes, raises what it was given, or never answers; it notes its name when asked."""

    def __init__(self, name: str, answer: bytes | Exception | None, asked: list[str]) -> None:
        self.name = name
        self.health = Health()
        self.cancelled = False
        self._answer = answer
        self._asked = asked

    async def block(self, cid: Cid) -> bytes:
        """See Source."""
        self._asked.append(self.name)
        try:
            if self._answer is None:
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        if isinstance(self._answer, Exception):
            raise self._answer
        assert self._answer is not None
        return self._answer


Make = Callable[..., Scripted]


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def make(asked: list[str]) -> Make:
    return lambda name, answer: Scripted(name, answer, asked)


async def test_the_first_that_answers_is_the_only_one_asked(make: Make, asked: list[str]) -> None:
    assert await first_block([make("a", b"1"), make("b", b"2")], CID, LONG_S) == b"1"
    assert asked == ["a"]


async def test_a_failure_brings_the_next_at_once(make: Make, asked: list[str]) -> None:
    assert await first_block([make("a", FAILED), make("b", BROKEN), make("c", b"3")], CID, LONG_S) == b"3"
    assert asked == ["a", "b", "c"]


async def test_a_slow_one_is_overtaken_cancelled_and_asked_last_from_then_on(make: Make, asked: list[str]) -> None:
    slow, fast = make("slow", None), make("fast", b"2")

    assert await first_block([slow, fast], CID, 0.01) == b"2"
    assert slow.cancelled
    assert await first_block([slow, fast], CID, LONG_S) == b"2"
    assert asked == ["slow", "fast", "fast"]


async def test_one_that_rests_is_not_asked_and_is_named(make: Make, asked: list[str]) -> None:
    broken = make("broken", BROKEN)
    with pytest.raises(NoneHasIt, match="broken is overloaded; other does not give it"):
        await first_block([broken, make("other", FAILED)], CID, LONG_S)
    with pytest.raises(NoneHasIt, match="broken rests after failing; third does not give it"):
        await first_block([broken, make("third", FAILED)], CID, LONG_S)
    assert asked == ["broken", "other", "third"]


async def test_without_sources_nobody_has_it() -> None:
    with pytest.raises(NoneHasIt, match="neither IPFS_GATEWAYS nor IPFS_APIS"):
        await first_block([], CID, LONG_S)


async def test_a_block_that_is_too_long_ends_the_race(make: Make, asked: list[str]) -> None:
    with pytest.raises(BlockTooLong):
        await first_block([make("a", BlockTooLong()), make("b", b"2")], CID, LONG_S)
    assert asked == ["a"]


async def test_a_fault_of_ours_is_not_taken_for_a_sources(make: Make) -> None:
    with pytest.raises(ZeroDivisionError):
        await first_block([make("a", ZeroDivisionError()), make("b", b"2")], CID, LONG_S)
