"""Everything that a transaction changed, so that a test can say: this, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace

from solders.account import Account
from solders.pubkey import Pubkey

from tests.programs import idl, tokens
from tests.programs.calls import Call
from tests.programs.scene import Scene
from tests.programs.spec import PROGRAM_ID
from tests.programs.world import Done


@dataclass(frozen=True)
class Effects:
    """What one transaction did, by address; only what differs. Fees of the fee payer are left out."""

    done: Done
    lamports: Mapping[Pubkey, int]
    tokens: Mapping[Pubkey, int]
    fields: Mapping[Pubkey, Mapping[str, idl.Value]]
    created: frozenset[Pubkey]
    gone: frozenset[Pubkey]

    @property
    def event(self) -> tuple[str, dict[str, idl.Value]]:
        """The one event."""
        [(name, fields)] = self.done.events
        return name, vars(fields)


def _fields(account: Account | None) -> dict[str, idl.Value]:
    """A program account's fields and its kind; nothing for other accounts."""
    if account is None or account.owner != PROGRAM_ID:
        return {}
    layouts = {layout.prefix: layout for layout in idl.load().accounts.values()}
    layout = layouts[account.data[:8]]
    found: SimpleNamespace = layout.decode(account.data)
    return {"kind": layout.name, **vars(found)}


def _amount(account: Account | None) -> int:
    try:
        return 0 if account is None else tokens.read(account).amount
    except ValueError:
        return 0


def effects(scene: Scene, *calls: Call) -> Effects:
    """Sends the calls in one transaction and compares every writable account. Raises Refused."""
    instructions = [call.instruction() for call in calls]
    keys = {meta.pubkey for one in instructions for meta in one.accounts}
    before = {key: scene.account(key) for key in keys}
    done = scene.send(*instructions)
    after = {key: scene.account(key) for key in keys}
    lamports = {key: _lamports(after[key]) - _lamports(before[key]) for key in keys}
    amounts = {key: _amount(after[key]) - _amount(before[key]) for key in keys}
    fields: dict[Pubkey, dict[str, idl.Value]] = {}
    for key in keys:
        old, new = _fields(before[key]), _fields(after[key])
        if changed := {name: value for name, value in new.items() if old.get(name, ...) != value}:
            fields[key] = changed
    return Effects(
        done,
        {key: delta for key, delta in lamports.items() if delta},
        {key: delta for key, delta in amounts.items() if delta},
        fields,
        frozenset(key for key in keys if before[key] is None and after[key] is not None),
        frozenset(key for key in keys if before[key] is not None and after[key] is None),
    )


def _lamports(account: Account | None) -> int:
    return 0 if account is None else account.lamports
