"""One alert per kind of object, through Alertmanager's webhook and as Alertmanager and Grafana post it in Slack."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.diagnosing import Engine
from bot.policy.alert_routes import AlertRoute, AlertRoutes
from tests.alert_table import SUMMARY, TableAlert, alert_table, of_grafana, templated
from tests.end_to_end.test_alerts_webhook import TOKEN, alert, deliver, group, resolved
from tests.end_to_end.workplace import Workplace, is_final, lines_of, workplace

ROUTED = "C0000000077"
ROUTES = AlertRoutes(routes=(AlertRoute(channel=ROUTED, cluster="simulated"),))
PROVEN = ("CONFIRMED", "LIKELY")
# Its object only reports that it is broken; no incident explains it.
UNEXPLAINED = frozenset({"not explained"})
KINDS = {one.subject or one.about.split("/")[0]: one for one in alert_table() if one.finds - UNEXPLAINED}


def sent(one: TableAlert) -> dict[str, Any]:
    return {**alert("", name=one.name), "labels": dict(one.labels), "annotations": {"summary": SUMMARY}}


async def answers(at: Workplace, one: TableAlert) -> list[str]:
    """Send the alert through each door, after its end, and return the answers: none is about the end."""
    author, other = at.slack.add_user("alertmanager"), at.slack.add_channel("grafana")
    at.slack.add_channel("routed", id=ROUTED)
    over = [
        (channel, await at.slack.say(author, channel, post(one.labels, state="RESOLVED"), bot=True))
        for channel, post in ((at.channel, templated), (other, of_grafana))
    ]
    await deliver(at, group(resolved(sent(one))))
    await at.settled()
    assert not [answer for channel, ts in over for answer in at.answers(ts, channel)]
    assert at.ours(ROUTED) == []

    firing = [
        (channel, await at.slack.say(author, channel, post(one.labels), bot=True))
        for channel, post in ((at.channel, templated), (other, of_grafana))
    ]
    began = {"startsAt": "2026-11-20T09:00:00Z"}
    assert await deliver(at, group({**sent(one), **began})) == (200, "{}")
    posted = await at.slack.wait_for(lambda: [one for one in at.ours(ROUTED) if is_final(one)])
    found = [posted[0], *await asyncio.gather(*(at.answer(ts, channel) for channel, ts in firing))]
    return ["\n".join(lines_of(each)) for each in found]


def proven(answer: str) -> bool:
    return any(word in answer for word in PROVEN)


@pytest.mark.parametrize("kind", KINDS)
async def test_the_cause_of_an_alert_is_named(tmp_path: Path, engine: Engine, kind: str) -> None:
    found = await at_work(tmp_path, engine, KINDS[kind], KINDS[kind].broken)

    assert list(map(proven, found)) == [True] * 3, found


@pytest.mark.parametrize("kind", KINDS)
async def test_a_healthy_object_is_said_to_be_healthy(tmp_path: Path, engine: Engine, kind: str) -> None:
    found = await at_work(tmp_path, engine, KINDS[kind], KINDS[kind].healthy)

    assert list(map(proven, found)) == [False] * 3, found


async def at_work(tmp_path: Path, engine: Engine, one: TableAlert, world: Mapping[str, Any]) -> list[str]:
    async with workplace(tmp_path, engine, world, alert_routes=ROUTES, alerts_token=TOKEN) as at:
        return await answers(at, one)


async def test_an_alert_about_a_namespace_gets_what_is_wrong_in_it(tmp_path: Path, engine: Engine) -> None:
    pod = next(one for one in alert_table() if one.about == "Pod/orders/api-7d9f8b6c54-x2x4z")
    async with workplace(tmp_path, engine, pod.broken, alert_routes=ROUTES, alerts_token=TOKEN) as at:
        at.slack.add_channel("routed", id=ROUTED)
        of_namespace = {**sent(pod), "labels": {"alertname": "TooManyErrors", "namespace": "orders"}}
        await deliver(at, group(of_namespace))

        posted = await at.slack.wait_for(lambda: [one for one in at.ours(ROUTED) if is_final(one)])

        told = "\n".join(lines_of(posted[0]))
        assert "TooManyErrors" in told
        assert "orders/api" in told
