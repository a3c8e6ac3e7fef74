"""Schedule pods by cordons, taints and readiness of nodes; the capacity of nodes is not simulated."""

from __future__ import annotations

from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.state import State

NODES = ("", "nodes")
_TOPOLOGY = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")


def choose(state: State, *, pod: Json, like: Json | None, pinned: bool) -> str:
    """Choose the node of a new pod: the old pod's node if it still takes pods, else another usable one, else "".

    `pinned` pods (of a DaemonSet) stay on their node. A node that is not in the world counts as usable.
    """
    before = str((like or {"spec": {}})["spec"].get("nodeName", ""))
    node = state.store.get(table=NODES, namespace="", name=before) if before else None
    if before and (pinned or node is None or _takes(node, pod["spec"])):
        return before
    usable = usable_nodes(state, pod["spec"])
    return usable[0] if usable else ""


def bound(pod: Json, *, node: str, state: State) -> Json:
    """Bind the pod to a node; admission copies the node's topology labels to it, as of Kubernetes 1.35."""
    found = state.store.get(table=NODES, namespace="", name=node) or {"metadata": {}}
    known = found["metadata"].get("labels") or {}
    topology = {key: known[key] for key in _TOPOLOGY if key in known}
    metadata = pod["metadata"]
    if topology:
        metadata = metadata | {"labels": (metadata.get("labels") or {}) | topology}
    return pod | {"metadata": metadata, "spec": pod["spec"] | {"nodeName": node}}


def usable_nodes(state: State, spec: Json) -> list[str]:
    """Return the names of the nodes that take a pod with this spec."""
    return [node["metadata"]["name"] for node in state.store.objects(table=NODES) if _takes(node, spec)]


def has_kubelet(state: State, name: str) -> bool:
    """Return whether the kubelet of a node works; that of a node outside the world does."""
    node = state.store.get(table=NODES, namespace="", name=name)
    return node is None or _condition(node, "Ready") != "Unknown"


def _condition(node: Json, kind: str) -> str:
    conditions = (node.get("status") or {}).get("conditions") or ()
    return next((each["status"] for each in conditions if each.get("type") == kind), "True")


def _takes(node: Json, spec: Json) -> bool:
    node_spec = node.get("spec") or {}
    if node_spec.get("unschedulable") or _condition(node, "Ready") != "True":
        return False
    tolerations = spec.get("tolerations") or ()
    return all(
        any(_tolerates(toleration, taint) for toleration in tolerations)
        for taint in node_spec.get("taints") or ()
        if taint.get("effect") in ("NoSchedule", "NoExecute")
    )


def _tolerates(toleration: Json, taint: Json) -> bool:
    if toleration.get("effect") not in (None, "", taint.get("effect")):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint.get("key"))
    return toleration.get("key") == taint.get("key") and toleration.get("value", "") == taint.get("value", "")
