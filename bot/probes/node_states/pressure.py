"""Read disk, memory or PID pressure of nodes, the pods evicted for it, and the pods that may use most memory.

All conditions of a node change together when it registers, and when its kubelet reports again: that ends no pressure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from typing import Final

from bot.kube.objects import condition, created_at, full_name, name_of, node_name_of, place_of, ref, spec_of, status_of
from bot.kube.placement import is_cordoned, taints_of
from bot.kube.pod_states import DISK, EvictionCause, eviction_cause
from bot.kube.quantities import MEMORY, amounts, pod_requests
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, Probe, RowValues, probe
from bot.probes.node_states.questioned import MOST_PODS, MOST_READ, NodeState, nodes_of, pods_on
from intents.domain import Json, ProbeResult, Row
from intents.templates import bytes_

# A new node reports its conditions for the first time within this many seconds: that is no change.
_REGISTERING_S: Final = 300
_LATELY_S: Final = 24 * 3600
_LISTED: Final = 5
_TYPES: Final = {"disk": "DiskPressure", "memory": "MemoryPressure", "pid": "PIDPressure"}
_CAUSES: Final = {"disk": DISK, "memory": {EvictionCause.MEMORY}, "pid": {EvictionCause.PIDS}}


class _Use(RowValues):
    """How far the limits of the pods on a node go beyond its memory; the defaults stand for what was not read."""

    largest: tuple[str, ...] = ()  # its pods whose memory may grow most beyond what they request
    requested_pct: int = UNKNOWN  # what its pods request of its memory
    limits_pct: int = UNKNOWN  # what their limits allow; a pod without one counts with its request
    unlimited: int = UNKNOWN  # its pods without a memory limit


class Pressure(RowValues):
    """Disk, memory or PID pressure of a node."""

    pressure: str  # True, False or Unknown
    tainted: bool
    evictions: int  # its pods evicted for it that are still listed; -1 where not looked for
    cleared_s: int  # since it had the pressure, if that ended within a day; -1 otherwise
    use: _Use


def of(says: str) -> Probe:
    """Return the probe of the pressure that the argument `shows` asks for."""
    return probe(says=says, row=Pressure)(_read)


async def _read(look: Look) -> ProbeResult:
    """Read the nodes; pods only where a node has the pressure."""
    kind = str(look.args.get("shows"))
    # The node that is short of disk may be the one that a pod in question does not get.
    found = await nodes_of(look, of_pods=kind != "disk")
    pressed = [node for node in found.nodes if _pressure(node, kind) == "True"]
    evicted = await look.unless_refused(_evicted(look, _CAUSES[kind]), None) if pressed else None
    full = {name_of(node) for node in pressed[:MOST_READ]}
    rows = await asyncio.gather(*(_row(look, node, kind, evicted, full=name_of(node) in full) for node in found.nodes))
    return ProbeResult(rows=tuple(rows), missing=found.missing)


async def _evicted(look: Look, causes: Collection[EvictionCause]) -> list[Json]:
    failed = await look.snapshot.list("Pod", fields="status.phase=Failed")
    return [pod for pod in failed.items if eviction_cause(pod) in causes]


def _pressure(node: Json, kind: str) -> str:
    return str(condition(node, _TYPES[kind]).get("status") or "Unknown")


async def _row(look: Look, node: Json, kind: str, evicted: Iterable[Json] | None, *, full: bool) -> Row:
    name, told = name_of(node), condition(node, _TYPES[kind])
    since_s, pressed = look.age_s(told.get("lastTransitionTime")), told.get("status") == "True"
    gone = [pod for pod in evicted or () if node_name_of(pod) == name]
    pressure = Pressure(
        pressure=_pressure(node, kind),
        tainted=any(taint.key == f"node.kubernetes.io/{kind}-pressure" for taint in taints_of(node)),
        evictions=UNKNOWN if evicted is None else len(gone),
        cleared_s=_cleared_s(look, node, since_s) if told.get("status") == "False" else UNKNOWN,
        use=await look.unless_refused(_use(look, node), _Use()) if full and kind == "memory" else _Use(),
    )
    return NodeState(
        since_s=since_s,
        message=str(told.get("message") or ""),
        unschedulable=is_cordoned(node),
        pods=tuple(full_name(pod) for pod in gone[:MOST_PODS] if pressed),
    ).row(
        ref(node, "Node"),
        quote=f"{told.get('type')}={told.get('status')} {told.get('reason', '')}: {told.get('message', '')}",
        at=look.moment(since_s) if pressed else None,
        lasts=pressed,
        more=pressure.values(),
    )


def _cleared_s(look: Look, node: Json, since_s: int) -> int:
    """Return since when the pressure is over, -1 where it is not or never was."""
    alive_s, ready_s = (look.age_s(at) for at in (created_at(node), condition(node, "Ready").get("lastTransitionTime")))
    together = any(other != UNKNOWN and abs(other - since_s) < _REGISTERING_S for other in (ready_s, alive_s))
    return since_s if 0 <= since_s < _LATELY_S and alive_s > since_s and not together else UNKNOWN


async def _use(look: Look, node: Json) -> _Use:
    pods = await pods_on(look, name_of(node))
    memory = amounts(status_of(node).get("allocatable")).get(MEMORY, 0)
    requests = [pod_requests(pod).get(MEMORY, 0) for pod in pods]
    limits = [_limit(pod) for pod in pods]
    # A pod without a limit may use the whole node.
    growth = sorted(
        zip(pods, requests, limits, strict=True),
        key=lambda each: (each[1] - (memory if each[2] is None else each[2]), place_of(each[0])),
    )
    most = sum(asked if limit is None else limit for asked, limit in zip(requests, limits, strict=True))
    return _Use(
        largest=tuple(_spoken(pod, asked, limit) for pod, asked, limit in growth[:_LISTED]),
        requested_pct=100 * sum(requests) // memory if memory else UNKNOWN,
        limits_pct=100 * most // memory if memory else UNKNOWN,
        unlimited=limits.count(None),
    )


def _limit(pod: Json) -> int | None:
    """Return the sum of the memory limits of a pod's containers, None where one has no limit."""
    found = [
        amounts((each.get("resources") or {}).get("limits")).get(MEMORY)
        for each in spec_of(pod).get("containers") or ()
    ]
    return None if None in found else sum(each or 0 for each in found)


def _spoken(pod: Json, asked: int, limit: int | None) -> str:
    """Return the name of a pod with its request and its limit."""
    says = "no limit" if limit is None else f"limit {bytes_(limit)}"
    return f"{full_name(pod)} (requests {bytes_(asked)}, {says})"
