"""Query one Prometheus, if one is configured, for facts that only a metrics history holds; each error is a gap.

Time, bytes and series are limited. It receives only queries, and only at the configured address.

Redirects are refused, because the token and the cluster's names would follow them.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, Final

import aiohttp

from bot.common.redaction import clean
from bot.common.tracing import SpanName, span
from bot.settings.prometheus import Source
from intents.domain import Gap, GapReason

TIMEOUT_S: Final = 4.0
MOST_SERIES: Final = 50
# Fifty series of two hundred points need half of this.
MOST_BYTES: Final = 1 << 20
MOST_POINTS: Final = 500
# From so many seconds on, a server's clock is worth a word: what it has "now" is another time.
SKEW_S: Final = 90
# In Grafana this variable depends on the scrape interval; five minutes hold four scrapes a minute apart.
RATE_INTERVAL: Final = "5m"
_CONCURRENCY: Final = 4
_MOST_WARNINGS: Final = 3
_VARIABLE: Final = re.compile(r"\$(\w+)")

_WHAT: Final = "Prometheus"

Point = tuple[float, float]


class PrometheusError(Exception):
    """A query that was not answered. `str()` is one clear line without secrets."""

    reason: ClassVar[GapReason] = GapReason.SERVER_ERROR
    usual: ClassVar[str] = "it failed"
    usual_zh: ClassVar[str] = ""
    quiet: ClassVar[bool] = False

    def __init__(self, detail: str = "") -> None:
        self.detail = clean(detail) or self.usual
        super().__init__(f"{_WHAT}: {self.detail}")

    def gap(self) -> Gap:
        """Return this error as a gap of an answer."""
        return Gap(what=_WHAT, reason=self.reason, detail=self.detail, detail_zh=self.usual_zh, quiet=self.quiet)


class NotConfigured(PrometheusError):
    """No Prometheus is configured for this cluster. The gap is not shown, because nothing is broken."""

    reason = GapReason.NOT_CONFIGURED
    usual = "CASEBOOK_PROMETHEUS_URL has no URL for this cluster"
    usual_zh = "CASEBOOK_PROMETHEUS_URL 中没有该集群的地址"
    quiet = True


class SwitchedOff(PrometheusError):
    """The policy keeps metrics from being read for the requester; nothing was sent."""

    reason = GapReason.FORBIDDEN
    usual = "the policy has metrics: false in its section reading"
    usual_zh = "访问策略 reading 部分设置了 metrics: false"


class PrometheusUnreachable(PrometheusError):
    """No connection, or the server there is not a Prometheus."""

    reason = GapReason.UNREACHABLE
    usual = "it cannot be reached"


class QueryTimedOut(PrometheusError):
    """No answer in time."""

    reason = GapReason.TIMED_OUT
    usual = "no answer in time"


class QueryUnauthorized(PrometheusError):
    """401: the credentials are not accepted."""

    reason = GapReason.UNAUTHORIZED
    usual = "it does not accept the credentials"


class QueryForbidden(PrometheusError):
    """403: the query is refused."""

    reason = GapReason.FORBIDDEN
    usual = "it refuses the query"


class QueryThrottled(PrometheusError):
    """429: Prometheus sheds load."""

    reason = GapReason.THROTTLED
    usual = "it is too busy"


class ResultTooLarge(PrometheusError):
    """The answer exceeds the byte limit."""

    reason = GapReason.TRUNCATED
    usual = "its answer is too large"


class BadQuery(PrometheusError):
    """Prometheus does not understand the query or refuses to run it."""

    usual = "it does not understand the query"


class QueryFailed(PrometheusError):
    """5xx, or an answer that no Prometheus gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One PromQL query at the time `at`, or over the last `window_s` seconds with a value every `step_s` seconds.

    `expression` may contain `$__rate_interval`, inside a quoted string `$etcd_job`, and inside braces `$series`: the
    matchers `series`, whose values are escaped.
    """

    expression: str
    series: str = ""
    at: int
    window_s: int = 0
    step_s: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One labelled series; `points` are (seconds since 1970, value), oldest first, without non-finite values."""

    labels: Mapping[str, str]
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """The result of a query. `truncated`: there are more series or points. `warnings` say why it may be incomplete.

    `ahead_s` is by how many seconds the clock of the server is ahead of ours, negative if it is behind.
    """

    series: tuple[Series, ...]
    truncated: bool = False
    warnings: tuple[str, ...] = ()
    ahead_s: int = 0


class Prometheus:
    """A client of one Prometheus, made by `open_prometheus` and shared by any number of diagnoses."""

    def __init__(self, source: Source, session: aiohttp.ClientSession) -> None:
        self._source = source
        self._session = session
        self._seats = asyncio.Semaphore(_CONCURRENCY)
        self._tls: ssl.SSLContext | None = None

    def expression(self, text: str, series: str = "") -> str:
        """Return PromQL with its variables filled in, once: values are not searched for variables.

        Raises BadQuery for an unknown variable.
        """
        values = {
            "__rate_interval": RATE_INTERVAL,
            "series": series,
            "etcd_job": self._source.etcd_job.replace("\\", "\\\\").replace('"', '\\"'),
        }

        def fill(found: re.Match[str]) -> str:
            if found[1] not in values:
                raise BadQuery(f"the query has an unknown variable {found[0]}")
            return values[found[1]]

        return _VARIABLE.sub(fill, text)

    async def ask(self, query: Query, *, within: float = TIMEOUT_S) -> QueryResult:
        """Run a query; raise only PrometheusError, at the latest after `within` seconds."""
        limit = min(within, TIMEOUT_S)
        expression = self.expression(query.expression, query.series)
        parameters = {
            "query": expression,
            "timeout": f"{max(limit, 0.1):.1f}s",
            # Older servers ignore it; the answer is cut here in any case.
            "limit": str(MOST_SERIES + 1),
        }
        if query.window_s:
            path = "/api/v1/query_range"
            parameters |= {"start": str(query.at - query.window_s), "end": str(query.at), "step": str(query.step_s)}
        else:
            path = "/api/v1/query"
            parameters |= {"time": str(query.at)}
        try:
            with span(SpanName.PROMETHEUS) as part:
                async with asyncio.timeout(limit), self._seats:
                    reply = await self._get(f"{self._source.url}{path}", parameters)
                part.set(status_code=reply.status)
        except TimeoutError as error:
            raise QueryTimedOut(f"no answer within {limit:.2g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            # aiohttp's text names the address, which may be confidential.
            raise PrometheusUnreachable(f"it cannot be reached ({type(error).__name__})") from error
        return _answer(_data(reply.status, _document(reply)), ahead_s=reply.ahead_s)

    async def _get(self, url: str, parameters: Mapping[str, str]) -> _Reply:
        headers, tls = self._credentials()
        async with self._session.get(
            url, params=parameters, headers=headers, allow_redirects=False, ssl=tls or True
        ) as response:
            if 300 <= response.status < 400:
                raise PrometheusUnreachable(
                    "it redirects to another address, which is refused: configure that address instead"
                )
            body = bytearray()
            async for chunk in response.content.iter_chunked(1 << 16):
                body += chunk
                if len(body) > MOST_BYTES:
                    raise ResultTooLarge(f"its answer is larger than {MOST_BYTES >> 20} MiB")
            return _Reply(status=response.status, body=bytes(body), ahead_s=_ahead(response.headers.get("Date", "")))

    def _credentials(self) -> tuple[Mapping[str, str], ssl.SSLContext | None]:
        try:
            headers = self._source.headers()
            if self._source.ca_file and self._tls is None:
                self._tls = ssl.create_default_context(cafile=str(self._source.ca_file))
        except (OSError, ValueError) as error:
            raise QueryUnauthorized(
                f"the file of its credentials or certificates cannot be read ({type(error).__name__})"
            ) from error
        return headers, self._tls


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    status: int
    body: bytes
    ahead_s: int


def _ahead(date: str) -> int:
    """Return by how many seconds the clock that gave a Date header is ahead of ours; 0 if it gave none."""
    try:
        return round(parsedate_to_datetime(date).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0


@asynccontextmanager
async def open_prometheus(source: Source | None) -> AsyncIterator[Prometheus | None]:
    """Open a client for a source; yield None without a source."""
    if source is None:
        yield None
        return
    # No proxies, credentials or cookies from the environment: only configured values are sent.
    async with aiohttp.ClientSession(
        trust_env=False, cookie_jar=aiohttp.DummyCookieJar(), headers={"User-Agent": "kube-casebook"}
    ) as session:
        yield Prometheus(source, session)


def _document(reply: _Reply) -> Mapping[str, Any]:
    try:
        value = json.loads(reply.body)
    except (ValueError, RecursionError):
        value = None
    if value is None and reply.status == 200 and b"<html" in reply.body[:2000].lower():
        raise PrometheusUnreachable(
            "it answers with a web page, such as that of a login, not with data: check address and credentials"
        )
    return value if isinstance(value, dict) else {}


def _data(status: int, document: Mapping[str, Any]) -> Mapping[str, Any]:
    message = str(document.get("error") or "")
    match status:
        case 401:
            raise QueryUnauthorized()
        case 403:
            raise QueryForbidden(message)
        case 404:
            raise PrometheusUnreachable(message or "there is no Prometheus API at the configured address")
        case 429:
            raise QueryThrottled(message)
        case 400 | 422:
            raise BadQuery(message)
        case 503 if document.get("errorType") == "timeout":
            raise QueryTimedOut(message)
        case 502 | 503 | 504:
            raise PrometheusUnreachable(message or f"it is not available now (HTTP {status})")
    data = document.get("data")
    if status != 200 or document.get("status") != "success" or not isinstance(data, dict):
        raise QueryFailed(message or f"HTTP {status}, and not an answer of Prometheus")
    return {**data, "warnings": document.get("warnings")}


def _answer(data: Mapping[str, Any], *, ahead_s: int) -> QueryResult:
    try:
        found = _series(str(data.get("resultType")), data.get("result"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise QueryFailed("not an answer of Prometheus") from error
    found.sort(key=lambda each: sorted(each.labels.items()))
    warnings = data.get("warnings")
    kept = [replace(each, points=each.points[-MOST_POINTS:]) for each in found[:MOST_SERIES]]
    return QueryResult(
        series=tuple(kept),
        truncated=len(found) > MOST_SERIES or any(len(each.points) > MOST_POINTS for each in found),
        warnings=tuple(str(each) for each in warnings[:_MOST_WARNINGS]) if isinstance(warnings, list) else (),
        ahead_s=ahead_s,
    )


def _series(kind: str, result: Any) -> list[Series]:
    if kind == "scalar":
        return [Series(labels={}, points=_points([result]))]
    if kind not in ("vector", "matrix"):
        raise ValueError(kind)
    return [
        Series(
            labels={str(name): str(value) for name, value in each["metric"].items()},
            points=_points([each["value"]] if kind == "vector" else each["values"]),
        )
        for each in result
    ]


def _points(pairs: list[Any]) -> tuple[Point, ...]:
    points = ((float(at), float(value)) for at, value in pairs)
    return tuple((at, value) for at, value in points if math.isfinite(value))
