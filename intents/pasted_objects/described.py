"""Read objects as `kubectl describe` prints them.

The spec of an object without a status is told: who pastes it asks about what was written. So is the selector of a
Service without endpoints.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from intents.named_objects import Entity
from intents.pasted_objects.section import (
    Layout,
    NumberedLine,
    Row,
    Section,
    is_normal,
    named,
    normal_conditions,
    outline,
)

# These columns are the last ones.
_HEADER: Final = re.compile(r" *(?:[A-Z][A-Z-]+ +){2}[A-Z ()-]*?   (?=(?:CONTAINERS|IMAGES|LABELS)\b)")
_GAP: Final = "   "


def table_at(lines: Sequence[NumberedLine], start: int) -> Section | None:
    """Return the table whose header is at a line; None if none is, or it has none of these columns."""
    header = _HEADER.match(lines[start][1])
    if header is None:
        return None
    end = header.end()
    told = [header[0]]
    for _, line in islice(lines, start + 1, None):
        if line[end - len(_GAP) : end] != _GAP:
            break
        told.append(line[:end])
    return Section(told=told)


# kubectl aligns values, so that two spaces or more follow a key; it does not align the counts of nodes.
_KEY: Final = re.compile(r"(\S(?:[^:\s]| (?! ))*):(?:  +(.*))?$")
_COUNT_OF_NODES: Final = re.compile(r"((?:Desired |Current )?Number of Nodes .+): (\d+)$")
# What one may begin to copy at, as nothing but kubectl writes it: keys with a value, and sections above indented lines.
_FIRST: Final = re.compile(
    r" *(?:(?:Name|Labels|Annotations|QoS Class|Node-Selectors|Tolerations):  +\S.*"
    r"|(?:Pod Template|Containers|Init Containers|Volumes|Conditions):)$"
)
_ROOT: Final = re.compile(r"[A-Z][A-Za-z]*(?:[ -][A-Za-z-]+){0,6}")
# The state of an object, and what is set because of it. The rest is what somebody wants.
_TOLD: Final = frozenset({
    "Active Jobs", "Address", "Completed At", "Current", "Current Number of Nodes Scheduled",
    "Default backend", "Deployment pods", "Desired", "Desired Number of Nodes Scheduled", "Events",
    "Finalizers", "Last Schedule Time", "LoadBalancer Ingress", "Message", "NewReplicaSet",
    "Number of Nodes Misscheduled", "Number of Nodes Scheduled with Available Pods",
    "Number of Nodes Scheduled with Up-to-date Pods", "OldReplicaSets", "Reason",
    "ReplicaSet pods", "Rules", "StatefulSet pods", "Status", "Suspend", "Unschedulable",
})  # fmt: skip
# Values that say nothing, and keys that say something only with such a value.
_NOTHING: Final = frozenset({"", "<none>", "<unset>", "<nil>", "false", "0"})
_NEEDED: Final = frozenset({"Endpoints", "Allowed disruptions"})
# "3 desired | 3 updated | 3 total | 3 available | 0 unavailable", "1 Running / 0 Waiting / 0 Succeeded / 0 Failed"
_COUNTS: Final = frozenset({"Replicas", "Pods Status", "Pods Statuses"})
_COUNT: Final = re.compile(r"(\d+) ([A-Za-z]+)")
_LACKING: Final = frozenset({"unavailable", "Waiting", "Failed"})
_OF_PODS: Final = frozenset({"Active", "Running", "Waiting", "Succeeded", "Failed"})
_MISSCHEDULED: Final = "Misscheduled"
_CONTAINERS: Final = frozenset({"Containers", "Init Containers", "Ephemeral Containers"})
_OF_CONTAINER: Final = frozenset({"State", "Last State", "Ready", "Restart Count"})
_PARTS_OF_STATE: Final = frozenset({("Reason",), ("Exit Code",), ("Signal",)})
_CONDITION: Final = re.compile(r"(\S+) +(True|False|Unknown)\b *(?:(\S+)\b *)?(.*)$")
_CONDITIONS_HEADER: Final = re.compile(r"Type +Status\b|-{4} +-{6}")
# Keys that only this kind has; the first that is there decides.
_KINDS: Final = (
    ("Kind", ""), ("QoS Class", "Pod"), ("Containers", "Pod"), ("Service Account", "Pod"), ("Priority", "Pod"),
    ("Roles", "Node"), ("StrategyType", "Deployment"), ("Desired Number of Nodes Scheduled", "DaemonSet"),
    ("Update Strategy", "StatefulSet"), ("Pods Statuses", "Job"), ("Concurrency Policy", "CronJob"),
    ("Pods Status", "ReplicaSet"), ("Session Affinity", "Service"), ("Default backend", "Ingress"),
    ("Reclaim Policy", "PersistentVolume"), ("Used By", "PersistentVolumeClaim"),
    ("Reference", "HorizontalPodAutoscaler"), ("Max unavailable", "PodDisruptionBudget"),
    ("Min available", "PodDisruptionBudget"),
    ("Provisioner", "StorageClass"),
)  # fmt: skip


def _key_of(line: str) -> tuple[str, str] | None:
    key = _KEY.match(line) or _COUNT_OF_NODES.match(line)
    return (key[1], key[2] or "") if key else None


_LAYOUT: Final = Layout(key_of=_key_of, is_root=lambda key: bool(_ROOT.fullmatch(key)), first="Name")


def description_at(lines: Sequence[NumberedLine], start: int) -> Section | None:
    """Return the described object, or the rest of one, that begins at a line; None if none does."""
    if not _FIRST.match(lines[start][1]):
        return None
    rows = outline(lines, start, _LAYOUT)
    kind = _kind_of(rows)
    normal = {*normal_conditions(rows, [kind] * len(rows)), *_of_well_containers(rows), *_of_complete_nodes(rows)}
    wanted = frozenset(_wanted(rows))
    told = [
        _told(lines[start + index][1], row)
        if index not in normal and (_is_told(row, kind) or not wanted.isdisjoint(row.path[:1]))
        else ""
        for index, row in enumerate(rows)
    ]
    return Section(told=_with_whole_states(told, rows), names=dict(_names(rows, kind)))


def _wanted(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the keys that tell what somebody wants where it counts: no status says more, or nothing is as wanted."""
    if all(row.path != ("Status",) for row in rows):
        yield "Spec"
    if any(row.path == ("Endpoints",) and row.value in _NOTHING for row in rows):
        yield "Selector"


def _kind_of(rows: Sequence[Row]) -> str:
    values = {row.path[0]: row.value for row in reversed(rows) if len(row.path) == 1}
    return next((kind or values[key] for key, kind in _KINDS if key in values), "")


def _is_told(row: Row, kind: str) -> bool:
    root, *below = row.path or ("",)
    if root == "Conditions":
        return bool(row.value) and not _is_normal_row(row.value, kind)
    if root in _CONTAINERS:
        return len(below) > 1 and below[1] in _OF_CONTAINER
    if root in _COUNTS:
        return not _are_complete(row.value)
    if root == "Metrics":
        return "<unknown>" in row.value
    if row.path and row.path[-1] in _NEEDED:
        return row.value in _NOTHING
    if root in _TOLD:
        return bool(below) or row.value not in _NOTHING
    return row.path[:2] in {("Metadata", "Deletion Timestamp"), ("Metadata", "Finalizers")}


def _of_complete_nodes(rows: Sequence[Row]) -> Iterator[int]:
    """Yield the indexes of the rows that count a DaemonSet's nodes, if all are served and no others."""
    counts = {index: row for index, row in enumerate(rows) if len(row.path) == 1 and " of Nodes " in row.path[0]}
    served = {row.value for row in counts.values() if not row.path[0].endswith(_MISSCHEDULED)}
    if len(served) == 1 and all(row.value == "0" for row in counts.values() if row.path[0].endswith(_MISSCHEDULED)):
        yield from counts


def _of_well_containers(rows: Sequence[Row]) -> Iterator[int]:
    """Yield the indexes of the rows about containers that run, or have ended as they should."""
    of_each: dict[tuple[str, ...], list[int]] = {}
    for index, row in enumerate(rows):
        if len(row.path) > 1 and row.path[0] in _CONTAINERS:
            of_each.setdefault(row.path[:2], []).append(index)
    for indexes in of_each.values():
        if _is_well({rows[index].path[2:]: rows[index].value for index in indexes}):
            yield from indexes


def _is_well(container: Mapping[tuple[str, ...], str]) -> bool:
    state = container.get(("State",), "")
    if state == "Terminated":
        return container.get(("State", "Reason")) == "Completed"
    return state == "Running" and container.get(("Ready",), "True") == "True" and ("Last State",) not in container


def _with_whole_states(told: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """Return the lines with all of a container's state in that of the state: reason, exit code, if it is no app."""
    whole = list(told)
    state = 0
    for index, row in enumerate(rows):
        if row.path[2:] in {("State",), ("Last State",)} and told[index]:
            state = index
            whole[index] = f"{row.path[0]}: {told[index].strip()}" if row.path[0] != "Containers" else told[index]
        elif told[index] and row.path[2:3] in {("State",), ("Last State",)} and row.path[3:] in _PARTS_OF_STATE:
            whole[state], whole[index] = f"{whole[state]} {told[index].strip()}", ""
    return whole


def _told(line: str, row: Row) -> str:
    """Return the line; where kubectl since 1.32 writes nothing, what it wrote before."""
    return line if row.value or row.path[-1] not in _NEEDED else f"{line} <none>"


def _are_complete(counts: str) -> bool:
    """Return whether replicas are as many as wanted, and none fails."""
    found = {name: int(count) for count, name in _COUNT.findall(counts)}
    lacking = any(found.get(name) for name in _LACKING)
    wanted = {count for name, count in found.items() if name not in _LACKING | _OF_PODS}
    return any(found.values()) and not lacking and len(wanted) <= 1


def _is_normal_row(written: str, kind: str) -> bool:
    """Return whether a row of the table of conditions is a header or a condition of a healthy object."""
    condition = _CONDITION.match(written)
    if condition is None:
        return bool(_CONDITIONS_HEADER.match(written))
    name, status, reason, message = condition.groups()
    return is_normal(kind, name, status, reason or "", message)


def _names(rows: Sequence[Row], kind: str) -> Iterator[tuple[int, tuple[Entity, ...]]]:
    namespace = next((row.value for row in rows if row.path == ("Namespace",) and row.value != "<none>"), "")
    for index, row in enumerate(rows):
        if row.path == ("Name",):
            yield index, named(kind, row.value, namespace)
