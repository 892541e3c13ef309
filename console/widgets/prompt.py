"""The line that `:` and `/` open."""

from collections.abc import Callable, Sequence

from textual import events
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input


class _Completions(Suggester):
    def __init__(self, complete: Callable[[str], Sequence[str]]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._complete = complete

    async def get_suggestion(self, value: str) -> str | None:
        found = self._complete(value) if value else ()
        return found[0] if found else None


class Prompt(Input):
    """One line of input under the screen. Enter takes it, Esc leaves it, Tab completes."""

    DEFAULT_CSS = """
    Prompt { height: 1; border: none; padding: 0 1; background: $panel; }
    Prompt:focus { border: none; }
    """

    class Typed(Message):
        """The words, as one types."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    class Taken(Message):
        """Enter was pressed."""

        def __init__(self, kind: str, words: str) -> None:
            super().__init__()
            self.kind = kind
            self.words = words

    class Left(Message):
        """Esc was pressed."""

        def __init__(self, kind: str) -> None:
            super().__init__()
            self.kind = kind

    def __init__(self, kind: str, words: str, complete: Callable[[str], Sequence[str]]) -> None:
        """`kind` is `:` or `/`; `complete` returns whole lines that begin as what was typed does."""
        super().__init__(
            words, placeholder=_PLACEHOLDERS[kind], suggester=_Completions(complete), select_on_focus=False
        )
        self.kind = kind
        self._complete = complete
        # A blinking cursor is sent over the line again and again, for nothing.
        self.cursor_blink = False

    async def on_key(self, event: events.Key) -> None:
        """Take what an input line would hand on."""
        if event.key == "escape":
            event.stop()
            self.post_message(self.Left(self.kind))
        elif event.key == "tab":
            event.stop()
            event.prevent_default()
            found = self._complete(self.value)
            if found:
                self.value = found[0]
                self.cursor_position = len(self.value)
        elif event.key == "backspace" and not self.value:
            event.stop()
            self.post_message(self.Left(self.kind))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filters apply as one types."""
        event.stop()
        if self.kind == "/":
            self.post_message(self.Typed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        self.post_message(self.Taken(self.kind, event.value.strip()))


_PLACEHOLDERS = {":": "a screen, an action, quit (Tab completes)", "/": "filter, such as state:closed stake>100 solana"}
