"""List the permissions that the policy requires in a cluster, and review which of them are granted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.cluster.connection import Connection
from bot.cluster.writer import Writer
from bot.policy import Policy
from bot.policy.matching import any_matches
from bot.remedies.registry import actions
from bot.roles.manifests import is_secret
from bot.roles.needs import Need, reads, writes
from bot.roles.rules import is_namespaced
from intents.catalog.loader import Catalog
from intents.domain import Gap, Permission

# A permission needed in single namespaces is checked in at most this many of them.
MOST_NAMESPACES: Final = 20
_WILDCARDS: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionArea:
    """A part of a cluster: namespaces that match one of each of these patterns, and perhaps cluster-scoped objects."""

    patterns: tuple[tuple[str, ...], ...]
    outside: bool

    @property
    def everywhere(self) -> bool:
        """Return whether the area includes every namespace."""
        return all("*" in each for each in self.patterns)

    @property
    def by_pattern(self) -> bool:
        """Return whether only the cluster can tell which namespaces match."""
        return any(_WILDCARDS & set(pattern) and pattern != "*" for each in self.patterns for pattern in each)

    def namespaces(self, existing: Iterable[str]) -> tuple[str, ...]:
        """Return the matching names among the existing and the literally named namespaces."""
        named = {each for patterns in self.patterns for each in patterns if not _WILDCARDS & set(each)}
        known = sorted({*existing, *named})
        return tuple(name for name in known if all(any_matches(each, name) for each in self.patterns))


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredPermissions:
    """The `needs` within an area."""

    needs: frozenset[Need]
    area: PermissionArea


def wanted_reads(
    policy: Policy, catalog: Catalog, cluster: str, *, secrets: bool = False
) -> tuple[RequiredPermissions, ...]:
    """Return what is read of a cluster, without Secrets or only Secrets; () if the policy hides the cluster."""
    grants = [grant for grant in policy.rules.reading if any_matches(grant.clusters, cluster)]
    if not grants:
        return ()
    names = {name for wanted in _switched_on(policy, cluster) for name in wanted[0]}
    needs = frozenset(need for need in reads(catalog, names) if is_secret(need) is secrets)
    return tuple(
        RequiredPermissions(
            needs=needs, area=PermissionArea(patterns=(grant.namespaces,), outside=grant.cluster_scoped)
        )
        for grant in grants
    )


def wanted_writes(policy: Policy, cluster: str) -> tuple[RequiredPermissions, ...]:
    """Return what the actions write that the policy enables in a cluster and grants to anybody."""
    return tuple(RequiredPermissions(needs=writes(names), area=area) for names, area in _switched_on(policy, cluster))


def switched_on(policy: Policy, cluster: str) -> tuple[str, ...]:
    """Return the names of the actions that the policy enables in a cluster."""
    return tuple(sorted({name for names, _ in _switched_on(policy, cluster) for name in names}))


def _switched_on(policy: Policy, cluster: str) -> Sequence[tuple[tuple[str, ...], PermissionArea]]:
    return [
        (
            # To silence alerts needs no permission in a cluster.
            tuple(name for name in actions() if {name, "*"} & {*grant.actions}),
            PermissionArea(
                patterns=(grant.namespaces, place.namespaces), outside=grant.cluster_scoped and place.cluster_scoped
            ),
        )
        for grant in policy.rules.acting
        for place in policy.rules.remediation
        if any_matches(grant.clusters, cluster) and any_matches(place.clusters, cluster)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingPermission:
    """A permission that is not granted in these `namespaces`, or anywhere if (). `by` names who needs it."""

    permission: Permission
    namespaces: tuple[str, ...]
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewResult:
    """The number of permissions checked, the missing ones, and those that could not be checked."""

    checked: int
    lacks: tuple[MissingPermission, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _PermissionScope:
    """The places where a permission is needed, everywhere or in namespaces, and the names that need it."""

    by: frozenset[str] = frozenset()
    everywhere: bool = False
    namespaces: frozenset[str] = frozenset()

    def __or__(self, other: _PermissionScope) -> _PermissionScope:
        return _PermissionScope(
            by=self.by | other.by,
            everywhere=self.everywhere or other.everywhere,
            namespaces=self.namespaces | other.namespaces,
        )


async def review_permissions(
    connection: Connection, wanted: Iterable[RequiredPermissions], *, existing: Sequence[str], within: float
) -> ReviewResult:
    """Ask the API server about each permission: cluster-wide first, then per namespace where that is enough."""
    scopes = _scopes(wanted, existing)
    writer = Writer(connection, deadline=within)
    permissions = sorted(scopes, key=lambda each: (each.group, each.resource, each.verb))
    # The connection limits the calls in flight.
    answers = dict(zip(permissions, await asyncio.gather(*(writer.may(each) for each in permissions)), strict=True))
    refused = [each for each in permissions if answers[each] is False]
    in_namespaces = [
        (each, namespace)
        for each in refused
        if not scopes[each].everywhere
        for namespace in sorted(scopes[each].namespaces)
    ]
    further = await asyncio.gather(*(writer.may(each, namespace=namespace) for each, namespace in in_namespaces))
    lacking: dict[Permission, list[str]] = {each: [] for each in refused if scopes[each].everywhere}
    for (each, namespace), answer in zip(in_namespaces, further, strict=True):
        if answer is False:
            lacking.setdefault(each, []).append(namespace)
    return ReviewResult(
        checked=len(permissions),
        lacks=tuple(
            MissingPermission(permission=each, namespaces=tuple(lacking[each]), by=tuple(sorted(scopes[each].by)))
            for each in refused
            if each in lacking
        ),
        gaps=tuple(answer for answer in (*answers.values(), *further) if isinstance(answer, Gap)),
    )


def _scopes(wanted: Iterable[RequiredPermissions], existing: Sequence[str]) -> dict[Permission, _PermissionScope]:
    """Return each required permission with the places where it is needed."""
    scopes: dict[Permission, _PermissionScope] = {}
    for one in wanted:
        namespaces = frozenset(one.area.namespaces(existing)[:MOST_NAMESPACES])
        for need in one.needs:
            namespaced = is_namespaced(need)
            if not namespaced and not one.area.outside:
                continue
            everywhere = not namespaced or one.area.everywhere
            scope = _PermissionScope(
                by=frozenset({need.by}),
                everywhere=everywhere,
                namespaces=frozenset() if everywhere else namespaces,
            )
            scopes[need.permission] = scopes.get(need.permission, _PermissionScope()) | scope
    return scopes
