"""Refused creations: controllers whose pods the API server refuses, what refuses them, and whether that still stands.

A row per controller and kind of refusal, from its FailedCreate events and its ReplicaFailure condition. A webhook
that the text names has a row even if no controller waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from bot.kube.objects import ref, status_of
from bot.kube.owners import controller_of
from bot.kube.refusals import RefusalKind, Refused, parse
from bot.kube.rollouts import replicas_of
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, beside_the_verdict, may, probe
from bot.probes.refused_creations import obstacles
from bot.probes.refused_creations.obstacles import Obstacle
from bot.probes.shared import backends
from bot.probes.shared.refused_workloads import Suspected, Workload, suspected
from intents.domain import ArgDeclaration, ObjectRef, ProbeResult, Row

# So long a Deployment's own conditions tell that it has just recovered.
_RECENT_S: Final = 3600

_Reader = Callable[[Look, Workload[Refused], Refused], Awaitable[Obstacle]]
# By what refuses: the further values of a row where nothing of it is known, and what reads it.
_OBSTACLES: Final[Mapping[RefusalKind, tuple[RowValues, _Reader]]] = {
    RefusalKind.QUOTA: (obstacles.QuotaUsers(), obstacles.quota),
    RefusalKind.LIMIT_RANGE: (obstacles.Bounded(), obstacles.limit_range),
    RefusalKind.SERVICE_ACCOUNT: (obstacles.Nearest(), obstacles.service_account),
    RefusalKind.POD_SECURITY: (obstacles.Enforced(), obstacles.pod_security),
    RefusalKind.DENIED: (obstacles.Denied(), obstacles.denied),
    RefusalKind.WEBHOOK: (obstacles.Failing(), obstacles.failing),
}


class RefusedRow(RowValues):
    """A controller whose pods are refused."""

    kind: str  # a ReplicaSet, StatefulSet, DaemonSet or Job
    namespace: str
    name: str
    top_kind: str  # what people edit: the Deployment of a ReplicaSet, the CronJob of a Job
    top: str
    missing: int  # pods that are not there; -1 where only the text tells of the refusal
    stands: str  # True or False: what refused would refuse again; "" where that is not readable
    by: str  # the quota, LimitRange, ServiceAccount, level, policy or webhook
    details: tuple[str, ...]
    last_s: int


@probe(
    says="a row per controller whose pods the API server refuses for one kind of reason: what refuses them, and"
    " whether that still stands",
    row=RefusedRow,
    args={
        "of": ArgDeclaration(
            says="the part of admission that refuses",
            choices=tuple(RefusalKind),
            required=True,
            fills={str(kind): empty.keys() for kind, (empty, _) in _OBSTACLES.items()},
        )
    },
    permissions=(
        *may("get list", "statefulsets.apps", "daemonsets.apps", "replicasets.apps", "deployments.apps", "jobs.batch"),
        *may("get list", "serviceaccounts", "pods"),
        *may("list", "limitranges", "events"),
        *backends.READS_WEBHOOKS,
        *backends.PERMISSIONS,
        *may("get", "resourcequotas", "namespaces", "validatingadmissionpolicies.admissionregistration.k8s.io"),
    ),
)
async def read(look: Look) -> ProbeResult:
    """Read the controllers in question that lack pods or lacked them lately, and what refuses them."""
    wanted = RefusalKind(str(look.args.get("of")))
    with beside_the_verdict():  # What is not readable of it is read again below.
        well = await look.unless_refused(_well(look), None)
    if well:
        return ProbeResult(rows=(_idle_row(well, wanted),))
    found: Suspected[Refused] = await suspected(look, parse)
    refused = [
        (workload, refusal)
        for workload in found.workloads
        for refusal in workload.refusals
        if refusal.error.kind is wanted and not workload.gone
    ]
    obstructed = await asyncio.gather(*(_obstacle(look, workload, refusal.error) for workload, refusal in refused))
    rows = [
        _row(workload, obstacle, last_s=refusal.last_s, message=refusal.message)
        for (workload, refusal), obstacle in zip(refused, obstructed, strict=True)
    ]
    if look.focus.name:
        # A controller in question without such a refusal has a row too: it was looked at.
        idle = [one for one in found.workloads if one.manifest and not any(one is each for each, _ in refused)]
        rows += [_idle_row(one, wanted) for one in idle]
    if not refused and (told := await _of_text(look, wanted)):
        rows.append(_row(Workload(ref=told.subject), told, last_s=UNKNOWN, message=""))
    return ProbeResult(rows=tuple(rows), missing="" if rows else found.missing)


async def _well(look: Look) -> Workload[Refused] | None:
    """Return the workload in question if it has had all its pods for long: nothing more is read of it then."""
    focus = look.focus
    if focus.kind not in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job") or not focus.namespace:
        return None
    obj = await look.snapshot.find(focus.kind, focus.name, namespace=focus.namespace)
    if obj is None or (count := replicas_of(obj)).created < count.desired:
        return None
    if focus.kind != "Deployment":
        events = await look.snapshot.events(ref(obj))
        refused = any(event.get("reason") == "FailedCreate" for event in events)
        return None if refused else Workload(ref=ref(obj, focus.kind), manifest=obj)
    ages = [look.snapshot.age(each.get("lastTransitionTime")) for each in status_of(obj).get("conditions") or ()]
    settled = all(age is None or age > _RECENT_S for age in ages)
    return Workload(ref=ref(obj, focus.kind), manifest=obj) if settled else None


def _idle_row(workload: Workload[Refused], wanted: RefusalKind) -> Row:
    """Return the row of a controller in question that nothing of this kind refuses."""
    return _row(workload, Obstacle(more=_OBSTACLES[wanted][0]), last_s=UNKNOWN, message="")


async def _obstacle(look: Look, workload: Workload[Refused], refused: Refused) -> Obstacle:
    """Return what refuses; where that is not readable, what the refusal tells of it."""
    details = (*map(str, refused.amounts), *map(str, refused.bounds), *filter(None, (refused.why,)))
    empty, read_standing = _OBSTACLES[refused.kind]
    told = Obstacle(by=refused.by, details=details[:1], more=empty)
    return await look.unless_refused(read_standing(look, workload, refused), told)


async def _of_text(look: Look, wanted: RefusalKind) -> Obstacle | None:
    """Return what a text names as the obstacle of a request that no controller repeats."""
    by = look.named.get("webhook", "")
    if wanted is not RefusalKind.WEBHOOK or not by:
        return None
    refused = Refused(kind=wanted, by=by, why=look.named.get("reason", ""))
    return await obstacles.failing(look, Workload(ref=obstacles.NOBODY), refused)


def _row(workload: Workload[Refused], obstacle: Obstacle, *, last_s: int, message: str) -> Row:
    about, manifest = workload.ref, workload.manifest
    count = replicas_of(manifest) if manifest else None
    top = (controller_of(manifest) if manifest else None) or about
    missing = max(count.desired - count.created, 0) if count else -1
    subject = ObjectRef(kind=top.kind, namespace=about.namespace, name=top.name) if manifest else about
    return RefusedRow(
        kind=about.kind,
        namespace=about.namespace,
        name=about.name,
        top_kind=top.kind,
        top=top.name,
        missing=missing,
        stands=obstacle.stands,
        by=obstacle.by,
        details=obstacle.details,
        last_s=last_s,
    ).row(
        subject,
        quote=message,
        reproduce=f"kubectl -n {about.namespace} describe {about.kind.lower()} {about.name}",
        more=obstacle.more.values(),
    )
