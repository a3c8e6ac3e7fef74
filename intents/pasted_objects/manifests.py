"""Read objects as `kubectl get -o yaml` and `-o json` print them, alone or in a List.

An object without a status is told as a whole: who pastes it asks about what was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from intents.named_objects import Entity
from intents.pasted_objects.section import Layout, NumberedLine, Row, Section, named, normal_conditions, outline

_KEY: Final = re.compile(r"\"?([A-Za-z_][\w./-]*)\"?:(?: +(.*))?$")
_FIRST: Final = re.compile(r"\s*(?:- )?\"?apiVersion\"?: \"?[a-z][\w./-]*\"?,?$")
# The top-level keys of the kinds that Kubernetes has.
_ROOTS: Final = frozenset(
    """
    action addressType aggregationRule allowVolumeExpansion allowedTopologies apiVersion automountServiceAccountToken
    binaryData count data description deprecatedCount deprecatedFirstTimestamp deprecatedLastTimestamp deprecatedSource
    endpoints eventTime firstTimestamp globalDefault handler imagePullSecrets immutable involvedObject items kind
    lastTimestamp message metadata mountOptions note operation overhead parameters ports preemptionPolicy provisioner
    reason reclaimPolicy regarding related reportingComponent reportingController reportingInstance roleRef rules
    scheduling secrets series source spec status stringData subjects subsets type value volumeBindingMode webhooks
    """.split()  # noqa: SIM905
)
# The state of an object, and what is set because of it. The rest is what somebody wants.
_TOLD: Final = (
    ("status",), ("message",), ("reason",), ("note",), ("involvedObject",), ("regarding",),
    ("metadata", "deletionTimestamp"), ("metadata", "finalizers"),
    ("spec", "unschedulable"), ("spec", "paused"), ("spec", "suspend"),
)  # fmt: skip
# Names, sizes and addresses in a status tell nothing of its health.
_PLAIN: Final = frozenset({
    "addresses", "allocatable", "allocatedResources", "capacity", "containerID", "daemonEndpoints", "features",
    "hostIP", "hostIPs", "image", "imageID", "images", "nodeInfo", "podIP", "podIPs", "qosClass", "resources",
    "runtimeHandlers", "user", "volumeMounts", "volumesAttached", "volumesInUse",
})  # fmt: skip


def _key_of(line: str) -> tuple[str, str] | None:
    key = _KEY.match(line)
    return (key[1], (key[2] or "").rstrip(",").strip("\"'")) if key else None


_LAYOUT: Final = Layout(key_of=_key_of, is_root=_ROOTS.__contains__)


def manifest_at(lines: Sequence[NumberedLine], start: int) -> Section | None:
    """Return the objects in YAML or JSON that begin at a line; None if none do."""
    if not _FIRST.match(lines[start][1]):
        return None
    rows = [_in_list(row) for row in outline(lines, start, _LAYOUT)]
    heads = list(_heads(rows))
    normal = set(normal_conditions(rows, [head.kind for head in heads]))
    live = {head.number for row, head in zip(rows, heads, strict=True) if row.path[:1] == ("status",)}
    told = [
        lines[start + index][1] if head.number not in live or (index not in normal and _is_told(row)) else ""
        for index, (row, head) in enumerate(zip(rows, heads, strict=True))
    ]
    return Section(told=told, names=dict(_names(rows, heads)))


def _in_list(row: Row) -> Row:
    """Return the row as if its object were in no List."""
    return row._replace(path=row.path[1:], items=row.items[1:]) if row.path[:1] == ("items",) else row


def _is_told(row: Row) -> bool:
    return any(row.path[: len(told)] == told for told in _TOLD) and _PLAIN.isdisjoint(row.path)


@dataclass(frozen=True, slots=True)
class _Head:
    """The object of a row, as far as the rows above tell: kubectl sorts the keys by the alphabet."""

    number: int
    kind: str = ""
    name: str = ""


def _heads(rows: Sequence[Row]) -> Iterator[_Head]:
    head = _Head(0)
    for row in rows:
        if row.path == ("apiVersion",):
            head = _Head(head.number + 1)
        elif row.path == ("kind",):
            head = replace(head, kind=row.value)
        elif row.path == ("metadata", "name"):
            head = replace(head, name=row.value)
        yield head


def _names(rows: Sequence[Row], heads: Sequence[_Head]) -> Iterator[tuple[int, tuple[Entity, ...]]]:
    for index, (row, head) in enumerate(zip(rows, heads, strict=True)):
        if row.path == ("metadata", "name"):
            yield index, named(head.kind, head.name, "")
        elif row.path == ("metadata", "namespace"):
            yield index, named(head.kind, head.name, row.value)
