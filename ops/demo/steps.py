"""One step of the demo as data, and how it reads as JSON and on a terminal."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from chain.units import ComputeUnits, UsdcUnits, usdc


@dataclass(frozen=True)
class Step:
    """What happened, in words; the transaction that did it, where one did; who holds what afterwards.

    `balances` are USDC by holder. `facts` are what the step is about (a score, a draw), as JSON can say them.
    `ok` is None where the step has nothing to judge.
    """

    name: str
    words: str
    signature: str | None = None
    compute_units: ComputeUnits | None = None
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
        "signature": step.signature,
        "compute_units": step.compute_units,
        "balances": dict(step.balances),
        **step.facts,
    }


def as_text(number: int, step: Step) -> RenderableType:
    """Return the step as a terminal of 80 columns shows it: words first, evidence below."""
    mark = {None: "", True: " ok", False: " FAILED"}[step.ok]
    head = Text.assemble((f"{number:>2} {step.name:<8}", "bold"), " ", step.words, (mark, "bold"))
    lines: list[RenderableType] = [head]
    if step.signature is not None:
        evidence = f"{step.signature}\n{step.compute_units:,} compute units"
        lines.append(Padding(Text(evidence, style="dim", overflow="fold"), (0, 0, 0, 12)))
    if step.balances:
        holders = "  ".join(f"{holder} {usdc(amount)}" for holder, amount in step.balances.items())
        lines.append(Padding(Text(holders), (0, 0, 0, 12)))
    return Group(*lines)
