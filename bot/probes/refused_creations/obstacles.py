"""Read what refused a pod, and tell whether it would refuse again.

A quota, LimitRange, ServiceAccount or security level; or an admission webhook or policy, whose configuration denies or
whose backend does not answer.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Final

from bot.kube.containers import template_containers
from bot.kube.objects import has_ended, labels_of, name_of, spec_of, status_of
from bot.kube.owners import owner_of
from bot.kube.quantities import thousandths
from bot.kube.refusals import Bound, Refused, Webhook, security_violations
from bot.probes.contract import Look, RowValues, beside_the_verdict
from bot.probes.shared import backends
from bot.probes.shared.backends import Backend, backend
from bot.probes.shared.refused_workloads import Workload
from intents.domain import Json, ObjectRef
from intents.spelling import closest
from intents.templates import counted

ENFORCE: Final = "pod-security.kubernetes.io/enforce"
_MOST_USERS: Final = 3
NOBODY: Final = ObjectRef(kind="", namespace="", name="")


class QuotaUsers(RowValues):
    """The workloads that use most of what is used up of a quota."""

    users: tuple[str, ...] = ()


class Bounded(RowValues):
    """The container of a template that a LimitRange refuses."""

    container: str = ""  # with the value that violates


class Nearest(RowValues):
    """The ServiceAccount whose name is most like that of a missing one."""

    closest: str = ""


class Enforced(RowValues):
    """The level of Pod Security that a namespace enforces."""

    enforced: str = ""  # the level that its label asks for now


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """What refuses: `stands` tells whether it would refuse again, "" where that is not readable."""

    by: str = ""
    details: tuple[str, ...] = ()
    stands: str = ""
    more: RowValues
    subject: ObjectRef = NOBODY


async def quota(look: Look, workload: Workload[Refused], refused: Refused) -> Obstacle:
    """Return the quota with its present figures, and who uses most of what is used up. Raises ClusterError."""
    namespace = workload.ref.namespace
    found = await look.snapshot.find("ResourceQuota", refused.by, namespace=namespace)
    status = status_of(found or {})
    hard, used = status.get("hard") or {}, status.get("used") or {}
    full = [
        one
        for one in refused.amounts
        if one.resource in hard
        and (
            not one.limited
            or thousandths(used.get(one.resource, 0)) + thousandths(one.requested) > thousandths(hard[one.resource])
        )
    ]
    users: tuple[str, ...] = ()
    if full and full[0].limited:
        with beside_the_verdict():  # That the quota is used up is known.
            pods = await look.list("Pod", namespace=namespace)
        users = _users([pod for pod in pods if not has_ended(pod)], full[0].resource)
    return Obstacle(
        by=refused.by,
        details=tuple(str(one) for one in full or refused.amounts),
        stands=str(bool(full)),
        more=QuotaUsers(users=users),
    )


def _users(pods: list[Json], resource: str) -> tuple[str, ...]:
    """Return the workloads that use most of a resource of a quota, as `Deployment web (4 pods)`."""
    use: Counter[tuple[str, str]] = Counter()
    count: Counter[tuple[str, str]] = Counter()
    section, _, what = resource.rpartition(".")
    for pod in pods:
        owner = owner_of(pod)
        key = (owner.kind, owner.name)
        count[key] += 1
        for container in spec_of(pod).get("containers") or ():
            amounts = (container.get("resources") or {}).get(section or "requests") or {}
            use[key] += thousandths(amounts.get(what, 0))
    ranked = use if any(use.values()) else count
    return tuple(
        f"{kind} {name} ({counted(count[kind, name], 'pods')})" for (kind, name), _ in ranked.most_common(_MOST_USERS)
    )


async def limit_range(look: Look, workload: Workload[Refused], refused: Refused) -> Obstacle:
    """Return the LimitRange with the violated bounds, and the container that violates them. Raises ClusterError."""
    ranges = (await look.snapshot.list("LimitRange", namespace=workload.ref.namespace)).items
    setting = [name_of(item) for item in ranges if any(_sets(item, bound) for bound in refused.bounds)]
    return Obstacle(
        by=setting[0] if setting else "",
        details=tuple(map(str, refused.bounds)),
        stands=str(bool(setting)),
        more=Bounded(container=_container_with(workload.manifest or {}, refused.bounds)),
    )


def _sets(item: Json, bound: Bound) -> bool:
    key = "maxLimitRequestRatio" if bound.bound == "ratio" else bound.bound
    return any(
        each.get("type") == bound.type
        and bound.resource in (each.get(key) or {})
        and thousandths(each[key][bound.resource]) == thousandths(bound.allowed)
        for each in spec_of(item).get("limits") or ()
    )


def _container_with(manifest: Json, bounds: tuple[Bound, ...]) -> str:
    containers = template_containers(manifest)
    for container in containers:
        resources = container.get("resources") or {}
        for bound in bounds:
            value = (resources.get(f"{bound.of}s") or {}).get(bound.resource) if bound.of else None
            if bound.given and value is not None and thousandths(value) == thousandths(bound.given):
                return str(container.get("name") or "")
    return str(containers[0].get("name") or "") if len(containers) == 1 else ""


async def service_account(look: Look, workload: Workload[Refused], refused: Refused) -> Obstacle:
    """Return whether a ServiceAccount is missing, with the closest name that exists. Raises ClusterError."""
    namespace, name = workload.ref.namespace, refused.by
    found = await look.snapshot.find("ServiceAccount", name, namespace=namespace)
    nearest = ""
    if found is None:
        with beside_the_verdict():  # Others are told only as what may be meant.
            listed = await look.list("ServiceAccount", namespace=namespace)
        nearest = closest(name, map(name_of, listed))
    return Obstacle(by=name, stands=str(found is None), more=Nearest(closest=nearest))


async def pod_security(look: Look, workload: Workload[Refused], refused: Refused) -> Obstacle:
    """Return the violations, and the level that the namespace enforces now. Raises ClusterError."""
    namespace = await look.snapshot.get("Namespace", workload.ref.namespace)
    enforced = labels_of(namespace).get(ENFORCE, "")
    level = refused.by.partition(":")[0]
    # A level that no label asks for is the API server's own default; OpenShift names no level.
    stands = "True" if enforced == level or not level else "False" if enforced else ""
    return Obstacle(
        by=refused.by or "security context constraints",
        details=security_violations(refused.why),
        stands=stands,
        more=Enforced(enforced=enforced),
    )


_POLICY: Final = "ValidatingAdmissionPolicy"
_ENGINES: Final = {"kyverno": "Kyverno", "gatekeeper": "Gatekeeper", "opa": "OPA", "istio": "Istio",
                   "cert-manager": "cert-manager", "nginx": "ingress-nginx", "kubewarden": "Kubewarden"}  # fmt: skip
_KYVERNO: Final = re.compile(r"^([a-z0-9][a-z0-9.-]*):\s*$", re.M)
_GATEKEEPER: Final = re.compile(r"\[([a-z0-9][a-z0-9.-]*)\]")


class Denied(RowValues):
    """The object whose own rules deny a request."""

    denier_kind: str = ""
    denier: str = ""
    engine: str = ""  # Kyverno, Gatekeeper …; "" where the names do not tell
    policies: tuple[str, ...] = ()  # of that engine, as its message names them


class Failing(RowValues):
    """An admission webhook that does not answer."""

    denier_kind: str = ""
    denier: str = ""  # the webhook configuration
    failure: str = ""  # no-service, no-endpoints, certificate, answering, unknown
    service_namespace: str = ""
    service: str = ""
    unready_pods: tuple[str, ...] = ()


async def denied(look: Look, _workload: Workload[Refused], refused: Refused) -> Obstacle:
    """Return the webhook configuration or policy that denied, and its engine. Raises ClusterError."""
    details = (refused.why,) if refused.why else ()
    if refused.policy:
        policy = await look.snapshot.find(_POLICY, refused.by)
        more = Denied(denier_kind=_POLICY, denier=refused.by)
        return Obstacle(by=refused.by, details=details, stands=str(policy is not None), more=more)
    webhook = await _webhook(look, refused.by)
    engine = next((name for word, name in _ENGINES.items() if word in refused.by), "")
    pattern = {"Kyverno": _KYVERNO, "Gatekeeper": _GATEKEEPER}.get(engine)
    return Obstacle(
        by=refused.by,
        details=details,
        stands="True" if webhook else await _of_absent(look),
        more=Denied(
            denier_kind=webhook.kind if webhook else "",
            denier=webhook.configured_in if webhook else "",
            engine=engine,
            policies=tuple(dict.fromkeys(pattern.findall(refused.why))) if pattern else (),
        ),
    )


async def failing(look: Look, _workload: Workload[Refused], refused: Refused) -> Obstacle:
    """Return the webhook that does not answer, its Service and that Service's endpoints."""
    details = (refused.why,) if refused.why else ()
    webhook = await _webhook(look, refused.by)
    if webhook is None:
        failure = Backend().failure(refused.why) or "unknown"
        return Obstacle(by=refused.by, details=details, stands=await _of_absent(look), more=Failing(failure=failure))
    namespace, service = webhook.place
    behind = await backend(look, namespace=namespace, service=service) if webhook.service else Backend()
    failure = behind.failure(refused.why) or "unknown"
    return Obstacle(
        by=refused.by,
        details=details,
        # A backend with endpoints may answer or not.
        stands="False" if not webhook.blocking else "True" if failure in ("no-service", "no-endpoints") else "",
        more=Failing(
            denier_kind=webhook.kind,
            denier=webhook.configured_in,
            failure=failure,
            service_namespace=namespace,
            service=service,
            unready_pods=behind.workload.unready_pods,
        ),
        subject=ObjectRef(kind=webhook.kind, namespace="", name=webhook.configured_in),
    )


async def _webhook(look: Look, name: str) -> Webhook | None:
    return next((each for each in await backends.webhooks(look) if each.name == name), None)


async def _of_absent(look: Look) -> str:
    """Tell whether a webhook that was not found stands: it is gone only if all that exist were read."""
    return "False" if await backends.all_listed(look) else ""
