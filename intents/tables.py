"""Read names that need the lines before: rows below a table's header, and the output of `kubectl describe`.

A reader goes through the lines in order and remembers the last header and the last command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from intents.command_lines import KINDS
from intents.domain import Entity
from intents.entities import entities_in

_HEADER: Final = re.compile(r"^\s*(?:NAMESPACE\s+|LAST SEEN\s+|POD\s+)?(?:NAME|TYPE|POD|NODE|OBJECT)\b[A-Z0-9 ()_%-]*$")
_IS_NAME: Final = re.compile(r"(?:([a-z.]+)/)?([a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?)")
_DESCRIBED: Final = re.compile(r"^(Name|Namespace|Node|Priority|Service Account|StorageClass):\s+(\S+)")
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
    ({"HOLDER"}, "lease"),
)
_COLUMNS: Final = {"NAMESPACE": "namespace", "NODE": "node", "POD": "pod", "STORAGECLASS": "storageclass"}


class EntityReader:
    """Reads the names in lines that are given in order."""

    __slots__ = ("_columns", "_kind", "_name")

    def __init__(self) -> None:
        self._columns: tuple[tuple[int, str], ...] = ()
        self._kind = ""  # the kind in the last command
        self._name = ""  # a `Name:` of unknown kind

    def entities(self, line: str) -> tuple[Entity, ...]:
        """Return the names in the next line, each once."""
        found = entities_in(line)
        more = tuple(self._from_context(line))
        return tuple(dict.fromkeys(more + found)) if more else found

    def _from_context(self, line: str) -> Iterator[Entity]:
        if (command := _COMMAND.search(line)) and (kind := KINDS.get(command.group(1))):
            self._kind = kind
            self._columns = ()
        elif _HEADER.match(line):
            self._columns = self._read_header(line)
        elif self._columns:
            yield from self._row(line)
        if match := _DESCRIBED.match(line):
            yield from self._described(match.group(1), match.group(2))

    def _read_header(self, line: str) -> tuple[tuple[int, str], ...]:
        starts = [(match.start(), match.group()) for match in re.finditer(r"\S+(?: (?!NAME\b)\S+)*", line)]
        names = {name for _, name in starts}
        of = next((kind for columns, kind in _KINDS_BY_COLUMNS if columns <= names), self._kind or "name")
        kinds = {**_COLUMNS, "NAME": "container" if "POD" in names else of, "OBJECT": "object"}
        return tuple((start, kinds[name]) for start, name in starts if name in kinds)

    def _row(self, line: str) -> Iterator[Entity]:
        read = []
        for start, kind in self._columns:
            # Columns are aligned: a cell begins where its header does.
            cell = _IS_NAME.match(line, start) if line[start - 1 : start].strip() == "" or start == 0 else None
            if cell is None or line[cell.end() : cell.end() + 1].strip() != "":
                self._columns = ()
                return
            prefix, name = cell.groups()
            actual = KINDS.get(prefix, "") if prefix else kind
            if actual and actual != "object":
                read.append(Entity(kind=actual, value=name))
        yield from read

    def _described(self, key: str, value: str) -> Iterator[Entity]:
        if key == "Name":
            self._name = value
            if self._kind:
                yield Entity(kind=self._kind, value=value)
        elif key == "Namespace":
            yield Entity(kind="namespace", value=value)
        elif key == "Node":
            yield Entity(kind="node", value=value.partition("/")[0])
        if key in ("Node", "Service Account", "Priority") and self._name and not self._kind:
            yield Entity(kind="pod", value=self._name)
            self._name = ""
        elif key == "StorageClass":
            yield Entity(kind="storageclass", value=value)
