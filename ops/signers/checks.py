"""What a score and an upgrade are held to before somebody signs: the market and its analysis, the buffer's bytes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from solders.pubkey import Pubkey

from chain.accounts import Market
from chain.checks import Check, Result, passed_if
from chain.constants import REQUEST_DEADLINE, MarketState
from chain.decoding.model import Decoded
from chain.errors import AccountError
from chain.evidence import Evidence
from chain.loader import Buffer, decode_loader_account, executable_hash
from chain.market_reader import read_evidence
from chain.rpc import Rpc
from chain.units import Seconds, UnixTime
from chain.witnesses import agreed
from ops.errors import OperatorError
from ops.localnet import PROGRAM_FILE

SOON = Seconds(2 * 86_400)
"""So long before its market's deadline a signer is told of it."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What a signer got by another way than this host: a score's analysis record, a program that they built."""

    record: bytes | None = None
    artefact: Path | None = None


NOTHING = Brought()


def brought(record: Path | None, artefact: Path | None) -> Brought:
    """Return what lies in these files. Raises OperatorError where the record cannot be read."""
    try:
        return Brought(None if record is None else record.read_bytes(), artefact)
    except OSError as error:
        raise OperatorError(f"The record {record} cannot be read ({error.strerror}): name another.") from None


@dataclass(frozen=True, slots=True)
class ScoreLooked:
    """The checks of a score, and when its market's stakes can be given back instead, None where that is past."""

    checks: tuple[Check, ...]
    deadline: UnixTime | None


async def score_checks(rpc: Rpc, program: Pubkey, one: Decoded, record: bytes | None) -> ScoreLooked:
    """The market as it stands, and the analysis record computed again here from its opinions.

    Raises EndpointsDisagree, AccountError and RpcError.
    """
    from oracle.analysis.verify import record_checks

    address, said = one.account("market"), one.arguments

    async def ask(view: Rpc) -> Evidence:
        return await read_evidence(view, address, program, history=False)

    # One node could leave opinions out, or show a market that was never closed.
    evidence = await agreed(rpc, f"market {address}", ask)
    market = evidence.market
    closed = isinstance(market, Market) and market.state is MarketState.CLOSED
    state = market.state.name.lower() if isinstance(market, Market) else "finished"
    checks = [
        passed_if(
            "market",
            closed,
            f"Market {address} is closed and waits for its score.",
            f"Market {address} is {state}: no score can be recorded for it.",
        )
    ]
    if not isinstance(market, Market):
        return ScoreLooked(tuple(checks), None)
    deadline = UnixTime(market.closes_at + REQUEST_DEADLINE) if closed else None
    if record is None:
        words = "There is no analysis record of it here: ask the operator for it, and do not approve without."
        return ScoreLooked((*checks, passed_if("record", False, "", words)), deadline)
    proposed = replace(market, score=said["score"], confidence=said["confidence"], summary_hash=said["summary_hash"])
    checks += record_checks(record, replace(evidence, market=proposed))
    return ScoreLooked((*checks, *_crowd(record)), deadline)


def lateness(deadline: UnixTime | None, now: UnixTime, time_lock: Seconds) -> Iterator[str]:
    """Yield that a market's deadline is near, or passes before the time lock does."""
    if deadline is None or deadline - now > max(SOON, time_lock):
        return
    at = f"{datetime.fromtimestamp(deadline, UTC):%Y-%m-%d %H:%M} UTC"
    if deadline <= now:
        yield f"since {at} anybody may have the market's stakes given back, so that its score comes too late"
    elif time_lock and deadline - now <= time_lock:
        yield f"the time lock of {time_lock} s ends after {at}, when the market's stakes can be given back instead"
    else:
        yield f"after {at}, in {(deadline - now) // 3_600} h, the market's stakes can be given back instead"


def _crowd(document: bytes) -> list[Check]:
    """What the record says of how far the crowd, the panel and the texts can be trusted."""
    from oracle.analysis.record import AnalysisRecord, RecordError

    try:
        record = AnalysisRecord.from_document(document)
    except RecordError:
        return []
    flagged = sum(bool(opinion.flags) for opinion in record.opinions)
    crowd = record.crowd
    words = (
        f"{crowd.count} opinions with {crowd.coverage / 100:.2f} % of the stake were scored by a panel of "
        f"{len(record.panel)}, whose members lie {crowd.disagreement} points apart; {len(record.outliers)} are "
        f"outliers, {flagged} are flagged, {len(record.left_out)} were left out; the statement is "
        f"{'FLAGGED' if record.statement_flagged else 'not flagged'}."
    )
    return [Check("crowd", Result.OK, words)]


async def upgrade_checks(rpc: Rpc, program: Pubkey, vault: Pubkey, one: Decoded, artefact: Path | None) -> list[Check]:
    """The buffer against a program: the one that the signer built, or the one that came with this software.

    Raises OperatorError where it cannot be read, EndpointsDisagree and RpcError.
    """
    buffer_at, upgraded = one.account("buffer"), one.account("program")
    checks = [
        passed_if(
            "program",
            upgraded == program,
            "It upgrades our program.",
            f"It upgrades {upgraded}, which is not our program {program}.",
        )
    ]

    async def ask(view: Rpc) -> Buffer | None:
        account = await view.account(buffer_at)
        found = None if account is None else decode_loader_account(account.owner, account.data)
        return found if isinstance(found, Buffer) else None

    # One node could show the program that is expected in the place of what the buffer holds.
    try:
        found = await agreed(rpc, f"buffer {buffer_at}", ask)
    except AccountError:
        found = None
    if found is None:
        return [*checks, passed_if("buffer", False, "", f"There is no buffer at {buffer_at}.")]
    source, expected = _expected(artefact)
    hashed = executable_hash(found.executable)
    checks.append(
        passed_if(
            "buffer",
            expected == hashed,
            f"The buffer holds {source}, SHA-256 {hashed}.",
            f"The buffer holds SHA-256 {hashed}, {source} {expected}: refuse it.",
        )
    )
    checks.append(
        passed_if(
            "buffer's authority",
            found.authority == vault,
            "Only the multisig's vault can change the buffer.",
            f"{found.authority} can change the buffer until it is executed: it has to be handed to {vault} first.",
        )
    )
    return checks


def _expected(artefact: Path | None) -> tuple[str, str | None]:
    """What the buffer has to hold, and its hash."""
    if artefact is None:
        built = executable_hash(PROGRAM_FILE.read_bytes()) if PROGRAM_FILE.is_file() else None
        return "the program that came with this software", built
    try:
        return f"the program in {artefact.name}", executable_hash(artefact.read_bytes())
    except OSError as error:
        raise OperatorError(f"The artefact {artefact} cannot be read ({error.strerror}): name another.") from None
