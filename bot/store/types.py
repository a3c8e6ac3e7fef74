"""Define column types that store our values in either database, without credentials.

Every column of text or JSON has one of these types: this is where all that enters the store is redacted. A test fails
on a column that does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import JSON, DateTime, Dialect, Insert, String, Table
from sqlalchemy import Text as SqlText
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.types import TypeDecorator

from bot.common.redaction import is_response_url, stored_json, stored_key, stored_text

_WORD: Final = re.compile(r"[a-z]+(?:[_ ][a-z]+)*")


class UtcTime(TypeDecorator[datetime]):
    """An aware time; SQLite, which has no time zones, stores it as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times in the store must be aware")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class StoredText(TypeDecorator[str]):
    """Text without credentials; characters that a database cannot store (NUL, half a surrogate pair) become U+FFFD."""

    impl = SqlText
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


class StoredKey(TypeDecorator[str]):
    """An id: a key of a row. One that looks like a credential is stored as a digest, so that it stays distinct."""

    impl = SqlText
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable_key(value)


class StoredWord(TypeDecorator[str]):
    """One of our own words, such as a state. Anything else is an error."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is not None and not _WORD.fullmatch(value):
            raise ValueError("this column holds a word of our own")
        return value


class StoredResponseUrl(TypeDecorator[str]):
    """Slack's address for replies: a credential that the answer needs. Everything else is redacted like text."""

    impl = SqlText
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value if value is None or is_response_url(value) else storable(value)


class StoredJson(TypeDecorator[Any]):
    """A JSON value without credentials, with the same replacements in its texts."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return storable_json(value)


def storable(value: str) -> str:
    """Return a text as it is stored: without credentials and without what neither database can store."""
    return stored_text(_encodable(value))


def storable_key(value: str) -> str:
    """Return an id as it is stored."""
    return stored_key(_encodable(value))


def storable_json(value: Any) -> Any:
    """Return a JSON value as it is stored."""
    return stored_json(_encodable_json(value))


def _encodable(value: str) -> str:
    return value.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _encodable_json(value: Any) -> Any:
    match value:
        case str():
            return _encodable(value)
        case dict():
            return {_encodable(str(key)): _encodable_json(item) for key, item in value.items()}
        case list() | tuple():
            return [_encodable_json(item) for item in value]
        case _:
            return value


def _insert(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


# Statements are built once per table and columns: for every row it would take as long as executing them.
@cache
def _insert_once(dialect: str, table: Table) -> ReturningInsert[Any]:
    return _insert(dialect, table).on_conflict_do_nothing().returning(*table.primary_key)


@cache
def _upsert(dialect: str, table: Table, columns: tuple[str, ...]) -> Insert:
    keys = [column.name for column in table.primary_key]
    statement = _insert(dialect, table)
    others = {name: statement.excluded[name] for name in columns if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=others)


async def insert_once(connection: AsyncConnection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row. Return False, without a change, if it breaks a unique key."""
    # Not the row count, which is unknown for inserts on PostgreSQL.
    inserted = await connection.execute(_insert_once(connection.dialect.name, table), dict(values))
    return inserted.first() is not None


async def upsert(connection: AsyncConnection, table: Table, values: Mapping[str, Any]) -> None:
    """Insert a row, or update the columns in `values` of the row with the same primary key."""
    await connection.execute(_upsert(connection.dialect.name, table, tuple(values)), dict(values))


async def upsert_all(connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert or update several rows with the same columns and different primary keys."""
    if not rows:
        return
    await connection.execute(_upsert(connection.dialect.name, table, tuple(rows[0])), [dict(row) for row in rows])
