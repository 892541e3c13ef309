"""Holds an analysis record against the chain: its hash, its score computed again, and its inputs. Pure."""

import hashlib
from collections.abc import Iterator

from chain.accounts import MarketReceipt, Opinion
from chain.checks import Check, not_checkable, passed_if
from chain.evidence import Evidence
from chain.units import usdc
from oracle.analysis.presentation import visible
from oracle.analysis.record import AnalysisRecord, RecordError, recomputed


def record_checks(document: bytes, evidence: Evidence) -> tuple[Check, ...]:
    """Return every check of the document that the chain's evidence allows; never raises for what is in it."""
    return tuple(_checks(document, evidence))


def _checks(document: bytes, evidence: Evidence) -> Iterator[Check]:
    market = evidence.market
    found = hashlib.sha256(document).digest()
    yield passed_if(
        "record hash",
        found == market.summary_hash,
        f"The record hashes to the summary hash on the chain, {found.hex()}.",
        f"The record hashes to {found.hex()}, but the chain has {market.summary_hash.hex()}.",
    )
    try:
        record = AnalysisRecord.from_document(document)
    except RecordError as error:
        yield passed_if("record", False, "", str(error))
        return
    yield _market(record, evidence)
    yield _score(record, evidence)
    yield _totals(record, evidence)
    yield _inputs(record, evidence)


def _market(record: AnalysisRecord, evidence: Evidence) -> Check:
    holds = record.market == str(evidence.address) and record.statement_hash == evidence.market.statement_hash.hex()
    return passed_if(
        "record market",
        holds,
        "The record is of this market and its statement.",
        f"The record is of the market {visible(record.market)} and a statement that hashes to {record.statement_hash}.",
    )


def _score(record: AnalysisRecord, evidence: Evidence) -> Check:
    market = evidence.market
    again = recomputed(record)
    crowd = again.crowd
    if again != record:
        words = (
            "What the record says of the crowd, the outliers or a median does not follow from its scores and stakes."
        )
        return passed_if("record score", False, "", words)
    return passed_if(
        "record score",
        (crowd.score, int(crowd.confidence)) == (market.score, market.confidence),
        f"{crowd.count} opinions, weighed by their stakes, give the score {crowd.score} and the confidence "
        f"{crowd.confidence.name.lower()} that the chain has; scored by "
        f"{visible(', '.join(member.analyser for member in record.panel))}.",
        f"The record gives the score {crowd.score} and the confidence {int(crowd.confidence)}; the chain has "
        f"{market.score} and {market.confidence}.",
    )


def _totals(record: AnalysisRecord, evidence: Evidence) -> Check:
    market = evidence.market
    rows = [*record.opinions, *record.left_out]
    total = sum(row.stake for row in rows)
    whole = len({row.staker for row in rows}) == len(rows) == market.staker_count and total == market.total_stake
    return passed_if(
        "record stakes",
        whole,
        f"The record has all {len(rows)} opinions, {len(record.left_out)} of them left out with a reason, and the "
        f"whole pool of {usdc(market.total_stake)}.",
        f"The record has {len(rows)} opinions with {total} units; the market counts {market.staker_count} and "
        f"{market.total_stake}.",
    )


def _inputs(record: AnalysisRecord, evidence: Evidence) -> Check:
    """Each Opinion that is still there against its row; those of a finished market are closed."""
    rows = {row.staker: (row.cid, row.text_hash, int(row.stake)) for row in [*record.opinions, *record.left_out]}
    for opinion in evidence.opinions:
        if rows.get(str(opinion.staker)) != _row(opinion):
            words = f"The opinion of {opinion.staker} is not in the record with its CID, text hash and stake."
            return passed_if("record inputs", False, "", words)
    closed = evidence.market.staker_count - len(evidence.opinions)
    if closed:
        why = "the market is finished" if isinstance(evidence.market, MarketReceipt) else "they were closed"
        words = f"{closed} of {evidence.market.staker_count} opinions are no longer on the chain: {why}."
        return not_checkable("record inputs", words)
    words = f"CIDs, text hashes and stakes of all {len(rows)} opinions are the chain's."
    return passed_if("record inputs", True, words, "")


def _row(opinion: Opinion) -> tuple[str, str, int]:
    return opinion.cid, opinion.text_hash.hex(), int(opinion.stake)
