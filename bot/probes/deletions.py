"""Objects that are being deleted: their finalizers, and whether the controllers that remove these run.

Without `inside` the object in question is read, or without one Services, Ingresses, claims, volumes and definitions of
custom kinds. With it, what is left in the terminating namespaces in question: pods go first, then what the namespace's
conditions name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from bot.cluster.resources import Resource
from bot.kube.deletions import Remover, finalizers_of, is_of_kubernetes, kinds_left, remover_of
from bot.kube.objects import condition, has_ended, is_terminating, metadata_of, name_of, node_name_of, place_of, ref
from bot.kube.volumes import claim_names, claim_reference
from bot.probes.contract import Look, RowValues, kubectl, probe
from bot.probes.shared.kinds import READS_NAMED, READS_OF_OTHERS, READS_WIDESPREAD, served_objects
from bot.probes.shared.scope import READS_NAMESPACES, namespaces_of
from intents.domain import Json, ProbeResult, Row

_MOST_LISTED: Final = 500
_MOST_ROWS: Final = 50
_MOST_NAMESPACES: Final = 5
_MOST_KINDS: Final = 6
_SHOWN: Final = 5
# Kinds that people delete and that finalizers hold most often.
_USUAL: Final = ("Service", "Ingress", "PersistentVolumeClaim", "PersistentVolume", "CustomResourceDefinition")
_WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet")
_UNREAD: Final = frozenset({"secrets", "events", "events.events.k8s.io"})
# Other probes and entries answer for these.
_OTHERS: Final = frozenset({"Pod", "Namespace", "Node"})


class _Deleted(RowValues):
    """An object that is being deleted, and who keeps it."""

    of_subject = ("kind", "namespace", "name")

    place: str  # namespace/name, or the name of an object outside namespaces
    since_s: int  # since its deletion was asked for
    finalizers: tuple[str, ...]
    finalizer: str  # the first that no controller of Kubernetes removes, else the first
    remover: str
    controller: str  # the workload that removes it: Deployment cert-manager/cert-manager
    controller_state: str  # running, down, missing; "" for Kubernetes itself or where it was not read
    users: tuple[str, ...]  # the pods that use a claim, the claim of a volume, the objects of a custom kind


# An object with how its kind is served.
_Served = tuple[Resource, Json]


@probe(
    says="a row per object in question that is being deleted: its finalizers, and whether their controller runs",
    row=_Deleted,
    args={
        "inside": "true: what is left in the terminating namespaces in question",
    },
    permissions=(*READS_NAMESPACES, *READS_WIDESPREAD, *READS_NAMED, *READS_OF_OTHERS),
)
async def read(look: Look) -> ProbeResult:
    """Read the objects in question; the workloads of controllers only where a finalizer of one is left."""
    found = await (_inside(look) if look.flag("inside") else _in_question(look))
    deleted = [one for one in found if is_terminating(one[1])]
    deleted.sort(key=lambda one: (-_since_s(look, one[1]), one[0].kind, place_of(one[1])))
    shown = deleted[:_MOST_ROWS]
    workloads = await _workloads(look, [each for _, each in shown])
    users = await asyncio.gather(*(look.unless_refused(_users_of(look, *each), ()) for each in shown))
    rows = [_row(look, *one, workloads, using) for one, using in zip(shown, users, strict=True)]
    return ProbeResult(rows=tuple(rows), looked_at=len(found))


async def _in_question(look: Look) -> Sequence[_Served]:
    """Read the object of the request, that of the text, or the usual kinds."""
    focus = look.focus
    kind, name = (focus.kind, focus.name) if focus.name else (look.named.get("kind", ""), look.named.get("name", ""))
    if not kind:
        return await _listed(look, *_USUAL, namespace=focus.namespace)
    resource = await look.snapshot.served(kind)
    if resource is None or resource.kind in _OTHERS:
        return []
    namespace = focus.namespace if resource.namespaced else ""
    if not name:
        return await _listed(look, kind, namespace=namespace)
    return [(resource, each) for each in await look.of_name(resource, name, namespace=namespace, limit=_MOST_LISTED)]


async def _inside(look: Look) -> list[_Served]:
    """Read what is left in the namespaces in question that are being deleted."""
    namespaces = [each for each in await namespaces_of(look) if is_terminating(each)][:_MOST_NAMESPACES]
    reads = []
    for namespace in namespaces:
        kinds = [kind for kind in kinds_left(namespace) if kind not in _UNREAD and kind != "pods"]
        reads.append(_listed(look, "pods", *kinds[:_MOST_KINDS], namespace=name_of(namespace)))
    return [one for part in await asyncio.gather(*reads) for one in part]


async def _listed(look: Look, *kinds: str, namespace: str) -> Sequence[_Served]:
    return (await served_objects(look, *kinds, namespace=namespace, limit=_MOST_LISTED)).objects


async def _workloads(look: Look, objects: Sequence[Json]) -> list[Json] | None:
    """Return the workloads among which a controller is looked for; None where none is wanted or they are unreadable."""
    if all(is_of_kubernetes(each) for obj in objects for each in finalizers_of(obj)):
        return None
    listings = await look.unless_refused(asyncio.gather(*map(look.snapshot.list, _WORKLOADS)), None)
    return None if listings is None else [workload for listing in listings for workload in listing.items]


async def _users_of(look: Look, resource: Resource, obj: Json) -> tuple[str, ...]:
    """Return what still uses an object that is being deleted, at most a few: Kubernetes' own finalizers wait for it."""
    namespace, name = place_of(obj)
    if resource.kind == "PersistentVolumeClaim":
        pods = (await look.snapshot.list("Pod", namespace=namespace)).items
        using = (each for each in pods if node_name_of(each) and not has_ended(each) and name in claim_names(each))
        return tuple(f"pod {name_of(each)}" for each in using)[:_SHOWN]
    if resource.kind == "PersistentVolume":
        claim = claim_reference(obj)
        return (f"claim {claim.get('namespace')}/{claim.get('name')}",) if claim.get("name") else ()
    if resource.kind == "CustomResourceDefinition" and condition(obj, "Terminating"):
        left = await look.snapshot.list(name, limit=_MOST_LISTED)
        return tuple("/".join(filter(None, place_of(each))) for each in left.items)[:_SHOWN]
    return ()


def _since_s(look: Look, obj: Json) -> int:
    """Return the seconds since the deletion was asked for; a timestamp includes the grace period."""
    metadata = metadata_of(obj)
    grace = int(metadata.get("deletionGracePeriodSeconds") or 0)
    return look.age_s(metadata.get("deletionTimestamp")) + grace


def _row(look: Look, resource: Resource, obj: Json, workloads: Sequence[Json] | None, users: tuple[str, ...]) -> Row:
    namespace, name = place_of(obj)
    finalizers = finalizers_of(obj)
    telling = next((each for each in finalizers if not is_of_kubernetes(each)), finalizers[0] if finalizers else "")
    remover = remover_of(obj, telling, workloads or ()) if telling else Remover(says="")
    plural = f"{resource.plural}.{resource.group}".rstrip(".")
    return _Deleted(
        place="/".join(filter(None, (namespace, name))),
        since_s=_since_s(look, obj),
        finalizers=finalizers,
        finalizer=telling,
        remover=remover.says,
        controller=remover.place,
        controller_state="" if workloads is None else remover.state,
        users=users,
    ).row(
        ref(obj, resource.kind),
        quote=f"deletionTimestamp {metadata_of(obj).get('deletionTimestamp')}, finalizers {list(finalizers)}",
        reproduce=kubectl(namespace, f"get {plural} {name} -o jsonpath='{{.metadata}}'"),
    )
