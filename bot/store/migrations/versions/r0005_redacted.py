"""Add digests of kept texts, redact what earlier versions stored, and drop what is no longer kept of a paste."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from bot.common.redaction import is_response_url, stored_json, stored_text
from intents.kept_text import kept_text

revision = "0005"
down_revision = "0004"

_PAGE: Final = 200
# Words of our own.
_WORDS: Final = frozenset({"state", "surface"})
_APPROVAL: Final = "approval"
_DROPPED: Final = frozenset({"silent", "withdrawn"})
_ADDRESSED: Final = frozenset({"mention", "direct", "command", "follow_up"})


def upgrade() -> None:
    """Add the column, then rewrite every text and JSON value that is not a key."""
    op.add_column("request_parts", sa.Column("digest", sa.Text(), server_default="", nullable=False))
    connection = op.get_bind()
    metadata = sa.MetaData()
    metadata.reflect(connection, only=lambda name, _: name in _TABLES)
    with _writable_audit(connection):
        for table in metadata.sorted_tables:
            _scrub(connection, table)
    _trim(connection, metadata.tables["requests"], metadata.tables["request_parts"])


_TABLES: Final = frozenset({
    "requests", "request_parts", "outbox", "answers", "topics", "mutes", "feedback", "plans", "audit", "notices",
    "incident_channels", "facts", "fact_sources", "fact_marks", "chronicle_reads", "replicas",
})  # fmt: skip


def _scrub(connection: sa.Connection, table: sa.Table) -> None:
    keys = list(table.primary_key)
    scrubbed: dict[sa.Column[Any], Callable[[Any], Any]] = {
        column: _document if isinstance(column.type, sa.JSON) else _text
        for column in table.columns
        if not column.primary_key and isinstance(column.type, sa.JSON | sa.String) and column.name not in _WORDS
    }
    if not scrubbed:
        return
    ids = connection.execute(sa.select(*keys)).all()
    for start in range(0, len(ids), _PAGE):
        for id in ids[start : start + _PAGE]:
            this = sa.and_(*(key == value for key, value in zip(keys, id, strict=True)))
            row = connection.execute(sa.select(*scrubbed).where(this)).one()
            changed = dict(_changes(row, scrubbed))
            if changed:
                connection.execute(sa.update(table).where(this).values(changed))


def _trim(connection: sa.Connection, requests: sa.Table, parts: sa.Table) -> None:
    """Keep only the telling lines of answered texts, as from now on. Open requests still need all of theirs."""
    query = sa.select(parts.c.request_id, parts.c.ts, parts.c.text, requests.c.state, requests.c.surface)
    query = query.join(requests, requests.c.id == parts.c.request_id).where(requests.c.state != "open")
    for id, ts, text, state, surface in connection.execute(query).all():
        kept = "" if state in _DROPPED else kept_text(text, opening=surface in _ADDRESSED)
        if kept != text:
            this = (parts.c.request_id == id) & (parts.c.ts == ts)
            connection.execute(sa.update(parts).where(this).values(text=kept))


def _changes(row: sa.Row[Any], scrubbed: dict[sa.Column[Any], Callable[[Any], Any]]) -> Iterator[tuple[str, Any]]:
    for value, (column, redacted) in zip(row, scrubbed.items(), strict=True):
        if value is not None and (shown := redacted(value)) != value:
            yield column.name, shown


def _text(value: str) -> str:
    return value if is_response_url(value) else stored_text(value)


def _document(value: Any) -> Any:
    """Return a document redacted; the press that asked for an approval had a name that says "secret"."""
    if isinstance(value, dict) and isinstance(approval := value.get(_APPROVAL), dict) and "token" in approval:
        renamed = {"press" if name == "token" else name: each for name, each in approval.items()}
        value = {**value, _APPROVAL: renamed}
    return stored_json(value)


@contextmanager
def _writable_audit(connection: sa.Connection) -> Iterator[None]:
    """Suspend the triggers that refuse changes of the audit, within this transaction."""
    if connection.dialect.name != "sqlite":
        connection.execute(sa.text("ALTER TABLE audit DISABLE TRIGGER USER"))
        yield
        connection.execute(sa.text("ALTER TABLE audit ENABLE TRIGGER USER"))
        return
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
    triggers = connection.execute(sa.text(query)).all()
    for name, _ in triggers:
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
    yield
    for _, statement in triggers:
        connection.exec_driver_sql(statement)
