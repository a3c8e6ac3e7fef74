"""Store the facts of incident channels, the versions of their sources, and the marks of users.

A source is what facts are read from: a message, one of our answers, a remedy. Its versions may arrive in any order and
more than once; the newest one counts, and a deletion is final.

The last mark of each kind per person is kept, so the order in which reactions arrive does not matter.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, and_, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.statements import portions, upsert
from bot.store.tables import fact_marks, fact_sources, facts
from bot.store.types import storable, storable_json, storable_key
from intents.domain import Json

# One statement binds this many names, well below the limit of either database.
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRow:
    """One fact as stored. `key` is unique in the channel, `at` when it was said or happened, `document` its JSON.

    `ts` is the message it rests on and `incident` its catalog entry, each "" if there is none.
    """

    key: str
    at: datetime
    ts: str = ""
    incident: str = ""
    document: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceVersion:
    """The facts of a source as of `version` (later versions sort higher as text); `gone` is final and has none."""

    source: str
    version: str
    facts: Sequence[FactRow] = ()
    gone: bool = False


async def stored_versions(connection: AsyncConnection, channel: str, sources: Iterable[str]) -> dict[str, Row[Any]]:
    """Return the stored version of each source that has one."""
    found: dict[str, Row[Any]] = {}
    for some in portions(sorted(sources), _AT_ONCE):
        query = select(fact_sources).where(fact_sources.c.channel == channel, fact_sources.c.source.in_(some))
        found.update((row.source, row) for row in await connection.execute(query))
    return found


async def apply_versions(connection: AsyncConnection, channel: str, versions: Sequence[SourceVersion]) -> bool:
    """Apply each version unless a later one is stored. Return whether a fact changed."""
    before = await stored_versions(connection, channel, {version.source for version in versions})
    standing = {source: (row.version, row.gone) for source, row in before.items()}
    newest: dict[str, SourceVersion] = {}
    for version in versions:
        last, gone = standing.get(version.source, ("", False))
        if not gone and (version.gone or last <= version.version):
            newest[version.source] = version
            standing[version.source] = (version.version, version.gone)
    # By key; the last value of a key counts.
    changed: dict[str, Json] = {}
    lost: set[str] = set()
    sources: list[Json] = []
    held = await _held(connection, channel, newest)
    for source, version in newest.items():
        known = held.get(source, {})
        current = {values["key"]: values for values in (_values(channel, source, row) for row in version.facts)}
        lost |= known.keys() - current.keys()
        changed.update((key, values) for key, values in current.items() if not _says_so(known.get(key), values))
        # The first version of a message without facts is noise, of which nothing is stored.
        if source in before or version.version or version.facts or version.gone:
            stated = {"version": version.version, "gone": version.gone}
            sources.append({"channel": channel, "source": source, **stated})
    # A fact may move between sources: if one drops it and the other has it, it stays.
    for some in portions(sorted(lost - changed.keys()), _AT_ONCE):
        await connection.execute(delete(facts).where(and_(facts.c.channel == channel, facts.c.key.in_(some))))
    await upsert(connection, facts, *changed.values())
    await upsert(connection, fact_sources, *sources)
    return bool(changed or lost)


def _says_so(held: Json | None, values: Json) -> bool:
    """Return whether the same fact is already stored; a fact that is found again keeps its first date."""
    return held is not None and _undated(held) == _undated(values)


def _undated(values: Json) -> Json:
    """Return the values without the time, which the document repeats."""
    return {**values, "at": None, "document": {**values["document"], "at": None}}


async def _held(connection: AsyncConnection, channel: str, sources: Iterable[str]) -> dict[str, dict[str, Json]]:
    """Return the stored facts by source and key."""
    held: dict[str, dict[str, Json]] = {}
    for some in portions(sorted(sources), _AT_ONCE):
        query = select(facts).where(facts.c.channel == channel, facts.c.source.in_(some))
        for row in await connection.execute(query):
            held.setdefault(row.source, {})[row.key] = dict(row._mapping)
    return held


def _values(channel: str, source: str, row: FactRow) -> Json:
    """Return the row as it will be read back, so that an identical fact compares as equal."""
    return {
        "channel": channel,
        "key": storable_key(row.key),
        "source": source,
        "ts": storable(row.ts),
        "incident": storable(row.incident),
        "at": row.at,
        "document": json.loads(json.dumps(storable_json(row.document))),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A kind (`what`) that a person set for message `ts`; `says` replaces the words of the message, "" keeps them.

    It no longer `stands` once the person took it back.
    """

    ts: str
    user: str
    what: str
    at: datetime
    says: str = ""
    stands: bool = True


async def record_marks(
    connection: AsyncConnection, channel: str, marks: Sequence[Mark], *, found: bool = False
) -> bool:
    """Record marks on messages that are not deleted. Return whether one of them changes what stands.

    A later mark of the person wins, and so does an existing one over `found`.
    """
    messages = {mark.ts for mark in marks}
    versions = await stored_versions(connection, channel, {message_source(ts) for ts in messages})
    query = select(fact_marks).where(fact_marks.c.channel == channel, fact_marks.c.ts.in_(messages))
    last = {(row.ts, row.user, row.what): row for row in await connection.execute(query)}
    changed = False
    for mark in marks:
        version, before = versions.get(message_source(mark.ts)), last.get((mark.ts, mark.user, mark.what))
        if version is not None and version.gone:
            continue
        if before is not None and (mark.at <= before.at or (found and before.stands)):
            continue
        await upsert(connection, fact_marks, {"channel": channel, **asdict(mark), "says": storable(mark.says)})
        changed |= mark.stands or (before is not None and before.stands)
    return changed


async def standing_marks(connection: AsyncConnection, channels: Collection[str]) -> dict[str, list[Mark]]:
    """Return the marks of each channel that stand."""
    found: dict[str, list[Mark]] = {}
    query = select(fact_marks).where(fact_marks.c.channel.in_(channels), fact_marks.c.stands)
    for row in await connection.execute(query):
        mark = Mark(ts=row.ts, user=row.user, what=row.what, at=row.at, says=row.says)
        found.setdefault(row.channel, []).append(mark)
    return found


def message_source(ts: str) -> str:
    """Return the source name of a message."""
    return f"m:{ts}"
