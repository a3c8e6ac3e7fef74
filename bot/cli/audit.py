"""Run `casebook audit`: print what was done with the buttons, by whom and to what. It is safe beside a running bot."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Iterable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from bot.cli.console import note, show
from bot.cli.errors import CommandError, ExitCode, told
from bot.cli.inputs import settings, store_url
from bot.store import AuditQuery, AuditRecord, StoreUnavailable, open_audit, place_of
from responses.safety import safe_line, safe_value

# A table is laid out as a whole, and people read its end.
_TABLE_ENTRIES: Final = 100
_COLUMNS: Final = ("at", "actor", "action", "cluster", "target", "outcome", "plan_id")


def run(arguments: argparse.Namespace) -> ExitCode:
    """Print the matching entries."""
    query = AuditQuery(
        since=arguments.since, until=arguments.until, actor=arguments.actor, target=arguments.target,
        plan_id=arguments.plan,
    )  # fmt: skip
    if query.since and query.until and query.since >= query.until:
        raise CommandError("--since must be before --until")
    url = store_url(settings(), arguments.workspace)
    write = _table if arguments.format == "table" else _lines
    with told(StoreUnavailable, what=f"cannot read the audit in {place_of(url)}"):
        asyncio.run(write(url, query, arguments.limit))
    return ExitCode.ANSWERED


async def _lines(url: str, query: AuditQuery, limit: int | None) -> None:
    # Closed here and not by the garbage collector: a reader that exits ends this in the middle of a page.
    async with open_audit(url) as audit, aclosing(audit.export(query, newest=limit)) as pages:
        async for page in pages:
            sys.stdout.write("".join(f"{json.dumps(_fields(each), ensure_ascii=False)}\n" for each in page))
            # Flushed per page: the reader may stop early.
            sys.stdout.flush()


async def _table(url: str, query: AuditQuery, limit: int | None) -> None:
    most = limit or _TABLE_ENTRIES
    # One extra entry shows whether there are more.
    async with open_audit(url) as audit, aclosing(audit.export(query, newest=most + 1)) as pages:
        found = [_fields(each) async for page in pages for each in page]
    if found[most:] and limit is None:
        note(f"only the newest {most} entries are shown: more with --limit, all with --format jsonl")
    if not found:
        note("no entry of the audit matches")
        return
    show(_laid_out(found[-most:]))


def _fields(record: AuditRecord) -> dict[str, Any]:
    """Return one entry as written; scripts rely on these keys and their order. All values are redacted."""
    entry = safe_value(record.entry)
    names = ("actor", "team", "channel", "action", "cluster", "target", "plan_id", "outcome", "detail", "key")
    return {"id": record.id, "at": _rfc3339(entry.at)} | {name: getattr(entry, name) for name in names}


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _laid_out(entries: Iterable[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in _COLUMNS:
        # People copy these values to look them up, so nothing is cut.
        table.add_column(name, overflow="fold", no_wrap=name == "actor")
    for each in entries:
        shown = {**each, "at": f"{each['at'][:19]}Z"}
        table.add_row(*(Text(safe_line(shown[name])) for name in _COLUMNS))
    return table
