"""The kinds of objects that a text may name, and the objects of custom kinds that a cluster may or may not serve."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.cluster.errors import NotServed
from bot.cluster.resources import Resource, well_known
from bot.cluster.snapshot import MOST_LISTED
from bot.kube.objects import place_of
from bot.probes.contract import Look, may
from intents.domain import Json
from intents.kinds import KINDS

# The built-in kinds whose objects a text or a command may name.
NAMED_KINDS: Final[Mapping[str, Resource]] = {
    kind: resource for kind in KINDS.values() if (resource := well_known(kind))
}
READS_NAMED: Final = tuple(resource.permission(verb) for resource in NAMED_KINDS.values() for verb in ("get", "list"))
# Custom kinds of widespread operators, which the role grants; others need a role of the cluster's administrator.
WIDESPREAD: Final[Mapping[str, Sequence[str]]] = {
    "acme.cert-manager.io": ("challenges", "orders"),
    "cert-manager.io": ("certificaterequests", "certificates", "clusterissuers", "issuers"),
    "cluster.x-k8s.io": ("clusters", "machinedeployments", "machines", "machinesets"),
    "external-secrets.io": ("clustersecretstores", "externalsecrets", "secretstores"),
    "pkg.crossplane.io": ("configurations", "functions", "providers"),
    "postgresql.cnpg.io": ("clusters",),
    "serving.knative.dev": ("configurations", "revisions", "routes", "services"),
}
# Kinds that a text without a kind is not about: other probes read them.
_OF_OTHER_PROBES: Final[Mapping[str, Sequence[str]]] = {
    "argoproj.io": ("applications",),
    "gateway.networking.k8s.io": ("gateways", "grpcroutes", "httproutes", "tlsroutes"),
    "helm.toolkit.fluxcd.io": ("helmreleases",),
    "kustomize.toolkit.fluxcd.io": ("kustomizations",),
    "pingcap.com": ("tidbclusters",),
    "source.toolkit.fluxcd.io": ("gitrepositories", "helmcharts", "helmrepositories", "ocirepositories"),
}
READS_WIDESPREAD, READS_OF_OTHERS = (
    may("get list", *(f"{plural}.{group}" for group, plurals in kinds.items() for plural in plurals))
    for kinds in (WIDESPREAD, _OF_OTHER_PROBES)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedObjects:
    """The objects of some kinds, each with how its kind is served, by kind and place."""

    objects: tuple[tuple[Resource, Json], ...] = ()
    served: bool = True  # one of the kinds, or that is not known
    whole: bool = True  # no part of them was refused, cut or hidden

    @property
    def items(self) -> tuple[Json, ...]:
        """Return the objects alone."""
        return tuple(obj for _, obj in self.objects)


async def served_objects(
    look: Look, *kinds: str, namespace: str = "", name: str = "", limit: int = MOST_LISTED
) -> ServedObjects:
    """Return the objects of the kinds that this cluster serves; a gap for what of them is not readable."""
    fields = f"metadata.name={name}" if name else ""

    async def of(kind: str) -> ServedObjects:
        try:
            resource = await look.snapshot.served(kind)
            if resource is None:
                return ServedObjects(served=False)
            listing = await look.snapshot.list(resource, namespace=namespace, fields=fields, limit=limit)
        except NotServed:  # A kind that is not installed is no gap.
            return ServedObjects(served=False)
        objects = tuple((resource, each) for each in sorted(listing.items, key=place_of))
        return ServedObjects(objects=objects, whole=not listing.truncated)

    found = await asyncio.gather(*(look.unless_refused(of(kind), ServedObjects(whole=False)) for kind in kinds))
    return ServedObjects(
        objects=tuple(one for each in found for one in each.objects),
        served=any(each.served for each in found),
        whole=all(each.whole for each in found),
    )
