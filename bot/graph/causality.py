"""Tell whose trouble explains whose, where edges connect objects in trouble. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from bot.graph.joins import GraphNode, edges_among
from intents.named_objects import Edge, EdgeType, ObjectKey


def causes_among(nodes: Iterable[GraphNode]) -> Mapping[ObjectKey, frozenset[ObjectKey]]:
    """Return the objects in trouble with those whose trouble explains theirs.

    Each node names only edges over which its trouble may come. What lies between two of them, such as a Secret that
    nobody read, passes it on.
    """
    known = tuple(nodes)
    causes: defaultdict[ObjectKey, set[ObjectKey]] = defaultdict(set)
    for edge in edges_among(known):
        for effect, cause in _explains(edge):
            causes[effect].add(cause)
    in_trouble = frozenset(node.key for node in known)
    return {key: frozenset(_beyond(key, causes, in_trouble)) for key in in_trouble & causes.keys()}


def _explains(edge: Edge) -> Iterator[tuple[ObjectKey, ObjectKey]]:
    """Yield effect and cause: who owns, selects or needs suffers; what is provided suffers with its provider."""
    if edge.type is EdgeType.PROVIDES:
        yield edge.target, edge.source
    elif edge.source != edge.target and not (edge.type is EdgeType.OWNS and edge.source[0] == "Node"):
        yield edge.source, edge.target


def _beyond(
    key: ObjectKey, causes: Mapping[ObjectKey, set[ObjectKey]], in_trouble: frozenset[ObjectKey]
) -> Iterator[ObjectKey]:
    seen, ahead = {key}, [key]
    while ahead:
        for cause in causes.get(ahead.pop(), set()) - seen:
            seen.add(cause)
            if cause in in_trouble:
                yield cause
            else:
                ahead.append(cause)
