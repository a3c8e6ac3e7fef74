"""Define the documents that programs get as a whole: a diagnosis, an overview, the matches of a text."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from intents.domain import Existence, JudgedHypothesis, Language, RecentChange, Severity, Verdict
from intents.named_objects import Dependents, EdgeType
from intents.overview import Overview, OverviewFinding
from responses.documents.parts import (
    Document,
    FindingDocument,
    GapDocument,
    LinkDocument,
    MatchDocument,
    Moment,
    ObjectDocument,
    OrNone,
    RemedyDocument,
    StepDocument,
    TargetDocument,
    Words,
)
from responses.named_objects import named_sentences
from responses.safety import SafeDiagnosis
from responses.sentences import leading_hypotheses


class CauseDocument(Document):
    """The hypothesis of the same answer that explains another one."""

    incident: str
    object: ObjectDocument | None

    @classmethod
    def _further(cls, value: Any) -> dict[str, Any]:
        return {"object": value.subject}


class HypothesisDocument(Document):
    """An incident of the catalog that may explain the trouble, and what the cluster says of it."""

    incident: str
    verdict: Verdict
    severity: Severity
    title: Words
    summary: Words
    root_cause: Words
    impact: Words
    object: ObjectDocument | None
    """The object at fault."""
    candidates: tuple[ObjectDocument, ...]
    """The objects that it may be about, where nothing tells which one is meant."""
    capability: bool
    """Whether it offers an action, and says nothing about a cause."""
    score: float
    """How well the text matches, from 0 to 1."""
    matches: tuple[MatchDocument, ...]
    findings: tuple[FindingDocument, ...]
    """The evidence for and against it."""
    runbook: tuple[StepDocument, ...]
    """What a person can do."""
    links: tuple[LinkDocument, ...]
    remediations: tuple[RemedyDocument, ...]
    effect_of: CauseDocument | None
    """The cause that explains this one."""
    pointed_to_by: Annotated[str | None, OrNone]
    """The incident whose finding led here, if the text did not."""

    @classmethod
    def _further(cls, value: JudgedHypothesis) -> dict[str, Any]:
        return {
            "object": value.subject,
            "score": value.hypothesis.score,
            "matches": value.hypothesis.matches,
            "remediations": value.remedies,
            "effect_of": value.cause,
            "pointed_to_by": value.hypothesis.pointed_to_by,
        }


class _ChainRole(StrEnum):
    CAUSE = "cause"
    EFFECT = "effect"


class MomentDocument(Document):
    """An event on the way from the cause to its effect."""

    at: Moment
    subject: ObjectDocument
    says: Words
    incident: str
    count: int
    lasts: bool
    part: Annotated[_ChainRole | None, OrNone]


class ObservationDocument(Document):
    """Something about the object that no incident explains."""

    subject: ObjectDocument
    quote: str
    times: int


class ChangeDocument(Document):
    """A change shortly before the trouble began."""

    subject: ObjectDocument
    at: Moment
    before_s: int
    """Seconds from the change to the beginning of the trouble."""
    revision: int
    by: str
    what: tuple[str, ...]

    @classmethod
    def _further(cls, value: RecentChange) -> dict[str, Any]:
        return {"what": (*value.what, *([value.says.en] if value.says else []))}


class DependentDocument(ObjectDocument):
    """An object that needs the one at fault."""

    host: str
    """The name by which clients outside reach it."""


class DependentsDocument(Document):
    """Objects of one kind that need the one at fault."""

    kind: str
    via: EdgeType
    count: int
    at_least: bool
    """Whether there may be more."""
    ready: int
    of: int
    objects: tuple[DependentDocument, ...]

    @classmethod
    def _further(cls, value: Dependents) -> dict[str, Any]:
        return {"objects": [ObjectDocument.known_of(one.object) | {"host": one.host} for one in value.first]}


class NearestDocument(Document):
    """An incident that a text nearly matches."""

    incident: str
    title: Words
    score: float
    decided_by: str
    """The signature that would decide for it."""


class NamedDocument(Document):
    """An object that the text names, and its state in the cluster."""

    target: ObjectDocument
    existence: Existence
    instead: ObjectDocument | None
    """The object that was diagnosed in its place."""
    candidates: tuple[ObjectDocument, ...]
    """The objects of which the reader has to choose one."""
    elsewhere: tuple[str, ...]
    """Other clusters that have it."""
    affected: tuple[ObjectDocument, ...]
    named_by: tuple[ObjectDocument, ...]
    others: int
    says: str


class TimingDocument(Document):
    """The values that differ between two runs over the same state of a cluster."""

    api_calls: int
    observed_at: str
    """When the cluster was read; empty without a cluster."""
    seconds: float


class DiagnosisDocument(Document):
    """The answer about a text or an object."""

    verdict: Verdict | None
    """The verdict on the leading hypothesis; null if no known problem was found."""
    incident: str | None
    """The leading hypothesis."""
    root_cause: Words | None
    """The leading hypothesis in a sentence. Only "confirmed" is proven."""
    cluster: str
    """Empty if only the text was used."""
    target: TargetDocument | None
    named: tuple[NamedDocument, ...]
    standing: tuple[Words, ...]
    """A state of the object that is no fault."""
    owners: tuple[ObjectDocument, ...]
    hypotheses: tuple[HypothesisDocument, ...]
    """The best first; the ones that are ruled out come last."""
    timeline: tuple[MomentDocument, ...]
    gaps: tuple[GapDocument, ...]
    """What could not be read."""
    unexplained: tuple[ObservationDocument, ...]
    changes: tuple[ChangeDocument, ...]
    impact: tuple[DependentsDocument, ...]
    nearest: tuple[NearestDocument, ...]
    language: Language

    @classmethod
    def fields_of(cls, diagnosis: SafeDiagnosis, language: Language) -> dict[str, Any]:
        """Return the fields of a diagnosis, for `model_validate`."""
        leading = next(iter(leading_hypotheses(diagnosis)), None)
        focus = diagnosis.focus
        sentences = named_sentences(diagnosis, language)
        return DiagnosisDocument.known_of(diagnosis) | {
            "verdict": leading.verdict if leading else None,
            "incident": leading.incident if leading else None,
            "root_cause": leading.root_cause if leading else None,
            "target": focus if focus.name or focus.namespace or focus.node else None,
            "named": [
                NamedDocument.known_of(note) | {"says": says}
                for note, says in zip(diagnosis.named, sentences, strict=True)
            ],
            "language": language,
        }


class TimedDiagnosisDocument(DiagnosisDocument):
    """The answer about a text or an object, with its timing."""

    timing: TimingDocument


class ImpactDocument(Document):
    """How many objects suffer from a problem."""

    pods: int
    workloads: int
    services: int
    nodes: int
    others: int
    caused: int
    """How many of these suffer because others do."""
    examples: tuple[ObjectDocument, ...]


class ProblemDocument(Document):
    """One root cause in a namespace or cluster, or one trouble that nothing explains."""

    verdict: Verdict | None
    """Null for trouble that no incident explains, or that was not looked into (`unread`)."""
    incident: Annotated[str | None, OrNone]
    severity: Severity | None
    title: Words | None
    says: Words
    asked: ObjectDocument
    """The object that was diagnosed: diagnose it to get the evidence."""
    object: ObjectDocument
    """The object at fault."""
    since: Moment | None
    unread: bool
    impact: ImpactDocument

    @classmethod
    def _further(cls, value: OverviewFinding) -> dict[str, Any]:
        impact = ImpactDocument.known_of(value.impact) | {"caused": sum(value.caused.counts)}
        return {"object": value.at_fault, "impact": impact}


class OverviewDocument(Document):
    """Everything that is unhealthy in a namespace or cluster, the worst first."""

    cluster: str
    namespace: str
    """Empty for the whole cluster."""
    observed_at: Moment
    looked_at: Mapping[str, int]
    """How many objects of each kind were read."""
    gaps: tuple[GapDocument, ...]
    """What could not be read."""
    findings: tuple[ProblemDocument, ...]
    language: Language

    @classmethod
    def fields_of(cls, overview: Overview, language: Language) -> dict[str, Any]:
        """Return the fields of an overview, for `model_validate`."""
        return OverviewDocument.known_of(overview) | {"language": language}


class HypothesisOfTextDocument(Document):
    """An incident whose signatures a text matches."""

    incident: str
    score: float
    matches: tuple[MatchDocument, ...]
    named: Mapping[str, str]
    """The names that the text holds."""


class MatchingDocument(Document):
    """What a text matches, without a cluster."""

    hypotheses: tuple[HypothesisOfTextDocument, ...]
    nearest: tuple[HypothesisOfTextDocument, ...]
