"""Routes and Gateways of the Gateway API: which conditions are false, and which of their references lead nowhere."""

from __future__ import annotations

import asyncio
from typing import Final

from bot.cluster.resources import Resource
from bot.kube.ingresses import Refusal, accepted_by, is_granted, parent_refs, refusals_of, service_refs
from bot.kube.objects import name_of, namespace_of, ref
from bot.probes.contract import Look, RowValues, manifest_of, may, probe
from bot.probes.shared.kinds import served_objects
from intents.domain import Json, ProbeResult, Row
from intents.spelling import closest

_GROUP: Final = "gateway.networking.k8s.io"
_KINDS: Final = {"HTTPRoute": "httproutes", "GRPCRoute": "grpcroutes", "TLSRoute": "tlsroutes", "Gateway": "gateways"}
_GRANTS: Final = f"referencegrants.{_GROUP}"
_MOST_ROWS: Final = 50


class _Lost(RowValues):
    """The references of a route that lead nowhere."""

    missing_parents: tuple[str, ...] = ()  # Gateways that do not exist, as namespace/name
    missing_backends: tuple[str, ...] = ()  # Services that do not exist, as namespace/name
    ungranted: tuple[str, ...] = ()  # Services of other namespaces that no ReferenceGrant allows
    closest: str = ""  # the object most like the first of those missing


class _Route(RowValues):
    """A route or a Gateway, and the first of its conditions that is false."""

    of_subject = ("kind", "namespace", "name")

    failed: bool
    accepted: bool  # by a controller
    refusal: Refusal
    since_s: int
    lost: _Lost


@probe(
    says="a row per route or Gateway of the Gateway API in question: the condition that is false, and its references",
    row=_Route,
    permissions=(
        *may("get list", *(f"{plural}.{_GROUP}" for plural in _KINDS.values())),
        *may("list", _GRANTS, "services"),
    ),
)
async def read(look: Look) -> ProbeResult:
    """Read the route or Gateway in question, else all of the namespace; not applicable without the Gateway API."""
    focus = look.focus
    if focus.name and focus.kind not in _KINDS:
        return ProbeResult(not_applicable=f"{focus.kind} is no object of the Gateway API")
    kinds = (f"{plural}.{_GROUP}" for kind, plural in _KINDS.items() if focus.kind in ("", kind))
    found = await served_objects(look, *kinds, namespace=focus.namespace)
    if not found.served:
        return ProbeResult(not_applicable="the Gateway API is not installed in this cluster")
    named = (one for one in found.objects if focus.name in ("", name_of(one[1])))
    rows = await asyncio.gather(*(_row(look, resource, obj) for resource, obj in named))
    rows.sort(key=lambda row: (not row.values["failed"], row.subject))
    missing = f"{focus.kind} {focus.name}" if focus.name and not rows and found.whole else ""
    return ProbeResult(rows=tuple(rows[:_MOST_ROWS]), missing=missing)


async def _row(look: Look, resource: Resource, obj: Json) -> Row:
    about = ref(obj, resource.kind)
    refusal = next(refusals_of(obj), Refusal())
    failed = bool(refusal.condition)
    return _Route(
        failed=failed,
        accepted=accepted_by(obj),
        refusal=refusal,
        since_s=look.age_s(refusal.since),
        lost=await _lost(look, obj) if failed and resource.kind != "Gateway" else _Lost(),
    ).row(
        about,
        quote=f"{refusal.condition}=False {refusal.reason}: {refusal.message}" if failed else "",
        reproduce=manifest_of(about, resource),
        lasts=failed,
    )


async def _lost(look: Look, route: Json) -> _Lost:
    abroad = tuple(each for each in service_refs(route) if each[0] != namespace_of(route))
    parents, backends, grants = await asyncio.gather(
        _listed(look, f"{_KINDS['Gateway']}.{_GROUP}", parent_refs(route)),
        _listed(look, "Service", service_refs(route)),
        _listed(look, _GRANTS, abroad),
    )
    gone_parents, gone_backends = _absent(parents), _absent(backends)
    return _Lost(
        missing_parents=tuple(gone_parents),
        missing_backends=tuple(gone_backends),
        ungranted=tuple("/".join(place) for place, listed in grants.items() if not is_granted(route, place, listed)),
        closest=next((near for near in (*gone_parents.values(), *gone_backends.values()) if near), ""),
    )


# The objects of a kind in the namespaces of some places, without the places where not all of them are known.
_Listed = dict[tuple[str, str], tuple[Json, ...]]


async def _listed(look: Look, kind: str, places: tuple[tuple[str, str], ...]) -> _Listed:
    found = await asyncio.gather(*(served_objects(look, kind, namespace=namespace) for namespace, _ in places))
    return {place: each.items for place, each in zip(places, found, strict=True) if each.served and each.whole}


def _absent(listed: _Listed) -> dict[str, str]:
    """Return which of these places are empty, each with the name that is most like its own."""
    names = {place: set(map(name_of, objects)) for place, objects in listed.items()}
    return {"/".join(place): closest(place[1], beside) for place, beside in names.items() if place[1] not in beside}
