"""Serve the HTTP API of the simulated Prometheus: /api/v1/query, /api/v1/query_range, /-/ready."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from aiohttp import web

from bot.playground import Listener
from bot.playground.kubernetes import times
from bot.playground.kubernetes.prometheus.promql import BadQuery, Evaluate, Vector, parse
from bot.playground.kubernetes.prometheus.series import Declared, Raw

_MOST_POINTS: Final = 11_000


class SimulatedPrometheus:
    """Answers from `add`ed series. With `token` it requires that token; with `forbidden` it refuses every query."""

    def __init__(self, *, clock: times.Clock = times.utc_now) -> None:
        self.token = ""
        self.forbidden = False
        self.queries: list[str] = []
        self._clock = clock
        self._declared: list[Declared] = []
        self._scraped: tuple[Raw, ...] = ()
        self._listener = Listener()
        self.url = ""
        """The base URL while it runs, "" otherwise."""

    @property
    def empty(self) -> bool:
        return not self._declared

    def add(self, series: Iterable[Declared]) -> None:
        """Add series; one of the same name and labels replaces the earlier one."""
        for one in series:
            kept = [each for each in self._declared if (each.name, each.labels) != (one.name, one.labels)]
            self._declared = [*kept, one]
        self._scraped = tuple(raw for each in self._declared for raw in each.raw())

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        application = web.Application()
        application.router.add_get("/-/ready", self._ready)
        for path, handler in (("/api/v1/query", self._query), ("/api/v1/query_range", self._range)):
            application.router.add_route("GET", path, handler)
            application.router.add_route("POST", path, handler)
        self.url = await self._listener.start(application, host, port)
        return self.url

    async def stop(self) -> None:
        await self._listener.stop()
        self.url = ""

    async def _ready(self, _request: web.Request) -> web.Response:
        return web.Response(text="Prometheus Server is Ready.\n")

    async def _query(self, request: web.Request) -> web.Response:
        try:
            given, evaluate = await self._asked(request)
            at = float(given.get("time", self._clock().timestamp()))
        except ValueError as error:
            return _refused(str(error))
        found = self._evaluated(evaluate, at)
        return _success("vector", [{"metric": dict(labels), "value": [at, f"{value:g}"]} for labels, value in found])

    async def _range(self, request: web.Request) -> web.Response:
        try:
            given, evaluate = await self._asked(request)
            start, end, step = (float(given[name]) for name in ("start", "end", "step"))
        except KeyError as error:
            return _refused(f'invalid parameter {error.args[0]!r}: cannot parse "" to a valid timestamp')
        except ValueError as error:
            return _refused(str(error))
        if end < start:
            return _refused('invalid parameter "end": end timestamp must not be before start time')
        if step <= 0:
            return _refused('invalid parameter "step": zero or negative query resolution step widths are not accepted')
        if (end - start) / step > _MOST_POINTS:
            return _refused(
                "exceeded maximum resolution of 11,000 points per timeseries."
                " Try decreasing the query resolution (?step=XX)"
            )
        series: dict[Any, list[list[Any]]] = {}
        for index in range(int((end - start) / step) + 1):
            at = start + index * step
            for labels, value in self._evaluated(evaluate, at):
                series.setdefault(labels, []).append([at, f"{value:g}"])
        return _success("matrix", [{"metric": dict(labels), "values": values} for labels, values in series.items()])

    def _evaluated(self, evaluate: Evaluate, at: float) -> list[tuple[Any, float]]:
        found: Vector = evaluate(self._scraped, at)
        return sorted(found.items())

    async def _asked(self, request: web.Request) -> tuple[dict[str, str], Evaluate]:
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            raise web.HTTPUnauthorized(text="Unauthorized\n")
        if self.forbidden:
            raise web.HTTPForbidden(text="Forbidden\n")
        given = {**request.query, **{key: str(value) for key, value in (await request.post()).items()}}
        query = given.get("query", "")
        self.queries.append(query)
        try:
            return given, parse(query)
        except BadQuery as error:
            raise ValueError(f'invalid parameter "query": {error}') from None


def _success(kind: str, result: list[Any]) -> web.Response:
    return web.json_response({"status": "success", "data": {"resultType": kind, "result": result}})


def _refused(error: str) -> web.Response:
    return web.json_response({"status": "error", "errorType": "bad_data", "error": error}, status=400)
