"""Read which policies of network plugins and meshes exist beside NetworkPolicies: they are named, not evaluated."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final

from bot.cluster.resources import Resource
from bot.kube.objects import name_of, namespace_of
from bot.probes.contract import Look, may

_KINDS: Final = (
    "ciliumnetworkpolicies.cilium.io",
    "ciliumclusterwidenetworkpolicies.cilium.io",
    "networkpolicies.crd.projectcalico.org",
    "globalnetworkpolicies.crd.projectcalico.org",
    "authorizationpolicies.security.istio.io",
    "peerauthentications.security.istio.io",
    "adminnetworkpolicies.policy.networking.k8s.io",
    "baselineadminnetworkpolicies.policy.networking.k8s.io",
)
READS_OTHER_POLICIES: Final = may("list", *_KINDS)
# Where Istio keeps the policies of the whole mesh.
_MESH: Final = "istio-system"
# A cluster has one network plugin and one mesh.
_MOST_KINDS: Final = 4
_MOST_SHOWN: Final = 5


async def other_policies(look: Look, namespaces: Collection[str]) -> tuple[str, ...]:
    """Return the policies of other kinds in these namespaces and of the whole cluster: Kind namespace/name."""
    kinds = await look.unless_refused(look.snapshot.served_kinds(), None)
    words = [word for word in _KINDS if kinds and word.partition(".")[2] not in kinds.silent]
    served = [each for word in words if kinds and (each := kinds.find(word))]
    lists = await asyncio.gather(*(_shown(look, each, namespaces) for each in served[:_MOST_KINDS]))
    return tuple(sorted(one for each in lists for one in each))[:_MOST_SHOWN]


async def _shown(look: Look, kind: Resource, namespaces: Collection[str]) -> list[str]:
    return [
        " ".join((kind.kind, "/".join(filter(None, (namespace_of(each), name_of(each))))))
        for each in await look.list(kind)
        if namespace_of(each) in (*namespaces, "", _MESH if kind.group.endswith("istio.io") else "")
    ]
