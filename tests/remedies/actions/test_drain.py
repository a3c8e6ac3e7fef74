"""A node is emptied: every pod that can run elsewhere is evicted as its budget allows, and nothing else is touched."""

from __future__ import annotations

from bot.remedies.contract import EffectState, Reason, Verb
from bot.remedies.undo import plan_to_undo
from tests.end_to_end.every_action import own_incident as own
from tests.end_to_end.every_action.scenario import DONE, Scenario
from tests.end_to_end.every_action.watching import Json, Watch, Write
from tests.remedies import every_kind
from tests.remedies.drain_scene import (
    ENOUGH,
    NODE,
    STAYING,
    WEB,
    evictions,
    node,
    on_node,
    pod,
    told,
    world,
)
from tests.remedies.scene import HEALED, Enter, through_journal
from tests.remedies.trial import trials


async def test_the_node_is_cordoned_and_emptied_of_what_can_run_elsewhere(enter: Enter) -> None:
    async with enter(HEALED, world()) as scene:
        plan = await scene.made("drain", NODE)
        preview = await scene.preview(plan)
        assert scene.writes() == []
        applied = await scene.applied(plan, preview)

        assert [step.verb for step in preview.steps] == [Verb.PATCH, Verb.EVICT, Verb.EVICT]
        assert evictions(scene) == ["web-1-a", "web-1-b"]
        assert scene.stored("", "nodes", "old-1")["spec"]["unschedulable"] is True
        assert on_node(scene) == {"agent-x", "dns-old-1", "etcd-old-1", "job-done"}
        assert applied.says.en == (
            "Node old-1 was cordoned and gets no new pods; Pod shop/web-1-a was evicted; Pod shop/web-1-b was evicted"
        )
        settled = await scene.effect_of(plan, applied)
        assert (settled.state, settled.says.en) == (EffectState.HEALTHY, "the evicted pods are gone from Node old-1")


async def test_the_preview_names_every_pod_what_stays_and_what_is_lost(enter: Enter) -> None:
    async with enter(HEALED, world(ENOUGH)) as scene:
        preview = await scene.preview(await scene.made("drain", NODE))

        changed = [line for line in preview.diff.splitlines() if line[0] in "+-" and line[:3] not in ("+++", "---")]
        assert changed == [
            "-unschedulable: false",
            "+unschedulable: true",
            "-shop/web-1-a (ReplicaSet web-1), loses cache",
            "-shop/web-1-b (ReplicaSet web-1)",
        ]
        effects, warnings = told(preview.outlook.effects), told(preview.outlook.warnings)
        assert "2 pods are evicted one by one, each with at most 30 s to stop" in effects
        assert "shop/web-1-a, shop/web-1-b" in effects
        assert "These pods stay: 1 of DaemonSets, 2 static, 1 finished" in effects
        assert "shop/web covers 2 of them (3 healthy, 1 required, 2 evictions allowed now)" in effects
        assert warnings == "Data in local volumes (emptyDir) is lost: shop/web-1-a"


async def test_a_pod_that_nothing_recreates_is_not_evicted(enter: Enter) -> None:
    async with enter(HEALED, world(pod("handmade", owner=None))) as scene:
        refusal = await scene.refused_preview(await scene.made("drain", NODE))

        assert refusal.reason is Reason.UNSAFE
        assert "no controller recreates shop/handmade" in refusal.says.en
        assert scene.writes() == []


async def test_two_budgets_over_one_pod_are_told_before_anything_is_written(enter: Enter) -> None:
    async with enter(HEALED, world(ENOUGH, ENOUGH | {"metadata": {"name": "all", "namespace": "shop"}})) as scene:
        refusal = await scene.refused_preview(await scene.made("drain", NODE))

        assert "Pod shop/web-1-a is covered by 2 PodDisruptionBudgets (shop/all, shop/web)" in refusal.says.en
        assert scene.writes() == []


async def test_a_node_that_is_drained_is_not_drained_again(enter: Enter) -> None:
    async with enter(HEALED, world(of=[node("old-1", unschedulable=True), node("new-1"), *STAYING])) as scene:
        refusal = await scene.refused_preview(await scene.made("drain", NODE))

        assert "is already drained" in refusal.says.en


async def test_what_somebody_else_cordoned_stays_so_when_it_is_taken_back(enter: Enter) -> None:
    async with enter(HEALED, world(of=[node("old-1", unschedulable=True), node("new-1"), *WEB])) as scene:
        plan = await scene.made("drain", NODE)
        applied = await scene.applied(plan, await scene.preview(plan))

        assert evictions(scene) == ["web-1-a", "web-1-b"]
        assert applied.undo == ()


async def test_taking_it_back_is_to_uncordon(enter: Enter) -> None:
    """Also after the node controller has added its taint."""
    async with enter(HEALED, world()) as scene:
        plan = await scene.made("drain", NODE)
        applied = await scene.applied(plan, await scene.preview(plan))
        assert scene.stored("", "nodes", "old-1")["spec"]["taints"]

        undo = plan_to_undo(plan, applied, now=plan.created)
        assert undo is not None
        undo = through_journal(undo)
        await scene.applied(undo, await scene.preview(undo))

        assert "unschedulable" not in scene.stored("", "nodes", "old-1")["spec"]
        assert len(evictions(scene)) == 2


async def test_run_twice_it_evicts_once(enter: Enter) -> None:
    async with enter(HEALED, world()) as scene:
        plan = await scene.made("drain", NODE)
        preview = await scene.preview(plan)
        first, second = await scene.applied(plan, preview), await scene.applied(plan, preview)

        assert (first.already, second.already) == (False, True)
        assert evictions(scene) == ["web-1-a", "web-1-b"]


async def test_what_came_after_the_preview_is_not_evicted_but_told(enter: Enter) -> None:
    async with enter(HEALED, world()) as scene:
        plan = await scene.made("drain", NODE)
        preview = await scene.preview(plan)
        scene.cluster.load({"objects": [pod("web-1-late", owner=("ReplicaSet", "web-1"))]})
        applied = await scene.applied(plan, preview)

        assert "web-1-late" in on_node(scene)
        settled = await scene.effect_of(plan, applied)
        assert "shop/web-1-late started after the preview and runs there: drain the node again" in settled.says.en


async def test_pods_that_are_still_ending_are_waited_for(enter: Enter) -> None:
    held = pod("web-1-a", owner=("ReplicaSet", "web-1"), metadata={"finalizers": ["example.com/wait"]})
    async with enter(HEALED, world(of=[node("old-1"), node("new-1"), *WEB[:2], held])) as scene:
        plan = await scene.made("drain", NODE)
        applied = await scene.applied(plan, await scene.preview(plan))

        settled = await scene.effect_of(plan, applied)
        assert settled.state is EffectState.PENDING
        assert "1 evicted pods are still terminating on Node old-1: shop/web-1-a" in settled.says.en


# --- for the tests of every action ---

_RETIRING = "node old-1 is marked for retirement"


def _drained(writes: list[Write], watch: Watch) -> tuple[list[str], list[str]]:
    gone = [each.before for each in writes[1:] if each.before]
    return ["unschedulable: false", *map(_line, gone)], ["unschedulable: true"]


def _line(found: Json) -> str:
    (owner,) = found["metadata"]["ownerReferences"]
    return f"{found['metadata']['namespace']}/{found['metadata']['name']} ({owner['kind']} {owner['name']})"


def _retiring_node() -> Json:
    """Two pods on it can run elsewhere, that of a DaemonSet stays."""
    web = (("web-1-a", "old-1"), ("web-1-b", "old-1"), ("web-1-c", "new-1"))
    return own.objects(
        own.node("old-1", labels={"acme.io/retiring": "yes"}),
        own.node("new-1"),
        own.workload("Deployment", "web", replicas=3),
        own.workload("ReplicaSet", "web-1", owner=("Deployment", "web"), replicas=3),
        *(own.pod(name, owner=("ReplicaSet", "web-1"), on=on) for name, on in web),
        own.workload("DaemonSet", "agent"),
        own.pod("agent-x", owner=("DaemonSet", "agent"), on="old-1"),
    )


TRIALS = trials("drain", (every_kind.NODE,))
SCENARIOS = (
    Scenario(
        action="drain", world=_retiring_node(), text=_RETIRING, button="Drain old-1", ends=DONE, told=_drained,
        entry=own.entry(
            "node-retiring", _RETIRING, signature="node <node> is marked for retirement", kind="Node",
            fields={"retiring": 'metadata.labels["acme.io/retiring"]'}, when='row.retiring == "yes"',
            remedy={"action": "drain", "title": "Drain {row.name}", "risk": "disruptive"},
        ),
        writes=(
            "PATCH /api/v1/nodes/old-1",
            "POST /api/v1/namespaces/shop/pods/web-1-a/eviction",
            "POST /api/v1/namespaces/shop/pods/web-1-b/eviction",
        ),
        undo=("PATCH /api/v1/nodes/old-1",),
    ),
)  # fmt: skip
