"""Alertmanagers send to several processes: each cause has one post, although two receive it or one stops meanwhile."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp

from tests.end_to_end.process import Premises, Serving, premises
from tests.end_to_end.test_alerts_webhook import CHANNEL, TOKEN, alert, group, resolved
from tests.end_to_end.workplace import is_final, lines_of
from tests.missing_config import world_without
from tests.postgres import Server, postgres
from tests.waiting import until

# A fixture that tests request by name.
__all__ = ["postgres"]

CAUSES = {f"app{index}": f"config-{index}" for index in range(4)}
PODS = {name: [f"{name}-7d9f8b6c54-{suffix}" for suffix in ("bbbbb", "ccccc")] for name in CAUSES}
WORLD = world_without(CAUSES, PODS)
HASTY: dict[str, Any] = {"alert_window_s": 0.2, "alert_update_s": 0.2}
FIRING = [[alert(pod) for pod in own] for own in PODS.values()]


def variables_in(directory: Path) -> dict[str, str]:
    routes = directory / "routes.yaml"
    routes.write_text(f"- {{channel: {CHANNEL}, cluster: simulated}}\n", encoding="utf-8")
    return {"CASEBOOK_ALERTS_TOKEN": TOKEN, "CASEBOOK_ALERT_ROUTES": str(routes)}


async def send(to: Serving, *alerts: dict[str, Any], sender: str) -> int:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session,
        session.post(f"{to.url}/alerts", data=json.dumps(group(*alerts, sender=sender))) as got,
    ):
        return got.status


def shown(at: Premises) -> list[str]:
    return ["\n".join(lines_of(post)) for post in at.ours() if is_final(post)]


async def test_groups_from_two_senders_to_two_processes_are_one_post_per_cause(tmp_path, postgres: Server):
    variables = {**variables_in(tmp_path), "CASEBOOK_DATABASE_URL": postgres.create()}
    async with premises(tmp_path, WORLD, pace=False, **variables) as at:
        one, another = [await at.start(replica=replica, **HASTY) for replica in ("one", "another")]
        pairs = ((one, "am-0"), (another, "am-1"))
        for _ in range(2):
            sent = [send(to, *alerts, sender=sender) for alerts in FIRING for to, sender in pairs]
            assert set(await asyncio.gather(*sent)) == {200}
        await at.slack.wait_for(lambda: len(shown(at)) >= len(CAUSES), timeout=30)

        # Each process closes the posts of two causes; the other's copies say the same.
        for index, alerts in enumerate(FIRING):
            (to, sender), (later, second) = pairs[index % 2], pairs[1 - index % 2]
            assert await send(to, *map(resolved, alerts), sender=sender) == 200
            assert await send(later, *map(resolved, alerts), sender=second) == 200
        await at.slack.wait_for(lambda: all("Resolved after 23 min" in each for each in shown(at)), timeout=30)
        # An old copy reopens nothing. A stop finishes what is in flight.
        assert await send(another, *FIRING[0], sender="am-1") == 200
        for each in (one, another):
            assert await each.stop() == 0

        assert len(at.ours()) == len(CAUSES)
        for config in CAUSES.values():
            assert sum(config in each for each in shown(at)) == 1


async def test_stop_while_causes_are_looked_for_delays_the_posts(tmp_path):
    async with premises(tmp_path, WORLD, pace=False, **variables_in(tmp_path)) as at:
        stopped = await at.start(**HASTY)
        at.cluster.latency = 0.5
        assert await send(stopped, *FIRING[0], sender="am-0") == 200
        await until(lambda: any("/pods/" in sent.path for sent in at.cluster.requests))
        assert await stopped.stop() == 0
        at.cluster.latency = 0.0

        again = await at.start(**HASTY)
        await at.slack.wait_for(lambda: shown(at), timeout=30)
        assert await again.stop() == 0
        assert len(at.ours()) == 1
