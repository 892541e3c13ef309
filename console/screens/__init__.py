"""The screens, a file each; each is loaded when it is first shown."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.screens.base import Room

ROOMS = ("overview", "markets", "queue", "alerts", "signers", "deploys", "runbooks", "audit")
"""In the order of their keys, from 1."""


def room_class(name: str) -> type["Room"]:
    """Return the class of the screen of this name; KeyError for another one."""
    if name not in ROOMS:
        raise KeyError(name)
    return getattr(import_module(f"console.screens.{name}"), name.capitalize())
