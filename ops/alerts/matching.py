"""Matchers and durations as people write them: pure.

`alertname="OracleDown", instance=~"10\\..*"`; `2h`, `1h30m`, `3d`.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta

from monitoring.clients.alertmanager import Matcher
from monitoring.clients.labels import Labels
from ops.alerts.seen import ShownAlert
from ops.errors import UsageError

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=30)
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1)}
_DURATION = re.compile(r"(?:(\d{1,6})([dhms]))")
_MATCHER = re.compile(
    r"""\s*(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)\s*(?P<sign>=~|!~|!=|=)\s*
        (?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s,"]*))\s*(?P<end>,|$)""",
    re.VERBOSE | re.DOTALL,
)
_SIGNS = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}
_KINDS = {sign: kind for kind, sign in _SIGNS.items()}
_ESCAPES = {"n": "\n"}


def parse_duration(words: str) -> timedelta:
    """Return how long: `30m`, `2h`, `1h30m`, `3d`. Raises UsageError for other words, or too short or long a time."""
    found = list(_DURATION.finditer(words.replace(" ", "")))
    if not found or "".join(one[0] for one in found) != words.replace(" ", ""):
        raise UsageError(f"{words!r} is no time: write it as 30m, 2h or 1h30m.")
    total = sum((int(one[1]) * _UNITS[one[2]] for one in found), timedelta(0))
    if not SHORTEST <= total <= LONGEST:
        raise UsageError("A silence lasts from a minute (1m) to thirty days (30d).")
    return total


def parse_matchers(words: str) -> tuple[Matcher, ...]:
    """Return the matchers, separated by commas. Raises UsageError, which says what is wrong with which."""
    found: list[Matcher] = []
    place = 0
    while place < len(words.rstrip(" ,")):
        match = _MATCHER.match(words, place)
        if match is None:
            rest = words[place:].strip()
            raise UsageError(f'Not clear at {rest[:20]!r}: write name="value", with commas between.')
        found.append(_matcher(match))
        place = match.end()
    if all(matches(matcher, Labels(())) for matcher in found):
        raise UsageError("These match everything: at least one must ask for a value.")
    return tuple(found)


def _matcher(match: re.Match[str]) -> Matcher:
    quoted = match["quoted"]
    value = match["bare"] if quoted is None else re.sub(r"\\(.)", _unescaped, quoted, flags=re.DOTALL)
    is_regex, is_equal = _KINDS[match["sign"]]
    if is_regex:
        try:
            re.compile(value)
        except re.error as error:
            raise UsageError(f"{value!r} is no regular expression: {error}.") from None
    return Matcher(match["name"], value, is_regex, is_equal)


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[1], match[1])


def matchers_words(matchers: Iterable[Matcher]) -> str:
    """Return them so that `parse_matchers` reads the same."""
    return ", ".join(_words(matcher) for matcher in matchers)


def _words(matcher: Matcher) -> str:
    value = matcher.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{matcher.name}{_SIGNS[matcher.is_regex, matcher.is_equal]}"{value}"'


def matchers_of(alert: ShownAlert) -> tuple[Matcher, ...]:
    """Return those that match this alert and no other: all its labels, its name first."""
    pairs = sorted(alert.labels, key=lambda pair: (pair[0] != "alertname", pair))
    return tuple(Matcher(name, value) for name, value in pairs)


def matches(matcher: Matcher, labels: Labels) -> bool:
    """Whether the matcher holds for these labels; a regular expression has to match the whole value."""
    value = labels.get(matcher.name)
    if not matcher.is_regex:
        return (value == matcher.value) is matcher.is_equal
    # Alertmanager reads it as RE2, Python differs in rare cases: this only says beforehand what a silence would catch.
    return (re.fullmatch(matcher.value, value) is not None) is matcher.is_equal


def caught(matchers: Iterable[Matcher], alerts: Iterable[ShownAlert]) -> Iterator[ShownAlert]:
    """Yield the alerts for which all matchers hold."""
    wanted = tuple(matchers)
    return (alert for alert in alerts if all(matches(matcher, alert.labels) for matcher in wanted))
