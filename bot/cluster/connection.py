"""One connection to one API server: every request of Casebook's passes through `Connection.read` or `.write`.

It bounds what a sick API server has to bear (calls in flight, time per call, repeated reads) and turns each failure
into an error of `bot.cluster.errors`. The client library supplies addressing, TLS and credentials; its own retrying is
off, its typed models are never touched.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Protocol, Self

import aiohttp
from kubernetes.aio.client.api_client import ApiClient
from multidict import CIMultiDict

from bot.cluster.calls import ClusterResponse, CompletedCall, Meter, Origin, Request, Watch, unwatched
from bot.cluster.errors import ClusterError, OutcomeUnknown, TimedOut, Unauthorized, Unreachable
from bot.cluster.failures import Lost, is_reset, refusal, unanswered, unreachable, was_sent
from bot.kube.timestamps import parse_http_date
from bot.prometheus.client import Prometheus
from bot.settings.cluster import ClusterSettings

_WORTH_REPEATING: Final = frozenset({429, 500, 502, 503, 504})


class Credentials(Protocol):
    """What keeps a connection logged in."""

    @property
    def generation(self) -> int:
        """Which login is in force."""

    async def ready(self) -> None:
        """Called before each call: renew what is about to expire."""

    async def renew(self, *, used: int) -> bool:
        """Called after a 401 with the login that was used: log in again; False if there is no way to."""


@dataclass(slots=True, kw_only=True)
class Connection:
    """An open connection. Made by `bot.cluster.contexts.connect`, shared by any number of snapshots.

    `prometheus` is the cluster's own, None where none is configured; `watch` hears of each call.
    """

    client: ApiClient
    origin: Origin
    settings: ClusterSettings
    default_namespace: str = "default"
    login: Credentials | None = None
    prometheus: Prometheus | None = None
    watch: Watch = unwatched
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
            raise Unreachable(
                what=request.what,
                detail=f"{self.origin.subject}: no answer within {self.settings.call_timeout:g} s",
                remedy=self.origin.remedy,
            ) from error
        except ClusterError:
            return

    async def read(self, request: Request, *, deadline: float, meter: Meter) -> ClusterResponse:
        """A request that changes nothing, repeated within bounds while the server sheds load, fails or drops it.

        `deadline` is a time of `time.monotonic`. Raises a ClusterError, never anything of the client library's.
        """
        renewed = False
        attempt = 0
        while True:
            used = self.login.generation if self.login else 0
            try:
                return await self._attempt(request, deadline=deadline, meter=meter)
            except _Again as again:
                if isinstance(again.error, Unauthorized):
                    if renewed or self.login is None or not await self.login.renew(used=used):
                        raise again.error from again.__cause__
                    renewed = True
                    continue
                wait = pause(attempt, asked=again.retry_after, settings=self.settings, jitter=self._random.random())
                if attempt >= self.settings.retries or wait >= deadline - time.monotonic():
                    raise again.error from again.__cause__
            attempt += 1
            await asyncio.sleep(wait)

    async def write(self, request: Request, *, deadline: float, meter: Meter) -> ClusterResponse:
        """A request that changes something, sent once; only a 401, which comes before anything, is tried once more.

        Raises OutcomeUnknown if it was sent and not answered, Unreachable or TimedOut if it was never sent, and for a
        refusal the ClusterError that says why.
        """
        used = self.login.generation if self.login else 0
        try:
            return await self._attempt(request, deadline=deadline, meter=meter)
        except _Again as again:
            renewable = isinstance(again.error, Unauthorized) and self.login is not None
            if not renewable or self.login is None or not await self.login.renew(used=used):
                raise again.error from again.__cause__
        try:
            return await self._attempt(request, deadline=deadline, meter=meter)
        except _Again as again:
            raise again.error from again.__cause__

    async def _attempt(self, request: Request, *, deadline: float, meter: Meter) -> ClusterResponse:
        left = deadline - time.monotonic()
        sent = False
        try:
            if left <= 0:
                raise TimeoutError
            async with asyncio.timeout(left):
                if self.login is not None:
                    await self.login.ready()
                async with self._seats:
                    sent = True
                    return await self._call(request, deadline=deadline, meter=meter)
        except TimeoutError as error:
            detail = "no time was left to wait for an answer"
            if sent:
                raise unanswered(request, detail=detail) from error
            raise TimedOut(what=request.what, does=request.does, detail=detail) from error

    async def _call(self, request: Request, *, deadline: float, meter: Meter) -> ClusterResponse:
        meter.calls += 1
        began, status = time.monotonic(), "unreachable"
        try:
            response, content = await self._exchange(request, deadline=deadline)
            status = f"{response.status // 100}xx"
        except (TimedOut, OutcomeUnknown) as error:
            status = "timeout" if isinstance(error.__cause__, TimeoutError) else status
            raise
        except asyncio.CancelledError:
            status = "timeout" if time.monotonic() >= deadline else "cancelled"
            raise
        finally:
            self._tell(request, status, seconds=time.monotonic() - began)
        if meter.date is None:
            meter.date = parse_http_date(response.headers.get("Date"))
        if 200 <= response.status < 300:
            return ClusterResponse(
                status=response.status, body=content, content_type=response.headers.get("Content-Type", "").lower()
            )
        failure = refusal(response.status, content, request=request, origin=self.origin)
        if response.status in _WORTH_REPEATING or isinstance(failure, Unauthorized):
            raise _Again(failure, retry_after=retry_after(response.headers.get("Retry-After")))
        raise failure

    def _tell(self, request: Request, status: str, *, seconds: float) -> None:
        may = request.permission
        verb = may.verb if may else request.method.lower()
        resource = may.resource if may else "discovery"
        self.watch(CompletedCall(cluster=self.name, verb=verb, resource=resource, status=status, seconds=seconds))

    async def _exchange(self, request: Request, *, deadline: float) -> tuple[aiohttp.ClientResponse, bytes]:
        limit = min(self.settings.call_timeout, max(deadline - time.monotonic(), 0.0))
        try:
            async with asyncio.timeout(limit):
                method, url, headers, body, post = await self.client.param_serialize(
                    request.method,
                    request.path,
                    query_params=[*request.query],
                    header_params=_headers(request),
                    body=request.body,
                    auth_settings=["BearerToken"],
                )
                response = await self.client.call_api(
                    method,
                    url,
                    _acting(request, headers),
                    body,
                    post,
                    _request_timeout=aiohttp.ClientTimeout(total=None),
                )
                content = await response.read()
        except TimeoutError as error:
            raise unanswered(request, detail=f"no answer within {limit:.2g} s") from error
        except (aiohttp.ClientError, OSError, Lost) as raised:
            underneath = (isinstance(raised, Lost) and raised.__cause__) or raised
            failure = unreachable(underneath, what=request.what, origin=self.origin)
            # A proxy's URL may hold a password, and aiohttp quotes it.
            cause = None if self.client.configuration.proxy else underneath
            if request.changes and was_sent(underneath):
                # Told to people: that the answer was lost, not where the API server is.
                detail = failure.detail.removeprefix(f"{self.origin.subject}: ")
                raise OutcomeUnknown(what=request.what, does=request.does, detail=detail) from cause
            if is_reset(underneath):
                raise _Again(failure) from cause
            raise failure from cause
        return response, content


def _headers(request: Request) -> dict[str, str]:
    typed = {"Content-Type": request.content_type} if request.content_type else {}
    return {"Accept": request.accept, **typed}


def _acting(request: Request, headers: Mapping[str, str]) -> CIMultiDict[str]:
    """The headers the client made, and whom the request acts as; the client's own are a dict, with one of each name."""
    known = request.acts_as.headers if request.acts_as is not None else ()
    return CIMultiDict([*headers.items(), *known])


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


def retry_after(text: str | None) -> float | None:
    """Seconds of a Retry-After header, which is a number or a date (RFC 9110); None for anything else."""
    if not text:
        return None
    try:
        seconds = float(text)
        return max(seconds, 0.0) if math.isfinite(seconds) else None
    except ValueError:
        at = parse_http_date(text)
        return None if at is None else max((at - datetime.now(UTC)).total_seconds(), 0.0)
