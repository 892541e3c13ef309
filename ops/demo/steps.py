"""One step of the demo as data, and how it reads as JSON and on a terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from chain.units import ComputeUnits, UsdcUnits, usdc


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
        "signature": step.signature,
        "compute_units": step.compute_units,
        "balances": dict(step.balances),
        **step.facts,
    }


def as_text(number: int, step: Step) -> RenderableType:
    """Return the step as a terminal of 80 columns shows it: words first, evidence below."""
    verdict = {None: "", True: " All is well.", False: " Something is WRONG."}[step.ok]
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", width=2, style="bold")
    grid.add_column(width=8, style="bold")
    grid.add_column(overflow="fold")
    grid.add_row(str(number), step.name, Text(step.words + verdict))
    for line in step.details:
        grid.add_row("", "", Text(line))
    if step.balances:
        holders = "  ".join(f"{holder} {usdc(amount)}" for holder, amount in step.balances.items())
        grid.add_row("", "", Text(f"Now: {holders}"))
    if step.signature is not None:
        grid.add_row("", "", Text(f"{step.compute_units:,} compute units, signature", style="dim"))
        grid.add_row("", "", Text(step.signature, style="dim"))
    return grid
