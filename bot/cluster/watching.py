"""Follow the objects of one kind in a namespace: list them once, then watch by resourceVersion for as long as asked.

A watch that the server closes is resumed at the last revision; after 410 the list is read again. Between failures the
pause doubles. Nothing is kept here but the revision: the follower decides what to keep of an object.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

import aiohttp
import structlog

from bot.cluster.access import AccessGuard, record_partial
from bot.cluster.api_calls import ClusterRequest, Meter, decode
from bot.cluster.call_errors import (
    LARGEST_STATUS,
    ConnectionLost,
    RedirectRefused,
    refusal_error,
    unreachable_error,
)
from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError, Expired, ServerError, TimedOut, TooLarge
from bot.cluster.object_lists import ListQuery, Page, pages_of, parts_of
from bot.cluster.resources import Resource
from bot.kube.access import EVERYTHING, Access
from intents.domain import Json

_log: Final = structlog.get_logger(__name__)

# The server closes a watch after this time, so that a connection that died silently is noticed.
WATCH_S: Final = 240
_LIST_S: Final = 60.0
FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 60.0
_SHORT_S: Final = 1.0


class Follower(Protocol):
    """Receives the objects of a kind. Methods must neither block nor raise."""

    def begin(self, resource: Resource, at: datetime | None) -> None:
        """Expect the whole list: what it does not contain is gone when `listed` is called.

        `at` is the server's time, None if it does not tell.
        """

    def keep(self, resource: Resource, obj: Json) -> None:
        """Take an object as it is now."""

    def listed(self, resource: Resource) -> None:
        """Note that the list is complete."""

    def drop(self, resource: Resource, obj: Json) -> None:
        """Forget an object that was deleted."""


@dataclass(slots=True, kw_only=True)
class Watching:
    """Follows one kind in one namespace. `lists` and `watches` count what was opened; `connect` is called each time.

    `fields` is a field selector. `count` receives "opened", "closed", "expired" and "failed".
    """

    connect: Callable[[], Awaitable[Connection]]
    resource: Resource
    namespace: str
    follower: Follower
    fields: str = ""
    seconds: int = WATCH_S
    first_pause: float = FIRST_PAUSE_S
    tell: Callable[[Exception | None], None] = lambda _error: None
    count: Callable[[str], None] = lambda _what: None
    lists: int = 0
    watches: int = 0
    _revision: str = ""
    _opened: float | None = None
    _random: random.Random = field(default_factory=random.Random)

    async def run(self) -> None:
        """Follow until cancelled, whatever fails. `tell` receives each error, and None when the watch works again."""
        pause = self.first_pause
        while True:
            self._opened = None
            try:
                if not self._revision:
                    await self._list()
                await self._watch()
            except Expired:
                _log.info("watch_expired", resource=self.resource.plural)
                self.count("expired")
                self._revision = ""
            except ClusterError as error:
                self._fail(error)
                _log.info("watch_failed", resource=self.resource.plural, error=str(error))
            except Exception as error:  # noqa: BLE001 - logged; a watch that ends would miss everything from then on
                _log.exception("watch_broke", resource=self.resource.plural, namespace=self.namespace)
                self._fail(error)
                self._revision = ""  # what was received may not have been kept
            else:
                if self._lasted:
                    pause = self.first_pause
                    continue
            pause = self.first_pause if self._lasted else pause
            await asyncio.sleep(pause * (0.5 + self._random.random() / 2))
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _fail(self, error: Exception) -> None:
        self.count("failed")
        self.tell(error)

    @property
    def _lasted(self) -> bool:
        """Return whether the last watch lasted: one that ends at once must not be opened again at once."""
        return self._opened is not None and time.monotonic() - self._opened >= _SHORT_S

    async def _list(self) -> None:
        reader = PageReader(connection=await self.connect(), deadline=time.monotonic() + _LIST_S)
        self.lists += 1
        revision = ""
        async for page in reader.pages(self.resource, namespace=self.namespace, fields=self.fields):
            if page.first:
                self.follower.begin(self.resource, reader.meter.date)
            for obj in page.items:
                self.follower.keep(self.resource, obj)
            revision = page.revision
            # A page of pods takes some milliseconds to judge: others run in between.
            await asyncio.sleep(0)
        self.follower.listed(self.resource)
        self._revision = revision

    async def _watch(self) -> None:
        async with open_watch(
            await self.connect(),
            self.resource,
            namespace=self.namespace,
            revision=self._revision,
            fields=self.fields,
            seconds=self.seconds,
        ) as events:
            self.watches += 1
            self._opened = time.monotonic()
            self.count("opened")
            try:
                self.tell(None)
                async for event in events:
                    if event.change is Change.DELETED:
                        self.follower.drop(self.resource, event.obj)
                    elif event.change is not Change.BOOKMARK:
                        self.follower.keep(self.resource, event.obj)
                    self._revision = event.revision
            finally:
                self.count("closed")


_LATE_S: Final = 30.0
# An object may have 1.5 MiB; its JSON is larger.
_LONGEST_LINE: Final = 8 << 20


class Change(StrEnum):
    """The type of a watch event."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    BOOKMARK = "BOOKMARK"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchEvent:
    """One event. `revision` is where the next watch begins; the object of a bookmark has nothing else."""

    change: Change
    obj: Json
    revision: str


@asynccontextmanager
async def open_watch(
    connection: Connection,
    resource: Resource,
    *,
    namespace: str,
    revision: str,
    fields: str = "",
    seconds: int = WATCH_S,
) -> AsyncIterator[AsyncIterator[WatchEvent]]:
    """Open a watch for the changes after `revision`; its events end when the server closes it.

    Raises Expired if the server no longer has the revision, and other errors of ClusterError; so do the events.
    """
    request = ClusterRequest(
        path=resource.path(namespace=namespace if resource.namespaced else ""),
        query=(
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", str(seconds)),
            ("resourceVersion", revision),
            *((("fieldSelector", fields),) if fields else ()),
        ),
        does="watch",
        what=f"{resource.plural} in {namespace or 'all namespaces'}",
        permission=resource.permission("watch"),
    )
    began = time.monotonic()
    response = await _opened(connection, request)
    connection.report(request, f"{response.status // 100}xx", seconds=time.monotonic() - began)
    try:
        yield _events(connection, request, response, seconds=seconds)
    finally:
        response.close()


async def _events(
    connection: Connection, request: ClusterRequest, response: aiohttp.ClientResponse, *, seconds: int
) -> AsyncIterator[WatchEvent]:
    try:
        async with asyncio.timeout(seconds + _LATE_S):
            async for line in _lines(response, request):
                yield _event(line, request)
    except TimeoutError as error:
        raise TimedOut(what=request.what, does=request.does, detail="the server did not close the watch") from error
    except (aiohttp.ClientError, OSError) as error:
        raise unreachable_error(error, what=request.what, origin=connection.origin) from error


async def _opened(connection: Connection, request: ClusterRequest) -> aiohttp.ClientResponse:
    """Return the response of an accepted watch; log in again once after a 401. Raise ClusterError."""
    for again in (True, False):
        used = connection.login.generation if connection.login else 0
        response = await _sent(connection, request)
        if response.status == 200:
            return response
        try:
            body = await _refusal(response, within=connection.settings.call_timeout)
            failure = refusal_error(response.status, body, request=request, origin=connection.origin)
        finally:
            response.close()
        connection.report(request, f"{response.status // 100}xx", seconds=0.0)
        if not (again and await connection.logs_in_again(failure, used=used)):
            raise failure
    raise AssertionError("the second attempt returns or raises")


async def _sent(connection: Connection, request: ClusterRequest) -> aiohttp.ClientResponse:
    limit = connection.settings.call_timeout
    try:
        async with asyncio.timeout(limit):
            if connection.login is not None:
                await connection.login.ready()
            return await connection.send(request)
    except TimeoutError as error:
        detail = f"no answer within {limit:.2g} s"
        raise TimedOut(what=request.what, does=request.does, detail=detail) from error
    except (aiohttp.ClientError, OSError, ConnectionLost, RedirectRefused) as raised:
        underneath = (isinstance(raised, ConnectionLost) and raised.__cause__) or raised
        # A proxy's URL may contain a password, and aiohttp quotes it.
        cause = None if connection.client.configuration.proxy else underneath
        raise unreachable_error(underneath, what=request.what, origin=connection.origin) from cause


async def _refusal(response: aiohttp.ClientResponse, *, within: float) -> bytes:
    """Return the body of a refusal as far as it arrives in time: its status alone tells what was refused."""
    body = bytearray()
    with contextlib.suppress(TimeoutError, aiohttp.ClientError, OSError):
        async with asyncio.timeout(within):
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) >= LARGEST_STATUS:
                    break
    return bytes(body[:LARGEST_STATUS])


async def _lines(response: aiohttp.ClientResponse, request: ClusterRequest) -> AsyncIterator[bytes]:
    rest = bytearray()
    async for chunk in response.content.iter_any():
        *whole, last = chunk.split(b"\n")
        for part in whole:
            yield bytes(rest + part)
            rest.clear()
        rest += last
        if len(rest) > _LONGEST_LINE:
            raise TooLarge(
                what=request.what,
                does=request.does,
                detail=f"an event has more than {_LONGEST_LINE >> 20} MiB",
                detail_zh=f"单个事件超过 {_LONGEST_LINE >> 20} MiB",
            )


def _event(line: bytes, request: ClusterRequest) -> WatchEvent:
    """Parse an event. Raise Expired for the server's 410, ServerError for anything that is no event."""
    try:
        event = json.loads(line)
        change, obj = event["type"], event["object"]
        if change == "ERROR":
            code, message = obj.get("code"), str(obj.get("message") or "")
            if code == 410:
                raise Expired(what=request.what, does=request.does, detail=message)
            raise ServerError(what=request.what, does=request.does, detail=message)
        return WatchEvent(change=Change(change), obj=obj, revision=str(obj["metadata"]["resourceVersion"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ServerError(what=request.what, does=request.does, detail="the answer is not a watch event") from error


_NO_LIMIT: Final = 1 << 40


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReader:
    """Reads lists of one cluster until `deadline` (of the monotonic clock).

    Objects that `access` hides are left out.
    """

    connection: Connection
    deadline: float
    access: Access = EVERYTHING
    meter: Meter = field(default_factory=Meter)

    async def pages(self, resource: Resource, *, namespace: str = "", fields: str = "") -> AsyncIterator[Page]:
        """Yield the pages of a list in one namespace or all as `pages_of` does; `fields` is a field selector."""
        guard = AccessGuard(self.access)
        home = namespace if resource.namespaced else ""
        wanted = ListQuery(resource=resource, namespace=home, fields=fields, limit=_NO_LIMIT)
        guard.check_list(resource, namespace=home, what=wanted.what)
        if guard.is_partial(resource, namespace=home):
            record_partial(wanted.what)
        for part in parts_of(wanted, self.access):
            async for page in self._pages(part):
                yield replace(page, items=[item for item in page.items if guard.shows(resource, item)])

    async def _pages(self, wanted: ListQuery) -> AsyncIterator[Page]:
        held = 0

        async def read(request: ClusterRequest) -> Json:
            nonlocal held
            answer = await self.connection.read(request, deadline=self.deadline, meter=self.meter)
            self.connection.memory.give_back(held)
            held = 0
            self.connection.reserve(request, answer.memory)
            held = answer.memory
            return await decode(answer, what=request.what)

        try:
            async for page in pages_of(read, wanted):
                yield page
        finally:
            self.connection.memory.give_back(held)
