"""Looks at the gates before a deploy of an artefact, and writes down what people say of them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from solders.pubkey import Pubkey

from chain.loader import executable_hash
from chain.signers import signer_from_file
from chain.units import Lamports
from ops.cluster import connected
from ops.deploy.findings import look
from ops.deploy.gates import LONGEST_WAIVER, RULES, Gate, Rule, Verdict, judge, rules_of
from ops.errors import OperatorError, UsageError
from ops.localnet import PROGRAM_FILE
from ops.person import person
from ops.settlements import opened
from settings import Settings
from store import evidence
from store.evidence import Evidence, Kind


@dataclass(frozen=True, slots=True)
class Artefact:
    """A built program. `hash_` is the SHA-256 of its bytes in hex, trailing zeros left out, as the chain has it."""

    path: Path
    hash_: str


def artefact_of(path: Path | None) -> Artefact:
    """Return the built program in this file, or the one that came with this software. Raises OperatorError."""
    file = path or PROGRAM_FILE
    try:
        return Artefact(file, executable_hash(file.read_bytes()))
    except OSError as error:
        raise OperatorError(f"The artefact {file} cannot be read ({error.strerror}): build it, or name it.") from None


async def verdicts(settings: Settings, artefact: Artefact, cost: Lamports, url: str | None = None) -> list[Verdict]:
    """Return each gate before a deploy of this artefact on the settings' network; `cost` is what it would spend.

    Raises OperatorError, SignerError, StoreError and RpcError.
    """
    async with connected(settings, url) as rpc, opened(settings) as db:
        given = await evidence.given(db, settings.network, artefact.hash_)
        now = datetime.now(UTC)
        found = await look(settings, rpc, db, _deployer(settings), cost, now)
    rules = rules_of(settings.network)
    return [judge(rule, settings.network, artefact.hash_, given, now, found.get(rule.gate)) for rule in rules]


async def show(
    settings: Settings, gate: str, artefact: Artefact, words: str, document: Path | None = None
) -> tuple[Rule, Evidence]:
    """Write down that a gate holds. Raises UsageError for one that is looked at, OperatorError and StoreError."""
    rule = rule_of(settings, gate)
    if rule.found:
        raise UsageError(f"Nobody says that {gate} holds: it is looked at each time. It can be waived.")
    if gate == Gate.AUDIT and document is None:
        raise UsageError("The audit's report has to be on file: name it by --document.")
    return rule, await _give(settings, rule, Kind.SHOWN, artefact, words, rule.life, document)


async def waive(settings: Settings, gate: str, artefact: Artefact, why: str, life: timedelta) -> tuple[Rule, Evidence]:
    """Write down that a gate is waived, and why. Raises UsageError, OperatorError and StoreError."""
    rule = rule_of(settings, gate)
    if not timedelta(0) < life <= LONGEST_WAIVER:
        raise UsageError(f"A gate is waived for {LONGEST_WAIVER.days} days at most.")
    return rule, await _give(settings, rule, Kind.WAIVED, artefact, why, life, None)


async def withdraw(settings: Settings, number: int, why: str) -> None:
    """Let evidence or a waiver count no more. Raises OperatorError and StoreError."""
    async with opened(settings) as db:
        if not await evidence.withdraw(db, number, person(), _reason(why)):
            raise OperatorError(f"There is no evidence {number} that still counts: see 'opinion deploy gates'.")


def rule_of(settings: Settings, gate: str) -> Rule:
    """Return the rule of a gate that stands before deploys on this network. Raises UsageError."""
    known = rules_of(settings.network)
    if gate not in {rule.gate for rule in known}:
        told = ", ".join(rule.gate for rule in known) or "none"
        raise UsageError(f"{gate!r} is no gate before a deploy on {settings.network}; these are: {told}.")
    return RULES[Gate(gate)]


async def _give(
    settings: Settings, rule: Rule, kind: Kind, artefact: Artefact, words: str, life: timedelta, document: Path | None
) -> Evidence:
    on_file = None if document is None else _document_hash(document)
    async with opened(settings) as db:
        return await evidence.give(
            db,
            gate=rule.gate,
            kind=kind,
            network=settings.network,
            artefact=artefact.hash_,
            owner=person(),
            words=_reason(words),
            life=life,
            document=on_file,
        )


def _reason(words: str) -> str:
    if not words.strip():
        raise UsageError("Say why, in a few words: others decide by it.")
    return words.strip()


def _document_hash(document: Path) -> str:
    try:
        return sha256(document.read_bytes()).hexdigest()
    except OSError as error:
        raise OperatorError(f"The document {document} cannot be read ({error.strerror}): name another.") from None


def _deployer(settings: Settings) -> Pubkey | None:
    if settings.solana_keypair is None:
        return None
    return signer_from_file(settings.solana_keypair).public_key
