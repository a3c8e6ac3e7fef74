"""Write rows with the two statements that SQLAlchemy builds per database: insert once, insert or replace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def _insert(connection: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


async def insert_once(connection: AsyncConnection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row. Return False, without a change, if it breaks a unique key."""
    statement = _insert(connection, table).values(dict(values)).on_conflict_do_nothing()
    # Not the row count, which is unknown for inserts on PostgreSQL.
    inserted = await connection.execute(statement.returning(*table.primary_key))
    return inserted.first() is not None


async def upsert(connection: AsyncConnection, table: Table, values: Mapping[str, Any]) -> None:
    """Insert a row, or update the columns in `values` of the row with the same primary key."""
    keys = [column.name for column in table.primary_key]
    others = {name: value for name, value in values.items() if name not in keys}
    statement = _insert(connection, table).values(dict(values)).on_conflict_do_update(index_elements=keys, set_=others)
    await connection.execute(statement)


async def upsert_all(connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert or update several rows with the same columns and different primary keys."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    statement = _insert(connection, table)
    others = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    await connection.execute(
        statement.on_conflict_do_update(index_elements=keys, set_=others), [dict(row) for row in rows]
    )
