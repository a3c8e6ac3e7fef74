"""List what is broken in the simulated cluster, in kubectl's words, for the page's cluster pane.

Reads the objects with none of the bot's code, so that readers can check the bot's answers against it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.playground.kubernetes import times
from bot.playground.kubernetes.objects import condition, conditions_of
from bot.playground.kubernetes.resources import API_SERVICES, CLAIMS, JOBS, NAMESPACES, NODES, PODS, Json
from bot.playground.kubernetes.store import Store
from bot.playground.pod_status import DELETION_GRACE, pod_status

_PRESSURES = ("DiskPressure", "MemoryPressure", "PIDPressure", "NetworkUnavailable")


class Level(StrEnum):
    """Severity of a problem: `unstable` objects work now but failed recently."""

    BROKEN = "broken"
    UNSTABLE = "unstable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One unhealthy object. `since` is an RFC 3339 timestamp or "". `uid` tells a pod from its replacement."""

    kind: str
    namespace: str
    name: str
    uid: str
    status: str
    level: Level = Level.BROKEN
    detail: str = ""
    since: str = ""
    ready: str = ""
    owner: str = ""

    @property
    def key(self) -> str:
        """Return kind, namespace and name."""
        return f"{self.kind}/{self.namespace}/{self.name}"


def problems(store: Store, *, now: datetime) -> list[Problem]:
    """List unhealthy objects: nodes, APIs, workloads, pods, claims, namespaces; each group sorted by name."""
    found = [
        *_nodes(store),
        *_api_services(store),
        *_workloads(store),
        *_jobs(store),
        *_pods(store, now=now),
        *_claims(store),
        *_namespaces(store, now=now),
    ]
    return sorted(found, key=lambda each: each.level is Level.UNSTABLE)


def _nodes(store: Store) -> Iterator[Problem]:
    for node in store.objects(table=NODES):
        wrong: list[tuple[str, Json]] = []
        for each in conditions_of(node):
            if each.get("type") == "Ready" and each.get("status") != "True":
                wrong.append(("NotReady", each))
            elif each.get("type") in _PRESSURES and each.get("status") == "True":
                wrong.append((each["type"], each))
        if wrong:
            cordoned = ["SchedulingDisabled"] if node.get("spec", {}).get("unschedulable") else []
            status = ",".join([name for name, _ in wrong] + cordoned)
            since = min(each.get("lastTransitionTime") or "" for _, each in wrong)
            yield _problem(node, "Node", status, detail=wrong[0][1].get("message") or "", since=since)


def _api_services(store: Store) -> Iterator[Problem]:
    for service in store.objects(table=API_SERVICES):
        available = condition(service, "Available")
        if available and available.get("status") != "True":
            status = f"{available.get('status')} ({available.get('reason') or 'Unavailable'})"
            yield _problem(service, "APIService", status, **_said(available))


def _jobs(store: Store) -> Iterator[Problem]:
    for job in store.objects(table=JOBS):
        failed = condition(job, "Failed")
        if failed.get("status") == "True":
            yield _problem(job, "Job", f"Failed ({failed.get('reason') or 'unknown'})", **_said(failed))


def _workloads(store: Store) -> Iterator[Problem]:
    for plural, kind in (("deployments", "Deployment"), ("statefulsets", "StatefulSet"), ("daemonsets", "DaemonSet")):
        for workload in store.objects(table=("apps", plural)):
            status = workload.get("status") or {}
            if not any(isinstance(each, int) for each in status.values()):
                continue  # A trimmed world has no replica counts, because no controller has set them yet.
            if kind == "DaemonSet":
                wanted, ready = status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
            else:
                wanted, ready = workload.get("spec", {}).get("replicas", 1), status.get("readyReplicas", 0)
            if ready < wanted:
                failing = next((each for each in conditions_of(workload) if _is_failing(each)), {})
                yield _problem(
                    workload, kind, f"{ready}/{wanted} ready", ready=f"{ready}/{wanted}", **_said(failing)
                )  # fmt: skip


def _is_failing(told: Json) -> bool:
    good = "False" if told.get("type") == "ReplicaFailure" else "True"
    return told.get("status") != good


def _pods(store: Store, *, now: datetime) -> Iterator[Problem]:
    for pod in store.objects(table=PODS):
        seen = pod_status(pod, now=now)
        if seen.trouble:
            level = Level.BROKEN if seen.broken else Level.UNSTABLE
            yield _problem(
                pod, "Pod", seen.status, level=level, detail=seen.detail, since=seen.since, ready=seen.ready,
                owner=controller_of(pod),
            )  # fmt: skip


def _claims(store: Store) -> Iterator[Problem]:
    for claim in store.objects(table=CLAIMS):
        phase = (claim.get("status") or {}).get("phase", "Pending")
        if phase != "Bound":
            since = claim["metadata"].get("creationTimestamp") or ""
            yield _problem(claim, "PersistentVolumeClaim", phase, since=since)


def _namespaces(store: Store, *, now: datetime) -> Iterator[Problem]:
    for namespace in store.objects(table=NAMESPACES):
        deleted = namespace["metadata"].get("deletionTimestamp")
        if deleted and now - times.parse(deleted) > DELETION_GRACE:
            yield _problem(namespace, "Namespace", "Terminating", since=deleted)


def controller_of(obj: Json) -> str:
    """Return the uid of an object's controller, "" if it has none."""
    for each in obj["metadata"].get("ownerReferences") or ():
        if each.get("controller"):
            return str(each.get("uid") or "")
    return ""


def _said(told: Json) -> dict[str, str]:
    return {"detail": told.get("message") or "", "since": told.get("lastTransitionTime") or ""}


def _problem(obj: Json, kind: str, status: str, **more: Any) -> Problem:
    metadata = obj["metadata"]
    return Problem(
        kind=kind, namespace=metadata.get("namespace", ""), name=metadata["name"], uid=metadata.get("uid", ""),
        status=status, **more,
    )  # fmt: skip
