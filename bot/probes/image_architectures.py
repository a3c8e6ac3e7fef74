"""Failing containers, the architecture of their nodes, and where the same image runs well in the namespace."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from bot.kube.containers import Container, containers_in
from bot.kube.objects import labels_of, name_of, namespace_of, node_name_of, ref
from bot.probes.contract import Look, RowValues, may, probe
from bot.probes.shared.scope import READS_PODS, pods_of
from intents.domain import Json, ProbeResult, Row

MOST_ROWS: Final = 20
_LABEL: Final = "kubernetes.io/arch"


class _Image(RowValues):
    """A container that is not ready, and where its image runs well."""

    of_subject = ("namespace", "pod")

    container: str
    image: str
    node: str
    architecture: str  # of the node
    elsewhere: tuple[str, ...]  # of the nodes where containers of the same image are ready
    only_elsewhere: bool  # it runs well somewhere, and nowhere on this architecture


@probe(
    says="a row per container that is not ready: its node's architecture, and those on which its image runs well",
    row=_Image,
    permissions=(*READS_PODS, *may("list", "nodes")),
)
async def read(look: Look) -> ProbeResult:
    """Read the pods in question, the other pods of their namespaces, and the nodes."""
    suspects = await pods_of(look)
    failing = [each for pod in suspects.pods for each in containers_in(pod) if not each.ready and node_name_of(pod)]
    if not failing:
        return ProbeResult(missing=suspects.missing, looked_at=len(suspects.pods))
    homes = dict.fromkeys(namespace_of(each.pod) for each in failing[:MOST_ROWS])
    reads = (look.snapshot.list("Node"), *(look.snapshot.list("Pod", namespace=home) for home in homes))
    listings = await look.unless_refused(asyncio.gather(*reads), None)
    if listings is None:
        return ProbeResult(missing=suspects.missing)
    others = [pod for listing in listings[1:] for pod in listing.items]
    architectures = {name_of(node): str(labels_of(node).get(_LABEL) or "") for node in listings[0].items}
    rows = tuple(_row(each, others, architectures) for each in failing[:MOST_ROWS])
    return ProbeResult(rows=rows, missing=suspects.missing)


def _row(container: Container, others: Iterable[Json], architectures: dict[str, str]) -> Row:
    pod = container.pod
    own = architectures.get(node_name_of(pod), "")
    ready = {
        architectures.get(node_name_of(other), "")
        for other in others
        for each in containers_in(other)
        if each.ready and each.image == container.image and namespace_of(other) == namespace_of(pod)
    }
    return _Image(
        container=container.name,
        image=container.image,
        node=node_name_of(pod),
        architecture=own,
        elsewhere=tuple(sorted(ready - {""})),
        only_elsewhere=bool(own and ready - {""}) and own not in ready,
    ).row(
        ref(pod, "Pod"),
        quote=f"node {node_name_of(pod)}: {own or 'architecture not known'}",
        reproduce=f"kubectl get nodes -L {_LABEL}",
    )
