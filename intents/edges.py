"""Define the typed relations between the objects of a cluster. `bot.graph` derives them from fields."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# Kind, namespace and name: the identity by which rows and fields name objects. Most of them do not know uids.
ObjectKey = tuple[str, str, str]


class EdgeType(StrEnum):
    """The relations. Read an edge as a sentence: the source owns, selects, runs on … the target."""

    OWNS = "owns"
    SELECTS = "selects"
    RUNS_ON = "runs-on"
    REFERENCES = "references"  # ConfigMaps, Secrets, claims, classes, accounts, targets of a scaler …
    BINDS = "binds"  # claim and volume, volume and attachment
    ROUTES_TO = "routes-to"  # Ingress or Gateway route → Service → EndpointSlice → pod
    ADMITS = "admits"  # a quota or limit range decides about the objects of its namespace
    PROVIDES = "provides"  # what other objects are made or served by: a Service of an API or webhook, a Secret's maker


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One relation between two objects."""

    type: EdgeType
    source: ObjectKey
    target: ObjectKey
