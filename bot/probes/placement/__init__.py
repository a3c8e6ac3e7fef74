"""Find the nodes that could run a waiting pod: by free amounts, by rules that keep pods apart, or by all filters."""

from __future__ import annotations

from typing import Final

from bot.cluster import owners
from bot.probes.contract import Look, Probe
from bot.probes.placement import filters, room, spread
from bot.probes.placement.waiting import PlacementRow
from bot.probes.shared.scope import READS_PODS
from intents.domain import ArgDeclaration, Permission, ProbeDeclaration, ProbeResult


async def read(look: Look) -> ProbeResult:
    """Read the waiting pods in question, all nodes, and the pods on them."""
    reads = {"spread": spread.read, "filters": filters.read}
    return await reads.get(str(look.args.get("checks")), room.read)(look)


PROBE: Final = Probe(
    declaration=ProbeDeclaration(
        name="placement",
        says="for each waiting pod in question a row per node: does the node admit the pod, and what keeps the pod off"
        " it",
        rows=PlacementRow.keys(),
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
            Permission(verb="list", resource="nodes"),
            Permission(verb="list", resource="namespaces"),
            Permission(verb="list", resource="events"),
            Permission(verb="get", resource="persistentvolumeclaims"),
            Permission(verb="get", resource="persistentvolumes"),
            *owners.PERMISSIONS,
        ),
    ),
    read=read,
)
