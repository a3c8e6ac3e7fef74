"""Query one Prometheus with limits on time, bytes and series, and at one address only.

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
from typing import Any, Final

import aiohttp

from bot.common.tracing import SpanName, span
from bot.prometheus import errors
from bot.settings.prometheus import Source

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

Point = tuple[float, float]


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
                raise errors.BadQuery(f"the query has an unknown variable {found[0]}")
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
            raise errors.QueryTimedOut(f"no answer within {limit:.2g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            # aiohttp's text names the address, which may be confidential.
            raise errors.PrometheusUnreachable(f"it cannot be reached ({type(error).__name__})") from error
        return _answer(_data(reply.status, _document(reply)), ahead_s=reply.ahead_s)

    async def _get(self, url: str, parameters: Mapping[str, str]) -> _Reply:
        headers, tls = self._credentials()
        async with self._session.get(
            url, params=parameters, headers=headers, allow_redirects=False, ssl=tls or True
        ) as response:
            if 300 <= response.status < 400:
                raise errors.PrometheusUnreachable(
                    "it redirects to another address, which is refused: configure that address instead"
                )
            body = bytearray()
            async for chunk in response.content.iter_chunked(1 << 16):
                body += chunk
                if len(body) > MOST_BYTES:
                    raise errors.ResultTooLarge(f"its answer is larger than {MOST_BYTES >> 20} MiB")
            return _Reply(status=response.status, body=bytes(body), ahead_s=_ahead(response.headers.get("Date", "")))

    def _credentials(self) -> tuple[Mapping[str, str], ssl.SSLContext | None]:
        try:
            headers = self._source.headers()
            if self._source.ca_file and self._tls is None:
                self._tls = ssl.create_default_context(cafile=str(self._source.ca_file))
        except (OSError, ValueError) as error:
            raise errors.QueryUnauthorized(
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
        raise errors.PrometheusUnreachable(
            "it answers with a web page, such as that of a login, not with data: check address and credentials"
        )
    return value if isinstance(value, dict) else {}


def _data(status: int, document: Mapping[str, Any]) -> Mapping[str, Any]:
    message = str(document.get("error") or "")
    match status:
        case 401:
            raise errors.QueryUnauthorized()
        case 403:
            raise errors.QueryForbidden(message)
        case 404:
            raise errors.PrometheusUnreachable(message or "there is no Prometheus API at the configured address")
        case 429:
            raise errors.QueryThrottled(message)
        case 400 | 422:
            raise errors.BadQuery(message)
        case 503 if document.get("errorType") == "timeout":
            raise errors.QueryTimedOut(message)
        case 502 | 503 | 504:
            raise errors.PrometheusUnreachable(message or f"it is not available now (HTTP {status})")
    data = document.get("data")
    if status != 200 or document.get("status") != "success" or not isinstance(data, dict):
        raise errors.QueryFailed(message or f"HTTP {status}, and not an answer of Prometheus")
    return {**data, "warnings": document.get("warnings")}


def _answer(data: Mapping[str, Any], *, ahead_s: int) -> QueryResult:
    try:
        found = _series(str(data.get("resultType")), data.get("result"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise errors.QueryFailed("not an answer of Prometheus") from error
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
