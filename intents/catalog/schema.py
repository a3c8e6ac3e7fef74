"""Define the schema of an incident file, strictly: an unknown key, a wrong type or a missing language is an error.

The JSON Schema printed by `casebook schema` is generated from these models; editors check and complete entries with it.
Field descriptions are the authoring guide.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints, model_validator

from intents.catalog.fields import Cause, Consequence, Id, Key, Line, LocalText, Model, Sentence, describe
from intents.catalog.signatures import Phrases, Signatures
from intents.domain import FindingOutcome, InputType, Severity, Status, Strength, Unit, Verdict
from intents.packed import Packed


class Risk(StrEnum):
    """The risk of a remedy."""

    LOW = "low"
    DISRUPTIVE = "disruptive"
    DATA_LOSS = "data-loss"


class Read(Model):
    """One read of the cluster by a probe; `casebook probes` lists probes, their arguments and their rows' keys."""

    probe: Id
    """Its name."""
    args: dict[Key, Any] = Field(default_factory=dict)
    """Literals, or templates over {named.…} and {target.…}."""
    after: Id | Literal[""] = ""
    """Made only if this rule holds or could not be judged: spares a healthy object the reads that explain trouble."""
    shared: bool = False
    """Its rows are about what all objects of the cluster depend on, such as its DNS or etcd: they count for every
    object, are judged together, and a text needs no name for them."""


class PlotOf(Model):
    """A plot of the rule's read: every row that has a history is a line."""

    title: LocalText
    """A template over the first row."""
    label: Key
    """The row key that names a line."""
    limit: Annotated[float | Key, Field(union_mode="left_to_right")]
    """The limit, drawn as a line: values above it are too high. Or the row key that has it."""
    unit: Annotated[Unit | Key, Field(union_mode="left_to_right")] = Unit.SECONDS
    """seconds, count, share (of 1), or the row key that has it."""


class Otherwise(Sentence, Model):
    """The finding if the rule does not hold although everything it needs could be read."""

    verdict: Literal[FindingOutcome.REFUTES, FindingOutcome.NEUTRAL] = FindingOutcome.REFUTES
    """Not shown if something could not be read, or if the named object does not exist."""
    says: LocalText


class Rule(Sentence, Model):
    """One evidence rule: CEL over the rows of a read."""

    id: Id
    """The name for `only_if`, `rows_of`, and for templates: {<id>.<key>} is a key of its first matching row."""
    each: Key | Literal[""] = ""
    """The read whose rows `when` tests, as `row`. Without it `when` sees every read by its name, as a list."""
    when: Line
    """CEL over named, target, now (seconds since 1970), and row with `each`, else the reads by name. It compares."""
    about: Line | Literal[""] = ""
    """CEL that a row about the thing in question satisfies: the rule refutes only if there is one. Without it: any."""
    need: Annotated[int, Field(ge=1)] | Literal["any", "all", "none"] = "any"
    """The number of rows that must satisfy `when`."""
    distinct: Key | Literal[""] = ""
    """Count distinct values of this row key instead of rows."""
    finds: Literal[FindingOutcome.SUPPORTS, FindingOutcome.REFUTES, FindingOutcome.NEUTRAL] = FindingOutcome.SUPPORTS
    """The finding if the rule holds."""
    decisive: bool = False
    """If it holds, this alone confirms the incident (as far as `strongest` allows)."""
    pasted: bool = False
    """Rests on what the text captured, not on the cluster. Decisive, beside any support from the cluster, it confirms
    whatever `strongest` says."""
    says: LocalText
    """A sentence naming the object: {row.…} is the first matching row, {rows.…} all, {count}, {total}, {named.…}."""
    summary: LocalText | None = None
    """The cause and its object in one short sentence where this rule holds: the first line of the answer. Of several
    rules about the same object the first one's counts; without one, the incident's own summary."""
    table: tuple[Line, ...] = ()
    """Row keys to show as a table, each optionally with a format: `free_mem:bytes`."""
    plot: PlotOf | None = None
    """If the rule holds, the history of the read is shown as a picture."""
    otherwise: Otherwise | None = None
    """The finding if the rule does not hold. Without it: neutral."""

    @property
    def may_refute(self) -> bool:
        """Return whether one of its answers refutes the incident."""
        return self.refutes_otherwise or self.finds is FindingOutcome.REFUTES

    @property
    def refutes_otherwise(self) -> bool:
        """Return whether the incident is refuted if the rule does not hold."""
        return self.otherwise is not None and self.otherwise.verdict is FindingOutcome.REFUTES

    @model_validator(mode="after")
    def _quantifies_over_rows(self) -> Rule:
        if not self.each and (self.need != "any" or self.distinct or self.table or self.plot or self.about):
            raise ValueError("`need`, `about`, `distinct`, `table` and `plot` are about rows: name a read in `each`")
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
    """A value that the person enters before the preview; the arguments use it as `{input.<id>}`."""

    id: Key
    """Its name in {input.<id>}."""
    label: LocalText
    default: str = ""
    """The value the dialog suggests; a template like the arguments."""
    expects: Annotated[InputType, Field(alias="is")] = InputType.TEXT
    """text, name, number, quantity (250m, 2Gi), uid or image: any other input is rejected."""


class Symptom(Sentence, Model):
    """The rule that tells whether what was broken is well again: CEL over the rows of a read, as in `evidence`."""

    each: Key | Literal[""] = ""
    """The read whose rows `when` tests, as in a rule of `evidence`."""
    when: Line
    """CEL that holds once the symptom is gone."""
    need: Annotated[int, Field(ge=1)] | Literal["any", "all", "none"] = "any"
    """The number of rows that must satisfy `when`. A read without rows proves nothing, except for `none`."""
    says: LocalText
    """The sentence below FIXED: what is well now."""
    otherwise: LocalText
    """The sentence while the rule does not hold: what is still broken."""

    @property
    def rule(self) -> Rule:
        """Return it as a rule, to be checked and evaluated like those of `evidence`."""
        otherwise = Otherwise(verdict=FindingOutcome.NEUTRAL, says=self.otherwise)
        return Rule(
            id="fixed-when",
            each=self.each,
            when=self.when,
            need=self.need,
            finds=FindingOutcome.NEUTRAL,
            says=self.says,
            otherwise=otherwise,
        )


class Remediation(Model):
    """An action offered as a button; declared here in full, applied by `bot.remedies`."""

    id: Id
    """Its name within the entry."""
    action: Id
    """The action; all actions are listed below."""
    title: LocalText
    button: LocalText | None = None
    """A verb and its object in at most 30 characters; the button's label, if the action's own words are too general."""
    rows_of: Id | Literal[""] = ""
    """The rule whose first matching row fills {row.…}; it must hold. Without it: the best supporting finding's."""
    target: TargetTemplate
    """The object to write to: kind, namespace, name, as templates over {row.…}, {named.…} and {<rule>.…}."""
    args: dict[Key, Any] = Field(default_factory=dict)
    """The arguments of the action; they are listed below."""
    asks: tuple[Question, ...] = ()
    """The fields the dialog asks for before the preview."""
    only_if: tuple[Id, ...] = ()
    """Rules that must hold, evaluated again when the button is pressed."""
    risk: Risk = Risk.LOW
    """Shown in the dialog; a policy may require an approver for it."""
    warning: LocalText | None = None
    """Shown above the preview: when this is the wrong remedy."""
    until: Id | Literal[""] = ""
    """For a remedy that does not fix the cause: the rule that holds once it has taken effect. The result is "done"."""
    done: LocalText | None = None
    """The result that is then shown."""
    fixed_when: Symptom | Literal["healthy"] | None = None
    """How the verification sees that the symptom is gone: a rule over the reads, or `healthy`: the object in question
    is healthy by the rules of its kind. The result is "fixed" only if the cause and the symptom are gone."""
    shows_later: LocalText | None = None
    """For a symptom that can only be seen later: when, and where to look. The result is then never "fixed", unless the
    rule `fixed_when` holds before the verification ends."""

    @model_validator(mode="after")
    def _says_what_is_done(self) -> Remediation:
        if bool(self.until) != bool(self.done):
            raise ValueError("`until` and `done` go together: a rule, and what is said once it holds")
        if self.until and (self.fixed_when or self.shows_later):
            raise ValueError("a remedy that does not fix the cause, with `until`, has no `fixed_when` or `shows_later`")
        return self


class RunbookStep(Sentence, Model):
    """A manual step."""

    says: LocalText
    run: str = ""
    """Commands to copy; {names} are filled in and quoted for the shell. A literal brace is doubled."""
    warning: LocalText | None = None
    """The risk of the action."""
    only_if: tuple[Id, ...] = ()
    """It is shown if one of these rules holds; without rules it always is."""


class LinkTo(Model):
    """A link to further reading."""

    title: Line
    url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]


class Examples(Model):
    """Texts that test the signatures."""

    match: Annotated[tuple[Line, ...], Field(min_length=1)]
    """Texts as people paste them, at least three; this incident must come first for each. In the sandbox one is
    enough."""
    other: tuple[Line, ...] = ()
    """Near misses, at least two; this incident must not come first. In the sandbox none is needed."""


_MATCHING: Final = 3
_NEAR_MISSES: Final = 2


class Ask(Model):
    """The question of a case: a text, or an object."""

    text: str = ""
    """The pasted text."""
    example: str = ""
    """Words of the example that is pasted, enough to identify it."""
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
    """A JSON merge patch (RFC 7386) to one object of the case in `like`."""

    object: Line
    """Kind/namespace/name or Kind/name"""
    merge: dict[str, Any] | None
    """null removes the object."""


Place = Annotated[str, StringConstraints(pattern=r"^[A-Z]\w*/([^/]+/)?[^/]+$")]


class World(Model):
    """A cluster's state: the simulated cluster loads it beside the healthy nodes and workloads it always has."""

    scene: dict[Place, dict[str, Any] | None] | None = None
    """Healthy objects by Kind/namespace/name, in a few words each; the controllers create what belongs to them."""
    faults: dict[Place, dict[str, Any] | None] | None = None
    """Differences of objects from that state, by the same names; created pods can be named too."""
    objects: tuple[dict[str, Any], ...] = ()
    """Manifests, trimmed. Defaults, uids and owner references are filled in; times may be relative: `-5m`."""
    events: tuple[dict[str, Any], ...] = ()
    """{for: Kind/namespace/name, reason, message, type, count, first, last}"""
    logs: tuple[dict[str, Any], ...] = ()
    """{pod: namespace/name, container, text, previous, since}"""
    metrics: tuple[dict[str, Any], ...] = ()
    """Series of its Prometheus; without any the cluster has no Prometheus."""
    forbidden: tuple[str | dict[str, Any], ...] = ()
    """Reads that are refused: `get pods/log`, `* storageclasses.storage.k8s.io`, or {verb, group, resource}."""
    reactions: tuple[dict[str, Any], ...] = ()
    """The effect of a write, if it is not the usual one: {when: deleted, object: Pod/shop/api-0, becomes: healthy}"""


class Case(Model):
    """A cluster state and the verdict it must lead to. Tests, `casebook lint` and the playground use it."""

    name: Line
    """A description of this state in a few words."""
    ask: Ask | None = None
    """Default: the first of `examples.match`."""
    like: str = ""
    """The beginning of the name of an earlier case, whose state this one starts from. What is given here is a merge
    patch of that: scene and faults are merged (null removes an object, or all of them), lists are replaced."""
    given: World = World()
    """The state of the cluster."""
    change: tuple[Change, ...] = ()
    """Differences in `objects` from the case in `like`."""
    healthy: bool = False
    """The healthy twin: the same objects and names without the fault."""
    alone: bool = False
    """The state needs nodes of its own, so that the demo shows it only by itself (`--scenario`)."""
    then: Verdict
    """The verdict on this incident: confirmed, likely, possible or ruled out; offered, for a capability."""
    also: tuple[Id, ...] = ()
    """Other incidents that are also confirmed in this state."""


class Cases(Packed[Case]):
    """The cases of an incident: a running bot needs none."""

    read_as = tuple[Case, ...]

    @staticmethod
    def pack(item: Case) -> Any:
        return item.model_dump(mode="json", exclude_unset=True)

    @staticmethod
    def unpack(plain: Any) -> Case:
        return Case.model_validate(plain)


class Incident(Model):
    """An incident: how it is recognised, proven, explained and remedied."""

    id: Id
    """The name of the file, without .yaml."""
    status: Status
    """sandbox: may only ever say possible, and needs no cases, one language and one example; stable; deprecated."""
    strongest: Strength
    """The most that the cluster can honestly prove: confirmed, likely, possible where nothing of the cluster tells it
    from other causes, or capability for what is no cause but can be done about one."""
    title: LocalText
    severity: Severity
    """info, warning or critical."""
    kinds: tuple[str, ...] = ()
    """Kinds of objects whose diagnosis raises this incident with no text at all, `CustomResource` for every kind that
    is not built in; a capability is also asked about those that an answer turns out to be about, as far as `about` has
    a word for them."""
    signatures: Signatures
    """The texts that show it: phrases, lists of phrases, `{told: …}`, or signatures with keys of their own."""
    product: tuple[Line, ...] = ()
    """Words of the product that this is an incident of: without one of them in the text, or in names, labels and
    images of the object in question, it is not considered."""
    unless: Phrases = ()
    """Phrases that tell that the same words are said of something else (`docker compose`, beside a pull that failed):
    near one of them nothing is recognised. `$name` is a shared list."""
    yields_to: tuple[Id, ...] = ()
    """Entries that have some of the same messages and may come first for them: the cluster decides which one holds."""
    about: tuple[Key, ...] = ("pod", "statefulset", "deployment", "daemonset", "job")
    """Which captured name is the object of this incident: the first of these words that the text names."""
    reads: dict[Key, Read] = Field(default_factory=dict)
    """The reads of the cluster, by the names that the rules use."""
    evidence: tuple[Rule, ...] = ()
    """Rules: what the rows prove."""
    summary: LocalText | None = None
    """The cause and its object in one short sentence, the first line of an answer: `{found.pod|A pod}` has the names.
    Without it, the first sentence of the root cause."""
    root_cause: LocalText
    """The same at length, under Details."""
    impact: LocalText
    """Its first sentence is shown in the answer, the others under Details."""
    false_positives: tuple[LocalText, ...] = ()
    """Problems that look the same but are different."""
    remediations: tuple[Remediation, ...] = ()
    """Buttons."""
    runbook: Annotated[tuple[RunbookStep, ...], Field(min_length=1)]
    """The manual steps, in order."""
    links: tuple[LinkTo, ...] = ()
    """{title, url}: first the page that helps most. The answer shows it, and the first one whose title begins with
    "Runbook"; the others are under Details."""
    explains: tuple[Consequence, ...] = ()
    """The consequences that pods and workloads show because of it: once confirmed, they are explained. exit (a
    container ended or is restarted), not-started, unscheduled, evicted, not-created (refused by the API server),
    unready."""
    shows: tuple[Consequence, ...] = ()
    """For a general incident: the consequences that it is itself. Any incident that explains one of them, of the same
    object, is its cause and leads; unready stands for all of them."""
    causes: tuple[Cause, ...] = ()
    """Upstream incidents that would explain this one, and what links them with it."""
    examples: Examples
    """Texts that show this incident, and texts that do not."""
    cases: Cases = Cases()
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

    @model_validator(mode="after")
    def _has_examples(self) -> Incident:
        if self.status is not Status.SANDBOX:
            for what, texts, least in (
                ("match", self.examples.match, _MATCHING),
                ("other", self.examples.other, _NEAR_MISSES),
            ):
                if len(texts) < least:
                    raise ValueError(f"examples.{what}: expected at least {least} texts, not {len(texts)}")
        return self

    @cached_property
    def captures(self) -> tuple[str, ...]:
        """Return the names that its signatures capture."""
        return tuple(dict.fromkeys(name for signature in self.signatures for name in signature.captures))

    @property
    def is_of_programs(self) -> bool:
        """Return whether programs themselves say its sentences in their logs, inside and outside clusters."""
        return Consequence.ERRORS in self.explains

    def rule(self, rule_id: str) -> Rule | None:
        """Return the rule with an id, or None."""
        return next((rule for rule in self.evidence if rule.id == rule_id), None)


def describe_fields() -> None:
    """Set the descriptions of the fields of all models here, for the authoring guide and the JSON Schema."""
    describe(*Model.__subclasses__())
