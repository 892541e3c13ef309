"""What every screen has: header, status line, keys, feeds that it watches while it is shown, prompt."""

# Textual leaves the parameters of App and Screen open.
# pyright: reportUnknownMemberType=false

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar, TypeAlias

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget

from console.actions import Action, actions_of, by_id, known
from console.command_line import complete as complete_command
from console.context import Context
from console.feeds.base import Feed, Snapshot, words_of
from console.widgets.dialog import Answers, Deed, DeedDialog
from console.widgets.footer import Footer, StatusLine
from console.widgets.header import Header
from console.widgets.prompt import Prompt
from store.errors import Meanwhile

_READ_ANEW_S = 5.0
"""How long a question that is asked again waits for what it is about."""
Doing: TypeAlias = tuple[Deed, Callable[[Answers], Awaitable[str]]]
"""What is asked, and what then happens."""


def bindings_of(screen: str) -> list[BindingType]:
    """Return the screen's keys, from the table of actions."""
    return [
        Binding(action.keys, _method(action), action.words, show=False, id=action.id) for action in actions_of(screen)
    ]


def _method(action: Action) -> str:
    if action.name.startswith("goto_"):
        return f"goto('{action.name.removeprefix('goto_')}')"
    return action.name


class Room(Screen[None]):
    """A screen that people go to. Subclasses give `room`, `title_words`, `body()` and `watches()`."""

    room: ClassVar[str]
    DEFAULT_CSS = """
    Room { layout: vertical; }
    Room .body { height: 1fr; padding: 0 1; }
    Room .stale { color: $muted; }
    """

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self._stops: list[Callable[[], None]] = []

    # What a subclass says.

    def body(self) -> Iterable[Widget]:
        """Return what stands between the first line and the last two."""
        raise NotImplementedError

    def watches(self) -> Iterable[tuple[Feed[Any], Callable[[Snapshot[Any]], None]]]:
        """Return the feeds that the screen shows and what paints each."""
        return ()

    def place(self) -> str:
        """Return the screen's name as the first line shows it."""
        return self.room.capitalize()

    def apply_filter(self, words: str) -> str | None:
        """Show only what matches; returns what is wrong with the words, or None."""
        return f"{self.place()} has nothing to filter."

    @property
    def filter_words(self) -> str:
        """The filter that holds now."""
        return ""

    def complete_filter(self, typed: str) -> list[str]:
        """Return whole filters that begin as what was typed does."""
        return []

    # What they all do.

    def compose(self) -> ComposeResult:
        """First line, body, status line, keys."""
        context = self.context
        yield Header(self.place(), context.network, context.who)
        yield from self.body()
        yield StatusLine()
        yield Footer(self.shown_actions())

    def shown_actions(self) -> list[Action]:
        """Return what the last line shows: this screen's keys, then those of every screen."""
        keymap = self.context.config.keys
        return [
            action.with_keys(keymap.get(action.id, action.keys))
            for action in (*actions_of(self.room), *actions_of("app"))
            if action.shown and self.allowed(action)
        ]

    def allowed(self, action: Action) -> bool:
        """Whether whoever sits here may do this."""
        return self.context.allows(action)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys of what is not allowed here do nothing."""
        action_id = f"{self.room}.{action}"
        return self.allowed(by_id(action_id)) if known(action_id) else True

    def on_screen_resume(self) -> None:
        """Watch what is shown."""
        self._unwatch()
        status = self.query_one(StatusLine)

        def told(feed: Feed[Any], paint: Callable[[Snapshot[Any]], None]) -> Callable[[Snapshot[Any]], None]:
            def tell(snapshot: Snapshot[Any]) -> None:
                if self._is_whole:
                    status.show_feed(feed.name, snapshot)
                    paint(snapshot)

            return tell

        for feed, paint in self.watches():
            tell = told(feed, paint)
            tell(feed.snapshot)
            self._stops.append(feed.watch(tell))
        self._stops.append(self.context.hold.watch(self._show_hold))
        self._show_hold(self.context.hold.snapshot)

    def on_screen_suspend(self) -> None:
        """Nobody looks."""
        self._unwatch()

    def on_unmount(self) -> None:
        """Nobody will look again."""
        self._unwatch()

    def _unwatch(self) -> None:
        while self._stops:
            self._stops.pop()()

    @property
    def _is_whole(self) -> bool:
        """Feeds go on while the console ends, when the screen's parts are gone already."""
        return self.app.is_running

    def _show_hold(self, snapshot: Snapshot[Any]) -> None:
        if self._is_whole:
            self.query_one(Header).show_hold(bool(snapshot.value))

    def show_place(self) -> None:
        """Name the place anew."""
        self.query_one(Header).show_place(self.place())

    def say(self, words: str, severity: str = "information") -> None:
        """Tell the person something."""
        self.query_one(StatusLine).say(words, severity)

    def copy(self, words: str) -> None:
        """To the terminal's clipboard by OSC 52, which some terminals refuse: so it is shown as well."""
        self.app.copy_to_clipboard(words)
        self.say(f"Copied: {words.partition(chr(10))[0]}")

    def poke(self) -> None:
        """Read again all that is shown."""
        for feed, _ in self.watches():
            feed.poke()

    def ask_and_do(
        self,
        deed: Deed,
        do: Callable[[Answers], Awaitable[str]],
        again: Callable[[str], Doing | None] | None = None,
    ) -> None:
        """Ask, then do it and tell what `do` returned, or why it could not be done.

        It is done to its end wherever the person goes meanwhile, and told where they are then. Where something else
        happened to it before it was done, what the screen shows is read anew, and `again` returns what to ask about
        it as it is now; it is given what happened.
        """
        self.app.run_worker(self._ask_and_do(deed, do, again), group="deed", exit_on_error=False)

    async def _ask_and_do(
        self,
        deed: Deed,
        do: Callable[[Answers], Awaitable[str]],
        again: Callable[[str], Doing | None] | None,
    ) -> None:
        while True:
            answers = await self.app.push_screen_wait(DeedDialog(deed, self.context.network))
            if answers is None:
                self.context.tell("Nothing was done.", "information")
                return
            try:
                with self.context.under_way.doing(deed.does):
                    self.context.tell(await do(answers), "information")
                break
            except Exception as error:
                # An act that fails is told; the console stays.
                self.context.tell(words_of(error), "error")
                if again is None or not isinstance(error, Meanwhile) or not self.is_attached:
                    break
                await self._read_anew()
                anew = again(words_of(error))
                if anew is None:
                    break
                deed, do = anew
        self.poke()

    def ask_anew(self, asked: Callable[[], Doing | str]) -> None:
        """Ask what is to be asked now, or say why it cannot be; once more, as it is then, if something else happens
        meanwhile to what it is about."""

        def again(happened: str) -> Doing | None:
            doing = asked()
            if isinstance(doing, str):
                self.say(f"{happened}. {doing}", "warning")
                return None
            deed, act = doing
            return replace(deed, means=(f"{happened}.", *deed.means)), act

        doing = asked()
        if isinstance(doing, str):
            self.say(doing, "warning")
        else:
            self.ask_and_do(*doing, again)

    async def _read_anew(self) -> None:
        """Return when all that is shown was read once more, or cannot be read soon."""
        told = {feed: asyncio.Event() for feed, _ in self.watches()}
        stops = [feed.watch(lambda _, event=event: event.set()) for feed, event in told.items()]
        self.poke()
        with suppress(TimeoutError):
            async with asyncio.timeout(_READ_ANEW_S):
                await asyncio.gather(*(event.wait() for event in told.values()))
        for stop in stops:
            stop()

    @work(exclusive=True, group="deed", exit_on_error=False)
    async def do(self, deed: Awaitable[str]) -> None:
        """Do what needs no question, and tell what it returned, or why it could not be done."""
        try:
            self.say(await deed)
        except Exception as error:
            # An act that fails is told; the console stays.
            self.say(words_of(error), "error")
        self.poke()

    # The prompt.

    def open_prompt(self, kind: str) -> None:
        """Open `:` or `/`."""
        if not self.query(Prompt):
            words = self.filter_words if kind == "/" else ""
            complete = self.complete_filter if kind == "/" else self._complete_command
            prompt = Prompt(kind, words, complete)
            self.mount(prompt, before=self.query_one(Footer))
            prompt.focus()

    def _complete_command(self, typed: str) -> list[str]:
        return list(complete_command(typed, self.context.places, self.actions_here()))

    def actions_here(self) -> list[Action]:
        """Return every action that works now."""
        return [action for action in (*actions_of(self.room), *actions_of("app")) if self.allowed(action)]

    def on_prompt_typed(self, event: Prompt.Typed) -> None:
        """Filter as one types."""
        wrong = self.apply_filter(event.words)
        if wrong is not None:
            self.say(wrong, "warning")

    def on_prompt_taken(self, event: Prompt.Taken) -> None:
        """Enter."""
        self._close_prompt()
        if event.kind == "/":
            wrong = self.apply_filter(event.words)
            if wrong is not None:
                self.say(wrong, "warning")
        elif event.words:
            self.context.obey(event.words)

    def on_prompt_left(self, event: Prompt.Left) -> None:
        """Esc: the filter goes, the rest stays."""
        self._close_prompt()
        if event.kind == "/":
            self.apply_filter("")

    def _close_prompt(self) -> None:
        for prompt in self.query(Prompt):
            prompt.remove()
        self.focus_body()

    def focus_body(self) -> None:
        """Give the keys back to the screen's main part."""
        for widget in self.query("*"):
            if widget.focusable and not isinstance(widget, Prompt):
                widget.focus()
                return
