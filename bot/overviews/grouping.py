"""Group objects in trouble by what explains them, before anything else is read. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.placement import selects
from bot.overviews.troubled_objects import WORKLOADS, Identity, TroubledObject
from intents.domain import ObjectRef
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


def grouped(rows: Rows) -> list[Group]:
    """Return the groups of objects whose trouble no other object's explains, those with the most impact first."""
    rows = {id_: row for id_, row in rows.items() if not row.ended or not rows.keys().isdisjoint(row.depends_on)}
    effects: defaultdict[Identity, set[Identity]] = defaultdict(set)
    explained: set[Identity] = set()
    for effect, cause in _links(rows):
        effects[cause].add(effect)
        explained.add(effect)
    roots: defaultdict[tuple[str, ...], list[Identity]] = defaultdict(list)
    reached: set[Identity] = set()
    # Objects that explain each other in a circle have no root: the first of them stands for them.
    for id_ in (*sorted(rows.keys() - explained), *sorted(explained)):
        if id_ not in explained or id_ not in reached:
            roots[rows[id_].likeness].append(id_)
            reached |= _reached([id_], effects)
    groups = [
        Group(members=tuple(rows[id_] for id_ in members), affected=_reached(members, effects))
        for members in roots.values()
        if not all(rows[id_].starts for id_ in members)
    ]
    return sorted(groups, key=lambda each: (-impact_of(each.affected).weight, each.members[0].id))


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


def _links(rows: Rows) -> Iterator[tuple[Identity, Identity]]:
    """Yield each object in trouble with an object whose trouble explains its own."""
    carriers = Carriers(rows)
    for id_, row in rows.items():
        yield from ((id_, cause) for cause in row.depends_on if cause in rows)
        yield from ((owner, id_) for owner in row.owners if owner in rows and owner != id_)
        if row.selects is not None:
            yield from ((id_, cause) for cause in carriers.selected(id_.namespace, row.selects))


class Carriers:
    """The pods and workloads in trouble by their pods' labels, each set of labels of a namespace once."""

    def __init__(self, rows: Rows) -> None:
        self._by_labels: defaultdict[str, defaultdict[frozenset[tuple[str, str]], list[Identity]]]
        self._by_labels = defaultdict(lambda: defaultdict(list))
        for id_, row in rows.items():
            if id_.kind == "Pod" or id_.kind in WORKLOADS:
                self._by_labels[id_.namespace][frozenset(row.labels.items())].append(id_)

    def selected(self, namespace: str, selector: Mapping[str, Any]) -> Iterator[Identity]:
        for labels, carriers in self._by_labels[namespace].items():
            if selects(selector, dict(labels)):
                yield from carriers
