"""`casebook audit`: what was done with the buttons, by whom, to what. It only reads, also beside a bot that runs."""

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
from bot.cli.errors import CommandError
from bot.cli.exit_codes import ExitCode
from bot.cli.knowledge import settings
from bot.store import AuditQuery, AuditRecord, StoreUnavailable, place_of, reading_audit
from responses.safety import safe_line, safe_value

# A table is laid out as a whole, and people look at its end.
_TABLE_ENTRIES: Final = 100
_COLUMNS: Final = ("at", "actor", "action", "cluster", "target", "outcome", "plan_id")


def run(arguments: argparse.Namespace) -> ExitCode:
    query = AuditQuery(
        since=arguments.since,
        until=arguments.until,
        actor=arguments.actor,
        target=arguments.target,
        plan_id=arguments.plan,
    )
    if query.since and query.until and query.since >= query.until:
        raise CommandError("--since is not before --until")
    url = settings().store_url
    write = _table if arguments.format == "table" else _lines
    try:
        asyncio.run(write(url, query, arguments.limit))
    except StoreUnavailable as error:
        raise CommandError(f"cannot read the audit in {place_of(url)}: {error}") from error
    return ExitCode.ANSWERED


async def _lines(url: str, query: AuditQuery, limit: int | None) -> None:
    # Closed here and not by a collector: a reader who leaves ends this in the middle of a page.
    async with reading_audit(url) as audit, aclosing(audit.export(query, newest=limit)) as pages:
        async for page in pages:
            sys.stdout.write("".join(f"{json.dumps(_fields(each), ensure_ascii=False)}\n" for each in page))
            # At once: whoever reads may have seen enough.
            sys.stdout.flush()


async def _table(url: str, query: AuditQuery, limit: int | None) -> None:
    most = limit or _TABLE_ENTRIES
    # One more tells whether there are more.
    async with reading_audit(url) as audit, aclosing(audit.export(query, newest=most + 1)) as pages:
        found = [_fields(each) async for page in pages for each in page]
    if found[most:] and limit is None:
        note(f"only the newest {most} entries are shown: more with --limit, all with --format jsonl")
    if not found:
        note("no entry of the audit is like that")
        return
    show(_laid_out(found[-most:]))


def _fields(record: AuditRecord) -> dict[str, Any]:
    """One entry as it is written: these keys, in this order, are relied upon. Nothing leaves unredacted."""
    entry = safe_value(record.entry)
    return {
        "id": record.id,
        "at": _rfc3339(entry.at),
        "actor": entry.actor,
        "team": entry.team,
        "channel": entry.channel,
        "action": entry.action,
        "cluster": entry.cluster,
        "target": entry.target,
        "plan_id": entry.plan_id,
        "outcome": entry.outcome,
        "detail": entry.detail,
        "key": entry.key,
    }


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _laid_out(entries: Iterable[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in _COLUMNS:
        # What is copied from here is looked up: nothing of it is cut away.
        table.add_column(name, overflow="fold", no_wrap=name == "actor")
    for each in entries:
        shown = {**each, "at": f"{each['at'][:19]}Z"}
        table.add_row(*(Text(safe_line(shown[name])) for name in _COLUMNS))
    return table
