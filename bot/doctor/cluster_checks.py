"""Check each cluster: connection, identity, the permissions that the policy needs, and Prometheus. Changes nothing."""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from bot.cluster.api_calls import ClusterRequest, Meter, decode
from bot.cluster.clusters import UNNAMED, Clusters
from bot.cluster.connection import Connection
from bot.cluster.contexts import IN_CLUSTER
from bot.cluster.errors import ClusterError
from bot.cluster.writer import Writer
from bot.doctor import Check, CheckedArea
from bot.kube.objects import grouped
from bot.policy import Policy
from bot.policy.matching import any_matches
from bot.prometheus import PrometheusError, Query
from bot.remedies.action import actions
from bot.roles import Need, is_namespaced, is_secret, reads, watches, writes
from bot.settings import Examined, Settings, variable
from intents.catalog.loader import Catalog
from intents.domain import Gap, Permission

# The time limit for all calls to one cluster.
_WITHIN_S: Final = 20.0
_ACCOUNT: Final = re.compile(r"system:serviceaccount:([^:]+):([^:]+)")
_ETCD: Final = 'sum(rate(etcd_disk_wal_fsync_duration_seconds_count{job=~"$etcd_job"}[5m]))'
_BY_SHOWN: Final = 3


async def examine_clusters(
    examined: Examined, clusters: Clusters, *, policy: Policy | None, catalog: Catalog
) -> tuple[Check, ...]:
    """Check all clusters concurrently; one that does not answer does not delay the others."""
    each = (_cluster(name, clusters, examined, policy=policy, catalog=catalog) for name in clusters.names)
    found = [check for checks in await asyncio.gather(*each) for check in checks]
    if "prometheus_url" not in examined.malformed:
        remedy = f"add it to {variable('contexts')}, or use one of {', '.join(clusters.names)}"
        for name in sorted(examined.settings.prometheus.named.keys() - {*clusters.names, examined.settings.context}):
            says = f"{variable('prometheus_url')} names the context {name}, which is not one of the clusters"
            found.append(CheckedArea("prometheus").missing(name, says, remedy))
    return tuple(found)


async def _cluster(
    name: str, clusters: Clusters, examined: Examined, *, policy: Policy | None, catalog: Catalog
) -> list[Check]:
    area = CheckedArea(f"cluster {name}")
    found: list[Check] = []
    try:
        async with asyncio.timeout(_WITHIN_S):
            connection = await clusters.get(name)
            found.append(area.ok("api server", await _version(connection)))
            found += await _grants(connection, area, policy=policy, catalog=catalog)
            if "watch" not in examined.malformed:
                found += await _watching(connection, area, examined.settings)
            if "prometheus_url" not in examined.malformed:
                found += await _prometheus(connection, area)
    except ClusterError as error:
        usual = f"name one in {variable('contexts')}, or a kubeconfig in KUBECONFIG" if name == UNNAMED else ""
        remedy = error.remedy or usual or f"run kubectl --context {name} version for details"
        found.append(area.missing("api server", error.detail, remedy))
    except TimeoutError:
        found.append(area.unknown("permissions", f"the checks took longer than {_WITHIN_S:g} s", "try again"))
    return found


async def _version(connection: Connection) -> str:
    response = await _ask(connection, ClusterRequest(path="/version", what="the version"))
    return f"{connection.server} answers: Kubernetes {response.get('gitVersion') or 'of an unknown version'}"


async def _grants(connection: Connection, area: CheckedArea, *, policy: Policy | None, catalog: Catalog) -> list[Check]:
    if policy is None:
        says = "not checked: the needed permissions depend on the policy, which cannot be read"
        return [area.unknown("permissions", says)]
    name = connection.name
    reading, writing = wanted_reads(policy, catalog, name), wanted_writes(policy, name)
    if not reading:
        return [area.note("reads", "the policy does not show this cluster to anybody", "add it under `reading`")]
    patterned = any(wanted.area.by_pattern for wanted in (*reading, *writing))
    existing = await _namespaces(connection) if patterned else ()
    user = await _user(connection)
    reviewed = partial(review_permissions, connection, existing=existing)
    found = list(_permission_checks(await reviewed(reading), area, "reads", remedy=_remedy(name, user, "read")))
    if lacks := (await reviewed(wanted_reads(policy, catalog, name, secrets=True))).lacks:
        by = sorted({one for lack in lacks for one in lack.by})
        says = f"not granted, which is fine unless you want it: {', '.join(by)} would read them and report gaps instead"
        found.append(area.note("secrets", says, "casebook rbac --with secrets"))
    if not writing:
        return [*found, area.ok("writes", "none needed: the policy enables no action here")]
    names = switched_on(policy, name)
    inside = sorted({one for wanted in writing for one in wanted.area.namespaces(existing)})
    limited = inside if not any(wanted.area.everywhere for wanted in writing) else []
    remedy = _remedy(name, user, "act", actions=names, namespaces=limited)
    return [*found, *_permission_checks(await reviewed(writing), area, "writes", remedy=remedy)]


async def _watching(connection: Connection, area: CheckedArea, settings: Settings) -> list[Check]:
    """Check the verb `watch` where the setting names this cluster; without a name it means the first one."""
    usual = settings.context or next(iter(settings.contexts), "")
    places = [each for each in settings.watched if (each.cluster or usual) in (connection.name, "")]
    if not places:
        return []
    everywhere = any(not each.namespaces for each in places)
    names = () if everywhere else tuple(sorted({name for each in places for name in each.namespaces}))
    wanted = RequiredPermissions(needs=watches(), area=PermissionArea(patterns=(names or ("*",),), outside=False))
    reviewed = await review_permissions(connection, [wanted], existing=())
    remedy = _remedy(connection.name, await _user(connection), "watch", namespaces=names)
    return list(_permission_checks(reviewed, area, "watches", remedy=remedy))


def _permission_checks(reviewed: ReviewResult, area: CheckedArea, what: str, *, remedy: str) -> Iterator[Check]:
    granted = reviewed.checked - len(reviewed.lacks) - len(reviewed.gaps)
    if reviewed.gaps:
        first = reviewed.gaps[0]
        says = f"{len(reviewed.gaps)} permissions could not be checked; {first.what}: {first.detail}"
        yield area.unknown(what, says, "try again")
    if reviewed.lacks and not granted and not reviewed.gaps and not any(lack.namespaces for lack in reviewed.lacks):
        yield area.missing(what, f"none of the {reviewed.checked} permissions is granted", remedy)
        return
    if not reviewed.gaps:
        yield area.ok(what, f"{granted} of {reviewed.checked} permissions are granted")
    by_resource = grouped(
        reviewed.lacks, lambda lack: (lack.permission.group, lack.permission.resource, lack.namespaces)
    )
    yield from (_lacking(lacks, area, remedy) for lacks in by_resource.values())


def _lacking(lacks: Sequence[MissingPermission], area: CheckedArea, remedy: str) -> Check:
    permission, namespaces = lacks[0].permission, lacks[0].namespaces
    resource = f"{permission.resource}.{permission.group}" if permission.group else permission.resource
    verbs = ", ".join(lack.permission.verb for lack in lacks)
    by = sorted({name for lack in lacks for name in lack.by})
    others = f" and {len(by) - _BY_SHOWN} more" if len(by) > _BY_SHOWN else ""
    where = f" in {', '.join(namespaces)}" if namespaces else ""
    says = f"not granted{where}; needed by {', '.join(by[:_BY_SHOWN])}{others}"
    return area.missing(f"{verbs} {resource}", says, remedy)


def _remedy(context: str, user: str, role: str, *, actions: Sequence[str] = (), namespaces: Sequence[str] = ()) -> str:
    """Return the command that grants the permissions to our service account or user."""
    account = _ACCOUNT.fullmatch(user)
    at = "" if context in (IN_CLUSTER, UNNAMED) else f" --context {context}"
    parts = [f"casebook rbac {role}"]
    parts += [f"--actions {','.join(actions)}"] if actions else []
    parts += [f"--namespaces {','.join(namespaces)}"] if namespaces else []
    parts += [f"--service-account {account[1]}/{account[2]}"] if account else []
    line = f"{' '.join(parts)} | kubectl{at} apply -f -"
    if account or not user:
        return line
    bound = f"kubectl{at} create clusterrolebinding casebook-{role}-user --clusterrole=casebook-{role} --user={user}"
    return line if namespaces else f"{line}; {bound}"


async def _prometheus(connection: Connection, area: CheckedArea) -> list[Check]:
    if connection.prometheus is None:
        return []
    try:
        answer = await connection.prometheus.ask(Query(expression=_ETCD, at=int(time.time())))
    except PrometheusError as error:
        remedy = f"check {variable('prometheus_url')} and {variable('prometheus_token')}"
        return [area.missing("prometheus", error.detail, remedy)]
    if not answer.series:
        says = "it answers, but has no etcd metrics: findings about etcd's disk and latency will be gaps"
        remedy = f"set {variable('prometheus_etcd_job')} to the job that scrapes etcd, if there is one"
        return [area.note("prometheus", says, remedy)]
    return [area.ok("prometheus", "it answers, and has etcd's metrics")]


async def _namespaces(connection: Connection) -> tuple[str, ...]:
    """Return the names of all namespaces; () if they may not be listed."""
    request = ClusterRequest(path="/api/v1/namespaces", query=(("limit", "500"),), what="namespaces")
    try:
        items: Any = (await _ask(connection, request)).get("items")
    except ClusterError:
        return ()
    return tuple(str(item["metadata"]["name"]) for item in items or ())


async def _user(connection: Connection) -> str:
    """Return our user name in the cluster; "" if the API server does not tell it, as before 1.28."""
    request = ClusterRequest(
        method="POST",
        path="/apis/authentication.k8s.io/v1/selfsubjectreviews",
        body={"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"},
        content_type="application/json",
        what="who we are",
    )
    try:
        response: Any = await _ask(connection, request)
    except ClusterError:
        return ""
    return str(((response.get("status") or {}).get("userInfo") or {}).get("username") or "")


async def _ask(connection: Connection, request: ClusterRequest) -> Any:
    deadline = time.monotonic() + connection.settings.call_timeout
    return await decode(await connection.read(request, deadline=deadline, meter=Meter()), what=request.what)


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


@dataclass(slots=True)
class _PermissionScope:
    """The places where a permission is needed, everywhere or in namespaces, and the names that need it."""

    by: set[str] = field(default_factory=set)
    everywhere: bool = False
    namespaces: set[str] = field(default_factory=set)


async def review_permissions(
    connection: Connection, wanted: Iterable[RequiredPermissions], *, existing: Sequence[str]
) -> ReviewResult:
    """Ask the API server about each permission: cluster-wide first, then per namespace where that is enough."""
    scopes = _scopes(wanted, existing)
    writer = Writer(connection, deadline=_WITHIN_S)
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
    scopes: defaultdict[Permission, _PermissionScope] = defaultdict(_PermissionScope)
    for one in wanted:
        namespaces = one.area.namespaces(existing)[:MOST_NAMESPACES]
        for need in one.needs:
            namespaced = is_namespaced(need)
            if not namespaced and not one.area.outside:
                continue
            scope = scopes[need.permission]
            scope.by.add(need.by)
            if not namespaced or one.area.everywhere:
                scope.everywhere = True
            else:
                scope.namespaces.update(namespaces)
    return scopes
