"""Run the statements that all repositories share: one query, one change, a row that is inserted once or replaced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, ClassVar, Protocol, TypeVar

from sqlalchemy import Executable, Insert, Row, Select, Table, UpdateBase
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningInsert

from bot.store.database import Database
from intents.domain import Json


class _Fields(Protocol):
    """A dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


F = TypeVar("F", bound=_Fields)


class Repository:
    """The rows of one subject. All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def _rows(self, query: Executable) -> Sequence[Any]:
        """Return the rows of a query."""

        async def body(connection: AsyncConnection) -> Sequence[Any]:
            return (await connection.execute(query)).all()

        return await self._database.query(body)

    async def _row(self, query: Select[Any]) -> Row[Any] | None:
        """Return the first row of a query, or None."""
        return next(iter(await self._rows(query.limit(1))), None)

    async def _change(self, statement: UpdateBase, *about: str) -> int:
        """Update or delete rows. Return their number."""

        async def body(connection: AsyncConnection) -> int:
            return (await connection.execute(statement)).rowcount

        return await self._database.transact(body, *about)

    async def _insert(self, table: Table, values: Mapping[str, Any], *about: str) -> bool:
        """Insert a row. Return False, without a change, if it breaks a unique key."""
        return await self._database.transact(lambda connection: insert_once(connection, table, values), *about)

    async def _upsert(self, table: Table, rows: Sequence[Mapping[str, Any]], *about: str) -> None:
        """Insert rows, or update those with the same primary keys."""
        await self._database.transact(lambda connection: upsert(connection, table, *rows), *about)


def read_as(of: type[F], row: Row[Any], **others: Any) -> F:
    """Return a row as a dataclass, each field from the column of its name except for `others`."""
    return of(**{each.name: getattr(row, each.name) for each in fields(of) if each.name not in others}, **others)


def row_of(value: _Fields) -> Json:
    """Return the fields of a dataclass as a row."""
    return {each.name: getattr(value, each.name) for each in fields(value)}


def portions(values: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    """Yield the values in parts of at most so many: a database limits what one statement may name."""
    return (values[first : first + most] for first in range(0, len(values), most))


# Statements are built once per table and columns: for every row it would take as long as executing them.
@cache
def _insert_once(dialect: str, table: Table) -> ReturningInsert[Any]:
    return _inserted(dialect, table).on_conflict_do_nothing().returning(*table.primary_key)


@cache
def _upsert(dialect: str, table: Table, columns: tuple[str, ...]) -> Insert:
    keys = [column.name for column in table.primary_key]
    statement = _inserted(dialect, table)
    others = {name: statement.excluded[name] for name in columns if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=others)


def _inserted(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


async def insert_once(connection: AsyncConnection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row. Return False, without a change, if it breaks a unique key."""
    # Not the row count, which is unknown for inserts on PostgreSQL.
    inserted = await connection.execute(_insert_once(connection.dialect.name, table), dict(values))
    return inserted.first() is not None


async def upsert(connection: AsyncConnection, table: Table, *rows: Mapping[str, Any]) -> None:
    """Insert rows, or update the columns of those with the same primary key.

    The rows have the same columns and different keys.
    """
    if rows:
        statement = _upsert(connection.dialect.name, table, tuple(rows[0]))
        # One row is not sent as a batch, for which PostgreSQL's driver needs more round trips.
        await connection.execute(statement, [dict(row) for row in rows] if rows[1:] else dict(rows[0]))
