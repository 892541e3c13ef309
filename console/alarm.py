"""What wakes whoever sits at the console, whichever screen is shown: a new critical alert, once."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from console.feeds.base import Feed, Snapshot
from console.text import safe_text
from monitoring.clients.labels import Labels
from ops.alerts.seen import AlertsSeen, Severity, ShownAlert, State

_MOST_CELLS = 120
_DEAF = ("linux", "dumb")
"""Terminals that would print what they do not understand."""

Heard = frozenset[Labels]
"""The labels of criticals that need no bell any more."""


def heed(heard: Heard, seen: AlertsSeen, began: datetime) -> tuple[Heard, tuple[ShownAlert, ...]]:
    """Return what has been heard of now, and the criticals that are new: those that began to fire after `began`.

    An alert stays heard of for as long as it is there, silenced or not, and through readings that are not complete: it
    rings once. It may come with more labels from Alertmanager than from Prometheus, and is the same one.
    """
    criticals = [alert for alert in seen.alerts if alert.severity is Severity.CRITICAL]
    news = tuple(
        alert
        for alert in criticals
        if alert.state is State.FIRING and alert.since >= began and not _is_heard(heard, alert)
    )
    kept = {
        labels for labels in heard if not seen.is_complete or any(_same(labels, alert.labels) for alert in criticals)
    }
    return frozenset(kept | {alert.labels for alert in news}), news


def _is_heard(heard: Heard, alert: ShownAlert) -> bool:
    return any(_same(labels, alert.labels) for labels in heard)


def _same(one: Labels, other: Labels) -> bool:
    return one.within(other) or other.within(one)


def alarm_words(news: Sequence[ShownAlert]) -> str:
    """Return one line for a person."""
    first = news[0]
    more = f" (and {len(news) - 1} more)" if len(news) > 1 else ""
    return safe_text(f"CRITICAL{more}: {first.name}: {first.words}", _MOST_CELLS)


def notification(words: str, environment: Mapping[str, str]) -> str:
    """Return what has a terminal notify (OSC 9), handed through tmux and screen; nothing for one that is deaf."""
    term = environment.get("TERM", "")
    if term in _DEAF:
        return ""
    plain = f"\x1b]9;{words}\x07"
    if environment.get("TMUX"):
        return f"\x1bPtmux;{plain.replace(chr(27), chr(27) * 2)}\x1b\\"
    if term.startswith("screen"):
        return f"\x1bP{plain}\x1b\\"
    return plain


class Alarm:
    """Watches the alerts for as long as the console runs, which keeps them read, and rings for each new critical."""

    def __init__(self, feed: Feed[AlertsSeen], ring: Callable[[str], None]) -> None:
        self._heard: Heard = frozenset()
        self._began = datetime.now(UTC)
        self._ring = ring
        feed.watch(self._told)

    def _told(self, snapshot: Snapshot[AlertsSeen]) -> None:
        if snapshot.value is None or snapshot.error is not None:
            return
        self._heard, news = heed(self._heard, snapshot.value, self._began)
        if news:
            self._ring(alarm_words(news))
