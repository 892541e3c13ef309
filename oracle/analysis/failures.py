# ruff: noqa: N818 - classes are named after what happened.
"""Why an analysis did not come to a score. There is never a default score in its place.

AnalysisFailure
├── NothingToScore   no opinion's text could be had
├── Refused          the model will not read what it was asked to
├── Truncated        the model's answer stops before its end
├── Malformed        the answer is not what was asked for: shape, ids or ranges
├── Rejected         the API takes the request for a wrong one (400, 413, 422)
├── Contaminated     opinions (or the statement) move scores that are not theirs
├── OverBudget       reading on would cost more than a market may
├── Unavailable      the API is down, overloaded, limiting us or too slow: an outage
└── Unauthorised     the key may not use the API or the model: an outage until somebody mends it
"""

from typing import ClassVar


class AnalysisFailure(Exception):
    """An analysis that failed, as one sentence: what happened, to what, what to do.

    `outage` says that a shared part is at fault, not the market: it costs the market none of its attempts.
    """

    outage: ClassVar[bool] = False


class NothingToScore(AnalysisFailure):
    """Stakes there are, but no text that could be read."""


class IllReply(AnalysisFailure):
    """One reply cannot be used. Where a single opinion was asked about, the fault may be that opinion's."""

    word: ClassVar[str]


class Refused(IllReply):
    """The model declined."""

    word = "refused"


class Truncated(IllReply):
    """The reply ended at a limit."""

    word = "truncated"


class Malformed(IllReply):
    """The reply does not fit."""

    word = "malformed"


class Rejected(IllReply):
    """The API did not take the request."""

    word = "rejected"


class Contaminated(AnalysisFailure):
    """Scores moved that nobody but their own opinion may move."""


class OverBudget(AnalysisFailure):
    """The market's budget does not suffice."""


class Unavailable(AnalysisFailure):
    """No answer in time; `retry_after` are the seconds that the API asked for, None where it named none."""

    outage = True

    def __init__(self, words: str, retry_after: float | None = None) -> None:
        super().__init__(words)
        self.retry_after = retry_after


class Unauthorised(AnalysisFailure):
    """The account, its key or its rights."""

    outage = True
