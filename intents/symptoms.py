"""Read the symptoms of a text: its different lines, with the names and times in them, and those that are kept.

Some names need the lines before: rows below a table's header, and the output of `kubectl describe`. A reader goes
through the lines in order and remembers the last header and the last command.

Never raises, whatever comes in. Input and output are limited: `text_cleanup.MAX_BYTES`, `MAX_SYMPTOMS`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from intents.domain import Entity, Symptom
from intents.entities import MOST_ENTITIES, entities_in, paired
from intents.kinds import NAMED, SPELLINGS
from intents.pasted_objects import sections_of
from intents.places import IS_NAME
from intents.text_cleanup import is_dated, lines_of

_HEADER: Final = re.compile(
    r"^\s*(?:NAMESPACE\s+)?(?:LAST SEEN\s+|POD\s+)?(?:NAME|TYPE|POD|NODE|OBJECT)\b[A-Z0-9 ()_%-]*$"
)
_CELL: Final = re.compile(r"(?:([a-z.]+)/)?([a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?)(…|\.\.\.)?(?=\s|$)")
_EMPTY: Final = re.compile(r"<[a-z]+>")
# Rows of `kubectl get` whose header was cut off, by what only this kind has behind its name: [NAMESPACE] NAME …
_NAME_CELLS: Final = r"^\s*(?:([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\s+)?([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)(…|\.\.\.)?\s+"
_AGE: Final = r"\s+(?:\d+[smhdy])+\s*$"
_CELLS: Final = {
    "deployment": rf"\d+/\d+\s+\d+\s+\d+{_AGE}",
    "statefulset": rf"\d+/\d+{_AGE}",
    "pod": r"\d+/\d+\s+(?:Init:)?[A-Z0-9][\w:/-]*\s+\d+\b",
    "job": rf"(?:Complete|Failed|Running|Suspended)\s+\d+/\d+(?:\s+\S+)?{_AGE}",
    "node": r"(?:Not)?Ready(?:,SchedulingDisabled)?\s+(?:<none>|[\w,-]+)\s+\w+\s+v\d",
    "hpa": rf"[A-Z]\w+/[\w.-]+\s.*\s\d+\s+\d+\s+\d+{_AGE}",
    "service": rf"(?:ClusterIP|NodePort|LoadBalancer|ExternalName)\s+\S+\s+\S+\s+\S+{_AGE}",
    "ingress": rf"(?:<none>|[\w-]+)\s+\S+\s+(?:\S+\s+)?80(?:, 443)?{_AGE}",
    "pvc": rf"(?:Pending|Bound|Lost)\s\s+.*\S{_AGE}",
}
_ROW: Final = re.compile(f"{_NAME_CELLS}(?:{'|'.join(f'(?P<{kind}>{cells})' for kind, cells in _CELLS.items())})")
# In characters: such rows end with an age, or are short.
_LONGEST_ROW: Final = 300
# One of `kubectl get namespaces`: no other kind has this state and nothing but its age behind it.
_NAMESPACE_ROW: Final = re.compile(rf"^\s*([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\s+Terminating{_AGE}")
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
            yield from row if any(name.kind != "namespace" for name in row) else self._lone_row(line)
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

    def _lone_row(self, line: str) -> Iterator[Entity]:
        """Yield the object of a row whose header is missing or not aligned with it, and its namespace."""
        if self._kind in ("", "namespace") and (row := _NAMESPACE_ROW.match(line)):
            yield Entity(kind="namespace", value=row[1])
            return
        row = _ROW.match(line) if len(line) <= _LONGEST_ROW else None
        if row and row.lastgroup and self._kind in ("", row.lastgroup):
            if row[1]:
                yield Entity(kind="namespace", value=row[1])
            yield _entity(row.lastgroup, row[2], row[3])

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


# The names that a signature may capture (<pod>, <namespace> …), and their meaning.
VOCABULARY: Final[Mapping[str, str]] = MappingProxyType({
    "kind": "a kind of object: Pod, StatefulSet, TidbCluster",
    "name": "the name of an object whose kind is not known, or of anything else",
    **{kind.word: kind.meaning for kind in NAMED},
    "container": "the name of a container",
    "image": "an image reference: registry/repository:tag or @digest",
    "registry": "a registry's host",
    "cluster": "the name of a cluster",
    "api": "an API's group and version: metrics.k8s.io/v1beta1",
    "field": "the path of a field: spec.containers[0].image",
    "value": "a value that was refused, or any other quoted value",
    "rule": "what a value must satisfy, as a validation message says it",
    "reason": "the rest of a message that says why",
    "resource": "a resource of nodes or of the API: cpu, nvidia.com/gpu, deployments, pods/log",
    "verb": "what a request does to a resource: get, list, patch",
    "api_group": "an API group: apps, monitoring.coreos.com",
    "scope": "the scope of a request that is for no namespace: cluster",
    "taint": "the key of a taint",
    "user": "a user name or uid",
    "code": "an exit code, errno or status code",
    "number": "a whole number",
    "count": "how many",
    "duration": "a time span as Go writes it: 107.6ms, 11m12s",
    "minutes": "a time span of a minute or more as Go writes it; a shorter one does not match",
    "heavy_use": "CPU and memory as `kubectl top` writes them: 100m and 100Mi or more, or 300Mi; less does not match",
    "address": "host or IP with a port",
    "host": "a host name or IP address",
    "port": "a port number",
    "url": "a URL",
    "file": "a path in a file system",
    "id": "an opaque identifier",
})  # fmt: skip

# So many different lines are kept; of more, those with an error or a warning first.
MAX_SYMPTOMS: Final = 4000
# Lines that differ in numbers only count as one, with the names of so many of them.
_NAMES_READ: Final = 12

_VARYING: Final = re.compile(r"\d[0-9a-f]*")
PROBLEM: Final = re.compile(
    r"(?i)error|fail|fatal|panic|warn|refused|denied|forbidden|invalid|timed? ?out|deadline|unable|cannot|can't|lost"
    r"|evict|backoff|not found|unavailable|insufficient|too |exceeded|mismatch|^[EFW]\d{4} |[失错误超慢]"
)


def read_symptoms(text: str | bytes) -> tuple[Symptom, ...]:
    """Return the lines of a text that differ in more than numbers, in order; at most `MAX_SYMPTOMS`.

    `Symptom.text` is the line without colours, markup, escapes and quote marks.
    """
    reader = EntityReader()
    kept: dict[tuple[bool, str], Symptom] = {}
    alike: dict[tuple[bool, str], int] = {}
    lines = tuple(lines_of(text))
    section = sections_of(lines)
    for index, (number, line) in enumerate(lines):
        told = section.told[index]
        key = (bool(told), _VARYING.sub("0", told or line))
        seen = alike.get(key, 0)
        alike[key] = seen + 1
        if seen >= _NAMES_READ:
            continue
        entities = _joined(section.names.get(index, ()), reader.entities(line))
        if seen:
            kept[key] = replace(kept[key], entities=_joined(kept[key].entities, entities))
        else:
            text = (told or line).strip()
            if entities and (row := _NAMESPACE_ROW.match(line)) and Entity(kind="namespace", value=row[1]) in entities:
                text = f"namespace/{text}"  # as it is printed among objects of other kinds
            kept[key] = Symptom(line=number, text=text, entities=entities, dated=is_dated(line), told=bool(told))
    return _bounded(tuple(kept.values()))


def plain_symptoms(text: str) -> tuple[Symptom, ...]:
    """Return all lines of a short text without their names: quicker, if only the words matter."""
    return tuple(Symptom(line=number, text=line.strip(), dated=is_dated(line)) for number, line in lines_of(text))


def _joined(entities: tuple[Entity, ...], more: tuple[Entity, ...]) -> tuple[Entity, ...]:
    return tuple(dict.fromkeys(entities + more))[:MOST_ENTITIES]


def _bounded(symptoms: tuple[Symptom, ...]) -> tuple[Symptom, ...]:
    if len(symptoms) <= MAX_SYMPTOMS:
        return symptoms
    problems = [index for index, symptom in enumerate(symptoms) if symptom.told and PROBLEM.search(symptom.text)]
    if len(problems) < MAX_SYMPTOMS:
        chosen = set(problems)
        rest = [index for index in range(len(symptoms)) if index not in chosen]
        problems += rest[: MAX_SYMPTOMS - len(problems)]
    # The first and the last lines tell more than those in the middle.
    elif len(problems) > MAX_SYMPTOMS:
        half = MAX_SYMPTOMS // 2
        problems = problems[:half] + problems[-half:]
    return tuple(symptoms[index] for index in sorted(problems))


_MOST_LINES: Final = 200
_LONGEST: Final = 400


def kept_text(text: str, *, quotes: Collection[str] = (), opening: bool = False) -> str:
    """Return the lines that tell of a problem, name an object or are among the `quotes` of a match.

    With `opening` the first line stays: in a text that was addressed to us it says what is asked. Idempotent.
    """
    reader = EntityReader()
    kept: dict[str, None] = {}
    for number, line in lines_of(text):
        stripped = line.strip()
        is_first = opening and number == 1
        is_quoted = any(quote and (quote in stripped or stripped in quote) for quote in quotes)
        if is_first or is_quoted or PROBLEM.search(line) or reader.entities(line):
            kept[stripped if len(stripped) <= _LONGEST or is_quoted else stripped[:_LONGEST].rstrip()] = None
        if len(kept) == _MOST_LINES:
            break
    return "\n".join(kept)
