"""What asks before something happens: exactly what, to what, on which network."""

# Textual leaves the parameters of App and Screen open.
# pyright: reportUnknownMemberType=false

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from console.widgets.header import badge
from settings import Network


@dataclass(frozen=True, slots=True)
class Ask:
    """A line that a dialog asks for; `check` returns what is wrong with what was typed, or None."""

    name: str
    words: str
    value: str = ""
    check: Callable[[str], str | None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Deed:
    """What is about to be done."""

    does: str
    """The verb and its object, as a title: `Park the settlement of 4fK…`."""
    means: tuple[str, ...]
    """What will happen, a sentence each."""
    asks: tuple[Ask, ...] = ()
    typed: str | None = None
    """What must be typed for it to happen, None where Enter will do."""


Answers = Mapping[str, str]


class DeedDialog(ModalScreen[Answers | None]):
    """Returns what was typed into each line, or None when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave", show=False)]
    # `on_mount` chooses: Textual's own choice comes later, and would take the cursor from under whoever types.
    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    DeedDialog { align: center middle; }
    DeedDialog > Vertical {
        width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        border: round $warning; background: $surface;
    }
    DeedDialog.danger > Vertical { border: double $error; }
    DeedDialog VerticalScroll { height: auto; max-height: 8; }
    DeedDialog .where { text-style: bold; }
    DeedDialog.danger .where { background: $danger-background; color: $danger-foreground; }
    DeedDialog .wrong { color: $error; height: auto; }
    DeedDialog .keys { color: $muted; }
    DeedDialog Input { height: 1; border: none; background: $panel; padding: 0 1; }
    DeedDialog Input:focus { border: none; }
    """

    def __init__(self, deed: Deed, network: Network) -> None:
        super().__init__(classes="danger" if network is Network.MAINNET else "")
        self._deed = deed
        self._network = network

    def compose(self) -> ComposeResult:
        """Title, network, what it means, the lines asked for, the name to be typed."""
        deed = self._deed
        with Vertical():
            yield Static(Content(f"{deed.does}  on {badge(self._network)}"), classes="where")
            with VerticalScroll(can_focus=False):
                for sentence in deed.means:
                    yield Static(Content(f"- {sentence}"))
            for ask in deed.asks:
                yield Static(Content(ask.words))
                yield _line(ask.value, ask.name)
            if deed.typed is not None:
                yield Static(Content.assemble("Type ", (deed.typed, "bold"), " to do it:"))
                yield _line("", "typed")
            yield Static("", classes="wrong")
            yield Static(Content("Enter does it, Esc leaves everything as it is."), classes="keys")

    def on_mount(self) -> None:
        """The first line that is empty, or the last."""
        lines = list(self.query(Input))
        for line in lines:
            if not line.value:
                line.focus()
                return
        if lines:
            lines[-1].focus()

    def on_key(self, event: Key) -> None:
        """Enter, where nothing is asked; it must not reach the screen below, which is next."""
        if event.key == "enter" and not self.query(Input):
            event.stop()
            event.prevent_default()
            self.dismiss({})

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go to the next line, or do it."""
        event.stop()
        lines = list(self.query(Input))
        place = lines.index(event.input)
        if self._wrong(event.input) is None and place + 1 < len(lines):
            lines[place + 1].focus()
            return
        for line in (event.input, *lines):
            if (wrong := self._wrong(line)) is not None:
                self.query_one(".wrong", Static).update(Content(wrong))
                line.focus()
                return
        self.dismiss({line.name or "": line.value.strip() for line in lines})

    def _wrong(self, line: Input) -> str | None:
        words = line.value.strip()
        if line.name == "typed":
            return None if words == self._deed.typed else f"{words or 'nothing'!r} is not {self._deed.typed!r}."
        return next((ask.check(words) for ask in self._deed.asks if ask.name == line.name), None)

    def action_leave(self) -> None:
        """Nothing happens."""
        self.dismiss(None)


def _line(value: str, name: str) -> Input:
    line = Input(value, name=name, select_on_focus=False)
    line.cursor_blink = False
    return line


class TextDialog(ModalScreen[None]):
    """Text to read: help, a traceback, a record."""

    KEYS: ClassVar[str] = "j k scroll, y copies, Esc leaves"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,question_mark", "leave", "leave", show=False),
        Binding("j,down", "scroll('down')", show=False),
        Binding("k,up", "scroll('up')", show=False),
        Binding("ctrl+f,pagedown,space", "scroll('page_down')", show=False),
        Binding("ctrl+b,pageup", "scroll('page_up')", show=False),
        Binding("g,home", "scroll('home')", show=False),
        Binding("G,end", "scroll('end')", show=False),
        Binding("y", "copy", "copy", show=False),
    ]
    DEFAULT_CSS = """
    TextDialog { align: center middle; }
    TextDialog > Vertical { width: 100%; max-width: 120; height: auto; max-height: 100%; background: $surface;
        border: round $primary; padding: 0 1; }
    TextDialog VerticalScroll { height: auto; max-height: 100%; }
    TextDialog .title { text-style: bold; dock: top; }
    TextDialog .keys { color: $muted; dock: bottom; }
    """

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title = title
        self._text = text

    def compose(self) -> ComposeResult:
        """Title and text."""
        with Vertical():
            yield Static(Content(self._title), classes="title")
            with VerticalScroll():
                yield Static(Content(self._text), classes="text")
            yield Static(Content(self.KEYS), classes="keys")

    def on_resize(self) -> None:
        """Fold the text to the room there is, so that what goes on stands in from where its line begins."""
        width = self.query_one(VerticalScroll).scrollable_content_region.width
        self.query_one(".text", Static).update(Content(_folded(self._text, width)))

    def action_scroll(self, how: str) -> None:
        """Scroll without animation: every frame of one is sent."""
        getattr(self.query_one(VerticalScroll), f"scroll_{how}")(animate=False)

    def action_copy(self) -> None:
        """To the terminal's clipboard, OSC 52."""
        self.app.copy_to_clipboard(self._text)

    def action_leave(self) -> None:
        """Close it."""
        self.dismiss(None)


def _folded(text: str, width: int) -> str:
    found: list[str] = []
    for line in text.splitlines():
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        found += textwrap.wrap(line, max(width, 20), subsequent_indent=indent, break_on_hyphens=False) or [""]
    return "\n".join(found)
