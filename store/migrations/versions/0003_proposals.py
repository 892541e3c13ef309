"""Which proposal records which market's score."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table of proposals."""
    op.create_table(
        "proposal",
        sa.Column("multisig", sa.String(length=44), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("market", sa.String(length=44), nullable=False),
        sa.Column("payload_hash", sa.LargeBinary(), nullable=False),
        sa.Column("noted_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.Column("refused_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("multisig", "number", "market", name=op.f("pk_proposal")),
        comment="Which proposal of a multisig records which market's score, written down before it is sent.",
    )
    op.create_index(op.f("ix_proposal_market"), "proposal", ["market"], unique=False)
