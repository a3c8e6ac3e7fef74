"""The same incident judged again, later, about the same object or about what took its place.

A plan keeps what was judged (`About`), so that asking again needs neither the text nor its match: whether the cause is
still there before a write, and whether it is gone after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.cluster.snapshot import Snapshot
from bot.diagnosing import Engine
from bot.diagnosing.reads import Reads
from bot.remedies.contract import About, Applied, Settling
from intents.domain import Diagnosis, Finding, Hypothesis, Judged, ObjectRef, Outcome
from intents.focus import KINDS
from intents.judging import judge, supported

# Words that name the one pod a text was about, or where it was: none of them is true of another pod.
_OF_ONE_POD: Final = frozenset({word for word, kind in KINDS.items() if kind in ("Pod", "Node", "ReplicaSet")})


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """The incident as it stands now, in a diagnosis of its own."""

    judged: Judged
    diagnosis: Diagnosis

    @property
    def present(self) -> bool:
        """Whether the cluster still supports it."""
        return supported(self.judged)

    @property
    def unread(self) -> tuple[Finding, ...]:
        """What could not be judged: without it neither absence nor presence is proven."""
        return tuple(finding for finding in self.judged.findings if finding.outcome is Outcome.GAP)


async def judge_again(incident_id: str, about: About, *, engine: Engine, snapshot: Snapshot) -> Again:
    """Read and judge one incident. Raises KeyError if the catalog no longer has it; what is refused becomes gaps."""
    incident = engine.catalog.incidents[incident_id]
    hypothesis = Hypothesis(incident=incident.id, score=about.score, named=about.named, when=about.when)
    reads = Reads(snapshot=snapshot, probes=engine.probes)
    readings = await reads.for_hypothesis(incident, hypothesis, about.focus)
    judged = judge(incident, hypothesis, readings, focus=about.focus, now=snapshot.now)
    diagnosis = Diagnosis(
        focus=about.focus,
        cluster=snapshot.cluster,
        observed_at=snapshot.now,
        hypotheses=(judged,),
        gaps=reads.gaps,
        api_calls=snapshot.calls,
    )
    return Again(judged=judged, diagnosis=diagnosis)


def now_about(about: About, applied: Applied, settling: Settling) -> About:
    """What to ask about after a write, which is about now and no longer about when the text was written.

    If the write replaced the pod in question, it is asked about what took its place: the new pod, or, of a whole
    workload, all its pods together. Anything else (an API, a node, a namespace) stays what it is.
    """
    present = replace(about, when=None)
    if not _replaced(about, applied):
        return present
    target = applied.target
    if target.kind != "Pod":
        return moved(present, to=target)
    return moved(present, to=settling.replacements[0]) if settling.replacements else present


def moved(about: About, *, to: ObjectRef) -> About:
    """The same question about another object: names of the old one are not asked for any more."""
    old = {about.focus.name, about.subject.name if about.subject else ""} - {""}
    words = {word: to.name for word, kind in KINDS.items() if kind == to.kind}
    kept = {word: to.name if value in old else value for word, value in about.named.items() if word not in _OF_ONE_POD}
    focus = replace(about.focus, kind=to.kind, namespace=to.namespace, name=to.name, node="")
    return replace(about, focus=focus, named={**kept, "namespace": to.namespace, **words}, subject=to)


def _replaced(about: About, applied: Applied) -> bool:
    gone: Sequence[str] = (applied.target.uid,) if applied.target.kind == "Pod" else applied.outlook.known
    if about.subject is not None and about.subject.kind == "Pod":
        return about.subject.uid in gone
    return about.focus.kind in ("Pod", "") and bool(about.focus.name) and about.focus.name == applied.target.name
