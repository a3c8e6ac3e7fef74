"""Redact the records that earlier versions wrote: inputs, results and recorded steps of their jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from bot.jobs.engine import JsonSerializer

# The columns with values of ours, by table. DBOS has moved some of them; a table without the column is skipped.
_VALUES: Final = (
    ("workflow_status", ("inputs", "output")),
    ("workflow_input", ("inputs",)),
    ("workflow_output", ("output",)),
    ("operation_outputs", ("output",)),
)
_JOB: Final = "workflow_uuid"
_PAGE: Final = 100


def scrub_records(engine: sa.Engine, *, schema: str | None, version: str) -> int:
    """Redact the records of jobs of other versions; blocking. Return the number of changed values."""
    metadata = sa.MetaData(schema=schema)
    metadata.reflect(engine, only=lambda name, _: name in dict(_VALUES))
    tables = {table.name: table for table in metadata.sorted_tables}
    changed = 0
    for jobs in _pages(engine, tables["workflow_status"], version):
        with engine.begin() as connection:
            for name, columns in _VALUES:
                for column in columns:
                    if name in tables and column in tables[name].c:
                        changed += _scrub(connection, tables[name].c[column], jobs)
    if changed and engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            # Else the old values stay in the write-ahead log.
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return changed


def _pages(engine: sa.Engine, jobs: sa.Table, version: str) -> Iterator[list[str]]:
    """Yield the ids of jobs of other versions, in pages."""
    column, after = jobs.c[_JOB], ""
    while True:
        query = sa.select(column).where(jobs.c.application_version.is_distinct_from(version), column > after)
        with engine.connect() as connection:
            page = list(connection.execute(query.order_by(column).limit(_PAGE)).scalars())
        if not page:
            return
        yield page
        after = page[-1]


def _scrub(connection: sa.Connection, column: sa.Column[Any], jobs: list[str]) -> int:
    table = column.table
    keys = list(table.primary_key)
    rows = connection.execute(sa.select(*keys, column).where(table.c[_JOB].in_(jobs), column.is_not(None))).all()
    changed = 0
    for *key, text in rows:
        shown = _redacted(text)
        if shown != text:
            this = sa.and_(*(each == value for each, value in zip(keys, key, strict=True)))
            connection.execute(sa.update(table).where(this).values({column.name: shown}))
            changed += 1
    return changed


def _redacted(text: str) -> str:
    try:
        return JsonSerializer().serialize(json.loads(text))
    except ValueError:
        # No version of ours wrote this.
        return "null"
