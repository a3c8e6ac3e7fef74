"""Custom kinds of widespread operators, which the role grants; others need a role of the cluster's administrator."""

from __future__ import annotations

from typing import Final

from intents.domain import Permission

WIDESPREAD: Final = {
    "acme.cert-manager.io": ("challenges", "orders"),
    "cert-manager.io": ("certificaterequests", "certificates", "clusterissuers", "issuers"),
    "cluster.x-k8s.io": ("clusters", "machinedeployments", "machines", "machinesets"),
    "external-secrets.io": ("clustersecretstores", "externalsecrets", "secretstores"),
    "pkg.crossplane.io": ("configurations", "functions", "providers"),
    "postgresql.cnpg.io": ("clusters",),
    "serving.knative.dev": ("configurations", "revisions", "routes", "services"),
}
READS_WIDESPREAD: Final = tuple(
    Permission(verb=verb, group=group, resource=plural)
    for group, plurals in WIDESPREAD.items()
    for plural in plurals
    for verb in ("get", "list")
)
