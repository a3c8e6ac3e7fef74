"""The simulated Alertmanager: it tells a webhook which pods are not ready, until the webhook accepts it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
from aiohttp import web

from bot.cli.rehearsal import stage
from bot.cli.staged_scenes import ALERTED, StagedTrouble, staged_events
from bot.playground.alertmanager import SimulatedAlertmanager, SimulatedSilences
from bot.playground.kubernetes import SimulatedCluster
from intents.alerts.alert import parse_webhook
from tests.waiting import until

TOKEN = "a-token-of-this-test"


class Webhook:
    """A receiver that answers with `status` and records what it accepted."""

    def __init__(self) -> None:
        self.status = 200
        self.refused = 0
        self.accepted: list[Any] = []

    async def handle(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        if self.status == 200:
            self.accepted.append(parse_webhook(await request.read()))
        else:
            self.refused += 1
        return web.Response(status=self.status)


@asynccontextmanager
async def alerting(cluster: SimulatedCluster, silences: SimulatedSilences | None = None) -> AsyncIterator[Webhook]:
    webhook = Webhook()
    application = web.Application()
    application.router.add_post("/alerts", webhook.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/alerts"
    alertmanager = SimulatedAlertmanager(cluster=cluster, namespace=ALERTED, url=url, token=TOKEN, silences=silences)
    task = asyncio.create_task(alertmanager.run())
    try:
        yield webhook
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await runner.cleanup()


def trouble(cluster: SimulatedCluster) -> StagedTrouble:
    found = next(each.trouble for each in staged_events(cluster, channel="C0000000001") if each.name == "alert")
    assert isinstance(found, StagedTrouble)
    return found


async def test_alert_fires_and_resolves_under_one_fingerprint():
    cluster = stage()
    release = trouble(cluster)
    async with alerting(cluster) as webhook:
        release.begin()
        await until(lambda: webhook.accepted)
        release.end()
        await until(lambda: len(webhook.accepted) == 2)

    (fired,), (resolved,) = (each.alerts for each in webhook.accepted)
    assert [str(each.status) for each in (fired, resolved)] == ["firing", "resolved"]
    assert fired.labels == resolved.labels == {**fired.labels, "namespace": ALERTED}
    assert fired.fingerprint == resolved.fingerprint
    assert (fired.starts, fired.ends) == (resolved.starts, None)
    assert resolved.ends >= resolved.starts


async def test_notification_that_was_refused_is_sent_again():
    cluster = stage()
    release = trouble(cluster)
    async with alerting(cluster) as webhook:
        webhook.status = 503
        release.begin()
        await until(lambda: webhook.refused)
        webhook.status = 200
        await until(lambda: webhook.accepted)

    assert [str(each.status) for each in webhook.accepted[0].alerts] == ["firing"]


def test_trouble_can_begin_and_end_again_and_leaves_nothing_behind():
    cluster = stage()
    release = trouble(cluster)
    well = names(cluster)
    for _ in range(2):
        release.begin()
        assert release.lasts()
        assert names(cluster) != well
        release.end()
        assert not release.lasts()
        assert names(cluster) == well


def names(cluster: SimulatedCluster) -> set[tuple[str, str]]:
    found = (each for _, each in cluster.store.everything() if each["metadata"].get("namespace") == ALERTED)
    return {(each["kind"], each["metadata"]["name"]) for each in found}


async def test_silenced_alerts_are_sent_once_the_silence_ends():
    cluster, silences = stage(), SimulatedSilences()
    release = trouble(cluster)
    await silences.start()
    matcher = {"name": "namespace", "value": ALERTED, "isRegex": False, "isEqual": True}
    body = {"matchers": [matcher], "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2126-01-01T00:00:00Z"}
    async with alerting(cluster, silences) as webhook, aiohttp.ClientSession() as session:
        async with session.post(f"{silences.url}/api/v2/silences", json=body) as made:
            id = (await made.json())["silenceID"]
        release.begin()
        await asyncio.sleep(1)
        assert webhook.accepted == []
        async with session.delete(f"{silences.url}/api/v2/silence/{id}") as ended:
            assert ended.ok
        await until(lambda: webhook.accepted)
    await silences.stop()
