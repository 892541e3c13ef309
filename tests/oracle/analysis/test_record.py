"""The analysis record has one spelling, so that its hash can be recomputed by anyone."""

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.units import UsdcUnits
from oracle.analysis.record import (
    AnalysisRecord,
    LeftOut,
    OpinionRecord,
    PanelMember,
    RecordError,
    make_record,
    recomputed,
)

HASH = "ab" * 32
scores = st.tuples(st.integers(0, 100), st.integers(0, 100))
stakes = st.integers(500_000, 10_000_000).map(UsdcUnits)
flags = st.sets(st.sampled_from(["company", "controls", "model", "screen"])).map(lambda found: tuple(sorted(found)))
addresses = st.text(st.characters(codec="utf-8"), min_size=1, max_size=44)
opinions = st.builds(
    OpinionRecord, addresses, addresses, st.just(HASH), stakes, st.booleans(), flags, scores, st.integers(0, 100)
)
left_outs = st.builds(LeftOut, addresses, addresses, st.just(HASH), stakes, addresses)


def record_of(rows: list[OpinionRecord], left_out: list[LeftOut] | None = None) -> AnalysisRecord:
    return make_record(
        market="M",
        statement="It does.",
        statement_flagged=False,
        panel=[PanelMember("one", ("model",), HASH), PanelMember("two", (), None)],
        opinions=rows,
        left_out=left_out or [],
    )


def row(staker: str, *given_scores: int, stake: int = 1) -> OpinionRecord:
    return OpinionRecord(staker, "bafy", HASH, UsdcUnits(stake), False, (), given_scores, 0)


RECORD = record_of([row("B", 40, 41, stake=2), row("A", 60, 60)], [LeftOut("C", "bafy3", HASH, UsdcUnits(1), "Gone.")])


def test_the_document_is_spelt_the_same_for_ever() -> None:
    statement_hash = hashlib.sha256(b"It does.").hexdigest()

    assert RECORD.document().decode() == (
        '{"crowd":{"confidence":0,"count":2,"coverage":7500,"disagreement":1,"score":47,"spread":8},"left_out":['
        f'{{"cid":"bafy3","reason":"Gone.","stake":1,"staker":"C","text_hash":"{HASH}"}}],"market":"M","opinions":['
        f'{{"cid":"bafy","cut":false,"flags":[],"score":60,"scores":[60,60],"stake":1,"staker":"A","text_hash":"{HASH}"}},'
        f'{{"cid":"bafy","cut":false,"flags":[],"score":41,"scores":[40,41],"stake":2,"staker":"B","text_hash":"{HASH}"}}],'
        f'"outliers":[],"panel":[{{"analyser":"one","models":["model"],"prompt_hash":"{HASH}"}},'
        '{"analyser":"two","models":[],"prompt_hash":null}],'
        f'"statement_flagged":false,"statement_hash":"{statement_hash}","summary":"Score 47 of 100, confidence low, by '
        "one, two. Opinions scored: 2, with $0.000003, 75% of the stake; left out: 1; outliers: 0; flagged: 0. Spread "
        '8, the panel\'s disagreement 1.","version":2}'
    )


@given(st.lists(opinions, min_size=1, max_size=5), st.lists(left_outs, max_size=3))
def test_a_document_reads_back_as_the_record_and_computes_again(
    rows: list[OpinionRecord], left_out: list[LeftOut]
) -> None:
    record = record_of(rows, left_out)

    assert AnalysisRecord.from_document(record.document()) == record == recomputed(record)


def test_the_order_of_opinions_does_not_change_the_hash() -> None:
    turned = record_of([row("A", 60, 60), row("B", 40, 41, stake=2)], list(RECORD.left_out))

    assert turned.summary_hash() == RECORD.summary_hash() == hashlib.sha256(RECORD.document()).digest()


@given(st.integers(0, 100), st.sampled_from([0, 1]))
def test_a_changed_score_changes_the_hash_and_is_found(score: int, which: int) -> None:
    rows = list(RECORD.opinions)
    changed = rows[which].score != score
    rows[which] = replace(rows[which], score=score)
    forged = replace(RECORD, opinions=tuple(rows))

    assert (forged.summary_hash() != RECORD.summary_hash()) is changed
    assert (recomputed(forged) != forged) is changed


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda told: told | {"version": 1}, "version is wrong"),
        (lambda told: told | {"model's word \x1b[31m": 1}, "the whole is wrong"),
        (lambda told: {key: value for key, value in told.items() if key != "crowd"}, "crowd is wrong"),
        (lambda told: told | {"opinions": []}, "opinions is wrong"),
        (lambda told: told | {"panel": told["panel"] * 3}, "panel is wrong"),
        (lambda told: told | {"opinions": [told["opinions"][0] | {"scores": [101]}]}, "opinions.0.scores.0 is wrong"),
        (lambda told: told | {"opinions": [told["opinions"][0] | {"stake": 0}]}, "opinions.0.stake is wrong"),
        (lambda told: told | {"opinions": [told["opinions"][0] | {"more": 0}]}, "opinions.0 is wrong"),
        (lambda told: told | {"statement_hash": "AB" * 32}, "statement_hash is wrong"),
    ],
)
def test_a_document_of_another_shape_is_named(spoil: object, words: str) -> None:
    told = spoil(json.loads(RECORD.document()))  # type: ignore[operator]
    document = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    with pytest.raises(RecordError, match=words) as caught:
        AnalysisRecord.from_document(document)
    assert "\x1b" not in str(caught.value)


@given(st.binary())
def test_any_bytes_are_a_record_or_refused(document: bytes) -> None:
    with pytest.raises(RecordError):
        AnalysisRecord.from_document(document)


def test_another_spelling_of_the_same_record_is_refused() -> None:
    with pytest.raises(RecordError, match="one spelling"):
        AnalysisRecord.from_document(RECORD.document() + b"\n")
