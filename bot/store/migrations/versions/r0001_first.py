"""Create the first schema."""

from __future__ import annotations

from typing import Final

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


def _key(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=False)


def _words(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _create(table: str, keys: list[str], *others: sa.Column[object] | sa.Constraint) -> None:
    constraint = sa.PrimaryKeyConstraint(*keys, name=f"pk_{table}")
    op.create_table(table, *(_key(key) for key in keys), *others, constraint)


def _create_of_channel(table: str, keys: list[str], *others: sa.Column[object]) -> None:
    """Create a table whose rows belong to a channel and are deleted with it."""
    _create(table, ["channel", *keys], *others, _parent(table, "channel", "incident_channels.channel"))


def _parent(table: str, column: str, key: str) -> sa.ForeignKeyConstraint:
    """Return the constraint that deletes rows with the row of another table that they belong to."""
    return sa.ForeignKeyConstraint([column], [key], name=f"fk_{table}_{column}", ondelete="CASCADE")


def _index(table: str, *columns: str) -> None:
    op.create_index("_".join(("ix", table, *columns)), table, list(columns))


def _create_requests() -> None:
    """Create what requests, their answers and their messages need."""
    _create(
        "requests",
        ["id"],
        _words("team"),
        _words("channel"),
        _words("thread_ts"),
        _words("source_ts"),
        _words("user"),
        sa.Column("surface", sa.String(length=16), nullable=False),
        _words("kind"),
        _words("namespace"),
        _words("name"),
        sa.Column("files", sa.JSON(), nullable=False),
        _words("response_url"),
        _words("language"),
        _at("created"),
        _at("touched"),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
    )
    _index("requests", "channel", "thread_ts")
    _index("requests", "touched")
    _create(
        "request_parts",
        ["request_id", "ts"],
        _words("channel"),
        _words("text"),
        _words("digest"),
        _parent("request_parts", "request_id", "requests.id"),
    )
    _index("request_parts", "channel", "ts")
    _create(
        "outbox",
        ["key"],
        _words("channel"),
        _words("thread_ts"),
        _words("ts"),
        _at("began"),
    )
    _index("outbox", "began")
    _index("outbox", "channel", "ts")
    _create(
        "answers",
        ["request_id"],
        sa.Column("revision", sa.Integer(), nullable=False),
        _words("channel"),
        _words("ts"),
        _words("incident"),
        _words("verdict"),
        sa.Column("message", sa.JSON(), nullable=False),
        sa.Column("shown", sa.JSON(), nullable=False),
        _at("saved"),
    )
    _index("answers", "channel", "ts")
    _index("answers", "saved")
    op.create_table(
        "topics",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        _words("channel"),
        _words("fingerprint"),
        _words("leader"),
        sa.Column("joined", sa.Integer(), nullable=False),
        _at("first"),
        _at("last"),
        sa.PrimaryKeyConstraint("id", name="pk_topics"),
        sqlite_autoincrement=True,
    )
    _index("topics", "channel", "fingerprint")
    _index("topics", "last")
    op.create_table(
        "topic_members",
        sa.Column("topic_id", SERIAL, autoincrement=False, nullable=False),
        _key("request_id"),
        _parent("topic_members", "topic_id", "topics.id"),
        sa.PrimaryKeyConstraint("topic_id", "request_id", name="pk_topic_members"),
    )
    _index("topic_members", "request_id")
    _create(
        "mutes",
        ["channel", "incident"],
        _words("by"),
        _at("at"),
        _at("until", nullable=True),
        _words("reason"),
    )
    _create(
        "reports",
        ["key"],
        sa.Column("findings", sa.JSON(), nullable=False),
        _at("at"),
    )
    _create(
        "feedback",
        ["request_id", "user"],
        _words("what"),
        _at("at"),
    )
    _create(
        "corrections",
        ["request_id", "user"],
        _words("channel"),
        _words("incident"),
        _words("verdict"),
        _words("entry"),
        _words("says"),
        _at("at"),
    )
    _index("corrections", "at")
    _create(
        "unknown_pastes",
        ["request_id"],
        _words("channel"),
        _words("template"),
        _words("example"),
        _at("at"),
    )
    _index("unknown_pastes", "at")
    _index("unknown_pastes", "template")


def _create_remedies() -> None:
    """Create plans, and the audit log that nobody can change."""
    _create(
        "plans",
        ["id"],
        _words("request_id"),
        sa.Column("document", sa.JSON(), nullable=False),
        _words("state"),
        _at("expires"),
        _words("claimed_by"),
        _at("claimed_at", nullable=True),
        _words("token"),
        _words("action"),
        _words("subject"),
    )
    _index("plans", "claimed_at")
    _index("plans", "expires")
    _index("plans", "request_id")
    op.create_table(
        "audit",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        _at("at"),
        _words("actor"),
        _words("team"),
        _words("channel"),
        _words("action"),
        _words("cluster"),
        _words("target"),
        _words("plan_id"),
        _words("outcome"),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sa.UniqueConstraint("key", name="uq_audit_key"),
        sqlite_autoincrement=True,
    )
    _index("audit", "at")
    for statement in SQLITE_GUARDS if op.get_context().dialect.name == "sqlite" else POSTGRES_GUARDS:
        op.execute(statement)


def _create_processes() -> None:
    """Create what processes share."""
    _create(
        "notices",
        ["key"],
        _at("at"),
    )
    op.create_table(
        "directory",
        sa.Column("kind", sa.String(length=16), nullable=False),
        _key("id"),
        sa.Column("document", sa.JSON(), nullable=False),
        _at("read"),
        sa.PrimaryKeyConstraint("kind", "id", name="pk_directory"),
    )
    _index("directory", "read")
    _create(
        "accepted_jobs",
        ["id"],
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        _at("at"),
        sa.Column("urgent", sa.Boolean(), nullable=False),
    )
    _index("accepted_jobs", "at")
    _create(
        "replicas",
        ["executor"],
        _words("version"),
        _at("beat"),
    )


def _create_chronicles() -> None:
    """Create incident channels with their chronicles; rows that belong to a channel are deleted with it."""
    _create(
        "incident_channels",
        ["channel"],
        _words("team"),
        _words("name"),
        _at("named"),
        sa.Column("state", sa.String(length=16), nullable=False),
        _at("opened"),
        _at("since"),
        _at("resolved", nullable=True),
        sa.Column("cursor", sa.Text(), nullable=True),
        _words("missed"),
        _words("missed_cursor"),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        _words("summary_ts"),
        _words("canvas"),
        _words("rendered_by"),
        _at("rendered_until", nullable=True),
    )
    _index("incident_channels", "state")
    _create_of_channel(
        "facts",
        ["key"],
        _words("source"),
        _words("ts"),
        _words("incident"),
        _at("at"),
        sa.Column("document", sa.JSON(), nullable=False),
    )
    _index("facts", "channel", "at")
    _index("facts", "channel", "source")
    _index("facts", "incident")
    _create_of_channel(
        "fact_sources",
        ["source"],
        _words("version"),
        sa.Column("gone", sa.Boolean(), nullable=False),
    )
    _create_of_channel(
        "fact_marks",
        ["ts", "user", "what"],
        sa.Column("stands", sa.Boolean(), nullable=False),
        _at("at"),
    )
    _create_of_channel(
        "chronicle_reads",
        ["user"],
        _at("last"),
        _at("before", nullable=True),
    )


def _create_alerts() -> None:
    """Create alerts and the posts about them."""
    _create(
        "alert_rounds",
        ["scope"],
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        _at("at"),
    )
    _create(
        "alerts",
        ["scope", "fingerprint"],
        sa.Column("firing", sa.Boolean(), nullable=False),
        sa.Column("placed", sa.Boolean(), nullable=False),
        _words("post"),
        _words("mode"),
        _words("link"),
        sa.Column("labels", sa.JSON(), nullable=False),
        _words("summary"),
        _words("runbook"),
        _at("starts", nullable=True),
        _at("ends", nullable=True),
        _at("at"),
    )
    _index("alerts", "at")
    _index("alerts", "post")
    _index("alerts", "scope", "placed")
    _create(
        "alert_posts",
        ["id"],
        _words("scope"),
        _words("cause"),
        sa.Column("open", sa.Boolean(), nullable=False),
        _words("ts"),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("edits", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("silence", sa.JSON(), nullable=True),
        _at("opened"),
        _at("at"),
    )
    _index("alert_posts", "at")
    _index("alert_posts", "scope", "cause", "open")
    _create(
        "standing_alerts",
        ["channel", "identity", "request_id"],
        _at("at"),
    )
    _index("standing_alerts", "request_id")


def _create_watches() -> None:
    """Create what the watch of clusters needs, and saved incidents."""
    _create(
        "watch_leases",
        ["cluster"],
        _words("holder"),
        _at("renewed"),
    )
    _create(
        "watch_posts",
        ["key"],
        _words("cause"),
        _words("channel"),
        _words("cluster"),
        _words("digest"),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("objects", sa.JSON(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        _at("since"),
        _at("opened"),
        sa.Column("shown", sa.Boolean(), nullable=False),
        _at("over", nullable=True),
    )
    _index("watch_posts", "cause")
    _index("watch_posts", "channel", "opened")
    _index("watch_posts", "cluster", "over")
    _index("watch_posts", "digest")
    _index("watch_posts", "opened")
    _create(
        "watch_thresholds",
        ["channel", "incident"],
        sa.Column("minutes", sa.Integer(), nullable=False),
        _words("by"),
        _at("at"),
    )
    _index("watch_thresholds", "at")
    op.create_table(
        "learned",
        _key("id"),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        _words("yaml"),
        _words("channel"),
        _words("channel_name"),
        _words("author"),
        _words("by"),
        sa.Column("shared", sa.Boolean(), nullable=False),
        _at("at"),
        _at("changed"),
        sa.PrimaryKeyConstraint("id", "version", name="pk_learned"),
    )
