"""Join objects by what each says of itself: the edges that its fields name, and the pods that it chooses. Pure.

A node keeps so little of its object that all objects in trouble of a large cluster fit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.graph.edges import edges_of, key_in, pod_labels_of, pod_selector_of
from intents.named_objects import Edge, EdgeType, ObjectKey


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphNode:
    """The part of an object that the graph needs: its key and its edges.

    `labels` are those of a pod, or of the pods that a workload makes; None for other kinds. `chooses` tests them.
    """

    key: ObjectKey
    named: frozenset[Edge] = frozenset()
    labels: frozenset[tuple[str, str]] | None = None
    chooses: tuple[EdgeType, Callable[[Mapping[str, str]], bool]] | None = None


def node_of(obj: Mapping[str, Any]) -> GraphNode:
    """Return the node of an object, which carries its kind."""
    labels = pod_labels_of(obj)
    return GraphNode(
        key=key_in(obj),
        named=edges_of(obj),
        labels=None if labels is None else frozenset(labels.items()),
        chooses=pod_selector_of(obj),
    )


def edges_among(nodes: Iterable[GraphNode]) -> Iterator[Edge]:
    """Yield the edges that the nodes name, and those to the pods that they choose in their namespace."""
    carriers: defaultdict[str, defaultdict[frozenset[tuple[str, str]], list[ObjectKey]]]
    carriers = defaultdict(lambda: defaultdict(list))
    choosing = []
    for node in nodes:
        yield from node.named
        if node.labels is not None:
            carriers[node.key[1]][node.labels].append(node.key)
        if node.chooses is not None:
            choosing.append((node.key, *node.chooses))
    for key, type_, test in choosing:
        for labels, chosen in carriers[key[1]].items():
            if test(dict(labels)):
                yield from (Edge(type=type_, source=key, target=one) for one in chosen)
