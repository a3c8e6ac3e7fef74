"""Requests: what reached us, kept from the moment it is acknowledged until it is purged.

A request's text is made of parts, one per Slack message: a long paste arrives as several, and an edit replaces one.
Every change of the text counts the revision up, so that an answer says which text it answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Row, Select, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.rows import insert_once, upsert
from bot.store.tables import parts, requests

Json = dict[str, Any]

# A part's text at most; Slack's own limit for one message is 40,000, and a file's text is cut alike.
LONGEST_TEXT: Final = 256 * 1024


class Surface(StrEnum):
    """Where a request came from."""

    MESSAGE = "message"
    MENTION = "mention"
    DIRECT = "direct"
    COMMAND = "command"
    SHORTCUT = "shortcut"
    FOLLOW_UP = "follow_up"

    @property
    def is_unasked(self) -> bool:
        """Tell whether nobody asked us: such a request is answered only if there is something to say."""
        return self in (Surface.MESSAGE, Surface.FOLLOW_UP)

    @property
    def is_addressed(self) -> bool:
        """Tell whether the words were meant for us, so that a cluster named in them is an instruction."""
        return self in (Surface.MENTION, Surface.DIRECT, Surface.COMMAND, Surface.FOLLOW_UP)


class RequestState(StrEnum):
    """How far a request has come. Withdrawn is final."""

    OPEN = "open"
    ANSWERED = "answered"
    SILENT = "silent"  # nothing to say, and nothing was said
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyAddress:
    """Where a request is answered: in a channel, in its thread or ("") below; `response_url` answers for 30 minutes."""

    team: str
    channel: str
    thread_ts: str = ""
    response_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it arrived, alike from every surface: `origin` tells which, `reply_to` where to answer.

    `user` is the requester, "" if nobody asked in person. `text` is redacted already; `source_ts` is empty where no
    message carries it. `files` holds per file: id, name, size, mimetype, url.
    """

    id: str
    origin: Surface
    reply_to: ReplyAddress
    user: str
    source_ts: str = ""
    text: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    files: tuple[Json, ...] = ()
    language: str = ""
    created: datetime

    @property
    def team(self) -> str:
        return self.reply_to.team

    @property
    def channel(self) -> str:
        return self.reply_to.channel

    @property
    def thread_ts(self) -> str:
        return self.reply_to.thread_ts

    @property
    def response_url(self) -> str:
        return self.reply_to.response_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it stands. `asked.text` is `text`: all parts as they are now."""

    asked: Asked
    revision: int
    parts: Mapping[str, str]
    state: RequestState

    @property
    def id(self) -> str:
        return self.asked.id

    @property
    def text(self) -> str:
        return _joined(self.parts)


class Requests:
    """All methods raise `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, asked: Asked) -> bool:
        """Whether it is new: the same id again changes nothing."""
        async with self._database.write("request", asked.id) as connection:
            if not await insert_once(connection, requests, _row_of(asked)):
                return False
            await upsert(
                connection,
                parts,
                {"request_id": asked.id, "ts": asked.source_ts, "channel": asked.channel, "text": asked.text},
            )
            return True

    async def get(self, id: str) -> Request | None:
        async with self._database.read() as connection:
            found = await _read(connection, select(requests).where(requests.c.id == id))
            return found[0] if found else None

    async def amend(self, id: str, ts: str, text: str, now: datetime) -> int | None:
        """Add or replace the part that message `ts` is; the revision then.

        The same text again changes nothing, so that a redelivered edit is answered once. None: no such request, or
        it was withdrawn.
        """
        async with self._database.write("request", id) as connection:
            row = (await connection.execute(select(requests).where(requests.c.id == id))).one_or_none()
            if row is None or row.state == RequestState.WITHDRAWN:
                return None
            part = select(parts.c.text).where(parts.c.request_id == id, parts.c.ts == ts)
            before = (await connection.execute(part)).scalar_one_or_none()
            if before == text:
                return int(row.revision)
            await upsert(connection, parts, {"request_id": id, "ts": ts, "channel": row.channel, "text": text})
            revision = int(row.revision) + 1
            await connection.execute(
                update(requests)
                .where(requests.c.id == id)
                .values(revision=revision, touched=now, state=RequestState.OPEN.value)
            )
            return revision

    async def withdraw(self, id: str) -> bool:
        """Whether it stood until now: its message was deleted, so it is answered no more."""
        return await self.set_state(id, RequestState.WITHDRAWN)

    async def set_state(self, id: str, state: RequestState) -> bool:
        """False: no such request, or it was withdrawn."""
        async with self._database.write("request", id) as connection:
            done = await connection.execute(
                update(requests)
                .where(requests.c.id == id, requests.c.state != RequestState.WITHDRAWN.value)
                .values(state=state.value)
            )
            return done.rowcount > 0

    async def find_part(self, channel: str, ts: str) -> str | None:
        """The request that message `ts` belongs to; the newest, where a shortcut asked about it again."""
        if not ts:
            return None
        async with self._database.read() as connection:
            query = (
                select(requests.c.id)
                .join(parts, parts.c.request_id == requests.c.id)
                .where(parts.c.channel == channel, parts.c.ts == ts, requests.c.state != RequestState.WITHDRAWN.value)
                .order_by(requests.c.created.desc(), requests.c.id.desc())
                .limit(1)
            )
            return (await connection.execute(query)).scalar_one_or_none()

    async def in_thread(self, channel: str, thread_ts: str) -> tuple[Request, ...]:
        """Those asked in a thread and the one its first message made, oldest first."""
        async with self._database.read() as connection:
            query = select(requests).where(
                requests.c.channel == channel,
                (requests.c.thread_ts == thread_ts) | (requests.c.source_ts == thread_ts),
            )
            return await _read(connection, query.order_by(requests.c.created, requests.c.id))


def _row_of(asked: Asked) -> Json:
    values = {name: getattr(asked, name) for name in (*_COPIED, *_ADDRESS)}
    return {
        **values,
        "files": list(asked.files),
        "surface": asked.origin.value,
        "touched": asked.created,
        "state": RequestState.OPEN.value,
        "revision": 1,
    }


_COPIED: Final = ("id", "user", "source_ts", "kind", "namespace", "name", "language", "created")
_ADDRESS: Final = ("team", "channel", "thread_ts", "response_url")


async def _read(connection: AsyncConnection, query: Select[Any]) -> tuple[Request, ...]:
    rows = (await connection.execute(query)).all()
    texts: dict[str, dict[str, str]] = {row.id: {} for row in rows}
    pieces = select(parts).where(parts.c.request_id.in_(list(texts))).order_by(parts.c.ts)
    for piece in await connection.execute(pieces):
        texts[piece.request_id][piece.ts] = piece.text
    return tuple(_request(row, texts[row.id]) for row in rows)


def _request(row: Row[Any], texts: dict[str, str]) -> Request:
    values = {name: getattr(row, name) for name in _COPIED}
    reply_to = ReplyAddress(**{name: getattr(row, name) for name in _ADDRESS})
    asked = Asked(**values, reply_to=reply_to, origin=Surface(row.surface), files=tuple(row.files), text=_joined(texts))
    return Request(asked=asked, revision=row.revision, parts=texts, state=RequestState(row.state))


def _joined(texts: Mapping[str, str]) -> str:
    # Slack's times are written with fixed width, so their order as text is their order in time.
    return "\n".join(texts[ts] for ts in sorted(texts))
