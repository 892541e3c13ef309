"""Claude as an analyser. Importing this loads the anthropic SDK: only panel_of does, when there is a key."""

from collections.abc import Sequence

import anthropic
from pydantic import SecretStr

from chain.tls import trust
from oracle.analysis.analyser import Limits, ScoredBatch
from oracle.analysis.messages import Messages
from oracle.analysis.pace import Pace
from oracle.analysis.presentation import Words
from oracle.analysis.prices import PRICES
from oracle.analysis.prompt import prompt_hash
from oracle.analysis.reading import Reader

BASE_URL = "https://api.anthropic.com"


class ClaudeAnalyser:
    """One model, asked no faster than `pace` says. `base_url` None is Anthropic's own."""

    def __init__(
        self, model: str, api_key: SecretStr, pace: Pace, base_url: str | None = None, name: str | None = None
    ) -> None:
        self._model = model
        self._price = PRICES[model]
        self._api_key = api_key
        self._pace = pace
        self._base_url = base_url or BASE_URL
        self._name = name or model

    @property
    def name(self) -> str:
        """The model, with a number where it sits on the panel more than once."""
        return self._name

    async def score(self, statement: str, texts: Sequence[Words], limits: Limits) -> ScoredBatch:
        """Return one reading for each text. Raises AnalysisFailure."""
        # The SDK's retries would not know our deadline.
        async with anthropic.AsyncAnthropic(
            api_key=self._api_key.get_secret_value(),
            base_url=self._base_url,
            max_retries=0,
            http_client=anthropic.DefaultAsyncHttpxClient(verify=trust()),
        ) as client:
            messages = Messages(client, self._model, self._price, limits, self._pace)
            reader = Reader(messages, statement, texts)
            limits.budget.plan(sum(messages.expected(statement, request) for request in reader.requests()))
            readings = await reader.read()
        return ScoredBatch(
            readings=readings,
            models=tuple(sorted(messages.models)),
            prompt_hash=prompt_hash(),
            input_tokens=messages.input_tokens,
            output_tokens=messages.output_tokens,
            cost=messages.cost,
        )
