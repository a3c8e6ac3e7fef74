"""Say what can hold a pod or a namespace that is being deleted, and which controller removes a finalizer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.objects import condition, full_name, metadata_of, name_of, place_of, spec_of, status_of
from bot.kube.owners import is_by_hand, last_written
from bot.kube.rollouts import replicas_of
from intents.domain import Json


def finalizers_of(obj: Mapping[str, Any]) -> tuple[str, ...]:
    """Return an object's finalizers."""
    return tuple(str(each) for each in metadata_of(obj).get("finalizers") or ())


def still_running(pod: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the containers that run by the kubelet's last report."""
    return tuple(
        str(each.get("name") or "")
        for key in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
        for each in status_of(pod).get(key) or ()
        if "running" in (each.get("state") or {})
    )


def stop_hooks(pod: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the containers with a preStop hook."""
    return tuple(
        str(each.get("name") or "")
        for each in spec_of(pod).get("containers") or ()
        if (each.get("lifecycle") or {}).get("preStop")
    )


def node_state(node: Mapping[str, Any] | None) -> str:
    """Return "ready", "not ready", "not reporting" or "gone", which is the state of a node that does not exist."""
    if node is None:
        return "gone"
    ready = str(condition(node, "Ready").get("status") or "Unknown")
    return {"True": "ready", "False": "not ready"}.get(ready, "not reporting")


# "configmaps. has 2 resource instances, widgets.kw.example has 1 resource instances"
_LEFT: Final = re.compile(r"([a-z0-9-]+(?:\.[a-z0-9.-]*)?) has (\d+) resource instances")
# "kubernetes.io/pvc-protection in 1 resource instances, kw.example/backup in 2 resource instances"
_HELD: Final = re.compile(r"([^\s,:]+) in (\d+) resource instances")


def message_if_true(namespace: Mapping[str, Any], kind: str) -> str:
    """Return the message of a condition that is True, else ""."""
    found = condition(namespace, kind)
    return str(found.get("message") or "") if found.get("status") == "True" else ""


def kinds_left(namespace: Mapping[str, Any]) -> dict[str, int]:
    """Return how many objects of each kind are left: {"configmaps": 2, "widgets.kw.example": 1}."""
    found = _LEFT.findall(message_if_true(namespace, "NamespaceContentRemaining"))
    return {kind.rstrip("."): int(count) for kind, count in found}


def finalizers_left(namespace: Mapping[str, Any]) -> dict[str, int]:
    """Return on how many objects each finalizer is left."""
    found = _HELD.findall(message_if_true(namespace, "NamespaceFinalizersRemaining"))
    return {finalizer: int(count) for finalizer, count in found}


# The API server and kube-controller-manager remove these by themselves, each once something else is gone.
_OF_KUBERNETES: Final = {
    "batch.kubernetes.io/job-tracking": "the Job controller of kube-controller-manager",
    "customresourcecleanup.apiextensions.k8s.io": "the API server, once every object of this kind is gone",
    "foregroundDeletion": "the garbage collector, once the dependents are gone",
    "kubernetes": "the namespace controller of kube-controller-manager",
    "kubernetes.io/pv-protection": "kube-controller-manager, once no claim is bound to the volume",
    "kubernetes.io/pvc-protection": "kube-controller-manager, once no pod uses the claim",
    "orphan": "the garbage collector of kube-controller-manager",
}
# A part of the finalizer's name → names of the workload that removes it.
_CONTROLLERS: Final = {
    "service.kubernetes.io/load-balancer-cleanup": (
        "cloud-controller-manager", "aws-cloud-controller-manager", "openstack-cloud-controller-manager",
        "azure-cloud-controller-manager", "hcloud-cloud-controller-manager", "aws-load-balancer-controller",
    ),
    "argocd.argoproj.io": ("argocd-application-controller",),
    "elbv2.k8s.aws": ("aws-load-balancer-controller",),
    "service.k8s.aws": ("aws-load-balancer-controller",),
    "ingress.k8s.aws": ("aws-load-balancer-controller",),
    "cert-manager.io": ("cert-manager",),
    "fluxcd.io": ("kustomize-controller", "helm-controller", "source-controller", "flux-operator"),
    "ceph.rook.io": ("rook-ceph-operator",),
    "cnrm.cloud.google.com": ("cnrm-controller-manager",),
    "cluster.x-k8s.io": ("capi-controller-manager",),
    "crossplane.io": ("crossplane",),
    "cattle.io": ("rancher",),
    "external-secrets": ("external-secrets",),
    "istio": ("istio-operator", "istiod"),
    "karpenter": ("karpenter",),
    "keda.sh": ("keda-operator",),
    "kubevirt.io": ("virt-operator", "virt-controller"),
    "longhorn": ("longhorn-manager",),
    "metallb.io": ("metallb-controller", "controller"),
    "monitoring.coreos.com": ("prometheus-operator",),
    "pingcap.com": ("tidb-controller-manager",),
    "postgresql.cnpg.io": ("cnpg-controller-manager",),
    "snapshot.storage.kubernetes.io": ("snapshot-controller",),
    "strimzi.io": ("strimzi-cluster-operator",),
    "tigera.io": ("tigera-operator",),
    "velero.io": ("velero",),
}  # fmt: skip
# Parts of a domain that tell nothing of who owns it.
_GENERIC: Final = frozenset({
    "cloud", "cluster", "com", "controller", "dev", "example", "finalizer", "finalizers", "io", "k8s", "kubernetes",
    "net", "operator", "org", "resource", "resources", "service", "storage", "x-k8s",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Remover:
    """The controller of one finalizer. `state` is running, down, missing, or "" for one of Kubernetes or unknown."""

    says: str
    workload: Json | None = None
    state: str = ""

    @property
    def place(self) -> str:
        """Return "Deployment cert-manager/cert-manager", or "" without a workload."""
        found = self.workload
        return f"{found.get('kind') or 'Deployment'} {full_name(found)}" if found else ""


def is_of_kubernetes(finalizer: str) -> bool:
    """Tell whether Kubernetes itself removes a finalizer: no controller has to be found."""
    return finalizer in _OF_KUBERNETES


def remover_of(obj: Mapping[str, Any], finalizer: str, workloads: Iterable[Json]) -> Remover:
    """Return who removes a finalizer, with the workload that runs it as far as names tell."""
    if known := _OF_KUBERNETES.get(finalizer):
        return Remover(says=known)
    names = next((names for part, names in _CONTROLLERS.items() if part in finalizer), ())
    manager = last_written(obj, ("metadata", "finalizers")).manager
    writer = "" if is_by_hand(manager) else manager
    found = _running_first(each for each in workloads if name_of(each) in {*names, writer} - {""})
    if found is None and not names:
        words = {*finalizer.partition("/")[0].replace("-", ".").casefold().split(".")} - _GENERIC
        found = _running_first(each for each in workloads if _is_called(each, words))
    says = names[0] if names else writer or f"the controller of {finalizer.partition('/')[0]}"
    if found is None:
        return Remover(says=says, state="missing")
    return Remover(says=name_of(found), workload=found, state="running" if replicas_of(found).ready > 0 else "down")


def _running_first(workloads: Iterable[Json]) -> Json | None:
    return min(workloads, key=lambda each: (replicas_of(each).ready <= 0, place_of(each)), default=None)


def _is_called(workload: Json, words: set[str]) -> bool:
    name = set(name_of(workload).casefold().split("-"))
    return bool(words & name) and bool(name & {"controller", "manager", "operator"})
