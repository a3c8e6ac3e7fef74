"""Simulate other writers on Casebook's objects and record what the API server saw of both.

Assertions do not depend on our code: objects come from the simulated API server's store, just before it answers a
request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import Any, Final

from hypothesis import strategies as st

from bot.playground.kubernetes import RecordedRequest, SimulatedCluster

Json = dict[str, Any]

_PATH: Final = re.compile(
    r"/(?:api/v1|apis/(?P<group>[^/]+)/[^/]+)(?:/namespaces/(?P<namespace>[^/]+)(?=/))?/(?P<plural>[^/]+)/(?P<name>[^/]+)"
)
# A possible change of a spec.
_SPECS: Final[Mapping[str, Json]] = {
    "deployments": {"minReadySeconds": 7},
    "nodes": {"podCIDR": "10.7.0.0/24"},
    "persistentvolumeclaims": {"volumeMode": "Block"},
    "persistentvolumes": {"mountOptions": ["noatime"]},
    "podmonitors": {"jobLabel": "other"},
    "pods": {"priority": 7},
    "services": {"sessionAffinity": "ClientIP"},
}


class Meddling(StrEnum):
    """The change that another writer makes. Only a status is not set by people."""

    LABEL = "labels it"
    ANNOTATION = "annotates it"
    SPEC = "changes its spec"
    STATUS = "writes its status"
    REPLACED = "makes it anew"
    REMOVED = "deletes it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meddle:
    """A change `what` to the object of a `step`, just before request number `at` about it.

    0 is the write or the dry run, 1 the first request.
    """

    what: Meddling
    step: int = 0
    at: int = 0


def meddles(*what: Meddling) -> st.SearchStrategy[Meddle]:
    return st.builds(
        Meddle,
        what=st.sampled_from(what or tuple(Meddling)),
        step=st.integers(0, 2),
        at=st.sampled_from((0, 0, 1, 2, 3)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The key of an object in the API server's store."""

    group: str
    plural: str
    namespace: str
    name: str

    @classmethod
    def of(cls, path: str) -> Place:
        match = _PATH.fullmatch(path)
        assert match, path
        return cls(
            group=match["group"] or "", plural=match["plural"], namespace=match["namespace"] or "", name=match["name"]
        )

    def object(self, cluster: SimulatedCluster) -> Json | None:
        return cluster.store.get(table=(self.group, self.plural), namespace=self.namespace, name=self.name)


def path_of(request: RecordedRequest) -> str:
    """Return the path of the object that a request is about."""
    if request.method != "POST":
        return request.path
    whole, eviction, _ = request.path.partition("/eviction")
    return whole if eviction else f"{request.path}/{json.loads(request.body)['metadata']['name']}"


def uid(obj: Json | None) -> str:
    """Return the uid of an object, "" for None."""
    return str(obj["metadata"]["uid"]) if obj else ""


class Others:
    """Other writers on the same objects."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        self._cluster = cluster
        self._known: dict[Place, Json] = {}
        self._numbers = count(1)

    def know(self, path: str, obj: Json) -> None:
        """Remember an object that the others can create."""
        self._known[Place.of(path)] = obj

    def do(self, what: Meddling, path: str) -> None:
        """Change the object, if there is one."""
        place, number = Place.of(path), next(self._numbers)
        there = place.object(self._cluster)
        known = self._known[place] = there or self._known.get(place) or {}
        table = (place.group, place.plural)
        if what is Meddling.REMOVED:
            if there is not None:
                self._cluster.store.remove(table=table, namespace=place.namespace, name=place.name)
            return
        if not known or (there is None and what is not Meddling.REPLACED):
            return
        obj = json.loads(json.dumps(known))
        match what:
            case Meddling.LABEL:
                obj["metadata"].setdefault("labels", {})["touched"] = f"n{number}"
            case Meddling.ANNOTATION:
                obj["metadata"].setdefault("annotations", {})["touched"] = f"n{number}"
            case Meddling.SPEC:
                obj["spec"] |= _SPECS[place.plural]
            case Meddling.STATUS:
                obj.setdefault("status", {})["observedGeneration"] = number
            case Meddling.REPLACED:
                obj["metadata"] |= {"uid": f"anew-{number}", "creationTimestamp": "2026-03-02T02:59:00Z"}
                obj["metadata"].pop("deletionTimestamp", None)
        self._cluster.store.put(table=table, namespace=place.namespace, name=place.name, obj=obj)


@dataclass(slots=True, kw_only=True)
class Write:
    """A write request with the object before and after it; `seen` is the object at its last read."""

    method: str
    path: str
    before: Json | None
    seen: Json | None
    after: Json | None = None
    answered: bool = False

    @property
    def had_effect(self) -> bool:
        """Return whether the object changed, whatever the answer was."""
        return _version(self.before) != _version(self.after)


class Watch:
    """Records requests to the API server and lets `others` act just before an answer, one at a time."""

    def __init__(self, cluster: SimulatedCluster, others: Others) -> None:
        self._cluster, self._others = cluster, others
        self._meddle: Callable[[RecordedRequest], bool] | None = None
        self._read: dict[str, Json | None] = {}
        self.sent: list[Write] = []
        self.tried: dict[str, Json | None] = {}
        """The objects at their last dry run, by path."""
        self.meddled_before: list[str] = []
        """The methods of the requests before which others acted."""
        self.upon_dry_run: Callable[[], None] | None = None
        cluster.meanwhile = self._seen

    def expect(self, meddle: Meddle, path: str) -> None:
        left = meddle.at

        def now(request: RecordedRequest) -> bool:
            nonlocal left
            about = request.path if _is_read(request) or _is_aside(request) else path_of(request)
            if about != path:
                return False
            left -= 1
            due = left == 0 if meddle.at else not _is_read(request)
            if due:
                self._others.do(meddle.what, path)
            return due

        self._meddle = now

    def over(self) -> None:
        self._note_after()
        self._cluster.meanwhile = None

    @property
    def done(self) -> list[Write]:
        """The writes that had an effect; valid when no request is in flight."""
        self._note_after()
        return [write for write in self.sent if write.had_effect]

    def _seen(self, request: RecordedRequest) -> None:
        self._note_after()
        if self._meddle is not None and self._meddle(request):
            self.meddled_before.append(request.method)
            self._meddle = None
        if _is_read(request):
            if _PATH.fullmatch(request.path):
                self._read[request.path] = Place.of(request.path).object(self._cluster)
            return
        if _is_aside(request):
            return
        path = path_of(request)
        obj = Place.of(path).object(self._cluster)
        if request.writes:
            self.sent.append(Write(method=request.method, path=path, before=obj, seen=self._read.get(path)))
        else:
            self.tried[path] = obj
            if self.upon_dry_run is not None:
                self.upon_dry_run()

    def _note_after(self) -> None:
        if self.sent and not self.sent[-1].answered:
            self.sent[-1].after = Place.of(self.sent[-1].path).object(self._cluster)
            self.sent[-1].answered = True


def _is_read(request: RecordedRequest) -> bool:
    return request.method == "GET"


def _is_aside(request: RecordedRequest) -> bool:
    """Return whether a request changes no object: Events and access reviews."""
    return request.path.endswith(("/events", "reviews"))


def _version(obj: Json | None) -> str:
    return str(obj["metadata"]["resourceVersion"]) if obj else ""
