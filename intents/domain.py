"""The words of Casebook as types: the page to read first.

Text or an object goes in; symptoms match signatures of incidents and become hypotheses; probes read the cluster;
evidence rules turn rows into findings; findings decide verdicts; a diagnosis comes out.

Everything here is a frozen value. Nothing here does I/O, knows a clock, or knows Slack or a Kubernetes client.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

# Pages of their own: the languages of an answer, what is measured over time, what a probe declares.
from intents.declarations import ArgDeclaration as ArgDeclaration  # noqa: PLC0414
from intents.declarations import ProbeDeclaration as ProbeDeclaration  # noqa: PLC0414
from intents.declarations import RowType as RowType  # noqa: PLC0414
from intents.languages import Language as Language  # noqa: PLC0414
from intents.languages import Text as Text  # noqa: PLC0414
from intents.plots import Line as Line  # noqa: PLC0414
from intents.plots import Plot as Plot  # noqa: PLC0414
from intents.plots import Unit as Unit  # noqa: PLC0414

# A value of a row or of a captured name: what CEL can compare without conversion.
Value = str | int | float | bool | tuple[str, ...]
# Plain JSON as the API server sent it.
Json = dict[str, Any]

EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})


class Verdict(StrEnum):
    """What may be claimed of a hypothesis. Rules, not feelings: see `intents.verdicts`."""

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    POSSIBLE = "possible"
    RULED_OUT = "ruled out"
    OFFERED = "offered"  # of a capability alone: the cluster shows what it is for. Says nothing about a cause


class Outcome(StrEnum):
    """What an evidence rule came to."""

    SUPPORTS = "supports"
    REFUTES = "refutes"
    NEUTRAL = "neutral"
    GAP = "gap"


class Status(StrEnum):
    """How far an incident is trusted; a sandbox entry may only ever say "possible"."""

    SANDBOX = "sandbox"
    STABLE = "stable"
    DEPRECATED = "deprecated"


class Strength(StrEnum):
    """The most the cluster can honestly prove of an incident."""

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    CAPABILITY = "capability"  # nothing to prove: what one can do, whatever the cause is

    @property
    def verdict(self) -> Verdict:
        """The most that may be said of an incident."""
        return {Strength.CONFIRMED: Verdict.CONFIRMED, Strength.LIKELY: Verdict.LIKELY}.get(self, Verdict.OFFERED)


class Severity(StrEnum):
    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class GapReason(StrEnum):
    """Why something could not be read."""

    FORBIDDEN = "forbidden"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not found"
    EXPIRED = "expired"
    TIMED_OUT = "timed out"
    UNREACHABLE = "unreachable"
    THROTTLED = "throttled"
    SERVER_ERROR = "server error"
    TRUNCATED = "truncated"
    NOT_CONFIGURED = "not configured"
    NO_CLUSTER = "no cluster"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ObjectRef:
    """An object of a cluster. `namespace` is empty for a cluster-scoped one, `uid` where it was not read."""

    kind: str
    namespace: str = ""
    name: str
    uid: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    def is_named_as(self, other: ObjectRef) -> bool:
        """Whether both have one name, whichever object bears it: uids are not compared."""
        return (self.kind, self.namespace, self.name) == (other.kind, other.namespace, other.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Focus:
    """What a request is about, as far as it is known: every field may be empty.

    Probes read about the focus. `name` empty means "whatever fits in `namespace`", both empty "anywhere".
    """

    kind: str = ""
    namespace: str = ""
    name: str = ""
    container: str = ""
    node: str = ""

    @property
    def names_object(self) -> bool:
        return bool(self.name)

    def __str__(self) -> str:
        if not self.name:
            return f"namespace {self.namespace}" if self.namespace else "the cluster"
        return str(ObjectRef(kind=self.kind or "object", namespace=self.namespace, name=self.name))


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Permission:
    """One RBAC rule a read or a write needs, e.g. get on coordination.k8s.io/leases."""

    verb: str
    group: str = ""
    resource: str

    def __str__(self) -> str:
        return f"{self.verb} on {self.group + '/' if self.group else ''}{self.resource}"


# --- the request: what was said -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PastedTime:
    """A time written in a pasted line, as exact as the line is.

    klog writes neither year nor zone: then `year_known` and `zone_known` are false, `at` has year 1900 and is naive.
    """

    at: datetime
    year_known: bool
    zone_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A name captured from text. `kind` is a word of the vocabulary in `intents.symptoms`: pod, namespace, node …"""

    kind: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """One meaningful line of the text. `line` counts from 1 in the text as it was pasted."""

    line: int
    text: str
    entities: tuple[Entity, ...] = ()
    dated: bool = False  # whether it tells a time, as a log line of its own does
    subject: ObjectRef | None = None  # the object whose event, log or status said it, where the text is the cluster's


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureMatch:
    """Why a hypothesis was raised: which line matched which signature, how well, and what it captured."""

    signature: str
    line: int
    quote: str
    score: float
    captures: Mapping[str, str] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """An incident that may explain the request. `score` is calibrated to [0, 1]; `named` is what the text captured."""

    incident: str
    score: float
    matches: tuple[SignatureMatch, ...] = ()
    named: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    when: PastedTime | None = None
    pointed_to_by: str = ""  # the incident whose supporting finding points here, when no text raised it


# --- what the cluster said ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What could not be read and why. Never silently dropped, never read as "fine".

    `detail_zh` is the detail in Chinese, where it is our own sentence and not somebody's message. A `quiet` one is of a
    source that nobody has set up: it stands in the details only, and is no reason to believe or doubt anything.
    """

    what: str
    reason: GapReason
    permission: Permission | None = None
    detail: str = ""
    detail_zh: str = ""
    quiet: bool = False

    @property
    def says(self) -> Text:
        why = self.detail or str(self.reason)
        return Text(
            en=f"cannot read {self.what}: {f'needs {self.permission}' if self.permission else why}",
            zh=f"无法读取 {self.what}：{f'缺少权限 {self.permission}' if self.permission else self.detail_zh or why}",
        )

    def __str__(self) -> str:
        return self.says.en


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a read: the values CEL compares, and the evidence they stand on.

    `quote` is verbatim from the cluster, `reproduce` the kubectl line that shows it again, `at` when the fact happened,
    where that is known; if it `lasts`, it has been so since then. `points` are a metric's (seconds since 1970, value)
    over the time that was asked about.
    """

    values: Mapping[str, Value]
    subject: ObjectRef
    quote: str = ""
    reproduce: str = ""
    at: datetime | None = None
    lasts: bool = False
    points: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a probe returned.

    With gaps the rows are a part of the truth: they can prove presence, never absence. `missing` names the object
    that the request is about and that is not there (deleted, or never existed): nothing is refuted by its absence.
    `not_applicable` says why the question has no meaning in this cluster (its kind is not installed).
    """

    rows: tuple[Row, ...] = ()
    gaps: tuple[Gap, ...] = ()
    missing: str = ""
    not_applicable: str = ""


# --- what is concluded ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows shown to the reader, already formatted."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An evidence rule's outcome as one sentence that names the object."""

    rule: str
    outcome: Outcome
    says: Text
    decisive: bool = False
    subject: ObjectRef | None = None
    quote: str = ""
    reproduce: str = ""
    rows: tuple[Row, ...] = ()
    table: Table | None = None
    gaps: tuple[Gap, ...] = ()
    points_to: str = ""
    pasted: bool = False  # rests on the text alone
    plot: Plot | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One manual step of a runbook with the real names filled in."""

    says: Text
    run: str = ""
    warning: Text | None = None


class Expects(StrEnum):
    """What somebody asked for a value may answer."""

    TEXT = "text"
    NAME = "name"  # of an object
    NUMBER = "number"
    QUANTITY = "quantity"  # 250m, 2Gi
    UID = "uid"  # of a user in a container, above 0
    IMAGE = "image"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A value to be typed before a remedy is carried out; `{input.<id>}` stands for it in the remedy's arguments."""

    id: str
    label: Text
    default: str = ""
    expects: Expects = Expects.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A remediation that applies: what would be done to what. Whether it may be done is decided at the press.

    One that is no fix says `done` once the rule `until` holds.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Custodian:
    """Whoever applies an object from a source and may take a change of it back: Argo CD, Flux, Helm.

    `says` who and how soon, `sources` where the change belongs (an empty url where no page of it is known), `unread`
    what of this could not be found out.
    """

    name: str
    says: Text
    sources: tuple[Link, ...] = ()
    unread: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A hypothesis with its findings and the verdict they allow."""

    hypothesis: Hypothesis
    verdict: Verdict
    title: Text
    severity: Severity
    root_cause: Text
    impact: Text
    subject: ObjectRef | None = None
    findings: tuple[Finding, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    runbook: tuple[Step, ...] = ()
    links: tuple[Link, ...] = ()
    effect_of: str = ""  # the upstream incident of this diagnosis that explains this one
    capability: bool = False  # what one can do; its verdict is none about a cause

    @property
    def incident(self) -> str:
        return self.hypothesis.incident


class Part(StrEnum):
    """Whose moment it is, where one incident explains another."""

    NONE = ""
    CAUSE = "cause"
    EFFECT = "effect"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something that happened to an object, `count` times from then on; or that has been so since, if it `lasts`."""

    at: datetime
    subject: ObjectRef
    says: Text
    incident: str
    part: Part = Part.NONE
    count: int = 1
    lasts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Something read of the object asked about that no incident explains."""

    subject: ObjectRef
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """The catalog entry next to a text that matched nothing, and what would decide for it."""

    incident: str
    title: Text
    score: float
    decided_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The answer: ranked hypotheses with their verdicts, what could not be read, what stays unexplained."""

    focus: Focus
    cluster: str = ""
    observed_at: datetime | None = None
    owners: tuple[ObjectRef, ...] = ()  # from the object asked about up to its topmost controller
    hypotheses: tuple[Judged, ...] = ()
    timeline: tuple[Moment, ...] = ()  # empty where there is no story to tell
    gaps: tuple[Gap, ...] = ()
    unexplained: tuple[Observation, ...] = ()
    nearest: tuple[Nearest, ...] = ()
    api_calls: int = 0
