"""What the signers' screen asks before somebody reads or votes, and what comes of it."""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from console.text import safe
from console.widgets.dialog import Answers, Ask, Deed
from ops.errors import UsageError
from ops.signers.acts import Act, Prepared, prepared
from ops.signers.asking import one_of, tables
from ops.signers.backends import signer_of
from ops.signers.report import reading_lines, table_lines
from settings import Settings
from store.database import Database

Confirm = Callable[[Deed, str], Awaitable[bool]]
"""Shows a text to read and then a deed, and says whether the person wants it."""
Say = Callable[[str], None]
_WHERE = Ask("signer", "Where your key is (agent, agent:KEY, ledger, or a keypair file):", "agent")
_MEMO = Ask("memo", "Why, for the others:", check=lambda words: None if words else "A reason is needed.")
_VERBS = {Act.APPROVE: "Approve", Act.REJECT: "Reject", Act.CANCEL: "Call off", Act.EXECUTE: "Execute"}


def numbers_of(words: str) -> list[int]:
    """The numbers in what was typed, apart by blanks or commas. Raises UsageError."""
    found = words.replace(",", " ").split()
    if not found or not all(word.isascii() and word.isdigit() and int(word) for word in found):
        raise UsageError("Give the proposals' numbers, such as 12 or 12 13.")
    return [int(word) for word in found]


def reading_ask(council: str, first: int | None) -> Deed:
    """Which proposal to read."""
    asks = (Ask("number", "The proposal's number:", "" if first is None else str(first), _numbers_are_wrong),)
    return Deed(f"Read a proposal of the {council} multisig", ("Nothing is signed: it is read, and judged.",), asks)


def vote_ask(act: Act, council: str) -> Deed:
    """Which proposals to vote on, which nobody chooses for the signer, and with which key."""
    asks = [Ask("numbers", "The proposals' numbers:", check=_numbers_are_wrong), _WHERE]
    if act is Act.REJECT:
        asks.append(_MEMO)
    means = ("They are read from the chain first, and shown. Nothing is signed before you have typed a word of it.",)
    return Deed(f"{_VERBS[act]} proposals of the {council} multisig", means, tuple(asks))


def _numbers_are_wrong(words: str) -> str | None:
    try:
        numbers_of(words)
    except UsageError as error:
        return str(error)
    return None


async def read(settings: Settings, db: Database, council: str, words: str) -> tuple[str, str]:
    """Return a proposal's title and everything that a signer has to see. Raises what `Table.reading` raises."""
    [number, *_] = numbers_of(words)
    async with tables(settings) as found:
        reading = await one_of(found, council).reading(number, db)
    title = f"Proposal {number}: DO NOT APPROVE" if reading.refusals else f"Proposal {number}"
    return title, _safe(reading_lines(reading))


async def vote(
    settings: Settings, db: Database, act: Act, council: str, answers: Answers, confirm: Confirm, say: Say
) -> str:
    """Read, have it confirmed, and vote; returns what came of it. Raises what `prepared` and `make` raise."""
    async with tables(settings) as found:
        table = one_of(found, council)
        signer = await signer_of(answers["signer"], table.council, say)
        made = await prepared(table, act, numbers_of(answers["numbers"]), signer, db, memo=answers.get("memo") or None)
        if not await confirm(_confirmation(made), _safe(_shown(made))):
            return "Nothing was signed."
        sent = await made.make(db)
        return f"{_VERBS[act]}: done by {table.council.name(signer.public_key)}, {sent.signature}."


def _shown(made: Prepared) -> Sequence[str]:
    readings = made.readings
    return list(reading_lines(readings[0]) if len(readings) == 1 else table_lines(readings, made.words))


def _confirmation(made: Prepared) -> Deed:
    """What is about to be signed; its words are read off this screen, never off a message."""
    told = ", ".join(str(reading.number) for reading in made.readings)
    means = [f"{reading.number}: {safe(deed.words)}." for reading in made.readings for deed in reading.deeds]
    means.append(f"The eight words are: {made.words}. Everybody on the call has the same.")
    return Deed(f"{_VERBS[made.act]} proposal {told}", tuple(means), typed=made.words.split()[0])


def _safe(lines: Iterable[str]) -> str:
    return "\n".join(safe(line) for line in lines)
