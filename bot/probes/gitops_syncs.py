"""Objects of Argo CD and Flux that apply a repository to the cluster: whether their last sync failed, and why."""

from __future__ import annotations

from typing import Final

from bot.cluster.resources import Resource, well_known
from bot.kube.gitops import Sync, sync_of
from bot.kube.objects import created_at, name_of, ref
from bot.probes.contract import Look, RowValues, manifest_of, may, probe
from bot.probes.shared.kinds import served_objects
from intents.domain import Json, ProbeResult, Row

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


class _Sync(RowValues):
    """An object that applies a repository, or has one, with its last sync."""

    of_subject = ("kind", "namespace", "name")

    of: Sync
    since_s: int
    created_s: int


@probe(
    says="a row per Application of Argo CD, Kustomization, HelmRelease or source of Flux in question: its last sync",
    row=_Sync,
    permissions=may("list", *_KINDS),
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
    found = await served_objects(look, *kinds, namespace=focus.namespace, limit=_MOST_LISTED)
    if not found.served:
        return ProbeResult(not_applicable="neither Argo CD nor Flux is installed in this cluster")
    rows = [_row(look, resource, obj) for resource, obj in found.objects if name in ("", name_of(obj))]
    rows.sort(key=lambda row: (not row.values["failed"], str(row.subject)))
    missing = f"{focus.kind or 'Application'} {name}" if name and not rows and found.whole else ""
    return ProbeResult(rows=tuple(rows[:_MOST_ROWS]), missing=missing)


def _row(look: Look, resource: Resource, obj: Json) -> Row:
    sync, about = sync_of(obj), ref(obj, resource.kind)
    return _Sync(of=sync, since_s=look.age_s(sync.since), created_s=look.age_s(created_at(obj))).row(
        about,
        quote=f"{sync.reason}: {sync.message}" if sync.message else "",
        reproduce=manifest_of(about, resource),
    )
