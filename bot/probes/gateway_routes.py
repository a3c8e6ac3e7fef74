"""Routes and Gateways of the Gateway API: which conditions are false, and which of their references lead nowhere."""

from __future__ import annotations

import asyncio
from typing import Final

from bot.cluster.errors import ClusterError, NotServed
from bot.cluster.resources import Resource
from bot.kube.gateway_routes import accepted_by, is_granted, parent_refs, refusals_of, service_refs
from bot.kube.ingresses import closest
from bot.kube.objects import name_of, namespace_of, place_of, ref
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import age_s
from intents.domain import Gap, Json, Permission, ProbeDeclaration, ProbeResult, Row, RowType

_GROUP: Final = "gateway.networking.k8s.io"
_KINDS: Final = {"HTTPRoute": "httproutes", "GRPCRoute": "grpcroutes", "TLSRoute": "tlsroutes", "Gateway": "gateways"}
_GRANTS: Final = f"referencegrants.{_GROUP}"
_MOST_ROWS: Final = 50

DECLARATION: Final = ProbeDeclaration(
    name="gateway-routes",
    says="a row per route or Gateway of the Gateway API in question: the condition that is false, and its references",
    rows={
        "kind": RowType.STRING,
        "namespace": RowType.STRING,
        "name": RowType.STRING,
        "failed": RowType.BOOLEAN,
        "accepted": RowType.BOOLEAN,  # by a controller
        "place": RowType.STRING,  # the parent or listener that the condition is of, "" for the Gateway itself
        "condition": RowType.STRING,
        "reason": RowType.STRING,
        "message": RowType.STRING,
        "since_s": RowType.INTEGER,
        "missing_parents": RowType.STRINGS,  # Gateways that do not exist, as namespace/name
        "missing_backends": RowType.STRINGS,  # Services that do not exist, as namespace/name
        "ungranted": RowType.STRINGS,  # Services of other namespaces that no ReferenceGrant allows
        "closest": RowType.STRING,  # the object most like the first of those missing
    },
    permissions=(
        *(
            Permission(verb=verb, group=_GROUP, resource=plural)
            for plural in _KINDS.values()
            for verb in ("get", "list")
        ),
        Permission(verb="list", group=_GROUP, resource="referencegrants"),
        Permission(verb="list", resource="services"),
    ),
)


async def read(look: Look) -> ProbeResult:
    """Read the route or Gateway in question, else all of the namespace; not applicable without the Gateway API."""
    focus = look.focus
    if focus.name and focus.kind not in _KINDS:
        return ProbeResult(not_applicable=f"{focus.kind} is no object of the Gateway API")
    kinds = [kind for kind in _KINDS if focus.kind in ("", kind)]
    namespace = focus.namespace
    found = await asyncio.gather(*(_listed(look, f"{_KINDS[kind]}.{_GROUP}", namespace) for kind in kinds))
    served = [one for one in found if one is not None]
    if not served:
        return ProbeResult(not_applicable="the Gateway API is not installed in this cluster")
    gaps = [gap for _, _, gap in served if gap]
    objects = [(resource, each) for resource, items, _ in served for each in items if resource]
    named = [(resource, each) for resource, each in objects if focus.name in ("", name_of(each))]
    rows = await asyncio.gather(*(_row(look, resource, each, gaps) for resource, each in named))
    rows.sort(key=lambda row: (not row.values["failed"], row.subject))
    missing = f"{focus.kind} {focus.name}" if focus.name and not rows and not gaps else ""
    return ProbeResult(rows=tuple(rows[:_MOST_ROWS]), gaps=tuple(dict.fromkeys(gaps)), missing=missing)


async def _listed(
    look: Look, plural: str, namespace: str
) -> tuple[Resource | None, tuple[Json, ...], Gap | None] | None:
    """Return the objects of a kind and the gap; None where the cluster does not serve it."""
    try:
        resource = await look.snapshot.served(plural)
        if resource is None:
            return None
        listing = await look.snapshot.list(resource, namespace=namespace)
    except NotServed:
        return None
    except ClusterError as error:
        return None, (), error.gap()
    items = tuple(each | {"kind": resource.kind} for each in sorted(listing.items, key=place_of))
    return resource, items, listing.gap(f"all {plural}")


async def _row(look: Look, resource: Resource, obj: Json, gaps: list[Gap]) -> Row:
    namespace, name = place_of(obj)
    refusal = next(refusals_of(obj), None)
    lost = await _lost(look, obj, gaps) if refusal and obj["kind"] != "Gateway" else ((), (), (), "")
    return Row(
        values={
            "kind": resource.kind,
            "namespace": namespace,
            "name": name,
            "failed": refusal is not None,
            "accepted": accepted_by(obj),
            "place": refusal.place if refusal else "",
            "condition": refusal.type if refusal else "",
            "reason": refusal.reason if refusal else "",
            "message": refusal.message if refusal else "",
            "since_s": age_s(look.snapshot, refusal.since if refusal else ""),
            "missing_parents": lost[0],
            "missing_backends": lost[1],
            "ungranted": lost[2],
            "closest": lost[3],
        },
        subject=ref(obj, resource.kind),
        quote=f"{refusal.type}=False {refusal.reason}: {refusal.message}" if refusal else "",
        reproduce=f"kubectl -n {namespace} get {resource.plural}.{resource.group} {name} -o yaml",
        lasts=refusal is not None,
    )


_Names = tuple[str, ...]


async def _lost(look: Look, route: Json, gaps: list[Gap]) -> tuple[_Names, _Names, _Names, str]:
    """Return the Gateways and Services that do not exist, the Services that are not allowed, and a closest name."""
    abroad = [each for each in service_refs(route) if each[0] != namespace_of(route)]
    (gone_parents, near_parent), (gone_backends, near_backend), grants = await asyncio.gather(
        _absent(look, f"{_KINDS['Gateway']}.{_GROUP}", parent_refs(route), gaps),
        _absent(look, "Service", service_refs(route), gaps),
        asyncio.gather(*(_listed(look, _GRANTS, namespace) for namespace, _ in abroad)),
    )
    ungranted: list[str] = []
    for (namespace, name), listed in zip(abroad, grants, strict=True):
        if listed is None or listed[2]:
            gaps += [listed[2]] if listed and listed[2] else []
            continue
        if not is_granted(route, (namespace, name), listed[1]):
            ungranted.append(f"{namespace}/{name}")
    return gone_parents, gone_backends, tuple(ungranted), near_parent or near_backend


async def _absent(look: Look, kind: str, wanted: tuple[tuple[str, str], ...], gaps: list[Gap]) -> tuple[_Names, str]:
    """Return which of these objects do not exist, and the name that is most like the first of them."""
    gone: list[str] = []
    near = ""
    listings = await asyncio.gather(*(_listed(look, kind, namespace) for namespace, _ in wanted))
    for (namespace, name), listed in zip(wanted, listings, strict=True):
        if listed is None or listed[2]:
            gaps += [listed[2]] if listed and listed[2] else []
            continue
        names = {name_of(each) for each in listed[1]}
        if name not in names:
            near = near or closest(name, names)
            gone.append(f"{namespace}/{name}")
    return tuple(gone), near


PROBE: Final = Probe(declaration=DECLARATION, read=read)
