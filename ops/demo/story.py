"""The market that the demo tells: a statement, and people who put words and money to it."""

from dataclasses import dataclass

from chain.units import Stake, UsdcUnits

STATEMENT = "Remote work makes teams better."


@dataclass(frozen=True)
class Voice:
    """One staker: a first name, the stake, and the opinion in words."""

    name: str
    stake: Stake
    text: str


VOICES = (
    Voice("Ada", Stake(UsdcUnits(5_000_000)), "It does. I have never seen my team so focused, calm and happy."),
    Voice("Ben", Stake(UsdcUnits(500_000)), "Terrible for juniors: lonely, nobody helps them, they learn nothing."),
    Voice("Chidi", Stake(UsdcUnits(10_000_000)), "Great, if you write things down. Good writing makes good teams."),
    Voice("Dana", Stake(UsdcUnits(2_500_000)), "Mixed. I love the quiet and I miss the people."),
    Voice("Emil", Stake(UsdcUnits(1_250_000)), "Meetings all day on a bad camera. I hate it and it fails."),
    Voice("Fay", Stake(UsdcUnits(7_500_000)), "Better in every way: no commute, more trust, excellent results."),
)
