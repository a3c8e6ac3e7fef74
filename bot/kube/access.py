"""Which part of a cluster may be read: namespaces by name or pattern, and what lies outside namespaces. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

_WILDCARD: Final = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What may be read. `namespaces` are names or patterns (`shop-*`), any of which allows.

    `cluster_scoped`: whether objects outside namespaces (nodes, volumes, APIServices) may be read as well. A Namespace
    counts as inside itself.
    """

    namespaces: frozenset[str] = frozenset({"*"})
    cluster_scoped: bool = True

    @property
    def everything(self) -> bool:
        return self.every_namespace and self.cluster_scoped

    @property
    def every_namespace(self) -> bool:
        return "*" in self.namespaces

    @property
    def literal(self) -> tuple[str, ...]:
        """The allowed namespaces by name, sorted, if no pattern is among them; else ()."""
        return () if any(_WILDCARD.search(each) for each in self.namespaces) else tuple(sorted(self.namespaces))

    def allows(self, namespace: str) -> bool:
        """Whether what is in this namespace may be read; "" is none."""
        return bool(namespace) and any(fnmatchcase(namespace, each) for each in self.namespaces)

    def home(self, default: str) -> str:
        """The namespace of a name given without one: the default, or the only one there is; "" where neither may be."""
        if self.allows(default):
            return default
        return self.literal[0] if len(self.literal) == 1 else ""


EVERYTHING: Final = Access()
NOTHING: Final = Access(namespaces=frozenset(), cluster_scoped=False)
