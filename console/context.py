"""What the screens share: who sits here, on which network, the feeds, and the hands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from console.actions import Action, Need, Role, allows
from console.command_line import Place
from console.config import Config
from console.feeds.base import Feed
from console.feeds.hub import Hub
from console.under_way import UnderWay
from settings import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Given to every screen."""

    network: Network
    role: Role
    read_only: bool
    config: Config
    hub: Hub
    places: Sequence[Place]
    obey: Callable[[str], None]
    """Does what was typed after `:`."""
    tell: Callable[[str, str], None]
    """Tells the person something, with its severity, wherever they are."""
    under_way: UnderWay = field(default_factory=UnderWay)

    @property
    def who(self) -> str:
        """The person's role as the first line shows it."""
        if self.hub.replay is not None:
            return "replay"
        return "read-only" if self.read_only else self.role.value

    def allows(self, action: Action) -> bool:
        """Whether whoever sits here may do this."""
        if action.need is Need.REPLAY:
            return self.hub.replay is not None
        return allows(action, self.role, read_only=self.read_only)

    @property
    def hold(self) -> Feed[Any]:
        """The feed of holds, which every screen's first line shows."""
        return self.hub.holds
