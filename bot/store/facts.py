"""Facts as rows, and how what a source says now replaces what it said before, within somebody's transaction.

A source is what facts are read from: a message, an answer of ours, a remedy. Its versions may arrive in any order and
more than once; the newest stands, and what is gone stays gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, and_, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.rows import upsert_all
from bot.store.tables import fact_sources, facts
from bot.store.types import storable, storable_json

Json = dict[str, Any]

# So many names are asked for by one statement, well below what either database binds.
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRow:
    """One fact. `key` is its own in the channel, `at` when it was said or happened, `document` all of it as JSON.

    `ts` is the message it rests on and `incident` the catalog entry it names, each "" for none. Read back, `by_hand`
    says that a person pinned its message and `removed` that one took it off the timeline; neither is recorded.
    """

    key: str
    at: datetime
    ts: str = ""
    incident: str = ""
    document: Json
    by_hand: bool = False
    removed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a source says as of `version`, of which a later one is greater as text; `gone`: nothing, for good."""

    source: str
    version: str
    facts: Sequence[FactRow] = ()
    gone: bool = False


@dataclass(slots=True)
class _Changes:
    """What has to be written, by key of the row: the last word on a key counts."""

    sources: dict[str, Json] = field(default_factory=dict)
    facts: dict[str, Json] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)


async def known(connection: AsyncConnection, channel: str, sources: Iterable[str]) -> dict[str, Row[Any]]:
    """The version of each source that stands, for those that have one."""
    found: dict[str, Row[Any]] = {}
    for some in _portions(sources):
        query = select(fact_sources).where(fact_sources.c.channel == channel, fact_sources.c.source.in_(some))
        found.update((row.source, row) for row in await connection.execute(query))
    return found


async def take(connection: AsyncConnection, channel: str, versions: Sequence[Version]) -> tuple[set[str], bool]:
    """Let each version stand unless a later one does: the sources of which one does now, and whether a fact changed."""
    before = await known(connection, channel, {version.source for version in versions})
    standing = {source: (row.version, row.gone) for source, row in before.items()}
    newest: dict[str, Version] = {}
    for version in versions:
        last, gone = standing.get(version.source, ("", False))
        if not gone and (version.gone or last <= version.version):
            newest[version.source] = version
            standing[version.source] = (version.version, version.gone)
    changes = _Changes()
    held = await _held(connection, channel, newest)
    for source, version in newest.items():
        _compare(changes, channel, version, held.get(source, {}))
        # The first words of a message without facts are noise, of which nothing is kept.
        if source in before or version.version or version.facts or version.gone:
            changes.sources[source] = {
                "channel": channel,
                "source": source,
                "version": version.version,
                "gone": version.gone,
            }
    return set(newest), await _write(connection, channel, changes)


async def put(connection: AsyncConnection, channel: str, source: str, rows: Sequence[FactRow]) -> bool:
    """The facts of a source without versions become these. Whether one changed."""
    changes = _Changes()
    held = await _held(connection, channel, [source])
    _compare(changes, channel, Version(source=source, version="", facts=rows), held.get(source, {}))
    return await _write(connection, channel, changes)


def _compare(changes: _Changes, channel: str, version: Version, held: Mapping[str, Json]) -> None:
    said = {values["key"]: values for values in (_values(channel, version.source, row) for row in version.facts)}
    changes.lost |= held.keys() - said.keys()
    changes.facts.update((key, values) for key, values in said.items() if not _says_so(held.get(key), values))


def _says_so(held: Json | None, values: Json) -> bool:
    """Whether the same is known already: found once more, it is dated as it was first."""
    return held is not None and _undated(held) == _undated(values)


def _undated(values: Json) -> Json:
    """The values without the time, which the document repeats."""
    return {**values, "at": None, "document": {**values["document"], "at": None}}


async def _held(connection: AsyncConnection, channel: str, sources: Iterable[str]) -> dict[str, dict[str, Json]]:
    """The facts there are, by source and key."""
    held: dict[str, dict[str, Json]] = {}
    for some in _portions(sources):
        query = select(facts).where(facts.c.channel == channel, facts.c.source.in_(some))
        for row in await connection.execute(query):
            held.setdefault(row.source, {})[row.key] = dict(row._mapping)
    return held


async def _write(connection: AsyncConnection, channel: str, changes: _Changes) -> bool:
    # A fact may move from one source to another: what one loses and the other says is there.
    for some in _portions(changes.lost - changes.facts.keys()):
        await connection.execute(delete(facts).where(and_(facts.c.channel == channel, facts.c.key.in_(some))))
    await upsert_all(connection, facts, list(changes.facts.values()))
    await upsert_all(connection, fact_sources, list(changes.sources.values()))
    return bool(changes.facts or changes.lost)


def _values(channel: str, source: str, row: FactRow) -> Json:
    """The row as it is read back, so that the same said again is seen to be the same."""
    return {
        "channel": channel,
        "key": storable(row.key),
        "source": source,
        "ts": storable(row.ts),
        "incident": storable(row.incident),
        "at": row.at,
        "document": json.loads(json.dumps(storable_json(row.document))),
    }


def _portions(names: Iterable[str]) -> Iterable[list[str]]:
    ordered = sorted(names)
    return (ordered[start : start + _AT_ONCE] for start in range(0, len(ordered), _AT_ONCE))
