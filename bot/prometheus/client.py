"""Queries to one Prometheus, within bounds: of time, of bytes, of series, and at one address only.

A redirect is refused, because the token and the cluster's names would go wherever it points.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from bot.prometheus import errors
from bot.settings.prometheus import Source

TIMEOUT_S: Final = 4.0
MOST_SERIES: Final = 50
# Fifty series of two hundred points are half of it.
MOST_BYTES: Final = 1 << 20
# In Grafana a variable that depends on the scrape interval; four scrapes a minute apart fit into it.
RATE_INTERVAL: Final = "5m"
_CONCURRENCY: Final = 4
_VARIABLE: Final = re.compile(r"\$(\w+)")

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked: at one moment, or (`window_s`) over the time before it, a value every `step_s` seconds.

    `expression` is PromQL that may hold `$__rate_interval` and, within a quoted string, `$etcd_job`.
    """

    expression: str
    at: int
    window_s: int = 0
    step_s: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """`points` are (seconds since 1970, value), oldest first; what is no number is left out."""

    labels: Mapping[str, str]
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """`truncated` if there are more series than were taken; `warnings` say why it may be a part of the truth."""

    series: tuple[Series, ...]
    truncated: bool = False
    warnings: tuple[str, ...] = ()


class Prometheus:
    """Made by `opened`; shared by any number of diagnoses."""

    def __init__(self, source: Source, session: aiohttp.ClientSession) -> None:
        self._source = source
        self._session = session
        self._seats = asyncio.Semaphore(_CONCURRENCY)

    def expression(self, text: str) -> str:
        """PromQL with its variables filled in. Raises BadQuery for one that there is not."""
        values = {
            "__rate_interval": RATE_INTERVAL,
            "etcd_job": self._source.etcd_job.replace("\\", "\\\\").replace('"', '\\"'),
        }

        def fill(found: re.Match[str]) -> str:
            if found[1] not in values:
                raise errors.BadQuery(f"the query has an unknown variable {found[0]}")
            return values[found[1]]

        return _VARIABLE.sub(fill, text)

    async def ask(self, query: Query, *, within: float = TIMEOUT_S) -> QueryResult:
        """Raises PrometheusError, and nothing else; at the latest after `within` seconds."""
        limit = min(within, TIMEOUT_S)
        parameters = {"query": self.expression(query.expression), "timeout": f"{max(limit, 0.1):.1f}s"}
        if query.window_s:
            path = "/api/v1/query_range"
            parameters |= {"start": str(query.at - query.window_s), "end": str(query.at), "step": str(query.step_s)}
        else:
            path = "/api/v1/query"
            parameters |= {"time": str(query.at)}
        try:
            async with asyncio.timeout(limit), self._seats:
                status, body = await self._get(f"{self._source.url}{path}", parameters)
        except TimeoutError as error:
            raise errors.TimedOut(f"no answer within {limit:.2g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            # What aiohttp says names the address, and that may be nobody's to know.
            raise errors.Unreachable(f"it cannot be reached ({type(error).__name__})") from error
        return _answer(_data(status, _document(status, body)))

    async def _get(self, url: str, parameters: Mapping[str, str]) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self._source.token}"} if self._source.token else {}
        async with self._session.get(url, params=parameters, headers=headers, allow_redirects=False) as response:
            if 300 <= response.status < 400:
                raise errors.Unreachable("it redirects elsewhere, which is refused: configure the address it leads to")
            body = bytearray()
            async for chunk in response.content.iter_chunked(1 << 16):
                body += chunk
                if len(body) > MOST_BYTES:
                    raise errors.TooLarge(f"its answer is larger than {MOST_BYTES >> 20} MiB")
            return response.status, bytes(body)


@asynccontextmanager
async def opened(source: Source | None) -> AsyncIterator[Prometheus | None]:
    """A client as long as it is needed; None without a source."""
    if source is None:
        yield None
        return
    # Neither proxies nor credentials of the environment, nor cookies: what is sent is what is configured.
    async with aiohttp.ClientSession(
        trust_env=False, cookie_jar=aiohttp.DummyCookieJar(), headers={"User-Agent": "kube-casebook"}
    ) as session:
        yield Prometheus(source, session)


def _document(status: int, body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {}


def _data(status: int, document: Mapping[str, Any]) -> Mapping[str, Any]:
    said = str(document.get("error") or "")
    match status:
        case 401:
            raise errors.Unauthorized()
        case 403:
            raise errors.Forbidden(said)
        case 404:
            raise errors.Unreachable(said or "there is no Prometheus API at the configured address")
        case 429:
            raise errors.Throttled(said)
        case 400 | 422:
            raise errors.BadQuery(said)
        case 503 if document.get("errorType") == "timeout":
            raise errors.TimedOut(said)
    data = document.get("data")
    if status != 200 or document.get("status") != "success" or not isinstance(data, dict):
        raise errors.Failed(said or f"HTTP {status}, and no answer as Prometheus gives it")
    return {**data, "warnings": document.get("warnings")}


def _answer(data: Mapping[str, Any]) -> QueryResult:
    try:
        found = _series(str(data.get("resultType")), data.get("result"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise errors.Failed("no answer as Prometheus gives it") from error
    found.sort(key=lambda each: sorted(each.labels.items()))
    warnings = data.get("warnings")
    return QueryResult(
        series=tuple(found[:MOST_SERIES]),
        truncated=len(found) > MOST_SERIES,
        warnings=tuple(str(each) for each in warnings) if isinstance(warnings, list) else (),
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
