"""Find the kinds and versions that a cluster serves beyond the well-known ones: custom resources and aggregated APIs.

This takes one call if the API server supports aggregated discovery, else one per group version. A group whose backend
is down is left out and does not fail the rest: a broken metrics API must not hide every custom resource.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.errors import ClusterError, NotServed, ServerError
from bot.cluster.resources import WELL_KNOWN, Resource, index
from bot.kube.objects import is_builtin
from intents.domain import Json
from intents.spelling import closest

AGGREGATED: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
_ALIKE: Final = 70.0
# Their objects are measurements, computed when they are read.
_MEASUREMENTS: Final = "metrics.k8s.io"

# GETs a path and returns its JSON object: (path, accept); raises ClusterError.
Fetch = Callable[[str, str], Awaitable[Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedKinds:
    """The kinds that one cluster serves; `silent` holds registered groups whose backend did not answer.

    `words` also knows well-known kinds that this cluster may not serve; `resources` are those it does, the version that
    it prefers first.
    """

    words: Mapping[str, Resource]
    resources: tuple[Resource, ...]
    silent: frozenset[str]

    def find(self, kind: str) -> Resource | None:
        """Return the resource that a word means, or None if this cluster does not know it.

        Raises ServerError if the word names a registered but silent group, because then absence is not proven.
        """
        word = kind.strip().lower()
        if (resource := self.words.get(word)) is not None:
            return resource
        for group in sorted(self.silent):
            if word.endswith("." + group):
                raise ServerError(what=kind, detail=f"the API group {group} is registered, but its backend is down")
        return None

    def custom(self) -> tuple[Resource, ...]:
        """Return the custom kinds that can be listed, each once, in the version that the cluster prefers."""
        found: dict[tuple[str, str], Resource] = {}
        for resource in self.words.values():
            measured = resource.group.endswith(_MEASUREMENTS)
            if resource.listable and not measured and not is_builtin({"apiVersion": resource.api_version}):
                found.setdefault((resource.group, resource.plural), resource)
        return tuple(found.values())

    def unknown(self, kind: str) -> NotServed:
        """Return the error for a word that this cluster does not know, with the closest known kind."""
        known = {resource.kind for resource in self.words.values()}
        plain = kind.strip().split(".", 1)[0]
        meant = closest(plain, known, at_least=_ALIKE)
        hint = f"did you mean {meant}?" if meant else ""
        return NotServed(what=kind, detail="this cluster does not know that kind", remedy=hint)


async def discover(fetch: Fetch) -> ServedKinds:
    """Ask the cluster for its API groups. Raise ClusterError only if /apis itself cannot be read."""
    root = await fetch("/apis", AGGREGATED)
    try:
        return await _served(root, fetch)
    except (KeyError, TypeError, AttributeError) as error:
        raise ServerError(what="the served kinds", detail="the API server's list of kinds cannot be read") from error


async def _served(root: Json, fetch: Fetch) -> ServedKinds:
    if root.get("kind") == "APIGroupDiscoveryList":
        found, silent = list(_aggregated(root)), _stale(root)
    else:
        found, silent = await _one_by_one(root, fetch)
    # The core group is not listed under /apis, and never changes.
    core = [each for each in WELL_KNOWN if not each.group]
    return ServedKinds(words=index((*WELL_KNOWN, *found)), resources=(*core, *found), silent=frozenset(silent))


def _aggregated(root: Json) -> Iterator[Resource]:
    for group in root.get("items") or ():
        name = group["metadata"].get("name", "")
        for version in group.get("versions") or ():
            for entry in version.get("resources") or ():
                kind = (entry.get("responseKind") or {}).get("kind")
                if kind:
                    named = {"name": entry["resource"], "kind": kind, "namespaced": entry.get("scope") == "Namespaced"}
                    yield _plain(name, version["version"], entry | named)


def _stale(root: Json) -> set[str]:
    return {
        group["metadata"].get("name", "")
        for group in root.get("items") or ()
        for version in group.get("versions") or ()
        if version.get("freshness") == "Stale" and not version.get("resources")
    }


async def _one_by_one(root: Json, fetch: Fetch) -> tuple[list[Resource], set[str]]:
    builtin = {(resource.group, resource.version) for resource in WELL_KNOWN}
    listed = [
        (group["name"], version["version"])
        for group in root.get("groups") or ()
        for version in group.get("versions") or ()
    ]
    wanted = [each for each in listed if each not in builtin]

    async def read(group: str, version: str) -> Json | None:
        try:
            return await fetch(f"/apis/{group}/{version}", "application/json")
        except ClusterError:
            return None

    answers = await asyncio.gather(*(read(group, version) for group, version in wanted))
    found = [each for each in WELL_KNOWN if (each.group, each.version) in listed]
    silent: set[str] = set()
    for (group, version), answer in zip(wanted, answers, strict=True):
        if answer is None:
            silent.add(group)
        else:
            entries = answer.get("resources") or ()
            found += [_plain(group, version, entry) for entry in entries if "/" not in entry["name"]]
    return found, silent


def _plain(group: str, version: str, entry: Mapping[str, Any]) -> Resource:
    return Resource(
        group=group,
        version=version,
        plural=entry["name"],
        kind=entry["kind"],
        namespaced=bool(entry.get("namespaced")),
        short_names=tuple(entry.get("shortNames") or ()),
        # As far as the cluster says: reviews and some metrics cannot be listed.
        listable="list" in (entry.get("verbs") or ["list"]),
    )


# The deprecated API migration guide: kinds, or all other kinds of a group and version, by the release without them.
_REMOVED: Final = {
    api: release
    for release, apis in {
        "1.16": ("extensions/v1beta1", "apps/v1beta1", "apps/v1beta2"),
        "1.22": (
            "extensions/v1beta1/Ingress", "admissionregistration.k8s.io/v1beta1", "apiextensions.k8s.io/v1beta1",
            "apiregistration.k8s.io/v1beta1", "authentication.k8s.io/v1beta1", "authorization.k8s.io/v1beta1",
            "certificates.k8s.io/v1beta1/CertificateSigningRequest", "coordination.k8s.io/v1beta1/Lease",
            "networking.k8s.io/v1beta1/Ingress", "networking.k8s.io/v1beta1/IngressClass",
            "rbac.authorization.k8s.io/v1beta1", "scheduling.k8s.io/v1beta1", "storage.k8s.io/v1beta1",
        ),
        "1.25": (
            "batch/v1beta1", "discovery.k8s.io/v1beta1", "events.k8s.io/v1beta1", "autoscaling/v2beta1",
            "policy/v1beta1", "node.k8s.io/v1beta1",
        ),
        "1.26": ("autoscaling/v2beta2", "flowcontrol.apiserver.k8s.io/v1beta1"),
        "1.27": ("storage.k8s.io/v1beta1/CSIStorageCapacity",),
        "1.29": ("flowcontrol.apiserver.k8s.io/v1beta2",),
        "1.32": ("flowcontrol.apiserver.k8s.io/v1beta3",),
    }.items()
    for api in apis
}  # fmt: skip
# What installs the definitions of these groups.
_PRODUCTS: Final = {
    "monitoring.coreos.com": "prometheus-operator",
    "cert-manager.io": "cert-manager",
    "acme.cert-manager.io": "cert-manager",
    "gateway.networking.k8s.io": "Gateway API",
    "snapshot.storage.k8s.io": "external-snapshotter",
    "networking.istio.io": "Istio",
    "security.istio.io": "Istio",
    "argoproj.io": "Argo",
    "external-secrets.io": "External Secrets Operator",
    "kafka.strimzi.io": "Strimzi",
    "keda.sh": "KEDA",
    "karpenter.sh": "Karpenter",
    "kyverno.io": "Kyverno",
    "metallb.io": "MetalLB",
    "operator.victoriametrics.com": "VictoriaMetrics operator",
    "pingcap.com": "TiDB Operator",
    "projectcontour.io": "Contour",
    "traefik.io": "Traefik",
    "velero.io": "Velero",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The kind that a text asks for; `group` is None and `version` "" where the text does not say them.

    `word` is a kind or a resource: CronJob, cronjobs.
    """

    word: str
    group: str | None = None
    version: str = ""

    @property
    def api(self) -> str:
        """Return the apiVersion that the text names, its group alone, or ""."""
        return f"{self.group}/{self.version}" if self.group and self.version else self.group or self.version

    @property
    def is_builtin(self) -> bool:
        """Tell whether it is asked for in a group of Kubernetes itself."""
        return self.group is not None and is_builtin({"apiVersion": f"{self.group}/v1" if self.group else "v1"})

    @property
    def removed_with(self) -> str:
        """Return the Kubernetes release that removed it, "" if none did."""
        return _REMOVED.get(f"{self.api}/{self.word}") or _REMOVED.get(self.api, "")

    @property
    def product(self) -> str:
        """Return what installs its definition, "" where that is not known."""
        return _PRODUCTS.get(self.group or "", "")


def serves(resource: Resource, wanted: Wanted) -> bool:
    """Tell whether a resource is what a text asks for, in the group and version that it says."""
    same = wanted.word.lower() in resource.names() and wanted.group in (None, resource.group)
    return same and wanted.version in ("", resource.version)


def versions_now(resources: Iterable[Resource], wanted: Wanted) -> tuple[Resource, ...]:
    """Return what serves the kind in another version: of its own group, else of a group that Kubernetes moved it to."""
    known = [each for each in resources if wanted.word.lower() in each.names()]
    if own := tuple(each for each in known if wanted.group in (None, each.group)):
        return own
    return tuple(each for each in known if wanted.is_builtin and is_builtin({"apiVersion": each.api_version}))


def elsewhere(resources: Iterable[Resource], wanted: Wanted) -> tuple[Resource, ...]:
    """Return the same kind in other groups, which may be another product's."""
    return tuple(
        each for each in resources if wanted.word.lower() in each.names() and wanted.group not in (None, each.group)
    )


def closest_kind(resources: Iterable[Resource], wanted: Wanted) -> str:
    """Return the kind of the same group with the most similar name, "" if no name is similar."""
    kinds = {each.kind for each in resources if wanted.group in (None, each.group)}
    return closest(wanted.word, kinds, at_least=_ALIKE)
