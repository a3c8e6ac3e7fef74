"""The earlier pod templates of a workload, out of the objects that its controller keeps.

A Deployment keeps ReplicaSets, a StatefulSet or DaemonSet keeps ControllerRevisions.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.objects import annotations_of, created_at, labels_of, metadata_of, name_of, pod_template_of, spec_of
from bot.kube.owners import controller_reference
from intents.domain import Json

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
    found = [
        _of_replica_set(each) if each.get("kind") == "ReplicaSet" else _of_controller_revision(each) for each in kept
    ]
    # A rollout cannot go back to a template that was trimmed by hand, or that no controller wrote.
    whole = [each for each in found if each.number > 0 and spec_of(each.template).get("containers")]
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
    spec = spec_of(template)
    return {
        str(each.get("name", "")): str(each.get("image", ""))
        for key in ("initContainers", "containers")
        for each in spec.get(key) or ()
    }


def _of_replica_set(obj: Json) -> Revision:
    annotations = annotations_of(obj)
    template: Json = copy.deepcopy(dict(pod_template_of(obj)))
    # The controller adds this label to tell the pods of one ReplicaSet from another's.
    labels = metadata_of(template).get("labels") or {}
    labels.pop(_HASH, None)
    return Revision(
        number=_number(annotations.get(NUMBER)),
        name=name_of(obj),
        template=template,
        made=created_at(obj),
        cause=str(annotations.get(CAUSE, "")),
        returned=str(annotations.get(HISTORY, "")),
    )


def _of_controller_revision(obj: Json) -> Revision:
    template = copy.deepcopy(dict(pod_template_of(obj.get("data") or {})))
    template.pop(_DIRECTIVE, None)
    return Revision(
        number=_number(obj.get("revision")),
        name=name_of(obj),
        template=template,
        made=created_at(obj),
        cause=str(annotations_of(obj).get(CAUSE, "")),
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
