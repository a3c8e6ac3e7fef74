"""The shape of an incident file, strict: an unknown key, a wrong type or a missing language is an error.

The JSON Schema printed by `casebook schema` is generated from these models; editors check and complete entries with it.
Field descriptions are the authoring guide.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from intents.catalog.fields import Id, Key, Line, LocalText, Model, Sentence
from intents.catalog.signatures import Signature, Written, in_full
from intents.domain import FindingOutcome, InputType, Severity, Status, Strength, Unit, Verdict
from intents.field_descriptions import describe


class Risk(StrEnum):
    LOW = "low"
    DISRUPTIVE = "disruptive"
    DATA_LOSS = "data-loss"


class Read(Model):
    """One read of the cluster by a probe; `casebook probes` lists probes, their arguments and their rows' keys."""

    probe: Id
    """Its name."""
    args: dict[Key, Any] = Field(default_factory=dict)
    """Literals, or templates over {named.…} and {target.…}."""


class PlotOf(Model):
    """What a plot of the rule's read shows: every row that has a history is a line."""

    title: LocalText
    label: Key
    """The row key that names a line."""
    limit: float
    """Drawn as a line: what lies above is too much."""
    unit: Unit = Unit.SECONDS


class Otherwise(Sentence, Model):
    """What it means when the rule does not hold, and everything it needs could be read."""

    verdict: Literal[FindingOutcome.REFUTES, FindingOutcome.NEUTRAL] = FindingOutcome.REFUTES
    """Not said where something could not be read, or where the object that was named does not exist."""
    says: LocalText


class Rule(Sentence, Model):
    """One evidence rule: CEL over the rows of a read."""

    id: Id
    """What other parts call it: `only_if`, `rows_of`, and templates as {<id>.<key>} of its first matching row."""
    each: Key | Literal[""] = ""
    """The read whose rows `when` is asked of, as `row`. Without it `when` sees every read by its name, as a list."""
    when: Line
    """CEL over row, named, target, now (seconds since 1970) and the reads; compares, does not compute."""
    need: Annotated[int, Field(ge=1)] | Literal["any", "all", "none"] = "any"
    """How many rows must satisfy `when`."""
    distinct: Key | Literal[""] = ""
    """Count distinct values of this row key instead of rows."""
    finds: Literal[FindingOutcome.SUPPORTS, FindingOutcome.REFUTES, FindingOutcome.NEUTRAL] = FindingOutcome.SUPPORTS
    """What it means when the rule holds."""
    decisive: bool = False
    """Its support alone confirms (as far as `strongest` allows)."""
    pasted: bool = False
    """Rests on what the text captured, not on the cluster. Decisive, beside any support from the cluster, it confirms
    whatever `strongest` says."""
    says: LocalText
    """A sentence naming the object: {row.…} is the first matching row, {rows.…} all, {count}, {total}, {named.…}."""
    table: tuple[Line, ...] = ()
    """Row keys to show as a table, each optionally with a format: `free_mem:bytes`."""
    plot: PlotOf | None = None
    """Where the rule holds, what the read saw over time is shown as a picture."""
    otherwise: Otherwise | None = None
    """What it means when the rule does not hold. Without it: nothing."""
    points_to: Id | Literal[""] = ""
    """The upstream incident to look at when this rule holds."""

    @model_validator(mode="after")
    def _quantifies_over_rows(self) -> Rule:
        if not self.each and (self.need != "any" or self.distinct or self.table or self.plot):
            raise ValueError("`need`, `distinct`, `table` and `plot` are about rows: name a read in `each`")
        if self.distinct and not isinstance(self.need, int):
            raise ValueError("`distinct` counts: `need` must be a number")
        if self.decisive and self.finds is not FindingOutcome.SUPPORTS:
            raise ValueError("only a supporting rule is decisive; a refuting finding always is")
        if self.pasted and self.each:
            raise ValueError("a pasted rule has no rows")
        return self


class TargetTemplate(Model):
    """The object that a remedy writes to; each part is a template."""

    kind: Line
    namespace: str = ""
    """Empty for objects outside namespaces."""
    name: Line


class Question(Model):
    """A value that the person types before anything happens; `{input.<id>}` stands for it in the arguments."""

    id: Key
    """Its name in {input.<id>}."""
    label: LocalText
    default: str = ""
    """What the dialog suggests; a template like the arguments."""
    expects: Annotated[InputType, Field(alias="is")] = InputType.TEXT
    """text, name, number, quantity (250m, 2Gi), uid or image: what else is typed is refused."""


class Remediation(Model):
    """An action offered as a button; declared here in full, carried out by `bot.remedies`."""

    id: Id
    """Its name within the entry."""
    action: Id
    """What is done; the actions stand below."""
    title: LocalText
    rows_of: Id | Literal[""] = ""
    """The rule whose first matching row fills {row.…}; it must hold. Without it: the best supporting finding's."""
    target: TargetTemplate
    """The object to write to: kind, namespace, name, as templates over {row.…}, {named.…} and {<rule>.…}."""
    args: dict[Key, Any] = Field(default_factory=dict)
    """The arguments of the action; they stand below."""
    asks: tuple[Question, ...] = ()
    """What the dialog asks for before the preview."""
    only_if: tuple[Id, ...] = ()
    """Rules that must hold, judged again at the press."""
    risk: Risk = Risk.LOW
    """What the dialog says, and what a policy may ask a second person for."""
    warning: LocalText | None = None
    """Stands above the preview: when this is the wrong remedy."""
    until: Id | Literal[""] = ""
    """For what is no fix: the rule that holds once it has taken effect. It is then told as done, not as fixed."""
    done: LocalText | None = None
    """What is said then."""

    @model_validator(mode="after")
    def _says_what_is_done(self) -> Remediation:
        if bool(self.until) != bool(self.done):
            raise ValueError("`until` and `done` go together: a rule, and what is said once it holds")
        return self


class RunbookStep(Sentence, Model):
    says: LocalText
    run: str = ""
    """Commands to copy; {names} are filled in and quoted for the shell. A literal brace is doubled."""
    warning: LocalText | None = None
    """What can go wrong with it."""


class LinkTo(Model):
    """Where more is written."""

    title: Line
    url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]


class Examples(Model):
    match: Annotated[tuple[Line, ...], Field(min_length=3)]
    """Texts as people paste them; this incident must come first for each."""
    other: Annotated[tuple[Line, ...], Field(min_length=2)]
    """Near misses; this incident must not come first."""


class Ask(Model):
    """What is asked in a case: a text, or an object."""

    text: str = ""
    """What is pasted."""
    example: str = ""
    """Words of the example that is pasted, enough to tell it from the others."""
    pod: str = ""
    """The pod that is asked about: namespace/name."""
    object: Annotated[str, StringConstraints(pattern=r"^([A-Z]\w+/([^/]+/)?[^/]+)?$")] = ""
    """The object that is asked about: Kind/namespace/name or Kind/name."""
    namespace: str = ""
    """The namespace hint given with a text (-n)."""

    @model_validator(mode="after")
    def _one_form(self) -> Ask:
        if sum(map(bool, (self.text, self.example, self.pod, self.object))) != 1:
            raise ValueError("ask one of `text`, `example`, `pod` and `object`")
        return self


class Change(Model):
    """A JSON merge patch (RFC 7386) to one object of the case this one is like."""

    object: Line
    """Kind/namespace/name or Kind/name"""
    merge: dict[str, Any] | None
    """null removes the object."""


Place = Annotated[str, StringConstraints(pattern=r"^[A-Z]\w*/([^/]+/)?[^/]+$")]


class World(Model):
    """A cluster's state: what the simulated cluster loads, beside the healthy nodes and workloads of every cluster."""

    scene: dict[Place, dict[str, Any] | None] | None = None
    """What is there in health, by Kind/namespace/name, in a few words each; the controllers make what belongs to it."""
    faults: dict[Place, dict[str, Any] | None] | None = None
    """What differs from that, by the same names, those of made pods included."""
    objects: tuple[dict[str, Any], ...] = ()
    """Manifests, trimmed. Defaults, uids and owner references are filled in; times may be relative: `-5m`."""
    events: tuple[dict[str, Any], ...] = ()
    """{for: Kind/namespace/name, reason, message, type, count, first, last}"""
    logs: tuple[dict[str, Any], ...] = ()
    """{pod: namespace/name, container, text, previous, since}"""
    metrics: tuple[dict[str, Any], ...] = ()
    """Series of its Prometheus; without any it has none."""
    forbidden: tuple[str | dict[str, Any], ...] = ()
    """Reads that are refused: `get pods/log`, `* storageclasses.storage.k8s.io`, or {verb, group, resource}."""
    reactions: tuple[dict[str, Any], ...] = ()
    """What a write brings about where it is not the usual: {when: deleted, object: Pod/shop/api-0, becomes: healthy}"""


class Case(Model):
    """A cluster state and the verdict it must lead to. Drives the tests, `casebook lint` and the playground."""

    name: Line
    """What is so in this state."""
    ask: Ask | None = None
    """Default: the first of `examples.match`."""
    like: str = ""
    """The beginning of the name of an earlier case, whose state this one starts from. What is given here is a merge
    patch of that: scene and faults are merged (null removes an object, or all of them), lists are replaced."""
    given: World = World()
    """The state of the cluster."""
    change: tuple[Change, ...] = ()
    """What differs in `objects` from the case it is like."""
    healthy: bool = False
    """The twin: the same objects and names, only the fault gone."""
    then: Verdict
    """The verdict on this incident: confirmed, likely, possible or ruled out; offered, for a capability."""
    also: tuple[Id, ...] = ()
    """Other incidents that are confirmed in this state, because they are there as well."""


class Incident(Model):
    """What can go wrong: how it is recognised, proven, explained and remedied."""

    id: Id
    """The name of the file, without .yaml."""
    status: Status
    """sandbox: may only ever say possible, and needs no cases; stable; deprecated."""
    strongest: Strength
    """The most that the cluster can honestly prove: confirmed, likely, or capability for what is no cause but can be
    done about one."""
    title: LocalText
    severity: Severity
    """info, warning or critical."""
    kinds: tuple[str, ...] = ()
    """Kinds of objects whose diagnosis raises this incident with no text at all; a capability is also asked about those
    that an answer turns out to be about, as far as `about` has a word for them."""
    written: Annotated[tuple[Written, ...], Field(min_length=1, alias="signatures")]
    """How a text shows it: phrases, lists of phrases, `{told: …}`, or signatures with keys of their own."""
    unless: tuple[Line, ...] = ()
    """Phrases that tell that the same words are said of something else (`docker compose`, beside a pull that failed):
    near one of them nothing is recognised."""
    about: tuple[Key, ...] = ("pod", "statefulset", "deployment", "daemonset", "job")
    """Which captured name is the object this incident is about: the first of these words that the text names."""
    reads: dict[Key, Read] = Field(default_factory=dict)
    """What is read of the cluster, by names that the rules use."""
    evidence: tuple[Rule, ...] = ()
    """What the rows prove."""
    root_cause: LocalText
    impact: LocalText
    false_positives: tuple[LocalText, ...] = ()
    """What looks alike and is something else."""
    remediations: tuple[Remediation, ...] = ()
    """Buttons."""
    runbook: Annotated[tuple[RunbookStep, ...], Field(min_length=1)]
    """What people do by hand, in order."""
    links: tuple[LinkTo, ...] = ()
    """{title, url}"""
    causes: tuple[Id, ...] = ()
    """Upstream incidents that would explain this one."""
    examples: Examples
    """Texts that are it, and texts that are not."""
    cases: tuple[Case, ...] = ()
    """States of a cluster with the verdict that each must lead to; the first is the one that the demo shows."""

    @model_validator(mode="after")
    def _names_are_unique(self) -> Incident:
        for what, names in (
            ("evidence", [rule.id for rule in self.evidence]),
            ("remediations", [remedy.id for remedy in self.remediations]),
            ("cases", [case.name for case in self.cases]),
        ):
            if twice := {name for name in names if names.count(name) > 1}:
                raise ValueError(f"{what}: {', '.join(sorted(twice))} given twice")
        return self

    @cached_property
    def signatures(self) -> tuple[Signature, ...]:
        """Return its signatures, each by itself."""
        return tuple(in_full(self.written))

    def rule(self, rule_id: str) -> Rule | None:
        """Return a rule by its id, None if there is none of it."""
        return next((rule for rule in self.evidence if rule.id == rule_id), None)


def describe_fields() -> None:
    """Give the fields of all models here their descriptions: what the authoring guide and the JSON Schema say."""
    describe(*Model.__subclasses__())
