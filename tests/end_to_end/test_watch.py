"""The watch: trouble that lasts and is explained becomes one post, which says when it is over."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import aiohttp

from bot.playground.slack import SimulatedSlack
from responses.slack.presses import Press
from tests.end_to_end.test_metrics import scraped
from tests.end_to_end.test_overviews import SCENE
from tests.end_to_end.watched_place import (
    KINDS,
    LOOK_S,
    MINUTE,
    NAMES,
    WELL,
    breaks,
    everywhere,
    lacking,
    looked,
    looks,
    missing,
    posts_in,
    several,
    shown,
    watched,
    watching,
)
from tests.end_to_end.workplace import GRANTED, HEARD, buttons_of, pressable


async def test_cause_that_lasts_is_posted_once_and_edited_when_it_is_over(tmp_path, engine):
    async with watching(tmp_path, engine, WELL) as at:
        await breaks(at)
        assert not posts_in(at)

        at.clock.advance(3 * MINUTE)
        (post,) = await at.slack.wait_for(lambda: posts_in(at))
        assert "app-config" in shown(post)
        assert "CONFIRMED" in shown(post)
        at.clock.advance(10 * MINUTE)
        await looked(at)
        assert len(posts_in(at)) == 1

        at.cluster.load(WELL)
        await looked(at)
        assert "Over after" not in posts_in(at)[0]["text"]
        at.clock.advance(MINUTE)
        await at.slack.wait_for(lambda: [one for one in posts_in(at) if "Over after" in one["text"]])
        assert len(posts_in(at)) == 1
        await at.settled()
        counted = await scraped(at)
        assert counted.of("casebook_watch_posts_total", outcome="posted") == 1
        assert counted.of("casebook_watch_posts_total", outcome="over") == 1
        assert counted.of("casebook_watches_open") == KINDS

        # The same trouble comes back: another post.
        at.cluster.load(SCENE)
        await looked(at)
        at.clock.advance(3 * MINUTE)
        await at.slack.wait_for(lambda: len(posts_in(at)) == 2)


async def test_trouble_that_began_just_before_the_process_is_not_posted_at_once(tmp_path, engine):
    # The conditions of the Deployment are a day old: nine of its ten pods are ready.
    pods = [f"web-7d9f8b6c54-{letter * 5}" for letter in "bcdfghjklm"]
    fault = {"exited": 1, "ago": "20s", "since": "20s", "running": "19s", "ready": False}
    world = {
        "scene": {"Deployment/till/web": {"containers": {"app": "web:7"}, "pods": pods}},
        "faults": {f"Pod/till/{pods[0]}": fault},
    }
    async with watching(tmp_path, engine, world) as at:
        await watched(at)
        assert await looks(at, 0) == 0
        at.clock.advance(3 * MINUTE)
        assert await looks(at, 1) == 1


async def test_trouble_that_ends_before_the_threshold_is_not_posted(tmp_path, engine):
    async with watching(tmp_path, engine, WELL, watch_after=5) as at:
        await breaks(at)
        at.clock.advance(4 * MINUTE)
        await looked(at)
        at.cluster.load(WELL)
        await looked(at)
        at.clock.advance(5 * MINUTE)
        await looked(at)
        assert not posts_in(at)


async def test_restart_posts_nothing_twice_and_edits_what_ended_meanwhile(tmp_path, engine):
    slack = SimulatedSlack(paced=False, events=HEARD, scopes=GRANTED)
    async with watching(tmp_path, engine, SCENE, slack=slack) as at:
        # It began before the process, and is posted at once.
        await at.slack.wait_for(lambda: posts_in(at))
        await at.settled()
        (known,) = await at.app.store.watch_posts.lasting("")
        clock, channel = at.clock, at.channel
    async with watching(tmp_path, engine, SCENE, slack=slack, clock=clock) as at:
        await watched(at)
        at.clock.advance(4 * MINUTE)
        await looked(at)
        assert len(at.ours(channel)) == 1
        assert await at.app.store.watch_posts.lasting("") == (known,)
    async with watching(tmp_path, engine, WELL, slack=slack, clock=clock) as at:
        await watched(at)
        await looked(at)
        assert "Over after" not in at.ours(channel)[0]["text"]
        at.clock.advance(MINUTE)
        await at.slack.wait_for(lambda: "Over after" in at.ours(channel)[0]["text"])


async def test_cause_that_spreads_to_other_workloads_is_not_posted_again(tmp_path, engine):
    world = {
        "scene": {
            f"Deployment/till/{name}": {
                "containers": {"app": "registry.example/app:9"},
                "pods": [f"{name}-7d9f8b6c54-bbbbb"],
            }
            for name in NAMES
        }
    }
    image = "registry.example/app:9"
    refused = f'Failed to pull image "{image}": rpc error: code = NotFound desc = {image}: not found'
    async with watching(tmp_path, engine, world) as at:
        await watched(at)
        for broken in (NAMES[:1], NAMES[:3]):
            pods = [f"Pod/till/{name}-7d9f8b6c54-bbbbb" for name in broken]
            at.cluster.load({**world, "faults": {pod: {"waiting": "ErrImagePull", "message": refused} for pod in pods}})
            await looked(at)
            at.clock.advance(4 * MINUTE)
            await at.slack.wait_for(lambda: posts_in(at))
            await looked(at)
        assert len(posts_in(at)) == 1
        (post,) = await at.app.store.watch_posts.lasting("")
        assert len(post.objects) == 3


async def test_causes_of_connected_trouble_are_one_message(tmp_path, engine):
    world = everywhere({"front": "till", "side": "till"})
    world["scene"]["Deployment/till/front"]["pods"].append("front-7d9f8b6c54-ccccc")
    crash = {"exited": "OOMKilled", "restarts": 9, "waiting": "CrashLoopBackOff"}
    faults = {**lacking(world), "Pod/till/front-7d9f8b6c54-ccccc": crash}
    async with watching(tmp_path, engine, world) as at:
        await breaks(at, {**world, "faults": faults})
        at.clock.advance(4 * MINUTE)
        await at.slack.wait_for(lambda: len(posts_in(at)) == 2)
        at.clock.advance(10 * MINUTE)
        await looked(at)

        both, other = sorted(map(shown, posts_in(at)), key=len, reverse=True)
        assert "front-config" in both
        assert "memory ran out" in both
        assert "side-config" in other
        assert "front" not in other
        assert len(posts_in(at)) == 2


async def test_post_is_made_once_slack_is_back(tmp_path, engine):
    async with watching(tmp_path, engine, WELL) as at:
        await breaks(at)
        at.slack.fail("chat.postMessage", status=503, times=1_000)
        at.clock.advance(3 * MINUTE)
        await at.slack.wait_for(lambda: [each for each in at.slack.calls if each.method == "chat.postMessage"])
        at.slack.clear_faults()
        await at.slack.wait_for(lambda: posts_in(at))
        await looked(at)
        assert len(posts_in(at)) == 1


async def test_pod_that_is_replaced_by_another_broken_one_is_not_over(tmp_path, engine):
    async with watching(tmp_path, engine, several(["front"])) as at:
        await at.slack.wait_for(lambda: posts_in(at))
        at.cluster.store.remove(table=("", "pods"), namespace="till", name="front-7d9f8b6c54-bbbbb")
        replaced = several([])
        replaced["scene"]["Deployment/till/front"]["pods"] = ["front-7d9f8b6c54-ccccc"]
        replaced["faults"] = {
            "Pod/till/front-7d9f8b6c54-ccccc": {"waiting": "CreateContainerConfigError", "message": missing("front")}
        }
        at.cluster.load(replaced)
        await looked(at)
        for _ in range(2):
            at.clock.advance(2 * MINUTE)
            await looked(at)
        (post,) = posts_in(at)
        assert "Over after" not in post["text"]


async def test_causes_beyond_the_budget_share_one_digest_that_is_updated(tmp_path, engine):
    async with watching(tmp_path, engine, several(NAMES[:3]), watch_posts_per_hour=1) as at:
        await at.slack.wait_for(lambda: len(posts_in(at)) == 2)
        await looked(at)
        single, digest = posts_in(at)
        assert sum(f"{name}-config" in shown(single) for name in NAMES) == 1
        inside = [name for name in NAMES if f"{name}-config" in shown(digest)]
        assert len(inside) == 2
        diagnose = [each for each in buttons_of(digest["blocks"]) if each["action_id"].startswith(str(Press.DIAGNOSE))]
        assert len(diagnose) == 2

        # A further cause joins the digest, and what is over is struck.
        at.cluster.load(several([name for name in NAMES if name != inside[0]]))
        await looked(at)
        at.clock.advance(4 * MINUTE)
        await at.slack.wait_for(lambda: "side-config" in shown(posts_in(at)[1]))
        await at.slack.wait_for(lambda: "over after" in shown(posts_in(at)[1]))
        assert len(posts_in(at)) == 2
        assert "strike" in str(posts_in(at)[1]["blocks"])

        # An hour later the channel gets single posts again, but not for what the digest has shown.
        at.clock.advance(timedelta(hours=2))
        await looked(at)
        assert len(posts_in(at)) == 2

        await at.slack.click(at.alex, at.channel, digest["ts"], diagnose[0]["action_id"])
        assert "-config" in shown(await at.answer(digest["ts"]))
        clock = at.clock
    async with watching(tmp_path, engine, several(NAMES[:3]), clock=clock, watch_posts_per_hour=1) as at:
        await watched(at)
        await looked(at)
        assert len(await at.app.store.watch_posts.lasting("")) >= 3
        assert len(posts_in(at)) <= 1


async def test_post_can_be_muted_by_members_only_and_unmuted(tmp_path, engine):
    async with watching(tmp_path, engine, several(["front"])) as at:
        (post,) = await at.slack.wait_for(lambda: posts_in(at))
        mute = pressable(post, Press.WATCH_MUTE)["action_id"]
        await at.slack.click(at.guest, at.channel, post["ts"], mute)
        await at.slack.wait_for(lambda: at.slack.ephemerals(at.guest))
        assert not await at.app.store.mutes.list(at.channel, at.clock())

        await at.slack.click(at.alex, at.channel, post["ts"], mute)
        await at.slack.wait_for(lambda: "Muted in this channel" in shown(posts_in(at)[0]))
        assert at.alex in str(posts_in(at)[0]["blocks"])
        (standing,) = await at.app.store.mutes.list(at.channel, at.clock())
        assert standing.by == at.alex

        # Another cause of the same incident is not posted while that is muted.
        at.cluster.load(several(["front", "back"]))
        await looked(at)
        at.clock.advance(4 * MINUTE)
        await looked(at)
        assert len(posts_in(at)) == 1

        unmute = pressable(posts_in(at)[0], Press.WATCH_UNMUTE)["action_id"]
        await at.slack.click(at.bo, at.channel, post["ts"], unmute)
        await at.slack.wait_for(lambda: "Muted in this channel" not in shown(posts_in(at)[0]))
        assert not await at.app.store.mutes.list(at.channel, at.clock())
        at.clock.advance(timedelta(hours=1))
        await at.slack.wait_for(lambda: len(posts_in(at)) == 2)


async def test_channel_may_ask_for_posts_only_later(tmp_path, engine):
    async with watching(tmp_path, engine, several(["front"])) as at:
        (post,) = await at.slack.wait_for(lambda: posts_in(at))
        menu = pressable(post, Press.MORE)
        quarter = menu["options"][0]["value"]
        await at.slack.click(at.alex, at.channel, post["ts"], menu["action_id"], value=quarter)
        await at.slack.wait_for(lambda: "channel only after 15 minutes" in shown(posts_in(at)[0]))
        assert at.alex in str(posts_in(at)[0]["blocks"])

        at.cluster.load(several(["front", "back"]))
        await looked(at)
        at.clock.advance(14 * MINUTE)
        await looked(at)
        assert len(posts_in(at)) == 1
        at.clock.advance(2 * MINUTE)
        await at.slack.wait_for(lambda: len(posts_in(at)) == 2)

        menu = pressable(posts_in(at)[0], Press.MORE)
        usual = next(each["value"] for each in menu["options"] if each["value"].startswith(str(Press.WATCH_USUAL)))
        await at.slack.click(at.bo, at.channel, post["ts"], menu["action_id"], value=usual)
        await at.slack.wait_for(lambda: "channel only after 15 minutes" not in shown(posts_in(at)[0]))
        assert await at.app.store.watch_thresholds.of(at.channel) == {}


STALE = "failed to get cpu utilization: missing request for cpu in container app of Pod web-1"
SCALING = {"status": False, "reason": "FailedGetResourceMetric", "message": STALE}


def warning(namespace: str, **times: Any) -> dict[str, Any]:
    """Return an autoscaler without metrics, whose kind is not watched, and the warnings about it."""
    autoscaler = f"HorizontalPodAutoscaler/{namespace}/web"
    says = {"for": autoscaler, "type": "Warning", "reason": "FailedGetResourceMetric", "message": STALE}
    workload = {"containers": {"app": "web:7"}, "pods": ["web-1"]}
    return {
        "scene": {f"Deployment/{namespace}/web": workload, autoscaler: {"min": 2}},
        "faults": {autoscaler: {"since": "40m", "conditions": {"ScalingActive": SCALING}}},
        "events": [{**says, **times}],
    }


def refused_job() -> dict[str, Any]:
    """Return a Job whose pods a quota refuses."""
    refused = (
        'Error creating: pods "import-x2lqp" is forbidden: exceeded quota: compute, requested: limits.cpu=2, '
        "used: limits.cpu=0, limited: limits.cpu=1"
    )
    hard = {"limits.cpu": "1"}
    container = {"name": "app", "image": "import:1", "resources": {"limits": {"cpu": "2"}}}
    return {
        "objects": [
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "metadata": {"name": "import", "namespace": "retail"},
                "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}},
                "status": {},
            },
            {
                "apiVersion": "v1",
                "kind": "ResourceQuota",
                "metadata": {"name": "compute", "namespace": "retail"},
                "spec": {"hard": hard},
                "status": {"hard": hard, "used": {"limits.cpu": "0"}},
            },
        ],
        "events": [
            {
                "for": "Job/retail/import", "type": "Warning", "source": "job-controller", "reason": "FailedCreate",
                "message": refused, "count": 12, "first": "-20m", "last": "-1m",
            }
        ],
    }  # fmt: skip


async def test_trouble_that_only_repeated_warnings_show_is_posted(tmp_path, engine):
    worlds = (warning("front", count=40, first="-10m", last="-5s"), warning("rear", last="-4m"), refused_job())
    async with watching(tmp_path, engine, *worlds, watch="C0000000001 front,rear,retail") as at:
        await at.slack.wait_for(lambda: len(posts_in(at)) == 2)
        autoscaler, job = sorted(posts_in(at), key=lambda post: "ResourceQuota" in shown(post))
        assert "HPA front/web cannot scale" in shown(autoscaler)
        assert "ResourceQuota compute" in shown(job)
        # One warning is no trouble.
        at.clock.advance(4 * MINUTE)
        await looked(at)
        assert len(posts_in(at)) == 2
        # The warnings stop.
        at.clock.advance(8 * MINUTE)
        await looked(at)
        at.clock.advance(2 * MINUTE)
        await at.slack.wait_for(lambda: "Over after" in at.slack.message(at.channel, autoscaler["ts"])["text"])


async def test_unexplained_trouble_is_looked_at_once_an_hour_in_the_end(tmp_path, engine):
    unready = {**WELL, "faults": {"Pod/shed/tool-7d9f8b6c54-ddddd": {"ready": False}}}
    async with watching(tmp_path, engine, WELL, watch="C0000000001 shed") as at:
        await breaks(at, unready)
        # At the age of 3, 6, 12 and 15 minutes, then of a day and of a day and an hour.
        for passed, sofar in ((3, 1), (1, 1), (2, 2), (5, 2), (5, 3), (60 * 24, 4), (30, 4), (31, 5), (30, 5)):
            at.clock.advance(passed * MINUTE)
            assert await looks(at, sofar) == sofar
        assert not posts_in(at)


async def test_many_objects_of_one_cause_are_one_look_and_one_post(tmp_path, engine):
    names = [f"web{number}" for number in range(20)]
    world = everywhere(dict.fromkeys(names, "till"), config="app")
    async with watching(tmp_path, engine, world) as at:
        await watched(at)
        for batch in (names[:10], names):
            faults = {
                pod: each for pod, each in lacking(world, "app").items() if pod.split("/")[2].split("-")[0] in batch
            }
            at.cluster.load({**world, "faults": faults})
            await looked(at)
            at.clock.advance(MINUTE / 2)
        at.clock.advance(3 * MINUTE)
        (post,) = await at.slack.wait_for(lambda: posts_in(at))
        assert "20 pods" in shown(post)
        assert await looks(at, 1) == 1


async def test_cause_that_two_looks_find_at_once_is_posted_once_and_not_edited(tmp_path, engine):
    world: dict[str, Any] = {"scene": {"Node/far": {}}, "faults": {"Node/far": {"unreachable": True}}}
    for namespace in ("north", "south"):
        pods = {f"web-7d9f8b6c54-{suffix}": "far" for suffix in ("bbbbb", "ccccc")}
        world["scene"][f"Deployment/{namespace}/web"] = {"containers": {"app": "web:7"}, "pods": pods}
    healthy = {**world, "faults": {}}
    async with watching(tmp_path, engine, healthy, watch="C0000000001 north,south") as at:
        await watched(at, 2 * KINDS)
        at.cluster.load(world)
        await looked(at)
        # So long that the second look ends before the post of the first one is there.
        at.slack.latency = 1.0
        at.clock.advance(4 * MINUTE)
        await at.slack.wait_for(lambda: posts_in(at))
        await at.settled()
        assert await looks(at, 2) == 2
        assert len(posts_in(at)) == 1
        assert not [each for each in at.slack.calls if each.method == "chat.update"]
        assert (await scraped(at)).of("casebook_watch_posts_total", outcome="posted") == 1


async def test_trouble_in_many_namespaces_of_a_watched_cluster_is_one_look(tmp_path, engine):
    world = everywhere({name: name for name in ("north", "south", "east", "west")})
    world["faults"] = lacking(world)
    async with watching(tmp_path, engine, world, watch="C0000000001 *") as at:
        await at.slack.wait_for(lambda: len(posts_in(at)) == 4)
        assert await looks(at, 1) == 1
        # One namespace recovers.
        del world["faults"]["Pod/north/north-7d9f8b6c54-bbbbb"]
        at.cluster.load(world)
        await looked(at)
        at.clock.advance(2 * MINUTE)
        (over,) = await at.slack.wait_for(lambda: [one for one in posts_in(at) if "Over after" in one["text"]])
        assert "north-config" in over["text"]


async def test_muted_incident_is_not_posted(tmp_path, engine):
    async with watching(tmp_path, engine, WELL) as at:
        await breaks(at)
        await at.slack.slash(at.alex, at.channel, "mute namespace till 1d known")
        at.clock.advance(4 * MINUTE)
        await looked(at)
        assert not posts_in(at)
        assert (await scraped(at)).of("casebook_watch_posts_total", outcome="muted") == 1


async def test_forbidden_watch_is_a_note_that_names_the_verb(tmp_path, engine):
    async with watching(tmp_path, engine, SCENE, {"forbidden": ["watch pods"]}) as at:
        await watched(at, KINDS - 1)
        await looked(at)
        async with aiohttp.ClientSession() as session, session.get(f"{at.app.url}/readyz") as ready:
            says = await ready.text()
        assert ready.status == 200
        assert "cannot watch pods in till: needs watch on pods" in says


async def test_another_replica_holds_the_lease(tmp_path, engine):
    async with watching(tmp_path, engine, SCENE) as at:
        await watched(at)
        store = at.app.store
        # This replica stalls, and another one takes over: the watches here end.
        await store.watch_leases.release("", "test")
        while not await store.watch_leases.take("", "other", at.clock()):
            await store.watch_leases.release("", "test")
        async with asyncio.timeout(20):
            while at.cluster.watches:  # noqa: ASYNC110
                await asyncio.sleep(LOOK_S)
        # The other one stops renewing.
        at.clock.advance(MINUTE)
        await watched(at)
