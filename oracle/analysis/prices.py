"""What the models cost, as whole microdollars for a million tokens: so many input tokens at $0.10 are 100,000.

As published in November 2026. Haiku 5.5 costs five times as much from 100,000 tokens a prompt on; ours stay far below.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Price:
    """Microdollars for a million tokens read (`input`) and written (`output`, thinking included)."""

    input: int
    output: int

    def of(self, input_tokens: int, output_tokens: int) -> int:
        """Return the microdollars that so many tokens cost, rounded up."""
        return -(-(input_tokens * self.input + output_tokens * self.output) // 1_000_000)


PRICES = {
    "claude-haiku-5-5": Price(100_000, 500_000),
    "claude-sonnet-5-5": Price(2_000_000, 10_000_000),
    "claude-opus-5-5": Price(4_000_000, 20_000_000),
    "claude-fable-5-1": Price(10_000_000, 50_000_000),
}
"""The models that an analysis can use: without a price no budget can be held."""
