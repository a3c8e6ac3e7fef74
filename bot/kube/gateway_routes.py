"""Read which conditions of Gateway API objects are false, and what their routes refer to.

Of Istio's Sidecars a workload's own wins over its namespace's, which wins over the root namespace's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.objects import created_at, labels_of, name_of, namespace_of, spec_of, status_of
from bot.kube.placement import selects
from intents.domain import Json

# Each must be True for traffic to flow; Conflicted must not be.
_NEEDED: Final = ("Accepted", "ResolvedRefs", "Programmed")
_PENDING: Final = frozenset({"Pending", "NotReconciled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A condition that is false: of which parent or listener, and the controller's words."""

    place: str  # the parent of a route, or the listener of a Gateway; "" for the Gateway itself
    type: str
    reason: str
    message: str
    since: str


def refusals_of(obj: Mapping[str, Any]) -> Iterator[Refusal]:
    """Yield the conditions of a route or Gateway that keep traffic away, in the order of the status."""
    status = status_of(obj)
    if obj.get("kind") == "Gateway":
        yield from _false("", status.get("conditions") or ())
        for listener in status.get("listeners") or ():
            yield from _false(str(listener.get("name") or ""), listener.get("conditions") or ())
        return
    for parent in status.get("parents") or ():
        of = parent.get("parentRef") or {}
        section = of.get("sectionName")
        place = f"{of.get('namespace') or namespace_of(obj)}/{of.get('name', '')}"
        yield from _false(f"{place} ({section})" if section else place, parent.get("conditions") or ())


def _false(place: str, conditions: Sequence[Mapping[str, Any]]) -> Iterator[Refusal]:
    for each in conditions:
        bad = "True" if each.get("type") == "Conflicted" else "False"
        known = each.get("type") == "Conflicted" or each.get("type") in _NEEDED
        if known and each.get("status") == bad and each.get("reason") not in _PENDING:
            yield Refusal(
                place=place,
                type=str(each["type"]),
                reason=str(each.get("reason") or ""),
                message=str(each.get("message") or ""),
                since=str(each.get("lastTransitionTime") or ""),
            )


def accepted_by(obj: Mapping[str, Any]) -> bool:
    """Tell whether a controller accepted the object: every condition Accepted is True, and there is one."""
    status = status_of(obj)
    lists = [status.get("conditions") or ()] if obj.get("kind") == "Gateway" else []
    lists += [each.get("conditions") or () for each in status.get("parents") or ()]
    said = [each.get("status") for conditions in lists for each in conditions if each.get("type") == "Accepted"]
    return bool(said) and all(each == "True" for each in said)


def service_refs(route: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return namespace and name of the Services that a route leads to, each once."""
    found: dict[tuple[str, str], None] = {}
    for rule in spec_of(route).get("rules") or ():
        for each in rule.get("backendRefs") or ():
            if (each.get("kind") or "Service") == "Service" and not each.get("group") and each.get("name"):
                found[str(each.get("namespace") or namespace_of(route)), str(each["name"])] = None
    return tuple(found)


def parent_refs(route: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return namespace and name of the Gateways that a route wants to attach to, each once."""
    found: dict[tuple[str, str], None] = {}
    for each in spec_of(route).get("parentRefs") or ():
        if (each.get("kind") or "Gateway") == "Gateway" and each.get("name"):
            found[str(each.get("namespace") or namespace_of(route)), str(each["name"])] = None
    return tuple(found)


def is_granted(route: Mapping[str, Any], service: tuple[str, str], grants: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a route may refer to a Service: of its own namespace, or allowed by a ReferenceGrant there."""
    namespace, name = service
    if namespace == namespace_of(route):
        return True
    for grant in grants:
        spec = spec_of(grant)
        allows_from = any(
            each.get("kind") == route.get("kind") and each.get("namespace") == namespace_of(route)
            for each in spec.get("from") or ()
        )
        allows_to = any(
            each.get("kind") == "Service" and each.get("name") in (None, "", name) for each in spec.get("to") or ()
        )
        if namespace_of(grant) == namespace and allows_from and allows_to:
            return True
    return False


def defaults(sidecars: Iterable[Json], namespace: str) -> list[Json]:
    """Return the Sidecars of a namespace that select all its workloads, the oldest first, as Istio chooses."""
    found = [each for each in sidecars if namespace_of(each) == namespace and not spec_of(each).get("workloadSelector")]
    return sorted(found, key=lambda each: (created_at(each), name_of(each)))


def bounding_sidecar(pod: Json, sidecars: Sequence[Json], *, root: str) -> str:
    """Return namespace/name of the Sidecar that applies to a pod, if it leaves anything out; "" if none does."""
    home = namespace_of(pod)
    own = [
        each
        for each in sidecars
        if namespace_of(each) == home
        and (chosen := spec_of(each).get("workloadSelector"))
        and selects({"matchLabels": chosen.get("labels") or {}}, labels_of(pod))
    ]
    applied = next(iter((*own, *defaults(sidecars, home), *defaults(sidecars, root))), None)
    if applied is None or _imports_all(applied):
        return ""
    return f"{namespace_of(applied)}/{name_of(applied)}"


def _imports_all(sidecar: Json) -> bool:
    """Tell whether a Sidecar leaves nothing out: without an egress listener the default is everything."""
    egress: Sequence[Mapping[str, Any]] = spec_of(sidecar).get("egress") or ()
    return not egress or any("*/*" in (each.get("hosts") or ()) for each in egress)
