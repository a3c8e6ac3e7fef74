"""A pod rebuilt on new volumes: in an order that cannot keep the old ones, and only where everything is made anew."""

from __future__ import annotations

from typing import Any

import pytest

from bot.remedies.contract import Applied, EffectState, Reason, Refusal
from tests.end_to_end.every_action.scenario import Scenario
from tests.end_to_end.every_action.watching import Watch, Write
from tests.remedies import storage_scene as store
from tests.remedies.scene import HEALED, Enter, Scene
from tests.remedies.storage_scene import CLAIM, CLAIMS, NAMESPACE, POD, VOLUME, VOLUMES
from tests.remedies.trial import trials


def says(scene_texts: Any) -> str:
    return "\n".join(each.en for each in scene_texts)


async def refused(scene: Scene, plan: Any, what: str) -> None:
    refusal = await scene.refused_preview(plan)
    assert refusal.reason is Reason.UNSAFE
    assert what in refusal.says.en, refusal.says.en
    assert scene.writes() == []


async def test_the_volume_the_claim_and_the_pod_go_in_this_order(enter: Enter) -> None:
    async with enter(HEALED, store.world()) as scene:
        old = scene.stored(*CLAIMS, CLAIM.name, NAMESPACE)["metadata"]["uid"]
        plan = await scene.made("delete-claim-and-pod", POD, claims="all", reclaim="Delete")
        preview = await scene.preview(plan)

        assert [(step.verb, step.target.kind) for step in preview.steps] == [
            ("patch", "PersistentVolume"),
            ("delete", "PersistentVolumeClaim"),
            ("delete", "Pod"),
        ]
        told = says(preview.outlook.effects)
        assert "DATA LOST permanently: claim data-store-2, PersistentVolume disk-2 (10Gi on node rack-2" in told
        assert "Ready now: 2 of 3; until the new pod is ready: 2 of 3" in told
        assert "-  reclaimPolicy: Retain" in preview.diff
        assert "+  reclaimPolicy: Delete (disk-2)" in preview.diff
        assert scene.writes() == []

        applied = await scene.applied(plan, preview)

        assert [method for method, _ in scene.writes()] == ["PATCH", "DELETE", "DELETE"]
        assert scene.is_gone(*VOLUMES, "disk-2")
        assert scene.stored(*CLAIMS, CLAIM.name, NAMESPACE)["metadata"]["uid"] != old
        assert applied.undo == ()
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY


async def test_without_reclaim_the_volume_stays_with_its_data_and_that_is_told(enter: Enter) -> None:
    async with enter(HEALED, store.world()) as scene:
        plan = await scene.made("delete-claim-and-pod", POD, claims=CLAIM.name)
        preview = await scene.preview(plan)
        await scene.applied(plan, preview)

        assert "disk-2 (10Gi on node rack-2 /mnt/disk-2) keeps its data and becomes Released" in says(
            preview.outlook.effects
        )
        assert scene.stored(*VOLUMES, "disk-2")["status"]["phase"] == "Released"


async def test_a_volume_that_goes_with_its_claim_already_is_not_written_to(enter: Enter) -> None:
    async with enter(HEALED, store.world(policy="Delete")) as scene:
        plan = await scene.made("delete-claim-and-pod", POD, claims="all", reclaim="Delete")
        preview = await scene.preview(plan)

        assert [step.target.kind for step in preview.steps] == ["PersistentVolumeClaim", "Pod"]
        assert "DATA LOST permanently" in says(preview.outlook.effects)


async def test_run_twice_it_writes_once(enter: Enter) -> None:
    async with enter(HEALED, store.world()) as scene:
        plan = await scene.made("delete-claim-and-pod", POD, claims="all")
        preview = await scene.preview(plan)
        await scene.applied(plan, preview)
        sent = scene.writes()

        again = await scene.applied(plan, preview)

        assert again.already
        assert scene.writes() == sent


async def test_a_volume_that_was_changed_since_the_preview_stops_it_before_the_first_write(enter: Enter) -> None:
    async with enter(HEALED, store.world()) as scene:
        plan = await scene.made("delete-claim-and-pod", POD, claims="all", reclaim="Delete")
        preview = await scene.preview(plan)
        volume = scene.stored(*VOLUMES, VOLUME.name)
        spec = volume["spec"] | {"claimRef": {"namespace": NAMESPACE, "name": "another", "uid": "x"}}
        scene.cluster.store.put(table=VOLUMES, namespace="", name=VOLUME.name, obj=volume | {"spec": spec})

        refusal = await scene.apply(plan, preview)

        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.CONFLICT
        assert scene.writes() == []


@pytest.mark.parametrize(
    ("args", "what"),
    [
        ({"claims": "data-store-1"}, "mounts no claim 'data-store-1'; it mounts data-store-2"),
        ({"claims": ""}, "mounts no claim ''"),
        ({"claims": None}, "mounts no claim"),
        ({"claims": "all", "reclaim": "Retain"}, "it can only be Delete"),
    ],
)
async def test_what_is_not_its_own_claim_is_refused(enter: Enter, args: dict[str, Any], what: str) -> None:
    async with enter(HEALED, store.world()) as scene:
        await refused(scene, await scene.made("delete-claim-and-pod", POD, **args), what)


async def test_a_pod_without_claims_has_none_to_lose(enter: Enter) -> None:
    async with enter(HEALED, store.world(store.pod(2, ready=False, volumes=[]))) as scene:
        await refused(scene, await scene.made("delete-claim-and-pod", POD, claims="all"), "mounts no claim")


async def test_claims_that_no_template_makes_anew_are_refused(enter: Enter) -> None:
    async with enter(HEALED, store.world(volumeClaimTemplates=[])) as scene:
        plan = await scene.made("delete-claim-and-pod", POD, claims="all")
        await refused(scene, plan, "has no claim template for data-store-2")


async def test_a_pod_that_nothing_recreates_is_refused(enter: Enter) -> None:
    alone = store.pod(2, ready=False)
    del alone["metadata"]["ownerReferences"]
    async with enter(HEALED, store.world(alone)) as scene:
        await refused(scene, await scene.made("delete-claim-and-pod", POD, claims="all"), "no controller recreates")


async def test_a_claim_that_another_pod_mounts_is_refused(enter: Enter) -> None:
    beside = store.pod(2) | {"metadata": {"namespace": NAMESPACE, "name": "backup"}}
    async with enter(HEALED, store.world(beside)) as scene:
        plan = await scene.made("delete-claim-and-pod", POD, claims="all")
        await refused(scene, plan, "data-store-2 is also mounted by backup")


async def test_a_volume_that_another_claim_holds_is_refused(enter: Enter) -> None:
    foreign = store.volume("disk-2", of="data-store-0", node="rack-2")
    async with enter(HEALED, store.world(foreign)) as scene:
        plan = await scene.made("delete-claim-and-pod", POD, claims="all", reclaim="Delete")
        await refused(scene, plan, "disk-2 is bound to another claim, ledger/data-store-0")


async def test_the_last_copies_are_warned_of(enter: Enter) -> None:
    managed = store.volume("disk-2", of="data-store-2", node="rack-2")
    managed["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "tidb-operator"}
    async with enter(
        HEALED, store.world(store.pod(0, ready=False), managed, podManagementPolicy="OrderedReady")
    ) as scene:
        preview = await scene.preview(await scene.made("delete-claim-and-pod", POD, claims="all", reclaim="Delete"))

        told = says(preview.outlook.warnings)
        assert "Other replicas are not ready either (store-0)" in told
        assert "not created before store-0 is ready" in told
        assert "TidbCluster's pvReclaimPolicy" in told
        assert "It is ready now" not in told


async def test_a_pod_that_serves_is_warned_of(enter: Enter) -> None:
    async with enter(HEALED, store.world(store.pod(2))) as scene:
        preview = await scene.preview(await scene.made("delete-claim-and-pod", POD, claims="all"))

        assert "It is ready and serves from this data now" in says(preview.outlook.warnings)
        assert "Ready now: 3 of 3; until the new pod is ready: 2 of 3" in says(preview.outlook.effects)


async def test_a_new_pod_without_its_claim_is_told_to_be_restarted_once_more(enter: Enter) -> None:
    async with enter(HEALED, store.world()) as scene:
        plan = await scene.made("delete-claim-and-pod", POD, claims="all")
        applied = await scene.applied(plan, await scene.preview(plan))
        made = scene.stored("", "pods", POD.name, NAMESPACE)
        waiting = made | {"status": {"phase": "Pending"}, "spec": made["spec"] | {"nodeName": ""}}
        scene.cluster.store.put(table=("", "pods"), namespace=NAMESPACE, name=POD.name, obj=waiting)

        settling = await scene.effect_of(plan, applied)
        assert settling.state is EffectState.PENDING
        assert "new claim data-store-2 is not bound" in settling.says.en

        scene.cluster.store.remove(table=CLAIMS, namespace=NAMESPACE, name=CLAIM.name)
        settling = await scene.effect_of(plan, applied)
        assert settling.state is EffectState.FAILING
        assert "restart the pod once more" in settling.says.en


async def test_on_a_node_that_does_not_answer_the_old_pod_holds_everything(enter: Enter) -> None:
    lost = {
        "kind": "Node",
        "metadata": {"name": "rack-2"},
        "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]},
    }
    async with enter(HEALED, store.world(lost)) as scene:
        plan = await scene.made("delete-claim-and-pod", POD, claims="all")
        applied = await scene.applied(plan, await scene.preview(plan))

        assert isinstance(applied, Applied)
        assert scene.stored(*CLAIMS, CLAIM.name, NAMESPACE)["metadata"]["deletionTimestamp"]
        assert (await scene.effect_of(plan, applied)).state is EffectState.PENDING


# --- for the tests of every action ---

_TIKV = "orders-db/orders-tikv-1"
_TEMPLATE = {
    "metadata": {"name": "tikv"},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "fast-disks",
        "resources": {"requests": {"storage": "200Gi"}},
    },
}


def _emptied(writes: list[Write], watch: Watch) -> tuple[list[str], list[str]]:
    """Return the claim and the pod that are deleted; new ones have the same names, the claim another volume."""
    claim, pod = (each.before for each in writes)
    assert claim
    assert pod
    new_claim, new_pod = (watch.object(each.path) for each in writes)
    assert new_claim
    assert new_pod
    volume = claim["spec"]["volumeName"]
    assert new_claim["spec"].get("volumeName") != volume
    left = watch.object(f"/api/v1/persistentvolumes/{volume}")
    assert left
    assert left["status"]["phase"] == "Released"
    pairs = [(claim, new_claim), (pod, new_pod)]
    assert all(old["metadata"]["uid"] != new["metadata"]["uid"] for old, new in pairs)
    gone = [f"  uid: {claim['metadata']['uid']}", f"  volume: {volume}"]
    gone += [f"  reclaimPolicy: {left['spec']['persistentVolumeReclaimPolicy']}"]
    gone += [f"  uid: {pod['metadata']['uid']}", f"  node: {pod['spec']['nodeName']}"]
    come = ["  uid: (new)", f"  volume: (new; {volume} is left as Released)"]
    return gone, [*come, "  uid: (new)", "  node: (the scheduler chooses)"]


TRIALS = trials("delete-claim-and-pod", (POD,), claims="all", reclaim="Delete")
SCENARIOS = (
    Scenario(
        action="delete-claim-and-pod", incident="crashloop-cluster-id-mismatch",
        case="the volume is from an earlier cluster", button="Recreate pod, lose data", name=_TIKV,
        told=_emptied, change={"StatefulSet/orders-db/orders-tikv": {"spec": {"volumeClaimTemplates": [_TEMPLATE]}}},
        reactions=({"when": "deleted", "object": f"Pod/{_TIKV}", "becomes": "healthy"},),
        writes=(
            "DELETE /api/v1/namespaces/orders-db/persistentvolumeclaims/tikv-orders-tikv-1",
            "DELETE /api/v1/namespaces/orders-db/pods/orders-tikv-1",
        ),
    ),
)  # fmt: skip
