"""The kinds of objects that actions write to, and the permission each write needs.

Custom kinds stand here by name: what is not listed has no button, whatever a catalog entry says, and what is to be
done about it stays in the runbook.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bot.cluster.resources import Resource, well_known
from intents.domain import Permission

WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet")

_CUSTOM: Final = {
    each.kind: each
    for each in (
        Resource(group="pingcap.com", version="v1alpha1", plural="tidbclusters", kind="TidbCluster"),
        Resource(group="monitoring.coreos.com", plural="podmonitors", kind="PodMonitor"),
        Resource(group="networking.istio.io", plural="sidecars", kind="Sidecar"),
    )
}


def permission(verb: str, kind: str, *, subresource: str = "") -> Permission:
    """What writing to a kind needs. Raises KeyError for one that no action writes to."""
    resource = _CUSTOM.get(kind) or well_known(kind)
    if resource is None:
        raise KeyError(kind)
    return resource.permission(verb, subresource=subresource)


def permissions(verb: str, kinds: Iterable[str]) -> dict[str, Permission]:
    """kind → the permission that one write to it needs"""
    return {kind: permission(verb, kind) for kind in kinds}
