"""Definitions of custom kinds that probes read, as their operators install them."""

from __future__ import annotations

from typing import Any

TIDB_CLUSTERS: dict[str, Any] = {
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "tidbclusters.pingcap.com"},
    "spec": {
        "group": "pingcap.com",
        "scope": "Namespaced",
        "names": {
            "kind": "TidbCluster",
            "listKind": "TidbClusterList",
            "plural": "tidbclusters",
            "singular": "tidbcluster",
        },
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}
