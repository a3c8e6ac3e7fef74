"""A drain meets budgets, slow servers and full nodes: it waits, stops or warns, and tells what was done."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from bot.playground.kubernetes import RecordedRequest
from bot.remedies import execution
from bot.remedies.contract import Applied, Preview, Reason, Refusal, Verb
from bot.remedies.undo import plan_to_undo
from intents.domain import Text
from tests.remedies.drain_scene import (
    ENOUGH,
    NODE,
    READY,
    STRICT,
    WEB,
    evictions,
    node,
    on_node,
    pod,
    take,
    told,
    workload,
    world,
)
from tests.remedies.scene import HEALED, Enter, through_journal

# --- budgets ---


async def test_a_budget_that_refuses_now_is_a_warning_of_the_preview(enter: Enter) -> None:
    async with enter(HEALED, world(STRICT)) as scene:
        preview = await scene.preview(await scene.made("drain", NODE))

        warnings = told(preview.outlook.warnings)
        assert "The eviction of 2 pods would be refused now" in warnings
        assert "PodDisruptionBudget shop/web needs 3 healthy pods and has 3" in warnings
        assert "allow no disruption even if all pods are healthy" in warnings
        assert "shop/web (3/3)" in warnings
        assert scene.writes() == []


async def test_an_eviction_that_stays_refused_ends_it_and_says_what_was_done(enter: Enter) -> None:
    free = [
        workload("StatefulSet", "db", replicas=1),
        pod("db-0", owner=("StatefulSet", "db"), app="db"),
    ]
    async with enter(HEALED, world(STRICT, *free)) as scene:
        plan = await scene.made("drain", NODE)
        refusal = await take(scene, plan, await scene.preview(plan))

        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.FAILED
        assert "PodDisruptionBudget shop/web needs 3 healthy pods and has 3" in refusal.says.en
        assert refusal.quote.startswith("Cannot evict pod as it would violate the pod's disruption budget.")
        # What no budget holds back went first.
        assert [each.en for each in refusal.done] == [
            "Node old-1 was cordoned and gets no new pods",
            "Pod shop/db-0 was evicted",
        ]
        assert evictions(scene) == ["db-0", "web-1-a", "web-1-a", "web-1-a"]
        assert (
            "Done before that: Node old-1 was cordoned and gets no new pods; Pod shop/db-0 was evicted"
            in refusal.says.en
        )
        assert {"web-1-a", "web-1-b"} <= on_node(scene)


async def test_what_a_stopped_drain_has_cordoned_can_be_taken_back(enter: Enter) -> None:
    async with enter(HEALED, world(STRICT)) as scene:
        plan = await scene.made("drain", NODE)
        stopped = through_journal(await take(scene, plan, await scene.preview(plan)))
        assert isinstance(stopped, Refusal)

        [uncordon] = stopped.undo
        assert (uncordon.verb, uncordon.target.name) == (Verb.PATCH, "old-1")
        done = Applied(says=stopped.says, target=plan.target, at=plan.created, undo=stopped.undo)
        undo = plan_to_undo(plan, done, now=plan.created)
        assert undo is not None
        await scene.applied(undo, await scene.preview(undo))
        assert "unschedulable" not in scene.stored("", "nodes", "old-1")["spec"]


async def test_a_drain_that_stopped_before_anything_was_done_has_nothing_to_take_back(enter: Enter) -> None:
    async with enter(HEALED, world()) as scene:
        plan = await scene.made("drain", NODE)
        preview = await scene.preview(plan)
        scene.cluster.forbid(verb="patch", resource="nodes")
        stopped = await take(scene, plan, preview)

        assert isinstance(stopped, Refusal)
        assert (stopped.done, stopped.undo) == ((), ())
        assert "Done before" not in stopped.says.en


async def test_an_eviction_waits_until_the_budget_allows_it(enter: Enter) -> None:
    async with enter(HEALED, world(STRICT)) as scene:
        plan = await scene.made("drain", NODE)
        preview = await scene.preview(plan)

        def until_there_is_room() -> Iterator[float]:
            yield 0.0
            relaxed = copy.deepcopy(scene.stored("policy", "poddisruptionbudgets", "web", "shop"))
            relaxed["spec"]["minAvailable"] = 1
            relaxed["status"] |= {"disruptionsAllowed": 2, "desiredHealthy": 1}
            scene.cluster.store.put(table=("policy", "poddisruptionbudgets"), namespace="shop", name="web", obj=relaxed)
            yield 0.0

        applied = await take(scene, plan, preview, patience=until_there_is_room())

        assert isinstance(applied, Applied)
        assert evictions(scene) == ["web-1-a", "web-1-a", "web-1-a", "web-1-b"]
        assert not {"web-1-a", "web-1-b"} & on_node(scene)


async def test_a_drain_that_stopped_goes_on_where_it_stopped(enter: Enter) -> None:
    async with enter(HEALED, world(ENOUGH)) as scene:
        plan = await scene.made("drain", NODE)
        preview = await scene.preview(plan)
        scene.cluster.fail(path_prefix="/api/v1/namespaces/shop/pods/web-1-b", method="POST", status=429, times=1)

        stopped = await take(scene, plan, preview, patience=())
        assert isinstance(stopped, Refusal)
        applied = await take(scene, plan, preview)

        assert isinstance(applied, Applied)
        assert evictions(scene) == ["web-1-a", "web-1-b", "web-1-b"]


async def test_every_step_is_told_as_it_is_done(enter: Enter) -> None:
    async with enter(HEALED, world()) as scene:
        plan = await scene.made("drain", NODE)
        heard: list[tuple[int, int, str]] = []

        async def progress(done: int, of: int, says: Text) -> None:
            heard.append((done, of, says.en))

        await take(scene, plan, await scene.preview(plan), progress=progress)

        assert heard == [
            (1, 3, "Node old-1 was cordoned and gets no new pods"),
            (2, 3, "Pod shop/web-1-a was evicted"),
            (3, 3, "Pod shop/web-1-b was evicted"),
        ]


async def test_a_pod_whose_status_moves_on_while_it_is_evicted_is_evicted(enter: Enter) -> None:
    async with enter(HEALED, world()) as scene:
        plan = await scene.made("drain", NODE)
        preview = await scene.preview(plan)

        def churn(request: RecordedRequest) -> None:
            if request.path.endswith("web-1-b/eviction"):
                scene.change("Pod", "shop", "web-1-b", lambda one: one["status"].update(message="again"))

        scene.cluster.meanwhile = churn
        assert isinstance(await take(scene, plan, preview), Applied)


# --- many pods ---


async def test_dry_runs_do_not_wait_for_each_other_and_what_was_not_answered_is_told(enter: Enter) -> None:
    more = [pod(f"web-1-{at:02}", owner=("ReplicaSet", "web-1")) for at in range(2)]
    async with enter(HEALED, world(*more)) as scene:
        plan = await scene.made("drain", NODE)
        for name in ("web-1-00", "web-1-01"):
            scene.cluster.fail(path_prefix=f"/api/v1/namespaces/shop/pods/{name}/", method="POST", hang=True)
        preview = await execution.preview(plan, session=scene.session(deadline=0.2))

        assert isinstance(preview, Preview)
        assert "2 of 5 writes could not be dry-run in time" in told(preview.outlook.warnings)
        names = [step.target.name for step in preview.steps]
        assert names == ["old-1", *sorted(names[1:])]
        assert all(step.fingerprint for step in preview.steps)
        assert scene.writes() == []


async def test_a_drain_of_which_nothing_was_answered_is_not_shown(enter: Enter) -> None:
    async with enter(HEALED, world()) as scene:
        plan = await scene.made("drain", NODE)
        scene.cluster.fail(path_prefix="/api/v1/namespaces/shop/pods/web-1-", method="POST", hang=True, times=9)
        refusal = await execution.preview(plan, session=scene.session(deadline=0.2))

        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.DRY_RUN


async def test_the_first_that_the_api_server_refuses_is_named_and_the_rest_is_not_asked_for(enter: Enter) -> None:
    many = [pod(f"web-1-{at:02}", owner=("ReplicaSet", "web-1")) for at in range(40)]
    async with enter(HEALED, world(*many)) as scene:
        plan = await scene.made("drain", NODE)
        scene.cluster.requests.clear()
        for at in (5, 3):
            path = f"/api/v1/namespaces/shop/pods/web-1-{at:02}/"
            scene.cluster.fail(path_prefix=path, method="POST", status=500)
        refusal = await scene.refused_preview(plan)

        assert (refusal.reason, "Pod shop/web-1-03" in refusal.says.en) == (Reason.DRY_RUN, True)
        assert len([sent for sent in scene.cluster.requests if sent.path.endswith("/eviction")]) < 30


# --- where they go ---


@pytest.mark.parametrize(
    ("others", "why"),
    [
        ([node("new-1", taints=[{"key": "gpu", "effect": "NoSchedule"}])], "taint gpu:NoSchedule"),
        ([node("new-1") | {"status": {"allocatable": {"cpu": "1", "pods": "0"}, "conditions": READY}}], "cpu, pods"),
        ([], "too little cpu"),
    ],
)
async def test_pods_without_a_place_are_warned_of(enter: Enter, others: list[dict[str, Any]], why: str) -> None:
    """The neighbours' nodes do not take what asks for so much."""
    large = [pod(f"web-1-{at}", owner=("ReplicaSet", "web-1"), cpu="900") for at in "ab"]
    async with enter(HEALED, world(of=[node("old-1"), *others, *WEB[:2], *large])) as scene:
        preview = await scene.preview(await scene.made("drain", NODE))

        [warning] = [
            each.en for each in preview.outlook.warnings if "No other node has room for these pods now" in each.en
        ]
        assert "shop/web-1-a (" in warning
        assert why in warning


async def test_a_volume_that_lies_on_the_node_keeps_its_pod_without_a_place(enter: Enter) -> None:
    here = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["old-1"]}]}
    volume = {
        "kind": "PersistentVolume",
        "metadata": {"name": "local-1"},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "local": {"path": "/mnt/1"},
            "claimRef": {"namespace": "shop", "name": "data-db-0"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [here]}},
        },
    }
    claim = {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data-db-0", "namespace": "shop"},
        "spec": {"volumeName": "local-1", "accessModes": ["ReadWriteOnce"]},
    }
    mounted = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}]}
    db = [workload("StatefulSet", "db"), pod("db-0", owner=("StatefulSet", "db"), app="db", spec=mounted)]
    async with enter(HEALED, world(claim, volume, *db)) as scene:
        preview = await scene.preview(await scene.made("drain", NODE))

        warnings = told(preview.outlook.warnings)
        _, _, homeless = warnings.partition("No other node has room for these pods now; they stay pending: ")
        assert homeless.startswith("shop/db-0 (")
        assert "its volume is on another node" in homeless
        assert "web-1" not in homeless
        assert "nothing serves requests until the new pod is ready: StatefulSet shop/db" in warnings


async def test_room_that_cannot_be_told_is_a_warning_only(enter: Enter) -> None:
    async with enter(HEALED, world()) as scene:
        scene.cluster.forbid(verb="list", resource="nodes")
        preview = await scene.preview(await scene.made("drain", NODE))

        assert "Could not check whether other nodes have room for these pods" in told(preview.outlook.warnings)


async def test_budgets_that_cannot_be_read_are_told_and_do_not_stop_it(enter: Enter) -> None:
    async with enter(HEALED, world(ENOUGH)) as scene:
        scene.cluster.forbid(verb="list", resource="poddisruptionbudgets", group="policy")
        plan = await scene.made("drain", NODE)
        preview = await scene.preview(plan)

        assert "PodDisruptionBudgets" in told(preview.outlook.warnings)
        assert isinstance(await take(scene, plan, preview), Applied)
