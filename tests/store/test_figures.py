"""Counters add up, whoever adds to them at once, and keep their labels."""

import asyncio

import pytest

from store.database import Database
from store.figures import add, counted


async def test_a_counter_begins_at_nothing_and_adds_up(db: Database) -> None:
    assert await counted(db, "rpc_errors") == []
    await add(db, "rpc_errors", {"kind": "timeout", "endpoint": "https://a"})
    await add(db, "rpc_errors", {"endpoint": "https://a", "kind": "timeout"}, 4)
    await add(db, "rpc_errors", {"endpoint": "https://b", "kind": 'quo"te'}, 0)
    found = sorted(await counted(db, "rpc_errors"), key=lambda item: item[0]["endpoint"])
    assert found == [
        ({"endpoint": "https://a", "kind": "timeout"}, 5),
        ({"endpoint": "https://b", "kind": 'quo"te'}, 0),
    ]


async def test_nothing_is_lost_between_those_who_add_at_once(db: Database) -> None:
    await asyncio.gather(*(add(db, "calls", {}, 2) for _ in range(40)))
    assert await counted(db, "calls") == [({}, 80)]


async def test_a_counter_never_goes_down(db: Database) -> None:
    with pytest.raises(ValueError, match="never goes down"):
        await add(db, "calls", {}, -1)
    with pytest.raises(ValueError, match="256 characters"):
        await add(db, "calls", {"kind": "k" * 300})
