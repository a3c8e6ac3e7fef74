"""Store requests from their acknowledgement until they are purged.

A request's text consists of parts, one per Slack message: a long paste arrives as several, and an edit replaces one.
Each change of the text raises the revision, so that an answer names the text it answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.outbox import AcceptedJob, add_job
from bot.store.statements import Repository, insert_once, upsert
from bot.store.tables import parts, requests
from bot.store.types import storable
from intents.domain import Json

# The limit of one part. Slack limits a message to 40,000 characters; a file's text is cut the same way.
LONGEST_TEXT: Final = 256 * 1024
# More changes of one request are ignored.
MOST_REVISIONS: Final = 50


class Surface(StrEnum):
    """The surface that a request came from."""

    MESSAGE = "message"
    MENTION = "mention"
    DIRECT = "direct"
    COMMAND = "command"
    SHORTCUT = "shortcut"
    FOLLOW_UP = "follow_up"
    BUTTON = "button"  # below an overview

    @property
    def is_unasked(self) -> bool:
        """Tell whether nobody asked us: such a request is answered only if there is something to say."""
        return self in (Surface.MESSAGE, Surface.FOLLOW_UP)

    @property
    def is_addressed(self) -> bool:
        """Tell whether the words were meant for us, so that a cluster named in them is an instruction."""
        return self in (Surface.MENTION, Surface.DIRECT, Surface.COMMAND, Surface.FOLLOW_UP, Surface.BUTTON)


class RequestState(StrEnum):
    """The progress of a request. Withdrawn is final."""

    OPEN = "open"
    ANSWERED = "answered"
    SILENT = "silent"  # there was nothing to say, and nothing was posted
    REPEATED = "repeated"  # the answer to an earlier request covers it
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """A request as it arrived, the same for every surface, which `origin` names.

    It is answered in its channel, in the thread or ("") below; `response_url` takes answers for 30 minutes. `user` is
    the requester, "" if nobody asked in person. `text` is already redacted; `source_ts` is "" if no message carries it.
    `files` has id, name, size, mimetype and url of each file.
    """

    id: str
    origin: Surface
    team: str
    channel: str
    thread_ts: str = ""
    response_url: str = ""
    user: str
    source_ts: str = ""
    text: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    files: tuple[Json, ...] = ()
    language: str = ""
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest:
    """A request as stored now. `original.text` equals `text`: all current parts."""

    original: NewRequest
    revision: int
    parts: Mapping[str, str]
    state: RequestState

    @property
    def id(self) -> str:
        """Return the request's id."""
        return self.original.id

    @property
    def text(self) -> str:
        """Return the text of all parts."""
        return _joined(self.parts)


class Requests(Repository):
    """Repository of requests. All methods raise `StoreUnavailable`."""

    async def add(
        self, request: NewRequest, *, more: Iterable[tuple[str, str]] = (), job: AcceptedJob | None = None
    ) -> bool:
        """Add a request with `more` parts, each with its id, and its `job`, in one transaction.

        Return whether it is new; the same id again changes nothing.
        """

        async def body(connection: AsyncConnection) -> bool:
            is_new = await insert_once(connection, requests, _row_of(request))
            if is_new:
                part = {
                    "request_id": request.id,
                    "ts": request.source_ts,
                    "channel": request.channel,
                    "text": request.text,
                }
                await upsert(connection, parts, part)
            for ts, text in more:
                await _amend(connection, request.id, ts, text, request.created, ())
            if job is not None:
                await add_job(connection, job)
            return is_new

        return await self._database.transact(body, "request", request.id)

    async def get(self, id: str) -> StoredRequest | None:
        """Return a request, or None."""
        query = select(requests).where(requests.c.id == id)
        return next(iter(await self._database.query(lambda connection: _read(connection, query))), None)

    async def count_open(self, *, user: str, channel: str, since: datetime) -> int:
        """Return the number of unanswered requests of a person since a time; without a user, those of a channel."""

        async def body(connection: AsyncConnection) -> int:
            of = {"since": since} | ({"user": user} if user else {"channel": channel})
            return int((await connection.execute(_OPEN_OF_USER if user else _OPEN_OF_CHANNEL, of)).scalar_one())

        return await self._database.query(body)

    async def amend(
        self, id: str, ts: str, text: str, now: datetime, *, beside: Iterable[tuple[str, str]] = ()
    ) -> int | None:
        """Add or replace the part of message `ts`. Return the revision.

        Return None if the request is unknown, withdrawn, or was changed too often: each change is answered.

        The same text again changes nothing, so a redelivered edit is answered once. `beside` are other parts as they
        arrived, each with its id: they get their texts back if these were trimmed and the messages not edited.
        """
        return await self._database.transact(
            lambda connection: _amend(connection, id, ts, text, now, beside), "request", id
        )

    async def trim(self, id: str, revision: int, texts: Mapping[str, str]) -> bool:
        """Replace the texts of an answered revision by what is kept of them, by part. Return whether it is current.

        The digest of what arrived stays, so that the same text again is no change.
        """

        async def body(connection: AsyncConnection) -> bool:
            current = select(requests.c.revision).where(requests.c.id == id)
            if (await connection.execute(current)).scalar_one_or_none() != revision:
                return False
            for row in (await connection.execute(select(parts).where(parts.c.request_id == id))).all():
                kept = texts.get(row.ts, "")
                if kept != row.text:
                    values = {"text": kept, "digest": row.digest or _digest(row.text)}
                    this = (parts.c.request_id == id) & (parts.c.ts == row.ts)
                    await connection.execute(update(parts).where(this).values(values))
            return True

        return await self._database.transact(body, "request", id)

    async def withdraw(self, id: str) -> bool:
        """Withdraw a request whose message was deleted, and drop what it said.

        Return whether it was not withdrawn before.
        """
        is_new = await self.set_state(id, RequestState.WITHDRAWN)
        async with self._database.write("request", id) as connection:
            await connection.execute(update(parts).where(parts.c.request_id == id).values(text="", digest=""))
            dropped = dict.fromkeys(("kind", "namespace", "name", "response_url"), "")
            await connection.execute(update(requests).where(requests.c.id == id).values(files=[], **dropped))
        return is_new

    async def set_state(self, id: str, state: RequestState) -> bool:
        """Set the state. Return False if the request is unknown or withdrawn."""
        stands = (requests.c.id == id) & (requests.c.state != RequestState.WITHDRAWN.value)
        return await self._change(update(requests).where(stands).values(state=state.value), "request", id) > 0

    async def find_part(self, channel: str, ts: str) -> str | None:
        """Return the request that message `ts` belongs to; the newest one if a shortcut repeated it."""
        if not ts:
            return None
        query = (
            select(requests.c.id)
            .join(parts, parts.c.request_id == requests.c.id)
            .where(parts.c.channel == channel, parts.c.ts == ts, requests.c.state != RequestState.WITHDRAWN.value)
            .order_by(requests.c.created.desc(), requests.c.id.desc())
        )
        row = await self._row(query)
        return row.id if row else None

    async def in_thread(self, channel: str, thread_ts: str) -> tuple[StoredRequest, ...]:
        """Return the requests of a thread, that of its first message included, oldest first."""
        here = (requests.c.thread_ts == thread_ts) | (requests.c.source_ts == thread_ts)
        query = select(requests).where(requests.c.channel == channel, here)
        oldest_first = query.order_by(requests.c.created, requests.c.id)
        return await self._database.query(lambda connection: _read(connection, oldest_first))


async def _amend(
    connection: AsyncConnection, id: str, ts: str, text: str, now: datetime, beside: Iterable[tuple[str, str]]
) -> int | None:
    row = (await connection.execute(select(requests).where(requests.c.id == id))).one_or_none()
    if row is None or row.state == RequestState.WITHDRAWN:
        return None
    part = select(parts.c.text, parts.c.digest).where(parts.c.request_id == id, parts.c.ts == ts)
    before = (await connection.execute(part)).one_or_none()
    if before is not None and (before.text == storable(text) or before.digest == _digest(text)):
        return int(row.revision)
    if row.revision >= MOST_REVISIONS:
        return None
    await upsert(connection, parts, {"request_id": id, "ts": ts, "channel": row.channel, "text": text, "digest": ""})
    for other, arrived in beside:
        trimmed = (parts.c.request_id == id) & (parts.c.ts == other) & (parts.c.digest == _digest(arrived))
        await connection.execute(update(parts).where(trimmed).values(text=arrived, digest=""))
    revision = int(row.revision) + 1
    values = {"revision": revision, "touched": now, "state": RequestState.OPEN.value}
    await connection.execute(update(requests).where(requests.c.id == id).values(values))
    return revision


def _digest(text: str) -> str:
    return blake2b(storable(text).encode(), digest_size=16).hexdigest()


def _row_of(request: NewRequest) -> Json:
    values = {name: getattr(request, name) for name in _COPIED}
    return {
        **values,
        "files": list(request.files),
        "surface": request.origin.value,
        "touched": request.created,
        "state": RequestState.OPEN.value,
        "revision": 1,
    }


# Built once: every paste asks for the number of its person's.
_OPEN: Final = (
    select(func.count())
    .select_from(requests)
    .where(requests.c.touched >= bindparam("since"), requests.c.state == RequestState.OPEN.value)
)
_OPEN_OF_USER: Final = _OPEN.where(requests.c.user == bindparam("user"))
_OPEN_OF_CHANNEL: Final = _OPEN.where(requests.c.user == "", requests.c.channel == bindparam("channel"))

_COPIED: Final = (
    "id", "team", "channel", "thread_ts", "response_url", "user", "source_ts", "kind", "namespace", "name", "language",
    "created",
)  # fmt: skip


async def _read(connection: AsyncConnection, query: Select[Any]) -> tuple[StoredRequest, ...]:
    rows = (await connection.execute(query)).all()
    texts: dict[str, dict[str, str]] = {row.id: {} for row in rows}
    pieces = select(parts).where(parts.c.request_id.in_(list(texts))).order_by(parts.c.ts)
    for piece in await connection.execute(pieces):
        texts[piece.request_id][piece.ts] = piece.text
    return tuple(_request(row, texts[row.id]) for row in rows)


def _request(row: Row[Any], texts: dict[str, str]) -> StoredRequest:
    values = {name: getattr(row, name) for name in _COPIED}
    original = NewRequest(**values, origin=Surface(row.surface), files=tuple(row.files), text=_joined(texts))
    return StoredRequest(original=original, revision=row.revision, parts=texts, state=RequestState(row.state))


def _joined(texts: Mapping[str, str]) -> str:
    # Slack's times have a fixed width, so they sort as text.
    return "\n".join(texts[ts] for ts in sorted(texts))
