"""Everything that keys do, in one table: bindings, palette, help and what a role may do derive from it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Self


class Need(Enum):
    """What an action takes: to see, to go through a runbook, to operate, to sign; or a recording that is replayed."""

    VIEW = "view"
    MARK = "mark"
    REPLAY = "replay"
    OPERATE = "operate"
    SIGN = "sign"


class Role(Enum):
    """Who sits at the console, and what that allows."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    SIGNER = "signer"

    def may(self, need: Need) -> bool:
        """Whether this role allows what an action needs."""
        return need in _ALLOWED[self]


_ALLOWED = {
    Role.VIEWER: {Need.VIEW},
    Role.OPERATOR: {Need.VIEW, Need.MARK, Need.OPERATE},
    Role.SIGNER: {Need.VIEW, Need.MARK, Need.SIGN},
}


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a person can do. `id` is `screen.what`, or `app.what` for what works everywhere."""

    id: str
    keys: str
    """Textual's names, separated by commas; the first is the one shown."""
    words: str
    """One or two words, for the last line."""
    explains: str
    """A sentence, for help and palette."""
    need: Need = Need.VIEW
    shown: bool = True
    """Whether the last line shows it; help and palette always do."""

    @property
    def screen(self) -> str:
        """The screen it belongs to; `app` for every one."""
        return self.id.partition(".")[0]

    @property
    def name(self) -> str:
        """What it is called on its screen."""
        return self.id.partition(".")[2]

    def with_keys(self, keys: str) -> Self:
        """Return the action under other keys."""
        return replace(self, keys=keys)

    @property
    def key(self) -> str:
        """The key as the last line and help show it."""
        return shown_key(self.keys.partition(",")[0])


_SHOWN_KEYS = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "escape": "Esc",
    "enter": "Enter",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "space": "Space",
    "tab": "Tab",
}


def shown_key(key: str) -> str:
    """Return Textual's name of a key as people write it."""
    control, plus, letter = key.partition("+")
    if control == "ctrl" and plus:
        return f"Ctrl+{letter.upper() if len(letter) == 1 else letter}"
    return _SHOWN_KEYS.get(key, key)


def _goto(number: int, screen: str, words: str) -> Action:
    return Action(f"app.goto_{screen}", str(number), words, f"Go to {words}.", shown=False)


OPERATE = Need.OPERATE
MARK = Need.MARK
REPLAY = Need.REPLAY
SIGN = Need.SIGN
ACTIONS: tuple[Action, ...] = (
    Action("app.help", "question_mark,f1", "help", "Show what this screen is and what its keys do."),
    Action("app.command", "colon", "go", "Go anywhere, do anything: type its name; Tab completes."),
    Action("app.filter", "slash", "filter", "Show only what matches, as you type.", shown=False),
    Action("app.palette", "ctrl+p", "palette", "Find an action by its words.", shown=False),
    Action("app.back", "escape", "back", "Back to where you came from, or clear the filter.", shown=False),
    Action("app.quit", "q", "quit", "Leave the console; asks only where something would be lost."),
    Action("app.refresh", "ctrl+r,ctrl+l", "read again", "Read and paint this screen again, now.", shown=False),
    Action("app.theme", "T", "theme", "The next theme: dark, light, plain.", shown=False),
    Action("app.hold", "H", "hold", "Hold the whole oracle, on every host, at once.", OPERATE, False),
    Action("app.resume", "R", "resume", "Lift the hold.", OPERATE, False),
    Action("app.replay_pause", "P", "pause", "Let the recording stand still, or go on.", REPLAY),
    Action("app.replay_back", "left_square_bracket", "-1 min", "A minute back in the recording.", REPLAY),
    Action("app.replay_on", "right_square_bracket", "+1 min", "A minute on in the recording.", REPLAY),
    Action("app.replay_faster", "greater_than_sign", "speed", "As fast as it was, ten or sixty times as fast.", REPLAY),
    _goto(1, "overview", "Overview"),
    _goto(2, "markets", "Markets"),
    _goto(3, "queue", "Queue"),
    _goto(4, "alerts", "Alerts"),
    _goto(5, "signers", "Signers"),
    _goto(6, "deploys", "Deploys"),
    _goto(7, "runbooks", "Runbooks"),
    _goto(8, "audit", "Audit"),
    Action("overview.open", "enter", "open", "Open the screen behind this line."),
    Action("markets.open", "enter", "open", "Show the market with its settlement."),
    Action("markets.sort", "s", "sort", "Sort by the next column."),
    Action("markets.next_needed", "n", "next !", "Go on to the next that is parked, fails or waits for a person."),
    Action("markets.last_needed", "N", "last !", "Go back to the one before that.", shown=False),
    Action("markets.reverse", "S", "reverse", "Turn the order round.", shown=False),
    Action("markets.copy", "y", "copy", "Copy the market's address.", shown=False),
    Action("market.settle", "s", "settle", "Queue the settlement now.", OPERATE),
    Action("market.retry", "r", "retry", "Make a parked settlement go on, with new attempts.", OPERATE),
    Action("market.park", "p", "park", "Stop the settlement until a person lets it go on.", OPERATE),
    Action("market.verify", "v", "verify", "Recompute score, randomness and winner from the chain and the record."),
    Action("market.reanalyse", "a", "analyse", "Score its opinions again as a dry run: nothing is recorded.", OPERATE),
    Action("market.copy", "y", "copy", "Copy the signature, staker, hash or winner shown, or the market's address."),
    Action("market.explorer", "o", "explorer", "Open the market in the explorer, or copy its address on the web."),
    Action("market.next", "tab", "section", "The next section.", shown=False),
    Action("queue.open", "enter", "open", "Show all that is known of it; of a failed job the traceback."),
    Action("queue.next", "tab", "section", "From the jobs to the workers to the queues."),
    Action("queue.requeue", "r", "requeue", "Queue the failed job once more.", OPERATE),
    Action("queue.forget", "x", "forget", "Forget the failed job, its market stays as it is.", OPERATE, False),
    Action("queue.cancel", "c", "cancel", "Keep the job from being done: its market is parked.", OPERATE),
    Action("queue.drain", "d", "drain", "Have the worker end what it has in hand, and take no more jobs.", OPERATE),
    Action("queue.pause", "p", "pause", "Pause the queue, on every host.", OPERATE),
    Action("queue.go_on", "u", "go on", "Let the paused queue, or the drained worker, go on.", OPERATE),
    Action("queue.start", "n", "start", "Start a job of the oracle by hand.", OPERATE),
    Action("queue.market", "m", "market", "Show the job's market with its settlement.", shown=False),
    Action("queue.sort", "s", "sort", "Sort by the next column.", shown=False),
    Action("queue.reverse", "S", "reverse", "Turn the order round.", shown=False),
    Action("queue.copy", "y", "copy", "Copy the name of the job, the worker or the queue.", shown=False),
    Action("alerts.open", "enter", "open", "Show the alert in full with its value over time; open and close a group."),
    Action("alerts.runbook", "r", "runbook", "Go to the alert's runbook."),
    Action("alerts.silence", "s", "silence", "Silence the alert, or what its group has in common.", OPERATE),
    Action("alerts.expire", "e", "expire", "End the silence, or the one that silences this alert.", OPERATE),
    Action("alerts.suppressed", "x", "suppressed", "Show or hide what is silenced or inhibited, and why."),
    Action("alerts.next", "tab", "silences", "From the alerts to the silences, and back."),
    Action("alerts.copy", "y", "copy", "Copy the alert's labels, or the silence's matchers.", shown=False),
    Action("runbooks.open", "enter", "open", "Open the runbook; a step in full, with what was said of it."),
    Action("runbooks.start", "s", "start", "Start a run, which others see and go on with.", MARK),
    Action("runbooks.check", "c", "check", "Write down what the step's check finds.", MARK),
    Action("runbooks.done", "d", "done", "Mark the step done.", MARK),
    Action("runbooks.failing", "f", "fails", "Mark the step failing, and say why.", MARK),
    Action("runbooks.skip", "x", "skip", "Skip the step, and say why.", MARK, False),
    Action("runbooks.note", "n", "note", "Write a note to the step.", MARK, False),
    Action("runbooks.end", "e", "end", "End the run, and say what came of it.", MARK),
    Action("runbooks.copy", "y", "copy", "Copy the step's commands."),
    Action("runbooks.seen", "l", "last run", "Show what was seen in the newest run, as Markdown.", shown=False),
    Action("signers.read", "v", "read", "Read a proposal: what it does, whether it may be approved, its eight words."),
    Action("signers.approve", "a", "approve", "Read proposals and approve them with your key.", SIGN),
    Action("signers.reject", "x", "reject", "Read proposals and reject them, with the reason.", SIGN),
    Action("signers.cancel", "c", "call off", "Call off what is approved and not executed yet.", SIGN, False),
    Action("signers.execute", "e", "execute", "Do what is approved, once its time lock has passed.", SIGN, False),
    Action("signers.copy", "y", "copy", "Copy the members' and the program's keys.", shown=False),
    Action("deploys.copy", "y", "copy", "Copy the hash of what is deployed.", shown=False),
    Action("audit.open", "enter", "open", "Show the act whole, with its hash and the one before it."),
    Action("audit.older", "o", "older", "Look at older acts."),
    Action("audit.timeline", "t", "timeline", "Tell what happened between two times, as Markdown."),
    Action("audit.handover", "h", "handover", "Write what the next shift has to know, as Markdown."),
    Action("audit.market", "m", "market", "Show the act's market with its settlement.", shown=False),
    Action("audit.copy", "y", "copy", "Copy the act.", shown=False),
)


def actions_of(screen: str) -> tuple[Action, ...]:
    """The screen's own actions, in the order in which they are shown."""
    return tuple(action for action in ACTIONS if action.screen == screen)


def by_id(action_id: str) -> Action:
    """Return the action of this id (KeyError)."""
    return _BY_ID[action_id]


def known(action_id: str) -> bool:
    """Whether there is an action of this id."""
    return action_id in _BY_ID


def permitted(actions: Iterable[Action], role: Role, *, read_only: bool) -> tuple[Action, ...]:
    """Those that this person may do here."""
    return tuple(action for action in actions if allows(action, role, read_only=read_only))


def allows(action: Action, role: Role, *, read_only: bool) -> bool:
    """Whether this person may do this here."""
    return action.need is Need.VIEW or (not read_only and role.may(action.need))


_BY_ID = {action.id: action for action in ACTIONS}
