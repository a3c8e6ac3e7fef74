"""Failing containers, the architecture of their nodes, and where the same image runs well in the namespace."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.containers import Container, containers_in
from bot.kube.objects import metadata_of, name_of, namespace_of, node_name_of, ref
from bot.probes.contract import Look, Probe
from bot.probes.shared.scope import READS_PODS, pods_of
from intents.domain import Gap, Json, Permission, ProbeDeclaration, ProbeResult, Row, RowType

MOST_ROWS: Final = 20
_LABEL: Final = "kubernetes.io/arch"

DECLARATION: Final = ProbeDeclaration(
    name="image-architectures",
    says="a row per container that is not ready: its node's architecture, and those on which its image runs well",
    rows={
        "namespace": RowType.STRING,
        "pod": RowType.STRING,
        "container": RowType.STRING,
        "image": RowType.STRING,
        "node": RowType.STRING,
        "architecture": RowType.STRING,  # of the node
        "elsewhere": RowType.STRINGS,  # of the nodes where containers of the same image are ready
        "only_elsewhere": RowType.BOOLEAN,  # it runs well somewhere, and nowhere on this architecture
    },
    permissions=(*READS_PODS, Permission(verb="list", resource="nodes")),
)


async def read(look: Look) -> ProbeResult:
    """Read the pods in question, the other pods of their namespaces, and the nodes."""
    suspects = await pods_of(look)
    failing = [each for pod in suspects.pods for each in containers_in(pod) if not each.ready and node_name_of(pod)]
    if not failing:
        return ProbeResult(gaps=suspects.gaps, missing=suspects.missing, looked_at=len(suspects.pods))
    try:
        homes = dict.fromkeys(namespace_of(each.pod) for each in failing[:MOST_ROWS])
        nodes, *listings = await asyncio.gather(
            look.snapshot.list("Node"), *(look.snapshot.list("Pod", namespace=home) for home in homes)
        )
    except ClusterError as error:
        gap: Gap = error.gap("nodes, and pods of the same image")
        return ProbeResult(gaps=(*suspects.gaps, gap), missing=suspects.missing)
    others = [pod for listing in listings for pod in listing.items]
    labels = {name_of(node): metadata_of(node).get("labels") or {} for node in nodes.items}
    architectures = {node: str(of_node.get(_LABEL) or "") for node, of_node in labels.items()}
    rows = tuple(_row(each, others, architectures) for each in failing[:MOST_ROWS])
    return ProbeResult(rows=rows, gaps=suspects.gaps, missing=suspects.missing)


def _row(container: Container, others: Iterable[Json], architectures: dict[str, str]) -> Row:
    pod = container.pod
    own = architectures.get(node_name_of(pod), "")
    ready = {
        architectures.get(node_name_of(other), "")
        for other in others
        for each in containers_in(other)
        if each.ready and each.image == container.image and namespace_of(other) == namespace_of(pod)
    }
    return Row(
        values={
            "namespace": namespace_of(pod),
            "pod": name_of(pod),
            "container": container.name,
            "image": container.image,
            "node": node_name_of(pod),
            "architecture": own,
            "elsewhere": tuple(sorted(ready - {""})),
            "only_elsewhere": bool(own and ready - {""}) and own not in ready,
        },
        subject=ref(pod, "Pod"),
        quote=f"node {node_name_of(pod)}: {own or 'architecture not known'}",
        reproduce=f"kubectl get nodes -L {_LABEL}",
    )


PROBE: Final = Probe(declaration=DECLARATION, read=read)
