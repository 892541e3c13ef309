"""The tables. Times are UTC, kept as whole milliseconds; addresses are base58; money is in base units.

Migrations bring a database to this shape; a test holds the two against each other.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    text,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UtcMillis(TypeDecorator[datetime]):
    """An aware UTC time as milliseconds since 1970, the same in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Into the database; refuses a naive time (TypeError)."""
        return None if value is None else millis_of(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Out of the database."""
        return None if value is None else time_of(value)


def millis_of(time: datetime) -> int:
    """Return an aware time as whole milliseconds since 1970."""
    return (time - _EPOCH) // timedelta(milliseconds=1)


def time_of(millis: int) -> datetime:
    """Return milliseconds since 1970 as an aware UTC time."""
    return _EPOCH + timedelta(milliseconds=millis)


class Words(TypeDecorator[str]):
    """Text from anywhere. What a database cannot keep (NUL, half a surrogate pair) is kept as a replacement mark."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Into the database."""
        return None if value is None else storable(value)


def storable(words: str) -> str:
    """Return the words as every database keeps them."""
    return words.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
# SQLite numbers rows by itself only when the key is an INTEGER.
_Serial = BigInteger().with_variant(Integer(), "sqlite")
_Address = String(44)

cluster = Table(
    "cluster",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="only_one"), primary_key=True, autoincrement=False),
    Column("genesis_hash", _Address, nullable=False),
    Column("program", _Address, nullable=False),
    comment="One database, one cluster: who sees another one does not start.",
)

chain_account = Table(
    "chain_account",
    metadata,
    Column("address", _Address, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("market", _Address),
    Column("state", Integer),
    Column("closes_at", UtcMillis),
    Column("data", LargeBinary, nullable=False),
    Column("slot", BigInteger, nullable=False),
    Column("commitment", String(16), nullable=False),
    Column("genesis_hash", _Address, nullable=False),
    Column("program", _Address, nullable=False),
    Column("seen_at", UtcMillis, nullable=False),
    Column("absent_since_slot", BigInteger),
    Index(None, "kind", "state", "closes_at"),
    Index(None, "market"),
    comment="The read model: the program's accounts as the follower saw them last. The chain overrides it, always.",
)

chain_read = Table(
    "chain_read",
    metadata,
    Column("commitment", String(16), primary_key=True),
    Column("slot", BigInteger, nullable=False),
    Column("read_at", UtcMillis, nullable=False),
    Column("accounts", BigInteger, nullable=False),
    Column("skipped", BigInteger, nullable=False),
    comment="The newest full read at each commitment: how fresh the read model is, and what older sightings lose to.",
)

settlement = Table(
    "settlement",
    metadata,
    Column("market", _Address, primary_key=True),
    Column("phase", String(16), nullable=False),
    Column("queue", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("takeovers", Integer, nullable=False, server_default="0"),
    Column("fence", BigInteger, nullable=False, server_default="0"),
    Column("holder", String(128)),
    Column("lease_until", UtcMillis),
    Column("due_at", UtcMillis, nullable=False),
    Column("wait_reason", String(32)),
    Column("reason", Words),
    Column("created_at", UtcMillis, nullable=False),
    Column("started_at", UtcMillis),
    Column("finished_at", UtcMillis),
    Index(None, "status", "queue", "due_at"),
    comment="The truth of work: one row a market, who holds it and until when.",
)

phase_run = Table(
    "phase_run",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("market", _Address, nullable=False),
    Column("phase", String(16), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("worker", String(128), nullable=False),
    Column("started_at", UtcMillis, nullable=False),
    Column("ended_at", UtcMillis),
    Column("outcome", String(16)),
    Column("reason", Words),
    Index(None, "market", "id"),
    Index(None, "phase", "outcome"),
    Index(None, "started_at"),
    comment="What was tried, when, by whom, and what came of it: what `explain` tells and metrics count.",
)

attempt = Table(
    "attempt",
    metadata,
    Column("signature", String(88), primary_key=True),
    Column("intent", String(128), nullable=False),
    Column("number", Integer, nullable=False),
    Column("market", _Address, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("wire", LargeBinary, nullable=False),
    Column("last_valid_block_height", BigInteger, nullable=False),
    Column("outcome", String(16)),
    Column("slot", BigInteger),
    Column("signed_at", UtcMillis, nullable=False),
    Column("concluded_at", UtcMillis),
    Index("uq_attempt_intent_number", "intent", "number", unique=True),
    Index(
        "uq_attempt_open",
        "intent",
        unique=True,
        sqlite_where=text("outcome IS NULL"),
        postgresql_where=text("outcome IS NULL"),
    ),
    Index(None, "market"),
    Index(None, "outcome"),
    comment="Signed transactions, written down under the fence before their first byte leaves.",
)

analysis = Table(
    "analysis",
    metadata,
    Column("market", _Address, primary_key=True),
    Column("document", LargeBinary, nullable=False),
    Column("summary_hash", LargeBinary, nullable=False),
    Column("score", Integer, nullable=False),
    Column("confidence", Integer, nullable=False),
    Column("analyser", String(128), nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cost_microdollars", BigInteger, nullable=False),
    Column("latency_ms", BigInteger, nullable=False),
    Column("made_at", UtcMillis, nullable=False),
    comment="The record of a market's analysis, whose hash goes on-chain.",
)

proposal = Table(
    "proposal",
    metadata,
    Column("multisig", _Address, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("market", _Address, primary_key=True),
    Column("payload_hash", LargeBinary, nullable=False),
    Column("noted_at", UtcMillis, nullable=False),
    Column("seen_at", UtcMillis),
    Column("refused_at", UtcMillis),
    Column("answered_at", UtcMillis),
    Index(None, "market"),
    comment="Which proposal of a multisig records which market's score, written down before it is sent.",
)

hold = Table(
    "hold",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("why", Words, nullable=False),
    Column("placed_by", String(128), nullable=False),
    Column("placed_at", UtcMillis, nullable=False),
    Column("lifted_by", String(128)),
    Column("lifted_at", UtcMillis),
    comment="While one is not lifted, nothing of the oracle acts on the outside.",
)

pause = Table(
    "pause",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("queue", String(16), nullable=False),
    Column("why", Words, nullable=False),
    Column("placed_by", String(128), nullable=False),
    Column("placed_at", UtcMillis, nullable=False),
    Column("lifted_by", String(128)),
    Column("lifted_at", UtcMillis),
    comment="While one is not lifted, nobody claims a market of its queue.",
)

lock = Table(
    "lock",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("holder", String(128), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("until", UtcMillis, nullable=False),
    comment="Who is the active watcher; also the row that serialises who may take an analysis slot.",
)

audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcMillis, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("act", String(32), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("details", Text, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index(None, "at"),
    comment="Every act of the oracle or a person; each row's hash covers the one before it.",
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="only_one"), primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    comment="The newest audit row, so that a tail cut off shows; and the row that serialises who writes the next.",
)

figure = Table(
    "figure",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("labels", String(256), primary_key=True),
    Column("value", BigInteger, nullable=False),
    comment="Counters that no other row tells, such as the failed RPC calls of jobs that have ended.",
)

runbook_run = Table(
    "runbook_run",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("runbook", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("started_by", String(128), nullable=False),
    Column("started_at", UtcMillis, nullable=False),
    Column("ended_by", String(128)),
    Column("ended_at", UtcMillis),
    Column("outcome", String(16)),
    Column("note", Words),
    Index(None, "runbook", "id"),
    Index(
        "uq_runbook_run_open",
        "runbook",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    comment="Who went through which runbook, and when; one that has not ended is gone on with.",
)

runbook_mark = Table(
    "runbook_mark",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("run", BigInteger, nullable=False),
    Column("step", String(64), nullable=False),
    Column("means", String(16), nullable=False),
    Column("state", String(16)),
    Column("words", Words, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("at", UtcMillis, nullable=False),
    Index(None, "run", "id"),
    comment="What was seen at a step of a run, and who says so: only added to, so that two people lose nothing.",
)

gate_evidence = Table(
    "gate_evidence",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("gate", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("network", String(16), nullable=False),
    Column("artefact", String(64), nullable=False),
    Column("owner", String(128), nullable=False),
    Column("words", Words, nullable=False),
    Column("document", String(64)),
    Column("made_at", UtcMillis, nullable=False),
    Column("expires_at", UtcMillis, nullable=False),
    Column("withdrawn_by", String(128)),
    Column("withdrawn_at", UtcMillis),
    Index(None, "network", "artefact"),
    comment="Who says that a gate before a deploy holds, or waives it, for which artefact and until when.",
)
