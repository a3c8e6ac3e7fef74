"""Labels and annotations of objects other than failing pods: in force at once, and who acts on them is told before."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bot.remedies.contract import EffectState, Reason, Refusal
from bot.remedies.undo import plan_to_undo
from intents.domain import ObjectRef
from tests.end_to_end.every_action import own_incident as own
from tests.end_to_end.every_action.scenario import LATER, Scenario, one_patch
from tests.remedies import every_kind
from tests.remedies.scene import HEALED, Enter, through_journal
from tests.remedies.trial import trials

SERVICE = ObjectRef(kind="Service", namespace="shop", name="web")
CLASS = ObjectRef(kind="StorageClass", name="fast")
NODE = ObjectRef(kind="Node", name="new-1")
DEPLOYMENT = ObjectRef(kind="Deployment", namespace="shop", name="web")
POD = ObjectRef(kind="Pod", namespace="shop", name="web-1-a")
TIDB = ObjectRef(kind="TidbCluster", namespace="shop", name="basic")

APP = {"app": "web"}
TEMPLATE = {"metadata": {"labels": APP}, "spec": {"containers": [{"name": "app", "image": "web:1"}]}}
GPU_ONLY = {"containers": [{"name": "agent", "image": "agent:1"}], "nodeSelector": {"gpu": "yes"}}
WORLD: dict[str, Any] = {
    "objects": [
        {"kind": "StorageClass", "metadata": {"name": "fast"}, "provisioner": "ebs.csi.aws.com"},
        {"kind": "Node", "metadata": {"name": "new-1", "labels": {"kubernetes.io/hostname": "new-1"}}, "spec": {}},
        {
            "kind": "Service",
            "metadata": {"name": "web", "namespace": "shop", "labels": {"team": "shop"}},
            "spec": {"selector": APP, "ports": [{"port": 80}]},
        },
        {
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop", "labels": {"app.kubernetes.io/managed-by": "Helm"}},
            "spec": {"replicas": 1, "selector": {"matchLabels": APP}, "template": TEMPLATE},
        },
        {
            "kind": "ReplicaSet",
            "metadata": {
                "name": "web-1",
                "namespace": "shop",
                "ownerReferences": [{"kind": "Deployment", "name": "web"}],
            },
            "spec": {"replicas": 1, "selector": {"matchLabels": APP}, "template": TEMPLATE},
        },
        {
            "kind": "Pod",
            "metadata": {
                "name": "web-1-a",
                "namespace": "shop",
                "labels": APP | {"app.kubernetes.io/managed-by": "Helm"},
                "ownerReferences": [{"kind": "ReplicaSet", "name": "web-1"}],
            },
            "spec": {"nodeName": "new-1", "containers": [{"name": "app", "image": "web:1"}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
        },
        {
            "kind": "DaemonSet",
            "metadata": {"name": "gpu-agent", "namespace": "shop"},
            "spec": {
                "selector": {"matchLabels": {"app": "gpu"}},
                "template": {"metadata": {"labels": {"app": "gpu"}}, "spec": GPU_ONLY},
            },
        },
        {
            "kind": "TidbCluster",
            "apiVersion": "pingcap.com/v1alpha1",
            "metadata": {"name": "basic", "namespace": "shop"},
            "spec": {},
        },
        {
            "kind": "StatefulSet",
            "metadata": {
                "name": "basic-tikv",
                "namespace": "shop",
                "ownerReferences": [{"apiVersion": "pingcap.com/v1alpha1", "kind": "TidbCluster", "name": "basic"}],
            },
            "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "tikv"}}, "template": TEMPLATE},
        },
    ]
}
TABLES = {
    "Service": ("", "services"),
    "StorageClass": ("storage.k8s.io", "storageclasses"),
    "Node": ("", "nodes"),
    "Deployment": ("apps", "deployments"),
    "Pod": ("", "pods"),
    "TidbCluster": ("pingcap.com", "tidbclusters"),
}
IDLE_TIMEOUT = "service.beta.kubernetes.io/aws-load-balancer-connection-idle-timeout"


def world() -> dict[str, Any]:
    return copy.deepcopy(WORLD)


@pytest.mark.parametrize("target", [SERVICE, CLASS, NODE, DEPLOYMENT, TIDB], ids=lambda each: each.kind)
@pytest.mark.parametrize(("action", "field"), [("annotate", "annotations"), ("label", "labels")])
async def test_what_is_shown_is_written_found_again_and_taken_back(
    enter: Enter, target: ObjectRef, action: str, field: str
) -> None:
    async with enter(HEALED, world()) as scene:
        table = *TABLES[target.kind], target.name, target.namespace
        before = copy.deepcopy(scene.stored(*table)["metadata"].get(field))
        plan = await scene.made(action, target, set={"example.com/kept": "yes", "mine": "3600"})
        preview = await scene.preview(plan)
        assert scene.writes() == []
        applied = await scene.applied(plan, preview)

        added = {line[1:].strip() for line in preview.diff.splitlines() if line.startswith("+") and line[:3] != "+++"}
        assert added - {f"{field}:"} == {"example.com/kept: 'yes'", "mine: '3600'"}
        marks = scene.stored(*table)["metadata"][field]
        assert marks == (before or {}) | {"example.com/kept": "yes", "mine": "3600"}
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY
        assert (await scene.applied(plan, preview)).already
        assert len(scene.writes()) == 1

        undo = plan_to_undo(plan, applied, now=plan.created)
        assert undo is not None
        undo = through_journal(undo)
        await scene.applied(undo, await scene.preview(undo))
        assert (scene.stored(*table)["metadata"].get(field) or {}) == (before or {})


async def test_a_mark_is_taken_off(enter: Enter) -> None:
    async with enter(HEALED, world()) as scene:
        plan = await scene.made("label", SERVICE, set={}, remove=["team"])
        await scene.applied(plan, await scene.preview(plan))

        assert not scene.stored("", "services", "web", "shop")["metadata"].get("labels")


async def test_true_in_a_catalog_is_the_word(enter: Enter) -> None:
    default = "storageclass.kubernetes.io/is-default-class"
    async with enter(HEALED, world()) as scene:
        plan = await scene.made("annotate", CLASS, set={default: True})
        await scene.applied(plan, await scene.preview(plan))

        assert scene.stored("storage.k8s.io", "storageclasses", "fast")["metadata"]["annotations"] == {default: "true"}


@pytest.mark.parametrize(
    ("action", "args", "says"),
    [
        ("annotate", {"set": {}}, "no annotations were given"),
        ("annotate", {"set": "runmode=debug"}, "no annotations were given"),
        ("annotate", {"set": {"no such name": "x"}}, "'no such name' is not a valid name for annotations"),
        ("annotate", {"set": {"Upper.Prefix/x": "x"}}, "is not a valid name for annotations"),
        ("annotate", {"set": {"large": "x" * 300_000}}, "exceed the size an object may have"),
        ("label", {"set": {"app": "two words"}}, "'two words' is not a valid label value"),
        ("label", {"set": {"app": "x" * 64}}, "is not a valid label value"),
        ("label", {"set": {"team": "shop"}}, "Service shop/web already has these labels"),
    ],
)
async def test_what_cannot_be_set_is_refused_with_the_reason(
    enter: Enter, action: str, args: dict[str, Any], says: str
) -> None:
    async with enter(HEALED, world()) as scene:
        refusal = await scene.refused_preview(await scene.made(action, SERVICE, **args))

        assert refusal.reason is Reason.UNSAFE
        assert says in refusal.says.en
        assert refusal.says.zh
        assert scene.writes() == []


async def test_braces_in_a_value_are_no_missing_one(enter: Enter) -> None:
    async with enter(HEALED, world()) as scene:
        value = '{"read": {"timeout": 5}}'
        plan = await scene.made("annotate", SERVICE, set={"config": value})
        await scene.applied(plan, await scene.preview(plan))

        assert scene.stored("", "services", "web", "shop")["metadata"]["annotations"] == {"config": value}


async def test_what_its_owner_would_write_over_is_changed_at_the_owner(enter: Enter) -> None:
    tikv = ObjectRef(kind="StatefulSet", namespace="shop", name="basic-tikv")
    async with enter(HEALED, world()) as scene:
        for action in ("annotate", "label"):
            refusal = await scene.refused_preview(await scene.made(action, tikv, set={"a": "b"}))

            assert "is managed by TidbCluster basic" in refusal.says.en
        assert scene.writes() == []


async def test_what_changed_since_the_preview_is_not_written_to_but_scaling_does_not_count(enter: Enter) -> None:
    async with enter(HEALED, world()) as scene:
        plan = await scene.made("annotate", DEPLOYMENT, set={"a": "b"})
        preview = await scene.preview(plan)
        scene.change("Deployment", "shop", "web", lambda one: one["spec"].update(replicas=4))
        await scene.applied(plan, preview)

        other = await scene.made("label", DEPLOYMENT, set={"a": "b"})
        preview = await scene.preview(other)
        scene.change("Deployment", "shop", "web", lambda one: one["metadata"]["labels"].update(a="c"))
        refusal = await scene.apply(other, preview)

        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.CONFLICT
        assert scene.stored("apps", "deployments", "web", "shop")["metadata"]["labels"]["a"] == "c"


async def test_a_mark_that_was_changed_again_is_told(enter: Enter) -> None:
    async with enter(HEALED, world()) as scene:
        plan = await scene.made("label", DEPLOYMENT, set={"a": "b"})
        applied = await scene.applied(plan, await scene.preview(plan))
        scene.change("Deployment", "shop", "web", lambda one: one["metadata"]["labels"].pop("a"))

        settled = await scene.effect_of(plan, applied)
        assert (settled.state, settled.says.en) == (EffectState.FAILING, "the labels were changed again")


# --- who acts on it ---


async def test_no_pod_of_a_workload_is_replaced_and_helm_is_warned_of(enter: Enter) -> None:
    async with enter(HEALED, world()) as scene:
        pods = scene.pods("shop")
        plan = await scene.made("label", DEPLOYMENT, set={"a": "b"})
        preview = await scene.preview(plan)
        await scene.applied(plan, preview)

        assert any("Its pods do not get the labels" in each.en for each in preview.outlook.effects)
        assert preview.outlook.custodian is not None
        assert preview.outlook.custodian.says.en.startswith("Helm applies this object")
        assert scene.pods("shop") == pods


async def test_a_label_by_which_a_controller_selects_its_pods_is_refused(enter: Enter) -> None:
    async with enter(HEALED, world()) as scene:
        refusal = await scene.refused_preview(await scene.made("label", POD, set={"app": "quarantined"}))

        assert refusal.says.en.startswith("ReplicaSet shop/web-1 selects its pods by this label")
        assert scene.writes() == []


async def test_a_label_that_nothing_selects_by_is_the_pods_alone(enter: Enter) -> None:
    async with enter(HEALED, world()) as scene:
        preview = await scene.preview(await scene.made("label", POD, set={"seen": "yes"}))

        assert [each.en for each in preview.outlook.effects] == [
            "Only web-1-a has the label: a pod that replaces it does not",
            "It is not restarted; NetworkPolicies and PodDisruptionBudgets that use these labels follow at once",
        ]


async def test_a_label_by_which_a_daemon_set_selects_its_nodes_is_refused(enter: Enter) -> None:
    async with enter(HEALED, world()) as scene:
        refusal = await scene.refused_preview(await scene.made("label", NODE, set={"gpu": "yes"}))
        other = await scene.preview(await scene.made("label", NODE, set={"disktype": "nvme"}))

        assert refusal.says.en.startswith("DaemonSet shop/gpu-agent selects nodes by this label")
        assert [each.en for each in other.outlook.effects] == [
            "Running pods stay; new pods are scheduled by the changed labels"
        ]


@pytest.mark.parametrize(
    "label",
    [
        "topology.kubernetes.io/zone",
        "kubernetes.io/arch",
        "node.kubernetes.io/instance-type",
        "node-role.kubernetes.io/control-plane",
        "topology.ebs.csi.k8s.io/zone",
        "eks.amazonaws.com/nodegroup",
    ],
)
async def test_what_the_node_says_of_itself_is_left_alone(enter: Enter, label: str) -> None:
    async with enter(HEALED, world()) as scene:
        refusal = await scene.refused_preview(await scene.made("label", NODE, set={label: "b"}))

        assert f"the kubelet or the cloud provider writes {label}" in refusal.says.en
        assert scene.writes() == []


# --- for the tests of every action ---

_OUT_OF_SERVICE = "pod shop/web-1-a gets no traffic"
_SERVICE = {"selector": {"app": "web", "serving": "yes"}, "ports": [{"port": 80}]}
_EVERY_KIND = (
    every_kind.RUNS,
    every_kind.FRONT,
    every_kind.CLASS,
    every_kind.NODE,
    *every_kind.WORKLOADS,
    every_kind.MAIN,
)
_SET = {"example.com/owner": "till"}
TRIALS = (*trials("annotate", _EVERY_KIND, set=_SET), *trials("label", _EVERY_KIND, set=_SET))
SCENARIOS = (
    Scenario(
        action="annotate", incident="nlb-alpn-http1", case="the NLB ends TLS and negotiates nothing",
        button="Prefer HTTP/2 on the NLB", ends=LATER,
        **one_patch("/api/v1/namespaces/istio-ingress/services/istio-ingressgateway"),
    ),
    Scenario(
        action="label", text=_OUT_OF_SERVICE, button="Put web-1-a into service",
        entry=own.entry(
            "pod-out-of-service", _OUT_OF_SERVICE, signature="pod <namespace>/<pod> gets no traffic", kind="Pod",
            fields={"serving": "metadata.labels.serving"}, when='row.serving == "no"',
            remedy={
                "action": "label", "title": "Put {row.name} into service",
                "args": {"set": {"serving": "yes"}, "remove": ["quarantine"]}, "fixed_when": "healthy",
            },
        ),
        world=own.objects(
            own.of("Service", "web", spec=_SERVICE),
            own.pod("web-1-a", on="worker-a", labels={"app": "web", "serving": "no", "quarantine": "alex"}),
        ),
        **one_patch("/api/v1/namespaces/shop/pods/web-1-a"),
    ),
)  # fmt: skip
