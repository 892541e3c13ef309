"""Whether a gate is open: by whom, for which artefact, where, and until when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.deploy.gates import RULES, WAIVERS, Found, Gate, judge, person_of, rules_of
from settings import Network
from store.evidence import Evidence, Kind

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
OURS, OTHER = "a" * 64, "b" * 64


def evidence(
    gate: Gate = Gate.AUDIT,
    kind: Kind = Kind.SHOWN,
    owner: str = "ana@host (pts/0)",
    days: float = 1,
    network: Network = Network.MAINNET,
    artefact: str = OURS,
) -> Evidence:
    return Evidence(
        id=1,
        gate=gate,
        kind=kind,
        network=network,
        artefact=artefact,
        owner=owner,
        words="report 7",
        document=None,
        made_at=NOW - timedelta(days=1),
        expires_at=NOW + timedelta(days=days),
    )


def opened(gate: Gate, *given: Evidence, found: Found | None = None, network: Network = Network.MAINNET) -> bool:
    return judge(RULES[gate], network, OURS, given, NOW, found).open


def test_evidence_opens_its_gate_for_its_artefact_and_network_until_it_expires() -> None:
    verdict = judge(RULES[Gate.AUDIT], Network.MAINNET, OURS, [evidence()], NOW)
    assert (verdict.open, verdict.waived, verdict.until) == (True, False, NOW + timedelta(days=1))
    assert verdict.words == "ana: report 7"
    assert not opened(Gate.AUDIT)
    assert not opened(Gate.AUDIT, evidence(days=0))
    assert not opened(Gate.AUDIT, evidence(artefact=OTHER))
    assert not opened(Gate.AUDIT, evidence(network=Network.TESTNET))
    assert not opened(Gate.AUDIT, evidence(Gate.TESTS))


def test_a_review_wants_two_people_and_one_at_two_terminals_is_one() -> None:
    twice = [evidence(Gate.REVIEW), evidence(Gate.REVIEW, owner="ana@elsewhere (pts/9 from 10.0.0.1)")]
    verdict = judge(RULES[Gate.REVIEW], Network.MAINNET, OURS, twice, NOW)
    assert (verdict.open, verdict.words) == (False, "1 more of 2 people have to say so")
    assert opened(Gate.REVIEW, *twice, evidence(Gate.REVIEW, owner="ben@host"))


def test_on_mainnet_two_people_waive_and_elsewhere_one() -> None:
    ana, ben = evidence(kind=Kind.WAIVED), evidence(kind=Kind.WAIVED, owner="ben@host", days=2)
    one = judge(RULES[Gate.AUDIT], Network.MAINNET, OURS, [ana], NOW)
    assert (one.open, one.words) == (False, "there is no evidence of it; waived by ana, and 1 more would have to")
    both = judge(RULES[Gate.AUDIT], Network.MAINNET, OURS, [ana, ben], NOW)
    assert (both.open, both.waived, both.until) == (True, True, NOW + timedelta(days=1))
    assert opened(
        Gate.TESTS, evidence(Gate.TESTS, Kind.WAIVED, network=Network.TESTNET), network=Network.TESTNET
    )  # fmt: skip


def test_what_is_looked_at_nobody_can_give_evidence_for() -> None:
    assert not opened(Gate.BALANCE, evidence(Gate.BALANCE))
    assert opened(Gate.BALANCE, found=Found(True, "5.1 SOL"))
    short = judge(RULES[Gate.BALANCE], Network.MAINNET, OURS, [], NOW, Found(False, "4 SOL, and 5 are wanted"))
    assert (short.open, short.words) == (False, "4 SOL, and 5 are wanted")
    waived = [evidence(Gate.BALANCE, Kind.WAIVED), evidence(Gate.BALANCE, Kind.WAIVED, owner="ben@host")]
    assert opened(Gate.BALANCE, *waived, found=Found(False, "4 SOL"))


def test_each_network_has_its_gates() -> None:
    assert {rule.gate for rule in rules_of(Network.MAINNET)} == set(Gate)
    assert {rule.gate for rule in rules_of(Network.DEVNET)} == {Gate.BALANCE, Gate.RANDOMNESS}
    assert rules_of(Network.LOCALNET) == rules_of(Network.MAINNET)


people = st.sampled_from(["ana@a", "ana@b (pts/1)", "ben@a", "chloe@c"])
some = st.builds(
    evidence,
    st.sampled_from([Gate.REVIEW, Gate.AUDIT]),
    st.sampled_from(Kind),
    people,
    st.floats(-1, 1),
    st.sampled_from([Network.MAINNET, Network.TESTNET]),
    st.sampled_from([OURS, OTHER]),
)


@pytest.mark.parametrize("gate", [Gate.REVIEW, Gate.AUDIT])
@given(given=st.lists(some, max_size=8))
def test_a_gate_is_open_just_when_enough_people_say_so_now(gate: Gate, given: list[Evidence]) -> None:
    def those(kind: Kind, at: datetime) -> int:
        told = {person_of(one.owner) for one in given if one.gate == gate and one.kind is kind and one.artefact == OURS
                and one.network is Network.MAINNET and one.expires_at > at}  # fmt: skip
        return len(told)

    def enough(at: datetime) -> bool:
        return those(Kind.SHOWN, at) >= RULES[gate].people or those(Kind.WAIVED, at) >= WAIVERS[Network.MAINNET]

    verdict = judge(RULES[gate], Network.MAINNET, OURS, given, NOW)
    assert verdict.open == enough(NOW)
    if verdict.until is not None:
        assert enough(verdict.until - timedelta(microseconds=1))
        kind = Kind.WAIVED if verdict.waived else Kind.SHOWN
        wanted = WAIVERS[Network.MAINNET] if verdict.waived else RULES[gate].people
        assert those(kind, verdict.until) < wanted
