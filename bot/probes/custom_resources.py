"""Custom resources by the conditions that their controllers write, with the controller's own state.

Of the object asked about also those that it waits for, down to the one that fails. The kind comes from the request;
discovery tells how the cluster serves it. Built-in kinds are other probes' business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.cluster.owners import PERMISSIONS_BELOW as BELOW
from bot.cluster.owners import pods_below
from bot.cluster.resources import Resource, well_known
from bot.kube.custom_references import CustomReference, owned_kinds, references_of
from bot.kube.health import Judgement, is_behind, judged, status_writers
from bot.kube.objects import created_at, full_name, group_of, name_of, namespace_of, place_of, ref, uid_of
from bot.kube.owners import owner_references
from bot.kube.rollouts import Replicas, replicas_of
from bot.kube.settling import ready_since
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, Missing, RowValues, manifest_of, may, probe
from bot.probes.shared.kinds import READS_OF_OTHERS, READS_WIDESPREAD, WIDESPREAD, ServedObjects, served_objects
from intents.domain import Json, ObjectRef, ProbeResult, Row

# Certificate, CertificateRequest, Order, Challenge: no known chain is longer.
_DEEPEST: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    """An object in trouble that another waits for (`needed_by`); one that does not exist has no `obj`."""

    resource: Resource
    about: ObjectRef
    needed_by: str
    obj: Json | None = None
    state: Judgement | None = None


async def _failing_below(look: Look, resource: Resource, obj: Json, *, depth: int = 1) -> list[_Link]:
    """Return what an object waits for and that is in trouble, the deepest first."""
    needed_by = str(ref(obj, resource.kind))
    referred = (_referred(look, each, needed_by) for each in references_of(obj))
    owned = (_owned(look, each, obj, needed_by) for each in owned_kinds(obj))
    parts = await asyncio.gather(*(look.unless_refused(each, ()) for each in (*referred, *owned)))
    found: list[_Link] = []
    for link in (link for part in parts for link in part):
        if link.obj is not None and depth < _DEEPEST:
            found += await _failing_below(look, link.resource, link.obj, depth=depth + 1)
        found.append(link)
    return found


async def _referred(look: Look, reference: CustomReference, needed_by: str) -> Sequence[_Link]:
    resource = await look.snapshot.served(reference.word)
    if resource is None:
        return ()
    obj = await look.snapshot.find(resource, reference.name, namespace=reference.namespace)
    if obj is None:
        home = reference.namespace if resource.namespaced else ""
        about = ObjectRef(kind=reference.kind, namespace=home, name=reference.name)
        return (_Link(resource=resource, about=about, needed_by=needed_by),)
    return _trouble_of(resource, obj, needed_by)


async def _owned(look: Look, kind: str, obj: Json, needed_by: str) -> Sequence[_Link]:
    """Return the newest object of a kind that another owns: its controller replaces those that failed before."""
    resource = await look.snapshot.served(kind)
    if resource is None:
        return ()
    listing = await look.snapshot.list(resource, namespace=namespace_of(obj))
    owner = uid_of(obj)
    mine = [each for each in listing.items if any(one.get("uid") == owner for one in owner_references(each))]
    newest = max(mine, key=lambda each: (created_at(each), name_of(each)), default=None)
    return _trouble_of(resource, newest, needed_by) if newest is not None else ()


def _trouble_of(resource: Resource, obj: Json, needed_by: str) -> Sequence[_Link]:
    state = judged(obj)
    if not (state.bad or state.unsure):
        return ()
    return (_Link(resource=resource, about=ref(obj, resource.kind), needed_by=needed_by, obj=obj, state=state),)


_MOST_LISTED: Final = 500
_MOST_ROWS: Final = 50
_QUOTE: Final = 500
# The Deployment that serves a group, where its field manager has another name.
_CONTROLLERS: Final = {
    "acme.cert-manager.io": "cert-manager",
    "apiextensions.crossplane.io": "crossplane",
    "cert-manager.io": "cert-manager",
    "cluster.x-k8s.io": "capi-controller-manager",
    "external-secrets.io": "external-secrets",
    "helm.toolkit.fluxcd.io": "helm-controller",
    "kustomize.toolkit.fluxcd.io": "kustomize-controller",
    "monitoring.coreos.com": "prometheus-operator",
    "pkg.crossplane.io": "crossplane",
    "postgresql.cnpg.io": "cnpg-controller-manager",
    "source.toolkit.fluxcd.io": "source-controller",
}


# An object that does not exist is in trouble without a condition.
_ABSENT: Final = Judgement(condition={}, bad=True)


class _Resource(RowValues):
    """A custom resource, the condition that tells its state, and its controller."""

    of_subject = ("kind", "namespace", "name")

    needed_by: str  # the object that waits for this one, "" for the one asked about
    exists: bool = True
    condition: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    state: Judgement
    since_s: int = UNKNOWN  # since when the condition is as it is
    created_s: int = UNKNOWN
    behind: bool = False  # the controller has not looked at the present spec yet
    controller: str = ""  # namespace/name of the controller's Deployment, "" where it cannot be derived
    controller_ready: int = -1  # its ready pods, -1 unknown
    pods: tuple[str, ...] = ()  # pods that belong to the object and are not ready


@probe(
    says="a row per custom resource in question: the condition that tells its state, and its controller",
    row=_Resource,
    permissions=(*READS_WIDESPREAD, *READS_OF_OTHERS, *BELOW, *may("list", "deployments.apps")),
)
async def read(look: Look) -> ProbeResult:
    """Read the object in question, those of the kind that a text names, or without one those of widespread kinds."""
    focus = look.focus
    focused = bool(focus.name) and well_known(focus.kind) is None
    kind = focus.kind if focused else look.named.get("kind", "")
    name = focus.name if focused else look.named.get("name", "")
    if kind and well_known(kind) is not None:
        return ProbeResult(not_applicable=f"{kind} is no custom resource")
    found = await (_of_kind(look, kind, name) if kind else _widespread(look))
    if not found.served:
        return ProbeResult(not_applicable=f"this cluster has no {kind or 'custom resource of a widespread operator'}")
    states = [(resource, obj, judged(obj)) for resource, obj in found.objects]
    states.sort(key=lambda one: (not one[2].bad, one[0].kind, place_of(one[1])))
    links: Sequence[_Link] = ()
    pods: Sequence[str] = ()
    if focused and len(states) == 1:
        links, pods = await _below(look, *states[0])
    in_trouble = any(state.bad or state.unsure for _, _, state in states)
    deployments = await look.list("Deployment", what="the controller of the object") if in_trouble else ()
    rows = [_link_row(look, link, deployments) for link in links]
    rows += [_row(look, *each, deployments, pods=pods) for each in states[:_MOST_ROWS]]
    return ProbeResult(rows=tuple(rows))


async def _widespread(look: Look) -> ServedObjects:
    kinds = (f"{plural}.{group}" for group, plurals in WIDESPREAD.items() for plural in plurals)
    return await served_objects(look, *kinds, namespace=look.focus.namespace, limit=_MOST_LISTED)


async def _of_kind(look: Look, kind: str, name: str) -> ServedObjects:
    """Return the object of a name, else all of the kind in the namespace."""
    resource = await look.snapshot.served(kind)
    if resource is None:
        return ServedObjects(served=False)
    namespace = look.focus.namespace if resource.namespaced else ""
    if not name or (resource.namespaced and not namespace):
        return await served_objects(look, kind, namespace=namespace, name=name, limit=_MOST_LISTED)
    obj = await look.snapshot.find(resource, name, namespace=namespace)
    if obj is None:
        raise Missing(str(ObjectRef(kind=kind, namespace=look.focus.namespace, name=name)))
    return ServedObjects(objects=((resource, obj),))


async def _below(look: Look, resource: Resource, obj: Json, state: Judgement) -> tuple[Sequence[_Link], Sequence[str]]:
    """Return what the object asked about waits for, the deepest first, and its pods that are not ready."""
    links = await _failing_below(look, resource, obj) if state.bad or state.unsure else ()
    unready = pods_below(look.snapshot, ref(obj, resource.kind), only=lambda pod: ready_since(pod) is None)
    return links, tuple(map(name_of, await look.unless_refused(unready, (), what="the pods of the object")))


def _link_row(look: Look, link: _Link, deployments: Iterable[Json]) -> Row:
    if link.obj is not None and link.state is not None:
        return _row(look, link.resource, link.obj, link.state, deployments, needed_by=link.needed_by)
    return _Resource(needed_by=link.needed_by, exists=False, state=_ABSENT).row(
        link.about, quote=f"{link.about} not found", reproduce=manifest_of(link.about, link.resource)
    )


def _row(
    look: Look,
    resource: Resource,
    obj: Json,
    state: Judgement,
    deployments: Iterable[Json],
    *,
    needed_by: str = "",
    pods: Sequence[str] = (),
) -> Row:
    about = ref(obj, resource.kind)
    reason, message = (str(state.condition.get(key) or "") for key in ("reason", "message"))
    controller = _controller(obj, deployments) if state.bad or state.unsure else None
    return _Resource(
        needed_by=needed_by,
        condition=str(state.condition.get("type") or ""),
        status=str(state.condition.get("status") or ""),
        reason=reason,
        message=message[:_QUOTE],
        state=state,
        since_s=look.age_s(state.condition.get("lastTransitionTime")),
        created_s=look.age_s(created_at(obj)),
        behind=is_behind(obj),
        controller=full_name(controller) if controller else "",
        controller_ready=(replicas_of(controller) if controller else Replicas()).ready,
        pods=tuple(pods),
    ).row(
        about,
        quote=f"{reason}: {message}"[:_QUOTE],
        reproduce=manifest_of(about, resource),
    )


def _controller(obj: Json, deployments: Iterable[Json]) -> Json | None:
    """Return the Deployment named as a writer of the status, else the usual one of the group; None if unsure which."""
    names = {*status_writers(obj), _CONTROLLERS.get(group_of(obj), "")} - {""}
    found = [each for each in deployments if name_of(each) in names]
    return found[0] if len(found) == 1 else None
