"""From opinions in words to one score: analysers score each opinion, our own arithmetic makes the crowd's score.

Importing this never loads the anthropic SDK; panel_of does, where there is a key.
"""

from oracle.analysis.analysis import Analysis, analyse
from oracle.analysis.failures import (
    AnalysisFailure,
    Contaminated,
    Malformed,
    NothingToScore,
    OverBudget,
    Refused,
    Rejected,
    Truncated,
    Unauthorised,
    Unavailable,
)
from oracle.analysis.opinions import ReadOpinion
from oracle.analysis.pace import OwnPace, Pace, Rates, SharedPace
from oracle.analysis.panel import Panel, PanelError, panel_of

__all__ = [
    "Analysis",
    "AnalysisFailure",
    "Contaminated",
    "Malformed",
    "NothingToScore",
    "OverBudget",
    "OwnPace",
    "Pace",
    "Panel",
    "PanelError",
    "Rates",
    "ReadOpinion",
    "Refused",
    "Rejected",
    "SharedPace",
    "Truncated",
    "Unauthorised",
    "Unavailable",
    "analyse",
    "panel_of",
]
