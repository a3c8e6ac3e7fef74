"""Objects of Argo CD and Flux that apply a repository to the cluster: whether their last sync failed, and why."""

from __future__ import annotations

import asyncio
from typing import Final

from bot.cluster.errors import ClusterError, NotServed
from bot.cluster.resources import Resource, well_known
from bot.kube.gitops import sync_of
from bot.kube.objects import created_at, name_of, namespace_of, place_of, ref
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import age_s
from intents.domain import Gap, Json, Permission, ProbeDeclaration, ProbeResult, Row, RowType

_KINDS: Final = {
    "applications.argoproj.io": "Application",
    "kustomizations.kustomize.toolkit.fluxcd.io": "Kustomization",
    "helmreleases.helm.toolkit.fluxcd.io": "HelmRelease",
    "gitrepositories.source.toolkit.fluxcd.io": "GitRepository",
    "helmcharts.source.toolkit.fluxcd.io": "HelmChart",
    "helmrepositories.source.toolkit.fluxcd.io": "HelmRepository",
    "ocirepositories.source.toolkit.fluxcd.io": "OCIRepository",
}
_MOST_LISTED: Final = 1000
_MOST_ROWS: Final = 50

DECLARATION: Final = ProbeDeclaration(
    name="gitops-syncs",
    says="a row per Application of Argo CD, Kustomization, HelmRelease or source of Flux in question: its last sync",
    rows={
        "kind": RowType.STRING,
        "namespace": RowType.STRING,
        "name": RowType.STRING,
        "failed": RowType.BOOLEAN,
        "reason": RowType.STRING,
        "message": RowType.STRING,
        "since_s": RowType.INTEGER,
        "created_s": RowType.INTEGER,
        "revision": RowType.STRING,
        "source": RowType.STRING,  # repository and path, or the object of Flux that has them
        "refused": RowType.STRING,  # the first object that could not be applied, with the answer of the API server
    },
    permissions=tuple(
        Permission(verb="list", group=plural.partition(".")[2], resource=plural.partition(".")[0]) for plural in _KINDS
    ),
)


async def read(look: Look) -> ProbeResult:
    """Read the object in question, else all of its namespace; not applicable without Argo CD and Flux."""
    focus = look.focus
    known = frozenset(_KINDS.values())
    named = look.named.get("application", "") or (look.named.get("name", "") if look.named.get("kind") in known else "")
    if focus.name and focus.kind not in known and well_known(focus.kind) is None:
        return ProbeResult(not_applicable=f"{focus.kind} is no object of Argo CD or Flux")
    name = focus.name if focus.kind in known else named
    kinds = [plural for plural, kind in _KINDS.items() if focus.kind not in known or kind == focus.kind]
    found = await asyncio.gather(*(_of_kind(look, plural) for plural in kinds))
    served = [one for one in found if one is not None]
    if not served:
        return ProbeResult(not_applicable="neither Argo CD nor Flux is installed in this cluster")
    rows = [
        _row(look, resource, obj)
        for resource, objects, _ in served
        for obj in objects
        if resource is not None and (not name or name_of(obj) == name)
    ]
    rows.sort(key=lambda row: (not row.values["failed"], str(row.subject)))
    missing = f"{focus.kind or 'Application'} {name}" if name and not rows else ""
    gaps = tuple(dict.fromkeys(gap for _, _, gap in served if gap))
    return ProbeResult(rows=tuple(rows[:_MOST_ROWS]), gaps=gaps, missing="" if gaps else missing)


async def _of_kind(look: Look, plural: str) -> tuple[Resource | None, tuple[Json, ...], Gap | None] | None:
    """Return the objects of a kind and the gap; None where the cluster does not serve it."""
    try:
        resource = await look.snapshot.served(plural)
        if resource is None:
            return None
        listing = await look.snapshot.list(resource, namespace=look.focus.namespace, limit=_MOST_LISTED)
    except NotServed:
        return None
    except ClusterError as error:
        return None, (), error.gap()
    return resource, tuple(sorted(listing.items, key=place_of)), listing.gap(f"all {plural}")


def _row(look: Look, resource: Resource, obj: Json) -> Row:
    sync, namespace, name = sync_of(obj | {"kind": resource.kind}), namespace_of(obj), name_of(obj)
    return Row(
        values={
            "kind": resource.kind,
            "namespace": namespace,
            "name": name,
            "failed": sync.failed,
            "reason": sync.reason,
            "message": sync.message,
            "since_s": age_s(look.snapshot, sync.since),
            "created_s": age_s(look.snapshot, created_at(obj)),
            "revision": sync.revision,
            "source": sync.source,
            "refused": sync.refused,
        },
        subject=ref(obj, resource.kind),
        quote=f"{sync.reason}: {sync.message}" if sync.message else "",
        reproduce=f"kubectl -n {namespace} get {resource.plural}.{resource.group} {name} -o yaml",
    )


PROBE: Final = Probe(declaration=DECLARATION, read=read)
