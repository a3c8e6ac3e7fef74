"""Judge a workload from its own status: is a rollout under way, what keeps it from its end, which were its templates.

A workload that waits on purpose (OnDelete, a partition, a paused Deployment) does not count as rolling.

A Deployment keeps its earlier templates in ReplicaSets, a StatefulSet or DaemonSet in ControllerRevisions.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot.kube.objects import (
    all_containers,
    annotations_of,
    condition,
    created_at,
    labels_of,
    metadata_of,
    name_of,
    pod_template_of,
    spec_of,
    status_of,
)
from bot.kube.owners import controller_reference
from bot.kube.timestamps import UNKNOWN, parse_time, seconds_since
from intents.domain import Json

_ON_PURPOSE: Final = (
    "suspend", "pause", "maintenance", "on purpose", "on-purpose", "disabled", "intentional", "decommission",
)  # fmt: skip
_LAST_APPLIED: Final = "last-applied-configuration"
# The controller writes the first condition of a new Deployment within this time.
_FIRST_CONDITION_S: Final = 60
_DAY_S: Final = 24 * 3600
# Field managers that scale to zero by themselves and scale up again.
_AUTOSCALERS: Final = (
    "autoscaler", "downscaler", "keda", "kube-controller-manager", "kube-green", "rollouts-controller", "sablier",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """The state of a workload's rollout. `overdue_s` is the age of an exceeded deadline, -1 for none."""

    rolling: bool = False
    """Pods of the newest template are missing or not ready, and nothing holds them back on purpose."""
    overdue_s: int = UNKNOWN
    refusal: str = ""
    """Why the API server refuses the pods."""
    recovered_s: int = UNKNOWN
    """Since when a rollout that was overdue makes progress again."""


def rollout_of(workload: Json, now: datetime) -> Rollout:
    """Return the state of a Deployment's, StatefulSet's or DaemonSet's rollout."""
    if workload.get("kind") != "Deployment":
        return Rollout(rolling=_lags(workload))
    progress, failure = condition(workload, "Progressing"), condition(workload, "ReplicaFailure")
    age, since = seconds_since(created_at(workload), now), seconds_since(progress.get("lastTransitionTime"), now)
    overdue = progress.get("status") == "False"
    refused = failure.get("status") == "True"
    # A rollout that has ended says so until the next one; pods that fail later do not begin it again.
    ended = progress.get("reason") == "NewReplicaSetAvailable" and not refused
    held = bool(spec_of(workload).get("paused"))
    turned = progress.get("status") == "True" and UNKNOWN < since < min(_DAY_S, age - _FIRST_CONDITION_S)
    return Rollout(
        rolling=not held and not ended and (_lags(workload) or overdue),
        overdue_s=since if overdue else UNKNOWN,
        refusal=str(failure.get("message") or failure.get("reason") or "") if refused else "",
        recovered_s=since if turned and not _lags(workload) else UNKNOWN,
    )


def _lags(workload: Json) -> bool:
    """Tell whether fewer pods than wanted are ready or run the newest template, or pods of an earlier one are left."""
    count, spec, status = replicas_of(workload), spec_of(workload), status_of(workload)
    if count.ready < count.desired:
        return True
    if workload.get("kind") == "Deployment":
        updated = int(status.get("updatedReplicas") or 0)
        return updated < max(count.desired, count.created) or int(status.get("unavailableReplicas") or 0) > 0
    updated = int(
        status.get("updatedNumberScheduled" if workload.get("kind") == "DaemonSet" else "updatedReplicas") or 0
    )
    strategy = spec.get("updateStrategy") or {}
    partition = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    return strategy.get("type") != "OnDelete" and updated < count.desired - partition


def was_available(workload: Json, newest: Revision) -> bool:
    """Tell whether a Deployment was available when its newest revision was made, by the time of that condition."""
    available = condition(workload, "Available")
    turned, made = parse_time(available.get("lastTransitionTime")), parse_time(newest.made)
    born = parse_time(created_at(workload))
    if not (turned and made and born):
        return False
    if available.get("status") == "True":
        return turned < made
    # The first condition of a Deployment that never was available has the time of its creation.
    return turned >= made and (turned - born).total_seconds() > _FIRST_CONDITION_S and bool(status_of(workload))


def is_paused(workload: Json) -> bool:
    """Tell whether a pause keeps a Deployment's newest template from its pods."""
    updated = int(status_of(workload).get("updatedReplicas") or 0)
    return bool(spec_of(workload).get("paused")) and updated < replicas_of(workload).desired


def scales_to_zero(manager: str) -> bool:
    """Tell whether a field manager is an autoscaler or scheduler of scale, which takes its zero back by itself."""
    return any(each in manager.lower() for each in _AUTOSCALERS)


def is_owned(workload: Json) -> bool:
    """Tell whether an operator controls the workload: it decides the replicas."""
    return bool(controller_reference(workload))


def says_on_purpose(obj: Json) -> bool:
    """Tell whether an annotation of an object says that it is held on purpose."""
    said = (f"{key} {value}".lower() for key, value in annotations_of(obj).items() if _LAST_APPLIED not in key)
    return any(word in each for each in said for word in _ON_PURPOSE)


# The kinds whose status counts their pods.
REPLICATED: Final = frozenset({"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicas:
    """Counts of pods; -1 where the workload could not be read."""

    desired: int = -1
    created: int = -1
    ready: int = -1


def replicas_of(workload: Json) -> Replicas:
    """Return the counts of a StatefulSet, ReplicaSet, Deployment, DaemonSet or Job, from its spec and status."""
    spec, status = spec_of(workload), status_of(workload)

    def count(key: str) -> int:
        return int(status.get(key) or 0)

    match workload.get("kind"):
        case "DaemonSet":
            return Replicas(
                desired=count("desiredNumberScheduled"),
                created=count("currentNumberScheduled"),
                ready=count("numberReady"),
            )
        case "Job":
            done = count("succeeded")
            parallelism = int(spec.get("parallelism", 1))
            completions = spec.get("completions")
            wanted = parallelism if completions is None else min(parallelism, int(completions) - done)
            desired = 0 if spec.get("suspend") or status.get("completionTime") else max(wanted, 0)
            return Replicas(desired=desired, created=count("active"), ready=count("ready"))
        case _:
            replicas = spec.get("replicas")
            desired = 1 if replicas is None else int(replicas)
            return Replicas(desired=desired, created=count("replicas"), ready=count("readyReplicas"))


# The kinds of workloads, and the kind of object that keeps their revisions.
KEPT_IN: Final = {
    "Deployment": "ReplicaSet",
    "StatefulSet": "ControllerRevision",
    "DaemonSet": "ControllerRevision",
}
NUMBER: Final = "deployment.kubernetes.io/revision"
HISTORY: Final = "deployment.kubernetes.io/revision-history"
CAUSE: Final = "kubernetes.io/change-cause"
RESTARTED_AT: Final = "kubectl.kubernetes.io/restartedAt"
_HASH: Final = "pod-template-hash"
_REVISION_LABEL: Final = "controller-revision-hash"
_DIRECTIVE: Final = "$patch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A template of a workload. `name` is the object that keeps it, `cause` why it was made, as people wrote it."""

    number: int
    name: str
    template: Json
    made: str
    cause: str = ""
    returned: str = ""
    """The numbers it had before a rollout went back to it, as the controller wrote them."""

    @property
    def images(self) -> dict[str, str]:
        """Return the image of each container."""
        return images_of(self.template)


def revisions_in(kept: Iterable[Json]) -> tuple[Revision, ...]:
    """Return the revisions in the ReplicaSets or ControllerRevisions of one workload, the oldest first."""
    # A rollout cannot go back to a template that was trimmed by hand, or that no controller wrote.
    whole = [each for each in map(_revision, kept) if each.number > 0 and spec_of(each.template).get("containers")]
    return tuple(sorted(whole, key=lambda each: (each.number, each.name)))


def earlier_in(revisions: Sequence[Revision]) -> tuple[Revision, ...]:
    """Return the revisions whose template a rollout could go back to: the newest and its restarts are left out."""
    return tuple(each for each in revisions if not alike(each.template, revisions[-1].template, but_restarts=True))


def alike(one: Json, other: Json, *, but_restarts: bool = False) -> bool:
    """Tell whether two templates make the same pods; `but_restarts` ignores the mark of a restart."""
    return _bare(one, but_restarts) == _bare(other, but_restarts)


def revision_name_of(pod: Json) -> str:
    """Return the name of the ReplicaSet or ControllerRevision whose template a pod was made from."""
    owner = controller_reference(pod)
    name = str(owner.get("name") or name_of(pod))
    if owner.get("kind") == "ReplicaSet":
        return name
    label = str(labels_of(pod).get(_REVISION_LABEL) or "")
    # A DaemonSet's pods carry the hash alone, a StatefulSet's the whole name.
    return label if label.startswith(f"{name}-") else f"{name}-{label}"


def images_of(template: Json) -> dict[str, str]:
    """Return the image of each container of a pod template."""
    return {str(each.get("name", "")): str(each.get("image", "")) for each in all_containers(spec_of(template))}


def _revision(obj: Json) -> Revision:
    """Return the revision that a ReplicaSet or ControllerRevision keeps."""
    annotations, is_set = annotations_of(obj), obj.get("kind") == "ReplicaSet"
    template: Json = copy.deepcopy(dict(pod_template_of(obj if is_set else obj.get("data") or {})))
    if is_set:
        # The controller adds this label to tell the pods of one ReplicaSet from another's.
        (metadata_of(template).get("labels") or {}).pop(_HASH, None)
    else:
        template.pop(_DIRECTIVE, None)
    return Revision(
        number=_number(annotations.get(NUMBER) if is_set else obj.get("revision")),
        name=name_of(obj),
        template=template,
        made=created_at(obj),
        cause=str(annotations.get(CAUSE, "")),
        returned=str(annotations.get(HISTORY, "")) if is_set else "",
    )


def _bare(template: Json, but_restarts: bool) -> Json:
    """Return the parts of a template that make its pods."""
    metadata = {key: dict(value) for key, value in metadata_of(template).items() if isinstance(value, Mapping)}
    metadata.get("labels", {}).pop(_HASH, None)
    if but_restarts:
        metadata.get("annotations", {}).pop(RESTARTED_AT, None)
    return {"metadata": {key: value for key, value in metadata.items() if value}, "spec": template.get("spec") or {}}


def _number(value: Any) -> int:
    text = str(value)
    return int(text) if text.isdecimal() else 0
