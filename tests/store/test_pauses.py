"""A paused queue: nobody claims a market of it, no phase of it begins, and the others go on."""

import pytest
from sqlalchemy import select

from store import audit, holds, pauses, settlements
from store.database import Database
from store.errors import OnHold, QueuePaused
from store.schema import audit as acts
from store.settlements import Phase, Queue

MARKET, OTHER = "7Np41oeYqPefeNQEHSv1UDhYrehxin3NStELsSKCT4K2", "4QGbqTogzizx81JnF18srovRtbFwhQeaMtDx1KkiS7W1"


async def test_a_market_of_a_paused_queue_is_neither_due_nor_claimed(db: Database) -> None:
    await settlements.add(db, MARKET)
    await settlements.add(db, OTHER, Phase.CAPTURE, Queue.CAPTURE)
    placed = await pauses.place(db, Queue.SETTLE, "a look", "ann@bastion")
    assert (placed.why, placed.placed_by) == ("a look", "ann@bastion")
    assert [row.market for row in await settlements.due(db, 10)] == [OTHER]
    assert await settlements.claim(db, MARKET, "one") is None
    assert await settlements.claim(db, OTHER, "one") is not None

    assert await pauses.lift(db, Queue.SETTLE, "bob@bastion") == 1
    assert [row.market for row in await settlements.due(db, 10)] == [MARKET]
    assert await settlements.claim(db, MARKET, "one") is not None


async def test_the_oldest_pause_counts_and_one_unpausing_lifts_all(db: Database) -> None:
    await pauses.place(db, Queue.SETTLE, "first", "ann")
    assert (await pauses.place(db, Queue.SETTLE, "second", "bob")).why == "first"
    await pauses.place(db, Queue.CLEAN, "third", "bob")
    assert {queue: found.why for queue, found in (await pauses.current(db)).items()} == {
        "settle": "first",
        "clean": "third",
    }
    assert await pauses.lift(db, Queue.SETTLE, "ann") == 2
    assert await pauses.lift(db, Queue.SETTLE, "ann") == 0
    assert list(await pauses.current(db)) == ["clean"]
    async with db.read() as connection:
        written = (await connection.execute(select(acts.c.act, acts.c.actor, acts.c.subject))).all()
    assert [tuple(row) for row in written] == [
        ("pause", "ann", "queue settle"),
        ("pause", "bob", "queue settle"),
        ("pause", "bob", "queue clean"),
        ("unpause", "ann", "queue settle"),
    ]
    assert (await audit.verify(db)).ok


async def test_whoever_holds_a_market_begins_no_phase_of_a_paused_queue(db: Database) -> None:
    await settlements.add(db, MARKET, Phase.CAPTURE, Queue.CAPTURE)
    claim = await settlements.claim(db, MARKET, "one")
    assert claim is not None
    await pauses.place(db, Queue.SETTLE, "a look", "ann")
    await settlements.begin(db, claim, Phase.CAPTURE, "one", Queue.CAPTURE)
    with pytest.raises(QueuePaused, match=r"does not begin prove.*`opinion queue unpause`"):
        await settlements.begin(db, claim, Phase.PROVE, "one", Queue.SETTLE)
    await holds.place(db, "everything", "ann")
    with pytest.raises(OnHold, match="opinion resume"):
        await settlements.begin(db, claim, Phase.PROVE, "one", Queue.SETTLE)
    await holds.lift(db, "ann")
    await pauses.lift(db, Queue.SETTLE, "ann")
    await settlements.begin(db, claim, Phase.PROVE, "one", Queue.SETTLE)
