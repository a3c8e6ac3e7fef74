"""Actions of one patch: what is shown is what is written, what is so already is refused, and it can be taken back."""

from __future__ import annotations

from typing import Any

import pytest

from bot.remedies.contract import EffectState, Reason
from bot.remedies.undo import plan_to_undo
from intents.domain import ObjectRef
from tests.end_to_end.every_action import own_incident as own
from tests.end_to_end.every_action.scenario import CHANGED, DONE, LATER, Scenario, one_patch
from tests.remedies import every_kind
from tests.remedies.scene import HEALED, Enter
from tests.remedies.trial import Trial, trials
from tests.remedies.workload_worlds import STORE, WEB

ADAPTER = ObjectRef(kind="Deployment", namespace="monitoring", name="prometheus-adapter")
NODE = {"kind": "Node", "metadata": {"name": "worker-9"}, "spec": {}}
WORKER = ObjectRef(kind="Node", name="worker-9")


async def test_a_node_is_cordoned_and_uncordoned(enter: Enter) -> None:
    async with enter(HEALED, {"objects": [NODE]}) as scene:
        plan = await scene.made("cordon", WORKER)
        preview = await scene.preview(plan)
        applied = await scene.applied(plan, preview)

        assert "+  unschedulable: true" in preview.diff
        assert scene.stored("", "nodes", "worker-9")["spec"]["unschedulable"] is True
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY
        assert (await scene.refused_preview(plan)).reason is Reason.UNSAFE

        back = await scene.made("uncordon", WORKER)
        uncordoned = await scene.applied(back, await scene.preview(back))
        assert "unschedulable" not in scene.stored("", "nodes", "worker-9")["spec"]

        # By now the node controller has taken its taint away.
        undo = plan_to_undo(back, uncordoned, now=back.created)
        assert undo is not None
        await scene.applied(undo, await scene.preview(undo))
        assert scene.stored("", "nodes", "worker-9")["spec"]["unschedulable"] is True


@pytest.mark.parametrize(
    ("manager", "name_to_type"),
    [("kubectl-drain", "worker-8"), ("kubectl-cordon", "worker-8"), ("cluster-autoscaler", ""), ("", "")],
)
async def test_uncordon_says_who_cordoned_and_asks_for_the_name_after_a_person(
    enter: Enter, manager: str, name_to_type: str
) -> None:
    fields: dict[str, Any] = {"f:spec": {"f:unschedulable": {}}}
    entry = {"manager": manager, "operation": "Update", "time": "-2h", "fieldsType": "FieldsV1", "fieldsV1": fields}
    node = {
        "kind": "Node",
        "metadata": {"name": "worker-8", "managedFields": [entry] if manager else []},
        "spec": {"unschedulable": True},
    }
    async with enter(HEALED, {"objects": [node]}) as scene:
        plan = await scene.made("uncordon", ObjectRef(kind="Node", name="worker-8"))
        (warning,) = (await scene.preview(plan)).outlook.warnings

        assert plan.name_to_type == name_to_type
        assert warning.en.startswith(f"{manager} cordoned it at least 2h ago" if manager else "Somebody cordoned it:")


async def test_a_workload_is_scaled_and_the_write_keeps_how_to_take_it_back(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        before = scene.deployment()["spec"]["replicas"]
        plan = await scene.made("scale", ADAPTER, replicas=before + 2)
        preview = await scene.preview(plan)
        applied = await scene.applied(plan, preview)

        assert f"-  replicas: {before}" in preview.diff
        assert f"+  replicas: {before + 2}" in preview.diff
        assert scene.deployment()["spec"]["replicas"] == before + 2
        (undo,) = applied.undo
        assert [change.path for change in undo.changes] == [("spec", "replicas")]
        assert undo.changes[0].after == before


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"replicas": "many"}, "not a number of replicas"),
        ({"replicas": 5000}, "not a number of replicas"),
        ({"replicas": -1}, "not a number of replicas"),
    ],
)
async def test_what_is_no_number_of_replicas_is_refused(enter: Enter, args: dict[str, Any], says: str) -> None:
    async with enter(HEALED) as scene:
        refusal = await scene.refused_preview(await scene.made("scale", ADAPTER, **args))

        assert refusal.reason is Reason.UNSAFE
        assert says in refusal.says.en
        assert scene.writes() == []


async def test_an_autoscaler_is_not_worked_against(enter: Enter) -> None:
    scaler = {
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"namespace": "monitoring", "name": "adapter"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "prometheus-adapter"},
            "minReplicas": 1,
            "maxReplicas": 4,
        },
    }
    async with enter(HEALED, {"objects": [scaler]}) as scene:
        refusal = await scene.refused_preview(await scene.made("scale", ADAPTER, replicas=9))

        assert "HorizontalPodAutoscaler adapter sets the replicas" in refusal.says.en


async def test_a_patch_of_an_entry_is_written_as_it_was_shown(enter: Enter) -> None:
    async with enter(HEALED) as scene:
        patch = {"spec": {"template": {"spec": {"securityContext": {"runAsUser": 999}}}}}
        plan = await scene.made("patch-object", ADAPTER, type="merge", patch=patch)
        preview = await scene.preview(plan)
        await scene.applied(plan, preview)

        assert "+      runAsUser: 999" in preview.diff or "+        runAsUser: 999" in preview.diff
        assert scene.deployment()["spec"]["template"]["spec"]["securityContext"]["runAsUser"] == 999


# --- for the tests of every action ---

_SELECTS_NOTHING = "service shop/web selects nothing"
_ARGO = {"argocd.argoproj.io/tracking-id": "monitoring:apps/Deployment:monitoring/prometheus-adapter"}
_MISSPELLED = {"selector": {"app": "wbe", "tier": "front"}, "ports": [{"port": 80}]}
_SPARE = {
    "kind": "Node",
    "metadata": {"name": "worker-d", "labels": {"kubernetes.io/hostname": "worker-d"}},
    "spec": {"unschedulable": True},
    "status": {
        "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
        "conditions": [{"type": "Ready", "status": "True"}],
    },
}


def _merged(target: ObjectRef, **spec: Any) -> Trial:
    return Trial(action="patch-object", target=target, args={"type": "merge", "patch": {"spec": spec}})


TRIALS = (
    *trials("cordon", (every_kind.NODE,)),
    *trials("uncordon", (ObjectRef(kind="Node", name="worker-c"),)),
    *trials("scale", (WEB, STORE, every_kind.ALONE), replicas=3),
    *(_merged(each, minReadySeconds=5) for each in every_kind.WORKLOADS),
    _merged(every_kind.FRONT, publishNotReadyAddresses=True),
    _merged(every_kind.MAIN, pvReclaimPolicy="Retain"),
)
SCENARIOS = (
    Scenario(
        action="cordon", incident="node-disk-pressure-taint", case="the taint keeps a pod off the one node it may use",
        button="Cordon worker-c", ends=DONE, **one_patch("/api/v1/nodes/worker-c"),
    ),
    Scenario(
        action="uncordon", incident="pending-ha-scheduling", case="each node that takes it has a replica",
        button="Uncordon worker-d", beside=own.objects(_SPARE), ends=CHANGED, **one_patch("/api/v1/nodes/worker-d"),
    ),
    Scenario(
        action="scale", incident="apiservice-unavailable", case="its backend is scaled to zero",
        button="Scale backend to 1", custodian="Argo CD (Application monitoring)",
        change={"Deployment/monitoring/prometheus-adapter": {"metadata": {"annotations": _ARGO}}},
        **one_patch("/apis/apps/v1/namespaces/monitoring/deployments/prometheus-adapter"),
    ),
    Scenario(
        action="patch-object", text=_SELECTS_NOTHING, answers={"app": "web"}, ends=LATER,
        button="Let web select another app",
        entry=own.entry(
            "service-selects-nothing", _SELECTS_NOTHING, signature="service <namespace>/<service> selects nothing",
            kind="Service", fields={"app": "spec.selector.app"}, when='row.app == "wbe"',
            remedy={
                "action": "patch-object", "title": "Let {row.name} select another app", "risk": "disruptive",
                "shows_later": {"en": "Call the Service.", "zh": "请访问该 Service。"},
                "asks": [{"id": "app", "label": {"en": "App", "zh": "应用"}, "default": "{row.app}"}],
                "args": {
                    "type": "json",
                    "patch": [
                        {"op": "test", "path": "/spec/selector/app", "value": "{row.app}"},
                        {"op": "replace", "path": "/spec/selector/app", "value": "{input.app}"},
                    ],
                },
            },
        ),
        world=own.objects(own.of("Service", "web", spec=_MISSPELLED)),
        **one_patch("/api/v1/namespaces/shop/services/web"),
    ),
)  # fmt: skip
