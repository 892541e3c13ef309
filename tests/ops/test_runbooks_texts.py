"""The runbooks' texts: each can be read, and every command, check and alert in them is one that there is."""

import re
import shlex
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import typer.main
from hypothesis import given
from hypothesis import strategies as st

from ops.commands import app
from ops.errors import UsageError
from ops.runbooks.book import Runbook, RunbookTextError, parse, runbook, runbooks
from ops.runbooks.checks import CHECKS

BOOKS = runbooks()
WANTED = ("oracle-down", "sentiment-slow", "randomness-late", "rpc-lag", "database-full", "redis-memory", "api-down")
WANTED = (*WANTED, "authority-change", "daily-on-call", "daily-operator", "daily-signer", "settlement-parked")
OTHERS = {"systemctl", "journalctl", "redis-cli", "psql", "df", "free", "curl"}
"""Programs of the host that a step may name."""
ROOT = Path(__file__).parents[2]
TEXTS = ROOT / "ops/runbooks/texts"


def test_every_runbook_that_is_promised_is_there() -> None:
    assert set(BOOKS) == set(WANTED)
    assert all(book.words and book.steps for book in BOOKS.values())


@pytest.mark.parametrize("book", BOOKS.values(), ids=lambda book: book.name)
def test_every_step_says_what_to_do_and_names_a_check_that_there_is(book: Runbook) -> None:
    for step in book.steps:
        assert step.check is None or step.check in CHECKS, f"{book.name}: {step.name} has no check {step.check!r}"
        assert step.commands or step.words


def test_every_check_is_used_by_a_runbook() -> None:
    assert {step.check for book in BOOKS.values() for step in book.steps} - {None} == set(CHECKS)


@pytest.mark.parametrize("book", BOOKS.values(), ids=lambda book: book.name)
def test_every_command_is_one_that_there_is(book: Runbook) -> None:
    for line in (line for step in book.steps for line in step.commands):
        words = shlex.split(line)
        assert words[0] in OTHERS | {"opinion"}, line
        if words[0] == "opinion":
            _parse(line, words[1:])


def _parse(line: str, words: list[str]) -> None:
    """As the command line itself takes it apart, without doing it."""
    command: Any = typer.main.get_command(app)
    context = typer.Context(command, info_name="opinion")
    while hasattr(command, "commands"):
        assert words, f"{line}: a command is missing"
        assert words[0] in command.commands, f"{line}: there is no {words[0]}"
        command = command.commands[words[0]]
        context = typer.Context(command, info_name=words.pop(0), parent=context)
    try:
        command.parse_args(context, words)
    except Exception as error:
        pytest.fail(f"{line}: {error}")


def test_a_command_that_is_none_is_found() -> None:
    with pytest.raises(AssertionError, match="there is no settel"):
        _parse("opinion settel M", ["settel", "M"])
    with pytest.raises(pytest.fail.Exception, match="No such option"):
        _parse("opinion status --nope", ["status", "--nope"])


def test_every_runbook_that_an_alert_names_is_there() -> None:
    rules = (ROOT / "monitoring/rules/localnet.yml").read_text()
    named = dict(re.findall(r"- alert: (\w+)(?:(?!- alert:)[\s\S])*?runbook: ([\w-]+)", rules))
    assert named
    for alert, name in named.items():
        assert alert in BOOKS[name].alerts, f"{name} does not say that {alert} leads to it"


def _anchors(text: str) -> set[str]:
    """As a forge makes them of headings."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _broken(file: Path, text: str) -> list[str]:
    """The links of a text that lead nowhere."""
    found: list[str] = []
    for link in re.findall(r"\]\(([^)]+)\)", text):
        path, _, anchor = link.partition("#")
        target = (file.parent / path).resolve()
        if not target.is_file() or (anchor and anchor not in _anchors(target.read_text())):
            found.append(link)
    return found


@pytest.mark.parametrize("name", BOOKS)
def test_every_link_leads_somewhere(name: str) -> None:
    file = TEXTS / f"{name}.md"
    assert _broken(file, file.read_text()) == []


def test_a_link_that_leads_nowhere_is_found() -> None:
    text = "[a](none.md) [b](rpc-lag.md#nothing) [c](rpc-lag.md#see-which-node-it-is)"
    assert _broken(TEXTS / "rpc-lag.md", text) == ["none.md", "rpc-lag.md#nothing"]


def test_the_oracles_guide_leads_to_every_runbook() -> None:
    guide = ROOT / "docs/oracle.md"
    linked = re.findall(r"\(\.\./ops/runbooks/texts/([\w-]+)\.md\)", guide.read_text())
    assert set(linked) == set(BOOKS)


def test_a_name_may_be_cut_short_where_one_begins_so() -> None:
    assert runbook("oracle").name == "oracle-down"
    with pytest.raises(UsageError, match=r"^there is no runbook 'daily': there are daily-on-call, daily-operator"):
        runbook("daily")
    with pytest.raises(UsageError, match="there are api-down"):
        runbook("nothing")
    with pytest.raises(UsageError, match=r"^rpc-lag has no step 'x': it has 1 to 4$"):
        runbook("rpc-lag").step("x")
    assert runbook("rpc-lag").step("2") == runbook("rpc-lag").step("one-answers-at-least")


GOOD = """# A title

- For: on-call
- Alerts: One, Two

What one sees,
on two lines.

## Look at it!

- Check: rpc

- First [this](rpc-lag.md#there)
- Then that

```sh
opinion status

# said, not typed
```
"""


def test_a_text_is_taken_apart() -> None:
    book = parse("name", GOOD)
    assert (book.title, book.whose, book.alerts) == ("A title", "on-call", ("One", "Two"))
    assert book.words == ("What one sees, on two lines.",)
    [step] = book.steps
    assert (step.name, step.title, step.check) == ("look-at-it", "Look at it!", "rpc")
    assert step.words == ("- First this", "- Then that")
    assert step.commands == ("opinion status", "# said, not typed")
    assert parse("name", GOOD + "\n").digest != book.digest


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "needs a title and at least one step"),
        ("# A title\n\n- For: me\n", "needs a title and at least one step"),
        ("# A title\n\n## Step\n\nWords.\n", "must say whose it is"),
        (GOOD + "\n## Look at it\n\nAgain.\n", "have the same name"),
        (GOOD + "\n## Another\n\n- Check: rpc\n", "says nothing"),
        (GOOD + f"\n## {'long ' * 20}\n\nWords.\n", "too long"),
        (GOOD + "\n```sh\nopinion\n", "does not end"),
    ],
)
def test_a_text_that_is_not_written_so_is_refused(text: str, words: str) -> None:
    with pytest.raises(RunbookTextError, match=words):
        parse("name", text)


@given(st.text(alphabet="#-` \nabc:Check", max_size=200))
def test_any_text_is_a_runbook_or_refused(text: str) -> None:
    try:
        book = parse("name", GOOD + text)
    except RunbookTextError:
        return
    assert all(step.name and (step.words or step.commands) for step in book.steps)


def test_the_texts_are_packed_with_the_code() -> None:
    assert {f"{name}.md" for name in BOOKS} <= {file.name for file in files("ops.runbooks.texts").iterdir()}
    packed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    assert packed["ops.runbooks.texts"] == ["*.md"]
