"""The analysis record has one spelling, so that its hash can be recomputed by anyone."""

import hashlib
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chain.units import UsdcUnits
from oracle.analysis.crowd import Confidence, CrowdSentiment
from oracle.analysis.record import AnalysisRecord, OpinionRecord

RECORD = AnalysisRecord(
    market="M",
    analyser="lexicon",
    opinions=(OpinionRecord("B", "bafy2", UsdcUnits(2), 40), OpinionRecord("A", "bafy1", UsdcUnits(1), 60)),
    crowd=CrowdSentiment(47, 9, Confidence.LOW),
)


def test_the_document_is_spelt_the_same_for_ever() -> None:
    assert RECORD.document().decode() == (
        '{"analyser":"lexicon","crowd":{"confidence":0,"score":47,"spread":9},"market":"M","opinions":['
        '{"cid":"bafy1","score":60,"stake":1,"staker":"A"},{"cid":"bafy2","score":40,"stake":2,"staker":"B"}]}'
    )


def test_the_order_of_opinions_does_not_change_the_hash() -> None:
    turned = replace(RECORD, opinions=RECORD.opinions[::-1])

    assert turned.summary_hash() == RECORD.summary_hash() == hashlib.sha256(RECORD.document()).digest()


@given(st.integers(0, 100), st.sampled_from([0, 1]))
def test_a_changed_score_changes_the_hash(score: int, which: int) -> None:
    opinions = list(RECORD.opinions)
    changed = opinions[which].score != score
    opinions[which] = replace(opinions[which], score=score)

    assert (replace(RECORD, opinions=tuple(opinions)).summary_hash() != RECORD.summary_hash()) is changed
