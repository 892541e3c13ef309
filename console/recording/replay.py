"""Reads a recording, and tells at any moment of it what each feed told."""

import gzip
import json
import zlib
from bisect import bisect_right
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, cast

from console.errors import ConsoleError, RecordingError
from console.recording.codec import decoded
from console.recording.recorder import FORMAT
from settings import Network

SPEEDS = (1, 10, 60)


class ReplayedError(ConsoleError):
    """The feed could not be read at this moment of the recording: the reason, as it was told."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the file."""

    at: datetime
    said: dict[str, Any]


@dataclass(slots=True)
class _Track:
    """One feed's lines, and how far it is known."""

    values: list[_Line] = field(default_factory=list[_Line])
    errors: list[_Line] = field(default_factory=list[_Line])
    index: int = -1
    value: Any = None


class Replay:
    """A recording, with a clock of its own that can be stopped, sped up and set."""

    def __init__(self, path: Path) -> None:
        """Read the file. Raises RecordingError."""
        lines = _lines(path)
        try:
            head = lines[0]
            if head["recording"] != FORMAT:
                raise RecordingError(f"{path} is a recording of another form: replay it with {head.get('version')}")
            self.network = Network(head["network"])
            self.began = _time(head["at"])
            self._tracks: dict[str, _Track] = {}
            self.ended = self.began
            for line in lines[1:]:
                self._add(_Line(_time(line["at"]), line), line["feed"])
        except (KeyError, TypeError, ValueError, IndexError):
            raise RecordingError(
                f"{path} is no recording of the console: 'opinion console --record FILE' makes one"
            ) from None
        self.speed = SPEEDS[0]
        self.paused = False
        self._at, self._since = self.began, monotonic()

    def _add(self, line: _Line, feed: str) -> None:
        track = self._tracks.setdefault(feed, _Track())
        (track.errors if "error" in line.said else track.values).append(line)
        self.ended = max(self.ended, line.at)

    # Its clock.

    def now(self) -> datetime:
        """Return the moment that is shown; at the end it stands still."""
        passed = 0.0 if self.paused else (monotonic() - self._since) * self.speed
        return min(self._at + timedelta(seconds=passed), self.ended)

    def jump(self, seconds: float) -> None:
        """Go on, or back where negative, by so much."""
        self._set(self.now() + timedelta(seconds=seconds))

    def pause(self) -> bool:
        """Stop, or go on; returns whether it stands still now."""
        self._set(self.now())
        self.paused = not self.paused
        return self.paused

    def faster(self) -> int:
        """Take the next speed, after the last the first; returns it."""
        self._set(self.now())
        self.speed = SPEEDS[(SPEEDS.index(self.speed) + 1) % len(SPEEDS)]
        return self.speed

    def _set(self, at: datetime) -> None:
        self._at, self._since = min(max(at, self.began), self.ended), monotonic()

    # What feeds tell.

    def reader(self, name: str) -> Callable[[], Awaitable[Any]]:
        """Return what reads the feed at the moment that is shown; it raises ReplayedError as the feed failed then."""

        async def read() -> Any:
            return self.value(name)

        return read

    def value(self, name: str) -> Any:
        """Return what the feed knew. Raises ReplayedError as it failed, or where the recording knows nothing of it."""
        at, track = self.now(), self._tracks.get(name)
        if track is None:
            raise ReplayedError("the recording has nothing of it: nobody looked")
        error = _before(track.errors, at)
        if error >= 0 and (why := track.errors[error].said["error"]) is not None:
            raise ReplayedError(str(why))
        index = _before(track.values, at)
        if index < 0:
            raise ReplayedError("the recording has nothing of it yet")
        if index != track.index:
            track.value, track.index = _built(track, index), index
        return track.value


def _built(track: _Track, index: int) -> Any:
    """The value after the line of this index: from the last whole one, or from what is known on the way."""
    first = index
    while "value" not in track.values[first].said and not (track.index >= 0 and first == track.index + 1):
        first -= 1
        if first < 0:
            raise ReplayedError("the recording lacks its beginning")
    known: Any = track.value
    for line in track.values[first : index + 1]:
        if "value" in line.said:
            known = decoded(line.said["value"])
        else:
            gone = set(cast("list[str]", line.said["gone"]))
            kept = {key: item for key, item in cast("dict[str, Any]", known).items() if key not in gone}
            known = {**kept, **decoded(line.said["changed"])}
    return known


def _before(lines: list[_Line], at: datetime) -> int:
    """The index of the last line that is not after this moment, -1 for none."""
    return bisect_right(lines, at, key=lambda line: line.at) - 1


def _time(told: Any) -> datetime:
    return datetime.fromisoformat(told).astimezone(UTC)


def _lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of the file; of one whose writer was killed, those that are whole. Raises RecordingError."""
    found: list[dict[str, Any]] = []
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                found.append(json.loads(line))  # noqa: PERF401 - what came before a fault is kept
    except (EOFError, zlib.error, ValueError):
        if not found:
            raise _no_recording(path) from None
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile):
            raise _no_recording(path) from None
        raise RecordingError(f"{path} cannot be read ({error.strerror}): give --replay a recording") from None
    return found


def _no_recording(path: Path) -> RecordingError:
    return RecordingError(f"{path} is no recording of the console: 'opinion console --record FILE' makes one")
