"""The nodes that a DaemonSet runs on, and in what nodes of one cluster differ.

Rules: the DaemonSet controller (pkg/controller/daemon) adds tolerations of its own to every pod that it makes; beyond
these the template's tolerations, node selector and node affinity decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from bot.kube.objects import ZONES, labels_of, pod_spec_of, spec_of, status_of
from bot.kube.owners import owner_references
from bot.kube.placement import Requirement, refusal
from intents.spelling import closest

# Tolerations of every DaemonSet's pods: node conditions and a cordon never keep them off.
_OWN_TOLERATIONS: Final = (
    *({"key": f"node.kubernetes.io/{name}", "operator": "Exists"} for name in ("not-ready", "unreachable")),
    *(
        {"key": f"node.kubernetes.io/{name}", "operator": "Exists", "effect": "NoSchedule"}
        for name in ("disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")
    ),
)
_HOST_NETWORK: Final = {"key": "node.kubernetes.io/network-unavailable", "operator": "Exists", "effect": "NoSchedule"}

_NODE_CRITICAL: Final = "system-node-critical"

# Properties in which the nodes of working and failing pods may differ, by the field of `nodeInfo`.
_INFO: Final = {
    "kernel": "kernelVersion",
    "os_image": "osImage",
    "kubelet": "kubeletVersion",
    "runtime": "containerRuntimeVersion",
    "arch": "architecture",
}


def is_agent(pod: Mapping[str, Any]) -> bool:
    """Tell whether a pod of a DaemonSet serves the other pods of its node: network, proxy, storage."""
    spec = spec_of(pod)
    serves = spec.get("hostNetwork") or spec.get("priorityClassName") == _NODE_CRITICAL
    return bool(serves) and any(each.get("kind") == "DaemonSet" for each in owner_references(pod))


def wants(daemonset: Mapping[str, Any], node: Mapping[str, Any]) -> bool:
    """Tell whether the DaemonSet should have a pod on the node."""
    template = pod_spec_of(daemonset)
    added = (*_OWN_TOLERATIONS, _HOST_NETWORK) if template.get("hostNetwork") else _OWN_TOLERATIONS
    pod = {"spec": {**template, "tolerations": [*(template.get("tolerations") or ()), *added]}}
    return not refusal(pod, node)


def traits(node: Mapping[str, Any]) -> dict[str, str]:
    """Return the properties in which nodes of one cluster may differ; "" where a node does not report one."""
    info, labels = status_of(node).get("nodeInfo") or {}, labels_of(node)
    zone = next((str(labels[key]) for key in ZONES if labels.get(key)), "")
    return {**{trait: str(info.get(key) or "") for trait, key in _INFO.items()}, "zone": zone}


def differences(bad: Iterable[Mapping[str, str]], good: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    """Return what all bad nodes share and no good one has: `kernel 5.4.0-26-generic`. Empty without both kinds.

    Where every node has a different value, that of a single bad one proves nothing.
    """
    bad, good = tuple(bad), tuple(good)
    if not bad or not good:
        return ()
    found = []
    for trait in (*_INFO, "zone"):
        shared, others = {each.get(trait, "") for each in bad}, {each.get(trait, "") for each in good}
        if len(bad) == 1 and len(others) == len(good) > 1:
            continue
        if len(shared) == 1 and (value := next(iter(shared))) and value not in others:
            found.append(f"{trait} {value}")
    return tuple(found)


# The kubelet, the cloud controller and controllers of nodes write labels of these domains; volumes depend on them.
_FIXED: Final = ("kubernetes.io", "k8s.io")
_NODE_POOLS: Final = ("eks.amazonaws.com", "cloud.google.com", "azure.com", "karpenter.sh", "openshift.io")
_MOST: Final = 2000


def is_fixed_label(key: str) -> bool:
    """Tell whether a label is well known: it says what a node is, so a node that is not so must not carry it."""
    domain = key.rpartition("/")[0]
    return any(domain == each or domain.endswith(f".{each}") for each in (*_FIXED, *_NODE_POOLS))


def closest_label(asked: Iterable[Requirement], nodes: Iterable[Mapping[str, str]]) -> str:
    """Return the label (key=value) of the nodes that is most like one asked for that no node has; "" for none."""
    found = list(dict.fromkeys(pair for labels in nodes for pair in labels.items()))[:_MOST]
    for each in asked:
        wanted = [f"{each.key}={value}" for value in each.values] if each.operator == "In" else []
        have = [f"{key}={value}" for key, value in found]
        if not wanted or set(wanted) & set(have):
            continue
        # Another value of the same key tells more than a similar word.
        if same := [pair for pair, (key, _) in zip(have, found, strict=True) if key == each.key]:
            return closest(wanted[0], same, at_least=0)
        if close := closest(wanted[0], have):
            return close
        if value := [pair for pair, (_, value) in zip(have, found, strict=True) if value in each.values]:
            return value[0]
    return ""
