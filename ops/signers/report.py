"""Councils and proposals as plain lines, and as JSON. Pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from chain.checks import Result
from chain.multisig.model import Proposal
from chain.multisig.roster import Council
from chain.multisig.rules import missing_approvals
from chain.units import UnixTime, sol
from ops.signers.asking import CouncilSeen
from ops.signers.reading import Reading
from ops.signers.words import ago, roles
from ops.verification import check_line


def council_lines(seen: CouncilSeen, agent: str | None = None) -> Iterator[str]:
    """Yield the council: what differs from the roster first, then who is ready, then what is open.

    `agent` is what the ssh-agent of this session holds, in words.
    """
    multisig = seen.multisig
    yield f"{seen.name}: {multisig.threshold} of {len(multisig.voters)} decide, multisig {multisig.address}"
    for words in seen.differences:
        yield f"  DIFFERS from the roster: {words}"
    if multisig.time_lock:
        yield f"  {multisig.time_lock} s have to pass between approval and execution"
    for seat in seen.seats:
        ready = "ready" if seat.ready else ("no vote" if "vote" not in roles(seat.roles) else "NEEDS SOL")
        yield (
            f"  {seat.person.name:<12} {seat.person.region:<12} {ready:<9} {sol(seat.balance):>16}  "
            f"{ago(_time(seat.seen_at), _time(seen.now)):<16} may {roles(seat.roles)}  {seat.key}"
        )
    if agent is not None:
        yield f"  {agent}"
    if not seen.open:
        yield "  nothing waits for signatures"
    for proposal in seen.open:
        yield f"  proposal {proposal.index}: {proposal_words(seen, proposal)}"


def proposal_lines(council: Council, shown: Sequence[Proposal]) -> Iterator[str]:
    """Yield a line for each proposal: its number, how it stands, who said what in the roster's order."""
    order = {key: place for place, key in enumerate(council.people)}
    for one in shown:
        said = [
            f"{verb} by {', '.join(map(council.name, sorted(keys, key=lambda key: order.get(key, len(order)))))}"
            for verb, keys in (
                ("approved", one.approved),
                ("rejected", one.rejected),
                ("called off", one.cancelled),
            )
            if keys
        ]
        since = "" if one.since is None else f" since {datetime.fromtimestamp(one.since, UTC):%Y-%m-%d %H:%M} UTC"
        yield f"proposal {one.index}: {one.status.value}{since}, {'; '.join(said) or 'nobody has voted'}"


def proposals_report(shown: Sequence[Proposal]) -> list[dict[str, Any]]:
    """Return the proposals for programs."""
    return [
        {
            "number": one.index,
            "status": one.status.value,
            "since": one.since,
            "approved": [str(key) for key in one.approved],
            "rejected": [str(key) for key in one.rejected],
            "cancelled": [str(key) for key in one.cancelled],
        }
        for one in shown
    ]


def proposal_words(seen: CouncilSeen, proposal: Proposal) -> str:
    """Return how an open proposal stands, in a few words."""
    lacks = missing_approvals(seen.multisig, proposal)
    since = "" if proposal.since is None else f" since {datetime.fromtimestamp(proposal.since, UTC):%Y-%m-%d %H:%M} UTC"
    said = ", ".join(seen.council.name(key) for key in proposal.approved) or "nobody"
    return f"{proposal.status.value}{since}, {lacks} approvals missing, approved by {said}"


def reading_lines(reading: Reading) -> Iterator[str]:
    """Yield everything that a signer has to see before they vote."""
    stored = reading.stored
    yield f"Proposal {reading.number} of multisig {stored.multisig}"
    yield f"  {reading.standing()}"
    yield f"  proposed by {reading.names([stored.creator])}; approved by {reading.names(reading.proposal.approved)}"
    yield "It"
    for deed in reading.deeds:
        yield f"  {deed.words}"
        for account in deed.accounts:
            yield f"    {account}"
    for check in reading.checks:
        yield f"  {check_line(check)}"
    for words in reading.warnings:
        yield f"Mind: {words}"
    for words in reading.refusals:
        yield f"DO NOT APPROVE: {words}"
    yield f"payload SHA-256 {stored.payload_hash.hex()}"
    yield f"say on the call: {reading.words}"


def table_lines(readings: Sequence[Reading], words: str) -> Iterator[str]:
    """Yield several proposals as a table, a line each with its checks, and why any of them must not be approved."""
    for reading in readings:
        made = len(reading.checks)
        held = sum(check.result is Result.OK for check in reading.checks)
        checks = f"{held} of {made} checks hold" if made else "nothing to check"
        does = "; ".join(deed.words for deed in reading.deeds) or "is not understood"
        yield f"{reading.number:>6}  {does}; {checks}; {reading.standing()}"
        for check in reading.checks:
            if check.name == "crowd":
                yield f"        {check.words}"
        for refusal in reading.refusals:
            yield f"        DO NOT APPROVE: {refusal}"
    for mind in dict.fromkeys(mind for reading in readings for mind in reading.warnings):
        yield f"Mind: {mind}"
    numbers = " ".join(str(reading.number) for reading in readings)
    yield f"say on the call, of {numbers} together: {words}"


def council_report(seen: CouncilSeen) -> dict[str, Any]:
    """Return the council for programs."""
    return {
        "council": seen.name,
        "multisig": str(seen.multisig.address),
        "threshold": seen.multisig.threshold,
        "time_lock_seconds": seen.multisig.time_lock,
        "differences": list(seen.differences),
        "ready": seen.ready,
        "members": [
            {
                "name": seat.person.name,
                "region": seat.person.region,
                "key": str(seat.key),
                "may": roles(seat.roles),
                "lamports": seat.balance,
                "ready": seat.ready,
                "seen_at": seat.seen_at,
            }
            for seat in seen.seats
        ],
        "open": [
            {
                "number": one.index,
                "status": one.status.value,
                "since": one.since,
                "approved": [str(key) for key in one.approved],
                "lacks": missing_approvals(seen.multisig, one),
            }
            for one in seen.open
        ],
    }


def reading_report(reading: Reading) -> dict[str, Any]:
    """Return the proposal for programs."""
    return {
        "number": reading.number,
        "status": reading.proposal.status.value,
        "standing": reading.standing(),
        "does": [{"words": deed.words, "accounts": list(deed.accounts)} for deed in reading.deeds],
        "checks": [
            {"name": check.name, "result": check.result.value, "words": check.words} for check in reading.checks
        ],
        "warnings": list(reading.warnings),
        "refusals": list(reading.refusals),
        "payload_hash": reading.stored.payload_hash.hex(),
        "words": reading.words,
    }


def _time(at: UnixTime | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)
