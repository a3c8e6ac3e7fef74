"""Simulate Prometheus with Alertmanager on loopback: silences, and an alert for each pod that is not ready.

A rule's `for` of several minutes and the waits of a group are left out: the playground's visitors watch.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import aiohttp
from aiohttp import web

from bot.playground import Listener
from bot.playground.kubernetes import SimulatedCluster, times
from bot.playground.kubernetes.resources import Json

LINK: Final = "https://alerts.acme.io"
_NAME: Final = "KubePodNotReady"
_EVALUATE_S: Final = 0.5
# Go's zero time: a firing alert has no end.
_NO_END: Final = "0001-01-01T00:00:00Z"
_PATH: Final = "/api/v2"


@dataclass(slots=True, kw_only=True)
class SimulatedSilences:
    """Keeps the silences of Alertmanager's API v2 and tells which alerts they mute."""

    clock: times.Clock = times.utc_now
    url: str = ""
    silences: dict[str, Json] = field(default_factory=dict)
    _listener: Listener = field(default_factory=Listener)

    async def start(self, host: str = "127.0.0.1") -> None:
        """Listen on a free port."""
        application = web.Application(middlewares=[self.answer])
        application.router.add_get(f"{_PATH}/silences", self._list)
        application.router.add_post(f"{_PATH}/silences", self._create)
        application.router.add_get(f"{_PATH}/silence/{{id}}", self._get)
        application.router.add_delete(f"{_PATH}/silence/{{id}}", self._expire)
        self.url = await self._listener.start(application, host)

    async def stop(self) -> None:
        await self._listener.stop()

    def mutes(self, labels: Mapping[str, str]) -> bool:
        """Tell whether a silence in force matches these labels."""
        return any(
            one["status"]["state"] == "active" and all(_matches(each, labels) for each in one["matchers"])
            for one in self.shown()
        )

    def shown(self) -> list[Json]:
        """Return the silences with their states now."""
        now = self.clock()
        over = {id for id, one in self.silences.items() if times.parse(one["endsAt"]) <= now}
        return [one | {"status": {"state": "expired" if id in over else "active"}} for id, one in self.silences.items()]

    @web.middleware
    async def answer(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Answer a request; tests override this to fail."""
        response: web.StreamResponse = await handler(request)
        return response

    async def _list(self, _request: web.Request) -> web.Response:
        return web.json_response(self.shown())

    async def _create(self, request: web.Request) -> web.Response:
        body, made = await request.json(), str(uuid.uuid4())
        self.silences[made] = {**body, "id": made}
        return web.json_response({"silenceID": made})

    async def _get(self, request: web.Request) -> web.Response:
        found = [one for one in self.shown() if one["id"] == request.match_info["id"]]
        return web.json_response(found[0]) if found else web.Response(status=404)

    async def _expire(self, request: web.Request) -> web.Response:
        silence = self.silences.get(request.match_info["id"])
        if silence is None:
            return web.Response(status=404)
        silence["endsAt"] = min(silence["endsAt"], times.timestamp(self.clock()), key=times.parse)
        return web.json_response({})


@dataclass(slots=True, kw_only=True)
class SimulatedAlertmanager:
    """Evaluates the rule on `cluster` and sends what changed to `url` until it is accepted, unless it is silenced."""

    cluster: SimulatedCluster
    namespace: str
    url: str
    token: str
    clock: times.Clock = times.utc_now
    silences: SimulatedSilences | None = None
    _firing: dict[str, datetime] = field(default_factory=dict)

    async def run(self) -> None:
        """Evaluate until cancelled."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=10)) as session:
            while True:
                await self._evaluate(session)
                await asyncio.sleep(_EVALUATE_S)

    async def _evaluate(self, session: aiohttp.ClientSession) -> None:
        now, unready = self.clock(), self.cluster.unready_pods(self.namespace)
        started = {pod: self._firing.get(pod, now) for pod in unready}
        resolved = {pod: since for pod, since in self._firing.items() if pod not in unready}
        if started == self._firing or (self.silences is not None and self.silences.mutes(self._labels)):
            return
        alerts = [self._alert(pod, since) for pod, since in started.items()]
        alerts += [self._alert(pod, since, ended=now) for pod, since in resolved.items()]
        # A notification that failed is sent again at the next evaluation, as Alertmanager does.
        if await self._accepted(session, alerts):
            self._firing = started

    @property
    def _labels(self) -> dict[str, str]:
        return {"alertname": _NAME, "namespace": self.namespace}

    async def _accepted(self, session: aiohttp.ClientSession, alerts: list[Json]) -> bool:
        try:
            async with session.post(self.url, json=self._group(alerts)) as response:
                return response.ok
        except (aiohttp.ClientError, TimeoutError):
            return False

    def _group(self, alerts: list[Json]) -> Json:
        labels = self._labels
        return {
            "version": "4", "groupKey": f'{{}}:{{alertname="{_NAME}", namespace="{self.namespace}"}}',
            "truncatedAlerts": 0, "receiver": "casebook", "groupLabels": labels, "commonLabels": labels,
            "status": "firing" if any(each["status"] == "firing" for each in alerts) else "resolved",
            "commonAnnotations": {}, "externalURL": LINK, "alerts": alerts,
        }  # fmt: skip

    def _alert(self, pod: str, since: datetime, *, ended: datetime | None = None) -> Json:
        labels = self._labels | {"pod": pod, "severity": "warning"}
        return {
            "status": "firing" if ended is None else "resolved",
            "labels": labels,
            "annotations": {
                "summary": "Pod has been in a non-ready state.",
                "description": f"Pod {self.namespace}/{pod} has been in a non-ready state.",
            },
            "startsAt": times.timestamp(since),
            "endsAt": _NO_END if ended is None else times.timestamp(ended),
            "generatorURL": f"{LINK}/graph",
            "fingerprint": _fingerprint(labels),
        }


def _fingerprint(labels: Mapping[str, str]) -> str:
    text = "\0".join(f"{name}={value}" for name, value in sorted(labels.items()))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _matches(matcher: Json, labels: Mapping[str, str]) -> bool:
    value = labels.get(matcher["name"], "")
    same = bool(re.fullmatch(matcher["value"], value)) if matcher["isRegex"] else value == matcher["value"]
    return same is bool(matcher.get("isEqual", True))
