"""Events: byte for byte anchorpy's, and only those that our program wrote."""

from base64 import b64encode
from dataclasses import fields
from typing import Any

import chain_idl as idl
import pytest
from anchorpy.coder.event import EventCoder
from hypothesis import given, settings
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from chain import events
from chain.constants import PROGRAM_ID, TOKEN_PROGRAM_ID
from chain.errors import MalformedData, UnexpectedAccount
from chain.events import MarketFinishedEvent, UnknownEvent, parse_events

CODER = EventCoder(idl.parsed())
NAMES = [entry["name"] for entry in idl.raw()["events"]]
EVENT = MarketFinishedEvent(Pubkey(bytes([3]) * 32), 7)  # type: ignore[arg-type]
LIAR = Pubkey(bytes([5]) * 32)


def data_line(event: events.Event = EVENT) -> str:
    """The line that logs an event."""
    return "Program data: " + b64encode(event.to_bytes()).decode()


def ours(*lines: str, depth: int = 1) -> list[str]:
    """Lines of our program, in its frame."""
    return [f"Program {PROGRAM_ID} invoke [{depth}]", *lines, f"Program {PROGRAM_ID} success"]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_events_are_byte_for_byte_anchors(name: str, data: st.DataObject) -> None:
    value: Any = data.draw(idl.values_of(getattr(events, name)))
    parsed = CODER.parse(value.to_bytes())
    assert parsed.name == name
    assert {f.name: idl.anchor_value(getattr(value, f.name)) for f in fields(value)} == {
        f.name: list(v) if isinstance(v := getattr(parsed.data, f.name), list) else v for f in fields(value)
    }
    assert parse_events(ours(data_line(value))).events == (value,)
    with pytest.raises(MalformedData):
        type(value).from_bytes(value.to_bytes() + b"\0")


def test_another_event_is_refused() -> None:
    with pytest.raises(UnexpectedAccount):
        events.MarketClosedEvent.from_bytes(EVENT.to_bytes())


@pytest.mark.parametrize(
    "logs",
    [
        [data_line()],
        [f"Program {LIAR} invoke [1]", data_line(), f"Program {LIAR} success"],
        # What a program prints is always behind "Program log: ", so a printed frame is no frame.
        [
            f"Program {LIAR} invoke [1]",
            f"Program log: Program {PROGRAM_ID} invoke [2]",
            data_line(),
            f"Program {LIAR} success",
        ],
        [
            f"Program {LIAR} invoke [1]",
            f"Program log: \nProgram {PROGRAM_ID} invoke [2]",
            data_line(),
            f"Program {LIAR} success",
        ],
        [f"Program {PROGRAM_ID} invoke [1]\n", data_line()],
        # A called program speaks for itself, not for its caller.
        ours(f"Program {TOKEN_PROGRAM_ID} invoke [2]", data_line(), f"Program {TOKEN_PROGRAM_ID} success"),
        [*ours(), data_line()],
        # Depths and ends that do not match end the trace.
        [f"Program {PROGRAM_ID} invoke [2]", data_line()],
        [f"Program {LIAR} invoke [1]", f"Program {PROGRAM_ID} success", data_line()],
        # Behind a cut nobody knows whose line it is.
        [f"Program {PROGRAM_ID} invoke [1]", "Log truncated", data_line(), f"Program {PROGRAM_ID} success"],
        # A failed transaction changed nothing.
        [*ours(data_line()), f"Program {LIAR} invoke [1]", f"Program {LIAR} failed: custom program error: 0x1"],
        [f"Program {PROGRAM_ID} invoke [1]", f"Program log: {data_line()}", f"Program {PROGRAM_ID} success"],
    ],
)
def test_forged_events_are_not_taken(logs: list[str]) -> None:
    assert parse_events(logs).events == ()


def test_events_before_a_cut_are_kept_and_the_cut_is_told() -> None:
    found = parse_events([f"Program {PROGRAM_ID} invoke [1]", data_line(), "Log truncated", data_line()])
    assert (found.events, found.complete) == ((EVENT,), False)


def test_our_frame_continues_after_a_call_and_inside_another_program() -> None:
    logs = [
        f"Program {LIAR} invoke [1]",
        f"Program {PROGRAM_ID} invoke [2]",
        f"Program {TOKEN_PROGRAM_ID} invoke [3]",
        f"Program {TOKEN_PROGRAM_ID} consumed 76 of 200000 compute units",
        f"Program {TOKEN_PROGRAM_ID} success",
        data_line(),
        f"Program {PROGRAM_ID} success",
        f"Program {LIAR} success",
    ]
    assert parse_events(logs) == events.Events((EVENT,), complete=True)


@pytest.mark.parametrize(
    "text", ["", "!!!", "AAAA", b64encode(EVENT.to_bytes()[:-1]).decode(), b64encode(bytes(48)).decode()]
)
def test_what_we_do_not_understand_is_told_apart(text: str) -> None:
    assert parse_events(ours(f"Program data: {text}")).events == (UnknownEvent(text),)


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(
            [
                data_line(),
                f"Program {PROGRAM_ID} invoke [1]",
                f"Program {LIAR} invoke [1]",
                f"Program {LIAR} invoke [2]",
                f"Program {PROGRAM_ID} success",
                f"Program {LIAR} success",
                "Log truncated",
                "",
                "Program data: x",
            ]
        )
    )
)
def test_any_order_of_lines_is_survived(logs: list[str]) -> None:
    parse_events(logs)
