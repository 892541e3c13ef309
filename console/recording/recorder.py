"""Writes what feeds tell into a file, in a thread of its own."""

import gzip
import json
import os
import threading
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import IO, Any, Self, cast

from console import clock
from console.errors import RecordingError
from console.feeds.base import Feed, Snapshot
from console.recording.codec import encoded

FORMAT = 1
WHOLE_EVERY_S = 300
"""Seconds after which a mapping is written whole again, so that a replay can begin there."""


class Recorder:
    """Records every feed that it is shown, from `async with` or `with` to its end."""

    def __init__(self, path: Path, network: str, trouble: Callable[[str], None]) -> None:
        """`trouble` is called, from another thread, with the sentence that tells why recording ended early.

        Raises RecordingError where the file is there already or cannot be made.
        """
        self._trouble = trouble
        self._queue: SimpleQueue[tuple[datetime, str, Snapshot[Any]] | None] = SimpleQueue()
        self._kept: dict[str, tuple[Any, str | None]] = {}
        self._whole_at: dict[str, datetime] = {}
        try:
            # What the console shows is not for everybody on the host.
            self._file: IO[bytes] = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        except FileExistsError:
            raise RecordingError(f"{path} is there already: give --record the name of a new file") from None
        except OSError as error:
            raise RecordingError(f"{path} cannot be written ({error.strerror}): give --record another name") from None
        self._gzip = gzip.GzipFile(fileobj=self._file, mode="wb", compresslevel=5, mtime=0)
        head = {"recording": FORMAT, "version": version("opinion-markets"), "network": network}
        self._write({**head, "at": clock.now().isoformat()})
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._queue.put(None)
        self._thread.join()

    def watch(self, feed: Feed[Any]) -> Callable[[], None]:
        """Record what the feed tells from now on; returns what ends that."""
        return feed.watch(partial(self._take, feed.name))

    def _take(self, name: str, snapshot: Snapshot[Any]) -> None:
        self._queue.put((clock.now(), name, snapshot))

    def _run(self) -> None:
        try:
            with self._file, self._gzip:
                while (taken := self._queue.get()) is not None:
                    self._keep(*taken)
        except (OSError, TypeError) as error:
            why = getattr(error, "strerror", None) or str(error)
            self._trouble(f"Recording has ended: {why}.")
            while self._queue.get() is not None:
                continue

    def _keep(self, at: datetime, name: str, snapshot: Snapshot[Any]) -> None:
        value, error = self._kept.get(name, (None, None))
        if snapshot.error != error:
            self._write({"at": at.isoformat(), "feed": name, "error": snapshot.error})
        if snapshot.at is not None and (name not in self._whole_at or snapshot.value != value):
            self._write({"at": at.isoformat(), "feed": name, **self._said(at, name, value, snapshot.value)})
        self._kept[name] = snapshot.value, snapshot.error

    def _said(self, at: datetime, name: str, before: Any, value: Any) -> dict[str, Any]:
        """The value, or of a mapping what changed in it."""
        whole_at = self._whole_at.get(name)
        is_late = whole_at is None or (at - whole_at).total_seconds() >= WHOLE_EVERY_S
        if is_late or not (isinstance(value, Mapping) and isinstance(before, Mapping)):
            self._whole_at[name] = at
            return {"value": encoded(cast("object", value))}
        old, new = cast("Mapping[str, Any]", before), cast("Mapping[str, Any]", value)
        changed = {key: item for key, item in new.items() if key not in old or old[key] is not item}
        return {"changed": encoded(changed), "gone": sorted(old.keys() - new.keys())}

    def _write(self, line: dict[str, Any]) -> None:
        self._gzip.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        # Whatever ends the console, what came before is in the file.
        self._gzip.flush(zlib.Z_SYNC_FLUSH)
