"""Find the owner of an object by its own metadata, and the last writers of its fields as managedFields has them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from bot.kube import field_paths
from bot.kube.objects import labels_of, metadata_of, name_of, namespace_of, ref
from bot.kube.timestamps import UNKNOWN, seconds_since
from intents.domain import ObjectRef

# Pods of ReplicaSets, DaemonSets and Jobs end in a suffix from this alphabet (apimachinery's rand.SafeEncodeString).
_SUFFIX: Final = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{5}$")
_HASH: Final = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{6,10}$")
# A CronJob's Job ends in the minutes of its schedule.
_MINUTES: Final = re.compile(r"-\d{8,}$")
_ORDINAL: Final = re.compile(r"-(\d{1,6})$")
# Where static pods are: the number of a node at the end of their names looks like an ordinal.
_STATIC_PODS: Final = "kube-system"


def owner_references(obj: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Return an object's owner references."""
    return tuple(each for each in metadata_of(obj).get("ownerReferences") or () if isinstance(each, Mapping))


def controller_reference(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the owner reference of an object's controller; empty where none controls it."""
    return next((each for each in owner_references(obj) if each.get("controller")), {})


def controller_of(obj: Mapping[str, Any]) -> ObjectRef | None:
    """Return the controller that an object names, None where none controls it."""
    found = controller_reference(obj)
    if not found:
        return None
    return ObjectRef(
        kind=str(found.get("kind") or ""),
        namespace=namespace_of(obj),
        name=str(found.get("name") or ""),
        uid=str(found.get("uid") or ""),
    )


def owner_of(pod: Mapping[str, Any]) -> ObjectRef:
    """Return the workload a pod belongs to, without its uid; a pod without an owner is its own.

    A ReplicaSet is named after its Deployment and the pod-template-hash, a CronJob's Job after the minutes of the
    schedule, a static pod after its node.
    """
    owner = controller_reference(pod) or next(iter(owner_references(pod)), {})
    if not owner:
        return ref(pod, "Pod")
    kind, name = _workload(pod, str(owner.get("kind") or ""), str(owner.get("name") or ""))
    return ObjectRef(kind=kind, namespace=namespace_of(pod), name=name)


def _workload(pod: Mapping[str, Any], kind: str, name: str) -> tuple[str, str]:
    """Return kind and name of the object that creates a pod's owner, if the owner's name shows it."""
    if kind == "ReplicaSet" and (template_hash := labels_of(pod).get("pod-template-hash")):
        stem = name.removesuffix(f"-{template_hash}")
        return (kind, name) if stem == name else ("Deployment", stem)
    if kind == "Job" and _MINUTES.search(name):
        return "CronJob", _MINUTES.sub("", name)
    if kind == "Node":
        return "StaticPod", name_of(pod).removesuffix(f"-{name}")
    return kind, name


def workload_of(pod: Mapping[str, Any]) -> ObjectRef:
    """Return the workload of a pod without any uid, so that pods of one workload compare equal."""
    return replace(owner_of(pod), uid="")


def generated_stem(pod_name: str) -> str:
    """Return the part of a pod's name that its successor keeps: `api-7d9fcb6d5-x2x4z` → `api`, `agent-x2x4z` → `agent`.

    Empty for a name that no controller generated.
    """
    stem = _SUFFIX.sub("", pod_name)
    return "" if stem == pod_name else _HASH.sub("", stem)


def likely_controllers(pod: ObjectRef) -> tuple[tuple[str, str], ...]:
    """Return kind and name of the controllers that a pod's name alone tells: none for certain, as a Job names its pods
    as a DaemonSet does. Of a number in kube-system nothing is guessed: static pods end in the name of their node.

    `api-7d9fcb6d5-x2x4z`: a ReplicaSet and its Deployment; `agent-x2x4z`: a DaemonSet; `db-0`: a StatefulSet.
    """
    generated = _SUFFIX.sub("", pod.name)
    if generated != pod.name:
        stem = stem_of_hash(generated)
        return (("ReplicaSet", generated), ("Deployment", stem)) if stem else (("DaemonSet", generated),)
    numbered = _ORDINAL.sub("", pod.name)
    return (("StatefulSet", numbered),) if numbered != pod.name and pod.namespace != _STATIC_PODS else ()


def ordinal_of(pod_name: str) -> int:
    """Return the ordinal at the end of a StatefulSet pod's name, -1 if there is none."""
    match = _ORDINAL.search(pod_name)
    return int(match[1]) if match else -1


def stem_of_hash(name: str) -> str:
    """Return the name of the Deployment after which a ReplicaSet is named, "" for any other name."""
    stem = _HASH.sub("", name)
    return "" if stem == name else stem


@dataclass(frozen=True, slots=True, kw_only=True)
class LastWrite:
    """The last known write of a field; empty where none is known. `time` is as the API server wrote it."""

    manager: str = ""
    time: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """The last write of a field manager; `age_s` is -1 where no time is known."""

    manager: str
    age_s: int


# Tools that people use, and what evicts a node's pods for them. Other managers are controllers.
_BY_HAND: Final = ("kubectl", "oc", "k9s", "lens", "openlens", "headlamp", "rancher", "casebook")


def is_by_hand(manager: str) -> bool:
    """Tell whether a field manager stands for a person or a drain: kubectl-cordon, kubectl-drain, k9s."""
    name = manager.casefold()
    return name.startswith(_BY_HAND) or "drain" in name


def last_written(obj: Mapping[str, Any], path: Sequence[str]) -> LastWrite:
    """Return the newest entry that owns the field at a path of plain keys, or something in it.

    An entry has the time of the manager's last write to any of its fields: the field may be older, never newer.
    """
    found = LastWrite()
    for entry in metadata_of(obj).get("managedFields") or ():
        owned = field_paths.get(entry.get("fieldsV1"), [f"f:{key}" for key in path])
        written = LastWrite(manager=str(entry.get("manager") or ""), time=str(entry.get("time") or ""))
        if owned is not None and written.time >= found.time:
            found = written
    return found


def writes_of(obj: Mapping[str, Any], now: datetime) -> list[Write]:
    """Return the last write of each manager to anything but the status, the latest first."""
    entries = metadata_of(obj).get("managedFields") or ()
    writes = [
        Write(manager=str(entry.get("manager") or "unknown"), age_s=seconds_since(entry.get("time"), now))
        for entry in entries
        if entry.get("subresource") != "status"
    ]
    return sorted(writes, key=lambda each: (each.age_s == UNKNOWN, each.age_s, each.manager))
