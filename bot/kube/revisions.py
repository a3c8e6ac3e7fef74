"""The pod templates that a workload had before, as the objects hold them that its controller keeps.

A Deployment's are its ReplicaSets, those of a StatefulSet or DaemonSet its ControllerRevisions.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from intents.domain import Json

NUMBER: Final = "deployment.kubernetes.io/revision"
HISTORY: Final = "deployment.kubernetes.io/revision-history"
CAUSE: Final = "kubernetes.io/change-cause"
RESTARTED_AT: Final = "kubectl.kubernetes.io/restartedAt"
_HASH: Final = "pod-template-hash"
_DIRECTIVE: Final = "$patch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A template a workload had. `name` is the object that keeps it, `cause` why it was made, as people wrote it."""

    number: int
    name: str
    template: Json
    made: str
    cause: str = ""
    returned: str = ""
    """The numbers it had before a rollout went back to it, as the controller wrote them."""

    @property
    def images(self) -> dict[str, str]:
        return images_of(self.template)


def revisions_in(kept: Iterable[Json]) -> tuple[Revision, ...]:
    """Those of ReplicaSets or ControllerRevisions of one workload, the oldest first."""
    found = [
        _of_replica_set(each) if each.get("kind") == "ReplicaSet" else _of_controller_revision(each) for each in kept
    ]
    # What was trimmed away by hand, or is in a form that no controller writes, is nothing to go back to.
    whole = [each for each in found if each.number > 0 and (each.template.get("spec") or {}).get("containers")]
    return tuple(sorted(whole, key=lambda each: (each.number, each.name)))


def alike(one: Json, other: Json, *, but_restarts: bool = False) -> bool:
    """Whether two templates make the same pods; `but_restarts`: the mark of a restart aside."""
    return _bare(one, but_restarts) == _bare(other, but_restarts)


def images_of(template: Json) -> dict[str, str]:
    """Container → image."""
    spec = template.get("spec") or {}
    return {
        str(each.get("name", "")): str(each.get("image", ""))
        for key in ("initContainers", "containers")
        for each in spec.get(key) or ()
    }


def _of_replica_set(obj: Json) -> Revision:
    annotations = _annotations(obj)
    template = copy.deepcopy((obj.get("spec") or {}).get("template") or {})
    # The controller's own: it tells the pods of one ReplicaSet from another's.
    labels = (template.get("metadata") or {}).get("labels") or {}
    labels.pop(_HASH, None)
    return Revision(
        number=_number(annotations.get(NUMBER)),
        name=str((obj.get("metadata") or {}).get("name", "")),
        template=template,
        made=_made(obj),
        cause=str(annotations.get(CAUSE, "")),
        returned=str(annotations.get(HISTORY, "")),
    )


def _of_controller_revision(obj: Json) -> Revision:
    template = copy.deepcopy(((obj.get("data") or {}).get("spec") or {}).get("template") or {})
    template.pop(_DIRECTIVE, None)
    return Revision(
        number=_number(obj.get("revision")),
        name=str((obj.get("metadata") or {}).get("name", "")),
        template=template,
        made=_made(obj),
        cause=str(_annotations(obj).get(CAUSE, "")),
    )


def _bare(template: Json, but_restarts: bool) -> Json:
    """What of a template makes its pods, without what is written there for nothing."""
    metadata = {
        key: dict(value) for key, value in (template.get("metadata") or {}).items() if isinstance(value, Mapping)
    }
    metadata.get("labels", {}).pop(_HASH, None)
    if but_restarts:
        metadata.get("annotations", {}).pop(RESTARTED_AT, None)
    return {"metadata": {key: value for key, value in metadata.items() if value}, "spec": template.get("spec") or {}}


def _annotations(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    return (obj.get("metadata") or {}).get("annotations") or {}


def _made(obj: Mapping[str, Any]) -> str:
    return str((obj.get("metadata") or {}).get("creationTimestamp") or "")


def _number(value: Any) -> int:
    text = str(value)
    return int(text) if text.isdecimal() else 0
