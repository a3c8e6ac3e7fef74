"""The kinds of objects that actions write to, and the permission that each write needs.

Custom kinds are listed by name. An unlisted kind gets no button, even if an entry names one: the runbook describes what
to do about it.
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
    """Return the permission to write to a kind. Raises KeyError for a kind that no action writes to."""
    resource = _CUSTOM.get(kind) or well_known(kind)
    if resource is None:
        raise KeyError(kind)
    return resource.permission(verb, subresource=subresource)


def permissions_to(verb: str, kinds: Iterable[str]) -> dict[str, tuple[Permission, ...]]:
    """Return, for each kind, the permission for one write to an object of it."""
    return {kind: (permission(verb, kind),) for kind in kinds}


def for_kind(kind: str, *needed: Permission) -> dict[str, tuple[Permission, ...]]:
    """Return the permissions that a plan for an object of this kind needs."""
    return {kind: needed}
