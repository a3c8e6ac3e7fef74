"""Which pod holds a lease, and which pods a look is about when its text names a lease instead of a pod.

A Lease names its holder by an identity that client programs make up: client-go's is the host name, an underscore and a
UUID, others put a suffix of their own behind the host name. A pod's host name is its name, or its node's name when it
uses the host's network.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bot.cluster.errors import ClusterError, NotFound
from bot.kube.objects import name_of, namespace_of
from bot.kube.owners import generated_stem, owner_of, workload_of
from bot.probes.contract import Look
from bot.probes.shared.scope import Suspects, pods_of
from intents.domain import Json, ObjectRef

# One Lease per node, renewed by kubelets: heartbeats, not elections.
HEARTBEATS: Final = "kube-node-lease"


async def suspects_of(look: Look) -> Suspects:
    """The focused pods; where only a lease is named, the pods that compete for it. See Suspects for what is missing."""
    focus = look.focus
    lease = focus.name if focus.kind == "Lease" else "" if focus.names_object else look.named.get("lease", "")
    if not lease:
        return await pods_of(look)
    subject = str(ObjectRef(kind="Lease", namespace=focus.namespace, name=lease))
    try:
        pods = (await look.snapshot.list("Pod", namespace=focus.namespace)).items
    except ClusterError as error:
        return Suspects(gaps=(error.gap(f"pods that compete for {subject}"),))
    try:
        leases = await leases_named(look, lease)
    except NotFound:
        alike = [pod for pod in pods if is_named_like(lease, owner_of(pod).name)]
        return Suspects(pods=_sorted(alike), missing=subject)
    except ClusterError as error:
        alike = [pod for pod in pods if is_named_like(lease, owner_of(pod).name)]
        return Suspects(pods=_sorted(alike), gaps=() if alike else (error.gap(subject),))
    holders = Holders(pods)
    found = _sorted(pod for each in leases for pod in holders.competitors(each))
    return Suspects(pods=found, missing="" if found else f"the pod that holds {subject}")


async def leases_named(look: Look, name: str) -> tuple[Json, ...]:
    """The Leases of this name in the focused namespace, or anywhere. Raises NotFound if there is none."""
    if look.focus.namespace:
        return (await look.snapshot.get("Lease", name, namespace=look.focus.namespace),)
    found = (await look.snapshot.list("Lease", fields=f"metadata.name={name}")).items
    if not found:
        raise NotFound(what=f"Lease {name}")
    return found


class Holders:
    """Finds the pod behind a holder identity among many pods, at the cost of the identity's length."""

    def __init__(self, pods: Sequence[Json]) -> None:
        self._pods = pods
        self._by_name: dict[str, list[Json]] = {}
        self._by_node: dict[str, list[Json]] = {}
        for pod in pods:
            self._by_name.setdefault(name_of(pod), []).append(pod)
            spec = pod.get("spec") or {}
            if spec.get("hostNetwork"):
                self._by_node.setdefault(str(spec.get("nodeName", "")), []).append(pod)

    def of(self, lease: Json) -> Json | None:
        """The pod that holds a lease; the one of the longest name, since `api` also begins the identity `api-0_1b`."""
        home = namespace_of(lease)
        for host in _beginnings(str((lease.get("spec") or {}).get("holderIdentity") or "")):
            for pod in self._by_name.get(host, ()):
                # A lease may lie in another namespace than its holder; then only a name that no two pods share tells.
                if namespace_of(pod) == home or generated_stem(host):
                    return pod
            for pod in self._by_node.get(host, ()):
                if namespace_of(pod) == home and is_named_like(name_of(lease), owner_of(pod).name):
                    return pod
        return None

    def competitors(self, lease: Json) -> list[Json]:
        """The pods of the workload that holds the lease, and of those named like it."""
        home, holder = namespace_of(lease), self.of(lease)
        holding = workload_of(holder) if holder else None
        return [
            pod
            for pod in self._pods
            if (namespace_of(pod) == home and is_named_like(name_of(lease), owner_of(pod).name))
            or (holding is not None and workload_of(pod) == holding)
        ]


class Competition:
    """Which workload competes for which lease: one of its pods holds it, or it is named like it."""

    def __init__(self, leases: Iterable[Json], pods: Sequence[Json]) -> None:
        self._named: dict[str, list[str]] = {}
        self._held: dict[ObjectRef, str] = {}
        holders = Holders(pods)
        for lease in sorted(leases, key=lambda lease: (namespace_of(lease), name_of(lease))):
            self._named.setdefault(namespace_of(lease), []).append(name_of(lease))
            if holder := holders.of(lease):
                self._held.setdefault(workload_of(holder), name_of(lease))

    def lease_of(self, pod: Json) -> str:
        """The lease's name, "" if there is none."""
        workload = workload_of(pod)
        if held := self._held.get(workload):
            return held
        alike = (name for name in self._named.get(workload.namespace, ()) if is_named_like(name, workload.name))
        return next(alike, "")


def _beginnings(identity: str) -> Iterator[str]:
    """What a host name in front of an identity can be, the longest first: all of it, or up to a character between."""
    if identity:
        yield identity
    for at in range(len(identity) - 1, 0, -1):
        if not identity[at].isalnum():
            yield identity[:at]


def is_named_like(lease: str, workload: str) -> bool:
    """Whether a lease's name is a workload's, or continues it: cilium-operator-resource-lock, cilium-operator."""
    return bool(workload) and (lease == workload or lease.startswith((f"{workload}-", f"{workload}.")))


def _sorted(pods: Iterable[Json]) -> tuple[Json, ...]:
    chosen = {(namespace_of(pod), name_of(pod)): pod for pod in pods}
    return tuple(chosen[key] for key in sorted(chosen))
