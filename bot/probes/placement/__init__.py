"""Find the nodes that could run a waiting pod: by free amounts, by rules that keep pods apart, or by all filters."""

from __future__ import annotations

from typing import Final

from bot.cluster import owners
from bot.probes.contract import may, probe_of
from bot.probes.placement import filters, room, spread
from bot.probes.placement.waiting import PlacementRow
from bot.probes.shared.scope import READS_PODS

read: Final = probe_of(
    {"room": room.read, "spread": spread.read, "filters": filters.read},
    says="for each waiting pod in question a row per node: does the node admit the pod, and what keeps the pod off it",
    row=PlacementRow,
    by="checks",
    permissions=(
        *READS_PODS,
        *owners.PERMISSIONS,
        *may("list", "nodes", "namespaces", "events"),
        *may("get", "persistentvolumeclaims", "persistentvolumes"),
    ),
)
