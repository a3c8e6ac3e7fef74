"""Decide which part of a cluster may be shown to the requester: before each call and again on its result.

A snapshot reads with Casebook's own permissions, which are wider than those of the requester. A cluster-scoped object
that refers to a hidden namespace (a volume claimed there, an API served from there) is hidden as well. No error and no
gap reveals whether a hidden object exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.cluster.resources import Resource
from bot.kube.access import Access
from intents.domain import Gap, GapReason, Json, ObjectRef

# The API server keeps events about cluster-scoped objects in this namespace.
CLUSTER_EVENTS: Final = "default"
PARTIAL: Final = "only the parts that may be shown here were read"
PARTIAL_ZH: Final = "仅读取了此处允许查看的部分"

_NAMESPACE: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
# Cluster-scoped kinds whose objects never name a namespace. A list of these is complete, so a missing object does not
# exist.
_SELF_CONTAINED: Final = frozenset(
    {"Node", "StorageClass", "PriorityClass", "RuntimeClass", "CSIDriver", "CSINode", "ComponentStatus"}
)


class NotAllowedHere(ClusterError):
    """The policy does not allow the requester to see this. No call was made, so no role is missing."""

    reason = GapReason.FORBIDDEN
    usual = "it may not be shown here"


@dataclass(frozen=True, slots=True)
class AccessGuard:
    """Enforces an `Access` on one cluster's objects: before each call and again on its result."""

    access: Access

    def check_object(self, resource: Resource, *, namespace: str, name: str) -> None:
        """Raise NotAllowedHere if an object may not be read, whether or not it exists."""
        what = str(ObjectRef(kind=resource.kind, namespace=namespace, name=name))
        if resource.namespaced:
            self.check_namespace(namespace, what=what)
        elif _is_namespace(resource):
            self.check_namespace(name, what=what)
        elif not self.access.cluster_scoped:
            raise _outside(what)

    def check_namespace(self, namespace: str, *, what: str) -> None:
        """Raise NotAllowedHere if nothing of a namespace may be read; "" means that no namespace was given."""
        if not namespace:
            raise NotAllowedHere(
                what=what,
                detail="no namespace was given, and the default namespace may not be shown here",
                detail_zh="未指定命名空间，而默认命名空间不允许在此处查看",
            )
        if not self.access.allows(namespace):
            raise NotAllowedHere(
                what=what,
                detail=f"namespace {namespace} may not be shown here",
                detail_zh=f"命名空间 {namespace} 不允许在此处查看",
            )

    def check_list(self, resource: Resource, *, namespace: str, what: str) -> None:
        """Raise NotAllowedHere if nothing of a list may be read; "" for `namespace` means all namespaces."""
        if resource.namespaced and namespace:
            self.check_namespace(namespace, what=what)
        elif (resource.namespaced or _is_namespace(resource)) and not self.access.namespaces:
            raise NotAllowedHere(
                what=what, detail="no namespace may be shown here", detail_zh="此处不允许查看任何命名空间"
            )
        elif not resource.namespaced and not _is_namespace(resource) and not self.access.cluster_scoped:
            raise _outside(what)

    def check_review(self, *, namespace: str, what: str) -> None:
        """Raise NotAllowedHere if permissions in a namespace, or at the cluster scope, may not be read."""
        if namespace:
            self.check_namespace(namespace, what=what)
        elif not self.access.cluster_scoped:
            raise _outside(what)

    def check_events(self, about: ObjectRef) -> None:
        """Raise NotAllowedHere if the events about an object may not be read."""
        what = f"events about {about}"
        if about.namespace:
            self.check_namespace(about.namespace, what=what)
        elif not self._shows_events_of(about.kind, about.name):
            raise _outside(what)

    def shows(self, resource: Resource, item: Json) -> bool:
        """Return whether an object that was read may be shown."""
        if self.access.everything:
            return True
        metadata = item.get("metadata") or {}
        if resource.kind == "Event":
            return self._shows_event(item)
        if resource.namespaced:
            return self.access.allows(metadata.get("namespace") or "")
        if _is_namespace(resource):
            return self.access.allows(metadata.get("name") or "")
        return self.access.cluster_scoped and (
            self._is_fully_visible(resource) or all(map(self.access.allows, _namespaces_in(item)))
        )

    def is_partial(self, resource: Resource, *, namespace: str) -> bool:
        """Return whether a list may lack hidden objects, so that a missing object proves nothing.

        This depends on the query alone. If it depended on the result, it would reveal that something is hidden.
        """
        if self.access.everything:
            return False
        if not self.access.every_namespace and ((resource.namespaced and not namespace) or _is_namespace(resource)):
            return True
        return self.may_hide(resource, namespace=namespace)

    def may_hide(self, resource: Resource, *, namespace: str) -> bool:
        """Return whether single objects of a readable list may be hidden because of the namespaces they refer to."""
        if resource.kind == "Event":
            return not self.access.everything and namespace in ("", CLUSTER_EVENTS)
        return not resource.namespaced and not _is_namespace(resource) and not self._is_fully_visible(resource)

    def _is_fully_visible(self, resource: Resource) -> bool:
        return self.access.every_namespace or resource.kind in _SELF_CONTAINED

    def _shows_event(self, event: Json) -> bool:
        about = event.get("involvedObject") or event.get("regarding") or {}
        if namespace := about.get("namespace") or "":
            kept_in = (event.get("metadata") or {}).get("namespace") or ""
            return self.access.allows(namespace) and self.access.allows(kept_in)
        return self._shows_events_of(str(about.get("kind") or ""), str(about.get("name") or ""))

    def _shows_events_of(self, kind: str, name: str) -> bool:
        """Return whether events about a cluster-scoped object may be shown.

        Such events quote what the object refers to, so only self-contained kinds are shown.
        """
        if kind == "Namespace":
            return self.access.allows(name)
        return self.access.cluster_scoped and (self.access.every_namespace or kind in _SELF_CONTAINED)


def _outside(what: str) -> NotAllowedHere:
    return NotAllowedHere(
        what=what,
        detail="cluster-scoped objects may not be shown here",
        detail_zh="不属于任何命名空间的对象不允许在此处查看",
    )


def _is_namespace(resource: Resource) -> bool:
    return resource.kind == "Namespace" and not resource.group


def _namespaces_in(item: Json) -> Iterator[str]:
    """Yield the namespaces that an object's fields name: claimRef.namespace, service.namespace, targetNamespaces …"""
    left: list[Any] = [item]
    while left:
        value = left.pop()
        if isinstance(value, Mapping):
            for key, inner in value.items():
                if key.lower().endswith(("namespace", "namespaces")):
                    named = inner if isinstance(inner, list) else [inner]
                    yield from (each for each in named if isinstance(each, str) and _NAMESPACE.fullmatch(each))
                left.append(inner)
        elif isinstance(value, list):
            left.extend(value)


_noted: ContextVar[dict[Gap, None] | None] = ContextVar("recorded gaps", default=None)


@contextmanager
def collect_gaps() -> Iterator[Mapping[Gap, None]]:
    """Collect what the reads inside the block were refused or lack, as gaps, so that no reader can forget to report
    it.
    """
    noted: dict[Gap, None] = {}
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


def record_partial(what: str) -> None:
    """Record that only a part of a list may be shown."""
    record_gap(Gap(what=what, reason=GapReason.FORBIDDEN, detail=PARTIAL, detail_zh=PARTIAL_ZH))


def record_gap(gap: Gap) -> None:
    """Record what could not be read, or not in full."""
    noted = _noted.get()
    if noted is not None:
        noted[gap] = None
