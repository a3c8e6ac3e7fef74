"""The pods and namespaces in question, and what rows say of a pod and its containers.

In question are the one named, those of the owner named, or all of the namespace or cluster. All probes that read pods
share this, so that "about this StatefulSet" means the same everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from bot.cluster.access import record_gap
from bot.cluster.errors import Forbidden
from bot.cluster.owners import is_repeated, pods_below
from bot.cluster.resources import well_known
from bot.kube.containers import Container
from bot.kube.job_runs import has_completed
from bot.kube.objects import label_selector, name_of, namespace_of, node_name_of, phase_of, place_of
from bot.kube.owners import generated_stem, owner_of
from bot.kube.volumes import claim_names, volume_name_of
from bot.probes.contract import Look, RowValues, may
from intents.domain import Json, ObjectRef


class PodValues(RowValues):
    """A pod and its owner."""

    namespace: str
    pod: str = ""
    owner_kind: str = ""
    owner: str = ""


class ContainerValues(RowValues):
    """A container of a pod and its state."""

    of: PodValues
    node: str
    container: str
    image: str
    state: str  # waiting, running, terminated; "" before the kubelet reports one
    reason: str  # of the state
    message: str
    restarts: int


def pod_values(pod: Json) -> PodValues:
    """Return what rows say of a pod."""
    owner = owner_of(pod)
    return PodValues(namespace=namespace_of(pod), pod=name_of(pod), owner_kind=owner.kind, owner=owner.name)


def container_values(container: Container) -> ContainerValues:
    """Return what rows say of a container."""
    return ContainerValues(
        of=pod_values(container.pod),
        node=node_name_of(container.pod),
        container=container.name,
        image=container.image,
        state=container.state,
        reason=container.reason,
        message=container.message,
        restarts=container.restarts,
    )


# The selector of these is a map of labels itself.
_BY_LABELS: Final = frozenset({"ReplicationController", "Service"})
_SELECTING_KINDS: Final = _BY_LABELS | {
    *("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "PodDisruptionBudget")
}
# Pods, and the workloads whose selectors find them.
READS_PODS: Final = (
    *may("get list", "pods", "jobs.batch"),
    *may("get", "replicationcontrollers", "services", "poddisruptionbudgets.policy"),
    *may("get", "daemonsets.apps", "deployments.apps", "replicasets.apps", "statefulsets.apps"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspects:
    """The pods in question, sorted by namespace and name; see ProbeResult for `missing`."""

    pods: tuple[Json, ...] = ()
    missing: str = ""


async def pods_of(look: Look) -> Suspects:
    """Read the pods in question.

    For a pod that is gone its successors are read: pods of the same owner, found by the generated name. They can
    support; `missing` keeps them from refuting anything about the pod that was named.
    """
    return await look.unless_refused(_pods(look), Suspects(), what=f"pods of {look.focus}" if look.focus.name else "")


async def _pods(look: Look) -> Suspects:
    focus = look.focus
    if focus.kind in ("Pod", "") and focus.name:
        return await _named(look)
    if focus.kind == "Node" and focus.name:
        return await _listed(look, fields=f"spec.nodeName={focus.name}", namespace="")
    if focus.kind in _SELECTING_KINDS and focus.name and focus.namespace:
        return await _selected(look)
    if focus.name:
        return await _owned(look)
    return await _listed(look, namespace=focus.namespace)


async def _named(look: Look) -> Suspects:
    focus = look.focus
    if not focus.namespace:
        return await _anywhere(look)
    if pod := await look.snapshot.find("Pod", focus.name, namespace=focus.namespace):
        return Suspects(pods=(pod,))
    missing = str(ObjectRef(kind="Pod", namespace=focus.namespace, name=focus.name))
    stem = generated_stem(focus.name)
    if not stem:
        return Suspects(missing=missing)
    listing = await look.snapshot.list("Pod", namespace=focus.namespace)
    successors = [pod for pod in listing.items if generated_stem(name_of(pod)) == stem]
    return Suspects(pods=_sorted(successors).pods, missing=missing)


async def _anywhere(look: Look) -> Suspects:
    """Return pods of a name in any namespace; where pods may not be listed, only in the context's own, with a gap."""
    name = look.focus.name
    try:
        found = (await look.snapshot.list("Pod", fields=f"metadata.name={name}")).items
    except Forbidden as error:
        record_gap(error.gap())
        pod = await look.snapshot.find("Pod", name, namespace=look.snapshot.default_namespace)
        return _sorted((pod,) if pod else ())
    return _sorted(found) if found else Suspects(missing=str(ObjectRef(kind="Pod", namespace="", name=name)))


async def _selected(look: Look) -> Suspects:
    focus = look.focus
    owner = await look.snapshot.find(focus.kind, focus.name, namespace=focus.namespace)
    if owner is None:
        return Suspects(missing=str(focus))
    selector = owner.get("spec", {}).get("selector") or {}
    labels = selector.get("matchLabels", selector if focus.kind in _BY_LABELS else {})
    if not labels:
        return await _owned(look)
    found = await _listed(look, namespace=focus.namespace, labels=label_selector(labels))
    if focus.kind == "Job" and (has_completed(owner) or await is_repeated(look.snapshot, owner)):
        # What its earlier pods did is history.
        return replace(found, pods=tuple(pod for pod in found.pods if phase_of(pod) != "Failed"))
    return found


async def _owned(look: Look) -> Suspects:
    """Return the pods whose own metadata names the owner in question, or that belong to a custom resource."""
    focus = look.focus
    listed = await _listed(look, namespace=focus.namespace)
    mine = [pod for pod in listed.pods if owner_of(pod).name == focus.name]
    if not mine and focus.namespace and well_known(focus.kind) is None:
        mine = list(await pods_below(look.snapshot, focus.ref, only=lambda _pod: True))
    return Suspects(pods=tuple(mine), missing="" if mine else str(look.focus))


async def _listed(look: Look, *, namespace: str, labels: str = "", fields: str = "") -> Suspects:
    return _sorted((await look.snapshot.list("Pod", namespace=namespace, labels=labels, fields=fields)).items)


def _sorted(pods: Any) -> Suspects:
    return Suspects(pods=tuple(sorted(pods, key=place_of)))


async def pods_or_claim_users(look: Look) -> Suspects:
    """Read the pods in question; of a claim those that name it."""
    focus = look.focus
    if focus.kind != "PersistentVolumeClaim" or not focus.name:
        return await pods_of(look)
    pods = await look.list("Pod", namespace=focus.namespace)
    return Suspects(pods=tuple(sorted((pod for pod in pods if focus.name in claim_names(pod)), key=place_of)))


READS_NAMESPACES: Final = may("get list", "namespaces")


async def namespaces_of(look: Look) -> tuple[Json, ...]:
    """Return the namespaces in question, sorted by name. Raise Missing if the one named does not exist."""
    focus = look.focus
    name = focus.name if focus.kind == "Namespace" else focus.namespace
    if name:
        return await look.of_name("Namespace", name)
    return tuple(sorted(await look.list("Namespace"), key=name_of))


async def claim_and_volume(look: Look, namespace: str, name: str) -> tuple[Json, Json]:
    """Return a claim and the volume that it is bound to; empty for what does not exist or is not readable."""
    claim = await look.find("PersistentVolumeClaim", name, namespace=namespace) or {}
    bound = volume_name_of(claim)
    return claim, (await look.find("PersistentVolume", bound) if bound else None) or {}
