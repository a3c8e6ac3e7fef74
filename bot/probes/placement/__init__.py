"""Find the nodes that could run a waiting pod: by free amounts, by rules that keep pods apart, or by all filters."""

from __future__ import annotations

from typing import Final

from bot.cluster import owners
from bot.probes.contract import Look, may, probe
from bot.probes.placement import filters, room, spread
from bot.probes.placement.waiting import PlacementRow
from bot.probes.shared.scope import READS_PODS
from intents.domain import ArgDeclaration, ProbeResult


async def read(look: Look) -> ProbeResult:
    """Read the waiting pods in question, all nodes, and the pods on them."""
    reads = {"spread": spread.read, "filters": filters.read}
    return await reads.get(str(look.args.get("checks")), room.read)(look)


PROBE: Final = probe(
    name="placement",
    says="for each waiting pod in question a row per node: does the node admit the pod, and what keeps the pod off it",
    row=PlacementRow,
    args={
        "checks": ArgDeclaration(
            says="room: the pod's requests against what is free, the largest pods first; spread: the rules that"
            " keep pods apart, and through whom they close a node; filters: each filter of the scheduler that"
            " refuses it there, and which filters are to blame",
            choices=("room", "spread", "filters"),
            default="room",
            fills={
                "room": room.RoomShown.keys(),
                "spread": spread.SpreadShown.keys(),
                "filters": filters.FiltersShown.keys(),
            },
        )
    },
    permissions=(
        *READS_PODS,
        *owners.PERMISSIONS,
        *may("list", "nodes", "namespaces", "events"),
        *may("get", "persistentvolumeclaims", "persistentvolumes"),
    ),
    read=read,
)
