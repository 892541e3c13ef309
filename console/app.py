"""The console: rooms that one goes between, one first and one last line, and a way back."""

# Textual leaves the parameters of App and Screen open.
# pyright: reportUnknownMemberType=false

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from textual import work
from textual.filter import LineFilter

from console import crash, themes
from console.actions import Role, actions_of, by_id, known
from console.alarm import Alarm, notification
from console.colourless import Colourless
from console.command_line import Do, GoTo, Place, Unknown, parse
from console.config import Config
from console.context import Context
from console.feeds.base import words_of
from console.feeds.hub import Hub
from console.recording.replay import Replay
from console.screens import ROOMS, room_class
from console.screens.base import Room, bindings_of
from console.terminal_app import TerminalApp
from console.widgets.dialog import Answers, Ask, Deed, DeedDialog, TextDialog
from ops import settlements as hands
from ops.person import person
from settings import Network

PLACES = (
    *(Place(name, takes_words=name not in ("overview", "signers", "deploys")) for name in ROOMS),
    Place("market", True),
)
_KEPT_STEPS = 50
JUMP_S = 60.0


@dataclass(frozen=True, slots=True)
class Step:
    """Where one was: a room, and what was shown of it."""

    place: str
    words: str


class Console(TerminalApp):
    """The app. Its return code is the process's."""

    BINDINGS = bindings_of("app")
    # Textual's own palette saves pictures and quits without asking, whatever the role; ours is an action.
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Screen { background: $background; color: $foreground; }
    """

    def __init__(self, hub: Hub, *, network: Network, role: Role, read_only: bool, config: Config, start: Step) -> None:
        super().__init__()
        for theme in themes.ALL:
            self.register_theme(theme)
        # Without colours every theme is the plain one.
        self.theme = "plain" if self.no_color else config.theme
        self.set_keymap(dict(config.keys))
        self.context = Context(
            network=network,
            role=role,
            read_only=read_only,
            config=config,
            hub=hub,
            places=PLACES,
            obey=self.obey,
            tell=self.tell,
        )
        self.crash: tuple[Exception, str | None] | None = None
        """The fault that ended the console, and the path of its report."""
        self._start = start
        self._here = start
        self._past: list[Step] = []
        self._rooms: dict[str, Room] = {}

    # Going about.

    def on_mount(self) -> None:
        """Show the first room, and listen for alerts wherever one is."""
        self._alarm = Alarm(self.context.hub.alerts, self._ring)
        self.show(self._start)

    def go(self, step: Step) -> None:
        """Go there, so that Esc leads back here."""
        if step != self._here:
            self._past = [*self._past, self._here][-_KEPT_STEPS:]
        self.show(step)

    def show(self, step: Step) -> None:
        """Show the room, each made once, a market's made anew."""
        self._here = step
        if step.place == "market":
            from console.screens.market import Market

            room: Room = Market(self.context, step.words)
        else:
            if step.place not in self._rooms:
                self._rooms[step.place] = room_class(step.place)(self.context)
                self.install_screen(self._rooms[step.place], step.place)
            room = self._rooms[step.place]
        if len(self.screen_stack) > 1:
            if self.screen is not room:
                self.switch_screen(room)
        else:
            self.push_screen(room)
        if step.place != "market" and step.words:
            self.call_after_refresh(self._filter, room, step.words)

    def _filter(self, room: Room, words: str) -> None:
        wrong = room.apply_filter(words)
        if wrong is not None:
            room.say(wrong, "warning")

    def obey(self, words: str) -> None:
        """Do what was typed after `:`."""
        room = self.screen
        actions = room.actions_here() if isinstance(room, Room) else []
        match parse(words, PLACES, actions):
            case GoTo("market", rest):
                self._go_to_market(rest)
            case GoTo(place, rest):
                self.go(Step(place, rest))
            case Do(action):
                self.call_later(self.perform, action.id)
            case Unknown(why):
                self.tell(why, "warning")

    @work(exclusive=True, group="market", exit_on_error=False)
    async def _go_to_market(self, words: str) -> None:
        """Its address may be cut short where only one begins so."""
        try:
            self.go(Step("market", await self.context.hub.market_named(words)))
        except Exception as error:
            # Whatever keeps it from being found is told; the console stays.
            self.tell(words_of(error), "warning")

    async def perform(self, action_id: str) -> None:
        """Do the action as its key would."""
        screen, _, name = action_id.partition(".")
        target: Any = self if screen == "app" else self.screen
        if name.startswith("goto_"):
            name = f"goto('{name.removeprefix('goto_')}')"
        await target.run_action(name)

    def tell(self, words: str, severity: str = "information") -> None:
        """Tell the person something, wherever they are."""
        room = next((screen for screen in reversed(self.screen_stack) if isinstance(screen, Room)), None)
        if room is not None:
            room.say(words, severity)

    def _ring(self, words: str) -> None:
        """Bell, notification, and the words on whatever is shown; alerts are read until the console has ended."""
        if not self.is_running:
            return
        self.bell()
        if self._driver is not None and not self.is_headless:
            self._driver.write(notification(words, os.environ))
        self.tell(words, "error")

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own filters turn colours into greys under NO_COLOR, and plain's into black on black."""
        return (Colourless(),) if self.no_color else super().get_line_filters()

    # The keys of every screen.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys of what is not allowed do nothing, and a dialog keeps all keys to itself."""
        action_id = f"app.{action}"
        if not known(action_id) and action != "goto":
            return True
        if not isinstance(self.screen, Room):
            return False
        return not known(action_id) or self.context.allows(by_id(action_id))

    def action_goto(self, place: str) -> None:
        """Go to a room."""
        self.go(Step(place, ""))

    async def action_back(self) -> None:
        """Clear the filter, or go back."""
        room = self.screen
        if isinstance(room, Room) and room.filter_words:
            room.apply_filter("")
        elif self._past:
            self.show(self._past.pop())

    def action_command(self) -> None:
        """Open `:`."""
        self._in_room(lambda room: room.open_prompt(":"))

    def action_filter(self) -> None:
        """Open `/`."""
        self._in_room(lambda room: room.open_prompt("/"))

    def action_refresh(self) -> None:
        """Read again, and paint everything: another program may have written to the terminal."""
        self.forget_painted()
        self._in_room(lambda room: room.poke())

    def action_palette(self) -> None:
        """Open the palette."""
        from console.palette import palette

        self.push_screen(palette())

    def action_theme(self) -> None:
        """The next theme."""
        if self.no_color:
            self.tell("NO_COLOR is set: there are no colours to choose from.")
        else:
            self.theme = themes.after(self.theme)

    def action_help(self) -> None:
        """What this screen is and what its keys do."""
        room = self.screen
        if isinstance(room, Room):
            self.push_screen(TextDialog(f"Help: {room.place()}", help_text(room)))

    @work(exclusive=True, group="quit")
    async def action_quit(self) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - asks first
        """Leave; asks where something is under way, whose outcome nobody would be told."""
        if names := self.context.under_way.names:
            means = (*(f"Under way: {name}." for name in names), "What comes of it would be seen in Audit alone.")
            if await self.push_screen_wait(DeedDialog(Deed("Leave", means), self.context.network)) is None:
                return
        self.exit(return_code=0)

    def action_hold(self) -> None:
        """Hold the whole oracle."""
        network = self.context.network

        async def hold(answers: Answers) -> str:
            placed = await hands.hold(await self.context.hub.sources.db(), answers["why"], person())
            return f"Held since {placed.placed_at:%H:%M:%S} UTC, by {placed.placed_by}."

        means = (
            "Nothing acts on the chain any more, on any host, before its next side effect.",
            "No slot hash is captured meanwhile: a request lapses after about three minutes.",
        )
        ask = Ask("why", "Why, for whoever comes next:", check=lambda words: None if words else "A reason is needed.")
        deed = Deed("Hold the whole oracle", means, (ask,), typed=network.value)
        self._in_room(lambda room: room.ask_and_do(deed, hold))

    def action_resume(self) -> None:
        """Lift the hold."""

        async def lift(_: Answers) -> str:
            count = await hands.resume(await self.context.hub.sources.db(), person())
            return f"{count} hold{'s are' if count != 1 else ' is'} lifted."

        held = self.context.hold.snapshot.value
        if held is None:
            self.tell("No hold is placed.")
            return
        means = (
            f"{held.placed_by} placed it at {held.placed_at:%H:%M} UTC: {held.why}.",
            "Everything goes on at once.",
        )
        deed = Deed("Lift every hold", means, typed=self.context.network.value)
        self._in_room(lambda room: room.ask_and_do(deed, lift))

    # A recording.

    def action_replay_pause(self) -> None:
        """Stand still, or go on."""
        self._rewind(lambda replay: "It stands still." if replay.pause() else "It goes on.")

    def action_replay_back(self) -> None:
        """A minute back."""
        self._rewind(lambda replay: replay.jump(-JUMP_S))

    def action_replay_on(self) -> None:
        """A minute on."""
        self._rewind(lambda replay: replay.jump(JUMP_S))

    def action_replay_faster(self) -> None:
        """The next speed."""
        self._rewind(lambda replay: f"{replay.faster()} times as fast as it was.")

    def _rewind(self, how: Callable[[Replay], str | None]) -> None:
        replay = self.context.hub.replay
        if replay is not None:
            words = how(replay)
            at = f"{replay.now():%Y-%m-%d %H:%M:%S} UTC, of {replay.began:%H:%M:%S} to {replay.ended:%H:%M:%S}"
            self.tell(f"{words or ''} {at}".strip())
            self._in_room(lambda room: room.poke())

    def _in_room(self, do: Callable[[Room], object]) -> None:
        if isinstance(self.screen, Room):
            do(self.screen)

    # Endings.

    def _handle_exception(self, error: Exception) -> None:
        """End with a report in place of a traceback: Textual's own prints the values of variables."""
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
            path = crash.write(error, self._here.place)
            self.crash = error, None if path is None else str(path)
        self._close_messages_no_wait()


def help_text(room: Room) -> str:
    """Return what the room is and what its keys do, for whoever sits there."""
    keymap = room.context.config.keys

    def lines(screen: str) -> list[str]:
        found: list[str] = []
        for action in actions_of(screen):
            if room.allowed(action):
                shown = action.with_keys(keymap.get(action.id, action.keys))
                found.append(f"  {shown.key:<8} {action.explains}")
        return found

    about = " ".join((type(room).__doc__ or "").split())
    moves = "  j k ↓ ↑  Move; g G to the first or last; Ctrl+D Ctrl+U by half a page."
    return "\n".join([about, "", "This screen", *lines(room.room), moves, "", "Everywhere", *lines("app")])
