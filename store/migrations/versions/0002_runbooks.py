"""Runs of runbooks, and the log and the phases by time."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of runs, and the indices that an incident's timeline is read by."""
    op.create_table(
        "runbook_mark",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(length=64), nullable=False),
        sa.Column("means", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runbook_mark")),
        comment="What was seen at a step of a run, and who says so: only added to, so that two people lose nothing.",
    )
    op.create_index(op.f("ix_runbook_mark_run_id"), "runbook_mark", ["run", "id"], unique=False)
    op.create_table(
        "runbook_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("runbook", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("started_by", sa.String(length=128), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_by", sa.String(length=128), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runbook_run")),
        comment="Who went through which runbook, and when; one that has not ended is gone on with.",
    )
    op.create_index(op.f("ix_runbook_run_runbook_id"), "runbook_run", ["runbook", "id"], unique=False)
    op.create_index(
        "uq_runbook_run_open",
        "runbook_run",
        ["runbook"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
    op.create_index(op.f("ix_phase_run_started_at"), "phase_run", ["started_at"], unique=False)
