"""Read names that need the lines before: rows below a table's header, and the output of `kubectl describe`.

A reader goes through the lines in order and remembers the last header and the last command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from intents.entities import entities_in, paired
from intents.kinds import SPELLINGS
from intents.named_objects import Entity
from intents.places import IS_NAME

_HEADER: Final = re.compile(
    r"^\s*(?:NAMESPACE\s+)?(?:LAST SEEN\s+|POD\s+)?(?:NAME|TYPE|POD|NODE|OBJECT)\b[A-Z0-9 ()_%-]*$"
)
_CELL: Final = re.compile(r"(?:([a-z.]+)/)?([a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?)(…|\.\.\.)?(?=\s|$)")
_EMPTY: Final = re.compile(r"<[a-z]+>")
# A row of `kubectl get pods` whose header was cut off: [NAMESPACE] NAME READY STATUS RESTARTS AGE.
_POD_ROW: Final = re.compile(
    r"^\s*(?:([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\s+)?([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)(…|\.\.\.)?"
    r"\s+\d+/\d+\s+(?:Init:)?[A-Z0-9][\w:/-]*\s+\d+\b"
)
_DESCRIBED: Final = re.compile(r"^(Name|Namespace|Node|Priority|Service Account|StorageClass):\s+(\S+)\s*$")
_COMMAND: Final = re.compile(r"\b(?:get|describe|top)\s+(?:-\S+\s+(?:\S+\s+)?)?([a-z.]+)")

# (columns that only this kind has, the kind of the objects in NAME)
_KINDS_BY_COLUMNS: Final = (
    ({"READY", "RESTARTS"}, "pod"),
    ({"ROLES", "VERSION"}, "node"),
    ({"CLUSTER-IP"}, "service"),
    ({"VOLUME", "CAPACITY", "STORAGECLASS"}, "pvc"),
    ({"RECLAIM POLICY", "CLAIM"}, "pv"),
    ({"PROVISIONER"}, "storageclass"),
    ({"SERVICE", "AVAILABLE"}, "apiservice"),
    ({"UP-TO-DATE", "AVAILABLE", "DESIRED"}, "daemonset"),
    ({"UP-TO-DATE", "AVAILABLE"}, "deployment"),
    ({"REFERENCE", "MINPODS"}, "hpa"),
    ({"MIN AVAILABLE", "ALLOWED DISRUPTIONS"}, "pdb"),
    ({"CLASS", "HOSTS", "ADDRESS"}, "ingress"),
    ({"HOLDER"}, "lease"),
)
_COLUMNS: Final = {"NAMESPACE": "namespace", "NODE": "node", "POD": "pod", "STORAGECLASS": "storageclass"}


class EntityReader:
    """Reads the names in lines that are given in order."""

    __slots__ = ("_aligned", "_columns", "_kind", "_name", "_namespace")

    def __init__(self) -> None:
        self._columns: tuple[tuple[int, str], ...] = ()
        self._aligned = False  # the header has gaps, so that a row has some too
        self._kind = ""  # the kind in the last command
        self._name = ""  # a `Name:` of unknown kind
        self._namespace = ""

    def entities(self, line: str) -> tuple[Entity, ...]:
        """Return the names in the next line, each once."""
        found = entities_in(line)
        more = tuple(self._from_context(line))
        return tuple(dict.fromkeys((*paired(more), *found))) if more else found

    def _from_context(self, line: str) -> Iterator[Entity]:
        if (command := _COMMAND.search(line)) and (kind := SPELLINGS.get(command.group(1))):
            self._kind = kind
            self._columns = ()
        elif _HEADER.match(line):
            self._columns, self._aligned = self._read_header(line), _has_gap(line)
        else:
            row = tuple(self._row(line)) if self._columns else ()
            yield from row if any(name.kind != "namespace" for name in row) else self._pod_row(line)
        if match := _DESCRIBED.match(line):
            yield from self._described(match.group(1), match.group(2))

    def _read_header(self, line: str) -> tuple[tuple[int, str], ...]:
        starts = [(match.start(), match.group()) for match in re.finditer(r"\S+(?: (?!NAME\b)\S+)*", line)]
        names = {name for _, name in starts}
        of = next((kind for columns, kind in _KINDS_BY_COLUMNS if columns <= names), self._kind or "name")
        kinds = {**_COLUMNS, "NAME": "container" if "POD" in names else of, "OBJECT": "object"}
        return tuple((start, kinds[name]) for start, name in starts if name in kinds)

    def _row(self, line: str) -> Iterator[Entity]:
        if self._aligned and not _has_gap(line):
            self._columns = ()  # a sentence below the table
            return
        read = []
        for start, kind in self._columns:
            # Columns are aligned: a cell begins where its header does.
            begins = start == 0 or line[start - 1 : start].strip() == ""
            if begins and _EMPTY.match(line, start):
                continue
            cell = _CELL.match(line, start) if begins else None
            if cell is None:
                self._columns = ()
                return
            prefix, name, dots = cell.groups()
            actual = SPELLINGS.get(prefix, "") if prefix else kind
            if actual and actual != "object":
                read.append(_entity(actual, name, dots))
        yield from read

    def _pod_row(self, line: str) -> Iterator[Entity]:
        """Yield the pod of a row whose header is missing or not aligned with it."""
        if self._kind in ("", "pod") and (pod := _POD_ROW.match(line)):
            namespace, name, dots = pod.groups()
            if namespace:
                yield Entity(kind="namespace", value=namespace)
            yield _entity("pod", name, dots)

    def _described(self, key: str, value: str) -> Iterator[Entity]:
        value = value.partition("/")[0] if key == "Node" else value
        if not IS_NAME.fullmatch(value):
            return
        if key == "Name":
            self._name = value
            if self._kind:
                yield Entity(kind=self._kind, value=value)
        elif key == "Namespace":
            self._namespace = value
            yield Entity(kind="namespace", value=value)
            if self._name and self._kind:
                yield Entity(kind=self._kind, value=self._name)
        elif key == "Node":
            yield Entity(kind="node", value=value)
        if key in ("Node", "Service Account", "Priority") and self._name and not self._kind:
            yield Entity(kind="pod", value=self._name, namespace=self._namespace)
            self._name = ""
        elif key == "StorageClass":
            yield Entity(kind="storageclass", value=value)


def _entity(kind: str, name: str, dots: str | None) -> Entity:
    return Entity(kind=kind, value=f"{name}…", certain=False) if dots else Entity(kind=kind, value=name)


def _has_gap(line: str) -> bool:
    return "  " in line.strip()
