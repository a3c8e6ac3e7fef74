"""Walk the edges between the objects that a diagnosis has read, and tell whose trouble explains whose.

The graph reads nothing by itself: what joins evidence to its object was read for that evidence. An object that was not
read is an end, reached by the fields of others.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Final

from bot.graph.edges import GraphNode, edges_among, key_in, node_of
from bot.kube.agents import is_agent
from bot.kube.objects import node_name_of, waits_for_node
from bot.kube.placement import may_use
from intents.domain import Json
from intents.named_objects import Edge, EdgeType, ObjectKey

# Edges whose source needs the target, and those whose target needs the source; what is bound needs each other.
# A call is neither: a caller may do without the other, so that only an entry can say what follows from it.
_NEEDS_TARGET: Final = frozenset(
    {EdgeType.SELECTS, EdgeType.RUNS_ON, EdgeType.REFERENCES, EdgeType.ROUTES_TO, EdgeType.BINDS}
)
_NEEDS_SOURCE: Final = frozenset({EdgeType.ADMITS, EdgeType.PROVIDES, EdgeType.BINDS})
# What decides about all objects of its namespace.
_ADMITTING: Final = frozenset({"ResourceQuota", "LimitRange"})
# The longest is from an Ingress to the node of a pod behind it, or from a custom resource to a volume of its pods.
_FARTHEST: Final = 7
_MOST: Final = 20_000


class ClusterGraph:
    """The edges of some objects, each of which carries its kind. Namespaces are looked at when a walk enters them.

    Of an `earlier` graph the edges of namespaces are kept whose objects are the same: more was read since elsewhere.
    """

    def __init__(self, objects: Iterable[Json], earlier: ClusterGraph | None = None) -> None:
        self._by_namespace: defaultdict[str, dict[ObjectKey, Json]] = defaultdict(dict)
        self._agents: defaultdict[str, list[ObjectKey]] = defaultdict(list)
        for obj in objects:
            key = key_in(obj)
            self._by_namespace[key[1]].setdefault(key, obj)
            if key[0] == "Pod" and is_agent(obj):
                self._agents[node_name_of(obj)].append(key)
        self._edges: dict[str, Mapping[ObjectKey, frozenset[Edge]]] = {}
        self._known: dict[str, tuple[Mapping[ObjectKey, Json], Mapping[ObjectKey, frozenset[Edge]]]] = {}
        # Each object with its node, also for the graphs after this one.
        self._nodes: dict[ObjectKey, tuple[Json, GraphNode]] = {}
        if earlier is not None:
            self._nodes = earlier._nodes
            entered = {name: (earlier._by_namespace[name], edges) for name, edges in earlier._edges.items()}
            self._known = {**earlier._known, **entered}
        # With the number of namespaces that were entered by then.
        self._at: dict[ObjectKey, tuple[int, frozenset[Edge]]] = {}
        self._reached: dict[ObjectKey, frozenset[ObjectKey]] = {}
        self._owned: dict[tuple[bool, ObjectKey], tuple[int, frozenset[ObjectKey]]] = {}

    def edges_at(self, key: ObjectKey, *, everywhere: bool = False) -> frozenset[Edge]:
        """Return the edges that begin or end at an object; those of namespaces not entered yet only `everywhere`."""
        for home in ("", key[1], *(self._by_namespace if everywhere else ())):
            self._enter(home)
        # Several walks pass the same objects, and namespaces are entered seldom.
        entered, found = self._at.get(key, (0, frozenset()))
        if entered != len(self._edges):
            found = frozenset(edge for edges in self._edges.values() for edge in edges.get(key, ()))
            self._at[key] = len(self._edges), found
        return found

    def reached(self, start: ObjectKey) -> frozenset[ObjectKey]:
        """Return what an object needs and what needs it, at any distance, itself included.

        Two objects that need the same third one, such as a node or a Secret, are not connected by it.
        """
        if start not in self._reached:
            self._reached[start] = self._walk(start, self._needs, everywhere=True) | self.needing(start)
        return self._reached[start]

    def needing(self, start: ObjectKey) -> frozenset[ObjectKey]:
        """Return what needs an object, at any distance, itself included."""
        return self._walk(start, self._needing, everywhere=True)

    def kin(self, start: ObjectKey) -> frozenset[ObjectKey]:
        """Return what owns an object, and what it owns, at any distance; not what its owners own beside it."""
        return self.owners(start) | self._walk_owners(start, down=True)

    def owners(self, start: ObjectKey) -> frozenset[ObjectKey]:
        """Return an object with what owns it, at any distance."""
        return self._walk_owners(start, down=False)

    def _walk_owners(self, start: ObjectKey, *, down: bool) -> frozenset[ObjectKey]:
        """Walk along the owners up or down, once for all that ask until more namespaces are entered."""
        entered, found = self._owned.get((down, start), (-1, frozenset()))
        if entered != len(self._edges):
            # A walk that enters a namespace itself has not seen all of its edges.
            entered = len(self._edges)
            found = self._walk(start, partial(_targets if down else _sources, EdgeType.OWNS))
            self._owned[down, start] = entered, found
        return found

    def called(self, start: ObjectKey) -> frozenset[ObjectKey]:
        """Return the Services that an object calls, or what owns it or it owns. They may not exist."""
        return frozenset(end for key in self.kin(start) for end in _targets(EdgeType.CALLS, key, self.edges_at(key)))

    def serving(self, start: ObjectKey) -> frozenset[ObjectKey]:
        """Return the Services that choose an object, or what owns it or it owns."""
        return frozenset(end for key in self.kin(start) for end in _sources(EdgeType.SELECTS, key, self.edges_at(key)))

    def _walk(
        self,
        start: ObjectKey,
        ends: Callable[[ObjectKey, Iterable[Edge]], Iterator[ObjectKey]],
        *,
        everywhere: bool = False,
    ) -> frozenset[ObjectKey]:
        seen, ahead = {start}, deque([(start, 0)])
        while ahead and len(seen) < _MOST:
            key, far = ahead.popleft()
            for other in sorted({*ends(key, self.edges_at(key, everywhere=everywhere and key == start))} - seen):
                seen.add(other)
                if far + 1 < _FARTHEST:
                    ahead.append((other, far + 1))
        return frozenset(seen)

    def _needs(self, key: ObjectKey, edges: Iterable[Edge]) -> Iterator[ObjectKey]:
        """Yield what an object needs. An owner and what it owns need each other, but a node none of its static pods."""
        for edge in edges:
            by = _NEEDS_TARGET if key == edge.source else _NEEDS_SOURCE
            if edge.type in by or (edge.type is EdgeType.OWNS and edge.source[0] != "Node"):
                yield _other_end(edge, key)
        pod = self._by_namespace[key[1]].get(key) if key[0] == "Pod" else None
        if pod is not None and waits_for_node(pod):
            # Any of these nodes may be the one that it waits for.
            nodes = self._by_namespace[""].items()
            yield from (one for one, node in nodes if one[0] == "Node" and may_use(pod, node))
        if key[0] == "Node":
            yield from self._agents[key[2]]
        if key[1]:
            yield "Namespace", "", key[1]
            yield from (one for one in self._by_namespace[key[1]] if one[0] in _ADMITTING)

    def _needing(self, key: ObjectKey, edges: Iterable[Edge]) -> Iterator[ObjectKey]:
        """Yield what needs an object; of owners only those above, as the others that they own do not."""
        for edge in edges:
            by = _NEEDS_SOURCE if key == edge.source else _NEEDS_TARGET | {EdgeType.OWNS}
            if edge.type in by:
                yield _other_end(edge, key)
        if key[0] == "Namespace" or key[0] in _ADMITTING:
            yield from self._by_namespace[key[1] or key[2]]

    def _enter(self, namespace: str) -> None:
        if namespace in self._edges:
            return
        here, (before, edges) = self._by_namespace[namespace], self._known.get(namespace, ({}, {}))
        same = here.keys() == before.keys() and all(each is before[key] for key, each in here.items())
        self._edges[namespace] = edges if same else _by_end(edges_among(self._node(*each) for each in here.items()))

    def _node(self, key: ObjectKey, obj: Json) -> GraphNode:
        known = self._nodes.get(key)
        if known is None or known[0] is not obj:
            known = self._nodes[key] = obj, node_of(obj)
        return known[1]


def _sources(type_: EdgeType, key: ObjectKey, edges: Iterable[Edge]) -> Iterator[ObjectKey]:
    return (edge.source for edge in edges if edge.type is type_ and edge.target == key)


def _targets(type_: EdgeType, key: ObjectKey, edges: Iterable[Edge]) -> Iterator[ObjectKey]:
    return (edge.target for edge in edges if edge.type is type_ and edge.source == key)


def _other_end(edge: Edge, key: ObjectKey) -> ObjectKey:
    return edge.target if key == edge.source else edge.source


def _by_end(edges: Iterable[Edge]) -> Mapping[ObjectKey, frozenset[Edge]]:
    ends: defaultdict[ObjectKey, set[Edge]] = defaultdict(set)
    for edge in edges:
        ends[edge.source].add(edge)
        ends[edge.target].add(edge)
    return {key: frozenset(found) for key, found in ends.items()}


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
