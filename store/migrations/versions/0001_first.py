"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "analysis",
        sa.Column("market", sa.String(length=44), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("summary_hash", sa.LargeBinary(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("confidence", sa.Integer(), nullable=False),
        sa.Column("analyser", sa.String(length=128), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost_microdollars", sa.BigInteger(), nullable=False),
        sa.Column("latency_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", name=op.f("pk_analysis")),
        comment="The record of a market's analysis, whose hash goes on-chain.",
    )
    op.create_table(
        "attempt",
        sa.Column("signature", sa.String(length=88), nullable=False),
        sa.Column("intent", sa.String(length=128), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("market", sa.String(length=44), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.Column("last_valid_block_height", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("slot", sa.BigInteger(), nullable=True),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.Column("concluded_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("signature", name=op.f("pk_attempt")),
        comment="Signed transactions, written down under the fence before their first byte leaves.",
    )
    op.create_index(op.f("ix_attempt_market"), "attempt", ["market"], unique=False)
    op.create_index(op.f("ix_attempt_outcome"), "attempt", ["outcome"], unique=False)
    op.create_index("uq_attempt_intent_number", "attempt", ["intent", "number"], unique=True)
    op.create_index(
        "uq_attempt_open",
        "attempt",
        ["intent"],
        unique=True,
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    )
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("act", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
        comment="Every act of the oracle or a person; each row's hash covers the one before it.",
    )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_head_only_one")),
        comment="The newest audit row, so that a tail cut off shows; and the row that serialises who writes the next.",
    )
    op.create_table(
        "chain_account",
        sa.Column("address", sa.String(length=44), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("market", sa.String(length=44), nullable=True),
        sa.Column("state", sa.Integer(), nullable=True),
        sa.Column("closes_at", sa.BigInteger(), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("commitment", sa.String(length=16), nullable=False),
        sa.Column("genesis_hash", sa.String(length=44), nullable=False),
        sa.Column("program", sa.String(length=44), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("absent_since_slot", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_chain_account")),
        comment="The read model: the program's accounts as the follower saw them last. The chain overrides it, always.",
    )
    op.create_index(
        op.f("ix_chain_account_kind_state_closes_at"), "chain_account", ["kind", "state", "closes_at"], unique=False
    )
    op.create_index(op.f("ix_chain_account_market"), "chain_account", ["market"], unique=False)
    op.create_table(
        "chain_read",
        sa.Column("commitment", sa.String(length=16), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=False),
        sa.Column("accounts", sa.BigInteger(), nullable=False),
        sa.Column("skipped", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("commitment", name=op.f("pk_chain_read")),
        comment="The newest full read at each commitment: "
        "how fresh the read model is, and what older sightings lose to.",
    )
    op.create_table(
        "cluster",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("genesis_hash", sa.String(length=44), nullable=False),
        sa.Column("program", sa.String(length=44), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cluster")),
        sa.CheckConstraint("id = 1", name=op.f("ck_cluster_only_one")),
        comment="One database, one cluster: who sees another one does not start.",
    )
    op.create_table(
        "figure",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("labels", sa.String(length=256), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "labels", name=op.f("pk_figure")),
        comment="Counters that no other row tells, such as the failed RPC calls of jobs that have ended.",
    )
    op.create_table(
        "hold",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.String(length=128), nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
        sa.Column("lifted_by", sa.String(length=128), nullable=True),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
        comment="While one is not lifted, nothing of the oracle acts on the outside.",
    )
    op.create_table(
        "lock",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("holder", sa.String(length=128), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lock")),
        comment="Who is the active watcher; also the row that serialises who may take an analysis slot.",
    )
    op.create_table(
        "pause",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("queue", sa.String(length=16), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.String(length=128), nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
        sa.Column("lifted_by", sa.String(length=128), nullable=True),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pause")),
        comment="While one is not lifted, nobody claims a market of its queue.",
    )
    op.create_table(
        "phase_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("market", sa.String(length=44), nullable=False),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=128), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phase_run")),
        comment="What was tried, when, by whom, and what came of it: what `explain` tells and metrics count.",
    )
    op.create_index(op.f("ix_phase_run_market_id"), "phase_run", ["market", "id"], unique=False)
    op.create_index(op.f("ix_phase_run_phase_outcome"), "phase_run", ["phase", "outcome"], unique=False)
    op.create_table(
        "settlement",
        sa.Column("market", sa.String(length=44), nullable=False),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("queue", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("takeovers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("holder", sa.String(length=128), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("wait_reason", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("market", name=op.f("pk_settlement")),
        comment="The truth of work: one row a market, who holds it and until when.",
    )
    op.create_index(
        op.f("ix_settlement_status_queue_due_at"), "settlement", ["status", "queue", "due_at"], unique=False
    )
    # What others lock: it must be there before anybody comes.
    op.execute("INSERT INTO lock (name, holder, fence, until) VALUES ('analysis', '', 0, 0)")
    op.bulk_insert(
        sa.table("audit_head", sa.column("id"), sa.column("number"), sa.column("hash", sa.LargeBinary)),
        [{"id": 1, "number": 0, "hash": bytes(32)}],
    )
