"""The values of a remedy from its button to its verification. They are stored, so they survive a restart.

A plan is offered, previewed, applied and verified. Each stage returns one of these values, small enough for the journal
and free of cluster objects. What stops a plan is a Refusal: a result like the others, which people read.

Field names and enum values are stored as JSON; a change must still read what a released version wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from bot.common.portable import Portable
from bot.remedies.changes import Change
from intents.catalog.schema import Risk
from intents.domain import ExternalManager, Finding, Focus, ObjectRef, PastedTime, Question, Text
from intents.typed_values import filled

# The key of a plan's basis with the field manager of a person or a drain that cordoned the node.
CORDONED_BY: Final = "cordoned_by"
LIFETIME: Final = timedelta(minutes=30)


class Reason(StrEnum):
    """The reasons why a plan is refused."""

    FORBIDDEN = "forbidden"  # the cluster's roles do not grant the verb, which is named
    ALREADY_FIXED = "already fixed"
    CHANGED = "changed since"
    DELETED = "deleted"
    EXPIRED = "expired"
    DRY_RUN = "dry run refused"
    CONFLICT = "conflict"
    UNSAFE = "unsafe"  # the write would do harm, or change nothing
    NOT_CHECKED = "could not be checked"
    FAILED = "failed"  # the write itself was refused; nothing was written
    NOT_WRITTEN = "not written"  # no response; reading the object back shows that nothing was written
    OUTCOME_UNKNOWN = "outcome unknown"  # no response, and the object could not be read back


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Portable):
    """Says why a plan stopped.

    `quote` is the message of the API server or of a webhook. `done` names the steps applied before; `undo` are the
    steps that undo them, empty where nothing can.
    """

    reason: Reason
    says: Text
    quote: str = ""
    done: tuple[Text, ...] = ()
    undo: tuple[Step, ...] = ()


class Refused(Exception):
    """Stops an action that finds that its plan would do harm or change nothing; the preview returns the refusal."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.says.en)
        self.refusal = refusal


class Verb(StrEnum):
    """The write of a step."""

    PATCH = "patch"
    DELETE = "delete"
    EVICT = "evict"  # a delete that PodDisruptionBudgets may refuse
    CREATE = "create"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Portable):
    """One guarded write of a plan; `says` describes, in the past tense, what it did.

    `body` is the patch or the object to create. For a delete that can be undone it is the manifest that creates the
    object again. A patch without a body is built from `changes`, which the dry run found. `fingerprint` covers
    everything that people write of the object, as it was previewed, except the dotted paths in `ignoring`.
    `unless_ready` leaves a pod alone that has become ready meanwhile.
    """

    verb: Verb
    target: ObjectRef
    says: Text
    body: Any = None
    patch_type: str = "merge"
    changes: tuple[Change, ...] = ()
    fingerprint: str = ""
    ignoring: tuple[str, ...] = ()
    unless_ready: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class About(Portable):
    """The input of the judgement that a plan came from: enough to judge the incident again without the pasted text.

    `subject` is the object of the best evidence.
    """

    focus: Focus
    named: dict[str, str] = field(default_factory=dict)
    score: float = 0.0
    when: PastedTime | None = None
    subject: ObjectRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Portable):
    """The planned effect of a button. The button carries only `id`: opaque, single-use, expiring.

    `basis` names the parts of the object that the plan depends on; changes elsewhere do not void it. A plan that does
    not fix the cause is done, and says `done`, once the rule `until` holds. `later` says when its success will show, if
    not at once. `undoes` is the id of the plan that this
    one undoes. The requester types what it `asks`, which fills its `args`. Without an `incident` a person asked for the
    action itself: no evidence decides about it, and it is done once it has taken effect.
    """

    id: str
    request_id: str
    incident: str
    remedy: str
    action: str
    cluster: str
    target: ObjectRef
    args: dict[str, Any] = field(default_factory=dict)
    only_if: tuple[str, ...] = ()
    basis: dict[str, str] = field(default_factory=dict)
    about: About
    title: Text
    warning: Text | None = None
    risk: str = "low"
    until: str = ""
    done: Text | None = None
    later: Text | None = None
    undoes: str = ""
    asks: tuple[Question, ...] = ()
    created: datetime
    expires: datetime

    @property
    def key(self) -> str:
        """The object as people type it: namespace/name, or the name."""
        return self.target.full_name

    @property
    def is_requested(self) -> bool:
        """Tell whether a person asked for the action itself, whatever is wrong."""
        return not self.incident

    @property
    def name_to_type(self) -> str:
        """The text to type before data is lost or a cordon by hand is lifted, "" for any other plan."""
        return self.key if self.risk == Risk.DATA_LOSS or CORDONED_BY in self.basis else ""

    def answered(self, answers: Mapping[str, str]) -> Plan:
        """Return the plan with the answers in its arguments. The answers have been checked."""
        return replace(self, args=filled(self.args, self.asks, answers), asks=()) if self.asks else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook(Portable):
    """The expected effect of a write: the preview shows it, and verification compares with it.

    `custodian` is the tool that would revert the change. `owner` creates the affected pods, `known` are their uids
    before the write; `ready` of `wanted` were ready. Limits count an action on a pod against `counts_as`, if it is not
    the owner. A new pod must stay ready for `patience_s`, taken from how long the old one ran.
    """

    effects: tuple[Text, ...] = ()
    warnings: tuple[Text, ...] = ()
    custodian: ExternalManager | None = None
    owner: ObjectRef | None = None
    counts_as: ObjectRef | None = None
    known: tuple[str, ...] = ()
    ready: int = -1
    wanted: int = -1
    patience_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The writes that an action proposes, in order and not yet guarded. `shown` replaces the diff of the dry runs."""

    steps: tuple[Step, ...]
    outlook: Outlook = Outlook()
    shown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview(Portable):
    """The result of a server-side dry run: the steps of a plan, each bound to the object as it was previewed."""

    steps: tuple[Step, ...]
    outlook: Outlook = Outlook()
    diff: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied(Portable):
    """The result of a step. `already`: the change was in place, nothing was written. `undo`: the steps to undo it."""

    says: Text
    target: ObjectRef
    outlook: Outlook = Outlook()
    generation: int = 0
    resource_version: str = ""
    at: datetime
    already: bool = False
    undo: tuple[Step, ...] = ()


class State(StrEnum):
    """The verified result of a remedy."""

    FIXED = "fixed"  # the cause and the symptom are gone
    CHANGED = "changed"  # the cause is gone, the symptom is still there
    LATER = "shows later"  # the cause is gone; the symptom can only be seen later
    NOT_FIXED = "not fixed"
    WORSE = "worse"
    WAITING = "still waiting"
    DONE = "done"  # it has taken effect; it does not fix the cause
    NOT_DONE = "not done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification(Portable):
    """The result of reading the evidence again; `findings` come without their rows and tables."""

    state: State
    says: Text
    findings: tuple[Finding, ...] = ()
    ready: int = -1
    wanted: int = -1


class EffectState(StrEnum):
    """The degree to which a write has taken effect."""

    PENDING = "pending"
    RUNNING = "running"  # the work that it started goes on, and its end decides
    HEALTHY = "healthy"
    FAILING = "failing"
    GONE = "gone"  # nothing replaced what was removed


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectStatus:
    """The effect of a write as one look at the cluster shows it; `says` describes it in half a sentence.

    `replacements` are the new pods; `ready` of `wanted` counts all pods of the owner.
    """

    state: EffectState
    says: Text
    replacements: tuple[ObjectRef, ...] = ()
    ready: int = -1
    wanted: int = -1


def effect(state: EffectState, en: str, zh: str, *, replacements: tuple[ObjectRef, ...] = ()) -> EffectStatus:
    """Return the effect of a write in these words."""
    return EffectStatus(state=state, says=Text(en=en, zh=zh), replacements=replacements)


def one_text(en: str, zh: str) -> tuple[Text]:
    """Return the only effect, or the only warning, that an action has to tell."""
    return (Text(en=en, zh=zh),)
