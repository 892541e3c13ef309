"""Who sits here, and what that allows: by Unix groups, which the host keeps, not by the console's good will.

The console only leaves out what would be refused: what truly stops a viewer is that the database grants writing to the
other users alone (`opinion store grants`).
"""

import grp
import os
import pwd

from console.actions import Role
from console.errors import ConsoleError
from settings import Network

GROUPS = {"opinion-signers": Role.SIGNER, "opinion-operators": Role.OPERATOR}


def role_of(network: Network, groups: frozenset[str], wanted: Role | None = None) -> Role:
    """Return the role that membership gives; on a localnet, where nothing is at stake, everybody operates.

    `wanted` chooses among those that somebody has: what their groups give, or to look on. On a localnet it is any, so
    that whoever practises needs no group. Raises ConsoleError where it is none of them.
    """
    given = [role for group, role in GROUPS.items() if group in groups]
    local = network is Network.LOCALNET
    if wanted is None:
        return given[0] if given else Role.OPERATOR if local else Role.VIEWER
    if local or wanted in (Role.VIEWER, *given):
        return wanted
    group = next(group for group, role in GROUPS.items() if role is wanted)
    raise ConsoleError(f"on {network} the role {wanted.value} is for the Unix group {group}, and you are not in it")


def groups_here() -> frozenset[str]:
    """Return the names of the groups of whoever started this process, of the one behind sudo where there is one."""
    caller = os.environ.get("SUDO_USER") if os.geteuid() == 0 else None
    if caller is None:
        numbers = {os.getegid(), *os.getgroups()}
    else:
        try:
            numbers = set(os.getgrouplist(caller, pwd.getpwnam(caller).pw_gid))
        except KeyError:
            numbers = set[int]()
    return frozenset(name for number in numbers if (name := _name(number)) is not None)


def _name(number: int) -> str | None:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return None
