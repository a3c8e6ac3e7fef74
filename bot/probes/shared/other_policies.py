"""Read which policies of network plugins and meshes exist beside NetworkPolicies: they are named, not evaluated."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPolicies:
    """The policies of other kinds: Kind namespace/name. Those of meshes admit nothing that a NetworkPolicy does not."""

    shown: tuple[str, ...] = ()
    may_admit: bool = False  # some may let pass what NetworkPolicies block


async def other_policies(look: Look, namespaces: Collection[str]) -> OtherPolicies:
    """Return the policies of other kinds in these namespaces and of the whole cluster."""
    kinds = await look.unless_refused(look.snapshot.served_kinds(), None)
    words = [word for word in _KINDS if kinds and word.partition(".")[2] not in kinds.silent]
    served = [each for word in words if kinds and (each := kinds.find(word))]
    kinds_read = served[:_MOST_KINDS]
    lists = await asyncio.gather(*(_shown(look, each, namespaces) for each in kinds_read))
    return OtherPolicies(
        shown=tuple(sorted(one for each in lists for one in each))[:_MOST_SHOWN],
        may_admit=any(each and not _is_mesh(kind) for kind, each in zip(kinds_read, lists, strict=True)),
    )


def _is_mesh(kind: Resource) -> bool:
    return kind.group.endswith("istio.io")


async def _shown(look: Look, kind: Resource, namespaces: Collection[str]) -> list[str]:
    return [
        " ".join((kind.kind, "/".join(filter(None, (namespace_of(each), name_of(each))))))
        for each in await look.list(kind)
        if namespace_of(each) in (*namespaces, "", _MESH if _is_mesh(kind) else "")
    ]
