"""Create the first schema."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

SERIAL: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# The database itself refuses changes. SQLite's REPLACE deletes without firing a DELETE trigger, hence the third
# trigger; PostgreSQL's TRUNCATE likewise.
SQLITE_GUARDS: Final = (
    """CREATE TRIGGER audit_keeps_entries BEFORE UPDATE ON audit
       BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END""",
    """CREATE TRIGGER audit_loses_nothing BEFORE DELETE ON audit
       BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END""",
    """CREATE TRIGGER audit_replaces_nothing BEFORE INSERT ON audit
       WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
       BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END""",
)
POSTGRES_GUARDS: Final = (
    """CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$""",
    """CREATE TRIGGER audit_keeps_entries BEFORE UPDATE OR DELETE ON audit
       FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()""",
    """CREATE TRIGGER audit_loses_nothing BEFORE TRUNCATE ON audit
       FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()""",
)


def upgrade() -> None:
    """Create all tables."""
    _create_requests()
    _create_remedies()
    _create_processes()
    _create_chronicles()
    _create_alerts()
    _create_watches()


Columns = list[sa.Column[Any]]


def _keys(*names: str) -> Columns:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _words(*names: str) -> Columns:
    return [sa.Column(name, sa.Text(), server_default="", nullable=False) for name in names]


def _times(*names: str) -> Columns:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in names]


def _ends(*names: str) -> Columns:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=True) for name in names]


def _json(*names: str) -> Columns:
    return [sa.Column(name, sa.JSON(), nullable=False) for name in names]


def _flags(*names: str) -> Columns:
    return [sa.Column(name, sa.Boolean(), nullable=False) for name in names]


def _numbers(*names: str) -> Columns:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _create(table: str, keys: list[str], *others: sa.Column[Any] | sa.Constraint) -> None:
    constraint = sa.PrimaryKeyConstraint(*keys, name=f"pk_{table}")
    op.create_table(table, *_keys(*keys), *others, constraint)


def _create_of_channel(table: str, keys: list[str], *others: sa.Column[Any]) -> None:
    """Create a table whose rows belong to a channel and are deleted with it."""
    _create(table, ["channel", *keys], *others, _parent(table, "channel", "incident_channels.channel"))


def _parent(table: str, column: str, key: str) -> sa.ForeignKeyConstraint:
    """Return the constraint that deletes rows with the row of another table that they belong to."""
    return sa.ForeignKeyConstraint([column], [key], name=f"fk_{table}_{column}", ondelete="CASCADE")


def _indexes(table: str, *columns: list[str]) -> None:
    for each in columns:
        op.create_index("_".join(("ix", table, *each)), table, each)


def _create_requests() -> None:
    """Create what requests, their answers and their messages need."""
    _create(
        "requests",
        ["id"],
        *_words("team", "channel", "thread_ts", "source_ts", "user"),
        sa.Column("surface", sa.String(length=16), nullable=False),
        *_words("kind", "namespace", "name"),
        *_json("files"),
        *_words("response_url", "language"),
        *_times("created", "touched"),
        sa.Column("state", sa.String(length=16), nullable=False),
        *_numbers("revision"),
    )
    _indexes("requests", ["channel", "thread_ts"], ["touched"])
    _create(
        "request_parts",
        ["request_id", "ts"],
        *_words("channel", "text", "digest"),
        _parent("request_parts", "request_id", "requests.id"),
    )
    _indexes("request_parts", ["channel", "ts"])
    _create("outbox", ["key"], *_words("channel", "thread_ts", "ts"), *_times("began"))
    _indexes("outbox", ["began"], ["channel", "ts"])
    _create(
        "answers",
        ["request_id"],
        *_numbers("revision"),
        *_words("channel", "ts", "incident", "verdict"),
        *_json("message", "shown"),
        *_times("saved"),
    )
    _indexes("answers", ["channel", "ts"], ["saved"])
    op.create_table(
        "topics",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        *_words("channel", "fingerprint", "leader"),
        *_numbers("joined"),
        *_times("first", "last"),
        sa.PrimaryKeyConstraint("id", name="pk_topics"),
        sqlite_autoincrement=True,
    )
    _indexes("topics", ["channel", "fingerprint"], ["last"])
    op.create_table(
        "topic_members",
        sa.Column("topic_id", SERIAL, autoincrement=False, nullable=False),
        *_keys("request_id"),
        _parent("topic_members", "topic_id", "topics.id"),
        sa.PrimaryKeyConstraint("topic_id", "request_id", name="pk_topic_members"),
    )
    _indexes("topic_members", ["request_id"])
    _create("mutes", ["channel", "incident"], *_words("by"), *_times("at"), *_ends("until"), *_words("reason"))
    _create("channel_answers", ["channel", "about"], *_words("wanted", "by"), *_times("at"))
    _create("reports", ["key"], *_json("findings"), *_times("at"))
    _create("feedback", ["request_id", "user"], *_words("what"), *_times("at"))
    _create(
        "corrections", ["request_id", "user"], *_words("channel", "incident", "verdict", "entry", "says"), *_times("at")
    )
    _indexes("corrections", ["at"])
    _create("unknown_pastes", ["request_id"], *_words("channel", "template", "example"), *_times("at"))
    _indexes("unknown_pastes", ["at"], ["template"])


def _create_remedies() -> None:
    """Create plans, and the audit log that nobody can change."""
    _create(
        "plans",
        ["id"],
        *_words("request_id"),
        *_json("document"),
        *_words("state"),
        *_times("expires"),
        *_words("claimed_by"),
        *_ends("claimed_at"),
        *_words("token", "action", "subject"),
    )
    _indexes("plans", ["claimed_at"], ["expires"], ["request_id"])
    op.create_table(
        "audit",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        *_times("at"),
        *_words("actor", "team", "channel", "action", "cluster", "target", "plan_id", "outcome"),
        *_json("detail"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sa.UniqueConstraint("key", name="uq_audit_key"),
        sqlite_autoincrement=True,
    )
    _indexes("audit", ["at"])
    for statement in SQLITE_GUARDS if op.get_context().dialect.name == "sqlite" else POSTGRES_GUARDS:
        op.execute(statement)


def _create_processes() -> None:
    """Create what processes share."""
    _create("notices", ["key"], *_times("at"))
    op.create_table(
        "directory",
        sa.Column("kind", sa.String(length=16), nullable=False),
        *_keys("id"),
        *_json("document"),
        *_times("read"),
        sa.PrimaryKeyConstraint("kind", "id", name="pk_directory"),
    )
    _indexes("directory", ["read"])
    _create(
        "accepted_jobs",
        ["id"],
        sa.Column("kind", sa.String(length=32), nullable=False),
        *_json("payload"),
        *_times("at"),
        *_flags("urgent"),
    )
    _indexes("accepted_jobs", ["at"])
    _create("replicas", ["executor"], *_words("version"), *_times("beat"))


def _create_chronicles() -> None:
    """Create incident channels with their chronicles; rows that belong to a channel are deleted with it."""
    _create(
        "incident_channels",
        ["channel"],
        *_words("team", "name"),
        *_times("named"),
        sa.Column("state", sa.String(length=16), nullable=False),
        *_times("opened", "since"),
        *_ends("resolved"),
        sa.Column("cursor", sa.Text(), nullable=True),
        *_words("missed", "missed_cursor"),
        *_numbers("revision", "shown"),
        *_words("summary_ts", "canvas", "rendered_by"),
        *_ends("rendered_until"),
    )
    _indexes("incident_channels", ["state"])
    _create_of_channel("facts", ["key"], *_words("source", "ts", "incident"), *_times("at"), *_json("document"))
    _indexes("facts", ["channel", "at"], ["channel", "source"], ["incident"])
    _create_of_channel("fact_sources", ["source"], *_words("version"), *_flags("gone"))
    _create_of_channel("fact_marks", ["ts", "user", "what"], *_words("says"), *_flags("stands"), *_times("at"))
    _create_of_channel("chronicle_reads", ["user"], *_times("last"), *_ends("before"))


def _create_alerts() -> None:
    """Create alerts and the posts about them."""
    _create("alert_rounds", ["scope"], *_numbers("round"), *_flags("open"), *_times("at"))
    _create(
        "alerts",
        ["scope", "fingerprint"],
        *_flags("firing", "placed"),
        *_words("post", "mode", "link"),
        *_json("labels"),
        *_words("summary", "runbook"),
        *_ends("starts", "ends"),
        *_times("at"),
    )
    _indexes("alerts", ["at"], ["post"], ["scope", "placed"])
    _create(
        "alert_posts",
        ["id"],
        *_words("scope", "cause"),
        *_flags("open"),
        *_words("ts"),
        *_numbers("revision", "shown", "edits"),
        *_json("document"),
        sa.Column("silence", sa.JSON(), nullable=True),
        *_times("opened", "at"),
    )
    _indexes("alert_posts", ["at"], ["scope", "cause", "open"])
    _create("standing_alerts", ["channel", "identity", "request_id"], *_times("at"))
    _indexes("standing_alerts", ["request_id"])


def _create_watches() -> None:
    """Create what the watch of clusters needs, and saved incidents."""
    _create("watch_leases", ["cluster"], *_words("holder"), *_times("renewed"))
    _create(
        "watch_posts",
        ["key"],
        *_words("cause", "channel", "cluster", "digest"),
        *_json("document", "objects", "notes"),
        *_times("since", "opened"),
        *_flags("shown"),
        *_ends("over"),
    )
    _indexes("watch_posts", ["cause"], ["channel", "opened"], ["cluster", "over"], ["digest"], ["opened"])
    _create("watch_thresholds", ["channel", "incident"], *_numbers("minutes"), *_words("by"), *_times("at"))
    _indexes("watch_thresholds", ["at"])
    op.create_table(
        "learned",
        *_keys("id"),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        *_words("yaml", "channel", "channel_name", "author", "by"),
        *_flags("shared"),
        *_times("at", "changed"),
        sa.PrimaryKeyConstraint("id", "version", name="pk_learned"),
    )
