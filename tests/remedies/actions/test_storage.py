"""Claims and volumes: what becomes of the data is told before, and what is in use is not touched."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from bot.remedies.contract import EffectState, Preview, Reason, Refusal, Verb
from intents.domain import ObjectRef, Text
from tests.end_to_end.every_action.scenario import CHANGED, DONE, Scenario, one_patch
from tests.remedies import storage_scene as store
from tests.remedies.scene import HEALED, Enter, Scene
from tests.remedies.storage_scene import CLAIM, CLAIMS, NAMESPACE, VOLUME, VOLUMES
from tests.remedies.trial import trials

LEFT = ObjectRef(kind="PersistentVolume", name="disk-9")
STUCK = ObjectRef(kind="PersistentVolumeClaim", namespace=NAMESPACE, name="data-store-2")


def says(texts: Iterable[Text]) -> str:
    return "\n".join(each.en for each in texts)


def told(preview: Preview) -> str:
    return says((*preview.outlook.effects, *preview.outlook.warnings))


async def refused(scene: Scene, action: str, target: ObjectRef, what: str, **args: Any) -> None:
    refusal = await scene.refused_preview(await scene.made(action, target, **args))
    assert refusal.reason is Reason.UNSAFE
    assert what in refusal.says.en, refusal.says.en
    assert scene.writes() == []


def released(**options: Any) -> dict[str, Any]:
    return store.volume("disk-9", of="data-store-9", phase="Released", node="rack-9", **options)


# --- delete-claim ---


async def test_a_claim_in_use_is_left_alone(enter: Enter) -> None:
    async with enter(HEALED, store.world()) as scene:
        await refused(scene, "delete-claim", CLAIM, "is mounted by store-2: it would stay Terminating")


async def test_a_claim_that_was_never_bound_goes_and_its_template_is_told_of(enter: Enter) -> None:
    waiting = store.pod(2, ready=False)
    del waiting["spec"]["nodeName"]
    waiting["status"] = {"phase": "Pending"}
    wrong = store.claim("data-store-2")
    async with enter(HEALED, store.world(wrong, waiting)) as scene:
        plan = await scene.made("delete-claim", STUCK)
        preview = await scene.preview(plan)

        assert "Claim data-store-2 (10Gi) was never bound: no data is lost" in told(preview)
        assert "store-2 waits for it" in told(preview)
        assert "StatefulSet ledger/store creates a new claim from its template data" in told(preview)
        assert "The template requests the same (storageClassName local)" in told(preview)
        assert "-  name: data-store-2" in preview.diff

        applied = await scene.applied(plan, preview)

        # pvc-protection holds no claim for a pod that has no node.
        assert scene.is_gone(*CLAIMS, STUCK.name, NAMESPACE)
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY
        assert applied.undo == ()
        assert (await scene.applied(plan, preview)).already
        assert len(scene.writes()) == 1


async def test_a_corrected_template_is_not_warned_of(enter: Enter) -> None:
    wrong = store.claim("data-store-2", storage_class="lcoal")
    async with enter(HEALED, store.world(wrong)) as scene:
        preview = await scene.preview(await scene.made("delete-claim", STUCK))

        assert "asks for the same" not in told(preview)
        assert "It stays Terminating until store-2 has been deleted too" in told(preview)


async def test_a_pending_claim_on_a_node_stays_until_its_pod_goes(enter: Enter) -> None:
    async with enter(HEALED, store.world(store.claim("data-store-2"))) as scene:
        plan = await scene.made("delete-claim", STUCK)
        applied = await scene.applied(plan, await scene.preview(plan))

        settling = await scene.effect_of(plan, applied)
        assert settling.state is EffectState.PENDING
        assert "store-2" in settling.says.en
        await refused_after(scene, "is already being deleted; it is gone once these pods have ended: store-2")


async def refused_after(scene: Scene, what: str) -> None:
    refusal = await scene.refused_preview(await scene.made("delete-claim", STUCK))
    assert what in refusal.says.en


@pytest.mark.parametrize(
    ("policy", "what", "phase"),
    [("Delete", "DATA LOST permanently: claim old", ""), ("Retain", "keeps its data and becomes Released", "Released")],
)
async def test_the_reclaim_policy_says_what_becomes_of_the_data(
    enter: Enter, policy: str, what: str, phase: str
) -> None:
    more = (store.claim("old", volume="disk-9"), store.volume("disk-9", of="old", policy=policy, node="rack-9"))
    async with enter(HEALED, store.world(*more)) as scene:
        plan = await scene.made("delete-claim", ObjectRef(kind=CLAIM.kind, namespace=NAMESPACE, name="old"))
        preview = await scene.preview(plan)
        applied = await scene.applied(plan, preview)

        assert what in told(preview)
        assert "10Gi on node rack-9 /mnt/disk-9" in told(preview)
        assert "No controller in the cluster recreates it" in told(preview)
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY
        if phase:
            assert scene.stored(*VOLUMES, "disk-9")["status"]["phase"] == phase
        else:
            assert scene.is_gone(*VOLUMES, "disk-9")


async def test_a_claim_of_a_pod_that_is_not_wanted_now_is_not_made_anew(enter: Enter) -> None:
    more = (store.claim("data-store-7", volume="disk-9"), store.volume("disk-9", of="data-store-7"))
    async with enter(HEALED, store.world(*more)) as scene:
        plan = await scene.made("delete-claim", ObjectRef(kind=CLAIM.kind, namespace=NAMESPACE, name="data-store-7"))

        assert "does not want the pod with ordinal 7 now" in told(await scene.preview(plan))


async def test_a_claim_that_was_bound_since_is_not_deleted(enter: Enter) -> None:
    async with enter(HEALED, store.world(store.claim("data-store-2"))) as scene:
        plan = await scene.made("delete-claim", STUCK)
        preview = await scene.preview(plan)
        claim = scene.stored(*CLAIMS, STUCK.name, NAMESPACE)
        bound = claim | {"spec": claim["spec"] | {"volumeName": "disk-2"}}
        scene.cluster.store.put(table=CLAIMS, namespace=NAMESPACE, name=STUCK.name, obj=bound)

        refusal = await scene.apply(plan, preview)

        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.CONFLICT
        assert (await scene.refused_preview(plan)).reason is Reason.CHANGED
        assert scene.writes() == []


# --- clear-claim-ref ---


async def test_a_released_volume_is_offered_again_and_who_waits_is_told(enter: Enter) -> None:
    waits = store.claim("data-store-5")
    too_big = store.claim("data-store-6", size="1Ti")
    async with enter(HEALED, store.world(released(), waits, too_big)) as scene:
        plan = await scene.made("clear-claim-ref", LEFT)
        preview = await scene.preview(plan)

        assert "The data of ledger/data-store-9 stays on the volume (10Gi on node rack-9 /mnt/disk-9)" in told(preview)
        assert "may get it at once: ledger/data-store-5" in told(preview)
        assert "-  claimRef:" in preview.diff

        applied = await scene.applied(plan, preview)

        stored = scene.stored(*VOLUMES, "disk-9")
        assert "claimRef" not in stored["spec"]
        assert stored["status"]["phase"] == "Available"
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY
        assert (await scene.applied(plan, preview)).already
        assert len(scene.writes()) == 1
        (undo,) = applied.undo
        assert undo.changes[0].path == ("spec", "claimRef")
        assert undo.changes[0].after["name"] == "data-store-9"


async def test_nobody_waiting_is_told_too(enter: Enter) -> None:
    async with enter(HEALED, store.world(released())) as scene:
        assert "No claim waits for such a volume now" in told(
            await scene.preview(await scene.made("clear-claim-ref", LEFT))
        )


@pytest.mark.parametrize(
    ("volume", "what"),
    [
        (store.volume("disk-9", phase="Available"), "is Available, not Released"),
        (store.volume("disk-9", of="data-store-0", phase="Failed"), "is Failed, not Released"),
        (store.volume("disk-9", of="data-store-0"), "is Bound to ledger/data-store-0"),
        (released(policy="Delete"), "has reclaim policy Delete"),
    ],
)
async def test_a_volume_that_is_not_left_behind_is_refused(enter: Enter, volume: dict[str, Any], what: str) -> None:
    async with enter(HEALED, store.world(volume)) as scene:
        await refused(scene, "clear-claim-ref", LEFT, what)


async def test_a_volume_whose_claim_exists_is_refused(enter: Enter) -> None:
    volume = released()
    del volume["spec"]["claimRef"]["uid"]
    async with enter(HEALED, store.world(volume, store.claim("data-store-9"))) as scene:
        await refused(scene, "clear-claim-ref", LEFT, "still exists")


# --- set-reclaim-policy ---


async def test_a_volume_is_kept_whatever_becomes_of_its_claim(enter: Enter) -> None:
    async with enter(HEALED, store.world(policy="Delete")) as scene:
        plan = await scene.made("set-reclaim-policy", VOLUME, policy="Retain")
        preview = await scene.preview(plan)
        applied = await scene.applied(plan, preview)

        assert "-  persistentVolumeReclaimPolicy: Delete" in preview.diff
        assert "+  persistentVolumeReclaimPolicy: Retain" in preview.diff
        assert "After ledger/data-store-2 is deleted, the volume (10Gi on node rack-2" in told(preview)
        assert scene.stored(*VOLUMES, VOLUME.name)["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY
        (undo,) = applied.undo
        assert undo.verb is Verb.PATCH
        assert undo.changes[0].after == "Delete"


async def test_a_released_volume_set_to_delete_is_lost_at_once_and_that_is_told(enter: Enter) -> None:
    async with enter(HEALED, store.world(released())) as scene:
        preview = await scene.preview(await scene.made("set-reclaim-policy", LEFT, policy="Delete"))

        assert "its claim no longer exists, so the volume is deleted at once" in says(preview.outlook.warnings)


@pytest.mark.parametrize(
    ("policy", "what"),
    [("Retain", "already has reclaim policy Retain"), ("Keep", "not a reclaim policy"), (None, "not a reclaim policy")],
)
async def test_no_policy_or_the_one_it_has_is_refused(enter: Enter, policy: Any, what: str) -> None:
    async with enter(HEALED, store.world()) as scene:
        await refused(scene, "set-reclaim-policy", VOLUME, what, policy=policy)


# --- for the tests of every action ---

TRIALS = (
    *trials("clear-claim-ref", (LEFT,)),
    *trials("delete-claim", (ObjectRef(kind="PersistentVolumeClaim", namespace=NAMESPACE, name="spare"),)),
    *trials("set-reclaim-policy", (VOLUME,), policy="Delete"),
)
SCENARIOS = (
    Scenario(
        action="delete-claim", incident="pending-storageclass-missing", case="the class's name is misspelled",
        button="Delete claim", name="bookkeeping/data-ledger-0",
        writes=("DELETE /api/v1/namespaces/bookkeeping/persistentvolumeclaims/data-ledger-0",),
    ),
    Scenario(
        action="clear-claim-ref", incident="pending-local-pv-exhausted",
        case="the disks that take it are bound or Released", button="Make volume available",
        name="local-pv-b7c2", ends=CHANGED,
        **one_patch("/api/v1/persistentvolumes/local-pv-b7c2"),
    ),
    Scenario(
        action="set-reclaim-policy", incident="pd-data-lost-recover",
        case="three of five PD pods crash, an original one on a new volume", button="Keep volume (Retain)",
        ends=DONE, **one_patch("/api/v1/persistentvolumes/pvc-booking-0"),
    ),
)  # fmt: skip
