"""The multisigs that the settings name, as the roster writes them down, held against the chain."""

from pathlib import Path

from chain.errors import RosterError
from chain.multisig.model import Multisig
from chain.multisig.pinned import differences
from chain.multisig.roster import Council, Roster, parse_roster
from chain.rpc import Rpc
from oracle.errors import OracleError
from settings import Settings, SettingsError


class CouncilError(OracleError):
    """The multisig on the chain is not the one that was agreed on."""


def read_roster(settings: Settings) -> Roster:
    """Return the councils that the settings name, None for each that they do not. Raises SettingsError, RosterError.

    Each address stands in the settings and in the roster: who can change one of the two files alone changes nothing.
    """
    if settings.roster_path is None:
        for name, address in (("SQUADS_MULTISIG", settings.squads_multisig), _upgrade(settings)):
            if address is not None:
                raise SettingsError(f"{name} is set and ROSTER_PATH is not: it should be the path of the roster.")
        return Roster(None, None)
    roster = parse_roster(_text(settings.roster_path))
    _check("SQUADS_MULTISIG", settings.squads_multisig, "settlement", roster.settlement)
    _check(*_upgrade(settings), "upgrade", roster.upgrade)
    return roster


def _upgrade(settings: Settings) -> tuple[str, str | None]:
    return "SQUADS_UPGRADE_MULTISIG", settings.squads_upgrade_multisig


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        why = error.strerror
    except UnicodeDecodeError:
        why = "it is no text"
    raise RosterError(f"the roster {path} cannot be read ({why}): check ROSTER_PATH, its owner and mode")


def _check(name: str, address: str | None, table: str, council: Council | None) -> None:
    written = None if council is None else str(council.pinned.address)
    if address == written:
        return
    told = "nothing" if written is None else written
    raise SettingsError(
        f"{name} is {address or 'not set'} and the roster has {told} under [{table}]: they should agree."
    )


async def read_council(rpc: Rpc, council: Council) -> Multisig:
    """Return the multisig as the chain shows it. Raises CouncilError, AccountError, RpcError."""
    found = await council.adapter.read(rpc, council.pinned.address)
    if wrong := differences(council.pinned, council.adapter, found):
        told = f"; and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise CouncilError(
            f"multisig {found.address} is not as the roster says: {wrong[0]}{told}: `opinion signers` shows all, "
            "ask the signers before anything is signed or sent"
        )
    return found
