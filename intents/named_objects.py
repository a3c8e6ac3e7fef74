"""Define how objects are named and related: references, names found in a text, edges, and whom a cause hits.

`bot.graph` derives the edges from fields.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from intents.languages import Text

# Kind, namespace and name: the identity by which rows and fields name objects. Most of them do not know uids.
ObjectKey = tuple[str, str, str]
# The shapes of a name and of one without dots, as parts of regular expressions.
NAME: Final = r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"
LABEL: Final = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"


class EdgeType(StrEnum):
    """The relations. Read an edge as a sentence: the source owns, selects, runs on … the target."""

    OWNS = "owns"
    SELECTS = "selects"
    RUNS_ON = "runs-on"
    REFERENCES = "references"  # ConfigMaps, Secrets, claims, classes, accounts, targets of a scaler …
    BINDS = "binds"  # claim and volume, volume and attachment
    ROUTES_TO = "routes-to"  # Ingress or Gateway route → Service → EndpointSlice → pod
    ADMITS = "admits"  # a quota or limit range decides about the objects of its namespace
    CALLS = "calls"  # a pod or a template names the address of a Service in its variables or arguments
    PROVIDES = "provides"  # what other objects are made or served by: a Service of an API or webhook, a Secret's maker


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One relation between two objects."""

    type: EdgeType
    source: ObjectKey
    target: ObjectKey


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ObjectRef:
    """An object of a cluster. `namespace` is empty if it is cluster-scoped, `uid` if it was not read."""

    kind: str
    namespace: str = ""
    name: str
    uid: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.full_name}"

    @property
    def full_name(self) -> str:
        """Return namespace/name; the name alone if the object is cluster-scoped."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    @property
    def key(self) -> ObjectKey:
        """Return the identity without the uid."""
        return self.kind, self.namespace, self.name

    def is_named_as(self, other: ObjectRef) -> bool:
        """Return whether both have the same kind, namespace and name. Uids are not compared."""
        return self.key == other.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Focus:
    """The object that a request is about, as far as it is known: every field may be empty.

    Probes read what concerns it. Without `name` that is everything in `namespace`, without both the whole cluster.
    """

    kind: str = ""
    namespace: str = ""
    name: str = ""
    container: str = ""
    node: str = ""

    @property
    def names_object(self) -> bool:
        """Return whether the name of an object is known."""
        return bool(self.name)

    @property
    def named_node(self) -> str:
        """Return the node that the request is about or names beside its object, "" for none."""
        return self.name if self.kind == "Node" else self.node

    @property
    def ref(self) -> ObjectRef:
        """Return the reference to the named object."""
        return ObjectRef(kind=self.kind, namespace=self.namespace, name=self.name)

    def __str__(self) -> str:
        if not self.name:
            return f"namespace {self.namespace}" if self.namespace else "the cluster"
        return str(ObjectRef(kind=self.kind or "object", namespace=self.namespace, name=self.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A name found in the text. `kind` is a word of the vocabulary in `intents.symptoms`: pod, namespace, node …

    `namespace` is the one that the text gives to this name. A name that is not `certain` may be an ordinary word, cut
    ("web-5d4…") or an address: it counts only once the cluster has such an object.
    """

    kind: str
    value: str
    namespace: str = field(default="", compare=False)
    certain: bool = field(default=True, compare=False)


class Existence(StrEnum):
    """The state of an object that the text names, as the cluster shows it."""

    EXISTS = "exists"
    REPLACED = "replaced"  # gone, but its owner is known
    MISSING = "missing"
    QUOTED = "quoted"  # the text does not name it, but quotes what the cluster says of it


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedObject:
    """An object that the text names, and its state in the cluster.

    `instead` is the object to diagnose in its place: its owner, or the only one that fits an incomplete name.
    `candidates` are the objects of which the reader has to choose one: all fit the name, or none does and these have
    the name elsewhere or a similar one. `everywhere` says that all readable namespaces were searched. `elsewhere` are
    other clusters that have it. `affected` are other objects with the same error now. `named_by` are the objects that
    need the missing one. `others` counts the further objects of its kind that the text names.
    """

    target: ObjectRef
    existence: Existence
    instead: ObjectRef | None = None
    candidates: tuple[ObjectRef, ...] = ()
    everywhere: bool = False
    elsewhere: tuple[str, ...] = ()
    affected: tuple[ObjectRef, ...] = ()
    named_by: tuple[ObjectRef, ...] = ()
    others: int = 0
    source: Text | None = None  # of what is quoted: an event, a condition, a log
    said_s: int | None = None  # how many seconds ago that was said

    @property
    def other_namespaces(self) -> tuple[str, ...]:
        """Return the other namespaces that have an object of exactly this name."""
        homes = (one.namespace for one in self.candidates if one.name == self.target.name)
        return tuple(dict.fromkeys(home for home in homes if home and home != self.target.namespace))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependent:
    """An object that needs the one at fault. `host` is the name by which clients outside reach it."""

    object: ObjectRef
    host: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependents:
    """Objects of one kind that need the one at fault in one way: `count` in all, of which `first` are kept.

    There are `at_least` so many if not all objects of the kind could be read. `via` is the edge that leads from them
    towards the object at fault. Of what sends traffic, `ready` and `of` count the pods of the workload at fault; `of`
    is 0 if that is not known.
    """

    kind: str
    via: EdgeType
    count: int
    first: tuple[Dependent, ...]
    at_least: bool = False
    ready: int = 0
    of: int = 0
