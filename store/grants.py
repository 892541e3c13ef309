"""Who may write what, as PostgreSQL keeps it: what a console leaves out by its roles, the database refuses.

Four roles that nobody logs in with: a person's or a process's own user is a member of one, or of several. All read
everything. Nobody of them changes or removes an audit row, and only the tables' owner migrates, restores and rebuilds.
"""

from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy import Table

from store.schema import (
    analysis,
    attempt,
    audit,
    audit_head,
    chain_account,
    chain_read,
    cluster,
    figure,
    gate_evidence,
    hold,
    lock,
    pause,
    phase_run,
    proposal,
    runbook_mark,
    runbook_run,
    settlement,
)


class Member(StrEnum):
    """The roles, by their names in the database."""

    VIEWER = "opinion_viewer"
    SIGNER = "opinion_signer"
    OPERATOR = "opinion_operator"
    ORACLE = "opinion_oracle"


_APPEND = {audit: "INSERT", audit_head: "UPDATE (number, hash)"}
"""The next row, and which is the newest."""
_RUNBOOKS = {runbook_run: "INSERT, UPDATE (ended_by, ended_at, outcome, note)", runbook_mark: "INSERT"}
_EVIDENCE = "INSERT, UPDATE (withdrawn_by, withdrawn_at)"
WRITES: Mapping[Member, Mapping[Table, str]] = {
    Member.VIEWER: {},
    # What they saw in the runbooks that are theirs, and what they reviewed.
    Member.SIGNER: {**_APPEND, **_RUNBOOKS, gate_evidence: _EVIDENCE},
    # What ops does by hand: settle, retry, park, hold, pause, runs of runbooks.
    Member.OPERATOR: {
        **_APPEND,
        **_RUNBOOKS,
        settlement: "INSERT, UPDATE",
        phase_run: "UPDATE (ended_at, outcome, reason)",
        proposal: "UPDATE (answered_at)",
        hold: "INSERT, UPDATE (lifted_by, lifted_at)",
        pause: "INSERT, UPDATE (lifted_by, lifted_at)",
        gate_evidence: _EVIDENCE,
    },
    # What the watcher and the workers do.
    Member.ORACLE: {
        **_APPEND,
        cluster: "INSERT",
        chain_account: "INSERT, UPDATE, DELETE",
        chain_read: "INSERT, UPDATE",
        settlement: "INSERT, UPDATE",
        phase_run: "INSERT, UPDATE (ended_at, outcome, reason)",
        attempt: "INSERT, UPDATE (outcome, slot, concluded_at)",
        analysis: "INSERT",
        proposal: "INSERT, UPDATE",
        lock: "INSERT, UPDATE",
        figure: "INSERT, UPDATE",
    },
}
"""What each may write of each table, beside reading all; what is not here is refused."""


def statements() -> tuple[str, ...]:
    """Return the SQL that makes the roles and gives them this and nothing else; the tables' owner runs it, often."""
    found = ["REVOKE CREATE ON SCHEMA public FROM PUBLIC"]
    for member, tables in WRITES.items():
        found += [
            _made(member),
            f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {member}",
            f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {member}",
            f"GRANT USAGE ON SCHEMA public TO {member}",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {member}",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {member}",
        ]
        for table, writes in tables.items():
            found.append(f"GRANT {writes} ON {table.name} TO {member}")
            if "INSERT" in writes and _is_numbered(table):
                found.append(f"GRANT USAGE ON SEQUENCE {table.name}_id_seq TO {member}")
    return tuple(found)


def _made(member: Member) -> str:
    """Roles belong to the server, not to a database: there it may be already."""
    return f"DO $$ BEGIN CREATE ROLE {member} NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"


def _is_numbered(table: Table) -> bool:
    """Whether the database numbers its rows, by a sequence."""
    return table.autoincrement_column is not None and table.autoincrement_column.name == "id"
