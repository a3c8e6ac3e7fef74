"""Custom kinds of widespread operators, which the role grants; others need a role of the cluster's administrator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from intents.domain import Permission

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


def _reads(kinds: Mapping[str, Sequence[str]]) -> tuple[Permission, ...]:
    return tuple(
        Permission(verb=verb, group=group, resource=plural)
        for group, plurals in kinds.items()
        for plural in plurals
        for verb in ("get", "list")
    )


READS_WIDESPREAD: Final = _reads(WIDESPREAD)
READS_OF_OTHERS: Final = _reads(_OF_OTHER_PROBES)
