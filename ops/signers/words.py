"""What a decoded instruction, or a change of the multisig, does: a sentence for who has to approve it. Pure."""

from collections.abc import Callable
from datetime import datetime, timedelta

from solders.pubkey import Pubkey

from chain.constants import Role
from chain.decoding.model import Decoded
from chain.multisig.model import Roles
from chain.multisig.v4.accounts import (
    AddMember,
    AddSpendingLimit,
    ChangeThreshold,
    ConfigAction,
    RemoveMember,
    RemoveSpendingLimit,
    SetRentCollector,
    SetTimeLock,
)
from chain.units import Lamports, UsdcUnits, sol, usdc

Name = Callable[[Pubkey], str]
"""Who or what a key is, or the key where nobody knows."""
_ROLES = {Roles.INITIATE: "propose", Roles.VOTE: "vote", Roles.EXECUTE: "execute"}


def effect(one: Decoded, name: Name) -> str:
    """Return what the instruction does, as one sentence without a full stop."""
    told = _EFFECTS.get((one.program_name, one.name))
    return told(one, name) if told is not None else f"{one.name} of {one.program_name}, as its accounts say"


def change(action: ConfigAction, name: Name) -> str:
    """Return what the change does, likewise."""
    match action:
        case AddMember(member):
            return f"{name(member.key)} becomes a member who may {roles(member.roles)}"
        case RemoveMember(key):
            return f"{name(key)} is no member any more"
        case ChangeThreshold(threshold):
            return f"{threshold} approvals decide from then on"
        case SetTimeLock(seconds):
            return f"{timedelta(seconds=seconds)} have to pass between approval and execution"
        case SetRentCollector(None):
            return "nobody gets the rent of what is closed any more"
        case SetRentCollector(collector):
            return f"{collector} gets the rent of what is closed"
        case AddSpendingLimit():
            keys = ", ".join(name(key) for key in action.members)
            return f"{keys} may spend {action.amount} of {action.mint} from vault {action.vault_index} without a vote"
        case RemoveSpendingLimit(limit):
            return f"the spending limit {limit} ends"


def roles(held: Roles) -> str:
    """Return what somebody may do."""
    return ", ".join(word for role, word in _ROLES.items() if role in held) or "do nothing"


def _record(one: Decoded, _: Name) -> str:
    # Only who reads a proposal waits for the analysis' modules, not the console's first frame.
    from oracle.analysis.crowd import Confidence

    said = one.arguments
    confidence = said["confidence"]
    known = Confidence(confidence).name.lower() if confidence in set(Confidence) else f"unknown ({confidence})"
    return f"records score {said['score']} of 100, confidence {known}, for market {one.account('market')}"


def _propose(one: Decoded, name: Name) -> str:
    role: Role = one.arguments["role"]
    return f"proposes {name(one.arguments['key'])} as the program's {_role(role)}, who has to accept"


def _accept(one: Decoded, name: Name) -> str:
    return f"makes {name(one.account('authority'))} the program's {_role(one.arguments['role'])}"


def _role(role: Role) -> str:
    return role.name.lower().replace("_", " ")


def _paused(one: Decoded, _: Name) -> str:
    return "refuses new markets and stakes" if one.arguments["paused"] else "lets new markets and stakes in again"


def _bond_out(one: Decoded, _: Name) -> str:
    return f"takes {usdc(one.arguments['amount'])} out of the bond, to {one.account('destination')}"


def _bond_in(one: Decoded, _: Name) -> str:
    return f"adds {usdc(one.arguments['amount'])} to the bond, from {one.account('source')}"


def _lamports(one: Decoded, name: Name) -> str:
    amount: Lamports = one.arguments["lamports"]
    return f"moves {sol(amount)} from {name(one.account('from'))} to {name(one.account('to'))}"


def _tokens(one: Decoded, _: Name) -> str:
    amount: int = one.arguments["amount"]
    mint = {account.role: account.key for account in one.accounts}.get("mint")
    told = f" of {mint}" if mint is not None else f" base units ({usdc(UsdcUnits(amount))}, if they are USDC)"
    return f"moves {amount:,}{told} from {one.account('source')} to {one.account('destination')}"


def _upgrade(one: Decoded, _: Name) -> str:
    return f"replaces the program {one.account('program')} by what is in the buffer {one.account('buffer')}"


def _hand_over(one: Decoded, name: Name) -> str:
    return f"hands {one.account('account')} over to {name(one.account('new_authority'))}, for good"


def _close(one: Decoded, name: Name) -> str:
    return f"closes {one.account('account')} for good; its SOL goes to {name(one.account('recipient'))}"


def _revoke(one: Decoded, _: Name) -> str:
    return f"revokes the randomness key {Pubkey(one.arguments['key'])} for good: its open markets refund"


_MARKET, _LOADER, _TOKEN = "opinion-market", "the loader", "the token program"
_EFFECTS: dict[tuple[str, str], Callable[[Decoded, Name], str]] = {
    (_MARKET, "record_sentiment"): _record,
    (_MARKET, "propose_authority"): _propose,
    (_MARKET, "accept_authority"): _accept,
    (_MARKET, "set_paused"): _paused,
    (_MARKET, "withdraw_bond"): _bond_out,
    (_MARKET, "deposit_bond"): _bond_in,
    (_MARKET, "revoke_randomness_key"): _revoke,
    ("the system program", "transfer"): _lamports,
    (_TOKEN, "transfer"): _tokens,
    (_TOKEN, "transfer_checked"): _tokens,
    (_LOADER, "upgrade"): _upgrade,
    (_LOADER, "set_authority"): _hand_over,
    (_LOADER, "set_authority_checked"): _hand_over,
    (_LOADER, "close"): _close,
}


def ago(at: datetime | None, now: datetime | None) -> str:
    """How long ago a member was seen."""
    return "never seen" if at is None or now is None else f"seen {span(max(now - at, timedelta(0)))} ago"


def span(time: timedelta) -> str:
    """How long it is, in whole minutes, hours or days."""
    minutes = int(time.total_seconds()) // 60
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"
