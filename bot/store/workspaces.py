"""Give the data of each workspace a place of its own: a schema in PostgreSQL, a file beside the main one in SQLite.

No statement can reach from one place to another, and deleting a place deletes all that was kept of its workspace.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, text
from sqlalchemy.schema import DropSchema

from bot.store.database import opened, parse_url
from bot.store.errors import StoreUnavailable
from bot.store.migration import HEAD, VERSION_TABLE, begun, migrate
from bot.store.repositories import Store
from bot.store.statements import portions

WORKSPACE_ID: Final = re.compile(r"[TE][A-Z0-9]{2,30}")
# Places that one statement looks at: the server locks each of their tables for it.
_AT_ONCE: Final = 50
_SCHEMAS: Final = "SELECT schemaname FROM pg_catalog.pg_tables WHERE tablename = :name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The kinds of rows that a workspace has stored, of those that periodic work looks at."""

    accepted_jobs: bool = True
    incident_channels: bool = True
    learned: bool = True


def workspace_url(url: str, workspace: str) -> str:
    """Return the URL at which tools read the data of a workspace. Raise StoreUnavailable, ValueError for no id."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return str(_file_url(parsed, workspace))
    searched = f"-c search_path={_schema(workspace)}"
    options = " ".join([*parsed.normalized_query.get("options", ()), searched])
    placed = parsed.update_query_dict({"options": options})
    return placed.render_as_string(hide_password=False)


async def current_workspaces(main: Store, workspaces: Iterable[str]) -> frozenset[str]:
    """Return those whose tables are known to be this release's. Raise `StoreUnavailable`.

    Files are not looked into: each is looked at when it is opened.
    """
    if main.database.sqlite:
        return frozenset()
    async with main.database.read() as connection:
        there = set(await connection.scalars(text(_SCHEMAS), {"name": VERSION_TABLE}))
    wanted = [each for each in workspaces if _schema(each) in there]
    found = await _asked(main, wanted, f"SELECT '{{id}}', version_num FROM {{schema}}.{VERSION_TABLE}")
    behind = {row[0] for row in found if row[1] != HEAD}
    return frozenset(row[0] for row in found) - behind


async def kept_of(main: Store, workspaces: Iterable[str]) -> Mapping[str, Kept]:
    """Return what is kept of each of these workspaces, which are open. Raise `StoreUnavailable`.

    PostgreSQL is asked once for many of them. A file tells nothing before it is opened, so that everything may be kept.
    """
    if main.database.sqlite:
        return dict.fromkeys(workspaces, Kept())
    tables = ("accepted_jobs", "incident_channels", "learned")
    exist = ", ".join(f"EXISTS (SELECT FROM {{schema}}.{table})" for table in tables)
    found = await _asked(main, list(workspaces), f"SELECT '{{id}}', {exist}")
    return {row[0]: Kept(**dict(zip(tables, row[1:], strict=True))) for row in found}


async def _asked(main: Store, workspaces: Sequence[str], query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query about each workspace."""
    found: list[tuple[Any, ...]] = []
    for some in portions(workspaces, _AT_ONCE):
        whole = " UNION ALL ".join(query.format(id=each, schema=_schema(each)) for each in some)
        async with main.database.read() as connection:
            found += map(tuple, await connection.execute(text(whole)))
    return found


@asynccontextmanager
async def open_workspace(main: Store, workspace: str, *, current: bool = False) -> AsyncIterator[Store]:
    """Open the store of a workspace beside the `main` one; it shares its connections. Raise `StoreUnavailable`.

    `current`: its tables are known to be this release's.
    """
    url = main.database.url
    if not main.database.sqlite:
        schema = _schema(workspace)
        if not current:
            await asyncio.to_thread(migrate, url, schema)
        yield Store(main.database.within(schema))
        return
    placed = _file_url(url, workspace)
    await asyncio.to_thread(Path(str(placed.database)).parent.mkdir, mode=0o700, exist_ok=True)
    await asyncio.to_thread(migrate, placed)
    async with opened(placed) as database:
        yield Store(database)


async def delete_workspace(main: Store, workspace: str) -> None:
    """Delete all data of a workspace, which is not open any more. A missing place is no error."""
    url = main.database.url
    if main.database.sqlite:
        await asyncio.to_thread(_delete_files, Path(str(_file_url(url, workspace).database)))
        return
    await asyncio.to_thread(_drop, url, _schema(workspace))


def _schema(workspace: str) -> str:
    # Ids are in capitals, so that different ids stay different.
    return f"casebook_{_checked(workspace).lower()}"


def _file_url(url: URL, workspace: str) -> URL:
    main = Path(str(url.database))
    return url.set(database=str(main.parent / "workspaces" / f"{_checked(workspace)}.db"))


def _checked(workspace: str) -> str:
    if not WORKSPACE_ID.fullmatch(workspace):
        raise ValueError(f"{workspace!r} is not the id of a workspace (T…) or an organisation (E…)")
    return workspace


def _drop(url: URL, schema: str) -> None:
    with begun(url) as connection:
        connection.execute(DropSchema(schema, cascade=True, if_exists=True))


def _delete_files(file: Path) -> None:
    try:
        for each in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
            with contextlib.suppress(FileNotFoundError):
                each.unlink()
    except OSError:
        raise StoreUnavailable("a database file cannot be deleted: check the rights of its directory") from None
