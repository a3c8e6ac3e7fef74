"""Describe the part of a cluster that may be read, and as whom.

An impersonating request still carries Casebook's own credentials, which must be allowed to `impersonate` that user and
each group.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final

_WILDCARD: Final = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The part of a cluster that may be read.

    `namespaces` holds names or patterns (`shop-*`); one match is enough. `cluster_scoped` says whether cluster-scoped
    objects (nodes, volumes, APIServices) may be read too. A Namespace object counts as inside itself. `metrics` says
    whether the cluster's Prometheus may be asked.
    """

    namespaces: frozenset[str] = frozenset({"*"})
    cluster_scoped: bool = True
    metrics: bool = True

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
        return bool(namespace) and _matches_any(namespace, self.namespaces)

    def home(self, default: str) -> str:
        """Return the namespace for a name given without one: the default, else the only allowed one, else ""."""
        if self.allows(default):
            return default
        return self.literal[0] if len(self.literal) == 1 else ""


# Asked for each object of a list.
@lru_cache(maxsize=4096)
def _matches_any(namespace: str, patterns: frozenset[str]) -> bool:
    return any(fnmatchcase(namespace, each) for each in patterns)


EVERYTHING: Final = Access()
NOTHING: Final = Access(namespaces=frozenset(), cluster_scoped=False, metrics=False)


@dataclass(frozen=True, slots=True)
class ActsAs:
    """A user as the API server knows them, in these groups and in `system:authenticated` only."""

    user: str
    groups: tuple[str, ...] = ()

    @property
    def wrong(self) -> str:
        """Return why these names cannot be sent, or "" if they can.

        A line break would start another header, and blanks at the ends are lost, so another name would arrive. The API
        server decodes nothing here; a proxy may change non-ASCII characters, or they may look like another name.
        """
        for what, name in (("user", self.user), *(("group", group) for group in self.groups)):
            if not name or name != name.strip() or not (name.isascii() and name.isprintable()):
                return f"{name!a} cannot be sent as the name of a {what}: it must be printable ASCII"
        return ""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the name and value of each header; the group header is repeated for each group."""
        return (("Impersonate-User", self.user), *(("Impersonate-Group", group) for group in self.groups))
