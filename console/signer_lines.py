"""The blocks of the signers' screen. Pure."""

from datetime import datetime

from textual.content import Content

from chain.multisig.model import Status
from chain.units import sol
from console.text import safe_text
from ops.signers.standing import CouncilStanding, Waiting
from ops.signers.words import ago
from ops.standing import Authority


def council_block(found: CouncilStanding) -> Content:
    """Return one council: what is not as agreed on first, then who could vote, then what waits for them."""
    lines = [Content.styled(f"{found.name} multisig {safe_text(found.address, 60)}", "bold")]
    if found.why is not None:
        return Content("\n").join([*lines, Content.styled(safe_text(found.why, 300), "$warning"), Content("")])
    lines += [Content.styled(f"NOT AS AGREED: {safe_text(words, 300)}", "$error") for words in found.differences]
    lock = f", {found.time_lock} s between approval and execution" if found.time_lock else ""
    decide = f"{found.threshold} {'decides' if found.threshold == 1 else 'decide'}"
    lines.append(Content(f"{decide}, {found.ready} {'is' if found.ready == 1 else 'are'} ready{lock}"))
    for seat in found.seats:
        state = "ready" if seat.ready else "may not vote" if not seat.votes else "NEEDS SOL"
        style = "$warning" if seat.votes and not seat.ready else ""
        words = f"  {safe_text(seat.name, 14):<14} {safe_text(seat.region, 12):<12} {state:<12} {sol(seat.balance):>15}"
        words += f"  {ago(seat.seen_at, found.now)}"
        lines.append(Content.styled(words, style) if style else Content(words))
    if found.agent is not None:
        lines.append(Content(f"  {safe_text(found.agent, 300)}"))
    for one in found.open:
        lines.append(Content(f"  proposal {one.number}: {safe_text(_waiting(one, found.now), 300)}"))
    if not found.open:
        lines.append(Content("  nothing waits for signatures"))
    return Content("\n").join([*lines, Content("")])


def _waiting(one: Waiting, now: datetime | None) -> str:
    if one.stale and one.status is not Status.APPROVED:
        return "stale: nobody can vote on it any more"
    if one.status is Status.APPROVED:
        left = 0 if now is None or one.free_at is None else int((one.free_at - now).total_seconds())
        return "approved: it can be executed" if left <= 0 else f"approved, under its time lock for {left} s more"
    since = "" if one.since is None else f" since {one.since:%H:%M} UTC"
    return f"{one.status.value}{since}, lacks {one.lacks}: ask {', '.join(one.asked) or 'nobody'}"


def authority_lines(found: Authority) -> str:
    """Return what one authority is, has and may."""
    key = "nobody" if found.key is None else str(found.key)
    return f"{found.role:<18} {safe_text(key, 60)}\n{'':<18} {found.words()}\n{'':<18} may {found.may}"
