"""Reduce an object of a list to what an overview keeps of it: its trouble and what links it to other objects. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from bot.kube.ages import seconds_since
from bot.kube.conditions import condition
from bot.kube.containers import containers_in
from bot.kube.objects import (
    created_at,
    has_ended,
    is_builtin,
    is_terminating,
    labels_of,
    name_of,
    namespace_of,
    node_name_of,
    phase_of,
    pod_template_of,
    spec_of,
    status_of,
    uid_of,
)
from bot.kube.owners import owner_of, owner_references
from bot.kube.pod_readiness import is_ready
from bot.kube.settling import STARTING, is_starting, lasting_problem
from bot.kube.volume_claims import claim_names, class_of
from intents.domain import EMPTY, Json

WORKLOADS: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"})
# A message that quotes a name speaks of that object: whoever gets the same message suffers from the same cause.
_QUOTED_NAME: Final = re.compile(r"\"[^\"\s]{2,}\"")
_VARIABLE: Final = re.compile(r"\b\d+(?:\.\d+)?(?:ms|s|m|h|d)?\b|[0-9a-f]{8}-[0-9a-f-]{27}|\bpod=\S+")
_SERVICE_ADDRESS: Final = re.compile(r"//([a-z0-9-]+)\.([a-z0-9-]+)\.svc\b")
_METRICS_API: Final = re.compile(r"\b((?:(?:custom|external)\.)?metrics\.k8s\.io)\b")
_NEW_S: Final = 120


class Identity(NamedTuple):
    """The key of an object among all kinds; that of a custom kind is followed by its group."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubledObject:
    """An object that is not well.

    Objects of equal `likeness` share one cause as far as their status tells. `depends_on` are the objects whose trouble
    would explain this one's; this one's explains that of its `owners`. `labels` are its own, or those that its pods
    carry; `selects` is the selector by which it depends on pods. A pod that has `ended` matters only if its owner is in
    trouble, which has made another or counts the failure as one of several tries. One that `starts` within its time is
    well; what waits for it is well too. A problem is `proven` if whole lists show it, whatever its own status says.
    """

    id: Identity
    problem: str
    likeness: tuple[str, ...]
    since: str = ""
    depends_on: frozenset[Identity] = frozenset()
    owners: frozenset[Identity] = frozenset()
    labels: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    selects: Mapping[str, Any] | None = None
    ended: bool = False
    starts: bool = False
    proven: bool = False


def troubled(obj: Json, kind: str, now: datetime) -> TroubledObject | None:
    """Return what an overview keeps of an object that is not well, None for one that is."""
    if kind == "Pod":
        return _pod(obj, now)
    problem = lasting_problem(obj, kind, now)
    if not problem:
        return None
    about, labels, selects = identity_of(obj, kind), labels_of(obj), None
    depends_on: frozenset[Identity] = frozenset()
    likeness: tuple[str, ...] = (about.kind, about.namespace, _masked(problem, obj))
    if about.kind in WORKLOADS:
        labels = (pod_template_of(obj).get("metadata") or {}).get("labels") or {}
        refused = condition(obj, "ReplicaFailure").get("message")
        if refused:
            # A quota, a policy, a webhook: what refuses one workload's pods refuses those of others too.
            likeness = ("refused", about.namespace, _masked(str(refused), obj))
            depends_on = frozenset(_services_in(str(refused)))
        else:
            likeness = about
    elif about.kind == "PersistentVolumeClaim":
        likeness = (about.kind, about.namespace, class_of(obj) or "", phase_of(obj))
    elif about.kind == "HorizontalPodAutoscaler":
        target = spec_of(obj).get("scaleTargetRef") or {}
        scaled = Identity(str(target.get("kind")), about.namespace, str(target.get("name")))
        depends_on = frozenset({scaled, *_metrics_apis_in(problem)})
    elif about.kind == "APIService" and (service := spec_of(obj).get("service")):
        depends_on = frozenset({Identity("Service", str(service.get("namespace")), str(service.get("name")))})
    elif about.kind == "PodDisruptionBudget":
        selects = spec_of(obj).get("selector") or {}
    return TroubledObject(
        id=about,
        problem=problem,
        likeness=likeness,
        since=_since(obj),
        depends_on=depends_on,
        owners=frozenset(_owners(obj)),
        labels=labels,
        selects=selects,
    )


def identity_of(obj: Json, kind: str) -> Identity:
    """Return the key of an object."""
    return Identity(_qualified(kind, str(obj.get("apiVersion") or "")), namespace_of(obj), name_of(obj))


def _qualified(kind: str, api_version: str) -> str:
    of_kubernetes = is_builtin({"apiVersion": api_version})
    return kind if of_kubernetes else f"{kind}.{api_version.rpartition('/')[0]}"


def _owners(obj: Json) -> Iterator[Identity]:
    """Yield an object's owners; one in no namespace may own objects of any."""
    for each in owner_references(obj):
        kind = _qualified(str(each.get("kind") or ""), str(each.get("apiVersion") or ""))
        for namespace in {namespace_of(obj), ""}:
            yield Identity(kind, namespace, str(each.get("name") or ""))


def _services_in(message: str) -> Iterator[Identity]:
    """Yield the Services whose address a message contains, as the API server calls webhooks."""
    for name, namespace in _SERVICE_ADDRESS.findall(message):
        yield Identity("Service", namespace, name)


def _metrics_apis_in(message: str) -> Iterator[Identity]:
    """Yield the APIServices that may serve the metrics API of a message: `get pods.metrics.k8s.io`."""
    for group in _METRICS_API.findall(message):
        for version in ("v1beta1", "v1beta2", "v1"):
            yield Identity("APIService", "", f"{version}.{group}")


def _pod(pod: Json, now: datetime) -> TroubledObject | None:
    if _is_plainly_well(pod):
        return None
    problem = lasting_problem(pod, "Pod", now)
    looping = [each for each in containers_in(pod) if each.crash_looping(now)]
    starts = not (problem or looping) and is_starting(pod, now)
    if not (problem or looping or starts):
        return None
    about, node, workload = identity_of(pod, "Pod"), node_name_of(pod), owner_of(pod)
    owner = Identity(workload.kind, workload.namespace, workload.name)
    depends_on = {Identity("PersistentVolumeClaim", about.namespace, name) for name in claim_names(pod)}
    says = next(_container_troubles(pod, now), "")
    unscheduled = condition(pod, "PodScheduled")
    if says:
        likeness = _likeness(says, pod, owner)
        depends_on = set() if looping else depends_on
    elif unscheduled.get("status") == "False":
        says = str(unscheduled.get("message") or unscheduled.get("reason") or problem)
        likeness = ("unscheduled", about.namespace, _masked(says, pod))
    elif phase_of(pod) == "Failed":
        says = str(status_of(pod).get("message") or status_of(pod).get("reason") or problem)
        likeness = _likeness(says, pod, owner)
    elif node and all(each.ready for each in containers_in(pod)):
        # The kubelet counts its containers as ready and the pod is not: the node controller says so.
        likeness = ("node", node)
        depends_on.add(Identity("Node", "", node))
    else:
        likeness = _likeness(problem, pod, owner)
    owners = frozenset({owner, *_owners(pod)})
    ended = has_ended(pod) and bool(owner_references(pod))
    return TroubledObject(
        id=about,
        problem=says or problem,
        likeness=likeness,
        since=str(condition(pod, "Ready").get("lastTransitionTime") or created_at(pod)),
        depends_on=frozenset(owners if ended else depends_on),
        owners=frozenset() if ended else owners,
        labels=labels_of(pod),
        ended=ended,
        starts=starts,
    )


def _is_plainly_well(pod: Json) -> bool:
    """Tell whether a pod is ready and has never restarted: nearly all pods of a cluster are."""
    restarted = any(each.get("restartCount") for each in status_of(pod).get("containerStatuses") or ())
    return is_ready(pod) and not restarted and not is_terminating(pod)


def _container_troubles(pod: Json, now: datetime) -> Iterator[str]:
    """Yield what the status says of containers that wait or ended, without the kubelet's ordinary work."""
    for container in containers_in(pod):
        if container.state == "waiting" and container.reason not in {*STARTING, "CrashLoopBackOff"}:
            yield f"{container.reason}: {container.message}" if container.message else container.reason
        elif (run := container.ended(now)) and run.exit_code and (container.crash_looping(now) or not container.ready):
            yield f"{container.name}: {run.says}"


def _likeness(says: str, obj: Json, owner: Identity) -> tuple[str, ...]:
    """Return the likeness by a message: beyond the owner only if the message names the object it speaks of."""
    masked = _masked(says, obj)
    if _QUOTED_NAME.search(masked):
        return ("message", owner.namespace, masked)
    return (*owner, masked)


def _masked(message: str, obj: Json) -> str:
    """Return a message without what differs between equal objects: their own names, times and counts."""
    own = [name_of(obj), uid_of(obj), *(str(each.get("name") or "") for each in owner_references(obj))]
    for each in sorted(filter(None, own), key=len, reverse=True):
        message = message.replace(each, "*")
    return _VARIABLE.sub("#", message)


def _since(obj: Json) -> str:
    """Return when the first condition in trouble changed, else when the object was created."""
    changed = [str(each.get("lastTransitionTime") or "") for each in status_of(obj).get("conditions") or ()]
    return max(filter(None, changed), default=created_at(obj))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRow:
    """What an overview keeps of every Service that selects pods, to find those without a ready endpoint."""

    id: Identity
    selector: Mapping[str, str]
    created: str

    def troubled(self, now: datetime) -> TroubledObject | None:
        """Return the trouble of a Service that has no ready endpoint, None while it is new."""
        if seconds_since(self.created, now) < _NEW_S:
            return None
        return TroubledObject(
            id=self.id,
            problem="no ready endpoint",
            likeness=self.id,
            proven=True,
            selects={"matchLabels": self.selector},
        )


def service_row(service: Json) -> ServiceRow | None:
    """Return the row of a Service that selects pods, None for others."""
    spec = spec_of(service)
    if not spec.get("selector") or spec.get("type") == "ExternalName":
        return None
    return ServiceRow(id=identity_of(service, "Service"), selector=spec["selector"], created=created_at(service))


def backends_of(ingress: Json) -> Iterable[str]:
    """Yield the names of the Services that an Ingress leads to."""
    spec = spec_of(ingress)
    paths = [path for rule in spec.get("rules") or () for path in (rule.get("http") or {}).get("paths") or ()]
    for backend in (spec.get("defaultBackend"), *(path.get("backend") for path in paths)):
        if name := ((backend or {}).get("service") or {}).get("name"):
            yield str(name)
