"""The gates before a deploy: what each wants, on which networks, and whether it is open. Pure.

A gate is open by evidence for this artefact on this network, given by as many people as it wants and not expired; by
what is found while one looks (`FOUND`), which nobody can give; or by waivers with a reason, on mainnet of two people.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from settings import Network
from store.evidence import Evidence, Kind


class Gate(StrEnum):
    """What has to hold; its value is what it is called on the command line and in the database."""

    BUILD = "build"
    TESTS = "tests"
    TESTNET = "testnet"
    AUDIT = "audit"
    REVIEW = "review"
    MULTISIG = "multisig"
    KEYS = "keys"
    RUNBOOKS = "runbooks"
    FREEZE = "freeze"
    BALANCE = "balance"
    RANDOMNESS = "randomness"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a gate wants: `people` have to say so, each for `life`; `found` gates are looked at, and nobody says so."""

    gate: Gate
    wants: str
    networks: frozenset[Network]
    life: timedelta = timedelta(0)
    people: int = 1
    found: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What one look says of a gate that nobody can give evidence for."""

    holds: bool
    words: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a gate is open, why in words, until when (None for as long as one looks), and by which evidence."""

    rule: Rule
    open: bool
    waived: bool
    words: str
    until: datetime | None
    evidence: tuple[Evidence, ...]


_EVERY = frozenset(Network)
_SERIOUS = frozenset({Network.LOCALNET, Network.TESTNET, Network.MAINNET})
# A localnet has every gate, to practise on.
_MAINNET = frozenset({Network.LOCALNET, Network.MAINNET})
RULES: Mapping[Gate, Rule] = {
    rule.gate: rule
    for rule in (
        Rule(Gate.BUILD, "a build from a clean tag gives this very artefact", _SERIOUS, timedelta(days=30)),
        Rule(Gate.TESTS, "all tests passed on this artefact", _SERIOUS, timedelta(days=30)),
        Rule(Gate.TESTNET, "testnet settled a whole market with this artefact", _MAINNET, timedelta(days=14)),
        Rule(Gate.AUDIT, "an audit report of this artefact is on file", _MAINNET, timedelta(days=365)),
        Rule(Gate.REVIEW, "two people have reviewed what changed", _MAINNET, timedelta(days=30), people=2),
        Rule(Gate.MULTISIG, "the multisigs are as agreed on, and enough signers can vote", _MAINNET, found=True),
        Rule(Gate.KEYS, "the randomness key is here, and the oracle can pay", _MAINNET, found=True),
        Rule(Gate.RUNBOOKS, "the runbooks for the worst were rehearsed lately", _MAINNET, found=True),
        Rule(Gate.RANDOMNESS, "the subscription of an external source of randomness is accepted", _EVERY, found=True),
        Rule(Gate.FREEZE, "no freeze is on", _SERIOUS, found=True),
        Rule(Gate.BALANCE, "the deployer can pay", _EVERY, found=True),
    )
}
"""In the order in which they are shown."""
WAIVERS: Mapping[Network, int] = {Network.MAINNET: 2}
"""How many people waive a gate together; one, where nothing is said."""
LONGEST_WAIVER = timedelta(days=7)


def rules_of(network: Network) -> list[Rule]:
    """The gates before a deploy there."""
    return [rule for rule in RULES.values() if network in rule.networks]


def judge(
    rule: Rule, network: Network, artefact: str, evidence: Iterable[Evidence], now: datetime, found: Found | None = None
) -> Verdict:
    """Whether the gate is open now. `found` is what one look says, for a gate that is looked at."""
    counting = [
        one
        for one in evidence
        if (one.gate, one.network, one.artefact) == (rule.gate, network, artefact) and now < one.expires_at
    ]
    waiving = _newest_of_each(one for one in counting if one.kind is Kind.WAIVED)
    shown = _newest_of_each(one for one in counting if one.kind is Kind.SHOWN)
    if rule.found and found is not None and found.holds:
        return Verdict(rule, True, False, found.words, None, ())
    if not rule.found and len(shown) >= rule.people:
        words = "; ".join(f"{person_of(one.owner)}: {one.words}" for one in shown)
        return Verdict(rule, True, False, words, _until(shown, rule.people), tuple(shown))
    if len(waiving) >= (wanted := WAIVERS.get(network, 1)):
        words = "waived by " + "; ".join(f"{person_of(one.owner)}: {one.words}" for one in waiving)
        return Verdict(rule, True, True, words, _until(waiving, wanted), tuple(waiving))
    return Verdict(rule, False, False, _lacks(rule, shown, waiving, wanted, found), None, (*shown, *waiving))


def person_of(owner: str) -> str:
    """The name of whoever says so: the same person at another terminal is not another person."""
    return owner.partition("@")[0]


def _newest_of_each(evidence: Iterable[Evidence]) -> list[Evidence]:
    """One of each person, the one that counts longest."""
    best: dict[str, Evidence] = {}
    for one in sorted(evidence, key=lambda one: (one.expires_at, one.made_at)):
        best[person_of(one.owner)] = one
    return sorted(best.values(), key=lambda one: one.made_at)


def _until(evidence: Sequence[Evidence], wanted: int) -> datetime:
    """Until so many are left."""
    return sorted((one.expires_at for one in evidence), reverse=True)[wanted - 1]


def _lacks(rule: Rule, shown: Sequence[Evidence], waiving: Sequence[Evidence], wanted: int, found: Found | None) -> str:
    if rule.found:
        words = found.words if found is not None else "it has not been looked at"
    elif shown:
        words = f"{rule.people - len(shown)} more of {rule.people} people have to say so"
    else:
        words = "there is no evidence of it"
    if waiving:
        names = ", ".join(person_of(one.owner) for one in waiving)
        words += f"; waived by {names}, and {wanted - len(waiving)} more would have to"
    return words
