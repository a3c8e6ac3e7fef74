"""Small readers of one object as plain JSON: its name, labels, phase, node. An incomplete object is no error."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from intents.domain import Json, ObjectRef

_T = TypeVar("_T")
_Key = TypeVar("_Key")
# The labels with the zone of a node or volume.
ZONES: Final = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
_MIRROR: Final = "kubernetes.io/config.mirror"
# Groups of Kubernetes itself; other groups below k8s.io (Gateway, snapshots, Cluster API) are custom resources.
_BUILTIN_GROUPS: Final = frozenset({
    "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "authentication.k8s.io",
    "authorization.k8s.io", "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io",
    "flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io",
    "rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io",
    "storagemigration.k8s.io",
})  # fmt: skip


def metadata_of(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an object's metadata; empty where it has none."""
    return obj.get("metadata") or {}


def spec_of(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an object's spec; empty where it has none."""
    return obj.get("spec") or {}


def status_of(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an object's status; empty where it has none."""
    return obj.get("status") or {}


def name_of(obj: Mapping[str, Any]) -> str:
    """Return an object's name, "" where it has none."""
    return str(metadata_of(obj).get("name") or "")


def is_on_host_network(pod: Mapping[str, Any]) -> bool:
    """Tell whether a pod uses the network of its node, and so an address that other pods have too."""
    return bool(spec_of(pod).get("hostNetwork"))


def addresses_of_pod(pod: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the addresses of a pod, each once."""
    status = status_of(pod)
    listed = (each.get("ip") for each in status.get("podIPs") or ())
    return tuple(dict.fromkeys(str(each) for each in (status.get("podIP"), *listed) if each))


def namespace_of(obj: Mapping[str, Any]) -> str:
    """Return an object's namespace, "" for one outside namespaces."""
    return str(metadata_of(obj).get("namespace") or "")


def uid_of(obj: Mapping[str, Any]) -> str:
    """Return an object's uid, "" where it has none."""
    return str(metadata_of(obj).get("uid") or "")


def place_of(obj: Mapping[str, Any]) -> tuple[str, str]:
    """Return namespace and name, which identify and sort objects of one kind."""
    return namespace_of(obj), name_of(obj)


def full_name(obj: Mapping[str, Any]) -> str:
    """Return an object as namespace/name."""
    return f"{namespace_of(obj)}/{name_of(obj)}"


def ref(obj: Mapping[str, Any], kind: str = "") -> ObjectRef:
    """Return the reference to an object; `kind` is for items of a list, which do not carry theirs."""
    return ObjectRef(
        kind=kind or str(obj.get("kind") or ""), namespace=namespace_of(obj), name=name_of(obj), uid=uid_of(obj)
    )


def named_ref(obj: Mapping[str, Any], kind: str = "") -> ObjectRef:
    """Return the reference to an object as people name it: without its uid."""
    return ObjectRef(kind=kind or str(obj.get("kind") or ""), namespace=namespace_of(obj), name=name_of(obj))


def group_of(obj: Mapping[str, Any]) -> str:
    """Return the API group of an object, "" for the core group and for an item that does not carry it."""
    return str(obj.get("apiVersion") or "").rpartition("/")[0]


def is_builtin(obj: Mapping[str, Any]) -> bool:
    """Tell whether an object's kind is one of Kubernetes itself: groups of custom resources are domain names."""
    group = group_of(obj)
    return "." not in group or group in _BUILTIN_GROUPS


def labels_of(obj: Mapping[str, Any]) -> Mapping[str, str]:
    """Return an object's labels."""
    return metadata_of(obj).get("labels") or {}


def annotations_of(obj: Mapping[str, Any]) -> Mapping[str, str]:
    """Return an object's annotations."""
    return metadata_of(obj).get("annotations") or {}


def created_at(obj: Mapping[str, Any]) -> str:
    """Return the creation time as the API server wrote it, "" where there is none."""
    return str(metadata_of(obj).get("creationTimestamp") or "")


def is_terminating(obj: Mapping[str, Any]) -> bool:
    """Tell whether the object is being deleted."""
    return bool(metadata_of(obj).get("deletionTimestamp"))


def phase_of(obj: Mapping[str, Any]) -> str:
    """Return the phase in an object's status, "" where it has none."""
    return str(status_of(obj).get("phase") or "")


def node_name_of(pod: Mapping[str, Any]) -> str:
    """Return the node that a pod is bound to, "" for a pod without one."""
    return str(spec_of(pod).get("nodeName") or "")


def grouped(items: Iterable[_T], key: Callable[[_T], _Key]) -> defaultdict[_Key, list[_T]]:
    """Return the items of each key, in their order; none of a key that no item has."""
    found: defaultdict[_Key, list[_T]] = defaultdict(list)
    for each in items:
        found[key(each)].append(each)
    return found


def by_node(pods: Iterable[Json]) -> Mapping[str, list[Json]]:
    """Return the pods of each node; those without one are at ""."""
    return grouped(pods, node_name_of)


def has_ended(pod: Mapping[str, Any]) -> bool:
    """Tell whether a pod has run to its end, so that it takes nothing of its node any more."""
    return phase_of(pod) in ("Succeeded", "Failed")


def is_mirror(pod: Mapping[str, Any]) -> bool:
    """Tell whether the kubelet runs the pod from a file: deleted, it comes back."""
    return _MIRROR in annotations_of(pod)


def waits_for_node(pod: Mapping[str, Any]) -> bool:
    """Tell whether a pod is pending without a node."""
    return not node_name_of(pod) and phase_of(pod) in ("Pending", "")


def waits_for_scheduler(pod: Mapping[str, Any]) -> bool:
    """Tell whether the scheduler looks for a node for the pod: it has none, and no gate holds it back."""
    return waits_for_node(pod) and not spec_of(pod).get("schedulingGates")


def pod_template_of(workload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the pod template of a workload, of a CronJob that of its Jobs; empty where it has none."""
    return spec_of(spec_of(workload).get("jobTemplate") or workload).get("template") or {}


def pod_spec_of(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the spec of a pod, of a workload that of its pods; empty where it has none."""
    return spec_of(obj) if "containers" in spec_of(obj) else spec_of(pod_template_of(obj))


def all_containers(spec: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Return the containers in the spec of a pod, those that run before the others first."""
    return (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))


def identity_of(obj: Mapping[str, Any]) -> str:
    """Return the text that shows what an object is: API version, kind, name, labels, and its containers' images."""
    labels = " ".join(f"{key}={value}" for key, value in sorted(labels_of(obj).items()))
    images = " ".join(f"{each.get('name', '')} {each.get('image', '')}" for each in all_containers(pod_spec_of(obj)))
    return f"{obj.get('apiVersion', '')} {obj.get('kind', '')} {name_of(obj)} {labels} {images}"


def label_selector(labels: Mapping[str, Any]) -> str:
    """Return the query that lists objects with all these labels."""
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def condition(obj: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """Return the condition of that type in an object's status; empty where it has none."""
    conditions = status_of(obj).get("conditions") or ()
    return next((each for each in conditions if each.get("type") == kind), {})


def node_addresses(node: Json) -> tuple[str, ...]:
    """Return the addresses of a node, in its order."""
    return tuple(str(each["address"]) for each in status_of(node).get("addresses") or () if each.get("address"))
