"""The gates before a deploy as plain lines, and as JSON. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

from ops.deploy.gates import Verdict
from ops.terminal import paragraphs

_STATE, _GATE = 7, 11


def gate_lines(found: Sequence[Verdict], width: int | None) -> Iterator[str]:
    """Yield each gate, with why it is open or what it lacks, in lines of at most `width` columns."""
    rest = " " * (_STATE + _GATE)
    for one in found:
        state = ("WAIVED" if one.waived else "open") if one.open else "SHUT"
        until = "" if one.until is None else f", until {one.until:%Y-%m-%d %H:%M} UTC"
        told = [
            one.rule.wants,
            f"{one.words}{until}",
            *(f"evidence {each.id}, by {each.owner}" for each in one.evidence),
        ]
        yield paragraphs(told, width, first=f"{state:<{_STATE}}{one.rule.gate:<{_GATE}}", rest=rest)
    shut = sum(not one.open for one in found)
    yield f"{shut} of {len(found)} gates are shut." if shut else "No gate stands in the way."


def gates_report(network: str, artefact: str, found: Sequence[Verdict]) -> dict[str, Any]:
    """Return the gates for programs."""
    return {
        "network": network,
        "artefact": artefact,
        "open": all(one.open for one in found),
        "gates": [
            {
                "gate": one.rule.gate,
                "wants": one.rule.wants,
                "open": one.open,
                "waived": one.waived,
                "words": one.words,
                "until": None if one.until is None else one.until.isoformat(),
                "evidence": [{"id": each.id, "owner": each.owner, "document": each.document} for each in one.evidence],
            }
            for one in found
        ],
    }
