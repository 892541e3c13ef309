"""Draws a real run of the demo: `.venv/bin/opinion demo --json | .venv/bin/python docs/pictures/make.py demo.svg`."""

import io
import json
import sys
from pathlib import Path

from rich.console import Console

from chain.units import ComputeUnits, UsdcUnits
from ops.demo.steps import Step, as_text

WIDTH = 96
# rich's own template fetches a font from elsewhere; a picture of ours asks nobody for anything.
TEMPLATE = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, monospace; font-size: {char_height}px;
  line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>{lines}</defs>
<rect width="{width}" height="{height}" rx="8" fill="#14142b"/>
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix" xml:space="preserve">{matrix}</g></g>
</svg>
"""


def main() -> None:
    """Read steps from stdin, write the picture to the file named."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print("$ opinion demo", style="bold")
    for number, line in enumerate(sys.stdin, 1):
        step = json.loads(line)
        balances = {holder: UsdcUnits(amount) for holder, amount in step["balances"].items()}
        units = None if step["compute_units"] is None else ComputeUnits(step["compute_units"])
        shown = Step(
            step["step"], step["words"], step["signature"], units, step["details"], balances, ok=step.get("ok")
        )
        console.print(as_text(number, shown, WIDTH), highlight=False, markup=False)
    Path(sys.argv[1]).write_text(console.export_svg(code_format=TEMPLATE, unique_id="demo"))


main()
