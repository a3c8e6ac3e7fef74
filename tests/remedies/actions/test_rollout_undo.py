"""Back to the template of before: which one it is, what goes back with it, and when there is none."""

from __future__ import annotations

from typing import Any

import pytest

from bot.remedies.contract import EffectState, Preview, Reason, Refusal
from bot.remedies.undo import plan_to_undo
from tests.end_to_end.every_action.scenario import Scenario, one_patch
from tests.remedies import every_kind
from tests.remedies.scene import HEALED, Enter, Scene
from tests.remedies.trial import trials
from tests.remedies.workload_worlds import (
    DEPLOYMENTS,
    OPERATORS,
    OWNED,
    STATEFULSETS,
    STORE,
    WEB,
    World,
    app,
    controller_revision,
    pod,
    replica_set,
    stateful,
    template,
    web,
)

OLD = template(app("registry.example/web:1.0"))
RESTARTED = {"kubectl.kubernetes.io/restartedAt": "2026-03-01T00:00:00Z"}
SHOWN_OLD = replica_set(1, OLD, creationTimestamp="-3d")


def told(preview: Preview) -> str:
    return "\n".join(text.en for text in (*preview.outlook.effects, *preview.outlook.warnings))


def stored(scene: Scene) -> World:
    found: World = scene.stored(*DEPLOYMENTS, "web", "till")
    return found


def image(scene: Scene) -> str:
    return str(stored(scene)["spec"]["template"]["spec"]["containers"][0]["image"])


async def test_a_deployment_goes_back_to_the_revision_before(enter: Enter) -> None:
    async with enter(HEALED, web(None, SHOWN_OLD)) as scene:
        plan = await scene.made("rollout-undo", WEB)
        preview = await scene.preview(plan)
        applied = await scene.applied(plan, preview)

        assert "-        image: registry.example/web:1.1" in preview.diff
        assert "+        image: registry.example/web:1.0" in preview.diff
        assert preview.diff.count("\n+") == 2  # the line and the head of the diff
        assert "Rolls back to revision 1 (web-0001, created 3d ago)" in told(preview)
        assert "Images after it: app: registry.example/web:1.1 → registry.example/web:1.0" in told(preview)
        assert "ConfigMaps, Secrets and data stay" in told(preview)
        assert applied.says.en == "Deployment till/web was rolled back to revision 1"
        assert image(scene) == "registry.example/web:1.0"
        assert stored(scene)["spec"]["template"]["metadata"]["labels"] == {"app": "web"}
        # As recorded: the old ReplicaSet is scaled up again, none is made.
        assert scene.stored("apps", "replicasets", "web-0001", "till")["spec"]["replicas"] == 2
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY
        assert (await scene.applied(plan, preview)).already
        assert [verb for verb, _ in scene.writes()] == ["PATCH"]
        assert [one.after for one in applied.undo[0].changes] == ["registry.example/web:1.1"]


async def test_pods_that_a_stuck_rollout_has_left_stay_and_are_not_waited_for(enter: Enter) -> None:
    world = web(None, replica_set(1, OLD, replicas=1))
    world["objects"][1]["spec"]["replicas"] = 1
    world["objects"][2] = pod("web-0001", "web-0001-aaaaa")
    world["objects"][3] = pod("web-0002", "web-0002-bbbbb", ready=False)
    async with enter(HEALED, world) as scene:
        stays = scene.pods("till")["web-0001-aaaaa"]
        plan = await scene.made("rollout-undo", WEB)
        preview = await scene.preview(plan)
        applied = await scene.applied(plan, preview)

        assert "1 of its pods still run that revision and stay; 1 are replaced, a few" in told(preview)
        assert "All pods" not in told(preview)
        assert scene.pods("till")["web-0001-aaaaa"] == stays
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY


async def test_what_ran_before_is_told_from_what_only_restarted(enter: Enter) -> None:
    restarted = template(annotations=RESTARTED)
    world = web(restarted, SHOWN_OLD)
    world["objects"][1] = replica_set(3, restarted, replicas=2)
    for one in world["objects"][2:4]:
        one["metadata"]["ownerReferences"][0]["name"] = "web-0003"
    world["objects"].append(replica_set(2, template()))
    async with enter(HEALED, world) as scene:
        plan = await scene.made("rollout-undo", WEB)
        preview = await scene.preview(plan)
        await scene.applied(plan, preview)

        assert "Rolls back to revision 1" in told(preview)
        assert "Revision 2 is skipped" in told(preview)
        assert image(scene) == "registry.example/web:1.0"

    async with enter(HEALED, world) as scene:
        asked = await scene.preview(await scene.made("rollout-undo", WEB, revision="2"))

        assert "differs from the current revision only by a restart" in told(asked)


async def test_a_revision_may_be_named(enter: Enter) -> None:
    oldest = template(app("registry.example/web:0.9"))
    world = web(None, replica_set(1, oldest))
    world["objects"][1] = replica_set(3, template(), replicas=2)
    for one in world["objects"][2:4]:
        one["metadata"]["ownerReferences"][0]["name"] = "web-0003"
    world["objects"].append(replica_set(2, OLD))
    async with enter(HEALED, world) as scene:
        plan = await scene.made("rollout-undo", WEB, revision="1")
        await scene.applied(plan, await scene.preview(plan))

        assert image(scene) == "registry.example/web:0.9"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"revision": "7"}, "has no revision 7; the cluster keeps 1, 2"),
        ({"revision": 2}, "already has the template of revision 2"),
        ({"revision": "last"}, "'last' is not a revision number"),
    ],
)
async def test_a_revision_that_is_none_to_go_back_to_is_refused(enter: Enter, args: dict[str, Any], says: str) -> None:
    async with enter(HEALED, web(None, SHOWN_OLD)) as scene:
        refusal = await scene.refused_preview(await scene.made("rollout-undo", WEB, **args))

        assert refusal.reason is Reason.UNSAFE
        assert says in refusal.says.en
        assert scene.writes() == []


@pytest.mark.parametrize(
    ("world", "says"),
    [
        (web(), "keeps no earlier revision"),
        (web(template(annotations=RESTARTED), replica_set(1, template())), "only by restarts"),
        (web(None, SHOWN_OLD, paused=True), "is paused"),
    ],
    ids=["first", "restarts", "paused"],
)
async def test_where_there_is_nothing_to_go_back_to_nothing_is_written(enter: Enter, world: World, says: str) -> None:
    async with enter(HEALED, world) as scene:
        refusal = await scene.refused_preview(await scene.made("rollout-undo", WEB))

        assert says in refusal.says.en
        assert scene.writes() == []


async def test_anothers_replica_sets_are_not_ours(enter: Enter) -> None:
    stranger = replica_set(1, OLD)
    stranger["metadata"]["ownerReferences"][0]["name"] = "prometheus-adapter"
    stranger["metadata"]["ownerReferences"][0]["uid"] = "another"
    async with enter(HEALED, web(None, stranger)) as scene:
        assert (
            "keeps no earlier revision" in (await scene.refused_preview(await scene.made("rollout-undo", WEB))).says.en
        )


async def test_a_change_not_taken_up_yet_is_waited_for(enter: Enter) -> None:
    async with enter(HEALED, web(None, SHOWN_OLD)) as scene:
        scene.change("Deployment", "till", "web", lambda one: one["metadata"].update(generation=9))
        refusal = await scene.refused_preview(await scene.made("rollout-undo", WEB))

        assert "has not observed the last change" in refusal.says.en


async def test_going_back_a_second_time_names_the_revision_that_was_left(enter: Enter) -> None:
    async with enter(HEALED, web(None, SHOWN_OLD)) as scene:
        first = await scene.made("rollout-undo", WEB)
        await scene.applied(first, await scene.preview(first))

        again = await scene.preview(await scene.made("rollout-undo", WEB))

        assert "Rolls back to revision 2" in told(again)
        assert "is itself the result of a rollback (it was revision 1): revision 2 may be the one that failed" in told(
            again
        )


async def test_the_note_of_why_goes_back_with_the_template(enter: Enter) -> None:
    cause = "kubernetes.io/change-cause"
    old = replica_set(1, OLD, annotations={cause: "release 1.0"})
    async with enter(HEALED, web(None, old, annotations={cause: "release 1.1", "team": "shop"})) as scene:
        plan = await scene.made("rollout-undo", WEB)
        preview = await scene.preview(plan)
        await scene.applied(plan, preview)

        assert '("release 1.0")' in told(preview)
        assert stored(scene)["metadata"]["annotations"][cause] == "release 1.0"
        assert stored(scene)["metadata"]["annotations"]["team"] == "shop"


async def test_config_maps_that_only_the_old_template_names_must_still_be_there(enter: Enter) -> None:
    needing = template(app("registry.example/web:1.0", envFrom=[{"configMapRef": {"name": "settings-8h2k"}}]))
    async with enter(HEALED, web(None, replica_set(1, needing))) as scene:
        preview = await scene.preview(await scene.made("rollout-undo", WEB))

        assert "ConfigMaps that no longer exist: settings-8h2k" in told(preview)
    there = {"kind": "ConfigMap", "metadata": {"namespace": "till", "name": "settings-8h2k"}, "data": {}}
    async with enter(HEALED, web(None, replica_set(1, needing), there)) as scene:
        assert "are gone" not in told(await scene.preview(await scene.made("rollout-undo", WEB)))


async def test_what_changed_since_the_preview_is_not_written_to(enter: Enter) -> None:
    async with enter(HEALED, web(None, SHOWN_OLD)) as scene:
        plan = await scene.made("rollout-undo", WEB)
        preview = await scene.preview(plan)
        scene.change("Deployment", "till", "web", lambda one: one["spec"].update(replicas=5))

        refusal = await scene.apply(plan, preview)

        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.CONFLICT
        assert scene.writes() == []


# --- ControllerRevisions ---


async def test_a_stateful_set_goes_back_to_its_controller_revision(enter: Enter) -> None:
    now = template(app(env=[{"name": "BAD", "value": "yes"}]))
    world = stateful(now, controller_revision(1, OLD), controller_revision(2, now), ready=False)
    async with enter(HEALED, world) as scene:
        plan = await scene.made("rollout-undo", STORE)
        preview = await scene.preview(plan)
        applied = await scene.applied(plan, preview)

        kept = scene.stored(*STATEFULSETS, "store", "till")["spec"]["template"]
        assert kept["spec"]["containers"][0]["image"] == "registry.example/web:1.0"
        # The template is replaced, not merged.
        assert "env" not in kept["spec"]["containers"][0]
        assert "$patch" not in kept
        assert "Rolls back to revision 1 (store-1" in told(preview)
        assert "Not ready now: store-0. A StatefulSet may wait" in told(preview)
        assert "-        - name: BAD" in preview.diff
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY
        assert applied.undo


async def test_a_controller_revision_that_keeps_no_template_is_none(enter: Enter) -> None:
    empty = controller_revision(1, OLD) | {"data": {}}
    async with enter(HEALED, stateful(template(), empty, controller_revision(2, template()))) as scene:
        refusal = await scene.refused_preview(await scene.made("rollout-undo", STORE))

        assert "keeps no earlier revision" in refusal.says.en
        assert scene.writes() == []


async def test_an_operators_stateful_set_is_not_rolled_back_here(enter: Enter) -> None:
    world = stateful(template(), controller_revision(1, OLD), controller_revision(2, template()), OPERATORS, **OWNED)
    async with enter(HEALED, world) as scene:
        refusal = await scene.refused_preview(await scene.made("rollout-undo", STORE))

        assert "managed by TidbCluster main" in refusal.says.en
        assert scene.writes() == []


# --- taken back ---


async def test_a_rollback_is_taken_back_to_the_template_it_left(enter: Enter) -> None:
    async with enter(HEALED, web(None, SHOWN_OLD)) as scene:
        before = stored(scene)["spec"]
        plan = await scene.made("rollout-undo", WEB)
        applied = await scene.applied(plan, await scene.preview(plan))
        undo = plan_to_undo(plan, applied, now=plan.created)
        assert undo is not None
        await scene.applied(undo, await scene.preview(undo))

        assert stored(scene)["spec"] == before
        assert scene.stored("apps", "replicasets", "web-0002", "till")["spec"]["replicas"] == 2


async def test_a_stateful_sets_rollback_is_taken_back(enter: Enter) -> None:
    now = template(app(env=[{"name": "BAD", "value": "yes"}]))
    async with enter(HEALED, stateful(now, controller_revision(1, OLD), controller_revision(2, now))) as scene:
        before = scene.stored(*STATEFULSETS, "store", "till")["spec"]
        plan = await scene.made("rollout-undo", STORE)
        applied = await scene.applied(plan, await scene.preview(plan))
        undo = plan_to_undo(plan, applied, now=plan.created)
        assert undo is not None
        await scene.applied(undo, await scene.preview(undo))

        assert scene.stored(*STATEFULSETS, "store", "till")["spec"] == before


async def test_a_partly_rolled_stateful_set_keeps_the_pods_of_before(enter: Enter) -> None:
    now = template(app(env=[{"name": "BAD", "value": "yes"}]))
    world = stateful(now, controller_revision(1, OLD), controller_revision(2, now))
    world["objects"][1]["metadata"]["labels"]["controller-revision-hash"] = "store-1"
    async with enter(HEALED, world) as scene:
        preview = await scene.preview(await scene.made("rollout-undo", STORE))

        assert "1 of its pods still run that revision and stay; 0 are replaced, one by one" in told(preview)


async def test_where_revisions_may_not_be_read_that_is_what_is_said(enter: Enter) -> None:
    async with enter(HEALED, stateful(template(), controller_revision(2, template()))) as scene:
        plan = await scene.made("rollout-undo", STORE)
        image_plan = await scene.made("set-image", STORE, container="app", image="registry.example/web:1.2")
        scene.cluster.forbid(verb="list", resource="controllerrevisions")

        refusal = await scene.refused_preview(plan)
        assert refusal.reason is Reason.FORBIDDEN
        assert "list on apps/controllerrevisions" in refusal.says.en
        assert scene.writes() == []

        # What needs no revision is told as well as it can be.
        applied = await scene.applied(image_plan, await scene.preview(image_plan))
        assert (await scene.effect_of(image_plan, applied)).state is EffectState.HEALTHY


# --- for the tests of every action ---

TRIALS = trials("rollout-undo", every_kind.WORKLOADS)
SCENARIOS = (
    Scenario(
        action="rollout-undo", incident="image-pull-failed", case="there is no such tag",
        button="Roll back workload", **one_patch("/apis/apps/v1/namespaces/store/deployments/cart"),
    ),
)  # fmt: skip
