"""Check the database: whether it can be opened, its schema, and the free space."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bot.doctor import Check, CheckedArea, CheckState
from bot.settings import Examined, Settings, variable
from bot.store import SchemaState, StoreInspection, StoreUnavailable, inspect_store, place_of

AREA: Final = CheckedArea("store")
_URL: Final = variable("database_url")
_DATA: Final = variable("data")
_WITHIN_S: Final = 10.0
# Below this a few days of a busy workspace may not fit.
_ROOM: Final = 256 << 20


async def examine_database(examined: Examined) -> tuple[Check, ...]:
    """Check the database that the settings name."""
    settings = examined.settings
    if "database_url" in examined.malformed:
        return (AREA.unknown(_URL, "not checked: the variable is malformed"),)
    served = bool(settings.database_url.get_secret_value())
    found = [] if served else await asyncio.to_thread(lambda: [*examine_directory(settings.data.expanduser())])
    if any(check.state is CheckState.MISSING for check in found):
        return tuple(found)
    found.append(await _schema(settings, variable_name=_URL if served else _DATA))
    if served and settings.store_url.startswith("sqlite"):
        found.append(AREA.note(_URL, "an SQLite file: only one process may use it"))
    return tuple(found)


async def _schema(settings: Settings, *, variable_name: str) -> Check:
    place = place_of(settings.store_url)
    try:
        async with asyncio.timeout(_WITHIN_S):
            seen = await inspect_store(settings.store_url)
    except (StoreUnavailable, TimeoutError) as error:
        why = str(error) or f"no answer within {_WITHIN_S:g} s"
        what, _, hint = why.partition(": ")
        remedy = f"{hint or 'make it usable'}, or set {variable_name} to another"
        return AREA.missing("schema", f"{place}: {what}", remedy)
    return _judged(seen, place)


def _judged(seen: StoreInspection, place: str) -> Check:
    if not seen.writable:
        return AREA.missing(
            "schema",
            f"{place}: Casebook may not write to it",
            "use the primary server, and a user that may create tables in its schema: "
            "GRANT CREATE, USAGE ON SCHEMA public TO …",
        )
    match seen.schema:
        case SchemaState.NEWER:
            says = f"{place}: a newer Casebook left schema {seen.present}, but this program knows only {seen.expected}"
            return AREA.missing("schema", says, "start that version, or use another database")
        case SchemaState.OLDER:
            says = f"{place}: schema {seen.present}; the next `casebook serve` migrates it to {seen.expected}"
            return AREA.note("schema", says, "make a backup first")
        case SchemaState.NONE:
            return AREA.ok("schema", f"{place}: the first start creates its tables")
        case _:
            return AREA.ok("schema", f"{place}: schema {seen.present}, as expected")


def examine_directory(data: Path) -> Iterator[Check]:
    """Check whether the files can be created and written, and the free space. Nothing is created."""
    there = data
    while not there.exists() and there != there.parent:
        there = there.parent
    wrong = "is not a directory" if not there.is_dir() else ""
    if not wrong and not os.access(there, os.W_OK | os.X_OK):
        wrong = f"is not writable for this user (uid {os.geteuid()})"
    closed = [each.name for each in sorted(data.glob("*.db*")) if not os.access(each, os.R_OK | os.W_OK)]
    if not wrong and closed:
        wrong = f"contains files that this user (uid {os.geteuid()}) cannot write: {', '.join(closed)}"
    if wrong:
        remedy = f"chown it to the user that runs Casebook, or set {_DATA} to a writable directory"
        yield AREA.missing(_DATA, f"{there} {wrong}", remedy)
        return
    made = "is writable" if there == data else "will be created at the first start"
    yield AREA.ok(_DATA, f"{data.absolute()} {made}")
    free = shutil.disk_usage(there).free
    says = f"{free >> 20} MiB at {there.absolute()}"
    if free >= _ROOM:
        yield AREA.ok("free space", says)
    else:
        remedy = f"free some space, or set {_DATA} to another disk: {_ROOM >> 20} MiB are needed"
        yield AREA.missing("free space", says, remedy)
