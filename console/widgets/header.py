"""The first line: where one is, on which network, as whom, and the time."""

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from console import clock
from settings import Network


def badge(network: Network) -> str:
    """Return the network as the first line shows it; mainnet cannot be taken for another, colours or not."""
    return "!! MAINNET !!" if network is Network.MAINNET else network.upper()


class Header(Horizontal):
    """One line, of which only what changed is painted again."""

    DEFAULT_CSS = """
    Header { height: 1; background: $header-background; color: $header-foreground; }
    Header Static { height: 1; width: auto; }
    Header .here { width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; text-style: bold; padding: 0 1; }
    Header .held { color: $warning; text-style: bold; padding: 0 1; }
    Header .network { text-style: bold; padding: 0 1; }
    Header.danger { background: $danger-background; color: $danger-foreground; }
    Header.danger .network { text-style: bold reverse; }
    Header.danger .held { color: $danger-foreground; }
    Header .clock { width: 10; padding: 0 1 0 0; }
    """

    def __init__(self, where: str, network: Network, who: str) -> None:
        super().__init__(classes="danger" if network is Network.MAINNET else "")
        self._where = where
        self._network = network
        self._who = who

    def compose(self) -> ComposeResult:
        """Place, hold, network, person, clock."""
        yield Static(Content(self._where), classes="here")
        yield Static("", classes="held")
        yield Static(Content(badge(self._network)), classes="network")
        yield Static(Content(f" {self._who} "), classes="who")
        yield Static("", classes="clock")

    def on_mount(self) -> None:
        """The clock ticks with the second."""
        self._tick()
        self.set_interval(1, self._tick)

    def show_place(self, words: str) -> None:
        """Name the place."""
        here = self.query_one(".here", Static)
        if str(here.content) != words:
            here.update(Content(words), layout=False)

    def show_hold(self, held: bool) -> None:
        """Tell whether the oracle is held."""
        words = "HELD" if held else ""
        widget = self.query_one(".held", Static)
        if cell_len(str(widget.content)) != len(words):
            widget.update(Content(words))

    def _tick(self) -> None:
        if self.screen.is_current:
            self.query_one(".clock", Static).update(Content(f"{clock.now():%H:%M:%S}Z"), layout=False)
