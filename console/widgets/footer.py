"""The last two lines: what just happened or how old the data is, and which keys do what."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from time import monotonic

from rich.cells import cell_len
from textual.content import Content
from textual.widgets import Static

from console import clock
from console.actions import Action
from console.feeds.base import Snapshot

SAID_FOR_S = 8.0
_STEPS = (5, 15, 30, 60)


def age_words(age: timedelta) -> str:
    """Return the age in coarse steps, so that the line changes, and is sent, seldom: `<5s`, `<1m`, `3m`, `2h`, `4d`."""
    seconds = int(age.total_seconds())
    for step in _STEPS:
        if seconds < step:
            return f"<{step}s" if step < 60 else "<1m"
    if seconds < 3600:
        return f"{seconds // 60}m"
    return f"{seconds // 3600}h" if seconds < 172_800 else f"{seconds // 86_400}d"


def feed_words(name: str, snapshot: Snapshot[object], now: datetime) -> str:
    """Return one feed's state: `markets <5s`, or since when it fails, why, and when it is tried again."""
    age = snapshot.age(now)
    if snapshot.error is None:
        return f"{name} {age_words(age)}" if age is not None else f"{name} reading…"
    kept = f"{name} as of {age_words(age)} ago" if age is not None else f"no {name} yet"
    wait = "" if snapshot.next_try is None else f", again {_soon(snapshot.next_try - now)}"
    # What is cut off at 80 columns is the end of the reason.
    return f"! {kept}{wait}: {snapshot.error}"


def _soon(wait: timedelta) -> str:
    seconds = wait.total_seconds()
    return "now" if seconds < 1 else f"in {-(-int(seconds) // 5) * 5}s"


class StatusLine(Static):
    """What was said last, for a while and whole; else how old what the screen shows is, failing feeds first."""

    DEFAULT_CSS = """
    StatusLine { height: 1; padding: 0 1; color: $muted; text-wrap: nowrap; text-overflow: ellipsis; }
    StatusLine.warning { color: $warning; }
    StatusLine.error { color: $error; text-style: bold; }
    StatusLine.long { height: auto; max-height: 5; text-wrap: wrap; }
    """

    def __init__(self) -> None:
        super().__init__("")
        self._said: tuple[str, str] | None = None
        self._said_until = 0.0
        self._snapshots: dict[str, Snapshot[object]] = {}
        self._shown: tuple[str, str] = ("", "")

    def on_mount(self) -> None:
        """Ages grow while nothing happens."""
        self.set_interval(1, self._paint)

    def say(self, words: str, severity: str = "information") -> None:
        """Show the words for a while; errors stay twice as long."""
        self._said = (words, severity)
        seconds = SAID_FOR_S * (2 if severity == "error" else 1)
        self._said_until = monotonic() + seconds
        self._paint()

    def show_feed(self, name: str, snapshot: Snapshot[object]) -> None:
        """Keep what the feed says of itself."""
        self._snapshots[name] = snapshot
        self._paint()

    def _paint(self) -> None:
        now = clock.now()
        if self._said is not None and monotonic() >= self._said_until:
            self._said = None
        if self._said is not None:
            shown = self._said
        else:
            ordered = sorted(self._snapshots.items(), key=lambda item: item[1].error is None)
            failing = any(snapshot.error for snapshot in self._snapshots.values())
            shown = " · ".join(feed_words(*item, now) for item in ordered), "warning" if failing else "information"
        if shown == self._shown or not self.screen.is_current:
            return
        was_long, is_long = self.has_class("long"), self._said is not None and cell_len(shown[0]) > self.size.width - 2
        if shown[1] != self._shown[1] or is_long != was_long:
            self.set_classes(f"{shown[1]} long" if is_long else shown[1])
        self._shown = shown
        self.update(Content(shown[0]), layout=is_long or was_long)


class Footer(Static):
    """The keys of the screen, as many as fit; `?` shows all."""

    DEFAULT_CSS = """
    Footer { height: 1; background: $header-background; color: $header-foreground; }
    """

    def __init__(self, actions: Iterable[Action]) -> None:
        super().__init__("")
        self._actions = tuple(actions)

    def on_resize(self) -> None:
        """Another width has room for others."""
        self._paint()

    def show(self, actions: Iterable[Action]) -> None:
        """Show the keys of these."""
        self._actions = tuple(actions)
        self._paint()

    def _paint(self) -> None:
        shown: list[tuple[str, str] | str] = []
        room = self.size.width
        for action in self._actions:
            width = cell_len(f" {action.key} {action.words} ")
            if width > room:
                break
            room -= width
            shown += [(f" {action.key}", "bold $primary"), f" {action.words} "]
        self.update(Content.assemble(*shown), layout=False)
