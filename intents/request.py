"""Define requests, whatever the surface: explain a text or diagnose an object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from intents.matcher import MatchResult


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainText:
    """A request to explain a text. `namespace` is the default of the surface (-n, the channel's), not from the text.

    `matching` is the match of exactly this text, if it was made already. In a text that is `addressed` to the bot any
    word may be the name of an object: "why is checkout crashing?".
    """

    text: str
    namespace: str = ""
    matching: MatchResult | None = None
    addressed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnoseObject:
    """A request to diagnose an object. `kind` is as people write it: pod, sts, deployment.apps.

    Without a `namespace` every readable one is searched. One that is not certain, a word after "in", counts only if
    such a namespace exists. `alert` are the labels of the alert that names it: of some alerts only metrics tell.
    """

    kind: str
    namespace: str = ""
    name: str
    namespace_certain: bool = True
    alert: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskInWords:
    """A request in a person's own words; what it asks for, only the cluster and its thread can tell."""

    text: str
    namespace: str = ""


# In characters: a longer text is a paste.
_LONGEST_ASKED: Final = 400


def is_in_words(text: str) -> bool:
    """Return whether a text may be a request in a person's own words, and not what a program printed."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return len(lines) == 1 and len(text) <= _LONGEST_ASKED and "```" not in text


# The name, of kind "cluster", that stands for the whole cluster: no object can have it.
WHOLE_CLUSTER: Final = "*"
_CLUSTER: Final = "cluster"
_NAMESPACE: Final = frozenset({"namespace", "namespaces", "ns"})


def whole_cluster() -> DiagnoseObject:
    """Return the question what is wrong in the cluster."""
    return DiagnoseObject(kind=_CLUSTER, name=WHOLE_CLUSTER)


def scope_of(request: Question) -> str | None:
    """Return the namespace that a request asks about as a whole, "" for the whole cluster; None for one object."""
    if not isinstance(request, DiagnoseObject):
        return None
    if request.kind.lower() == _CLUSTER and request.name == WHOLE_CLUSTER:
        return ""
    return request.name if request.kind.lower() in _NAMESPACE else None


Request = ExplainText | DiagnoseObject
# What a person may ask, on every surface.
Question = Request | AskInWords
