"""Merge needs into RBAC rules as people write them: resources with the same group and verbs share a rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.cluster.resources import well_known
from bot.roles.needs import Need

_VERBS: Final = ("get", "list", "watch", "create", "patch", "delete", "impersonate")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRule:
    """One rule of a role. `needed_by` maps a resource to the names of those who need it, both sorted."""

    group: str
    verbs: tuple[str, ...]
    needed_by: Mapping[str, tuple[str, ...]]

    @property
    def resources(self) -> tuple[str, ...]:
        """Return the rule's resources."""
        return tuple(self.needed_by)


def rules_of(needs: Iterable[Need]) -> tuple[RoleRule, ...]:
    """Return the rules that grant exactly these needs, in a fixed order with the core group first."""
    by_resource: dict[tuple[str, str], set[Need]] = {}
    for need in needs:
        by_resource.setdefault((need.permission.group, need.permission.resource), set()).add(need)
    merged: dict[tuple[str, tuple[str, ...]], dict[str, tuple[str, ...]]] = {}
    for (group, resource), wanted in sorted(by_resource.items()):
        verbs = tuple(sorted({need.permission.verb for need in wanted}, key=_VERBS.index))
        merged.setdefault((group, verbs), {})[resource] = tuple(sorted({need.by for need in wanted}))
    return tuple(RoleRule(group=group, verbs=verbs, needed_by=named) for (group, verbs), named in merged.items())


def is_namespaced(need: Need) -> bool:
    """Return whether the needed resource is namespaced; all custom kinds that are written to are."""
    permission = need.permission
    plural = permission.resource.partition("/")[0]
    known = well_known(f"{plural}.{permission.group}" if permission.group else plural)
    return known is None or known.namespaced
