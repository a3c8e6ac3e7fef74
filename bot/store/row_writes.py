"""Write rows with the two statements that SQLAlchemy builds per database: insert once, insert or replace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningInsert


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
