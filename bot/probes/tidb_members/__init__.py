"""The members of PD and the stores of TiKV beside the pods they live in and the volumes they keep their data on."""

from __future__ import annotations

import asyncio
from typing import Final

from bot.probes.contract import Look, may, probe
from bot.probes.tidb_members import clusters, members
from intents.domain import ArgDeclaration, ProbeResult


async def read(look: Look) -> ProbeResult:
    """Read the clusters in question, then the members of each."""
    component = str(look.args.get("component") or "")
    found, pod = await clusters.clusters_of(look, component)
    if component == members.PD:
        found_members = (members.pd_members(look, each) for each in found)
    else:
        found_members = (members.tikv_stores(look, each, pod=pod) for each in found)
    return ProbeResult(rows=tuple(row for rows in await asyncio.gather(*found_members) for row in rows))


PROBE: Final = probe(
    name="tidb-members",
    says="a row per PD pod, or per TiKV store, of the TidbClusters in question: its state, its pod and its volume",
    row=clusters.Member,
    args={
        "component": ArgDeclaration(
            says="pd: a row per PD pod; tikv: a row per store that PD knows",
            required=True,
            choices=("pd", "tikv"),
            fills={"pd": members.PdMember.keys(), "tikv": members.TikvStore.keys()},
        )
    },
    permissions=(
        *clusters.PERMISSIONS,
        *may("list", "pods"),
        *may("get", "persistentvolumeclaims"),
        *may("get list", "persistentvolumes"),
    ),
    read=read,
)
