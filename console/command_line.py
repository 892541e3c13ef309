"""What can be typed after `:`; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from console.actions import Action


@dataclass(frozen=True, slots=True)
class Place:
    """A screen that can be gone to, and whether words after its name mean something there (a filter, an address)."""

    name: str
    takes_words: bool = False


@dataclass(frozen=True, slots=True)
class GoTo:
    """Go to a screen."""

    place: str
    words: str


@dataclass(frozen=True, slots=True)
class Do:
    """Do an action of this screen, or of the console."""

    action: Action


@dataclass(frozen=True, slots=True)
class Unknown:
    """What was typed means nothing; `words` says so and what comes nearest."""

    words: str


Command = GoTo | Do | Unknown


def parse(typed: str, places: Iterable[Place], actions: Iterable[Action]) -> Command:
    """Return what the line means. A name may be cut short where only one begins so; screens come before actions."""
    name, _, words = typed.strip().partition(" ")
    words = words.strip()
    by_place = {place.name: place for place in places}
    by_action = {action.name.replace("_", "-"): action for action in actions}
    names = [*by_place, *(name for name in by_action if name not in by_place)]
    found = _meant(name.lower(), names)
    if len(found) != 1:
        near = f": it could be {', '.join(found[:4])}" if found else ": Tab shows what there is"
        return Unknown(f"{name!r} is no screen or action{near}")
    if found[0] in by_place:
        if words and not by_place[found[0]].takes_words:
            return Unknown(f"{found[0]} takes no words after it")
        return GoTo(found[0], words)
    return Do(by_action[found[0]])


def complete(typed: str, places: Iterable[Place], actions: Iterable[Action]) -> Sequence[str]:
    """Return every whole line that begins as `typed` does, screens first."""
    names = dict.fromkeys([*(place.name for place in places), *(a.name.replace("_", "-") for a in actions)])
    return [name for name in names if name.startswith(typed.lower())] if typed else list(names)


def _meant(name: str, names: Sequence[str]) -> list[str]:
    if name in names:
        return [name]
    return [candidate for candidate in names if name and candidate.startswith(name)]
