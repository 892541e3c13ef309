"""Who scores: one to five analysers, chosen by the settings, and where the lexicon may stand in for them.

All of a panel must answer. A quorum would let whoever can make one model fail (by a text that it refuses) choose the
judges, and the median would be of another panel than the one that is announced. So one member's failure is the
analysis's, with that member's reason; an outage costs the market nothing but time.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import SecretStr

from oracle.analysis.analyser import Analyser, Limits, ScoredBatch
from oracle.analysis.lexicon import LexiconAnalyser
from oracle.analysis.pace import Pace
from oracle.analysis.presentation import Words
from oracle.analysis.prices import PRICES
from oracle.errors import OracleError
from settings import Network

MOST = 5
_LEXICON_ON = frozenset({Network.LOCALNET, Network.DEVNET})


class PanelError(OracleError):
    """No panel can be made of these settings: one sentence, which says what to set."""


@dataclass(frozen=True)
class Panel:
    """The analysers, in the order in which their scores are recorded."""

    analysers: tuple[Analyser, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.analysers) <= MOST:
            raise PanelError(f"A panel has one to {MOST} analysers, not {len(self.analysers)}: see ANALYSIS_MODELS.")

    @property
    def name(self) -> str:
        """All of them, as they are called wherever the score is shown."""
        return ", ".join(analyser.name for analyser in self.analysers)

    async def score(self, statement: str, texts: Sequence[Words], limits: Limits) -> list[ScoredBatch]:
        """Return each analyser's batch, read side by side. Raises the first AnalysisFailure, and ends the others."""
        tasks = [asyncio.ensure_future(one.score(statement, texts, limits)) for one in self.analysers]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def panel_of(
    network: Network, api_key: SecretStr | None, models: Sequence[str], pace: Pace, base_url: str | None = None
) -> Panel:
    """Return the panel that the settings ask for, which asks no faster than `pace` says; raises PanelError.

    With a key, one Claude analyser for each model; a model that is named twice gives two samples. Without one, the
    lexicon, on localnet and devnet only. Loads the anthropic SDK only when there is a key.
    """
    if api_key is None or not api_key.get_secret_value():
        if network not in _LEXICON_ON:
            raise PanelError(
                f"On {network} opinions are not scored by a lexicon, and ANTHROPIC_API_KEY is not set: set it."
            )
        return Panel((LexiconAnalyser(),))
    unknown = [model for model in models if model not in PRICES]
    if unknown:
        raise PanelError(
            f"ANALYSIS_MODELS names {unknown[0]}, whose price is not known: it should be of {', '.join(PRICES)}."
        )
    from oracle.analysis.claude import ClaudeAnalyser

    names = zip(models, _names(models), strict=True)
    return Panel(tuple(ClaudeAnalyser(model, api_key, pace, base_url, name) for model, name in names))


def _names(models: Sequence[str]) -> list[str]:
    """The models, those that are there more than once with a number."""
    all_of, seen = Counter(models), Counter[str]()
    names: list[str] = []
    for model in models:
        seen[model] += 1
        names.append(f"{model} #{seen[model]}" if all_of[model] > 1 else model)
    return names
