"""Store the audit: what was done, by whom, to what. The database itself refuses to change or delete an entry."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote, unquote

from sqlalchemy import URL, ColumnElement, Row, Table, func, inspect, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database, opened, parse_url
from bot.store.errors import StoreUnavailable, StoreUnreachable
from bot.store.statements import Repository, insert_once, read_as, row_of
from bot.store.tables import audit
from intents.domain import Json

R = TypeVar("R")
# One statement scans this many ids, so that each stays short even if few entries match.
_WINDOW: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One action that was done. With a `key`, a step that runs twice leaves one entry."""

    at: datetime
    actor: str
    team: str = ""
    channel: str = ""
    action: str
    cluster: str = ""
    target: str = ""
    plan_id: str = ""
    outcome: str
    detail: Json = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """An entry with its number; later entries have higher numbers."""

    id: int
    entry: AuditEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """A filter for entries; empty fields match everything. `since` is inclusive, `until` exclusive.

    `target` is an object as entries name it (Pod front/web-0), in any case, or its name alone (front/web-0).
    """

    since: datetime | None = None
    until: datetime | None = None
    actor: str = ""
    target: str = ""
    plan_id: str = ""


Page = tuple[AuditRecord, ...]


async def append_entry(connection: AsyncConnection, entry: AuditEntry) -> bool:
    """Append an entry within a transaction. Return False if an entry with this key exists; that entry is kept."""
    return await insert_once(connection, audit, {**row_of(entry), "key": entry.key or None})


class Audit(Repository):
    """Repository of the audit. All methods raise `StoreUnavailable`."""

    async def append(self, entry: AuditEntry) -> bool:
        """Append an entry. Return False if an entry with this key exists; that entry is kept."""
        return await self._database.transact(lambda connection: append_entry(connection, entry))

    async def entries(self, *, since: datetime, limit: int) -> tuple[AuditEntry, ...]:
        """Return at most `limit` entries at or after `since`, newest first."""
        query = select(audit).where(audit.c.at >= since).order_by(audit.c.at.desc(), audit.c.id.desc())
        return tuple(_entry(row) for row in await self._rows(query.limit(limit)))

    async def export(self, query: AuditQuery, *, newest: int | None = None) -> AsyncGenerator[Page, None]:
        """Yield the existing entries page by page, oldest first; with `newest` only that many of the latest.

        No transaction is open between two pages, because the reader may be slow.
        """
        conditions = tuple(_conditions(query))
        first, last = await self._span()
        first, surplus = (first, 0) if newest is None else await self._start(conditions, first, last, newest)
        for low in range(first, last + 1, _WINDOW):
            page = await self._window(conditions, low, min(low + _WINDOW - 1, last))
            if page[surplus:]:
                yield page[surplus:]
            surplus = 0

    async def _span(self) -> tuple[int, int]:
        """Return the lowest and highest id; an empty range for an empty audit."""
        ((low, high),) = await self._rows(select(func.min(audit.c.id), func.max(audit.c.id)))
        return (low, high) if low is not None else (1, 0)

    async def _start(
        self, conditions: tuple[ColumnElement[bool], ...], first: int, last: int, newest: int
    ) -> tuple[int, int]:
        """Return the id before the `newest` entries, and the number of older matches on the first page."""
        found, low = 0, last + 1
        while low > first and found < newest:
            high, low = low - 1, max(low - _WINDOW, first)
            count = select(func.count()).select_from(audit).where(audit.c.id.between(low, high), *conditions)
            ((matching,),) = await self._rows(count)
            found += matching
        return low, max(found - newest, 0)

    async def _window(self, conditions: tuple[ColumnElement[bool], ...], low: int, high: int) -> Page:
        query = select(audit).where(audit.c.id.between(low, high), *conditions).order_by(audit.c.id)
        return tuple(AuditRecord(id=row.id, entry=_entry(row)) for row in await self._rows(query))


def open_audit(url: str) -> AbstractAsyncContextManager[Audit]:
    """Open the audit of the database at `url` read-only, without creating or migrating it. Raise `StoreUnavailable`."""
    return opened_to_read(url, audit, Audit)


@asynccontextmanager
async def opened_to_read(url: str, table: Table, repository: Callable[[Database], R]) -> AsyncIterator[R]:
    """Open the database at `url` to read a table that it has. Raise `StoreUnavailable`."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        _look(Path(file_of(parsed)))
    async with opened(read_only(parsed)) as database:
        async with database.read() as connection:
            known = await connection.run_sync(lambda sync: inspect(sync).has_table(table.name))
        if not known:
            raise StoreUnavailable(f"the database contains no {table.name}: no Casebook of this version has used it")
        yield repository(database)


def _look(file: Path) -> None:
    """Raise `StoreUnreachable` with the reason, which SQLite would not give."""
    try:
        file.stat()
    except OSError as error:
        raise StoreUnreachable((error.strerror or str(error)).lower()) from None


def place_of(url: str) -> str:
    """Return a description of the database at `url` that is safe to show: file, or server and name. No credentials."""
    try:
        parsed = parse_url(url)
    except StoreUnavailable:
        return "the database"
    if parsed.get_backend_name() == "sqlite":
        return file_of(parsed)
    host = parsed.host or " ".join(parsed.normalized_query.get("host", ())) or "localhost"
    return f"PostgreSQL's {parsed.database} at {host}"


def file_of(url: URL) -> str:
    """Return the path of an SQLite database, whose URL may hold a URI."""
    name = str(url.database)
    return unquote(name.removeprefix("file:").removeprefix("//")) if name.startswith("file:") else name


def read_only(url: URL) -> URL:
    """Return the URL that opens the same database read-only."""
    if url.get_backend_name() != "sqlite":
        own = " ".join(url.normalized_query.get("options", ()))
        return url.update_query_dict({"options": f"{own} -c default_transaction_read_only=on".lstrip()})
    name = str(url.database)
    named = name if name.startswith("file:") else f"file:{quote(name)}"
    return url.set(database=named).update_query_dict({"mode": "ro", "uri": "true"})


def _conditions(query: AuditQuery) -> Iterator[ColumnElement[bool]]:
    if query.since is not None:
        yield audit.c.at >= query.since
    if query.until is not None:
        yield audit.c.at < query.until
    if query.actor:
        yield audit.c.actor == query.actor
    if query.plan_id:
        yield audit.c.plan_id == query.plan_id
    if query.target:
        target, name = func.lower(audit.c.target), query.target.lower()
        yield or_(target == name, target.endswith(f" {name}", autoescape=True))


def _entry(row: Row[Any]) -> AuditEntry:
    return read_as(AuditEntry, row, key=row.key or "")
