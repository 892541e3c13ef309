"""A recording says what feeds told, and a replay tells it again at the same moments."""

import asyncio
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from chain.constants import MarketState
from chain.units import UsdcUnits
from console.clock import CLOCK
from console.errors import RecordingError
from console.feeds.base import Feed
from console.recording.codec import decoded, encoded
from console.recording.recorder import Recorder
from console.recording.replay import Replay, ReplayedError
from store.listing import Listed
from store.settlements import Phase, Seen, Status

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.fractions()
    | st.timedeltas()
    | st.datetimes(timezones=st.just(UTC))
    | st.sampled_from([*Phase, *Status, *MarketState])
    | st.builds(Seen, st.sampled_from(Status), st.sampled_from(Phase))
    | st.binary(min_size=32, max_size=32).map(Pubkey)
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner) | st.frozensets(leaves)
    ),
    max_leaves=12,
)


def listed(stakers: int) -> Listed:
    return Listed(
        address="M", state=MarketState.ACTIVE, finished=False, statement="x", stakers=stakers, stake=UsdcUnits(5),
        closes_at=NOW, phase=None, status=None, wait_reason=None, reason=None, due_at=None, worked_on=False, attempt=0,
    )  # fmt: skip


@pytest.fixture
def clock() -> Iterator[list[datetime]]:
    """The time, to be moved by hand."""
    times = [NOW]
    token = CLOCK.set(lambda: times[0])
    yield times
    CLOCK.reset(token)


@given(values)
def test_what_feeds_tell_comes_back(value: object) -> None:
    said = json.loads(json.dumps(encoded(value)))
    assert decoded(said) == value


def test_what_no_feed_tells_is_refused() -> None:
    with pytest.raises(TypeError):
        encoded(object())


@pytest.mark.parametrize(
    "said",
    [
        {"$": "os:system", "=": "true"},
        {"$": "subprocess:Popen", "args": "true"},
        {"$": "store.database:Database", "url": "sqlite:///x"},
        {"$": "chain.signers:KeypairSigner"},
        {"$": "ops.person:person"},
        {"$": "store.settlements:Seen", "status": 1},
        {"$": "store.settlements:Phase", "=": "sleep"},
        {"$": "storeful:Seen"},
        {"$": 5},
        {"$": "datetime", "=": None},
        {"$": "mapping", "=": [[1]]},
        {"$": "tuple", "=": None},
        {"no": "kind"},
    ],
)
def test_a_recording_makes_nothing_but_data(said: Any) -> None:
    with pytest.raises(RecordingError):
        decoded(said)


async def told(path: Path, clock: list[datetime]) -> None:
    """Ten seconds of two feeds: markets that change, appear and go, and a hold that cannot be read for a while."""
    steps: list[dict[str, Listed] | Exception] = [
        {"a": listed(1), "b": listed(2)},
        {"a": listed(3), "b": listed(2), "c": listed(4)},
        OSError(5, "the disk is gone"),
        {"c": listed(5)},
    ]
    now = steps[:1]

    async def read() -> dict[str, Listed]:
        if isinstance(now[0], Exception):
            raise now[0]
        return now[0]

    with Recorder(path, "devnet", lambda words: pytest.fail(words)) as recorder:
        feed: Feed[dict[str, Listed]] = Feed("markets", read, every_s=0.001, patience_s=5, slowest_s=0.001)
        recorder.watch(feed)
        for now[0] in steps:
            running = asyncio.create_task(feed.run())
            await asyncio.sleep(0.05)
            running.cancel()
            clock[0] += timedelta(seconds=10)


async def test_a_replay_tells_what_was_told_when(tmp_path: Path, clock: list[datetime]) -> None:
    path = tmp_path / "night.gz"
    await told(path, clock)
    assert path.stat().st_mode & 0o777 == 0o600
    replay = Replay(path)
    replay.pause()
    assert (replay.network, replay.began, replay.ended) == ("devnet", NOW, NOW + timedelta(seconds=30))
    first = {"a": listed(1), "b": listed(2)}
    assert replay.value("markets") == first
    replay.jump(10)
    assert replay.value("markets") == {"a": listed(3), "b": listed(2), "c": listed(4)}
    replay.jump(10)
    with pytest.raises(ReplayedError, match="the disk is gone"):
        replay.value("markets")
    replay.jump(100)
    assert replay.now() == replay.ended
    assert replay.value("markets") == {"c": listed(5)}
    replay.jump(-100)
    assert replay.value("markets") == first
    with pytest.raises(ReplayedError, match="nobody looked"):
        replay.value("market XYZ")


async def test_a_replay_runs_stands_and_runs_faster(tmp_path: Path, clock: list[datetime]) -> None:
    await told(tmp_path / "night.gz", clock)
    replay = Replay(tmp_path / "night.gz")
    assert [replay.faster(), replay.faster()] == [10, 60]
    await asyncio.sleep(0.2)
    assert replay.now() >= NOW + timedelta(seconds=12)
    assert replay.pause() is True
    stands = replay.now()
    await asyncio.sleep(0.05)
    assert replay.now() == stands
    assert replay.faster() == 1


async def test_of_a_killed_console_all_that_was_written_is_there(tmp_path: Path, clock: list[datetime]) -> None:
    await told(tmp_path / "whole.gz", clock)
    whole = (tmp_path / "whole.gz").read_bytes()
    (tmp_path / "cut.gz").write_bytes(whole[: len(whole) * 3 // 4])
    replay = Replay(tmp_path / "cut.gz")
    assert set(replay.value("markets")) == {"a", "b"}
    assert replay.ended < NOW + timedelta(seconds=30)


def test_what_is_no_recording_is_told(tmp_path: Path) -> None:
    files = {
        "missing": None,
        "text": b"hello",
        "empty": b"",
        "gzip": gzip.compress(b"hello"),
        "json": gzip.compress(b'{"recording": 2}\n'),
        "lines": gzip.compress(b'{"recording":1,"network":"devnet","at":"2026-01-01T00:00:00+00:00"}\n{"at":3}\n'),
    }
    for name, content in files.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(RecordingError, match=name):
            Replay(tmp_path / name)


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "night.gz"
    path.write_text("mine")
    with pytest.raises(RecordingError, match="new file"):
        Recorder(path, "devnet", lambda words: pytest.fail(words))
    with pytest.raises(RecordingError, match="No such file"):
        Recorder(tmp_path / "none" / "night.gz", "devnet", lambda words: pytest.fail(words))
    assert path.read_text() == "mine"


async def test_a_recording_that_ends_early_is_told_and_holds_nobody_up(tmp_path: Path) -> None:
    troubles: list[str] = []

    async def read() -> object:
        return object()

    with Recorder(tmp_path / "night.gz", "devnet", troubles.append) as recorder:
        feed = Feed("odd", read, every_s=0.01, patience_s=5)
        recorder.watch(feed)
        running = asyncio.create_task(feed.run())
        await asyncio.sleep(0.1)
        running.cancel()
    assert troubles == ["Recording has ended: a feed told a object, which a recording has no words for."]


def test_odds_are_exact() -> None:
    assert decoded(encoded(Fraction(1, 3))) == Fraction(1, 3)
