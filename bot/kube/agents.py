"""Which nodes a DaemonSet means to run on, so that a node without its pod can be told from one it never wanted.

Rules: the DaemonSet controller (pkg/controller/daemon) adds tolerations of its own to every pod that it makes; beyond
these its template's tolerations, node selector and node affinity decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from bot.kube.placement import refusal

# Of the pods of every DaemonSet: node conditions and a cordon never keep them off.
_OWN_TOLERATIONS: Final = (
    {"key": "node.kubernetes.io/not-ready", "operator": "Exists"},
    {"key": "node.kubernetes.io/unreachable", "operator": "Exists"},
    {"key": "node.kubernetes.io/disk-pressure", "operator": "Exists", "effect": "NoSchedule"},
    {"key": "node.kubernetes.io/memory-pressure", "operator": "Exists", "effect": "NoSchedule"},
    {"key": "node.kubernetes.io/pid-pressure", "operator": "Exists", "effect": "NoSchedule"},
    {"key": "node.kubernetes.io/unschedulable", "operator": "Exists", "effect": "NoSchedule"},
)
_OF_THE_HOST: Final = {"key": "node.kubernetes.io/network-unavailable", "operator": "Exists", "effect": "NoSchedule"}

# What tells the nodes of working pods from those of failing ones, as keys of `traits`.
TRAITS: Final = ("kernel", "os_image", "kubelet", "runtime", "arch", "zone")
_ZONES: Final = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")


def wants(daemonset: Mapping[str, Any], node: Mapping[str, Any]) -> bool:
    """Whether the DaemonSet means to have a pod on the node."""
    template = ((daemonset.get("spec") or {}).get("template") or {}).get("spec") or {}
    added = (*_OWN_TOLERATIONS, _OF_THE_HOST) if template.get("hostNetwork") else _OWN_TOLERATIONS
    pod = {"spec": {**template, "tolerations": [*(template.get("tolerations") or ()), *added]}}
    return not refusal(pod, node)


def node_of(pod: Mapping[str, Any]) -> str:
    """Where a DaemonSet's pod runs; of one that is not bound yet, where the controller wants it."""
    spec = pod.get("spec") or {}
    if node := spec.get("nodeName"):
        return str(node)
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    terms = (affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}).get("nodeSelectorTerms") or ()
    fields = (field for term in terms for field in term.get("matchFields") or ())
    names = (each["values"][0] for each in fields if each.get("key") == "metadata.name" and each.get("values"))
    return str(next(names, ""))


def traits(node: Mapping[str, Any]) -> dict[str, str]:
    """What a node is, as far as nodes of one cluster differ in it; "" where it does not say."""
    info = (node.get("status") or {}).get("nodeInfo") or {}
    labels = (node.get("metadata") or {}).get("labels") or {}
    return {
        "kernel": str(info.get("kernelVersion") or ""),
        "os_image": str(info.get("osImage") or ""),
        "kubelet": str(info.get("kubeletVersion") or ""),
        "runtime": str(info.get("containerRuntimeVersion") or ""),
        "arch": str(info.get("architecture") or ""),
        "zone": next((str(labels[key]) for key in _ZONES if labels.get(key)), ""),
    }


def differences(bad: Iterable[Mapping[str, str]], good: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    """What all bad nodes share and no good one has: `kernel 5.4.0-26-generic`. Nothing without both.

    Where every node has a value of its own, that of a single bad one tells nothing.
    """
    bad, good = tuple(bad), tuple(good)
    if not bad or not good:
        return ()
    found = []
    for trait in TRAITS:
        shared, others = {each.get(trait, "") for each in bad}, {each.get(trait, "") for each in good}
        if len(bad) == 1 and len(others) == len(good) > 1:
            continue
        if len(shared) == 1 and (value := next(iter(shared))) and value not in others:
            found.append(f"{trait} {value}")
    return tuple(found)
