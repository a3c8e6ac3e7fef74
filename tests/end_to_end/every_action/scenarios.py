"""For every action a cluster in which it is offered, what is pressed and typed there, and what is then to be written.

Built-in incidents where one offers the action and its end can be simulated, else those of `own_incidents`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bot.diagnosing import Engine
from intents.catalog.cases import ask_of, world_of
from intents.catalog.schema import Case, World
from intents.domain import Verdict
from tests.end_to_end.every_action import own_incidents as own
from tests.end_to_end.every_action.watching import Json, Watch, Write

# How the message tells the end.
FIXED: Final = ("FIXED: the cause is gone", "fixed")
DONE: Final = ("done; this does not fix the cause", "done")

_FLUX: Final = {"kustomize.toolkit.fluxcd.io/name": "shop", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
_ARGO: Final = {"argocd.argoproj.io/tracking-id": "monitoring:apps/Deployment:monitoring/prometheus-adapter"}

# What a dialog says in its own words of objects that go: the lines that it takes away and adds.
Told = Callable[[list[Write], Watch], tuple[list[str], list[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One remedy from its button to its end. `button` are the first words on it.

    It is a `case` of a built-in incident, with `change`s (object → fault), `reactions` and a world `beside`; or a
    `world` of one's own and what is pasted there. `writes` are what the API server is sent for it, in this order, and
    for the `undo`, which is empty where nothing can be taken back. `name` is typed before data is lost. `custodian` is
    the tool that would take the change back, which is why it is asked twice.
    """

    action: str
    button: str
    writes: tuple[str, ...]
    undo: tuple[str, ...] = ()
    ends: tuple[str, str] = FIXED
    answers: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    custodian: str = ""
    told: Told | None = None
    incident: str = ""
    case: str = ""
    change: Mapping[str, Json] = field(default_factory=dict)
    reactions: tuple[Json, ...] = ()
    beside: Mapping[str, Any] = field(default_factory=dict)
    world: Json = field(default_factory=dict)
    text: str = ""

    @property
    def is_own(self) -> bool:
        return not self.incident

    def staged(self, engine: Engine) -> tuple[list[Mapping[str, Any]], str]:
        """The worlds of its cluster, and what is pasted."""
        if self.is_own:
            return [self.world], self.text
        incident = engine.catalog.incidents[self.incident]
        case = Case(
            name="as it is pressed",
            like=self.case,
            given=World(faults=dict(self.change), reactions=self.reactions)
            if self.reactions
            else World(faults=dict(self.change)),
            then=Verdict.CONFIRMED,
        )
        incident = incident.model_copy(update={"cases": (*incident.cases, case)})
        ask = ask_of(incident, case)
        assert ask.text, "a case that is pasted"
        # The command that printed it names the namespace, where the case says which it was.
        before = f"$ kubectl get events -n {ask.namespace}\n" if ask.namespace else ""
        return [world_of(incident, case), self.beside], before + ask.text


# --- what is told in words ---


def _drained(writes: list[Write], watch: Watch) -> tuple[list[str], list[str]]:
    gone = [each.before for each in writes[1:] if each.before]
    return ["unschedulable: false", *(f"{_place(pod)} ({_owner(pod)})" for pod in gone)], ["unschedulable: true"]


def _tidied(writes: list[Write], watch: Watch) -> tuple[list[str], list[str]]:
    gone = [each.before for each in writes if each.before]
    lines = [
        "  ".join([
            pod["metadata"]["name"], pod["status"]["phase"], pod["status"]["reason"], pod["spec"]["nodeName"],
            pod["metadata"]["creationTimestamp"],
        ])
        for pod in gone
    ]  # fmt: skip
    return lines, []


def _replaced(writes: list[Write], watch: Watch) -> tuple[list[str], list[str]]:
    """The pod that goes, and its like that came: the name before the new end, and all that is not known before."""
    (old,) = [each.before for each in writes if each.before]
    new = watch.successor(old)
    name, _, end = new["metadata"]["name"].rpartition("-")
    assert old["metadata"]["name"] == f"{name}-{old['metadata']['name'].rpartition('-')[2]}" != f"{name}-{end}"
    assert new["spec"]["containers"][0]["image"] == old["spec"]["containers"][0]["image"]
    gone = [f"pod: {old['metadata']['name']}", f"uid: {old['metadata']['uid']}", f"node: {old['spec']['nodeName']}"]
    return gone, [f"pod: {name}-… (new)", "uid: (new)", "node: (the scheduler chooses)"]


def _emptied(writes: list[Write], watch: Watch) -> tuple[list[str], list[str]]:
    """The claim and the pod that go; others of the same names came, the claim on another volume."""
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


def _place(obj: Json) -> str:
    return f"{obj['metadata']['namespace']}/{obj['metadata']['name']}"


def _owner(obj: Json) -> str:
    (owner,) = obj["metadata"]["ownerReferences"]
    return f"{owner['kind']} {owner['name']}"


# --- the table ---


def _patch(path: str, **more: Any) -> dict[str, Any]:
    """One patch, which one patch takes back."""
    return {"writes": (f"PATCH {path}",), "undo": (f"PATCH {path}",), **more}


_APPS: Final = "/apis/apps/v1/namespaces"
_BATCH: Final = "/apis/batch/v1/namespaces"
_API_SERVICE: Final = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.custom.metrics.k8s.io"
_MONITOR: Final = "/apis/monitoring.coreos.com/v1/namespaces/observability/podmonitors/kube-proxy"
_WEBHOOKS: Final = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
_TIKV: Final = "orders-db/orders-tikv-1"

SCENARIOS: Final[tuple[Scenario, ...]] = (
    Scenario(
        action="annotate", incident="nlb-alpn-http1", case="the NLB ends TLS and negotiates nothing",
        button="Annotate Service istio-ingressgateway",
        **_patch("/api/v1/namespaces/istio-ingress/services/istio-ingressgateway"),
    ),
    Scenario(
        action="cordon", incident="node-disk-pressure-taint", case="the taint keeps a pod off the one node it may use",
        button="Cordon worker-c", ends=DONE, **_patch("/api/v1/nodes/worker-c"),
    ),
    Scenario(
        action="uncordon", incident="pending-ha-scheduling", case="each node that takes it has a replica",
        button="Uncordon worker-d", **_patch("/api/v1/nodes/worker-d"),
        beside={
            "objects": [
                {
                    "kind": "Node",
                    "metadata": {"name": "worker-d", "labels": {"kubernetes.io/hostname": "worker-d"}},
                    "spec": {"unschedulable": True},
                    "status": {
                        "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
                        "conditions": [{"type": "Ready", "status": "True"}],
                    },
                }
            ]
        },
    ),
    Scenario(
        action="create-object", incident="kube-proxy-monitoring-missing",
        case="kube-proxy runs, and no monitor means it", button="Create PodMonitor observability/kube-proxy",
        writes=(f"POST {_MONITOR}",), undo=(f"DELETE {_MONITOR}",),
    ),
    Scenario(
        action="delete-apiservice", incident="apiservice-unavailable", case="the Service does not exist",
        button="Delete APIService v1beta1.custom.metrics.k8s.io",
        writes=(f"DELETE {_API_SERVICE}",), undo=(f"POST {_API_SERVICE}",),
    ),
    Scenario(
        action="delete-claim", incident="pending-storageclass-missing", case="the class's name is misspelled",
        button="Delete claim data-ledger-0", name="bookkeeping/data-ledger-0",
        writes=("DELETE /api/v1/namespaces/bookkeeping/persistentvolumeclaims/data-ledger-0",),
    ),
    Scenario(
        action="delete-claim-and-pod", incident="crashloop-cluster-id-mismatch",
        case="the volume is from an earlier cluster", button="Delete orders-tikv-1 and its claims", name=_TIKV,
        told=_emptied,
        change={
            "StatefulSet/orders-db/orders-tikv": {
                "spec": {
                    "volumeClaimTemplates": [
                        {
                            "metadata": {"name": "tikv"},
                            "spec": {
                                "accessModes": ["ReadWriteOnce"],
                                "storageClassName": "fast-disks",
                                "resources": {"requests": {"storage": "200Gi"}},
                            },
                        }
                    ]
                }
            }
        },
        reactions=({"when": "deleted", "object": f"Pod/{_TIKV}", "becomes": "healthy"},),
        writes=(
            "DELETE /api/v1/namespaces/orders-db/persistentvolumeclaims/tikv-orders-tikv-1",
            "DELETE /api/v1/namespaces/orders-db/pods/orders-tikv-1",
        ),
    ),
    Scenario(
        action="delete-finished-pods", incident="node-disk-pressure-taint",
        case="the taint keeps a pod off the one node it may use", button="Delete the evicted pods of worker-c",
        ends=DONE, told=_tidied, writes=("DELETE /api/v1/namespaces/media/pods/thumbs-5c4b9d7f68-m2k8w",),
    ),
    Scenario(
        action="drain", world=own.retiring_node(), text=own.RETIRING, button="Drain old-1", ends=DONE, told=_drained,
        writes=(
            "PATCH /api/v1/nodes/old-1",
            "POST /api/v1/namespaces/shop/pods/web-1-a/eviction",
            "POST /api/v1/namespaces/shop/pods/web-1-b/eviction",
        ),
        undo=("PATCH /api/v1/nodes/old-1",),
    ),
    Scenario(
        action="label", world=own.labelled_pod(), text=own.OUT_OF_SERVICE, button="Put web-1-a into service",
        **_patch("/api/v1/namespaces/shop/pods/web-1-a"),
    ),
    Scenario(
        action="patch-object", world=own.misspelled_service(), text=own.SELECTS_NOTHING, answers={"app": "web"},
        button="Let web select another app", **_patch("/api/v1/namespaces/shop/services/web"),
    ),
    Scenario(
        action="restart-pod", incident="image-pull-failed", told=_replaced,
        case="the registry did not answer, and does again; a restart skips the back-off", button="Pull again now",
        writes=("DELETE /api/v1/namespaces/front/pods/checkout-6f4d8b7c5-kz9wp",),
    ),
    Scenario(
        action="rollout-restart", incident="apiservice-unavailable",
        case="the pods behind it hang, and a restart heals them", button="Restart Deployment prometheus-adapter",
        custodian="Helm (release monitoring/prometheus-adapter)",
        writes=(f"PATCH {_APPS}/monitoring/deployments/prometheus-adapter",),
    ),
    Scenario(
        action="rollout-undo", incident="image-pull-failed", case="there is no such tag",
        button="Roll Deployment cart back", **_patch(f"{_APPS}/store/deployments/cart"),
    ),
    Scenario(
        action="scale", incident="apiservice-unavailable", case="its backend is scaled to zero",
        button="Scale prometheus-adapter to 1", custodian="Argo CD (Application monitoring)",
        change={"Deployment/monitoring/prometheus-adapter": {"metadata": {"annotations": _ARGO}}},
        **_patch(f"{_APPS}/monitoring/deployments/prometheus-adapter"),
    ),
    Scenario(
        action="set-args", incident="leader-election-lost", case="the run that ended says so",
        button="Give shard-operator more time to renew",
        **_patch(f"{_APPS}/chain-ops/deployments/shard-operator"),
    ),
    Scenario(
        action="set-image", incident="image-pull-failed", case="there is no such tag", button="Set another image",
        answers={"image": "registry.acme.io/shop/cart:2.4.0"}, custodian="Flux (Kustomization flux-system/shop)",
        change={"Deployment/store/cart": {"metadata": {"labels": _FLUX}}},
        **_patch(f"{_APPS}/store/deployments/cart"),
    ),
    Scenario(
        action="set-resources", incident="pending-insufficient-resources", case="other pods hold the cpu",
        button="Lower the requests of Deployment report", answers={"cpu": "100m", "memory": "128Mi"},
        **_patch(f"{_APPS}/analytics/deployments/report"),
    ),
    Scenario(
        action="set-webhook-timeout", world=own.patient_webhook(), text=own.TOO_PATIENT, answers={"seconds": "3"},
        button="Wait less for claims.acme.io", **_patch(f"{_WEBHOOKS}/rules"),
    ),
    Scenario(
        action="suspend", world=own.cron_job(), text=own.RUNS, button="Suspend nightly", ends=DONE,
        **_patch(f"{_BATCH}/shop/cronjobs/nightly"),
    ),
    Scenario(
        action="resume", world=own.cron_job(suspend=True), text=own.HALTED, button="Resume nightly", ends=DONE,
        **_patch(f"{_BATCH}/shop/cronjobs/nightly"),
    ),
    Scenario(
        action="clear-claim-ref", incident="pending-local-pv-exhausted",
        case="the disks that take it are bound or Released", button="Offer local-pv-b7c2 again", name="local-pv-b7c2",
        **_patch("/api/v1/persistentvolumes/local-pv-b7c2"),
    ),
    Scenario(
        action="set-reclaim-policy", incident="pd-data-lost-recover",
        case="three of five PD pods crash, an original one on a new volume", button="Keep volume pvc-booking-0",
        ends=DONE, **_patch("/api/v1/persistentvolumes/pvc-booking-0"),
    ),
)  # fmt: skip
