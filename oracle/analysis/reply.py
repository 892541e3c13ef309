"""Takes a reply of the Messages API apart, believing nothing: what does not fit exactly is a failure with a reason."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from oracle.analysis.failures import Malformed, Refused, Truncated


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ReplyReading(_Strict):
    """What the model says of one id."""

    id: int
    score: Annotated[int, Field(ge=0, le=100)]
    flagged: bool


class _Answer(_Strict):
    readings: list[ReplyReading]


class _Shown(BaseModel):
    """A part of the API's own envelope, which may gain fields."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class _Block(_Shown):
    type: str
    text: str | None = None


class Usage(_Shown):
    """Tokens as the API bills them; those read from or written to a cache count as read in full."""

    input_tokens: Annotated[int, Field(ge=0)]
    output_tokens: Annotated[int, Field(ge=0)]
    cache_creation_input_tokens: Annotated[int, Field(ge=0)] | None = None
    cache_read_input_tokens: Annotated[int, Field(ge=0)] | None = None

    @property
    def read(self) -> int:
        """All tokens that the model read."""
        return self.input_tokens + (self.cache_creation_input_tokens or 0) + (self.cache_read_input_tokens or 0)


class Envelope(_Shown):
    """A message as the API sends it."""

    type: Literal["message"]
    role: Literal["assistant"]
    model: Annotated[str, Field(min_length=1, max_length=128)]
    content: list[_Block]
    stop_reason: str
    usage: Usage


_NAMES = frozenset({*Envelope.model_fields, *Usage.model_fields, *ReplyReading.model_fields, *_Answer.model_fields})
_THOUGHTS = frozenset({"thinking", "redacted_thinking"})
_ENDS = {
    "refusal": Refused("The model refused to read what it was sent: see which opinion, and have a person look."),
    "max_tokens": Truncated("The model's answer was cut off at its limit of tokens: retry, or use another model."),
    "model_context_window_exceeded": Truncated("The model's answer did not fit its context: use another model."),
}


def envelope_of(body: bytes) -> Envelope:
    """Return the message in an HTTP body; raises Malformed."""
    try:
        return Envelope.model_validate_json(body)
    except ValidationError as error:
        raise Malformed(
            f"The API's answer is no message: {_first(error)}; retry, or look at its status page."
        ) from None


def readings_of(envelope: Envelope, count: int) -> list[ReplyReading]:
    """Return what the model says of ids 1 to `count`, in their order; raises Refused, Truncated or Malformed."""
    if envelope.stop_reason != "end_turn":
        _raise_for(envelope.stop_reason)
    spoken = [block for block in envelope.content if block.type not in _THOUGHTS]
    if len(spoken) != 1 or spoken[0].type != "text" or spoken[0].text is None:
        raise Malformed("The model's answer is not one piece of text: retry, or use another model.")
    try:
        answer = _Answer.model_validate_json(spoken[0].text)
    except ValidationError as error:
        raise Malformed(f"The model's answer does not fit: {_first(error)}; retry, or use another model.") from None
    readings = sorted(answer.readings, key=lambda reading: reading.id)
    if [reading.id for reading in readings] != list(range(1, count + 1)):
        raise Malformed(
            f"The model's answer has not each of {count} ids once, and no other: retry, or use another model."
        )
    return readings


def _raise_for(stop_reason: str) -> None:
    known = _ENDS.get(stop_reason)
    if known is None:
        raise Malformed("The model ended for a reason that does not belong here: retry, or use another model.")
    raise type(known)(*known.args)


def _first(error: ValidationError) -> str:
    """Where and why, without the value: it may hold an opinion's words."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    # A key that should not be there is the model's own word.
    place = [str(part) for part in first["loc"] if isinstance(part, int) or part in _NAMES]
    return f"{'.'.join(place) or 'the whole'} is wrong ({first['type']})"
