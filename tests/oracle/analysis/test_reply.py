"""Replies are taken apart strictly."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.analysis.failures import IllReply, Malformed
from oracle.analysis.reply import envelope_of, readings_of

MESSAGE = {
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": 3, "cache_creation_input_tokens": None},
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def body(**changed: object) -> bytes:
    return json.dumps({**MESSAGE, **changed}).encode()


def said(answer: object) -> list[dict[str, str]]:
    return [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": json.dumps(answer)}]


def test_a_reply_that_fits_is_read_in_order_of_ids() -> None:
    answer = {"readings": [{"id": 2, "score": 0, "flagged": True}, {"id": 1, "score": 100, "flagged": False}]}
    envelope = envelope_of(body(content=said(answer), new_field=1))

    assert [(one.id, one.score, one.flagged) for one in readings_of(envelope, 2)] == [(1, 100, False), (2, 0, True)]
    assert envelope.usage.read == 4


@pytest.mark.parametrize("wrong", ["100", 50.0, None, True, -1, 101, [50]])
def test_a_score_of_another_kind_or_range_is_refused(wrong: object) -> None:
    envelope = envelope_of(body(content=said({"readings": [{"id": 1, "score": wrong, "flagged": False}]})))

    with pytest.raises(Malformed, match="score is wrong"):
        readings_of(envelope, 1)


def test_what_the_model_said_is_never_repeated() -> None:
    envelope = envelope_of(body(content=said({"readings": [], "a secret word": 1})))

    with pytest.raises(Malformed) as caught:
        readings_of(envelope, 0)
    assert "secret" not in str(caught.value)


@given(json_values, st.integers(0, 3))
def test_any_answer_fits_or_is_refused(answer: object, count: int) -> None:
    try:
        readings = readings_of(envelope_of(body(content=said(answer))), count)
    except IllReply:
        return
    assert len(readings) == count


@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_body_fits_or_is_refused(found: bytes) -> None:
    with pytest.raises(Malformed):
        envelope_of(found)


@pytest.mark.parametrize("usage", [{}, {"input_tokens": -1, "output_tokens": 0}, {"input_tokens": "1"}])
def test_a_reply_that_hides_what_it_cost_is_refused(usage: object) -> None:
    with pytest.raises(Malformed, match="usage"):
        envelope_of(body(usage=usage))
