"""Which part of a cluster may be shown to whoever asks: checked before a call is made, and again on what it brought.

A snapshot reads with the rights of Casebook, which are wider than those of the people it answers. An object outside any
namespace that refers to a hidden one (a volume claimed there, an API served from there) is hidden with it. Whether
something hidden exists changes no answer: neither an error nor a gap differs by it.
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

# Where the events of objects without a namespace are kept.
CLUSTER_EVENTS: Final = "default"
PARTIAL: Final = "only what may be shown here was read"
PARTIAL_ZH: Final = "仅读取了此处允许查看的部分"

_NAMESPACE: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
# Kinds outside namespaces whose objects never name one: of these a list is complete, and absence is absence.
_SELF_CONTAINED: Final = frozenset(
    {"Node", "StorageClass", "PriorityClass", "RuntimeClass", "CSIDriver", "CSINode", "ComponentStatus"}
)


class NotAllowedHere(ClusterError):
    """The policy does not let this be shown to whoever asks. No role is missing: nothing was asked of the cluster."""

    reason = GapReason.FORBIDDEN
    usual = "it may not be shown here"


@dataclass(frozen=True, slots=True)
class AccessGuard:
    """Enforces an `Access` on one cluster's objects: before a call is made, and on what came back."""

    access: Access

    def check_object(self, resource: Resource, *, namespace: str, name: str) -> None:
        """Raises NotAllowedHere for an object that may not be read, whether or not it exists."""
        what = str(ObjectRef(kind=resource.kind, namespace=namespace, name=name))
        if resource.namespaced:
            self.check_namespace(namespace, what=what)
        elif _is_namespace(resource):
            self.check_namespace(name, what=what)
        elif not self.access.cluster_scoped:
            raise _outside(what)

    def check_namespace(self, namespace: str, *, what: str) -> None:
        """Raises NotAllowedHere for a namespace of which nothing may be read; "" is one that was not named."""
        if not namespace:
            raise NotAllowedHere(
                what=what,
                detail="no namespace is named, and the usual one may not be shown here",
                detail_zh="未指定命名空间，而默认命名空间不允许在此处查看",
            )
        if not self.access.allows(namespace):
            raise NotAllowedHere(
                what=what,
                detail=f"namespace {namespace} may not be shown here",
                detail_zh=f"命名空间 {namespace} 不允许在此处查看",
            )

    def check_list(self, resource: Resource, *, namespace: str, what: str) -> None:
        """Raises NotAllowedHere for a list of which nothing may be read; without `namespace` one of all is meant."""
        if resource.namespaced and namespace:
            self.check_namespace(namespace, what=what)
        elif (resource.namespaced or _is_namespace(resource)) and not self.access.namespaces:
            raise NotAllowedHere(
                what=what, detail="no namespace may be shown here", detail_zh="此处不允许查看任何命名空间"
            )
        elif not resource.namespaced and not _is_namespace(resource) and not self.access.cluster_scoped:
            raise _outside(what)

    def check_events(self, about: ObjectRef) -> None:
        """Raises NotAllowedHere where events about an object may not be read."""
        what = f"events about {about}"
        if about.namespace:
            self.check_namespace(about.namespace, what=what)
        elif not self._shows_events_of(about.kind, about.name):
            raise _outside(what)

    def shows(self, resource: Resource, item: Json) -> bool:
        """Whether an object that came back may be passed on."""
        if self.access.everything:
            return True
        metadata = item.get("metadata") or {}
        if resource.kind == "Event":
            return self._shows_event(item)
        if resource.namespaced:
            return self.access.allows(metadata.get("namespace") or "")
        if _is_namespace(resource):
            return self.access.allows(metadata.get("name") or "")
        return self.access.cluster_scoped and (self._is_told_whole(resource) or not self._refers_to_hidden(item))

    def is_partial(self, resource: Resource, *, namespace: str) -> bool:
        """Whether a list may lack what may not be shown: from such a list no absence follows.

        It depends on what is asked for alone. Were it told from what came back, it would tell that something is hidden.
        """
        if self.access.everything:
            return False
        if not self.access.every_namespace and ((resource.namespaced and not namespace) or _is_namespace(resource)):
            return True
        return self.may_hide(resource, namespace=namespace)

    def may_hide(self, resource: Resource, *, namespace: str) -> bool:
        """Whether of what may be read in general, one object may be hidden for what it refers to."""
        if resource.kind == "Event":
            return not self.access.everything and namespace in ("", CLUSTER_EVENTS)
        return not resource.namespaced and not _is_namespace(resource) and not self._is_told_whole(resource)

    def _is_told_whole(self, resource: Resource) -> bool:
        return self.access.every_namespace or resource.kind in _SELF_CONTAINED

    def _shows_event(self, event: Json) -> bool:
        about = event.get("involvedObject") or event.get("regarding") or {}
        if namespace := about.get("namespace") or "":
            kept_in = (event.get("metadata") or {}).get("namespace") or ""
            return self.access.allows(namespace) and self.access.allows(kept_in)
        return self._shows_events_of(str(about.get("kind") or ""), str(about.get("name") or ""))

    def _shows_events_of(self, kind: str, name: str) -> bool:
        """Events about objects outside namespaces quote what those refer to, so only self-contained kinds are shown."""
        if kind == "Namespace":
            return self.access.allows(name)
        return self.access.cluster_scoped and (self.access.every_namespace or kind in _SELF_CONTAINED)

    def _refers_to_hidden(self, item: Json) -> bool:
        return any(not self.access.allows(namespace) for namespace in _namespaces_in(item))


def _outside(what: str) -> NotAllowedHere:
    return NotAllowedHere(
        what=what,
        detail="objects outside namespaces may not be shown here",
        detail_zh="不属于任何命名空间的对象不允许在此处查看",
    )


def _is_namespace(resource: Resource) -> bool:
    return resource.kind == "Namespace" and not resource.group


def _namespaces_in(item: Json) -> Iterator[str]:
    """The namespaces that an object's fields name: claimRef.namespace, service.namespace, targetNamespaces …"""
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


_noted: ContextVar[dict[Gap, None] | None] = ContextVar("what was withheld", default=None)


@contextmanager
def noting() -> Iterator[Mapping[Gap, None]]:
    """What is withheld from the reads made inside, as gaps: who reads through a snapshot cannot forget to say so."""
    noted: dict[Gap, None] = {}
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


def note_partial(what: str) -> None:
    """A list was read of which only a part may be shown."""
    noted = _noted.get()
    if noted is not None:
        noted[Gap(what=what, reason=GapReason.FORBIDDEN, detail=PARTIAL, detail_zh=PARTIAL_ZH)] = None
