"""Refused creations: controllers whose pods the API server refuses, what refuses them, and whether that still stands.

A row per controller and kind of refusal, from its FailedCreate events and its ReplicaFailure condition. A webhook
that the text names has a row even if no controller waits for it.
"""

from __future__ import annotations

import asyncio
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.ages import UNKNOWN
from bot.kube.objects import ref, status_of
from bot.kube.owners import controller_of
from bot.kube.refusals import RefusalKind, Refused, parse
from bot.kube.replicas import replicas_of
from bot.probes.contract import Look, Probe
from bot.probes.refused_creations import deniers, obstacles
from bot.probes.refused_creations.obstacles import Obstacle
from bot.probes.shared import admission, backends
from bot.probes.shared.refused_workloads import Suspected, Workload, suspected
from intents.domain import ArgDeclaration, ObjectRef, Permission, ProbeDeclaration, ProbeResult, Row, RowType, Value

# So long a Deployment's own conditions tell that it has just recovered.
_RECENT_S: Final = 3600
_CORE: Final = {"resourcequotas": ("get",), "limitranges": ("list",), "serviceaccounts": ("get", "list"),
                "namespaces": ("get",), "events": ("list",), "pods": ("list",)}  # fmt: skip
_APPS: Final = ("statefulsets", "daemonsets", "replicasets", "deployments")

DECLARATION: Final = ProbeDeclaration(
    name="refused-creations",
    says="a row per controller whose pods the API server refuses for one kind of reason: what refuses them, and"
    " whether that still stands",
    rows={
        "kind": RowType.STRING,  # the controller: a ReplicaSet, StatefulSet, DaemonSet or Job
        "namespace": RowType.STRING,
        "name": RowType.STRING,
        "top_kind": RowType.STRING,  # what people edit: the Deployment of a ReplicaSet, the CronJob of a Job
        "top": RowType.STRING,
        "missing": RowType.INTEGER,  # pods that are not there; -1 where only the text tells of the refusal
        "stands": RowType.STRING,  # True or False: what refused would refuse again; "" where that is not readable
        "by": RowType.STRING,  # the quota, LimitRange, ServiceAccount, level, policy or webhook
        "details": RowType.STRINGS,
        "last_s": RowType.INTEGER,
    },
    args={
        "of": ArgDeclaration(
            says="the part of admission that refuses",
            choices=tuple(RefusalKind),
            required=True,
            fills={
                "quota": {"users": RowType.STRINGS},  # who uses most of what is used up
                "limit-range": {"container": RowType.STRING},  # of the template, with the value that violates
                "service-account": {"closest": RowType.STRING},
                "pod-security": {"enforced": RowType.STRING},  # the level that the namespace's label asks for now
                "denied": deniers.DENIED,
                "webhook": deniers.FAILING,
            },
        )
    },
    permissions=tuple(
        dict.fromkeys(
            (
                *(Permission(verb=verb, resource=one) for one, verbs in _CORE.items() for verb in verbs),
                *(Permission(verb=verb, group="apps", resource=one) for one in _APPS for verb in ("get", "list")),
                *(Permission(verb=verb, group="batch", resource="jobs") for verb in ("get", "list")),
                Permission(verb="get", group="admissionregistration.k8s.io", resource="validatingadmissionpolicies"),
                *admission.PERMISSIONS,
                *backends.PERMISSIONS,
            )
        )
    ),
)


async def read(look: Look) -> ProbeResult:
    """Read the controllers in question that lack pods or lacked them lately, and what refuses them."""
    wanted = RefusalKind(str(look.args.get("of")))
    if well := await _well(look):
        return ProbeResult(rows=(_idle_row(well, wanted),))
    found: Suspected[Refused] = await suspected(look, parse)
    refused = [
        (workload, refusal.error, refusal.last_s, refusal.message)
        for workload in found.workloads
        for refusal in workload.refusals
        if refusal.error.kind is wanted and not workload.gone
    ]
    obstructed = await asyncio.gather(*(_obstacle(look, each[0], each[1]) for each in refused))
    rows = [
        _row(workload, obstacle, last_s=last_s, message=message)
        for (workload, _, last_s, message), obstacle in zip(refused, obstructed, strict=True)
    ]
    if look.focus.name:
        # A controller in question without such a refusal has a row too: it was looked at.
        idle = [one for one in found.workloads if one.manifest and not any(one is each[0] for each in refused)]
        rows += [_idle_row(one, wanted) for one in idle]
    gaps = [*found.gaps, *(gap for each in obstructed for gap in each.gaps)]
    if not refused and (told := await _of_text(look, wanted)):
        rows.append(_row(Workload(ref=told.subject), told, last_s=UNKNOWN, message=""))
        gaps += told.gaps
    missing = "" if rows else found.missing
    return ProbeResult(rows=tuple(rows), gaps=tuple(dict.fromkeys(gaps)), missing=missing)


async def _well(look: Look) -> Workload[Refused] | None:
    """Return the workload in question if it has had all its pods for long: nothing more is read of it then."""
    focus = look.focus
    if focus.kind not in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job") or not focus.namespace:
        return None
    try:
        obj = await look.snapshot.find(focus.kind, focus.name, namespace=focus.namespace)
        if obj is None or (count := replicas_of(obj)).created < count.desired:
            return None
        if focus.kind != "Deployment":
            events = await look.snapshot.events(ref(obj))
            refused = any(event.get("reason") == "FailedCreate" for event in events)
            return None if refused else Workload(ref=ref(obj, focus.kind), manifest=obj)
    except ClusterError:
        return None
    ages = [look.snapshot.age(each.get("lastTransitionTime")) for each in status_of(obj).get("conditions") or ()]
    settled = all(age is None or age > _RECENT_S for age in ages)
    return Workload(ref=ref(obj, focus.kind), manifest=obj) if settled else None


def _idle_row(workload: Workload[Refused], wanted: RefusalKind) -> Row:
    """Return the row of a controller in question that nothing of this kind refuses."""
    return _row(workload, Obstacle(more=_unknown(wanted)), last_s=UNKNOWN, message="")


async def _obstacle(look: Look, workload: Workload[Refused], refused: Refused) -> Obstacle:
    try:
        match refused.kind:
            case RefusalKind.QUOTA:
                return await obstacles.quota(look, workload, refused)
            case RefusalKind.LIMIT_RANGE:
                return await obstacles.limit_range(look, workload, refused)
            case RefusalKind.SERVICE_ACCOUNT:
                return await obstacles.service_account(look, workload.ref.namespace, refused.by)
            case RefusalKind.POD_SECURITY:
                return await obstacles.pod_security(look, workload, refused)
            case RefusalKind.DENIED:
                return await deniers.denied(look, refused)
            case _:
                return await deniers.failing(look, refused)
    except ClusterError as error:
        more = _unknown(refused.kind)
        details = (*map(str, refused.amounts), *map(str, refused.bounds), *filter(None, (refused.why,)))
        return Obstacle(by=refused.by, details=details[:1], more=more, gaps=(error.gap(),))


def _unknown(kind: RefusalKind) -> dict[str, Value]:
    """Return the further keys of a row of this kind without values."""
    empty: dict[RowType, Value] = {RowType.STRINGS: (), RowType.INTEGER: UNKNOWN}
    return {key: empty.get(each, "") for key, each in DECLARATION.args["of"].fills[str(kind)].items()}


async def _of_text(look: Look, wanted: RefusalKind) -> Obstacle | None:
    """Return what a text names as the obstacle of a request that no controller repeats."""
    named = look.named
    try:
        if wanted is RefusalKind.WEBHOOK and named.get("webhook"):
            refused = Refused(kind=wanted, by=named["webhook"], why=named.get("reason", ""))
            return await deniers.failing(look, refused)
    except ClusterError as error:
        return Obstacle(by=named.get("webhook", ""), gaps=(error.gap(),))
    return None


def _row(workload: Workload[Refused], obstacle: Obstacle, *, last_s: int, message: str) -> Row:
    about, manifest = workload.ref, workload.manifest
    count = replicas_of(manifest) if manifest else None
    top = (controller_of(manifest) if manifest else None) or about
    missing = max(count.desired - count.created, 0) if count else -1
    subject = ObjectRef(kind=top.kind, namespace=about.namespace, name=top.name) if manifest else about
    return Row(
        values={
            "kind": about.kind,
            "namespace": about.namespace,
            "name": about.name,
            "top_kind": top.kind,
            "top": top.name,
            "missing": missing,
            "stands": obstacle.stands,
            "by": obstacle.by,
            "details": obstacle.details,
            "last_s": last_s,
            **obstacle.more,
        },
        subject=subject,
        quote=message,
        reproduce=f"kubectl -n {about.namespace} describe {about.kind.lower()} {about.name}",
    )


PROBE: Final = Probe(declaration=DECLARATION, read=read)
