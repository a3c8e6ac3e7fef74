"""Inspect a database without changing it: whether it exists, and which schema it has."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from bot.store.audit_log import file_of, read_only
from bot.store.database import Database, parse_url
from bot.store.migration import HEAD, VERSION_TABLE, known_revisions

_MAY_WRITE: Final = "SELECT NOT pg_is_in_recovery() AND has_schema_privilege(current_schema(), 'CREATE')"


class SchemaState(StrEnum):
    """The schema of a database compared with this program's."""

    NONE = "none"
    """There are no tables yet; the first start creates them."""
    OLDER = "older"
    """The next start migrates it."""
    SAME = "same"
    NEWER = "newer"
    """A newer program has migrated it; this one must not use it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreInspection:
    """The state of a database. `present` is its revision ("" for none), `expected` this program's.

    `writable` is PostgreSQL's answer; for a file check its directory.
    """

    schema: SchemaState
    present: str
    expected: str = HEAD
    writable: bool = True


async def inspect_store(url: str) -> StoreInspection:
    """Inspect the database at `url` without creating or migrating it. Raise `StoreUnavailable`."""
    parsed = parse_url(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    opened = read_only(parsed)
    if sqlite:
        file = file_of(parsed)
        if not await asyncio.to_thread(Path(file).exists):
            return StoreInspection(schema=SchemaState.NONE, present="")
        if not await asyncio.to_thread(Path(f"{file}-wal").exists):
            # No process has it open. Without this option SQLite leaves two files owned by us that others cannot write
            # to.
            opened = opened.update_query_dict({"immutable": "1"})
    database = Database(opened)
    try:
        async with database.read() as connection:
            heads = await connection.run_sync(
                lambda sync: MigrationContext.configure(sync, opts={"version_table": VERSION_TABLE}).get_current_heads()
            )
            writable = sqlite or bool(await connection.scalar(text(_MAY_WRITE)))
    finally:
        await database.close()
    present = ",".join(sorted(heads))
    return StoreInspection(schema=_schema(heads), present=present, writable=writable)


def _schema(heads: tuple[str, ...]) -> SchemaState:
    if heads == (HEAD,):
        return SchemaState.SAME
    if not heads:
        return SchemaState.NONE
    return SchemaState.OLDER if set(heads) <= known_revisions() else SchemaState.NEWER
