"""The resources that a pod requests of a node, as the scheduler counts them.

The rules are those of PodRequests in k8s.io/component-helpers/resource: containers run together, init containers one
after another, sidecars (init containers with restartPolicy Always) beside everything that starts after them; requests
of the pod as a whole replace the sum; the runtime's overhead comes on top.

Amounts are whole numbers: CPU in thousandths, memory and storage in bytes, everything else in pieces.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.kube.objects import spec_of, status_of
from bot.kube.quantities import cpu_millis, whole

Amounts = dict[str, int]

CPU: Final = "cpu"
MEMORY: Final = "memory"
PODS: Final = "pods"
_CPU: Final = frozenset({CPU, "requests.cpu", "limits.cpu"})
_POD_LEVEL: Final = (CPU, MEMORY, "hugepages-")


def amounts(quantities: Mapping[str, Any] | None) -> Amounts:
    """Return a map of quantities, or a ResourceQuota's, as numbers.

    Raise ValueError for quantities that no API server would store.
    """
    return {
        name: cpu_millis(quantity) if name in _CPU else whole(quantity) for name, quantity in (quantities or {}).items()
    }


def pod_requests(pod: Mapping[str, Any]) -> Amounts:
    """Return the effective requests of a pod, with its one of the pods that a node may have."""
    spec = spec_of(pod)
    actual = _actual_requests(pod)
    together: Amounts = {}
    for container in spec.get("containers") or ():
        together = plus(together, most(_container_requests(container), actual.get(str(container.get("name")), {})))
    sidecars: Amounts = {}
    starting: Amounts = {}
    for container in spec.get("initContainers") or ():
        own = _container_requests(container)
        if container.get("restartPolicy") == "Always":
            sidecars = plus(sidecars, most(own, actual.get(str(container.get("name")), {})))
            starting = most(starting, sidecars)
        else:
            starting = most(starting, plus(own, sidecars))
    total = most(plus(together, sidecars), starting)
    for name, amount in amounts((spec.get("resources") or {}).get("requests")).items():
        if name.startswith(_POD_LEVEL):
            total[name] = amount
    return plus(plus(total, amounts(spec.get("overhead"))), {PODS: 1})


def plus(left: Amounts, right: Amounts) -> Amounts:
    """Return the sum, resource by resource."""
    return {name: left.get(name, 0) + right.get(name, 0) for name in left.keys() | right.keys()}


def minus(left: Amounts, right: Amounts) -> Amounts:
    """Return the difference, resource by resource; negative where `right` is more."""
    return {name: left.get(name, 0) - right.get(name, 0) for name in left.keys() | right.keys()}


def most(left: Amounts, right: Amounts) -> Amounts:
    """Return the larger amount, resource by resource."""
    return {name: max(left.get(name, 0), right.get(name, 0)) for name in left.keys() | right.keys()}


def lacking(free: Amounts, wanted: Amounts) -> tuple[str, ...]:
    """Return the resources of which more is wanted than is free, by name."""
    return tuple(sorted(name for name, amount in wanted.items() if amount > 0 and amount > free.get(name, 0)))


def _container_requests(container: Mapping[str, Any]) -> Amounts:
    resources = container.get("resources") or {}
    # The API server copies a limit without a request into the request when it stores the pod.
    return amounts({**(resources.get("limits") or {}), **(resources.get("requests") or {})})


def _actual_requests(pod: Mapping[str, Any]) -> dict[str, Amounts]:
    """Return what containers still hold during a resize in place: the node counts the larger of old and new."""
    status = status_of(pod)
    statuses = [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())]
    return {
        str(each.get("name")): most(
            amounts((each.get("resources") or {}).get("requests")), amounts(each.get("allocatedResources"))
        )
        for each in statuses
    }
