"""Changes of one container of a workload: image, resources, flags. What is shown is what is written, and only that."""

from __future__ import annotations

from typing import Any

import pytest

from bot.remedies.contract import Applied, Course, Preview, Reason, Refusal
from bot.remedies.undoing import plan_to_undo
from tests.remedies.scene import HEALED, Enter, Scene
from tests.remedies.workload_worlds import (
    DEPLOYMENTS,
    OPERATORS,
    OWNED,
    STATEFULSETS,
    STORE,
    WEB,
    World,
    app,
    stateful,
    template,
    web,
)

SIDECAR = {"name": "proxy", "image": "registry.example/proxy:3"}
IMAGE = {"container": "app", "image": "mirror.example/web:1.0"}


def told(preview: Preview) -> str:
    return "\n".join(text.en for text in (*preview.outlook.effects, *preview.outlook.warnings))


def containers(scene: Scene) -> list[World]:
    found: list[World] = scene.stored(*DEPLOYMENTS, "web", "till")["spec"]["template"]["spec"]["containers"]
    return found


def started(scene: Scene) -> tuple[Any, Any]:
    return containers(scene)[0].get("command"), containers(scene)[0].get("args")


async def done(scene: Scene, action: str, **args: Any) -> tuple[Preview, Applied]:
    plan = await scene.made(action, WEB, **args)
    preview = await scene.preview(plan)
    return preview, await scene.applied(plan, preview)


async def refused(scene: Scene, action: str, **args: Any) -> str:
    refusal = await scene.refused_preview(await scene.made(action, WEB, **args))
    assert refusal.reason is Reason.UNSAFE
    assert refusal.says.zh != refusal.says.en
    assert scene.writes() == []
    return refusal.says.en


# --- the same for all ---


async def test_one_container_is_changed_its_pods_replaced_and_a_second_run_writes_nothing(enter: Enter) -> None:
    async with enter(HEALED, web(template(app(), SIDECAR))) as scene:
        before = set(scene.pods("till").values())
        plan = await scene.made("set-image", WEB, **IMAGE)
        preview = await scene.preview(plan)
        applied = await scene.applied(plan, preview)

        assert "-        image: registry.example/web:1.1" in preview.diff
        assert "+        image: mirror.example/web:1.0" in preview.diff
        assert preview.diff.count("\n+") == 2  # the line and the head of the diff
        assert [one["image"] for one in containers(scene)] == ["mirror.example/web:1.0", "registry.example/proxy:3"]
        assert "Container app: registry.example/web:1.1 → mirror.example/web:1.0" in told(preview)
        assert "All 2 pods of Deployment till/web are replaced" in told(preview)
        assert "pulled from mirror.example then, not from registry.example" in told(preview)
        assert not before & set(scene.pods("till").values())
        assert (await scene.settled(plan, applied)).course is Course.WELL
        assert (await scene.applied(plan, preview)).already
        assert [verb for verb, _ in scene.writes()] == ["PATCH"]
        (undo,) = applied.undo
        assert [(one.path[-2:], one.after) for one in undo.changes] == [(("app", "image"), "registry.example/web:1.1")]


async def test_what_changed_since_the_preview_is_not_written_to(enter: Enter) -> None:
    async with enter(HEALED, web()) as scene:
        plan = await scene.made("set-image", WEB, **IMAGE)
        preview = await scene.preview(plan)
        scene.change("Deployment", "till", "web", lambda one: one["spec"]["template"]["spec"].update(hostNetwork=True))

        refusal = await scene.apply(plan, preview)

        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.CONFLICT
        assert scene.writes() == []


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"container": "ap"}, "it has app, proxy; did you mean app?"),
        ({"container": "zzz"}, "it has app, proxy"),
        ({}, "several containers (app, proxy): say which one"),
    ],
)
async def test_a_container_that_is_not_there_is_refused_and_those_that_are_named(
    enter: Enter, args: dict[str, Any], says: str
) -> None:
    async with enter(HEALED, web(template(app(), SIDECAR))) as scene:
        assert says in await refused(scene, "set-image", image="web:2", **args)


async def test_an_operators_object_is_changed_at_its_owner(enter: Enter) -> None:
    async with enter(HEALED, stateful(template(), OPERATORS, **OWNED)) as scene:
        refusal = await scene.refused_preview(await scene.made("set-image", STORE, container="no", image="web:2"))

        assert "made by TidbCluster main, which would write over the change" in refusal.says.en
        assert scene.writes() == []


@pytest.mark.parametrize("spec", [{"paused": True}])
async def test_a_paused_deployment_is_resumed_first(enter: Enter, spec: dict[str, Any]) -> None:
    async with enter(HEALED, web(None, **spec)) as scene:
        assert "is paused" in await refused(scene, "set-image", **IMAGE)


async def test_a_stateful_set_that_may_wait_for_a_broken_pod_is_warned_of(enter: Enter) -> None:
    async with enter(HEALED, stateful(template(), ready=False)) as scene:
        plan = await scene.made("set-image", STORE, **IMAGE)
        preview = await scene.preview(plan)
        await scene.applied(plan, preview)

        assert "Not ready now: store-0. A StatefulSet may wait" in told(preview)
        stored = scene.stored(*STATEFULSETS, "store", "till")["spec"]["template"]
        assert stored["spec"]["containers"][0]["image"] == "mirror.example/web:1.0"


async def test_what_is_scaled_to_nothing_is_done_once_it_is_written(enter: Enter) -> None:
    world = web(None, replicas=0)
    world["objects"] = world["objects"][:1]
    world["objects"][0]["status"] = {"observedGeneration": 1}
    async with enter(HEALED, world) as scene:
        plan = await scene.made("set-image", WEB, **IMAGE)
        preview = await scene.preview(plan)
        applied = await scene.applied(plan, preview)

        assert "scaled to 0: it shows only once it is scaled up" in told(preview)
        assert (await scene.settled(plan, applied)).course is Course.WELL


# --- image ---


@pytest.mark.parametrize(
    ("image", "says"),
    [
        ("", "no image was given"),
        (None, "no image was given"),
        ("https://registry.example/web:1.0", "leave out https://"),
        ("registry.example/Web:1.0", "small letters"),
        ("web 1.0", "is no image"),
        ("web:", "is no image"),
        ("web:1.0:2", "is no image"),
        ("-web", "is no image"),
        ("web@sha256:abc", "is no image"),
        ("w" * 600, "is no image"),
        ("registry.example/web:1.1", "already"),
        (" registry.example/web:1.1 ", "already"),
    ],
)
async def test_what_is_no_other_image_is_refused(enter: Enter, image: Any, says: str) -> None:
    async with enter(HEALED, web()) as scene:
        assert says in await refused(scene, "set-image", container="app", image=image)


@pytest.mark.parametrize(
    "image",
    ["nginx", "localhost:5000/a/b__c.d-e", "ghcr.io/org/web:1.0_x", "web@sha256:" + "a" * 64, "[fd00::1]:5000/web:1"],
)
async def test_images_are_written_in_many_ways(enter: Enter, image: str) -> None:
    async with enter(HEALED, web()) as scene:
        await done(scene, "set-image", container="app", image=f" {image} ")

        assert containers(scene)[0]["image"] == image


async def test_a_tag_that_moves_and_a_container_left_behind_are_told(enter: Enter) -> None:
    pod = template(app())
    pod["spec"]["initContainers"] = [{"name": "migrate", "image": "registry.example/web:1.1"}]
    async with enter(HEALED, web(pod)) as scene:
        preview, _ = await done(scene, "set-image", container="app", image="registry.example/web")

        assert "latest is no fixed version; nodes that have some copy of it keep that" in told(preview)
        assert "migrate has the same image now, and keeps it" in told(preview)


async def test_an_init_container_may_be_given_another_image(enter: Enter) -> None:
    pod = template(app())
    pod["spec"]["initContainers"] = [{"name": "migrate", "image": "registry.example/web:1.1"}]
    async with enter(HEALED, web(pod)) as scene:
        await done(scene, "set-image", container="migrate", image="registry.example/web:1.0")

        spec = scene.stored(*DEPLOYMENTS, "web", "till")["spec"]["template"]["spec"]
        assert spec["initContainers"][0]["image"] == "registry.example/web:1.0"
        assert spec["containers"][0]["image"] == "registry.example/web:1.1"


# --- resources ---

ASKING = {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "2Gi"}}


async def test_a_request_is_lowered_in_numbers_and_what_was_left_empty_stays(enter: Enter) -> None:
    async with enter(HEALED, web(template(app(resources=ASKING)))) as scene:
        preview, applied = await done(scene, "set-resources", requests={"cpu": "250m", "memory": ""})

        assert containers(scene)[0]["resources"] == {
            "requests": {"cpu": "250m", "memory": "1Gi"},
            "limits": {"memory": "2Gi"},
        }
        assert "-            cpu: 500m" in preview.diff
        assert "+            cpu: 250m" in preview.diff
        assert "Container app: cpu request 500m → 250m" in told(preview)
        assert "Over all pods (2) that is 500m cpu less" in told(preview)
        assert applied.undo[0].changes[0].after == "500m"


async def test_requests_and_limits_of_what_had_none_are_added(enter: Enter) -> None:
    async with enter(HEALED, web()) as scene:
        preview, _ = await done(scene, "set-resources", requests={"memory": "512Mi"}, limits={"memory": "1Gi"})

        assert containers(scene)[0]["resources"] == {"requests": {"memory": "512Mi"}, "limits": {"memory": "1Gi"}}
        assert "memory request none → 512Mi; memory limit none → 1Gi" in told(preview)
        assert "Over all pods (2) that is 1Gi memory more to find room for" in told(preview)
        assert "more than 1Gi of memory is killed" in told(preview)


async def test_what_asks_for_nothing_asks_for_its_limit(enter: Enter) -> None:
    async with enter(HEALED, web()) as scene:

        def limited(one: World) -> None:
            one["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "1"}}

        scene.change("Deployment", "till", "web", limited)
        preview = await scene.preview(await scene.made("set-resources", WEB, requests={"cpu": "400m"}))

        assert "cpu request none (so its limit, 1) → 400m" in told(preview)
        assert "Over all pods (2) that is 1.2 cpu less" in told(preview)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({}, "no request and no limit was given"),
        ({"requests": {"cpu": "", "memory": None}}, "no request and no limit was given"),
        ({"requests": {"cpu": "half"}}, "cpu request: 'half' is not a quantity"),
        ({"requests": {"cpu": True}}, "is not a quantity"),
        ({"requests": {"cpu": "-1"}}, "too little"),
        ({"limits": {"memory": "0"}}, "too little"),
        ({"requests": {"memory": "512m"}}, "did you mean 512Mi?"),
        ({"requests": {"memory": 512}}, "memory request: 512 is 512 bytes; did you mean 512Mi?"),
        ({"requests": {"memry": "1Gi"}}, "memry is no resource of a container; did you mean memory?"),
        ({"requests": "1Gi"}, "no map of quantities"),
        ({"requests": {"memory": "3Gi"}}, "more memory (3Gi) than its limit allows (2Gi): give both"),
        ({"limits": {"memory": "512Mi"}}, "more memory (1Gi) than its limit allows (512Mi): give both"),
        ({"requests": {"cpu": "0.5", "memory": "1024Mi"}}, "already"),
    ],
)
async def test_resources_that_cannot_be_meant_are_refused(enter: Enter, args: dict[str, Any], says: str) -> None:
    async with enter(HEALED, web(template(app(resources=ASKING)))) as scene:
        assert says in await refused(scene, "set-resources", **args)


async def test_of_several_containers_one_must_be_named(enter: Enter) -> None:
    async with enter(HEALED, web(template(app(resources=ASKING), SIDECAR))) as scene:
        assert "say which one" in await refused(scene, "set-resources", requests={"cpu": "1"})


async def test_an_autoscaler_by_percent_of_the_request_is_named(enter: Enter) -> None:
    scaler = {
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"namespace": "till", "name": "web"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "maxReplicas": 9,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
                }
            ],
        },
    }
    async with enter(HEALED, web(template(app(resources=ASKING)), scaler)) as scene:
        preview, _ = await done(scene, "set-resources", requests={"cpu": "40"})

        assert "HorizontalPodAutoscaler web counts cpu in percent of the request: it will scale down" in told(preview)
        assert "40 means whole CPUs" in told(preview)


# --- flags ---


@pytest.mark.parametrize(
    ("container", "args", "command", "then"),
    [
        # where it stands, in the form it has
        ({"args": ["serve", "--v=2"]}, {"set": {"--v": "4"}}, None, ["serve", "--v=4"]),
        ({"args": ["-v", "2", "serve"]}, {"set": {"--v": 4}}, None, ["-v", "4", "serve"]),
        ({"command": ["/app", "--v=2"], "args": ["x"]}, {"set": {"--v": "4"}}, ["/app", "--v=4"], ["x"]),
        ({"command": ["/app", "--v"], "args": ["2"]}, {"set": {"--v": "4"}}, ["/app", "--v"], ["4"]),
        ({"args": ["--on=false"]}, {"set": {"--on": True}}, None, ["--on=true"]),
        ({"args": ["--on=false"]}, {"add": ["--on"]}, None, ["--on=true"]),
        ({"args": ["--no-on", "x"]}, {"add": ["--on"]}, None, ["--on", "x"]),
        ({"args": ["--on", "x"]}, {"set": {"--on": "false"}}, None, ["--on=false", "x"]),
        # added
        ({"args": ["serve", "--v=2"]}, {"set": {"--w": "4"}}, None, ["serve", "--v=2", "--w=4"]),
        ({"args": ["serve"]}, {"add": ["--w"]}, None, ["serve", "--w"]),
        ({"command": ["/app", "--v=2"], "args": None}, {"add": ["--w"]}, ["/app", "--v=2", "--w"], None),
        ({"command": ["/app"], "args": None}, {"add": ["--w"]}, ["/app"], ["--w"]),
        # before arguments that end the flags of some programs
        (
            {"command": ["/draino", "--node-label=a=b", "KernelDeadlock"], "args": None},
            {"add": ["--evict-statefulset-pods"]},
            ["/draino", "--evict-statefulset-pods", "--node-label=a=b", "KernelDeadlock"],
            None,
        ),
        ({"args": ["tini", "-g", "--", "/app"]}, {"add": ["--w"]}, None, ["tini", "-g", "--", "/app", "--w"]),
        # what may be given many times
        ({"args": ["--not=a"]}, {"add": ["--not=b"]}, None, ["--not=a", "--not=b"]),
        # several at once, one of them so already
        (
            {"args": ["--leader-elect"]},
            {"set": {"--leader-elect": "true", "--lease": "60s"}, "add": ["--w"]},
            None,
            ["--leader-elect", "--lease=60s", "--w"],
        ),
        ({"args": ["--leader-elect"]}, {"set": {"--x": "1"}, "only_if_flag": "--leader-elect"}, None, None),
        ({"args": ["--leader-elect"]}, {"set": {"--x": "1"}, "only_if_flag": ["--y", "--leader-elect"]}, None, None),
    ],
)
async def test_a_flag_is_changed_where_it_stands_or_added_where_it_is_read(
    enter: Enter, container: World, args: dict[str, Any], command: Any, then: Any
) -> None:
    if "only_if_flag" in args:
        then = ["--leader-elect", "--x=1"]
    given = {key: value for key, value in (app() | container).items() if value is not None}
    async with enter(HEALED, web(template(given, SIDECAR))) as scene:
        _, applied = await done(scene, "set-args", container="app", **args)

        assert started(scene) == (command, then)
        assert containers(scene)[1]["name"] == "proxy"
        assert applied.undo


async def test_each_flag_is_told_with_what_it_was(enter: Enter) -> None:
    async with enter(HEALED, web()) as scene:
        preview, _ = await done(scene, "set-args", container="app", set={"--v": "4", "--w": "1"})

        assert "app: --v 2 → 4" in told(preview)
        assert "app: --w=1 is added" in told(preview)
        assert "A program that does not know --w does not start" in told(preview)
        assert "+        - --v=4" in preview.diff
        assert "+        - --w=1" in preview.diff


@pytest.mark.parametrize(
    ("container", "args", "says"),
    [
        ({}, {"set": {"--v": "2"}}, "is started with --v=2 already"),
        ({"args": ["--on"]}, {"add": ["--on"], "set": {"--on": "true"}}, "started with --on, --on already"),
        ({"args": ["--not=a"]}, {"add": ["--not=a"]}, "already"),
        ({"args": ["--v=1", "--v=2"]}, {"set": {"--v": "4"}}, "--v is given more than once"),
        ({}, {}, "no flag was given"),
        ({}, {"set": {"--v": ""}}, "no flag was given"),
        ({}, {"set": {"v": "2"}}, "'v' is no flag"),
        ({}, {"add": ["rm -rf"]}, "is no flag"),
        ({}, {"set": {"--v": "a\nb"}}, "more than one line"),
        ({}, {"set": ["--v"]}, "set is no map of flags"),
        ({"args": None}, {"add": ["--w"]}, "started as its image says"),
        ({"command": ["/bin/sh", "-ec", "exec /app --v=2"]}, {"add": ["--w"]}, "through a shell"),
        ({"command": ["tini", "--", "bash", "-c"]}, {"add": ["--w"]}, "through a shell"),
        ({}, {"add": ["--w"], "only_if_flag": "--leader-elect"}, "is started without --leader-elect: whether"),
        ({}, {"add": ["--w"], "only_if_flag": ["--a", "--b"]}, "is started without any of --a, --b"),
    ],
)
async def test_flags_that_cannot_be_meant_or_are_set_already_are_refused(
    enter: Enter, container: World, args: dict[str, Any], says: str
) -> None:
    given = {key: value for key, value in (app() | container).items() if value is not None}
    async with enter(HEALED, web(template(given))) as scene:
        assert says in await refused(scene, "set-args", container="app", **args)


# --- taken back ---


@pytest.mark.parametrize(
    ("action", "args"),
    [
        ("set-image", IMAGE),
        ("set-resources", {"requests": {"cpu": "100m"}, "container": "app"}),
        ("set-args", {"container": "app", "set": {"--v": "4"}, "add": ["--w"]}),
    ],
)
async def test_it_is_taken_back_to_the_template_it_had(enter: Enter, action: str, args: dict[str, Any]) -> None:
    async with enter(HEALED, web(template(app(), SIDECAR))) as scene:
        before = scene.stored(*DEPLOYMENTS, "web", "till")["spec"]
        plan = await scene.made(action, WEB, **args)
        applied = await scene.applied(plan, await scene.preview(plan))
        assert scene.stored(*DEPLOYMENTS, "web", "till")["spec"] != before

        undo = plan_to_undo(plan, applied, now=plan.created)
        assert undo is not None
        again = await scene.preview(undo)
        await scene.applied(undo, again)

        assert "The pods are replaced once more" in told(again)
        assert scene.stored(*DEPLOYMENTS, "web", "till")["spec"] == before
