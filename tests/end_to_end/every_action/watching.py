"""Record a remedy as the API server saw it: every write that was sent, and the object before and after it.

Read from the simulated server's own history of revisions, with nothing of ours between: what Casebook showed, told or
recorded is held against this.
"""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass
from typing import Any, Final

from bot.playground.kubernetes import RecordedRequest, SimulatedCluster

Json = dict[str, Any]
Place = tuple[tuple[str, str], str, str]

_PATH: Final = re.compile(
    r"/(?:api/v1|apis/(?P<group>[^/]+)/[^/]+)(?:/namespaces/(?P<namespace>[^/]+)(?=/))?/(?P<plural>[^/]+)"
    r"/(?P<name>[^/]+)(?:/eviction)?"
)
# What the API server counts by itself of every object.
_COUNTED: Final = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "uid")
# What controllers write into an object in answer to a change of it.
_ANSWERED: Final = frozenset({"deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation"})
_CORDONED: Final = "node.kubernetes.io/unschedulable"
_MADE_BY: Final = "casebook.dev/plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One request that was sent to change something. `before` is None for what was not there, `after` for what went."""

    method: str
    path: str
    before: Json | None
    after: Json | None

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def subject(self) -> str:
        """Kind namespace/name, or kind and name."""
        obj = self.before or self.after
        assert obj, self.line
        metadata = obj["metadata"]
        return f"{obj['kind']} {metadata.get('namespace', '')}/{metadata['name']}".replace(" /", " ")


class Watch:
    """Keeps, from now on, at which revision of the cluster each write arrived. One to a cluster."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        self._cluster = cluster
        self._arrived: list[tuple[RecordedRequest, int]] = []
        cluster.meanwhile = self._note

    def _note(self, request: RecordedRequest) -> None:
        # An event that tells of a change is none.
        if request.writes and "/events" not in request.path:
            self._arrived.append((request, self._cluster.store.revision))

    @property
    def revision(self) -> int:
        """It moves with every change, whosever it is."""
        return self._cluster.store.revision

    def writes(self) -> list[Write]:
        """All writes in their order."""
        return [self._written(request, revision) for request, revision in self._arrived]

    def object(self, path: str) -> Json | None:
        """Return the object at the path of a write as it is now."""
        table, namespace, name = _place(path)
        return self._cluster.store.get(table=table, namespace=namespace, name=name)

    def successor(self, pod: Json) -> Json:
        """Return the youngest pod of the same controller."""
        (owner,) = pod["metadata"]["ownerReferences"]
        pods = self._cluster.store.objects(table=("", "pods"), namespace=pod["metadata"]["namespace"])
        made = [
            each for each in pods if owner["uid"] in {one["uid"] for one in each["metadata"].get("ownerReferences", ())}
        ]
        return max(made, key=lambda each: int(each["metadata"]["resourceVersion"]))

    def _written(self, request: RecordedRequest, revision: int) -> Write:
        path = request.path
        if request.method == "POST" and not path.endswith("/eviction"):
            path += "/" + json.loads(request.body)["metadata"]["name"]
        place = _place(path)
        before = self._at(place, revision)
        # The write's own revision is the first that moves the object; controllers answer after it.
        later = (self._at(place, each) for each in range(revision + 1, self.revision + 1))
        after = next((each for each in later if each != before), before)
        now = self._at(place, self.revision)
        if request.method == "DELETE" and after and (now is None or now["metadata"]["uid"] != after["metadata"]["uid"]):
            after = None  # a finalizer held it for a moment
        return Write(method=request.method, path=path, before=before, after=after)

    def _at(self, place: Place, revision: int) -> Json | None:
        table, namespace, name = place
        there = self._cluster.store.objects_at(table=table, namespace=namespace, revision=revision)
        return next((each for each in there if each["metadata"]["name"] == name), None)


def _place(path: str) -> Place:
    match = _PATH.fullmatch(path)
    assert match, path
    return (match["group"] or "", match["plural"]), match["namespace"] or "", match["name"]


def of_people(obj: Json | None) -> Json:
    """Return the part of an object that people write: no status, no server counters, nothing from controllers.

    One without annotations has no place for them either: that is the same to everybody.
    """
    kept = copy.deepcopy({key: value for key, value in (obj or {}).items() if key not in ("status", "metadata")})
    metadata = {key: value for key, value in ((obj or {}).get("metadata") or {}).items() if key not in _COUNTED}
    annotations = metadata.get("annotations") or {}
    metadata["annotations"] = {key: value for key, value in annotations.items() if key not in _ANSWERED}
    if not metadata["annotations"]:
        del metadata["annotations"]
    return kept | {"metadata": metadata}


def lasting(obj: Json | None) -> Json | None:
    """Return the part of an object that an undo must restore.

    All but the taint by which a cordon is answered, a little later, and the mark by which Casebook knows what it made.
    """
    if obj is None:
        return None
    kept = of_people(obj)
    if taints := (kept.get("spec") or {}).pop("taints", None):
        others = [taint for taint in taints if taint["key"] != _CORDONED]
        kept["spec"] |= {"taints": others} if others else {}
    annotations = kept["metadata"].pop("annotations", {})
    annotations.pop(_MADE_BY, None)
    kept["metadata"] |= {"annotations": annotations} if annotations else {}
    return kept
