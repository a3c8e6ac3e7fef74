"""Group objects in trouble by what explains them, before anything else is read. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.graph.cluster_graph import causes_among
from bot.overviews.troubled_objects import WORKLOADS, Identity, TroubledObject
from intents.domain import ObjectRef
from intents.named_objects import ObjectKey
from intents.overview import Impact

_EXAMPLES: Final = 3
# The order of examples: what people notice first.
_NOTICED: Final = ("Service", "Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod")

Rows = Mapping[Identity, TroubledObject]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Objects that show the same trouble, and all objects whose trouble it explains, themselves included."""

    members: tuple[TroubledObject, ...]
    affected: frozenset[Identity]
    lasting: frozenset[ObjectKey] = frozenset()  # the objects affected that outlive their pods, and the pods' owners


def grouped(rows: Rows) -> list[Group]:
    """Return the groups of objects whose trouble no other object's explains, those with the most impact first."""
    causes = _causes(rows)
    rows = {id_: row for id_, row in rows.items() if not row.ended or causes.get(id_)}
    effects: defaultdict[Identity, set[Identity]] = defaultdict(set)
    for effect in rows.keys() & causes.keys():
        for cause in causes[effect] & rows.keys():
            effects[cause].add(effect)
    explained = frozenset().union(*effects.values())
    roots: defaultdict[tuple[str, ...], list[Identity]] = defaultdict(list)
    reached: set[Identity] = set()
    # Objects that explain each other in a circle have no root: the first of them stands for them.
    for id_ in (*sorted(rows.keys() - explained), *sorted(explained)):
        if id_ not in explained or id_ not in reached:
            roots[rows[id_].likeness].append(id_)
            reached |= _reached([id_], effects)
    groups = [
        _group(members, _reached(members, effects), rows)
        for members in roots.values()
        if not all(rows[id_].starts for id_ in members)
    ]
    return sorted(groups, key=lambda each: (-impact_of(each.affected).weight, each.members[0].id))


def _group(members: Iterable[Identity], affected: frozenset[Identity], rows: Rows) -> Group:
    touched = {key for id_ in affected for key in (rows[id_].owners or {rows[id_].node.key})}
    lasting = touched | {rows[id_].node.key for id_ in affected if id_.kind != "Pod"}
    return Group(members=tuple(rows[id_] for id_ in members), affected=affected, lasting=frozenset(lasting))


def impact_of(affected: Iterable[Identity]) -> Impact:
    """Count objects by what their trouble means; the pods of a workload count beside it."""
    ids = sorted(affected, key=lambda id_: (_place(id_.kind), id_))
    pods = sum(id_.kind == "Pod" for id_ in ids)
    services = sum(id_.kind == "Service" for id_ in ids)
    nodes = sum(id_.kind == "Node" for id_ in ids)
    workloads = sum(id_.kind in WORKLOADS for id_ in ids)
    return Impact(
        pods=pods,
        workloads=workloads,
        services=services,
        nodes=nodes,
        others=len(ids) - pods - services - nodes - workloads,
        examples=tuple(map(reference, ids[:_EXAMPLES])),
    )


def reference(id_: Identity) -> ObjectRef:
    """Return the reference that people read: a custom kind without its group."""
    return ObjectRef(kind=id_.kind.partition(".")[0], namespace=id_.namespace, name=id_.name)


def _place(kind: str) -> int:
    return _NOTICED.index(kind) if kind in _NOTICED else len(_NOTICED)


def _reached(ids: Iterable[Identity], effects: Mapping[Identity, set[Identity]]) -> frozenset[Identity]:
    reached, left = set(ids), list(ids)
    while left:
        new = effects.get(left.pop(), set()) - reached
        reached |= new
        left += new
    return frozenset(reached)


def _causes(rows: Rows) -> Mapping[Identity, frozenset[Identity]]:
    """Return the objects in trouble whose trouble that of others explains, with those."""
    named: defaultdict[ObjectKey, set[Identity]] = defaultdict(set)  # kinds of two groups may have one name
    for id_, row in rows.items():
        named[row.node.key].add(id_)
    causes = causes_among(row.node for row in rows.values())
    return {
        id_: frozenset(id_ for cause in causes[key] for id_ in named[cause]) for key in causes for id_ in named[key]
    }
