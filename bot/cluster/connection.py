"""One connection to one API server: every request of Casebook's passes through `Connection.read`.

It bounds what a sick API server has to bear (calls in flight, time per call, repeated reads) and turns each failure
into an error of `bot.cluster.errors`. The client library supplies addressing, TLS and credentials; its own retrying is
off, its typed models are never touched.
"""

from __future__ import annotations

import asyncio
import json
import random
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Protocol, Self

import aiohttp
from kubernetes.aio.client.api_client import ApiClient

from bot.cluster.errors import (
    BadRequest,
    ClusterError,
    Expired,
    Forbidden,
    NotFound,
    NotServed,
    ServerError,
    Throttled,
    TimedOut,
    Unauthorized,
    Unreachable,
    clean,
)
from bot.cluster.settings import ClusterSettings
from bot.cluster.timestamps import parse_http_date
from intents.domain import Json, Permission

# Parsing a larger body takes longer than the event loop may be kept from other work.
_LARGE: Final = 1 << 20
_WORTH_REPEATING: Final = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One GET. `what` and `permission` are for the errors: what it reads in words, and the grant it needs."""

    path: str
    query: tuple[tuple[str, str], ...] = ()
    accept: str = "application/json"
    what: str
    permission: Permission | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A successful answer, its body undecoded."""

    status: int
    body: bytes
    content_type: str


@dataclass(slots=True)
class Meter:
    """What one diagnosis spent: HTTP calls, repeated ones included, and the server's clock at its first answer."""

    calls: int = 0
    date: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a connection's settings came from: the words an error needs to say what to change.

    `place` names the file or "the service account of this pod", `credentials` how one is identified.
    """

    context: str
    server: str
    place: str
    cluster: str = ""
    credentials: str = ""


class Credentials(Protocol):
    """What keeps a connection logged in."""

    async def ready(self) -> None:
        """Called before each call: renew what is about to expire."""

    async def renew(self) -> bool:
        """Called after a 401: log in again; False if there is no way to."""


@dataclass(slots=True, kw_only=True)
class Connection:
    """An open connection. Made by `bot.cluster.contexts.connect`, shared by any number of snapshots."""

    client: ApiClient
    origin: Origin
    settings: ClusterSettings
    default_namespace: str = "default"
    login: Credentials | None = None
    _seats: asyncio.Semaphore = field(init=False)
    _random: random.Random = field(init=False, default_factory=random.Random)

    def __post_init__(self) -> None:
        self._seats = asyncio.Semaphore(self.settings.concurrency)

    @property
    def name(self) -> str:
        """The context's name."""
        return self.origin.context

    @property
    def server(self) -> str:
        """The API server's URL without any credentials."""
        return self.origin.server

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self.client.close()

    async def check(self) -> None:
        """One call that tells whether the API server answers and knows us. Raises Unreachable or Unauthorized.

        A refusal (403) or an absent path is an answer too: someone is there.
        """
        request = Request(path="/version", what=f"the version of {self.server}")
        try:
            await self.read(request, deadline=time.monotonic() + self.settings.call_timeout, meter=Meter())
        except (Unauthorized, Unreachable):
            raise
        except TimedOut as error:
            subject = f'context "{self.name}": {self.server}'
            raise Unreachable(
                detail=f"{subject}: no answer within {self.settings.call_timeout:g} s",
                remedy=f"check the server of {_place(self.origin)}, or your VPN",
            ) from error
        except ClusterError:
            return

    async def read(self, request: Request, *, deadline: float, meter: Meter) -> Answer:
        """GET, repeated within bounds while the server sheds load, fails or drops the connection.

        `deadline` is a time of `time.monotonic`. Raises a ClusterError, never anything of the client library's.
        """
        renewed = False
        attempt = 0
        while True:
            try:
                return await self._attempt(request, deadline=deadline, meter=meter)
            except _Again as again:
                if isinstance(again.error, Unauthorized):
                    if renewed or self.login is None or not await self.login.renew():
                        raise again.error from again.error.__cause__
                    renewed = True
                    continue
                wait = pause(attempt, asked=again.retry_after, settings=self.settings, jitter=self._random.random())
                if attempt >= self.settings.retries or wait >= deadline - time.monotonic():
                    raise again.error from again.error.__cause__
            attempt += 1
            await asyncio.sleep(wait)

    async def _attempt(self, request: Request, *, deadline: float, meter: Meter) -> Answer:
        left = deadline - time.monotonic()
        try:
            if left <= 0:
                raise TimeoutError
            async with asyncio.timeout(left):
                if self.login is not None:
                    await self.login.ready()
                async with self._seats:
                    return await self._call(request, deadline=deadline, meter=meter)
        except TimeoutError as error:
            raise TimedOut(what=request.what, detail="no time was left to wait for an answer") from error

    async def _call(self, request: Request, *, deadline: float, meter: Meter) -> Answer:
        limit = min(self.settings.call_timeout, max(deadline - time.monotonic(), 0.0))
        meter.calls += 1
        try:
            async with asyncio.timeout(limit):
                method, url, headers, body, post = await self.client.param_serialize(
                    "GET",
                    request.path,
                    query_params=[*request.query],
                    header_params={"Accept": request.accept},
                    auth_settings=["BearerToken"],
                )
                response = await self.client.call_api(
                    method, url, headers, body, post, _request_timeout=aiohttp.ClientTimeout(total=None)
                )
                content = await response.read()
        except TimeoutError as error:
            raise TimedOut(what=request.what, detail=f"no answer within {limit:.2g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            failure = _unreachable(error, origin=self.origin)
            if _is_reset(error):
                raise _Again(failure) from error
            raise failure from error
        if meter.date is None:
            meter.date = parse_http_date(response.headers.get("Date"))
        if 200 <= response.status < 300:
            return Answer(
                status=response.status, body=content, content_type=response.headers.get("Content-Type", "").lower()
            )
        failure = _refusal(response.status, content, request=request, origin=self.origin)
        if response.status in _WORTH_REPEATING or isinstance(failure, Unauthorized):
            raise _Again(failure, retry_after=_seconds(response.headers.get("Retry-After")))
        raise failure


class _Again(Exception):
    """A failure that another attempt may cure."""

    def __init__(self, error: ClusterError, *, retry_after: float | None = None) -> None:
        self.error = error
        self.retry_after = retry_after
        super().__init__(str(error))


def pause(attempt: int, *, asked: float | None, settings: ClusterSettings, jitter: float) -> float:
    """Seconds to wait before repeating a read for the `attempt`th time (from 0).

    At least what the server asked for, else between half and all of a doubling pause: `jitter` in [0, 1) spreads those
    who were refused together.
    """
    longest: float = min(settings.longest_pause, settings.first_pause * 2 ** min(attempt, 16))
    own = longest * (0.5 + jitter / 2)
    return own if asked is None else max(asked, own)


async def decode(answer: Answer, *, what: str) -> Json:
    """The JSON object of an answer. Raises ServerError for anything else: a login page, a proxy's greeting."""
    try:
        if len(answer.body) > _LARGE:
            value = await asyncio.to_thread(json.loads, answer.body)
        else:
            value = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise ServerError(what=what, detail="the answer is no JSON: is this a Kubernetes API server?") from error
    if not isinstance(value, dict):
        raise ServerError(what=what, detail=f"the answer is a JSON {type(value).__name__}, expected an object")
    return value


def _seconds(text: str | None) -> float | None:
    """A Retry-After header, which is a number of seconds or a date (RFC 9110)."""
    if not text:
        return None
    try:
        return max(float(text), 0.0)
    except ValueError:
        at = parse_http_date(text)
        return None if at is None else max((at - datetime.now(UTC)).total_seconds(), 0.0)


def _status(body: bytes) -> Mapping[str, Any]:
    """The Status object of a refusal; for plain text, as proxies and API priority and fairness send it, its message."""
    try:
        value = json.loads(body) if len(body) <= _LARGE else None
    except (ValueError, RecursionError):
        return {"message": body[:4096].decode(errors="replace")}
    return value if isinstance(value, dict) else {}


def _refusal(code: int, body: bytes, *, request: Request, origin: Origin) -> ClusterError:
    status = _status(body)
    message = clean(str(status.get("message") or ""))
    what = request.what
    match code:
        case 401:
            return Unauthorized(
                detail=f'the API server of context "{origin.context}" does not accept the credentials (401)',
                remedy=f"they are expired or another cluster's: log in again, or renew {origin.credentials}",
            )
        case 403:
            # Roles refuse with 'User "x" cannot get resource "y"'; quotas and webhooks say something else.
            by_role = "is forbidden: " not in message or " cannot " in message
            return Forbidden(what=what, detail=message, permission=request.permission if by_role else None)
        case 404:
            # Only a missing object is named in the details; an unknown resource or group leaves them empty.
            details = status.get("details")
            named = isinstance(details, dict) and details.get("name")
            return NotFound(what=what, detail=message) if named else NotServed(what=what)
        case 410:
            return Expired(what=what)
        case 429:
            return Throttled(what=what, detail=message)
        case 400 | 422:
            return BadRequest(what=what, detail=message)
        case _ if code >= 500:
            return ServerError(what=what, detail=f"{message or 'no message'} ({code})")
        case _:
            return BadRequest(what=what, detail=f"{message or 'no message'} ({code})")


def _is_reset(error: Exception) -> bool:
    """Whether an open connection was lost, as when an API server restarts: another attempt meets another one."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return False
    return isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError | OSError)


def _unreachable(error: Exception, *, origin: Origin) -> ClusterError:
    place = _place(origin)
    subject = f'context "{origin.context}": {origin.server}'
    match error:
        case aiohttp.ClientConnectorCertificateError() | ssl.SSLCertVerificationError():
            inner = getattr(error, "certificate_error", error)
            why = getattr(inner, "verify_message", "") or str(inner)
            return Unreachable(
                detail=f"{subject} shows a certificate we cannot trust: {why}",
                remedy=f"check certificate-authority and tls-server-name of {place}",
            )
        case aiohttp.ClientSSLError() | ssl.SSLError():
            why = getattr(getattr(error, "os_error", error), "reason", None) or "handshake failed"
            return Unreachable(
                detail=f"{subject}: TLS failed: {str(why).lower().replace('_', ' ')}",
                remedy=f"check that the server of {place} speaks https, and the certificate of {origin.credentials}",
            )
        case aiohttp.ClientConnectorDNSError():
            return Unreachable(
                detail=f"{subject}: the host name is not known", remedy=f"check the server of {place}, or your VPN"
            )
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return Unreachable(
                detail=f"{subject}: the proxy cannot be used", remedy=f"check proxy-url of {place}, or HTTPS_PROXY"
            )
        case aiohttp.ClientConnectorError():
            why = (error.os_error.strerror or "no connection").lower()
            return Unreachable(detail=f"{subject}: {_plain(why)}", remedy=f"check the server of {place}, or your VPN")
        case _ if _is_reset(error):
            return Unreachable(detail=f"{subject}: the connection was closed before the answer was complete")
        case aiohttp.InvalidURL():
            return Unreachable(detail=f"{subject} is no URL", remedy=f"check the server of {place}")
        case _:
            return Unreachable(
                detail=f"{subject}: {type(error).__name__}: {error}", remedy=f"check the server of {place}, or your VPN"
            )


def _place(origin: Origin) -> str:
    return f'cluster "{origin.cluster}" in {origin.place}' if origin.cluster else origin.place


def _plain(why: str) -> str:
    # aiohttp wraps the reason of the system: "connect call failed ('127.0.0.1', 1)".
    return "connection refused" if why.startswith("connect call failed") else why
