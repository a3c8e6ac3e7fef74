"""The members of PD and the stores of TiKV beside the pods they live in and the volumes they keep their data on."""

from __future__ import annotations

import asyncio
from typing import Final

from bot.probes.contract import Look, Probe
from bot.probes.tidb_members import clusters, pd, stores
from intents.domain import ArgDeclaration, Permission, ProbeDeclaration, ProbeResult, Row, RowType

DECLARATION: Final = ProbeDeclaration(
    name="tidb-members",
    says="a row per PD pod, or per TiKV store, of the TidbClusters in question: its state, its pod and its volume",
    rows={
        "namespace": RowType.STRING,
        "cluster": RowType.STRING,
        "replicas": RowType.INTEGER,  # of the component, as the TidbCluster asks for them
        "pod": RowType.STRING,
        "crash_looping": RowType.BOOLEAN,
        "restarts": RowType.INTEGER,
        "pvc": RowType.STRING,  # of its data
        "pv": RowType.STRING,
        "reclaim_policy": RowType.STRING,
    },
    args={
        "component": ArgDeclaration(
            says="pd: a row per PD pod; tikv: a row per store that PD knows",
            required=True,
            choices=("pd", "tikv"),
            fills={"pd": pd.KEYS, "tikv": stores.KEYS},
        )
    },
    permissions=(
        *clusters.PERMISSIONS,
        Permission(verb="list", resource="pods"),
        Permission(verb="get", resource="persistentvolumeclaims"),
        Permission(verb="list", resource="persistentvolumes"),
        Permission(verb="get", resource="persistentvolumes"),
    ),
)


async def read(look: Look) -> ProbeResult:
    """Read the clusters in question, then the members of each."""
    component = str(look.args.get("component") or "")
    found = await clusters.clusters_of(look, component)
    if component == pd.COMPONENT:
        members = (pd.members(look, each) for each in found.items)
    else:
        members = (stores.stores(look, each, pod=found.pod) for each in found.items)
    rows: list[Row] = []
    gaps = list(found.gaps)
    for member_rows, more in await asyncio.gather(*members):
        rows += member_rows
        gaps += more
    return ProbeResult(
        rows=tuple(rows),
        gaps=tuple(dict.fromkeys(gaps)),
        missing=found.missing,
        not_applicable=found.not_applicable,
    )


PROBE: Final = Probe(declaration=DECLARATION, read=read)
