"""Find the nodes that could run a waiting pod: by free amounts, by rules that keep pods apart, or by all filters."""

from __future__ import annotations

from typing import Final

from bot.cluster import owners
from bot.probes.contract import Shown, may, probe
from bot.probes.placement import filters, room, spread
from bot.probes.placement.waiting import PlacementRow
from bot.probes.shared.scope import READS_PODS

PROBE: Final = probe(
    says="for each waiting pod in question a row per node: does the node admit the pod, and what keeps the pod off it",
    row=PlacementRow,
    by="checks",
    shows={
        "room": Shown(
            says="the pod's requests against what is free, the largest pods first", row=room.RoomShown, read=room.read
        ),
        "spread": Shown(
            says="the rules that keep pods apart, and through whom they close a node",
            row=spread.SpreadShown,
            read=spread.read,
        ),
        "filters": Shown(
            says="each filter of the scheduler that refuses it there, and which filters are to blame",
            row=filters.FiltersShown,
            read=filters.read,
        ),
    },
    permissions=(
        *READS_PODS,
        *owners.PERMISSIONS,
        *may("list", "nodes", "namespaces", "events"),
        *may("get", "persistentvolumeclaims", "persistentvolumes"),
    ),
)
