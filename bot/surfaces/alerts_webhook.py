"""Receive Alertmanager's webhook: a request is acknowledged once all its alerts are recorded.

Alertmanager sends a request again unless it gets 2xx, and every replica of it sends the same group.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog
from aiohttp import web

from bot.common.tracing import SpanName, trace
from bot.jobs import JobIntake, JobsUnavailable
from bot.settings import Settings
from bot.store import StoreUnavailable
from bot.store.alert_groups import AlertScope, ArrivedAlert
from bot.store.outbox import AcceptedJob
from bot.surfaces.bodies import BodyError, read_body
from bot.surfaces.web import Route
from bot.workflows.job_payloads import AlertGroupJob
from bot.workflows.services import Services
from intents.alerts.alert import AlertGroup, AlertPayloadError, parse_webhook

_log: Final = structlog.get_logger(__name__)

PATH: Final = "/alerts"
_LARGEST_BODY: Final = 1024 * 1024
# Larger bodies are parsed in a thread.
_THREAD_FROM: Final = 32 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsWebhook:
    """The handler of `POST /alerts`. Alertmanager must send a bearer token, or user and password."""

    services: Services
    settings: Settings
    intake: JobIntake
    stopping: Callable[[], bool]

    def route(self) -> tuple[Route, ...]:
        """Return the route; none without credentials."""
        return (Route(path=PATH, handle=self.handle),) if self._token or self._password else ()

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request."""
        with trace(SpanName.REQUEST, kept=False, surface="alerts") as arrival:
            status, outcome, says = await self._handled(request)
            arrival.set(result=outcome)
        self.services.metrics.alerts_delivered(outcome)
        headers = {"WWW-Authenticate": "Bearer, Basic"} if status == 401 else None
        return web.json_response({"error": says} if says else {}, status=status, headers=headers)

    async def _handled(self, request: web.Request) -> tuple[int, str, str]:
        if not self._accepts(request.headers.get("Authorization", "")):
            return 401, "unauthorized", "credentials are missing or wrong"
        if self.stopping():
            return 503, "unavailable", "Casebook is stopping"
        try:
            body = await read_body(request, limit=_LARGEST_BODY)
        except BodyError as error:
            return error.status, "too_large" if error.status == 413 else "malformed", str(error)
        try:
            group = parse_webhook(body) if len(body) < _THREAD_FROM else await asyncio.to_thread(parse_webhook, body)
        except AlertPayloadError as error:
            return 400, "malformed", str(error)
        try:
            await self._record(group)
        except (StoreUnavailable, JobsUnavailable) as error:
            _log.warning("alerts_not_recorded", error=str(error))
            return 503, "unavailable", "the alerts could not be recorded; send them again"
        return 200, "accepted", ""

    @property
    def _token(self) -> str:
        return self.settings.alerts_token.get_secret_value()

    @property
    def _password(self) -> str:
        return self.settings.alerts_password.get_secret_value() if self.settings.alerts_user else ""

    def _accepts(self, header: str) -> bool:
        """Tell whether an Authorization header has the credentials; takes the same time for each wrong one."""
        scheme, _, given = header.partition(" ")
        if scheme.lower() == "basic" and self._password:
            expected = base64.b64encode(f"{self.settings.alerts_user}:{self._password}".encode()).decode()
        elif scheme.lower() == "bearer" and self._token:
            expected = self._token
        else:
            return False
        return hmac.compare_digest(given.strip().encode("utf-8", "replace"), expected.encode())

    async def _record(self, group: AlertGroup) -> None:
        services, arrived = self.services, list[ArrivedAlert]()
        routes, clusters = services.configuration().alert_routes, services.clusters.names
        for alert in group.alerts:
            route = routes.of(alert.labels)
            services.metrics.alert_received(str(alert.status) if route else "unrouted")
            if route is not None:
                context = route.cluster_of(alert.labels)
                scope = AlertScope(channel=route.channel, cluster=context if context in clusters else "")
                arrived.append(ArrivedAlert(scope=scope, alert=alert, mode=str(route.mode), link=group.link))
        for job in await services.store.alert_groups.record(arrived, services.clock(), self._job):
            self.intake.take(job)

    def _job(self, scope: AlertScope, number: int) -> AcceptedJob:
        payload = AlertGroupJob(channel=scope.channel, cluster=scope.cluster, round=number)
        return self.intake.accepted(f"alert_group.{scope.key}.{number}", payload)
