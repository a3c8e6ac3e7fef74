"""Call one method of Slack's Web API with rate limits, a timeout, safe retries and our own errors.

slack_sdk handles the wire: encodings, headers, proxies. This module handles what it leaves to its callers: it has a
default timeout of thirty seconds, opens a connection for each call, repeats posts whose outcome is unknown, and does
not wait after a 429.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from yarl import URL

from bot.common.tracing import SpanName, span
from bot.slack.errors import RateLimited, SlackError, SlackUnavailable, TokenRevoked, refusal
from bot.slack.message_events import mapping_of, text_in
from bot.slack.pacer import Limits, Pacer, Urgency
from bot.slack.web_client import CompletedCall, Watch, bounded_session, outgoing

T = TypeVar("T")

# At DEBUG, slack_sdk logs payloads and responses, including trigger ids and upload addresses.
_quiet: Final = logging.getLogger("slack_sdk.calls")
_quiet.setLevel(logging.INFO)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackResponse:
    """A response of Slack with `"ok": true`, and its time; `scopes` are the token's, from the response header."""

    data: Mapping[str, Any]
    scopes: frozenset[str] = frozenset()
    date: datetime | None = None

    @property
    def next_cursor(self) -> str:
        """Return the cursor of the next page; "" on the last one."""
        return text_in(mapping_of(self.data.get("response_metadata")), "next_cursor")


@dataclass(slots=True)
class _Watched:
    date: datetime | None = None


class Api:
    """Calls Slack with the token, address and proxy of a client. Close it to close its connections."""

    def __init__(self, client: AsyncWebClient, *, limits: Limits, watch: Watch | None = None) -> None:
        self.limits: Final = limits
        self._watch = watch
        self.pacer: Final = Pacer(limits, waited=watch.slack_waited) if watch else Pacer(limits)
        self._given = client
        self._session: aiohttp.ClientSession | None = None
        self._client: AsyncWebClient | None = None
        self._random = random.Random()
        self._closed = False
        # True if Slack refused the token in the last call.
        self.token_refused = False
        # Scopes of the token from the newest response: an administrator may add some at any time. Empty: unknown.
        self.scopes: frozenset[str] = frozenset()

    @property
    def base_url(self) -> str:
        return str(self._given.base_url)

    @property
    def token(self) -> str:
        return self._given.token or ""

    def use_token(self, token: str) -> None:
        """Make further calls with another token."""
        self._given.token = token
        if self._client is not None:
            self._client.token = token
        self.token_refused = False

    @property
    def proxy(self) -> str | None:
        return self._given.proxy

    @property
    def session(self) -> aiohttp.ClientSession:
        """Return the connections of this room; it keeps no cookies. Raise SlackUnavailable once closed."""
        if self._closed:
            raise SlackUnavailable(detail="the client is closed")
        if self._session is None or self._session.closed:
            self._session = bounded_session(
                connector=aiohttp.TCPConnector(ssl=True if self._given.ssl is None else self._given.ssl),
                # Each call has its own shorter timeout; this is the fallback.
                timeout=aiohttp.ClientTimeout(total=2 * self.limits.call),
            )
            self._client = None
        return self._session

    async def aclose(self) -> None:
        self._closed = True
        if self._session is not None:
            await self._session.close()

    async def call(
        self,
        method: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        channel: str = "",
        urgency: Urgency = Urgency.USUAL,
        repeatable: bool = True,
        patience: float | None = None,
        turn_within: float | None = None,
    ) -> SlackResponse:
        """POST `body` as JSON, or GET with `query`, when the rate limit allows; retry failures if `repeatable`.

        A call that is not repeatable is retried only after failures that certainly had no effect. `channel` is the
        target of a post. Gives up after `patience` seconds, or if its turn does not come within `turn_within`. Raises a
        SlackError.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + (self.limits.patience if patience is None else patience)
        repetitions = 0
        while True:
            left = until - loop.time()
            wait = left if turn_within is None else min(left, turn_within)
            await self.pacer.turn(method, channel=channel, urgency=urgency, patience=wait)
            try:
                return await self.once(method, body=body, query=query, channel=channel, within=until - loop.time())
            except RateLimited as error:
                if error.retry_after >= until - loop.time():
                    raise
            except SlackUnavailable as error:
                if repetitions >= self.limits.repetitions or (error.maybe_done and not repeatable):
                    raise
                pause = self.pause(repetitions)
                if pause >= until - loop.time():
                    raise
                repetitions += 1
                await asyncio.sleep(pause)

    async def once(
        self,
        method: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        channel: str = "",
        within: float | None = None,
    ) -> SlackResponse:
        """Make one attempt whose rate limit turn has come. A 429 is reported to the pacer. Raise a SlackError."""
        with self.watched(method) as watched:
            answer = await self._once(method, body=body, query=query, channel=channel, within=within)
            watched.date = answer.date
            return answer

    @contextmanager
    def watched(self, method: str) -> Iterator[_Watched]:
        """Time one attempt and report its result to the watcher, unless it was cancelled."""
        began, watched = time.monotonic(), _Watched()

        def report(error: SlackError | None = None) -> None:
            seconds = time.monotonic() - began
            call = CompletedCall(method=method, seconds=seconds, error=error, date=watched.date)
            part.set(result=call.result)
            if self._watch is not None:
                self._watch.slack_called(call)

        with span(SpanName.SLACK, method=method) as part:
            try:
                yield watched
            except SlackError as error:
                report(error)
                raise
            report()

    async def _once(
        self,
        method: str,
        *,
        body: Mapping[str, Any] | None,
        query: Mapping[str, Any] | None,
        channel: str,
        within: float | None,
    ) -> SlackResponse:
        limit = self.limits.call if within is None else min(self.limits.call, max(within, 0.0))
        client = self._connected()
        try:
            async with asyncio.timeout(limit):
                # Copies, because slack_sdk changes its arguments. A query holds only ids and cursors.
                answer = await (
                    client.api_call(method, http_verb="GET", params={**(query or {})})
                    if body is None
                    else client.api_call(method, json=outgoing(body))
                )
        except TimeoutError as error:
            raise SlackUnavailable(method=method, detail=f"no answer within {limit:.2g} s", maybe_done=True) from error
        except SlackApiError as error:
            failure = _failure(method, error)
            if isinstance(failure, RateLimited):
                self.pacer.refused(method, channel=channel, retry_after=failure.retry_after)
            self.token_refused = isinstance(failure, TokenRevoked)
            # The cause quotes the whole response, which must not be logged.
            raise failure from None
        except (aiohttp.ClientError, OSError) as error:
            raise unreachable(method, error) from error
        except (SlackClientError, AttributeError, ValueError) as error:
            # AttributeError: slack_sdk expects every 200 to be a JSON object.
            raise SlackUnavailable(method=method, detail="the answer is no JSON", maybe_done=True) from error
        if not isinstance(answer.data, dict):
            raise SlackUnavailable(method=method, detail="the answer is no JSON object", maybe_done=True)
        self.token_refused = False
        self.scopes = _scopes(answer) or self.scopes
        return SlackResponse(data=answer.data, scopes=_scopes(answer), date=_date(answer))

    def pause(self, repetitions: int) -> float:
        """Return the seconds before the next retry: exponential backoff, with jitter between half and all of it."""
        longest: float = self.limits.first_pause * 2 ** min(repetitions, 8)
        return longest * (0.5 + self._random.random() / 2)

    async def repeated(self, attempt: Callable[[], Awaitable[T]], *, patience: float) -> T:
        """Make an attempt again after each failure that may pass. Raise the last SlackUnavailable.

        No attempt begins later than after `patience` seconds.
        """
        loop = asyncio.get_running_loop()
        until, repetitions = loop.time() + patience, 0
        while True:
            try:
                return await attempt()
            except SlackUnavailable as error:
                pause = error.retry_after if isinstance(error, RateLimited) else self.pause(repetitions)
                if repetitions >= self.limits.repetitions or loop.time() + pause >= until:
                    raise
            repetitions += 1
            await asyncio.sleep(pause)

    @asynccontextmanager
    async def requested(
        self, name: str, verb: str, url: URL, *, within: float, **options: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request to an address that Slack gave us, which may be a secret; redirects are not followed.

        Raise SlackUnavailable without a response, for 429 and for 5xx.
        """
        sent = self.session.request(verb, url, proxy=self.proxy, allow_redirects=False, middlewares=(), **options)
        try:
            async with asyncio.timeout(within), sent as answer:
                if answer.status == 429:
                    raise RateLimited(method=name, retry_after=retry_after(answer.headers))
                if answer.status >= 500:
                    raise SlackUnavailable(method=name, detail=f"HTTP {answer.status}", maybe_done=True)
                yield answer
        except TimeoutError as error:
            raise SlackUnavailable(method=name, detail="no answer in time", maybe_done=True) from error
        except (aiohttp.ClientError, OSError) as error:
            # The error of aiohttp quotes the address.
            raise unreachable(name, error) from None

    def _connected(self) -> AsyncWebClient:
        session = self.session
        if self._client is None:
            given = self._given
            self._client = AsyncWebClient(
                token=given.token,
                base_url=given.base_url,
                ssl=given.ssl,
                proxy=given.proxy,
                session=session,
                headers={**given.headers},
                logger=_quiet,
                retry_handlers=[],
            )
            self._client.default_params = {**given.default_params}
        return self._client


def unreachable(method: str, error: BaseException) -> SlackUnavailable:
    """Return the error for a call without a response; `maybe_done` depends on whether the call was sent."""
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.InvalidURL):
        return SlackUnavailable(method=method, detail="no connection to Slack")
    return SlackUnavailable(method=method, detail="the connection to Slack was lost", maybe_done=True)


def retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds of the Retry-After header; one second if it is missing or malformed."""
    try:
        seconds = float(_header(headers, "retry-after"))
    except ValueError:
        return 1.0
    # This comparison also rejects NaN.
    return seconds if 0 < seconds < 86_400 else 1.0


def _failure(method: str, error: SlackApiError) -> SlackError:
    answer = error.response
    if not isinstance(answer, AsyncSlackResponse):
        return SlackUnavailable(method=method, detail="the answer is no JSON", maybe_done=True)
    data = answer.data if isinstance(answer.data, dict) else {}
    if answer.status_code == 429 or data.get("error") in {"ratelimited", "rate_limited"}:
        return RateLimited(method=method, retry_after=retry_after(answer.headers))
    if answer.status_code >= 500:
        return SlackUnavailable(method=method, detail=f"HTTP {answer.status_code}", maybe_done=True)
    if "error" not in data:
        # A proxy's page, not a response of Slack.
        return SlackUnavailable(method=method, detail=f"HTTP {answer.status_code} and no answer of Slack's")
    return refusal(method, data)


def _scopes(answer: AsyncSlackResponse) -> frozenset[str]:
    return frozenset(scope.strip() for scope in _header(answer.headers, "x-oauth-scopes").split(",") if scope.strip())


def _date(answer: AsyncSlackResponse) -> datetime | None:
    try:
        date = parsedate_to_datetime(_header(answer.headers, "date"))
    except ValueError:
        return None
    return date if date.tzinfo is not None else None


def _header(headers: Mapping[str, str], wanted: str) -> str:
    return str(next((value for name, value in headers.items() if name.lower() == wanted), ""))


# A user is waiting at a terminal.
PATIENCE_S: Final = 6.0
# Calls one method of the Web API with a token. Raises SlackError.
TokenCall = Callable[..., Awaitable[SlackResponse]]


@asynccontextmanager
async def token_caller(token: str, *, api_url: str) -> AsyncIterator[TokenCall]:
    """Yield a caller for this token and close it at the end of the block."""
    api = Api(AsyncWebClient(token=token, base_url=api_url), limits=Limits(repetitions=1))

    async def ask(method: str, **query: str) -> SlackResponse:
        return await api.call(method, query=query, patience=PATIENCE_S)

    try:
        yield ask
    finally:
        await api.aclose()
