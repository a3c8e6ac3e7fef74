"""Open one watch of the API server and yield its events as they arrive.

A watch lasts minutes, so it takes no place among the calls in flight and its events do not count as one answer. It ends
when the server closes it; `bot.cluster.watching` opens the next one.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import aiohttp

from bot.cluster.api_calls import ClusterRequest, CompletedCall
from bot.cluster.call_errors import (
    LARGEST_STATUS,
    ConnectionLost,
    RedirectRefused,
    refusal_error,
    unreachable_error,
)
from bot.cluster.connection import Connection
from bot.cluster.errors import Expired, ServerError, TimedOut, TooLarge, Unauthorized
from bot.cluster.resources import Resource
from intents.domain import Json

# The server closes a watch after this time, so that a connection that died silently is noticed.
WATCH_S: Final = 240
_LATE_S: Final = 30.0
# An object may have 1.5 MiB; its JSON is larger.
_LONGEST_LINE: Final = 8 << 20


class Change(StrEnum):
    """What an event of a watch says."""

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
    _record(connection, request, response.status, seconds=time.monotonic() - began)
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
        _record(connection, request, response.status, seconds=0.0)
        renewable = again and isinstance(failure, Unauthorized) and connection.login is not None
        if not renewable or connection.login is None or not await connection.login.renew(used=used):
            raise failure
    raise AssertionError("the second attempt returns or raises")


async def _sent(connection: Connection, request: ClusterRequest) -> aiohttp.ClientResponse:
    limit = connection.settings.call_timeout
    try:
        async with asyncio.timeout(limit):
            if connection.login is not None:
                await connection.login.ready()
            method, url, headers, body, post = await connection.client.param_serialize(
                request.method,
                request.path,
                query_params=[*request.query],
                header_params={"Accept": request.accept},
                auth_settings=["BearerToken"],
            )
            timeout = aiohttp.ClientTimeout(total=None)
            answer = await connection.client.call_api(method, url, headers, body, post, _request_timeout=timeout)
            response: aiohttp.ClientResponse = answer.response
            return response
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


def _record(connection: Connection, request: ClusterRequest, status: int, *, seconds: float) -> None:
    permission = request.permission
    assert permission is not None
    connection.watch(
        CompletedCall(
            cluster=connection.name,
            verb=permission.verb,
            resource=permission.resource,
            status=f"{status // 100}xx",
            seconds=seconds,
        )
    )
