"""One alert per kind of object, through Alertmanager's webhook and as Alertmanager and Grafana post it in Slack."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.cli.rehearsal import stage
from bot.diagnosing import Engine
from bot.policy import Policy
from bot.policy.alert_routes import AlertRoute, AlertRoutes
from bot.policy.model import Rules
from tests.alert_table import SUMMARY, TableAlert, alert_table, of_grafana, templated
from tests.end_to_end.test_alerts_webhook import CHANNEL, TO_CHANNEL, TOKEN, alert, deliver, group, resolved
from tests.end_to_end.workplace import Workplace, is_final, lines_of, workplace

PROVEN = ("CONFIRMED", "LIKELY")
# Its object only reports that it is broken; no incident explains it.
UNEXPLAINED = frozenset({"not explained"})
KINDS = {one.subject or one.about.split("/")[0]: one for one in alert_table() if one.finds - UNEXPLAINED}
# How an alert arrives: None is the webhook, the others write the post of an app.
DOORS = {"webhook": None, "Alertmanager": templated, "Grafana": of_grafana}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """An alert in a cluster and a channel of its own."""

    alert: TableAlert
    is_broken: bool
    channel: str
    cluster: str

    @property
    def world(self) -> Mapping[str, Any]:
        return self.alert.broken if self.is_broken else self.alert.healthy


def scenes(door: str) -> list[Scene]:
    """Return the scenes of a door: each kind is broken behind one door, and healthy behind the next."""
    number = list(DOORS).index(door)
    return [
        Scene(alert=one, is_broken=is_broken, channel=f"C0ALERT{place}{is_broken:d}", cluster=f"c{place}-{is_broken:d}")
        for place, one in enumerate(KINDS.values())
        for is_broken in (True, False)
        if (place + (not is_broken)) % len(DOORS) == number
    ]


def sent(one: TableAlert, **labels: str) -> dict[str, Any]:
    return {**alert("", name=one.name), "labels": {**one.labels, **labels}, "annotations": {"summary": SUMMARY}}


async def send(at: Workplace, door: str, scene: Scene, *, is_over: bool = False) -> None:
    """Send the alert of a scene through a door."""
    if post := DOORS[door]:
        text = post(scene.alert.labels, state="RESOLVED" if is_over else "FIRING:1")
        await at.slack.say(at.slack.add_user(f"app-{scene.channel}-{is_over}"), scene.channel, text, bot=True)
    else:
        firing = sent(scene.alert, cluster=scene.cluster)
        of_now = resolved(firing) if is_over else {**firing, "startsAt": "2026-11-20T09:00:00Z"}
        assert await deliver(at, group(of_now)) == (200, "{}")


async def answer(at: Workplace, scene: Scene) -> str:
    finals = await at.slack.wait_for(lambda: [*filter(is_final, at.ours(scene.channel))])
    return "\n".join(lines_of(finals[0]))


@pytest.mark.parametrize("door", DOORS)
async def test_a_firing_alert_names_its_cause_and_none_of_a_healthy_object(
    tmp_path: Path, engine: Engine, door: str
) -> None:
    shown = scenes(door)
    everything = {"namespaces": ["*"], "cluster_scoped": True}
    grants = [{"channels": [one.channel], "clusters": [one.cluster], **everything} for one in shown]
    routes = AlertRoutes(
        routes=tuple(
            AlertRoute(channel=one.channel, match={"cluster": one.cluster}, clusters={one.cluster: one.cluster})
            for one in shown
        )
    )
    policy = Policy(rules=Rules.model_validate({"reading": grants}))
    clusters = {one.cluster: stage(one.world) for one in shown}
    options: dict[str, Any] = {"alert_routes": routes, "alerts_token": TOKEN}
    async with workplace(tmp_path, engine, policy=policy, others=clusters, **options) as at:
        for one in shown:
            at.slack.add_channel(one.channel.lower(), id=one.channel)
        await asyncio.gather(*(send(at, door, one, is_over=True) for one in shown))
        await at.settled()
        assert [one.alert.id for one in shown if at.ours(one.channel)] == [], "answered although it is over"

        await asyncio.gather(*(send(at, door, one) for one in shown))
        told = await asyncio.gather(*(answer(at, one) for one in shown))

    wrong = {
        (one.alert.id, one.is_broken): text
        for one, text in zip(shown, told, strict=True)
        if any(word in text for word in PROVEN) != one.is_broken
    }
    assert not wrong


async def test_an_alert_about_a_namespace_gets_what_is_wrong_in_it(tmp_path: Path, engine: Engine) -> None:
    pod = next(one for one in alert_table() if one.about == "Pod/orders/api-7d9f8b6c54-x2x4z")
    async with workplace(tmp_path, engine, pod.broken, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        of_namespace = {**sent(pod), "labels": {"alertname": "TooManyErrors", "namespace": "orders"}}
        await deliver(at, group(of_namespace))

        posted = await at.slack.wait_for(lambda: [one for one in at.ours(CHANNEL) if is_final(one)])

        told = "\n".join(lines_of(posted[0]))
        assert "TooManyErrors" in told
        assert "orders/api" in told
