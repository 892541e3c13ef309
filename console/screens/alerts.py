"""Alerts: what fires, what is silenced or inhibited and why, and silences."""

# Textual leaves the parameters of App and Screen open.
# pyright: reportUnknownMemberType=false

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from console import clock
from console.alert_lines import COLUMNS, FIELDS, SILENCE_COLUMNS, Line, detail, lines_of, text_of
from console.feeds.base import Feed, Snapshot
from console.filters import FilterError, complete, parse
from console.screens.base import Room, bindings_of
from console.text import safe, safe_text
from console.widgets.dialog import Answers, Ask, Deed, DeedDialog
from console.widgets.table import LiveTable
from monitoring.clients.alertmanager import Matcher, Silence
from ops.alerts import silencing as hands
from ops.alerts.history import History
from ops.alerts.matching import caught, matchers_of, matchers_words, parse_duration, parse_matchers
from ops.alerts.seen import AlertsSeen, ShownAlert, Standing, State, sentences, silence_words
from ops.alerts.silencing import Done, Wish
from ops.errors import UsageError
from ops.person import person

_NAMED = 4
"""So many alerts are named before the rest is counted."""
_STYLES = {Standing.QUIET: "", Standing.FIRING: "firing"}


class Alerts(Room):
    """What Prometheus and Alertmanager say, the worst first; alerts of one name are one line that Enter opens. Tab goes
    to the silences and back. Filter with words, or with severity: state: name: since<, such as `/severity:crit lag`."""

    room = "alerts"
    # Esc goes back to the list first, from there to where one came from.
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("alerts"), Binding("escape", "close", show=False)]
    DEFAULT_CSS = """
    Alerts #told { height: auto; max-height: 4; padding: 0 1; color: $warning; }
    Alerts #told.quiet { color: $success; }
    Alerts #told.firing { color: $error; }
    """

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        self._filter = ""
        self._passes: Callable[[ShownAlert], bool] | None = None
        self._suppressed = False
        self._unfolded: frozenset[str] = frozenset()
        self._open: ShownAlert | None = None
        self._history: Feed[History] | None = None
        self._stop_history: Callable[[], None] = _nothing
        self._table: LiveTable[Line] = LiveTable(COLUMNS, sort="alert", empty="", id="alerts")
        self._silences: LiveTable[Silence] = LiveTable(SILENCE_COLUMNS, sort="left", empty="No silence.", id="silences")

    def body(self) -> Iterable[Widget]:
        """What is known in a sentence; then the alerts, or one of them, or the silences."""
        self._silences.display = False
        one = VerticalScroll(Static("", id="detail"), id="one", classes="body")
        one.display = False
        return Static("Reading…", id="told"), self._table, self._silences, one

    def on_mount(self) -> None:
        """Ages grow by themselves."""
        self.set_interval(10, self._tick)

    def place(self) -> str:
        """With what is shown of how many."""
        seen = self.context.hub.alerts.snapshot.value
        if self._open is not None:
            return f"Alerts  {self._open.name}"
        if self._silences.display:
            return f"Alerts  silences: {len(self._silences.rows)}"
        if seen is None:
            return "Alerts"
        hidden = 0 if self._suppressed else sum(one.is_suppressed for one in seen.alerts)
        more = f"  {hidden} suppressed (x)" if hidden else ""
        return f"Alerts  {seen.count(State.FIRING)} firing{more}{f'  /{self._filter}' if self._filter else ''}"

    def watches(self) -> Iterable[tuple[Feed[Any], Callable[[Snapshot[Any]], None]]]:
        """The alerts."""
        return [(self.context.hub.alerts, self._paint)]

    # Painting.

    def _paint(self, snapshot: Snapshot[AlertsSeen]) -> None:
        seen = snapshot.value
        self._tell(snapshot)
        for widget in (self._table, self._silences, self.query_one("#one")):
            widget.set_class(snapshot.error is not None, "stale")
        if seen is not None:
            self._table.replace_rows(self._lines(seen))
            self._silences.replace_rows({" ".join(one.ids): one for one in seen.silences})
            if self._open is not None:
                key = self._open.key
                self._open = next((one for one in seen.alerts if one.key == key), self._open)
                self._paint_open()
        self.show_place()

    def _tell(self, snapshot: Snapshot[AlertsSeen]) -> None:
        told = self.query_one("#told", Static)
        if snapshot.error is not None:
            words, style = (f"{snapshot.error}.",), ""
        elif snapshot.value is not None:
            standing = snapshot.value.standing
            words = sentences(snapshot.value)
            quiet = standing is Standing.QUIET and len(words) == 1
            style = "quiet" if quiet else _STYLES.get(standing, "")
        else:
            return
        text = "\n".join(safe(sentence) for sentence in words)
        if text != str(told.content):
            told.set_classes(style)
            told.update(Content(text))

    def _lines(self, seen: AlertsSeen) -> dict[str, Line]:
        return lines_of(seen, self._passes, suppressed=self._suppressed, unfolded=self._unfolded)

    def _paint_open(self) -> None:
        if self._open is None or self._history is None:
            return
        kept = self._history.snapshot
        words = detail(self._open, kept.value, kept.error, clock.now())
        seen = self.context.hub.alerts.snapshot.value
        if seen is not None and all(one.key != self._open.key for one in seen.alerts):
            words = f"It is over; this is what was known last.\n{words}"
        block = self.query_one("#detail", Static)
        if str(block.content) != words:
            block.update(Content(words))

    def _repaint(self) -> None:
        self._paint(self.context.hub.alerts.snapshot)

    def _tick(self) -> None:
        if self.is_current:
            self._table.refresh_column("since")
            self._silences.refresh_column("left")

    # The filter.

    @property
    def filter_words(self) -> str:
        """The filter that holds now."""
        return self._filter

    def apply_filter(self, words: str) -> str | None:
        """Show only what matches."""
        try:
            self._passes = parse(words, FIELDS, text_of)
        except FilterError as error:
            return str(error)
        self._filter = words.strip()
        self._repaint()
        return None

    def complete_filter(self, typed: str) -> list[str]:
        """Fields and their values."""
        return complete(typed, FIELDS)

    # What is shown.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where the list of alerts is shown, Esc is the console's."""
        if action == "close" and self._open is None and not self._silences.display:
            return False
        return super().check_action(action, parameters)

    def on_live_table_chosen(self, event: LiveTable.Chosen) -> None:
        """Open the alert, or open and close the group."""
        if event.table is self._table:
            self._choose(self._table.rows[event.key])

    def action_open(self) -> None:
        """Open what has the cursor."""
        if self._table.cursor is not None and self._table.display:
            self._choose(self._table.rows[self._table.cursor])

    def _choose(self, line: Line) -> None:
        if line.alert is None:
            self._unfolded ^= {line.group}
            self._repaint()
            return
        self._show(self.query_one("#one"))
        self._open = line.alert
        self._read_history()
        self.show_place()

    def on_screen_resume(self) -> None:
        """Read on the value behind the alert that is open."""
        self._read_history()

    def on_screen_suspend(self) -> None:
        """Nobody looks at it."""
        self._stop_history()

    def _read_history(self) -> None:
        self._stop_history()
        if self._open is None:
            return
        feed = self._history = self.context.hub.alert_history(self._open)
        reading = self.run_worker(feed.run(), name="feed of an alert's value", exit_on_error=False)
        unwatch = feed.watch(lambda _: self._paint_open())

        def stop() -> None:
            unwatch()
            reading.cancel()

        self._stop_history = stop
        self._paint_open()

    def action_close(self) -> None:
        """Back to the alerts."""
        self._show(self._table)

    def action_next(self) -> None:
        """The other of the two lists."""
        self._show(self._table if self._silences.display else self._silences)

    def _show(self, shown: Widget) -> None:
        self._stop_history()
        self._open = self._history = None
        for widget in (self._table, self._silences, self.query_one("#one")):
            widget.display = widget is shown
        shown.focus()
        self.show_place()

    def action_suppressed(self) -> None:
        """Show or hide what nobody is told of."""
        self._suppressed = not self._suppressed
        self._repaint()
        self.say("What is silenced or inhibited is shown." if self._suppressed else "Only what is not suppressed.")

    # What has the cursor.

    def _here(self) -> Sequence[ShownAlert]:
        """The alert that is open or has the cursor, or all of its group."""
        if self._open is not None:
            return (self._open,)
        key = self._table.cursor
        seen = self.context.hub.alerts.snapshot.value
        if key is None or seen is None or not self._table.display:
            return ()
        line = self._table.rows[key]
        if line.alert is not None:
            return (line.alert,)
        return next((group.alerts for group in seen.groups if group.name == line.group), ())

    def _silence_here(self) -> Silence | None:
        """The silence that has the cursor, or the first of those that silence the alert."""
        if self._silences.display:
            return self._silences.rows[self._silences.cursor] if self._silences.cursor else None
        return next((silence for alert in self._here() for silence in alert.silenced_by), None)

    def action_runbook(self) -> None:
        """Go to the runbook."""
        here = self._here()
        name = here[0].runbook if here else None
        if name is None:
            words = "It has no runbook: its rule lacks the annotation runbook_url." if here else "No alert is here."
            self.say(words, "warning")
        else:
            self.context.obey(f"runbooks {name}")

    def action_copy(self) -> None:
        """As matchers, which is how people search for it elsewhere."""
        silence = self._silence_here() if self._silences.display else None
        matchers = silence.matchers if silence is not None else _matchers(self._here())
        if matchers:
            self.copy(matchers_words(matchers))

    # Silences.

    def action_silence(self) -> None:
        """Silence it."""
        kept = self._silence_here() if self._silences.display else None
        matchers = kept.matchers if kept is not None else _matchers(self._here())
        if not matchers:
            self.say("No alert is here to be silenced.", "warning")
            return
        shown = self._caught(matchers)
        means = (f"Now it silences {_names(shown)}.", "Until it ends, nobody is told of what matches.")
        what = 'What (name="value", != for not, =~ for a pattern):'
        asks = (
            Ask("matchers", what, matchers_words(matchers), _checked(parse_matchers)),
            Ask("duration", "For how long (30m, 2h, 1d):", "2h", _checked(parse_duration)),
            Ask("comment", "Why, for whoever comes next:", check=_checked(hands.checked_comment)),
        )

        async def silence(answers: Answers) -> str:
            return await self._silence(answers, shown)

        self.ask_and_do(Deed("Silence", means, asks), silence)

    async def _silence(self, answers: Answers, shown: Sequence[ShownAlert]) -> str:
        matchers = parse_matchers(answers["matchers"])
        found = self._caught(matchers)
        if not {one.key for one in found} <= {one.key for one in shown}:
            means = (f"It silences {_names(found)}: more than was shown.",)
            deed = Deed("Silence more", means, typed=str(len(found)))
            if await self.app.push_screen_wait(DeedDialog(deed, self.context.network)) is None:
                return "Nothing was done."
        sources = self.context.hub.sources
        wish = Wish(matchers=matchers, duration=parse_duration(answers["duration"]), comment=answers["comment"])
        done = await hands.silence(await sources.watch(), await sources.db(), wish, person())
        return f"Silenced until {done.ends_at:%H:%M} UTC: {_names(found)}{_but(done)}."

    def action_expire(self) -> None:
        """End the silence."""
        silence = self._silence_here()
        if silence is None:
            self.say("No silence is here: Tab shows all.", "warning")
            return
        means = (
            safe(f"It lasts {silence_words(silence)}."),
            f"It silences {_names(self._caught(silence.matchers))}, of which people are told again at once.",
        )

        async def expire(_: Answers) -> str:
            sources = self.context.hub.sources
            done = await hands.expire(await sources.watch(), await sources.db(), silence, person())
            return f"The silence is ended{_but(done)}."

        self.ask_and_do(Deed(f"End the silence of {safe_text(matchers_words(silence.matchers), 40)}", means), expire)

    def _caught(self, matchers: Sequence[Matcher]) -> Sequence[ShownAlert]:
        seen = self.context.hub.alerts.snapshot.value
        return () if seen is None else tuple(caught(matchers, (*seen.alerts, *seen.watchdogs)))


def _matchers(alerts: Sequence[ShownAlert]) -> tuple[Matcher, ...]:
    """Those of one alert, or the labels that all have in common."""
    if not alerts:
        return ()
    first, *rest = (matchers_of(alert) for alert in alerts)
    return tuple(matcher for matcher in first if all(matcher in others for others in rest))


def _nothing() -> None:
    return


def _names(alerts: Sequence[ShownAlert]) -> str:
    if not alerts:
        return "nothing that is there now"
    counts: dict[str, int] = {}
    for alert in alerts:
        counts[alert.name] = counts.get(alert.name, 0) + 1
    named = [f"{name} ({count})" if count > 1 else name for name, count in counts.items()]
    rest = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return safe_text(f"{', '.join(named[:_NAMED])}{rest}", 120)


def _but(done: Done) -> str:
    return f", but not everywhere: {'; '.join(done.missing)}" if done.missing else ""


def _checked(read: Callable[[str], object]) -> Callable[[str], str | None]:
    """What is wrong with the words that `read` refuses, or None."""

    def check(words: str) -> str | None:
        try:
            read(words)
        except UsageError as error:
            return str(error)
        return None

    return check
