"""Define the current tables. `migrations/` brings older databases here; a test keeps the two equal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, MetaData, Table
from sqlalchemy.types import TypeEngine

from bot.store.types import StoredCiphertext, StoredJson, StoredKey, StoredResponseUrl, StoredText, StoredWord, UtcTime

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


Columns = Iterable[Column[Any]]


def _columns(of: TypeEngine[Any] | type[TypeEngine[Any]], **options: Any) -> Callable[..., Columns]:
    """Return what makes columns of one kind from their names."""

    def columns(*names: str) -> Columns:
        return [Column(name, of, **options) for name in names]

    return columns


_keys: Final = _columns(StoredKey, primary_key=True)
_words: Final = _columns(StoredText, nullable=False, default="", server_default="")
# They name rows elsewhere: their values are stored as those rows' keys are.
_references: Final = _columns(StoredKey, nullable=False, default="", server_default="")
_times: Final = _columns(UtcTime, nullable=False)
# Times that may not have come.
_ends: Final = _columns(UtcTime)
_json: Final = _columns(StoredJson, nullable=False)
_flags: Final = _columns(Boolean, nullable=False)
_numbers: Final = _columns(Integer, nullable=False)


def _parent(name: str, key: str) -> Column[str]:
    """Return the part of the key that names a row of another table: rows are deleted with it."""
    return Column(name, StoredKey, ForeignKey(key, ondelete="CASCADE"), primary_key=True)


def _indexes(*columns: Sequence[str]) -> Iterable[Index]:
    return [Index(None, *each) for each in columns]


requests: Final = Table(
    "requests",
    METADATA,
    *_keys("id"),
    *_words("team", "channel", "thread_ts", "source_ts", "user"),
    Column("surface", StoredWord(16), nullable=False),
    *_words("kind", "namespace", "name"),
    *_json("files"),
    Column("response_url", StoredResponseUrl, nullable=False, default="", server_default=""),
    *_words("language"),
    *_times("created", "touched"),
    Column("state", StoredWord(16), nullable=False),
    *_numbers("revision"),
    *_indexes(["channel", "thread_ts"], ["touched"]),
)

parts: Final = Table(
    "request_parts",
    METADATA,
    _parent("request_id", "requests.id"),
    *_keys("ts"),
    *_words("channel", "text"),
    # Of the text as it arrived: after the answer only its telling lines are kept.
    *_references("digest"),
    *_indexes(["channel", "ts"]),
)

outbox: Final = Table(
    "outbox",
    METADATA,
    *_keys("key"),
    *_words("channel", "thread_ts", "ts"),
    *_times("began"),
    *_indexes(["channel", "ts"], ["began"]),
)

answers: Final = Table(
    "answers",
    METADATA,
    *_keys("request_id"),
    *_numbers("revision"),
    *_words("channel", "ts", "incident", "verdict"),
    *_json("message", "shown"),
    *_times("saved"),
    *_indexes(["channel", "ts"], ["saved"]),
)

topics: Final = Table(
    "topics",
    METADATA,
    Column("id", _SERIAL, primary_key=True, autoincrement=True),
    *_words("channel", "fingerprint"),
    *_references("leader"),
    *_numbers("joined"),
    *_times("first", "last"),
    *_indexes(["channel", "fingerprint"], ["last"]),
    sqlite_autoincrement=True,
)

topic_members: Final = Table(
    "topic_members",
    METADATA,
    Column("topic_id", _SERIAL, ForeignKey("topics.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    *_keys("request_id"),
    *_indexes(["request_id"]),
)

mutes: Final = Table(
    "mutes",
    METADATA,
    *_keys("channel"),
    *_keys("incident"),  # a key of intents.mutes: the id of an incident, an object or a namespace
    *_words("by"),
    *_times("at"),
    *_ends("until"),
    *_words("reason"),
)

# What a channel wants answered that nobody asked: `about` is "" for all texts, or a kind of text that is not answered.
channel_answers: Final = Table(
    "channel_answers", METADATA, *_keys("channel", "about"), *_words("wanted", "by"), *_times("at")
)

reports: Final = Table(
    "reports",
    METADATA,
    *_keys("key"),  # channel, cluster and namespaces of a report
    *_json("findings"),
    *_times("at"),
)

feedback: Final = Table("feedback", METADATA, *_keys("request_id", "user"), *_words("what"), *_times("at"))

plans: Final = Table(
    "plans",
    METADATA,
    *_keys("id"),
    *_references("request_id"),
    *_json("document"),
    *_words("state"),
    *_times("expires"),
    *_words("claimed_by"),
    *_ends("claimed_at"),
    *_words("token"),
    # Action and subject of a claimed plan, under a name that all plans for the subject share: repetitions are limited.
    *_words("action", "subject"),
    *_indexes(["request_id"], ["expires"], ["claimed_at"]),
)

audit: Final = Table(
    "audit",
    METADATA,
    Column("id", _SERIAL, primary_key=True, autoincrement=True),
    # With a key, a step that runs twice leaves one entry.
    Column("key", StoredKey, unique=True),
    *_times("at"),
    *_words("actor", "team", "channel", "action", "cluster", "target"),
    *_references("plan_id"),
    *_words("outcome"),
    *_json("detail"),
    *_indexes(["at"]),
    sqlite_autoincrement=True,
)

notices: Final = Table("notices", METADATA, *_keys("key"), *_times("at"))

# Users and channels as Slack returned them at the time `read`.
directory: Final = Table(
    "directory",
    METADATA,
    Column("kind", StoredWord(16), primary_key=True),
    *_keys("id"),
    *_json("document"),
    *_times("read"),
    *_indexes(["read"]),
)

# Jobs that acknowledged events start, until the job engine has recorded them.
accepted_jobs: Final = Table(
    "accepted_jobs",
    METADATA,
    *_keys("id"),
    Column("kind", StoredWord(32), nullable=False),
    *_json("payload"),
    *_times("at"),
    *_flags("urgent"),
    *_indexes(["at"]),
)

replicas: Final = Table("replicas", METADATA, *_keys("executor"), *_words("version"), *_times("beat"))

# `revision` counts the changes of a channel's chronicle, `shown` is the one in its summary.
incident_channels: Final = Table(
    "incident_channels",
    METADATA,
    *_keys("channel"),
    *_words("team", "name"),
    *_times("named"),
    Column("state", StoredWord(16), nullable=False),
    *_times("opened", "since"),
    *_ends("resolved"),
    # Position in the history: null before the start, empty at the end.
    Column("cursor", StoredText),
    # Messages from this one on may have been lost (empty: none), and how far they have been read since.
    *_words("missed", "missed_cursor"),
    *_numbers("revision", "shown"),
    *_words("summary_ts", "canvas", "rendered_by"),
    *_ends("rendered_until"),
    *_indexes(["state"]),
)

facts: Final = Table(
    "facts",
    METADATA,
    _parent("channel", "incident_channels.channel"),
    *_keys("key"),
    # The source that the fact was read from; all facts of a source are replaced together.
    *_references("source"),
    *_words("ts", "incident"),
    *_times("at"),
    *_json("document"),
    *_indexes(["channel", "source"], ["channel", "at"], ["incident"]),
)

# The version of each source that was read, so that an older one is ignored; `gone` is final.
fact_sources: Final = Table(
    "fact_sources",
    METADATA,
    _parent("channel", "incident_channels.channel"),
    *_keys("source"),
    *_words("version"),
    *_flags("gone"),
)

# What people set for messages: the last mark of each kind per person. `says` replaces the words of the message.
fact_marks: Final = Table(
    "fact_marks",
    METADATA,
    _parent("channel", "incident_channels.channel"),
    *_keys("ts", "user", "what"),
    *_words("says"),
    *_flags("stands"),
    *_times("at"),
)

# The time up to which a person has read a chronicle, and the one before that.
chronicle_reads: Final = Table(
    "chronicle_reads",
    METADATA,
    _parent("channel", "incident_channels.channel"),
    *_keys("user"),
    *_times("last"),
    *_ends("before"),
)

# Alerts of Alertmanager's webhook. A scope is a channel and a cluster; its open round still collects alerts.
alert_rounds: Final = Table(
    "alert_rounds", METADATA, *_keys("scope"), *_numbers("round"), *_flags("open"), *_times("at")
)

alerts: Final = Table(
    "alerts",
    METADATA,
    *_keys("scope", "fingerprint"),
    *_flags("firing"),
    # Whether its cause was looked for; `post` is "" if it is not shown.
    *_flags("placed"),
    *_references("post"),
    *_words("mode", "link"),
    *_json("labels"),
    *_words("summary", "runbook"),
    *_ends("starts", "ends"),
    *_times("at"),
    *_indexes(["post"], ["scope", "placed"], ["at"]),
)

# One post per cause while its alerts fire. `shown` is the revision in Slack, `edits` counts its messages and edits.
alert_posts: Final = Table(
    "alert_posts",
    METADATA,
    *_keys("id"),
    *_references("scope", "cause"),
    *_flags("open"),
    *_words("ts"),
    *_numbers("revision", "shown", "edits"),
    *_json("document"),
    Column("silence", StoredJson, nullable=True),
    *_times("opened", "at"),
    *_indexes(["scope", "cause", "open"], ["at"]),
)

# The alerts of other apps that stand in a channel, with the requests about them.
standing_alerts: Final = Table(
    "standing_alerts", METADATA, *_keys("channel", "identity", "request_id"), *_times("at"), Index(None, "request_id")
)

# The process that watches each cluster.
watch_leases: Final = Table("watch_leases", METADATA, *_keys("cluster"), *_words("holder"), *_times("renewed"))

# The causes that the watch posted, once for each channel while they last; those of a digest share a message.
watch_posts: Final = Table(
    "watch_posts",
    METADATA,
    *_keys("key"),
    *_references("cause"),
    *_words("channel", "cluster"),
    *_references("digest"),
    *_json("document", "objects", "notes"),
    *_times("since", "opened"),
    *_flags("shown"),
    *_ends("over"),
    *_indexes(["cause"], ["cluster", "over"], ["channel", "opened"], ["digest"], ["opened"]),
)

# How long an incident must last before it is posted in a channel.
watch_thresholds: Final = Table(
    "watch_thresholds",
    METADATA,
    *_keys("channel", "incident"),
    *_numbers("minutes"),
    *_words("by"),
    *_times("at"),
    *_indexes(["at"]),
)

# Saved incidents: every version of their entries. The newest version counts.
learned: Final = Table(
    "learned",
    METADATA,
    *_keys("id"),
    Column("version", Integer, primary_key=True, autoincrement=False),
    *_words("yaml"),
    *_references("channel"),
    *_words("channel_name"),
    *_references("author"),
    *_words("by"),
    *_flags("shared"),
    *_times("at", "changed"),
)

# What people said it was instead of the answer: one correction per person and answer.
corrections: Final = Table(
    "corrections",
    METADATA,
    *_keys("request_id", "user"),
    *_words("channel", "incident", "verdict", "entry", "says"),
    *_times("at"),
    *_indexes(["at"]),
)

# One row per request that no entry explains, so that deleting its message deletes all that was kept of it.
unknown_pastes: Final = Table(
    "unknown_pastes",
    METADATA,
    *_keys("request_id"),
    *_words("channel", "template", "example"),
    *_times("at"),
    *_indexes(["template"], ["at"]),
)

# The workspaces and organisations that installed the app; these two have rows in the main store only. `tokens` are
# encrypted. `removed`: when the app was uninstalled; `doomed`: from when on its data may be deleted.
installations: Final = Table(
    "installations",
    METADATA,
    *_keys("id"),
    *_words("name", "by"),
    *_flags("is_org"),
    *_json("identity"),
    Column("tokens", StoredCiphertext, nullable=False),
    *_times("installed", "changed"),
    *_ends("expires", "removed", "doomed"),
)

# The states of installations that were used: each is accepted once.
install_states: Final = Table("install_states", METADATA, *_keys("state"), *_times("expires"), Index(None, "expires"))
