"""Describe the part of a cluster that may be read: namespaces by name or pattern, and cluster-scoped objects. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

_WILDCARD: Final = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The part of a cluster that may be read.

    `namespaces` holds names or patterns (`shop-*`); one match is enough. `cluster_scoped` says whether cluster-scoped
    objects (nodes, volumes, APIServices) may be read too. A Namespace object counts as inside itself.
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
        """Return the allowed namespaces sorted by name, or () if one of them is a pattern."""
        return () if any(_WILDCARD.search(each) for each in self.namespaces) else tuple(sorted(self.namespaces))

    def allows(self, namespace: str) -> bool:
        """Return whether objects of this namespace may be read; "" is no namespace."""
        return bool(namespace) and any(fnmatchcase(namespace, each) for each in self.namespaces)

    def home(self, default: str) -> str:
        """Return the namespace for a name given without one: the default, else the only allowed one, else ""."""
        if self.allows(default):
            return default
        return self.literal[0] if len(self.literal) == 1 else ""


EVERYTHING: Final = Access()
NOTHING: Final = Access(namespaces=frozenset(), cluster_scoped=False)
