"""Where a new pod goes: a scheduler that knows cordons, taints and readiness, and nothing of room."""

from __future__ import annotations

from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.state import State

NODES = ("", "nodes")
_TOPOLOGY = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")


def choose(state: State, *, pod: Json, like: Json | None, pinned: bool) -> str:
    """The node of a new pod: that of the pod it replaces if it still takes pods, else one that does, else "".

    `pinned` pods (of a DaemonSet) go nowhere else. A node that is not in the world is taken at its word.
    """
    before = str((like or {"spec": {}})["spec"].get("nodeName", ""))
    node = state.store.get(table=NODES, namespace="", name=before) if before else None
    if before and (pinned or node is None or _takes(node, pod["spec"])):
        return before
    usable = usable_nodes(state, pod["spec"])
    return usable[0] if usable else ""


def bound(pod: Json, *, node: str, state: State) -> Json:
    """The pod on its node; admission copies the node's topology labels to it, as of Kubernetes 1.35."""
    found = state.store.get(table=NODES, namespace="", name=node) or {"metadata": {}}
    known = found["metadata"].get("labels") or {}
    topology = {key: known[key] for key in _TOPOLOGY if key in known}
    metadata = pod["metadata"]
    if topology:
        metadata = metadata | {"labels": (metadata.get("labels") or {}) | topology}
    return pod | {"metadata": metadata, "spec": pod["spec"] | {"nodeName": node}}


def usable_nodes(state: State, spec: Json) -> list[str]:
    """The names of the nodes that take a pod with this spec."""
    return [node["metadata"]["name"] for node in state.store.objects(table=NODES) if _takes(node, spec)]


def has_kubelet(state: State, name: str) -> bool:
    """Whether somebody acts on the pods of a node; a node outside the world is taken to work."""
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
