"""Parse Kubernetes quantities ("100m", "1.5Gi", "1e3") into integers that can be compared and added exactly.

Grammar and rounding follow k8s.io/apimachinery/pkg/api/resource: a fraction that does not fit the unit is rounded away
from zero, and a value above 64 bits becomes the largest 64-bit integer.

Effective requests of pods follow PodRequests in k8s.io/component-helpers/resource: containers run together, init
containers one after another, sidecars (init containers with restartPolicy Always) beside everything that starts after
them; requests of the pod as a whole replace the sum; the runtime's overhead comes on top. Amounts are whole numbers:
CPU in thousandths, memory and storage in bytes, everything else in pieces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any, Final

from bot.kube.objects import by_node, has_ended, name_of, spec_of, status_of
from intents.domain import Json

_GRAMMAR: Final = re.compile(
    r"(?P<sign>[+-]?)(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
    r"(?:(?P<suffix>[KMGTPE]i|[numkMGTPE])|[eE](?P<exponent>[+-]?[0-9]{1,3}))?",
    re.ASCII,
)
_FACTORS: Final = {
    **{suffix: Fraction(1000) ** power for power, suffix in enumerate(("n", "u", "m", ""), -3)},
    **{suffix: Fraction(1000) ** power for power, suffix in enumerate("kMGTPE", 1)},
    **{f"{suffix}i": Fraction(1024) ** power for power, suffix in enumerate("KMGTPE", 1)},
}
# Nobody writes longer quantities, and exact arithmetic on them would take time.
_LONGEST: Final = 64
_MOST: Final = 2**63 - 1


def cpu_millis(quantity: str | int | float) -> int:
    """Return thousandths of a CPU: "100m" → 100, "1.5" → 1500, "1n" → 1. Raise ValueError with the value."""
    return _rounded(_exact(quantity) * 1000)


def whole(quantity: str | int | float) -> int:
    """Return bytes or a count: "1.5Gi" → 1610612736, "110" → 110. Raise ValueError with the value."""
    return _rounded(_exact(quantity))


def whole_or(quantity: Any, default: int) -> int:
    """Return bytes or a count; the default for what is no quantity."""
    try:
        return whole(quantity)
    except ValueError:
        return default


def thousandths(quantity: Any) -> int:
    """Return thousandths of a quantity; 0 for what is none."""
    try:
        return cpu_millis(quantity)
    except ValueError:
        return 0


def number(quantity: str | int | float) -> float:
    """Return a quantity as a number to compare: "100m" → 0.1. Raise ValueError with the value."""
    return float(_exact(quantity))


def percent(part: str | int | float, all_of: str | int | float) -> int:
    """Return how much one quantity is of another, rounded down; 0 of nothing. Raise ValueError with the value."""
    limit = _exact(all_of)
    return int(_exact(part) * 100 // limit) if limit else 0


def _exact(quantity: str | int | float) -> Fraction:
    text = "" if isinstance(quantity, bool) else str(quantity).strip()
    parts = _GRAMMAR.fullmatch(text) if len(text) <= _LONGEST else None
    if parts is None:
        raise ValueError(
            f"{str(quantity)[:_LONGEST]!r} is not a quantity: expected a number and a unit, such as 100m or 1.5Gi"
        )
    # Fraction refuses a point without digits on both sides.
    value = Fraction(f"0{parts['number']}0" if "." in parts["number"] else parts["number"])
    value *= Fraction(10) ** int(parts["exponent"]) if parts["exponent"] else _FACTORS[parts["suffix"] or ""]
    return -value if parts["sign"] == "-" else value


def _rounded(value: Fraction) -> int:
    magnitude = -(-abs(value).numerator // value.denominator)
    return min(magnitude, _MOST) if value >= 0 else -min(magnitude, _MOST)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeUse:
    """A node with the pods on it, what each and all of them request, and what that leaves free."""

    obj: Json
    allocatable: Amounts
    used: Amounts
    free: Amounts
    requests: Sequence[tuple[Json, Amounts]]

    @property
    def name(self) -> str:
        """Return the name of the node."""
        return name_of(self.obj)

    @property
    def pods(self) -> list[Json]:
        """Return the pods on the node."""
        return [pod for pod, _ in self.requests]


def use_of(node: Json, pods: Iterable[Json]) -> NodeUse:
    """Return what the pods on a node leave of it."""
    requests = [(pod, pod_requests(pod)) for pod in pods]
    allocatable = amounts(status_of(node).get("allocatable"))
    used = reduce(plus, (taken for _, taken in requests), Amounts())
    free = minus(allocatable, used)
    return NodeUse(obj=node, allocatable=allocatable, used=used, free=free, requests=requests)


def uses_of(nodes: Iterable[Json], pods: Iterable[Json]) -> list[NodeUse]:
    """Return all nodes, by name, with those of the pods that are on each and have not ended."""
    running = by_node(pod for pod in pods if not has_ended(pod))
    return [use_of(node, running[name_of(node)]) for node in sorted(nodes, key=name_of)]


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
