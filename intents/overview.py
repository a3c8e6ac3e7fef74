"""Define the answer to "what is wrong in this namespace?" and "what is wrong in this cluster?"."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from intents.domain import Gap, ObjectRef, Severity, Text, Verdict
from intents.mutes import covers
from intents.named_objects import ObjectKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """The objects that suffer from one cause: pods, workloads below their replicas, Services, nodes that are not ready.

    `examples` are a few of these objects, the most important first; `others` counts objects of further kinds.
    """

    pods: int = 0
    workloads: int = 0
    services: int = 0
    nodes: int = 0
    others: int = 0
    examples: tuple[ObjectRef, ...] = ()

    @property
    def counts(self) -> tuple[int, ...]:
        """Return the numbers of pods, workloads, Services, nodes and others."""
        return self.pods, self.workloads, self.services, self.nodes, self.others

    @property
    def is_of_others(self) -> bool:
        """Tell whether neither pods nor workloads, Services or nodes suffer."""
        return not any(self.counts[:-1])

    def without(self, part: Impact) -> Impact:
        """Return the rest of the impact, without a part of it."""
        rest = (all_ - own for all_, own in zip(self.counts, part.counts, strict=True))
        pods, workloads, services, nodes, others = rest
        return Impact(pods=pods, workloads=workloads, services=services, nodes=nodes, others=others)

    @property
    def weight(self) -> int:
        """Return the rank of the impact: a Service that nothing answers weighs ten pods, a workload five.

        A node that is not ready comes before all of these: what it carries is not counted until it is evicted.
        """
        return 1_000_000 * self.nodes + 10 * self.services + 5 * self.workloads + self.pods + self.others


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewFinding:
    """One root cause, or one trouble that nothing explains, and what suffers from it.

    `asked` is the object that was diagnosed: it leads to the whole answer; a custom kind is followed by its group.
    `verdict` is None for trouble that no entry explains and for trouble that was not looked into (`unread`); `says`
    then quotes the object's own words. What is in trouble `belongs_to` these owners, all of it. `caused` is the part of
    the impact that follows from the trouble of other objects of this finding. `affected` are the objects in trouble,
    with the owners of pods in the pods' place.
    """

    asked: ObjectRef
    at_fault: ObjectRef
    says: Text
    verdict: Verdict | None = None
    incident: str = ""
    title: Text | None = None
    severity: Severity | None = None
    impact: Impact = field(default_factory=Impact)
    caused: Impact = field(default_factory=Impact)
    affected: frozenset[ObjectKey] = frozenset()
    since: datetime | None = None
    unread: bool = False
    belongs_to: tuple[ObjectRef, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything that is unhealthy in a namespace ("" for the whole cluster), by root cause, the worst first.

    `looked_at` counts the objects that were read, by the plural of their kind; `muted` counts findings left out.
    """

    namespace: str
    cluster: str
    observed_at: datetime
    findings: tuple[OverviewFinding, ...] = ()
    looked_at: Mapping[str, int] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    api_calls: int = 0
    muted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewChange:
    """What a scheduled report has to say: the findings that are `new`, what is `gone`, how many are as `before`.

    `since` is the time of the report before, None for the first one. `namespaces` is empty for the whole cluster.
    """

    namespaces: tuple[str, ...]
    cluster: str
    observed_at: datetime
    new: tuple[OverviewFinding, ...] = ()
    gone: tuple[str, ...] = ()
    before: int = 0
    since: datetime | None = None
    gaps: tuple[Gap, ...] = ()
    muted: int = 0


def recurring_id(finding: OverviewFinding) -> str:
    """Return what identifies a finding in later overviews, although pods are replaced by others of other names."""
    at_fault = finding.at_fault
    owner = next((each for each in finding.belongs_to if each.kind != "ReplicaSet"), None)
    if at_fault.kind != "Pod":
        about = str(at_fault)
    elif owner is not None:
        about = str(owner)
    else:
        about = finding.says.en
        for pod in (at_fault, finding.asked):
            about = about.replace(pod.name, "")
    said = "|".join((finding.incident, at_fault.namespace, about))
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def without_muted(overview: Overview, muted: Sequence[str]) -> Overview:
    """Return the overview without the findings that a mute of this channel covers; they are counted."""
    left = tuple(each for each in overview.findings if not any(_is_muted(each, key) for key in muted))
    return replace(overview, findings=left, muted=len(overview.findings) - len(left))


def _is_muted(finding: OverviewFinding, muted: str) -> bool:
    if covers(muted, incident=finding.incident, objects=(finding.at_fault, finding.asked)):
        return True
    return any(covers(muted, objects=(owner,)) for owner in finding.belongs_to)
