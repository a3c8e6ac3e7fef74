"""Define the terms of Casebook as types: the module to read first.

Text or an object goes in. Symptoms match signatures of incidents and become hypotheses; probes read the cluster;
evidence rules turn rows into findings; findings decide verdicts; a diagnosis comes out.

Everything here is a frozen value. Nothing here does I/O, reads a clock, or knows Slack or a Kubernetes client.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

# Terms with a module of their own.
from intents.declarations import ArgDeclaration as ArgDeclaration  # noqa: PLC0414
from intents.declarations import ProbeDeclaration as ProbeDeclaration  # noqa: PLC0414
from intents.declarations import RowType as RowType  # noqa: PLC0414
from intents.gaps import Gap as Gap  # noqa: PLC0414
from intents.gaps import GapReason as GapReason  # noqa: PLC0414
from intents.gaps import Permission as Permission  # noqa: PLC0414
from intents.languages import Language as Language  # noqa: PLC0414
from intents.languages import Text as Text  # noqa: PLC0414
from intents.named_objects import Dependent as Dependent  # noqa: PLC0414
from intents.named_objects import Dependents as Dependents  # noqa: PLC0414
from intents.named_objects import Entity as Entity  # noqa: PLC0414
from intents.named_objects import Existence as Existence  # noqa: PLC0414
from intents.named_objects import Focus as Focus  # noqa: PLC0414
from intents.named_objects import NamedObject as NamedObject  # noqa: PLC0414
from intents.named_objects import ObjectKey
from intents.named_objects import ObjectRef as ObjectRef  # noqa: PLC0414
from intents.plots import Plot as Plot  # noqa: PLC0414
from intents.plots import PlotLine as PlotLine  # noqa: PLC0414
from intents.plots import Unit as Unit  # noqa: PLC0414

# A value of a row or of a captured name: CEL compares it without conversion.
Value = str | int | float | bool | tuple[str, ...]
# Plain JSON as the API server sent it.
Json = dict[str, Any]

EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})


class Verdict(StrEnum):
    """The verdict on a hypothesis. `intents.verdicts` has the rules."""

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    POSSIBLE = "possible"
    RULED_OUT = "ruled out"
    OFFERED = "offered"  # only for a capability: the cluster shows that it applies


class FindingOutcome(StrEnum):
    """The outcome of an evidence rule."""

    SUPPORTS = "supports"
    REFUTES = "refutes"
    NEUTRAL = "neutral"
    GAP = "gap"


class Status(StrEnum):
    """The maturity of an incident's entry; one in the sandbox is never more than "possible"."""

    SANDBOX = "sandbox"
    STABLE = "stable"
    DEPRECATED = "deprecated"


class Strength(StrEnum):
    """The strongest verdict that the cluster can prove for an incident."""

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    POSSIBLE = "possible"  # nothing of the cluster tells it from other causes
    CAPABILITY = "capability"  # an action that helps whatever the cause is: nothing to prove

    @property
    def verdict(self) -> Verdict:
        """Return the strongest verdict on an incident."""
        return Verdict.OFFERED if self is Strength.CAPABILITY else Verdict(self)


class Severity(StrEnum):
    """The severity of an incident."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


# --- the request ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PastedTime:
    """A time in a pasted line, as exact as the line is.

    klog writes neither year nor zone: then `year_known` and `zone_known` are false, and `at` is naive in the year 1900.
    """

    at: datetime
    year_known: bool
    zone_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """A line of the text. `line` counts from 1 in the pasted text.

    A line that is not `told` is there on healthy objects too: it may name them, and is evidence of nothing.
    """

    line: int
    text: str
    entities: tuple[Entity, ...] = ()
    dated: bool = False  # whether it has a time, as log lines do
    told: bool = True
    subject: ObjectRef | None = None  # the object whose event, log or status it is, if it was read from the cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureMatch:
    """The reason for a hypothesis: which line matches which signature, how well, and what it captured.

    `verbatim` is how many words of a program's sentence the text has, as far as that is sure; 0 for words of people.
    """

    signature: str
    line: int
    quote: str
    score: float
    verbatim: int = 0
    captures: Mapping[str, str] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """An incident that may explain the request. `score` is calibrated to [0, 1]; `named` has the captured names."""

    incident: str
    score: float
    matches: tuple[SignatureMatch, ...] = ()
    named: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    when: PastedTime | None = None
    # What may be names, used once the cluster has such objects; or certain names of which one is meant.
    guesses: tuple[Entity, ...] = ()
    besides: Entity | None = None  # the object that the text names, if the incident is not about its kind
    alike: int = 0  # how many other objects of the same kind the text names
    pointed_to_by: str = ""  # the incident whose finding points to this one, if no text raised it
    anywhere: bool = False  # whether its sentences are those of programs, which run outside clusters as well


# --- reads of the cluster -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a read: the values that CEL compares, and their evidence.

    `quote` is verbatim from the cluster; `reproduce` is the kubectl line that shows it again. `at` is when the fact
    happened, if known; if it `lasts`, it has been true since then. `points` are a metric's (seconds since 1970, value).
    """

    values: Mapping[str, Value]
    subject: ObjectRef
    quote: str = ""
    reproduce: str = ""
    at: datetime | None = None
    lasts: bool = False
    points: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """The result of a probe.

    With gaps the rows are incomplete: they can prove presence, never absence. `missing` names the requested object if
    it does not exist: its absence refutes nothing. `not_applicable` says why the read makes no sense in this cluster,
    such as a kind that is not installed. `looked_at` counts the objects in question where only those in trouble have
    rows: without any of them nothing is refuted. `skipped` marks a read that was not made, since the rule that calls
    for it does not hold.
    """

    rows: tuple[Row, ...] = ()
    gaps: tuple[Gap, ...] = ()
    missing: str = ""
    not_applicable: str = ""
    looked_at: int = 0
    skipped: bool = False


# --- conclusions ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table for the reader, already formatted."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The outcome of an evidence rule as a sentence that names the object."""

    rule: str
    outcome: FindingOutcome
    says: Text
    decisive: bool = False
    may_refute: bool = False  # of a gap: whether its rule could refute
    subject: ObjectRef | None = None
    quote: str = ""
    reproduce: str = ""
    rows: tuple[Row, ...] = ()
    table: Table | None = None
    gaps: tuple[Gap, ...] = ()
    pasted: bool = False  # whether it rests on the text alone
    plot: Plot | None = None

    @property
    def is_cluster_support(self) -> bool:
        """Tell whether it is a fact of the cluster, not of the text alone, that supports its incident."""
        return self.outcome is FindingOutcome.SUPPORTS and not self.pasted


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A manual step of a runbook, with the real names filled in."""

    says: Text
    run: str = ""
    warning: Text | None = None


class InputType(StrEnum):
    """The kind of value that a question expects."""

    TEXT = "text"
    NAME = "name"  # of an object
    NUMBER = "number"
    QUANTITY = "quantity"  # 250m, 2Gi
    UID = "uid"  # of a user in a container, above 0
    IMAGE = "image"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question for a value that a remedy needs; `{input.<id>}` stands for the value in its arguments."""

    id: str
    label: Text
    default: str = ""
    expects: InputType = InputType.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A remediation that applies: an action and its target. The policy is checked when its button is pressed.

    One that does not fix the cause says `done` once the rule `until` holds. `later` says when its success will show, if
    not at once.
    """

    id: str
    action: str
    title: Text
    target: ObjectRef | None
    args: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    asks: tuple[Question, ...] = ()
    risk: str = "low"
    warning: Text | None = None
    until: str = ""
    done: Text | None = None
    later: Text | None = None
    button: Text | None = None  # the button's label, if the action's own words are too general


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link to further reading."""

    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalManager:
    """A tool that applies an object from a source and may revert a change to it: Argo CD, Flux, Helm.

    `says` tells which tool and how soon it reverts. `sources` link to where the change belongs; the url is empty if
    unknown. `unread` says what could not be determined.
    """

    name: str
    says: Text
    sources: tuple[Link, ...] = ()
    unread: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class HypothesisKey:
    """The identity of a hypothesis in its diagnosis: one incident may have happened to two objects."""

    incident: str
    subject: ObjectRef | None = None  # without its uid


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedHypothesis:
    """A hypothesis about one object at fault, with its findings and its verdict."""

    hypothesis: Hypothesis
    verdict: Verdict
    title: Text
    severity: Severity
    root_cause: Text = field(default_factory=lambda: Text.same(""))
    impact: Text = field(default_factory=lambda: Text.same(""))
    summary: Text = field(default_factory=lambda: Text.same(""))  # cause and object in one short sentence
    subject: ObjectRef | None = None
    candidates: tuple[ObjectRef, ...] = ()  # what it may be about, where nothing tells which object is meant
    findings: tuple[Finding, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    runbook: tuple[Step, ...] = ()
    links: tuple[Link, ...] = ()
    owners: frozenset[ObjectKey] = frozenset()  # the objects of its evidence, with what owns them
    calls: frozenset[ObjectKey] = frozenset()  # the Services that these call
    served_by: frozenset[ObjectKey] = frozenset()  # the Services that select these
    cause: HypothesisKey | None = None  # of the hypothesis of this diagnosis that explains this one
    behind: Focus | None = None  # the Service behind the requested object about which it was judged
    capability: bool = False  # whether it is a capability: its verdict is not about a cause

    @property
    def incident(self) -> str:
        return self.hypothesis.incident

    @property
    def key(self) -> HypothesisKey:
        """Return what tells it from the other hypotheses of its diagnosis."""
        subject = self.subject
        return HypothesisKey(self.incident, replace(subject, uid="") if subject and subject.uid else subject)

    @property
    def effect_of(self) -> str:
        """Return the incident that explains this one, "" for none."""
        return self.cause.incident if self.cause else ""

    @property
    def cluster_support(self) -> tuple[Finding, ...]:
        """Return the findings of the cluster, not of the text alone, that support it."""
        return tuple(each for each in self.findings if each.is_cluster_support)


class ChainRole(StrEnum):
    """The part of an incident in a chain of cause and effect."""

    NONE = ""
    CAUSE = "cause"
    EFFECT = "effect"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEvent:
    """An event of an object: `count` times from `at`, or since then if it `lasts`; `verbatim`: the cluster's words."""

    at: datetime
    subject: ObjectRef
    says: Text
    incident: str
    part: ChainRole = ChainRole.NONE
    count: int = 1
    lasts: bool = False
    verbatim: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Something about the requested object that no incident explains."""

    subject: ObjectRef
    quote: str
    times: int = 1  # how often it was reported


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentChange:
    """A change of an object shortly before the trouble began. `what` is empty if only the time is known."""

    subject: ObjectRef
    at: datetime
    before_s: int  # from the change to the beginning of the trouble
    what: tuple[str, ...] = ()
    revision: int = 0  # the number that the change made, 0 for an object without revisions
    by: str = ""  # the field manager
    says: Text | None = None  # what happened, if it is not a change of fields


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestEntry:
    """The nearest catalog entry of a text that matched nothing, and the evidence that would decide for it."""

    incident: str
    title: Text
    score: float
    decided_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The result of a diagnosis: ranked hypotheses with verdicts, gaps, and unexplained observations."""

    focus: Focus
    named: tuple[NamedObject, ...] = ()  # what is to be said first about the objects that the text names
    cluster: str = ""
    observed_at: datetime | None = None
    owners: tuple[ObjectRef, ...] = ()  # from the requested object up to its topmost controller
    connected: frozenset[ObjectKey] = frozenset()  # what the requested object needs, and what needs it
    hypotheses: tuple[JudgedHypothesis, ...] = ()
    timeline: tuple[TimelineEvent, ...] = ()  # empty without a cause and its effect, or several events
    gaps: tuple[Gap, ...] = ()
    unexplained: tuple[Observation, ...] = ()
    changes: tuple[RecentChange, ...] = ()  # the newest first
    standing: tuple[Text, ...] = ()  # a state of the requested object that is no fault, and what is known of it
    well: Text | None = None  # what the status of the requested object shows, if that is no trouble
    impact: tuple[Dependents, ...] = ()  # whom the leading cause hits
    unchecked: bool = False  # whether the kind of the requested object has no rules of health
    nearest: tuple[NearestEntry, ...] = ()
    runbook: str = ""  # the address of the runbook that the alert names
    api_calls: int = 0
