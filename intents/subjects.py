"""Tell which objects the rows of reads are about, and which rows belong to one object at fault.

Rows are tied by the objects that they name under standard keys (`pod`, `owner`, `service` …). A row about another
object of the same kind is not tied: it may be true, but it says nothing about this one. Objects that many others share,
such as nodes, end a path: two pods of a node have nothing else in common.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from intents.catalog.schema import Incident
from intents.domain import ObjectRef, ProbeResult, Row
from intents.kinds import CLUSTER_SCOPED, TABLE
from intents.named_objects import ObjectKey
from intents.rules import RuleAnswer, RuleResult

# Row keys that name an object, with its kind, or with the key that has its kind.
_KIND_OF: Final[Mapping[str, str]] = {key: kind.kind for kind in TABLE for key in kind.rows.split()}
_KIND_KEY_OF: Final[Mapping[str, str]] = {
    "name": "kind",
    "owner": "owner_kind",
    "top": "top_kind",
    "top_name": "top_kind",
    "target": "target_kind",
    "backend": "backend_kind",
    "denier": "denier_kind",
    "configuration": "kind",
    "role": "role_kind",
}
_NAMING: Final = frozenset({*_KIND_OF, *_KIND_KEY_OF})
# Row keys that name the namespace of an object, if it is not the row's.
_NAMESPACE_KEY_OF: Final[Mapping[str, str]] = {
    "pod": "pod_namespace",
    "service": "service_namespace",
    "backend": "service_namespace",
    "account": "account_namespace",
    "prometheus": "prometheus_namespace",
}
# Row keys that name a namespace: an object in it may be called the same.
_PLACES: Final = frozenset({"namespace", *_NAMESPACE_KEY_OF.values()})
# Kinds whose objects many others share: rows that have only these in common are about different objects.
_SHARED: Final = frozenset(kind.kind for kind in TABLE if kind.shared)


def ties(row: Row) -> frozenset[ObjectKey]:
    """Return the objects that a row is about or names."""
    return frozenset((row.subject.key, *_named_in(row)))


def _named_in(row: Row) -> Iterator[ObjectKey]:
    values = row.values
    home = str(values.get("namespace") or row.subject.namespace)
    for key, value in values.items():
        if not value or key not in _NAMING:
            continue
        kind = _KIND_OF.get(key) or str(values.get(_KIND_KEY_OF.get(key, ""), ""))
        if not (kind and isinstance(value, str | tuple)):
            continue
        namespace = str(values.get(_NAMESPACE_KEY_OF.get(key, ""), "") or home)
        for name in value if isinstance(value, tuple) else (value,):
            # A list of pods may say their state after a space, and their namespace before a slash.
            before, _, plain = name.partition(" ")[0].rpartition("/")
            yield kind, "" if kind in CLUSTER_SCOPED else before or namespace, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An object at fault as the rules see it: the rows that support it, and the objects that these name.

    `own` are those objects that few others share; `near` has the shared ones too, such as its node.
    """

    subject: ObjectRef
    rows: tuple[Row, ...]
    near: frozenset[ObjectKey]
    shared: bool = False  # whether all objects of the cluster depend on it

    @property
    def own(self) -> frozenset[ObjectKey]:
        return unshared(self.near) | {self.subject.key}


def unshared(keys: Iterable[ObjectKey]) -> frozenset[ObjectKey]:
    """Return the objects that few others share: not nodes, classes and namespaces."""
    return frozenset(key for key in keys if key[0] not in _SHARED)


def stands(found: Iterable[Candidate]) -> tuple[ObjectRef, ...]:
    """Return the objects that candidates are: one that rows of several namespaces prove together is several."""
    by_place = ({row.subject.namespace: row.subject for row in reversed(one.rows)} for one in found)
    return tuple(dict.fromkeys(subject for places in by_place for subject in reversed(places.values())))


def candidates(incident: Incident, results: Iterable[RuleResult]) -> tuple[Candidate, ...]:
    """Return the objects that supporting rules find at fault, those of decisive rules first.

    Each row of a rule that needs any row is about an object of its own; the rows of another rule, and those of a shared
    read, prove one fact together.
    """
    groups: list[Candidate] = []
    group_of: dict[ObjectKey, int] = {}
    for fact in _facts(incident, results):
        number = next((group_of[key] for key in sorted(fact.own) if key in group_of), len(groups))
        if number == len(groups):
            groups.append(fact)
        else:
            known = groups[number]
            groups[number] = replace(
                known, rows=known.rows + fact.rows, near=known.near | fact.near, shared=known.shared or fact.shared
            )
        for key in fact.own:
            group_of.setdefault(key, number)
    return tuple(groups)


def _facts(incident: Incident, results: Iterable[RuleResult]) -> Iterator[Candidate]:
    """Yield each fact of the cluster that supports the incident; the decisive ones only, if there are any."""
    supports = [
        (result.rule, result.finding.rows)
        for result in results
        if result.answer is RuleAnswer.YES and result.finding and result.finding.is_cluster_support
    ]
    decisive = [(rule, rows) for rule, rows in supports if rule.decisive and rows]
    for rule, rows in decisive or supports:
        shared = bool(rule.each) and incident.reads[rule.each].shared
        alone = rule.each and rule.need == "any" and not shared
        for part in ((row,) for row in rows) if alone else (rows,) if rows else ():
            near = frozenset(key for row in part for key in ties(row))
            yield Candidate(subject=part[0].subject, rows=tuple(part), near=near, shared=shared)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneSubject:
    """The reads about one object at fault and the objects tied to it: a verdict sees nothing else.

    Only this module makes them. `readings` has a ProbeResult for each read of the incident.
    """

    readings: Mapping[str, ProbeResult]

    @property
    def rows(self) -> tuple[Row, ...]:
        """Return the rows of all reads."""
        return tuple(row for reading in self.readings.values() for row in reading.rows)


def undivided(readings: Mapping[str, ProbeResult]) -> OneSubject:
    """Return all that was read: nothing in it is at fault, or all of it is about one object."""
    return OneSubject(readings=readings)


def unread(readings: Mapping[str, ProbeResult]) -> OneSubject:
    """Return the readings without rows, for a question whose object is not known."""
    return OneSubject(readings={name: replace(one, rows=(), skipped=not one.gaps) for name, one in readings.items()})


def apart(found: Sequence[Candidate], kin: frozenset[ObjectKey]) -> Iterator[tuple[Candidate, frozenset[ObjectKey]]]:
    """Yield the candidates that have no object in common, each with its own ones; those of the first include `kin`."""
    told: frozenset[ObjectKey] = frozenset()
    for one in found:
        if not told & one.own:
            own = one.own if told else one.own | kin
            told |= own
            yield one, own


def narrowed(
    incident: Incident,
    readings: Mapping[str, ProbeResult],
    own: frozenset[ObjectKey],
    *,
    near: frozenset[ObjectKey] = frozenset(),
) -> OneSubject:
    """Return the readings with the rows that are tied to objects, or about those `near`; undivided if all are.

    A read of which no row is tied tells of the cluster as a whole if its rows are about objects outside namespaces; any
    other is about strangers, and says nothing.
    """
    names = {key[2]: key[1] for key in own}
    spaces = frozenset(key[2] for key in own if key[0] == "Namespace")
    tied = {
        name: {
            number
            for number, row in enumerate(reading.rows)
            if own & ties(row) or row.subject.key in near or _mentions(row, names, spaces)
        }
        for name, reading in readings.items()
    }
    named = {key for name, numbers in tied.items() for number in numbers for key in ties(readings[name].rows[number])}
    reached = own | near | named
    kept: dict[str, ProbeResult] = {}
    for name, reading in readings.items():
        rows = tuple(
            row for number, row in enumerate(reading.rows) if number in tied[name] or row.subject.key in reached
        )
        if incident.reads[name].shared or (not rows and all(not row.subject.namespace for row in reading.rows)):
            rows = reading.rows
        if len(rows) == len(reading.rows):
            kept[name] = reading
        else:
            # Objects that were looked at and have no row are not the one in question.
            kept[name] = replace(reading, rows=rows, looked_at=reading.looked_at if rows else 0)
    return OneSubject(readings=readings if all(kept[name] is each for name, each in readings.items()) else kept)


def _mentions(row: Row, names: Mapping[str, str], spaces: frozenset[str]) -> bool:
    """Tell whether a value that was captured from a log or a message is a name; `names` has their namespaces."""
    return any(
        isinstance(value, str)
        and (value in spaces if key in _PLACES else names.get(value) in ("", row.subject.namespace))
        for key, value in row.values.items()
    )
