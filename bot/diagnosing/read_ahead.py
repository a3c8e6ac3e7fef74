"""Start reads that a diagnosis will ask for later, so that it waits for fewer round trips.

Only what names and manifests at hand announce is read. The answers are shared; a failure is told to who asks for it.
"""

from __future__ import annotations

from bot.cluster.snapshot import Snapshot
from bot.diagnosing.impact import surroundings_of
from bot.diagnosing.recent_changes import WORKLOADS, changes_of
from bot.kube.health import problem_of
from bot.kube.objects import ref
from bot.kube.owners import likely_controllers
from bot.kube.rollouts import rollout_of
from intents.domain import Json, JudgedHypothesis, ObjectRef
from intents.verdicts import supported


def announced_by_name(snapshot: Snapshot, target: ObjectRef) -> None:
    """Read the events of an object, and the controllers that a pod's name tells, beside the object itself."""
    snapshot.ahead(snapshot.events(target))
    if target.kind == "Pod":
        for kind, name in likely_controllers(target):
            snapshot.ahead(snapshot.get(kind, name, namespace=target.namespace))


def announced_by_trouble(snapshot: Snapshot, obj: Json) -> None:
    """Read what an answer about the trouble of a pod or workload asks for last; a Service does not show its own."""
    about = ref(obj)
    rolling = about.kind in WORKLOADS and rollout_of(obj, snapshot.now).rolling
    if about.kind == "Service" or rolling or problem_of(obj, about.kind):
        _around(snapshot, about)


def announced_by_evidence(snapshot: Snapshot, judged: JudgedHypothesis) -> None:
    """Read what an answer about an object asks for last, if a hypothesis is proven of it: it may lead the answer."""
    if judged.subject and supported(judged) and not judged.capability:
        _around(snapshot, judged.subject)


def _around(snapshot: Snapshot, about: ObjectRef) -> None:
    """Read what changed before the trouble of an object, and what needs it."""
    snapshot.ahead(changes_of(snapshot, about))
    snapshot.ahead(surroundings_of(snapshot, about))
