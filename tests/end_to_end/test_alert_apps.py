"""Posts of alerts by the apps that people use: the object is diagnosed, and the end closes the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from bot.diagnosing import Engine
from tests.alert_apps import APPS, GREEN, RED, Post, grafana
from tests.end_to_end.workplace import Workplace, lines_of, workplace

CONTAINERS = {"app": {"image": "web:1", "limits": {"memory": "64Mi"}}}
SCENE = {"scene": {"Deployment/shop/web": {"containers": CONTAINERS, "pods": {"web-0": {}, "web-1": {}}}}}
DOWN = {"exited": "OOMKilled", "restarts": 9, "waiting": "CrashLoopBackOff"}
BROKEN = {**SCENE, "faults": {"Pod/shop/web-0": DOWN}}


async def posted(at: Workplace, author: str, post: Post, *, channel: str = "") -> str:
    return await at.slack.say(author, channel or at.channel, **{"text": "", **post}, bot=True)


async def below(at: Workplace, ts: str, words: str, *, channel: str = "") -> str:
    def texts() -> list[str]:
        return [text for one in at.answers(ts, channel) if words in (text := "\n".join(lines_of(one)))]

    return (await at.slack.wait_for(texts))[0]


async def test_a_post_of_an_app_is_answered_until_it_is_over(tmp_path: Path, engine: Engine) -> None:
    async def walk(at: Workplace, app: Callable[[bool], Post], *, edited: bool) -> None:
        author, channel = at.slack.add_user(app.__name__), at.slack.add_channel(app.__name__)
        early = await posted(at, author, app(True), channel=channel)
        ts = await posted(at, author, app(False), channel=channel)
        answer = await below(at, ts, "CONFIRMED", channel=channel)
        assert "web-0" in answer, app.__name__

        # The app edits its post, or says it in another one.
        if edited:
            late = early
            await at.slack.edit(author, channel, ts, **{"text": "", **app(True)})
        else:
            late = await posted(at, author, app(True), channel=channel)
        await below(at, ts, "is over", channel=channel)

        assert not any(at.answers(one, channel) for one in (early, late)), app.__name__

    async with workplace(tmp_path, engine, BROKEN) as at:
        await asyncio.gather(*(walk(at, app, edited=number % 2 == 0) for number, app in enumerate(APPS)))


async def test_of_a_post_that_lists_both_the_firing_alert_is_answered_and_the_other_closed(
    tmp_path: Path, engine: Engine
) -> None:
    both = {**SCENE, "faults": {f"Pod/shop/{pod}": DOWN for pod in ("web-0", "web-1")}}
    async with workplace(tmp_path, engine, both) as at:
        author = at.slack.add_user("grafana")
        other = await posted(
            at, author, {"text": "[FIRING:1] KubePodCrashLooping\n - namespace = shop\n - pod = web-1"}
        )
        await below(at, other, "CONFIRMED")

        ts = await posted(at, author, grafana(False))

        assert "web-0" in await below(at, ts, "CONFIRMED")
        await below(at, other, "is over")


async def test_a_green_post_whose_title_says_resolved_is_not_answered(tmp_path: Path, engine: Engine) -> None:
    def title(state: str, color: str) -> Post:
        text = "Namespace: shop\nPod: web-0\nBack-off restarting failed container"
        return {"attachments": [{"color": color, "title": f"KubePodCrashLooping - {state}", "text": text}]}

    async with workplace(tmp_path, engine, BROKEN) as at:
        author = at.slack.add_user("monitoring")
        over = await posted(at, author, title("Resolved", GREEN))
        stands = await posted(at, author, title("Alert", RED))
        await below(at, stands, "CONFIRMED")

        assert at.answers(over) == []


async def test_a_node_is_found_by_its_address(tmp_path: Path, engine: Engine) -> None:
    scene = {"scene": {"Node/worker-1": {"ip": "10.0.1.7"}, "Node/worker-2": {"ip": "10.0.1.8"}}}
    async with workplace(tmp_path, engine, scene) as at:
        labels = {"alertname": "NodeSystemSaturation", "instance": "10.0.1.7:9100", "pod": "node-exporter-x2x9k"}
        listed = "\n".join(f"- {name} = {value}" for name, value in labels.items())
        ts = await posted(at, at.slack.add_user("monitoring"), {"text": f"[FIRING:1] NodeSystemSaturation\n{listed}"})

        await below(at, ts, "worker-1")
