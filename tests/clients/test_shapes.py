"""The comparison itself: what it must and must not see."""

import pytest

from .shapes import differences


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"a": 1}, {"a": 2.5}),
        ({"a": "x", "b": [1, 2, 3]}, {"b": [7], "a": "y"}),
        ([], []),
        ({"rewards": []}, {"rewards": [1]}),
    ],
)
def test_values_do_not_matter(ours: object, theirs: object) -> None:
    assert differences(ours, theirs, {".rewards"}) == []


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"a": 1}, {"a": "1"}),
        ({"a": 1}, {"a": None}),
        ({"a": True}, {"a": 1}),
        ({"a": 1}, {}),
        ({}, {"a": 1}),
        ([], [1]),
        ([{"a": 1}], [{"a": "x"}]),
    ],
)
def test_shapes_do(ours: object, theirs: object) -> None:
    assert len(differences(ours, theirs)) == 1
