"""Asks Claude's Messages API: one request with its retries, inside the deadline, the rate limits and the budget.

Imports the anthropic SDK, some 60 MB: only oracle.analysis.claude imports this, and panel_of imports that when there is
a key. Nothing that the SDK or the API say goes into a message of ours: it could hold a key or a stranger's words.
"""

import asyncio
import random
from collections.abc import Sequence

import anthropic

from oracle.analysis.analyser import Limits
from oracle.analysis.failures import Rejected, Unauthorised, Unavailable
from oracle.analysis.pace import Pace, take
from oracle.analysis.prices import Price
from oracle.analysis.prompt import EFFORT, SCHEMA, SYSTEM, tokens_in, user_turn
from oracle.analysis.reply import Envelope, ReplyReading, envelope_of, readings_of

AT_ONCE = 64
"""Requests under way at once, of one analyser on one market."""
REQUEST_S = 20.0
"""After so long without an answer a request is given up and made again, while the deadline allows."""
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 8.0

# Thinking counts as output; at low effort it is short, and what is not used costs nothing.
_ROOM_TO_THINK, _TOKENS_A_READING = 2_048, 64
_EXPECTED_THINKING, _EXPECTED_A_READING = 120, 30
# The controls that go with every request are in it too.
_OVERHEAD = tokens_in(SYSTEM) + tokens_in(str(SCHEMA)) + 300

_NOT_OURS = frozenset({401, 402, 403, 404})


class Messages:
    """One model, asked in parallel about one market. Adds up what the answers took."""

    def __init__(self, client: anthropic.AsyncAnthropic, model: str, price: Price, limits: Limits, pace: Pace) -> None:
        self.models: set[str] = set()
        self.input_tokens = 0
        self.output_tokens = 0
        self.cost = 0
        self._client = client
        self._model = model
        self._price = price
        self._limits = limits
        self._pace = pace
        self._free = asyncio.Semaphore(AT_ONCE)

    def expected(self, statement: str, texts: Sequence[str]) -> int:
        """Return about what one request for these texts costs, in microdollars, rather too much."""
        read = _OVERHEAD + tokens_in(user_turn(statement, texts))
        return self._price.of(read, _EXPECTED_THINKING + _EXPECTED_A_READING * len(texts))

    async def ask(self, statement: str, texts: Sequence[str]) -> list[ReplyReading]:
        """Return one reading for each text. Raises IllReply, OverBudget, Unauthorised, and Unavailable once no retry
        fits the deadline."""
        async with self._free:
            expected = self.expected(statement, texts)
            self._limits.budget.reserve(expected)
            cost = 0
            try:
                envelope = await self._answer(user_turn(statement, texts), len(texts))
                cost = self._count(envelope)
            finally:
                self._limits.budget.settle(expected, cost)
        return readings_of(envelope, len(texts))

    def _count(self, envelope: Envelope) -> int:
        usage = envelope.usage
        cost = self._price.of(usage.read, usage.output_tokens)
        self.models.add(envelope.model)
        self.input_tokens += usage.read
        self.output_tokens += usage.output_tokens
        self.cost += cost
        return cost

    async def _answer(self, content: str, count: int) -> Envelope:
        wait = FIRST_WAIT_S
        tokens = _OVERHEAD + tokens_in(content)
        while True:
            if not await take(self._pace, self._model, tokens, self._limits.deadline):
                raise Unavailable(f"{self._model} may not be asked again in time, by the limits of this account.")
            try:
                return envelope_of(await self._post(content, count))
            except Unavailable as failure:
                # Jitter: the others that were refused with this one must not come back all at once.
                delay = failure.retry_after if failure.retry_after is not None else wait * random.uniform(0.75, 1.25)  # noqa: S311
                if failure.retry_after is not None:
                    # A limit is the whole account's: no other request goes out before it is over.
                    await self._pace.close(self._model, delay)
                if delay >= self._limits.left():
                    raise
                await asyncio.sleep(delay)
                wait = min(wait * 2, LONGEST_WAIT_S)

    async def _post(self, content: str, count: int) -> bytes:
        """Return the body of a 200. Raises Rejected, Unauthorised, Unavailable."""
        try:
            answer = await self._client.messages.with_raw_response.create(
                model=self._model,
                max_tokens=_ROOM_TO_THINK + _TOKENS_A_READING * count,
                system=SYSTEM,
                messages=[{"role": "user", "content": content}],
                output_config={"effort": EFFORT, "format": {"type": "json_schema", "schema": SCHEMA}},
                timeout=max(0.1, min(REQUEST_S, self._limits.left())),
            )
        except anthropic.APIStatusError as error:
            raise self._translated(error) from None
        except anthropic.APIConnectionError as error:
            slow = isinstance(error, anthropic.APITimeoutError)
            what = "did not answer in time" if slow else "could not be reached, or broke off its answer"
            raise Unavailable(f"The API of {self._model} {what}: wait, or look at its status page.") from None
        return answer.http_response.content

    def _translated(self, error: anthropic.APIStatusError) -> Rejected | Unauthorised | Unavailable:
        status = error.status_code
        if status in _NOT_OURS:
            return Unauthorised(
                f"The API refuses {self._model} to this account (HTTP {status}): check ANTHROPIC_API_KEY, "
                "ANALYSIS_MODELS and the account's credit."
            )
        if status in {408, 409, 429} or status >= 500:
            words = f"The API of {self._model} is limiting us or overloaded (HTTP {status}): wait for it."
            return Unavailable(words, _retry_after(error.response.headers.get("retry-after")))
        return Rejected(f"The API takes no such request for {self._model} (HTTP {status}): look at ANALYSIS_MODELS.")


def _retry_after(header: str | None) -> float | None:
    """Return the seconds that the API asks us to wait; None where it names none that can be read."""
    if header is None or not header.isascii() or not header.isdigit():
        return None
    return float(header[:9])
