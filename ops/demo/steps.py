"""One step of the demo as data, and how it reads as JSON and on a terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chain.units import ComputeUnits, UsdcUnits, usdc
from ops.terminal import paragraphs


@dataclass(frozen=True)
class Step:
    """What happened, in words; the transaction that did it, where one did; who holds what afterwards.

    `details` are more words, a line each. `balances` are USDC by holder. `facts` are what the step is about (a score,
    a draw), as JSON can say them.
    `ok` is None where the step has nothing to judge.
    """

    name: str
    words: str
    signature: str | None = None
    compute_units: ComputeUnits | None = None
    details: Sequence[str] = ()
    balances: Mapping[str, UsdcUnits] = field(default_factory=dict[str, UsdcUnits])
    facts: Mapping[str, object] = field(default_factory=dict[str, object])
    ok: bool | None = None


def as_json(step: Step) -> dict[str, object]:
    """Return the step as one JSON object; amounts are base units."""
    judged = {} if step.ok is None else {"ok": step.ok}
    return {
        "step": step.name,
        **judged,
        "words": step.words,
        "details": list(step.details),
        "signature": step.signature,
        "compute_units": step.compute_units,
        "balances": dict(step.balances),
        **step.facts,
    }


def as_text(number: int, step: Step, width: int | None) -> str:
    """Return the step as people read it: words, evidence, and the signature whole on a line of its own."""
    verdict = {None: [], True: ["All is well."], False: ["Something is WRONG: do not trust this result."]}[step.ok]
    lines = [step.words, *step.details, *verdict]
    if step.balances:
        lines.append("Now: " + "  ".join(f"{holder} {usdc(amount)}" for holder, amount in step.balances.items()))
    if step.signature is not None:
        lines.append(f"{step.compute_units:,} compute units, signature:")
    text = paragraphs(lines, width, first=f"{number:>2} {step.name:<8} ", rest=" " * 12)
    return text if step.signature is None else f"{text}\n{step.signature}"
