"""Define the current tables. `migrations/` has their history; a test keeps the two equal."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, MetaData, Table

from bot.store.types import StoredJson, StoredKey, StoredResponseUrl, StoredText, StoredWord, UtcTime

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
# SQLite auto-increments only a column of type INTEGER.
_SERIAL: Final = BigInteger().with_variant(Integer(), "sqlite")


def _words(name: str) -> Column[str]:
    return Column(name, StoredText, nullable=False, default="", server_default="")


def _key(name: str) -> Column[str]:
    return Column(name, StoredKey, primary_key=True)


def _reference(name: str) -> Column[str]:
    """Return a column that names a row elsewhere: its values are stored as that row's key is."""
    return Column(name, StoredKey, nullable=False, default="", server_default="")


def _at(name: str) -> Column[object]:
    return Column(name, UtcTime, nullable=False)


requests: Final = Table(
    "requests",
    METADATA,
    _key("id"),
    _words("team"),
    _words("channel"),
    _words("thread_ts"),
    _words("source_ts"),
    _words("user"),
    Column("surface", StoredWord(16), nullable=False),
    _words("kind"),
    _words("namespace"),
    _words("name"),
    Column("files", StoredJson, nullable=False),
    Column("response_url", StoredResponseUrl, nullable=False, default="", server_default=""),
    _words("language"),
    _at("created"),
    _at("touched"),
    Column("state", StoredWord(16), nullable=False),
    Column("revision", Integer, nullable=False),
    Index(None, "channel", "thread_ts"),
    Index(None, "touched"),
)

parts: Final = Table(
    "request_parts",
    METADATA,
    Column("request_id", StoredKey, ForeignKey("requests.id", ondelete="CASCADE"), primary_key=True),
    _key("ts"),
    _words("channel"),
    _words("text"),
    # Of the text as it arrived: after the answer only its telling lines are kept.
    _reference("digest"),
    Index(None, "channel", "ts"),
)

outbox: Final = Table(
    "outbox",
    METADATA,
    _key("key"),
    _words("channel"),
    _words("thread_ts"),
    _words("ts"),
    _at("began"),
    Index(None, "channel", "ts"),
    Index(None, "began"),
)

answers: Final = Table(
    "answers",
    METADATA,
    _key("request_id"),
    Column("revision", Integer, nullable=False),
    _words("channel"),
    _words("ts"),
    _words("incident"),
    _words("verdict"),
    Column("message", StoredJson, nullable=False),
    Column("shown", StoredJson, nullable=False),
    _at("saved"),
    Index(None, "channel", "ts"),
    Index(None, "saved"),
)

topics: Final = Table(
    "topics",
    METADATA,
    Column("id", _SERIAL, primary_key=True, autoincrement=True),
    _words("channel"),
    _words("fingerprint"),
    _reference("leader"),
    Column("joined", Integer, nullable=False),
    _at("first"),
    _at("last"),
    Index(None, "channel", "fingerprint"),
    Index(None, "last"),
    sqlite_autoincrement=True,
)

topic_members: Final = Table(
    "topic_members",
    METADATA,
    Column("topic_id", _SERIAL, ForeignKey("topics.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    _key("request_id"),
    Index(None, "request_id"),
)

mutes: Final = Table(
    "mutes",
    METADATA,
    _key("channel"),
    _key("incident"),  # a key of intents.mutes: the id of an incident, an object or a namespace
    _words("by"),
    _at("at"),
    Column("until", UtcTime),
    _words("reason"),
)

reports: Final = Table(
    "reports",
    METADATA,
    _key("key"),  # channel, cluster and namespaces of a report
    Column("findings", StoredJson, nullable=False),
    _at("at"),
)

feedback: Final = Table(
    "feedback",
    METADATA,
    _key("request_id"),
    _key("user"),
    _words("what"),
    _at("at"),
)

plans: Final = Table(
    "plans",
    METADATA,
    _key("id"),
    _reference("request_id"),
    Column("document", StoredJson, nullable=False),
    _words("state"),
    _at("expires"),
    _words("claimed_by"),
    Column("claimed_at", UtcTime),
    _words("token"),
    # Action and subject of a claimed plan, under a name that all plans for the subject share: repetitions are limited.
    _words("action"),
    _words("subject"),
    Index(None, "request_id"),
    Index(None, "expires"),
    Index(None, "claimed_at"),
)

audit: Final = Table(
    "audit",
    METADATA,
    Column("id", _SERIAL, primary_key=True, autoincrement=True),
    # With a key, a step that runs twice leaves one entry.
    Column("key", StoredKey, unique=True),
    _at("at"),
    _words("actor"),
    _words("team"),
    _words("channel"),
    _words("action"),
    _words("cluster"),
    _words("target"),
    _reference("plan_id"),
    _words("outcome"),
    Column("detail", StoredJson, nullable=False),
    Index(None, "at"),
    sqlite_autoincrement=True,
)

notices: Final = Table("notices", METADATA, _key("key"), _at("at"))

# Users and channels as Slack returned them at the time `read`.
directory: Final = Table(
    "directory",
    METADATA,
    Column("kind", StoredWord(16), primary_key=True),
    _key("id"),
    Column("document", StoredJson, nullable=False),
    _at("read"),
    Index(None, "read"),
)

# Jobs that acknowledged events start, until the job engine has recorded them.
accepted_jobs: Final = Table(
    "accepted_jobs",
    METADATA,
    _key("id"),
    Column("kind", StoredWord(32), nullable=False),
    Column("payload", StoredJson, nullable=False),
    _at("at"),
    Column("urgent", Boolean, nullable=False),
    Index(None, "at"),
)

replicas: Final = Table("replicas", METADATA, _key("executor"), _words("version"), _at("beat"))

# `revision` counts the changes of a channel's chronicle, `shown` is the one in its summary.
incident_channels: Final = Table(
    "incident_channels",
    METADATA,
    _key("channel"),
    _words("team"),
    _words("name"),
    _at("named"),
    Column("state", StoredWord(16), nullable=False),
    _at("opened"),
    _at("since"),
    Column("resolved", UtcTime),
    # Position in the history: null before the start, empty at the end.
    Column("cursor", StoredText),
    # Messages from this one on may have been lost (empty: none), and how far they have been read since.
    _words("missed"),
    _words("missed_cursor"),
    Column("revision", Integer, nullable=False),
    Column("shown", Integer, nullable=False),
    _words("summary_ts"),
    _words("canvas"),
    _words("rendered_by"),
    Column("rendered_until", UtcTime),
    Index(None, "state"),
)

facts: Final = Table(
    "facts",
    METADATA,
    Column("channel", StoredKey, ForeignKey("incident_channels.channel", ondelete="CASCADE"), primary_key=True),
    _key("key"),
    # The source that the fact was read from; all facts of a source are replaced together.
    _reference("source"),
    _words("ts"),
    _words("incident"),
    _at("at"),
    Column("document", StoredJson, nullable=False),
    Index(None, "channel", "source"),
    Index(None, "channel", "at"),
    Index(None, "incident"),
)

# The version of each source that was read, so that an older one is ignored; `gone` is final.
fact_sources: Final = Table(
    "fact_sources",
    METADATA,
    Column("channel", StoredKey, ForeignKey("incident_channels.channel", ondelete="CASCADE"), primary_key=True),
    _key("source"),
    _words("version"),
    Column("gone", Boolean, nullable=False),
)

# Manual marks on timeline messages: the last of each kind per person.
fact_marks: Final = Table(
    "fact_marks",
    METADATA,
    Column("channel", StoredKey, ForeignKey("incident_channels.channel", ondelete="CASCADE"), primary_key=True),
    _key("ts"),
    _key("user"),
    _key("what"),
    Column("stands", Boolean, nullable=False),
    _at("at"),
)

# The time up to which a person has read a chronicle, and the one before that.
chronicle_reads: Final = Table(
    "chronicle_reads",
    METADATA,
    Column("channel", StoredKey, ForeignKey("incident_channels.channel", ondelete="CASCADE"), primary_key=True),
    _key("user"),
    _at("last"),
    Column("before", UtcTime),
)

# Alerts of Alertmanager's webhook. A scope is a channel and a cluster; its open round still collects alerts.
alert_rounds: Final = Table(
    "alert_rounds",
    METADATA,
    _key("scope"),
    Column("round", Integer, nullable=False),
    Column("open", Boolean, nullable=False),
    _at("at"),
)

alerts: Final = Table(
    "alerts",
    METADATA,
    _key("scope"),
    _key("fingerprint"),
    Column("firing", Boolean, nullable=False),
    # Whether its cause was looked for; `post` is "" if it is not shown.
    Column("placed", Boolean, nullable=False),
    _reference("post"),
    _words("mode"),
    _words("link"),
    Column("labels", StoredJson, nullable=False),
    _words("summary"),
    _words("runbook"),
    Column("starts", UtcTime),
    Column("ends", UtcTime),
    _at("at"),
    Index(None, "post"),
    Index(None, "scope", "placed"),
    Index(None, "at"),
)

# One post per cause while its alerts fire. `shown` is the revision in Slack, `edits` counts its messages and edits.
alert_posts: Final = Table(
    "alert_posts",
    METADATA,
    _key("id"),
    _reference("scope"),
    _reference("cause"),
    Column("open", Boolean, nullable=False),
    _words("ts"),
    Column("revision", Integer, nullable=False),
    Column("shown", Integer, nullable=False),
    Column("edits", Integer, nullable=False),
    Column("document", StoredJson, nullable=False),
    Column("silence", StoredJson, nullable=True),
    _at("opened"),
    _at("at"),
    Index(None, "scope", "cause", "open"),
    Index(None, "at"),
)

# The alerts of other apps that stand in a channel, with the requests about them.
standing_alerts: Final = Table(
    "standing_alerts",
    METADATA,
    _key("channel"),
    _key("identity"),
    _key("request_id"),
    _at("at"),
    Index(None, "request_id"),
)

# The process that watches each cluster.
watch_leases: Final = Table(
    "watch_leases",
    METADATA,
    _key("cluster"),
    _words("holder"),
    _at("renewed"),
)

# The causes that the watch posted, once for each channel while they last; those of a digest share a message.
watch_posts: Final = Table(
    "watch_posts",
    METADATA,
    _key("key"),
    _reference("cause"),
    _words("channel"),
    _words("cluster"),
    _reference("digest"),
    Column("document", StoredJson, nullable=False),
    Column("objects", StoredJson, nullable=False),
    Column("notes", StoredJson, nullable=False),
    _at("since"),
    _at("opened"),
    Column("shown", Boolean, nullable=False),
    Column("over", UtcTime),
    Index(None, "cause"),
    Index(None, "cluster", "over"),
    Index(None, "channel", "opened"),
    Index(None, "digest"),
    Index(None, "opened"),
)

# How long an incident must last before it is posted in a channel.
watch_thresholds: Final = Table(
    "watch_thresholds",
    METADATA,
    _key("channel"),
    _key("incident"),
    Column("minutes", Integer, nullable=False),
    _words("by"),
    _at("at"),
    Index(None, "at"),
)

# Saved incidents: every version of their entries. The newest version counts.
learned: Final = Table(
    "learned",
    METADATA,
    _key("id"),
    Column("version", Integer, primary_key=True, autoincrement=False),
    _words("yaml"),
    _reference("channel"),
    _words("channel_name"),
    _reference("author"),
    _words("by"),
    Column("shared", Boolean, nullable=False),
    _at("at"),
    _at("changed"),
)

# What people said it was instead of the answer: one correction per person and answer.
corrections: Final = Table(
    "corrections",
    METADATA,
    _key("request_id"),
    _key("user"),
    _words("channel"),
    _words("incident"),
    _words("verdict"),
    _words("entry"),
    _words("says"),
    _at("at"),
    Index(None, "at"),
)

# One row per request that no entry explains, so that deleting its message deletes all that was kept of it.
unknown_pastes: Final = Table(
    "unknown_pastes",
    METADATA,
    _key("request_id"),
    _words("channel"),
    _words("template"),
    _words("example"),
    _at("at"),
    Index(None, "template"),
    Index(None, "at"),
)
