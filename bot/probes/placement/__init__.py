"""Find the nodes that could run a waiting pod: by free amounts, by rules that keep pods apart, or by all filters."""

from __future__ import annotations

from typing import Final

from bot.cluster import owners
from bot.probes.contract import Look, Probe
from bot.probes.placement import filters, room, spread
from bot.probes.shared.scope import READS_PODS
from intents.domain import ArgDeclaration, Permission, ProbeDeclaration, ProbeResult, RowType

DECLARATION: Final = ProbeDeclaration(
    name="placement",
    says="for each waiting pod in question a row per node: does the node admit the pod, and what keeps the pod off it",
    rows={
        "namespace": RowType.STRING,
        "pod": RowType.STRING,
        "owner_kind": RowType.STRING,
        "owner": RowType.STRING,
        "nodes_total": RowType.INTEGER,
        "admitting_nodes": RowType.INTEGER,
        "node": RowType.STRING,
        # Other pods on the node count for `room`; `spread` shows them as closed_by and taken_by instead.
        "admits": RowType.BOOLEAN,
        "why_not": RowType.STRING,  # cordoned, taint …, node selector or affinity, not ready, pod anti-affinity with …
        "cordoned": RowType.BOOLEAN,
    },
    args={
        "checks": ArgDeclaration(
            says="room: the pod's requests against what is free, the largest pods first; spread: the rules that keep"
            " pods apart, and through whom they close a node; filters: each filter of the scheduler that refuses it"
            " there, and which filters are to blame",
            choices=("room", "spread", "filters"),
            default="room",
            fills={"room": room.KEYS, "spread": spread.KEYS, "filters": filters.KEYS},
        )
    },
    permissions=tuple(
        dict.fromkeys(
            (
                *READS_PODS,
                Permission(verb="list", resource="nodes"),
                Permission(verb="list", resource="namespaces"),
                Permission(verb="list", resource="events"),
                Permission(verb="get", resource="persistentvolumeclaims"),
                Permission(verb="get", resource="persistentvolumes"),
                *owners.PERMISSIONS,
            )
        )
    ),
)


async def read(look: Look) -> ProbeResult:
    """Read the waiting pods in question, all nodes, and the pods on them."""
    reads = {"spread": spread.read, "filters": filters.read}
    return await reads.get(str(look.args.get("checks")), room.read)(look)


PROBE: Final = Probe(declaration=DECLARATION, read=read)
