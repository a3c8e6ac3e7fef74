"""Check each cluster: connection, identity, permissions and Prometheus. Nothing is changed."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from bot.cluster.api_calls import ClusterRequest, Meter, decode
from bot.cluster.clusters import UNNAMED, Clusters
from bot.cluster.connection import Connection
from bot.cluster.contexts import IN_CLUSTER
from bot.cluster.errors import ClusterError
from bot.doctor.checks import Check, CheckState
from bot.doctor.permission_review import (
    MissingPermission,
    PermissionArea,
    RequiredPermissions,
    ReviewResult,
    review_permissions,
    switched_on,
    wanted_reads,
    wanted_writes,
)
from bot.policy import Policy
from bot.prometheus.client import Query
from bot.prometheus.errors import PrometheusError
from bot.roles.needs import watches
from bot.settings import Examined, Settings, variable
from intents.catalog.loader import Catalog

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
        known = {*clusters.names, examined.settings.context}
        found += [
            Check(
                area="prometheus",
                what=name,
                state=CheckState.MISSING,
                says=f"{variable('prometheus_url')} names the context {name}, which is not one of the clusters",
                remedy=f"add it to {variable('contexts')}, or use one of {', '.join(clusters.names)}",
            )
            for name in sorted(examined.settings.prometheus.named.keys() - known)
        ]
    return tuple(found)


async def _cluster(
    name: str, clusters: Clusters, examined: Examined, *, policy: Policy | None, catalog: Catalog
) -> list[Check]:
    area = f"cluster {name}"
    found: list[Check] = []
    try:
        async with asyncio.timeout(_WITHIN_S):
            connection = await clusters.get(name)
            found.append(Check(area=area, what="api server", says=await _version(connection)))
            found += await _grants(connection, area, policy=policy, catalog=catalog)
            if "watch" not in examined.malformed:
                found += await _watching(connection, area, examined.settings)
            if "prometheus_url" not in examined.malformed:
                found += await _prometheus(connection, area)
    except ClusterError as error:
        usual = f"name one in {variable('contexts')}, or a kubeconfig in KUBECONFIG" if name == UNNAMED else ""
        remedy = error.remedy or usual or f"run kubectl --context {name} version for details"
        found.append(Check(area=area, what="api server", state=CheckState.MISSING, says=error.detail, remedy=remedy))
    except TimeoutError:
        says = f"the checks took longer than {_WITHIN_S:g} s"
        found.append(Check(area=area, what="permissions", state=CheckState.UNKNOWN, says=says, remedy="try again"))
    return found


async def _version(connection: Connection) -> str:
    response = await _ask(connection, ClusterRequest(path="/version", what="the version"))
    return f"{connection.server} answers: Kubernetes {response.get('gitVersion') or 'of an unknown version'}"


async def _grants(connection: Connection, area: str, *, policy: Policy | None, catalog: Catalog) -> list[Check]:
    if policy is None:
        says = "not checked: the needed permissions depend on the policy, which cannot be read"
        return [Check(area=area, what="permissions", state=CheckState.UNKNOWN, says=says)]
    name = connection.name
    reading, writing = wanted_reads(policy, catalog, name), wanted_writes(policy, name)
    if not reading:
        says = "the policy does not show this cluster to anybody"
        return [Check(area=area, what="reads", state=CheckState.NOTE, says=says, remedy="add it under `reading`")]
    patterned = any(wanted.area.by_pattern for wanted in (*reading, *writing))
    existing = await _namespaces(connection) if patterned else ()
    user = await _user(connection)

    async def reviewed(wanted: Sequence[RequiredPermissions]) -> ReviewResult:
        return await review_permissions(connection, wanted, existing=existing, within=_WITHIN_S)

    found = list(_permission_checks(await reviewed(reading), area, "reads", remedy=_remedy(name, user, "read")))
    if lacks := (await reviewed(wanted_reads(policy, catalog, name, secrets=True))).lacks:
        by = sorted({one for lack in lacks for one in lack.by})
        says = f"not granted, which is fine unless you want it: {', '.join(by)} would read them and report gaps instead"
        found.append(
            Check(area=area, what="secrets", state=CheckState.NOTE, says=says, remedy="casebook rbac --with secrets")
        )
    if not writing:
        return [*found, Check(area=area, what="writes", says="none needed: the policy enables no action here")]
    names = switched_on(policy, name)
    inside = sorted({one for wanted in writing for one in wanted.area.namespaces(existing)})
    limited = inside if not any(wanted.area.everywhere for wanted in writing) else []
    remedy = _remedy(name, user, "act", actions=names, namespaces=limited)
    return [*found, *_permission_checks(await reviewed(writing), area, "writes", remedy=remedy)]


async def _watching(connection: Connection, area: str, settings: Settings) -> list[Check]:
    """Check the verb `watch` where the setting names this cluster; without a name it means the first one."""
    usual = settings.context or next(iter(settings.contexts), "")
    places = [each for each in settings.watched if (each.cluster or usual) in (connection.name, "")]
    if not places:
        return []
    everywhere = any(not each.namespaces for each in places)
    names = () if everywhere else tuple(sorted({name for each in places for name in each.namespaces}))
    wanted = RequiredPermissions(needs=watches(), area=PermissionArea(patterns=(names or ("*",),), outside=False))
    reviewed = await review_permissions(connection, [wanted], existing=(), within=_WITHIN_S)
    remedy = _remedy(connection.name, await _user(connection), "watch", namespaces=names)
    return list(_permission_checks(reviewed, area, "watches", remedy=remedy))


def _permission_checks(reviewed: ReviewResult, area: str, what: str, *, remedy: str) -> Iterator[Check]:
    granted = reviewed.checked - len(reviewed.lacks) - len(reviewed.gaps)
    if reviewed.gaps:
        first = reviewed.gaps[0]
        says = f"{len(reviewed.gaps)} permissions could not be checked; {first.what}: {first.detail}"
        yield Check(area=area, what=what, state=CheckState.UNKNOWN, says=says, remedy="try again")
    if reviewed.lacks and not granted and not reviewed.gaps and not any(lack.namespaces for lack in reviewed.lacks):
        says = f"none of the {reviewed.checked} permissions is granted"
        yield Check(area=area, what=what, state=CheckState.MISSING, says=says, remedy=remedy)
        return
    if not reviewed.gaps:
        yield Check(area=area, what=what, says=f"{granted} of {reviewed.checked} permissions are granted")
    yield from (_lacking(lacks, area, remedy) for lacks in _by_resource(reviewed.lacks))


def _by_resource(lacks: Iterable[MissingPermission]) -> list[list[MissingPermission]]:
    grouped: dict[tuple[str, str, tuple[str, ...]], list[MissingPermission]] = {}
    for lack in lacks:
        grouped.setdefault((lack.permission.group, lack.permission.resource, lack.namespaces), []).append(lack)
    return [*grouped.values()]


def _lacking(lacks: Sequence[MissingPermission], area: str, remedy: str) -> Check:
    permission, namespaces = lacks[0].permission, lacks[0].namespaces
    resource = f"{permission.resource}.{permission.group}" if permission.group else permission.resource
    verbs = ", ".join(lack.permission.verb for lack in lacks)
    by = sorted({name for lack in lacks for name in lack.by})
    others = f" and {len(by) - _BY_SHOWN} more" if len(by) > _BY_SHOWN else ""
    where = f" in {', '.join(namespaces)}" if namespaces else ""
    says = f"not granted{where}; needed by {', '.join(by[:_BY_SHOWN])}{others}"
    return Check(area=area, what=f"{verbs} {resource}", state=CheckState.MISSING, says=says, remedy=remedy)


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


async def _prometheus(connection: Connection, area: str) -> list[Check]:
    if connection.prometheus is None:
        return []
    try:
        answer = await connection.prometheus.ask(Query(expression=_ETCD, at=int(time.time())))
    except PrometheusError as error:
        remedy = f"check {variable('prometheus_url')} and {variable('prometheus_token')}"
        return [Check(area=area, what="prometheus", state=CheckState.MISSING, says=error.detail, remedy=remedy)]
    if not answer.series:
        says = "it answers, but has no etcd metrics: findings about etcd's disk and latency will be gaps"
        remedy = f"set {variable('prometheus_etcd_job')} to the job that scrapes etcd, if there is one"
        return [Check(area=area, what="prometheus", state=CheckState.NOTE, says=says, remedy=remedy)]
    return [Check(area=area, what="prometheus", says="it answers, and has etcd's metrics")]


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
