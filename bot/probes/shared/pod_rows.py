"""What the rows of several probes say of a pod and of a container."""

from __future__ import annotations

from dataclasses import dataclass

from bot.kube.containers import Container
from bot.kube.objects import name_of, namespace_of, node_name_of
from bot.kube.owners import owner_of
from bot.probes.rows import RowValues
from intents.domain import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class PodValues(RowValues):
    """A pod and its owner."""

    namespace: str
    pod: str
    owner_kind: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
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
