"""Count the desired, existing and ready pods of a workload: each kind has other fields for them."""

from __future__ import annotations

from dataclasses import dataclass

from bot.kube.objects import spec_of, status_of
from intents.domain import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicas:
    """Counts of pods; -1 where the workload could not be read."""

    desired: int = -1
    created: int = -1
    ready: int = -1


def replicas_of(workload: Json) -> Replicas:
    """Return the counts of a StatefulSet, ReplicaSet, Deployment, DaemonSet or Job, from its spec and status."""
    spec, status = spec_of(workload), status_of(workload)

    def count(key: str) -> int:
        return int(status.get(key) or 0)

    match workload.get("kind"):
        case "DaemonSet":
            return Replicas(
                desired=count("desiredNumberScheduled"),
                created=count("currentNumberScheduled"),
                ready=count("numberReady"),
            )
        case "Job":
            done = count("succeeded")
            parallelism = int(spec.get("parallelism", 1))
            completions = spec.get("completions")
            wanted = parallelism if completions is None else min(parallelism, int(completions) - done)
            desired = 0 if spec.get("suspend") or status.get("completionTime") else max(wanted, 0)
            return Replicas(desired=desired, created=count("active"), ready=count("ready"))
        case _:
            replicas = spec.get("replicas")
            desired = 1 if replicas is None else int(replicas)
            return Replicas(desired=desired, created=count("replicas"), ready=count("readyReplicas"))
