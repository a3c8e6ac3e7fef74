"""Give the data of each workspace a place of its own: a schema in PostgreSQL, a file beside the main one in SQLite.

No statement can reach from one place to another, and deleting a place deletes all that was kept of its workspace.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import URL, create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import DropSchema

from bot.store.database import Database, StoreUnavailable, connect_args, parse_url, translated_error
from bot.store.migration import migrate
from bot.store.repositories import Store

WORKSPACE_ID: Final = re.compile(r"[TE][A-Z0-9]{2,30}")


def workspace_url(url: str, workspace: str) -> str:
    """Return the URL at which tools read the data of a workspace. Raise StoreUnavailable, ValueError for no id."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return str(_file_url(parsed, workspace))
    searched = f"-c search_path={_schema(workspace)}"
    options = " ".join([*parsed.normalized_query.get("options", ()), searched])
    placed = parsed.update_query_dict({"options": options})
    return placed.render_as_string(hide_password=False)


@asynccontextmanager
async def open_workspace(main: Store, workspace: str) -> AsyncIterator[Store]:
    """Open the store of a workspace beside the `main` one; it shares its connections. Raise `StoreUnavailable`."""
    url = main.database.url
    if not main.database.sqlite:
        schema = _schema(workspace)
        await asyncio.to_thread(migrate, url, schema)
        yield Store(main.database.within(schema))
        return
    placed = _file_url(url, workspace)
    await asyncio.to_thread(Path(str(placed.database)).parent.mkdir, mode=0o700, exist_ok=True)
    await asyncio.to_thread(migrate, placed)
    database = Database(placed)
    try:
        yield Store(database)
    finally:
        await database.close()


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
    engine = create_engine(url, connect_args=connect_args(url), hide_parameters=True)
    try:
        with engine.begin() as connection:
            connection.execute(DropSchema(schema, cascade=True, if_exists=True))
    except (SQLAlchemyError, OSError) as error:
        raise translated_error(error) from None
    finally:
        engine.dispose()


def _delete_files(file: Path) -> None:
    try:
        for each in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
            with contextlib.suppress(FileNotFoundError):
                each.unlink()
    except OSError:
        raise StoreUnavailable("a database file cannot be deleted: check the rights of its directory") from None
