"""The pods that hold leases or compete for them, and the pods in question where a text names a lease.

A Lease names its holder by an identity that the program chooses: client-go takes the host name, an underscore and a
UUID, others append a suffix of their own to the host name. A pod's host name is its name, or its node's name when it
uses the host's network.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bot.kube.objects import by_node, grouped, name_of, namespace_of, place_of, spec_of
from bot.kube.owners import generated_stem, owner_of, workload_of
from bot.probes.contract import Look, Missing
from bot.probes.shared.scope import Suspects, pods_of
from intents.domain import Json, ObjectRef

# One Lease per node, renewed by kubelets: heartbeats, not elections.
HEARTBEATS: Final = "kube-node-lease"


async def suspects_of(look: Look) -> Suspects:
    """Return the pods in question; where only a lease is named, the pods that compete for it."""
    focus = look.focus
    lease = focus.name if focus.kind == "Lease" else "" if focus.names_object else look.named.get("lease", "")
    if not lease:
        return await pods_of(look)
    subject = str(ObjectRef(kind="Lease", namespace=focus.namespace, name=lease))
    pods = await look.readable("Pod", namespace=focus.namespace)
    if pods is None:
        return Suspects()
    alike = _sorted(pod for pod in pods if is_named_like(lease, owner_of(pod).name))
    try:
        leases = await look.unless_refused(look.of_name("Lease", lease, namespace=focus.namespace), None)
    except Missing:
        return Suspects(pods=alike, missing=subject)
    if leases is None:
        return Suspects(pods=alike)
    holders = Holders(pods)
    found = _sorted(pod for each in leases for pod in holders.competitors(each))
    return Suspects(pods=found, missing="" if found else f"the pod that holds {subject}")


class Holders:
    """Finds the pod behind a holder identity among many pods, in time linear to the identity."""

    def __init__(self, pods: Sequence[Json]) -> None:
        self._pods = pods
        self._by_name = grouped(pods, name_of)
        self._by_node = by_node(pod for pod in pods if spec_of(pod).get("hostNetwork"))

    def of(self, lease: Json) -> Json | None:
        """Return the pod that holds a lease; the longest name wins, since `api` also begins the identity `api-0_1b`."""
        home = namespace_of(lease)
        for host in _beginnings(str(spec_of(lease).get("holderIdentity") or "")):
            for pod in self._by_name.get(host, ()):
                # A lease may be in another namespace than its holder: then only a generated name is sure.
                if namespace_of(pod) == home or generated_stem(host):
                    return pod
            for pod in self._by_node.get(host, ()):
                if namespace_of(pod) == home and is_named_like(name_of(lease), owner_of(pod).name):
                    return pod
        return None

    def competitors(self, lease: Json) -> list[Json]:
        """Return the pods of the workload that holds the lease, and of workloads named like it."""
        home, holder = namespace_of(lease), self.of(lease)
        holding = workload_of(holder) if holder else None
        return [
            pod
            for pod in self._pods
            if (namespace_of(pod) == home and is_named_like(name_of(lease), owner_of(pod).name))
            or (holding is not None and workload_of(pod) == holding)
        ]


class Competition:
    """Knows which workload competes for which lease: one of its pods holds it, or their names are alike."""

    def __init__(self, leases: Iterable[Json], pods: Sequence[Json]) -> None:
        self._named: dict[str, list[str]] = {}
        self._held: dict[ObjectRef, str] = {}
        holders = Holders(pods)
        for lease in sorted(leases, key=place_of):
            self._named.setdefault(namespace_of(lease), []).append(name_of(lease))
            if holder := holders.of(lease):
                self._held.setdefault(workload_of(holder), name_of(lease))

    def lease_of(self, pod: Json) -> str:
        """Return the name of the lease that a pod's workload competes for, "" if there is none."""
        workload = workload_of(pod)
        if held := self._held.get(workload):
            return held
        alike = (name for name in self._named.get(workload.namespace, ()) if is_named_like(name, workload.name))
        return next(alike, "")


def _beginnings(identity: str) -> Iterator[str]:
    """Yield the possible host names at the beginning of an identity, the longest first."""
    if identity:
        yield identity
    for at in range(len(identity) - 1, 0, -1):
        if not identity[at].isalnum():
            yield identity[:at]


def is_named_like(lease: str, workload: str) -> bool:
    """Tell whether a lease has a workload's name or extends it: cilium-operator-resource-lock, cilium-operator."""
    return bool(workload) and (lease == workload or lease.startswith((f"{workload}-", f"{workload}.")))


def _sorted(pods: Iterable[Json]) -> tuple[Json, ...]:
    chosen = {place_of(pod): pod for pod in pods}
    return tuple(chosen[key] for key in sorted(chosen))
