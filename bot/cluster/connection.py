"""Connect to one API server: every request goes through `Connection.read` or `Connection.write`.

It limits the load on a sick API server (calls in flight, time per call, retries) and turns each failure into an error
of `bot.cluster.errors`. The client library supplies addressing, TLS and credentials; its own retries are off and its
typed models are not used.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Protocol, Self

import aiohttp
from kubernetes.aio.client.api_client import ApiClient
from multidict import CIMultiDict

from bot.cluster.api_calls import (
    CallObserver,
    ClusterRequest,
    ClusterResponse,
    CompletedCall,
    ConnectionOrigin,
    MemoryAccount,
    Meter,
    answer_too_large,
    diagnosis_memory_full,
    diagnosis_too_large,
    estimated_memory,
    ignore_call,
    memory_full,
)
from bot.cluster.call_errors import (
    LARGEST_STATUS,
    ConnectionLost,
    RedirectRefused,
    is_reset,
    refusal_error,
    unanswered_error,
    unreachable_error,
    was_sent,
)
from bot.cluster.errors import ClusterError, OutcomeUnknown, TimedOut, TooLarge, Unauthorized, Unreachable
from bot.common.tracing import SpanName, span
from bot.kube.timestamps import parse_http_date
from bot.prometheus import Prometheus
from bot.settings.prometheus import ClusterSettings

_WORTH_REPEATING: Final = frozenset({429, 500, 502, 503, 504})


@dataclass(slots=True)
class _Answered:
    """The HTTP status of a call once it has one."""

    status: int = 0


class CredentialSource(Protocol):
    """Keeps a connection logged in."""

    @property
    def generation(self) -> int:
        """Return the number of the login in force."""

    async def ready(self) -> None:
        """Renew credentials that are about to expire; called before each call."""

    async def renew(self, *, used: int) -> bool:
        """Log in again after a 401 with login `used`; return False if that is impossible."""


@dataclass(slots=True, kw_only=True)
class Connection:
    """An open connection, made by `bot.cluster.contexts.connect` and shared by any number of snapshots.

    `prometheus` is the cluster's own, or None if none is configured. `watch` observes each call.
    """

    client: ApiClient
    origin: ConnectionOrigin
    settings: ClusterSettings
    default_namespace: str = "default"
    login: CredentialSource | None = None
    prometheus: Prometheus | None = None
    watch: CallObserver = ignore_call
    memory: MemoryAccount = field(init=False)
    _seats: asyncio.Semaphore = field(init=False)
    _random: random.Random = field(init=False, default_factory=random.Random)

    def __post_init__(self) -> None:
        self._seats = asyncio.Semaphore(self.settings.concurrency)
        self.memory = MemoryAccount(self.settings.total_memory)

    @property
    def name(self) -> str:
        """Return the name of the context."""
        return self.origin.context

    @property
    def server(self) -> str:
        """Return the API server's URL without credentials."""
        return self.origin.server

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self.client.close()

    async def check(self) -> None:
        """Check with one call that the API server answers and accepts us. Raise Unreachable or Unauthorized.

        A refusal (403) or a missing path is an answer too: the server is there.
        """
        request = ClusterRequest(path="/version", what=f"the version of {self.server}")
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

    async def read(self, request: ClusterRequest, *, deadline: float, meter: Meter) -> ClusterResponse:
        """Send a request that changes nothing, with bounded retries while the server sheds load, fails or drops it.

        `deadline` is a time of `time.monotonic`. Raises only ClusterError, never an error of the client library.
        """
        renewed = False
        attempt = 0
        while True:
            used = self.login.generation if self.login else 0
            try:
                return await self._attempt(request, deadline=deadline, meter=meter)
            except _RetryableFailure as again:
                if isinstance(again.error, Unauthorized):
                    if renewed or not await self.logs_in_again(again.error, used=used):
                        raise again.error from again.__cause__
                    renewed = True
                    continue
                wait = retry_pause(
                    attempt, requested=again.retry_after, settings=self.settings, jitter=self._random.random()
                )
                if attempt >= self.settings.retries or wait >= deadline - time.monotonic():
                    raise again.error from again.__cause__
            attempt += 1
            await asyncio.sleep(wait)

    def reserve(self, request: ClusterRequest, size: int, *, held: int = 0) -> None:
        """Count memory that an answer takes, until `memory.give_back`; its diagnosis has `held` bytes already.

        Raises TooLarge, and counts nothing, if a limit would be exceeded.
        """
        if held + size > self.settings.diagnosis_memory:
            raise diagnosis_memory_full(request, limit=self.settings.diagnosis_memory)
        if not self.memory.take(size):
            raise memory_full(request)

    async def write(self, request: ClusterRequest, *, deadline: float, meter: Meter) -> ClusterResponse:
        """Send a request that changes something, once. Only a 401, which changes nothing, is retried once.

        Raises OutcomeUnknown if it was sent and not answered, Unreachable or TimedOut if it was never sent, and for a
        refusal the ClusterError that gives the reason.
        """
        used = self.login.generation if self.login else 0
        try:
            return await self._attempt(request, deadline=deadline, meter=meter)
        except _RetryableFailure as again:
            if not await self.logs_in_again(again.error, used=used):
                raise again.error from again.__cause__
        try:
            return await self._attempt(request, deadline=deadline, meter=meter)
        except _RetryableFailure as again:
            raise again.error from again.__cause__

    async def _attempt(self, request: ClusterRequest, *, deadline: float, meter: Meter) -> ClusterResponse:
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
                raise unanswered_error(request, detail=detail) from error
            raise TimedOut(what=request.what, does=request.does, detail=detail) from error

    async def _call(self, request: ClusterRequest, *, deadline: float, meter: Meter) -> ClusterResponse:
        meter.calls += 1
        with self._observed(request, deadline=deadline) as call:
            response, content, memory = await self._exchange(request, deadline=deadline, meter=meter)
            call.status = response.status
        if meter.date is None:
            meter.date = parse_http_date(response.headers.get("Date"))
        if 200 <= response.status < 300:
            return ClusterResponse(
                status=response.status,
                body=content,
                memory=memory,
                content_type=response.headers.get("Content-Type", "").lower(),
            )
        failure = refusal_error(response.status, content, request=request, origin=self.origin)
        if response.status in _WORTH_REPEATING or isinstance(failure, Unauthorized):
            raise _RetryableFailure(failure, retry_after=retry_after(response.headers.get("Retry-After")))
        raise failure

    @contextmanager
    def _observed(self, request: ClusterRequest, *, deadline: float) -> Iterator[_Answered]:
        """Time one call, as a span too, and report it to the watcher."""
        answered, (verb, resource) = _Answered(), _named(request)
        began, status = time.monotonic(), "unreachable"
        with span(SpanName.KUBERNETES, cluster=self.name, verb=verb, resource=resource) as part:
            try:
                yield answered
                status = f"{answered.status // 100}xx"
                part.set(status_code=answered.status)
            except (TimedOut, OutcomeUnknown) as error:
                status = "timeout" if isinstance(error.__cause__, TimeoutError) else status
                raise
            except asyncio.CancelledError:
                status = "timeout" if time.monotonic() >= deadline else "cancelled"
                raise
            finally:
                part.set(status=status)
                self.report(request, status, seconds=time.monotonic() - began)

    def report(self, request: ClusterRequest, status: str, *, seconds: float) -> None:
        """Report a call that has ended to the watcher."""
        verb, resource = _named(request)
        self.watch(CompletedCall(cluster=self.name, verb=verb, resource=resource, status=status, seconds=seconds))

    async def _exchange(
        self, request: ClusterRequest, *, deadline: float, meter: Meter
    ) -> tuple[aiohttp.ClientResponse, bytes, int]:
        limit = min(self.settings.call_timeout, max(deadline - time.monotonic(), 0.0))
        try:
            async with asyncio.timeout(limit):
                response = await self.send(request)
                content, memory = await self._body(response, request, meter)
        except TooLarge as error:
            if request.changes:
                raise OutcomeUnknown(what=request.what, does=request.does, detail=error.detail) from error
            raise
        except TimeoutError as error:
            raise unanswered_error(request, detail=f"no answer within {limit:.2g} s") from error
        except (aiohttp.ClientError, OSError, ConnectionLost, RedirectRefused) as raised:
            underneath = (isinstance(raised, ConnectionLost) and raised.__cause__) or raised
            failure = unreachable_error(underneath, what=request.what, origin=self.origin)
            # A proxy's URL may contain a password, and aiohttp quotes it.
            cause = None if self.client.configuration.proxy else underneath
            if request.changes and was_sent(underneath):
                # The user reads that the response was lost, not the address of the API server.
                detail = failure.detail.removeprefix(f"{self.origin.subject}: ")
                raise OutcomeUnknown(what=request.what, does=request.does, detail=detail) from cause
            if is_reset(underneath):
                raise _RetryableFailure(failure) from cause
            raise failure from cause
        return response, content, memory

    async def send(self, request: ClusterRequest) -> aiohttp.ClientResponse:
        """Return the response of one request, whose body is not read yet. Raise the errors of aiohttp."""
        method, url, headers, body, post = await self.client.param_serialize(
            request.method,
            request.path,
            query_params=[*request.query],
            header_params=_headers(request),
            body=request.body,
            auth_settings=["BearerToken"],
        )
        timeout = aiohttp.ClientTimeout(total=None)
        answer = await self.client.call_api(
            method, url, _acting(request, headers), body, post, _request_timeout=timeout
        )
        response: aiohttp.ClientResponse = answer.response
        return response

    async def logs_in_again(self, failure: ClusterError, *, used: int) -> bool:
        """Log in again after a 401 with login `used`; return False for another failure, and where it is impossible."""
        return isinstance(failure, Unauthorized) and self.login is not None and await self.login.renew(used=used)

    async def _body(self, response: aiohttp.ClientResponse, request: ClusterRequest, meter: Meter) -> tuple[bytes, int]:
        """Return the body of a response, of a refusal its beginning, and the memory that it takes.

        Raises TooLarge as soon as a limit is exceeded.
        """
        refused = not 200 <= response.status < 300
        most = LARGEST_STATUS if refused else request.most_bytes or self.settings.answer_bytes
        memory_of = estimated_memory if request.is_json else len
        chunks: list[bytes] = []
        size = memory = 0
        try:
            async for chunk in response.content.iter_any():
                meter.received += len(chunk)
                if size + len(chunk) > most:
                    if refused:
                        break
                    raise answer_too_large(request, limit=most)
                if meter.received > self.settings.diagnosis_bytes:
                    raise diagnosis_too_large(request, limit=self.settings.diagnosis_bytes)
                more = memory_of(chunk)
                self.reserve(request, more, held=meter.held + memory)
                size += len(chunk)
                memory += more
                chunks.append(chunk)
            return b"".join(chunks), memory
        finally:
            self.memory.give_back(memory)
            if not response.content.at_eof():
                response.close()


def _named(request: ClusterRequest) -> tuple[str, str]:
    """Return the verb and the resource by which a call is counted."""
    may = request.permission
    return (may.verb, may.resource) if may else (request.method.lower(), "discovery")


def _headers(request: ClusterRequest) -> dict[str, str]:
    typed = {"Content-Type": request.content_type} if request.content_type else {}
    return {"Accept": request.accept, **typed}


def _acting(request: ClusterRequest, headers: Mapping[str, str]) -> CIMultiDict[str]:
    """Return the client's headers with the impersonation headers added; a dict could not repeat the group header."""
    known = request.acts_as.headers if request.acts_as is not None else ()
    return CIMultiDict([*headers.items(), *known])


class _RetryableFailure(Exception):
    """A failure that another attempt may resolve."""

    def __init__(self, error: ClusterError, *, retry_after: float | None = None) -> None:
        self.error = error
        self.retry_after = retry_after
        super().__init__(str(error))


def retry_pause(attempt: int, *, requested: float | None, settings: ClusterSettings, jitter: float) -> float:
    """Return the seconds to wait before retry number `attempt` (from 0).

    This is at least what the server asked for, else half to all of a doubling pause. `jitter` in [0, 1) spreads clients
    that were refused at the same time.
    """
    longest: float = min(settings.longest_pause, settings.first_pause * 2 ** min(attempt, 16))
    own = longest * (0.5 + jitter / 2)
    return own if requested is None else max(requested, own)


def retry_after(text: str | None) -> float | None:
    """Return the seconds of a Retry-After header, a number or a date (RFC 9110); None for anything else."""
    if not text:
        return None
    try:
        seconds = float(text)
        return max(seconds, 0.0) if math.isfinite(seconds) else None
    except ValueError:
        at = parse_http_date(text)
        return None if at is None else max((at - datetime.now(UTC)).total_seconds(), 0.0)
