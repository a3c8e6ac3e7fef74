"""Simulate Prometheus with Alertmanager: an alert for each pod of a namespace that is not ready, sent to a webhook.

A rule's `for` of several minutes and the waits of a group are left out: the playground's visitors watch.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import aiohttp

from bot.playground.kubernetes import SimulatedCluster, times
from bot.playground.silences import SimulatedSilences

Json = dict[str, Any]

LINK: Final = "https://alerts.acme.io"
_NAME: Final = "KubePodNotReady"
_EVALUATE_S: Final = 0.5
# Go's zero time: a firing alert has no end.
_NO_END: Final = "0001-01-01T00:00:00Z"


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
        if started == self._firing or self._silenced:
            return
        alerts = [self._alert(pod, since) for pod, since in started.items()]
        alerts += [self._alert(pod, since, ended=now) for pod, since in resolved.items()]
        # A notification that failed is sent again at the next evaluation, as Alertmanager does.
        if await self._accepted(session, alerts):
            self._firing = started

    @property
    def _silenced(self) -> bool:
        labels = {"alertname": _NAME, "namespace": self.namespace}
        return self.silences is not None and self.silences.mutes(labels)

    async def _accepted(self, session: aiohttp.ClientSession, alerts: list[Json]) -> bool:
        try:
            async with session.post(self.url, json=self._group(alerts)) as response:
                return response.ok
        except (aiohttp.ClientError, TimeoutError):
            return False

    def _group(self, alerts: list[Json]) -> Json:
        labels = {"alertname": _NAME, "namespace": self.namespace}
        return {
            "version": "4",
            "groupKey": f'{{}}:{{alertname="{_NAME}", namespace="{self.namespace}"}}',
            "truncatedAlerts": 0,
            "status": "firing" if any(each["status"] == "firing" for each in alerts) else "resolved",
            "receiver": "casebook",
            "groupLabels": labels,
            "commonLabels": labels,
            "commonAnnotations": {},
            "externalURL": LINK,
            "alerts": alerts,
        }

    def _alert(self, pod: str, since: datetime, *, ended: datetime | None = None) -> Json:
        labels = {"alertname": _NAME, "namespace": self.namespace, "pod": pod, "severity": "warning"}
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
