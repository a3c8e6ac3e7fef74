"""Alertmanager's webhook: one post per cause, whoever sends how often; closed when all its alerts are resolved."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from bot.policy.alert_routes import AlertRoute, AlertRoutes
from responses.slack.presses import Press
from tests.end_to_end.process import locked
from tests.end_to_end.test_metrics import scraped
from tests.end_to_end.test_overviews import SCENE
from tests.end_to_end.workplace import Workplace, is_final, lines_of, pressable, workplace
from tests.missing_config import world_without

TOKEN = "alertmanager-bearer-of-the-tests"
CHANNEL = "C0000000001"
BEGAN = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
TO_CHANNEL = AlertRoutes(routes=(AlertRoute(channel=CHANNEL, cluster="simulated"),))
TILL = [f"{name}-7d9f8b6c54-{suffix}" for name in ("front", "middle", "back") for suffix in ("bbbbb", "ccccc")]


def alert(pod: str, *, namespace: str = "till", name: str = "KubePodNotReady", **more: Any) -> dict[str, Any]:
    labels = {"alertname": name, "namespace": namespace, "pod": pod, "severity": "warning", **more.pop("labels", {})}
    return {
        "status": "firing",
        "labels": labels,
        "annotations": {"summary": f"Pod {namespace}/{pod} is not ready."},
        "startsAt": BEGAN.isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        **more,
    }


def resolved(firing: dict[str, Any], *, after: timedelta = timedelta(minutes=23)) -> dict[str, Any]:
    return {**firing, "status": "resolved", "endsAt": (datetime.fromisoformat(firing["startsAt"]) + after).isoformat()}


def group(*alerts: dict[str, Any], sender: str = "am-0") -> dict[str, Any]:
    return {
        "version": "4",
        "groupKey": '{}:{alertname="KubePodNotReady"}',
        "status": "firing" if any(each["status"] == "firing" for each in alerts) else "resolved",
        "receiver": "casebook",
        "externalURL": f"http://{sender}.monitoring:9093",
        "truncatedAlerts": 0,
        "alerts": list(alerts),
    }


async def deliver(at: Workplace, body: Any, *, header: str = f"Bearer {TOKEN}") -> tuple[int, str]:
    data = io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
    headers = {"Authorization": header} if header else {}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{at.app.url}/alerts", data=data, headers=headers) as got,
    ):
        return got.status, await got.text()


async def posts(at: Workplace, count: int) -> list[dict[str, Any]]:
    """Return the app's posts once there are so many and no work is left."""
    await at.slack.wait_for(lambda: len([one for one in at.ours() if is_final(one)]) >= count)
    await at.settled()
    return [one for one in at.ours() if is_final(one)]


async def post_with(at: Workplace, words: str) -> dict[str, Any]:
    found = await at.slack.wait_for(lambda: [one for one in at.ours() if words in "\n".join(lines_of(one))])
    return found[0]


async def test_alerts_of_one_cause_are_one_post_however_often_they_are_sent(tmp_path, engine):
    async with workplace(tmp_path, engine, SCENE, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        firing = [alert(pod) for pod in TILL]
        both = [group(*firing, sender=sender) for sender in ("am-0", "am-1")]
        assert [await deliver(at, each) for each in (*both, *both)] == [(200, "{}")] * 4

        (post,) = await posts(at, 1)
        assert "6 alerts firing" in lines_of(post)[0]
        assert "KubePodNotReady" in lines_of(post)[0]
        assert "app-config" in "\n".join(lines_of(post))
        assert "CONFIRMED" in "\n".join(lines_of(post))

        assert (await deliver(at, both[0]))[0] == 200
        await deliver(at, group(*map(resolved, firing[:5])))
        await post_with(at, "1 alert firing")
        await deliver(at, group(*map(resolved, firing)))
        closed = await post_with(at, "Resolved after 23 min")
        assert closed["ts"] == post["ts"]
        assert "app-config" in "\n".join(lines_of(closed))

        # The second Alertmanager's copy from before the end comes late.
        await deliver(at, both[1])
        await at.settled()
        assert len(at.ours()) == 1

        # The same alerts begin again: a new post.
        began = (BEGAN + timedelta(hours=2)).isoformat()
        await deliver(at, group(*({**each, "startsAt": began} for each in firing)))
        assert len(await posts(at, 2)) == 2


async def test_two_causes_in_one_group_are_two_posts(tmp_path, engine):
    async with workplace(tmp_path, engine, SCENE, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        mismatch = alert("", name="KubeDeploymentReplicasMismatch")
        mismatch["labels"] = {"alertname": "KubeDeploymentReplicasMismatch", "namespace": "till", "deployment": "back"}
        crashing = alert("tool-7d9f8b6c54-ddddd", namespace="shed", name="KubePodCrashLooping")
        await deliver(at, group(*(alert(pod) for pod in TILL), mismatch, crashing))

        shown = ["\n".join(lines_of(post)) for post in await posts(at, 2)]
        assert len(shown) == 2
        assert sum("app-config" in each for each in shown) == 1
        assert sum("tool" in each and "KubePodCrashLooping" in each for each in shown) == 1


async def test_alert_of_an_unknown_cluster_or_without_object_is_text_only(tmp_path, engine):
    routes = AlertRoutes(routes=(AlertRoute(channel=CHANNEL, clusters={"prod": "simulated"}),))
    async with workplace(tmp_path, engine, SCENE, alert_routes=routes, alerts_token=TOKEN) as at:
        elsewhere = alert(TILL[0], labels={"cluster": "unheard-of"})
        nothing = {**alert(""), "labels": {"alertname": "TooQuiet", "cluster": "prod"}}
        await deliver(at, group(elsewhere, nothing))

        shown = ["\n".join(lines_of(post)) for post in await posts(at, 2)]
        assert len(shown) == 2
        assert not any("CONFIRMED" in each or "LIKELY" in each for each in shown)
        assert at.cluster.requests == [] or not any("/pods/" in sent.path for sent in at.cluster.requests)


async def test_posts_tell_the_runbook_and_what_is_healthy_or_gone(tmp_path, engine):
    async with workplace(tmp_path, engine, SCENE, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        # A resolved alert that never fired here is not posted.
        over = alert("tool-7d9f8b6c54-ddddd", namespace="shed")
        assert (await deliver(at, group(resolved(over))))[0] == 200
        calm = alert("", name="KubeDeploymentReplicasMismatch")
        calm["labels"] = {"alertname": "KubeDeploymentReplicasMismatch", "namespace": "till", "deployment": "calm"}
        address = "https://wiki.example/alerts/not-ready"
        annotations = {"summary": "Pod is not ready.", "runbook_url": address}
        await deliver(at, group(calm, alert("left-long-ago-5c9d7f6b8d-zzzzz"), alert(TILL[0], annotations=annotations)))

        shown = ["\n".join(lines_of(post)) for post in await posts(at, 3)]
        assert len(shown) == 3
        (of_calm,) = (each for each in shown if "calm" in each)
        (of_gone,) = (each for each in shown if "left-long-ago-5c9d7f6b8d-zzzzz" in each)
        (of_broken,) = (each for each in shown if TILL[0] in each)
        assert "Deployment till/calm: 2 of 2 pods are ready; no known incident applies." in of_calm
        assert "CONFIRMED" not in of_gone
        assert f"Read more: the alert's runbook {address}" in of_broken


async def test_route_for_proven_causes_posts_no_healthy_object(tmp_path, engine):
    routes = AlertRoutes(
        routes=(AlertRoute.model_validate({"channel": CHANNEL, "cluster": "simulated", "mode": "proven"}),)
    )
    async with workplace(tmp_path, engine, SCENE, alert_routes=routes, alerts_token=TOKEN) as at:
        calm = alert("", name="KubeDeploymentReplicasMismatch")
        calm["labels"] = {"alertname": "KubeDeploymentReplicasMismatch", "namespace": "till", "deployment": "calm"}
        await deliver(at, group(calm, alert(TILL[0])))

        (post,) = await posts(at, 1)
        assert "app-config" in "\n".join(lines_of(post))


async def test_while_the_store_is_away_nothing_is_acknowledged(tmp_path, engine):
    async with workplace(tmp_path, engine, SCENE, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        async with locked(at.settings.data, "casebook.db"):
            assert (await deliver(at, BODY))[0] == 503
        # Alertmanager repeats what was refused; writes that waited for the lock go first.
        async with asyncio.timeout(30):
            while (await deliver(at, BODY))[0] != 200:
                pass

        assert len(await posts(at, 1)) == 1


async def test_private_channel_without_the_bot_gets_no_post(tmp_path, engine):
    routes = AlertRoutes(
        routes=(
            AlertRoute(channel="C0000000077", match={"alertname": "KubePodNotReady"}, cluster="simulated"),
            AlertRoute(channel=CHANNEL, cluster="simulated"),
        )
    )
    async with workplace(tmp_path, engine, SCENE, alert_routes=routes, alerts_token=TOKEN) as at:
        private = at.slack.add_channel("private", id="C0000000077", private=True, bot=False, members=[at.alex])
        await deliver(at, group(alert(TILL[0]), alert(TILL[0], name="KubePodCrashLooping")))

        assert len(await posts(at, 1)) == 1
        await at.slack.wait_for(lambda: at.app.jobs.running == 0)
        assert at.ours(private) == []
        assert (await scraped(at)).of("casebook_alert_posts_total", outcome="failed") == 1


async def test_alerts_in_socket_mode_are_posted_too(tmp_path, engine):
    options: dict[str, Any] = {"alert_routes": TO_CHANNEL, "alerts_token": TOKEN, "socket_mode": True}
    async with workplace(tmp_path, engine, SCENE, **options) as at:
        assert (await deliver(at, BODY))[0] == 200
        assert len(await posts(at, 1)) == 1


BODY = json.dumps(group(alert(TILL[0]))).encode()


REQUESTS = (
    (BODY, "", 401, "credentials"),
    (BODY, "Bearer wrong", 401, "credentials"),
    (BODY, "Basic é", 401, "credentials"),
    (b"{}", f"Bearer {TOKEN}", 400, "version"),
    (b"not json", f"Bearer {TOKEN}", 400, "JSON"),
    (BODY.replace(b'"4"', b'"3"'), f"Bearer {TOKEN}", 400, "version"),
    (
        BODY.replace(b'"status": "firing", "labels"', b'"status": 7, "labels"'),
        f"Bearer {TOKEN}",
        400,
        "alerts[0].status",
    ),
    (BODY.replace(BEGAN.isoformat().encode(), b"yesterday"), f"Bearer {TOKEN}", 400, "alerts[0].startsAt"),
    (BODY + b" " * 1024 * 1024, f"Bearer {TOKEN}", 413, "larger"),
    (BODY, f"Bearer {TOKEN}", 200, ""),
)


async def test_bad_request_gets_its_status_and_the_field(tmp_path, engine):
    async with workplace(tmp_path, engine, SCENE, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        for body, header, status, says in REQUESTS:
            assert at.ours() == []
            got, text = await deliver(at, body, header=header)

            assert (got, says in text) == (status, True), text
        assert (await scraped(at)).of("casebook_alert_deliveries_total", outcome="unauthorized") == 3


async def test_without_credentials_there_is_no_path(tmp_path, engine):
    async with workplace(tmp_path, engine, alert_routes=TO_CHANNEL) as at:
        assert (await deliver(at, BODY))[0] == 404


async def test_unrouted_alerts_are_counted_and_acknowledged(tmp_path, engine):
    credentials: dict[str, Any] = {"alerts_user": "am", "alerts_password": "a-password-of-the-tests"}
    async with workplace(tmp_path, engine, SCENE, **credentials) as at:
        header = "Basic " + base64.b64encode(b"am:a-password-of-the-tests").decode()
        assert (await deliver(at, BODY, header=header))[0] == 200
        assert (await scraped(at)).of("casebook_alerts_total", outcome="unrouted") == 1


async def test_burst_from_two_senders_is_one_post_per_cause(tmp_path, engine):
    causes = {f"app{index:02d}": f"config-{index:02d}" for index in range(6)}
    pods = {name: [f"{name}-7d9f8b6c54-{suffix}" for suffix in ("bbbbb", "ccccc", "ddddd")] for name in causes}
    scene = world_without(causes, pods)
    async with workplace(tmp_path, engine, scene, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        bodies = [
            group(*(alert(pod, labels={"container": f"c{copy}"}) for pod in own), sender=sender)
            for copy in range(4)
            for own in pods.values()
            for sender in ("am-0", "am-1")
        ]
        answers = await asyncio.gather(*(deliver(at, each) for each in (*bodies, *bodies)))
        assert {status for status, _ in answers} == {200}

        shown = ["\n".join(lines_of(post)) for post in await posts(at, len(causes))]
        assert len(shown) == len(causes)
        assert all(sum(config in each for each in shown) == 1 for config in causes.values())


async def test_closed_post_says_which_remedies_were_applied(tmp_path, engine, healing):
    async with workplace(tmp_path, engine, healing.world, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        firing = alert("checkout-6f4d8b7c5-kz9wp", namespace="front")
        await deliver(at, group(firing))
        await posts(at, 1)
        ts = await at.slack.say(at.alex, at.channel, healing.text)
        await at.confirm(at.bo, await at.answer(ts))
        await at.settled()
        assert at.writes()

        await deliver(at, group(resolved(firing)))
        closed = "\n".join(lines_of(await post_with(at, "Resolved after")))
        assert "checkout-6f4d8b7c5-kz9wp" in closed
        assert at.bo in closed


async def test_button_of_a_post_leads_to_the_whole_diagnosis(tmp_path, engine, healing):
    async with workplace(tmp_path, engine, healing.world, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        await deliver(at, group(alert("checkout-6f4d8b7c5-kz9wp", namespace="front")))
        (post,) = await posts(at, 1)
        await at.slack.click(at.bo, at.channel, post["ts"], str(Press.DIAGNOSE))

        answer = await at.answer(post["ts"])
        assert pressable(answer, Press.REMEDY)
