"""What a remedy is on its way from a button to a proven end, as values that survive a restart.

A plan is offered, previewed, applied and verified; each stage leaves one of these values behind, small enough for a
journal and free of cluster objects. Whatever stops a plan is a Refusal, a result like the others: a person reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol

from bot.cluster.snapshot import Snapshot
from bot.common.portable import Portable
from bot.remedies.changes import Change
from intents.asking import filled
from intents.catalog.schema import Risk
from intents.domain import Custodian, Finding, Focus, ObjectRef, PastedTime, Permission, Question, Text

LIFETIME: Final = timedelta(minutes=30)


class Reason(StrEnum):
    """Why a plan goes no further."""

    FORBIDDEN = "forbidden"  # the API server's roles do not let us; the verb is named
    ALREADY_FIXED = "already fixed"
    CHANGED = "changed since"
    DELETED = "deleted"
    EXPIRED = "expired"
    DRY_RUN = "dry run refused"
    CONFLICT = "conflict"
    UNSAFE = "unsafe"  # it would do harm, or nothing
    NOT_CHECKED = "could not be checked"
    FAILED = "failed"  # refused at the write itself; nothing was written
    NOT_WRITTEN = "not written"  # no answer came, and a look afterwards shows that nothing happened
    OUTCOME_UNKNOWN = "outcome unknown"  # no answer came, and nothing could be read back


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Portable):
    """Why nothing more is done. `quote` is what the API server or a webhook said; `done` what had been by then.

    `undo` are the steps that take back what had been done, as far as that can be: empty where nothing can.
    """

    reason: Reason
    says: Text
    quote: str = ""
    done: tuple[Text, ...] = ()
    undo: tuple[Step, ...] = ()


class Verb(StrEnum):
    """What a step does to an object."""

    PATCH = "patch"
    DELETE = "delete"
    EVICT = "evict"  # a delete that disruption budgets may refuse
    CREATE = "create"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Portable):
    """One guarded write of a plan; `says` what was done once it is.

    `body` is the patch, the object to create, or what would create again what is deleted, where that can be taken back;
    a patch without one is made from its `changes`, which the dry run found. `fingerprint` is what of the object was
    shown: all that people write of it, but for the paths `ignoring`, which are dotted. `unless_ready`: a pod that is
    ready by then is left alone.
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
    """What was judged: enough to judge the same incident again without the text that raised it.

    `subject` is the object that the best evidence was about.
    """

    focus: Focus
    named: dict[str, str] = field(default_factory=dict)
    score: float = 0.0
    when: PastedTime | None = None
    subject: ObjectRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Portable):
    """What a button would do. `id` is all that the button carries: opaque, single-use, expiring.

    `basis` is what the plan rests on, by name: as long as it stays the same, status churn voids nothing. A plan that is
    no fix is done, and says `done`, once the rule `until` holds. One that takes another back says which it `undoes`.
    What it `asks` is typed by whoever presses, and put into its `args`.
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
    undoes: str = ""
    asks: tuple[Question, ...] = ()
    created: datetime
    expires: datetime

    @property
    def key(self) -> str:
        """Names the object in words people can type: namespace/name, or the name."""
        return f"{self.target.namespace}/{self.target.name}".lstrip("/")

    @property
    def name_to_type(self) -> str:
        """What is typed before data is lost, "" where none is: nobody does that in passing."""
        return self.key if self.risk == Risk.DATA_LOSS else ""

    def answered(self, answers: Mapping[str, str]) -> Plan:
        """The plan with what was asked in its arguments. The answers have been checked."""
        return replace(self, args=filled(self.args, self.asks, answers), asks=()) if self.asks else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook(Portable):
    """What an action expects of its write, from what it reads: what people are told and what it is measured by.

    `custodian` will take the change back. `owner` makes the pods in question, `known` are the uids of those there were,
    `ready` of `wanted` of them ready. `counts_as` is what all that is done to its pods counts for, if not the owner.
    `patience_s`: how long a new pod must hold out to be believed, from how long the old one did.
    """

    effects: tuple[Text, ...] = ()
    warnings: tuple[Text, ...] = ()
    custodian: Custodian | None = None
    owner: ObjectRef | None = None
    counts_as: ObjectRef | None = None
    known: tuple[str, ...] = ()
    ready: int = -1
    wanted: int = -1
    patience_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What an action would do: its writes in their order, as yet unguarded. `shown` replaces what dry runs show."""

    steps: tuple[Step, ...]
    outlook: Outlook = Outlook()
    shown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview(Portable):
    """What would come of a plan, by a server-side dry run: its steps, each bound to the object as it was shown."""

    steps: tuple[Step, ...]
    outlook: Outlook = Outlook()
    diff: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied(Portable):
    """What was written. `already` if it was found done rather than done now; `undo` are the steps that take it back."""

    says: Text
    target: ObjectRef
    outlook: Outlook = Outlook()
    generation: int = 0
    resource_version: str = ""
    at: datetime
    already: bool = False
    undo: tuple[Step, ...] = ()


class State(StrEnum):
    """How a remedy ended, as the cluster shows it."""

    FIXED = "fixed"
    NOT_FIXED = "not fixed"
    WORSE = "worse"
    WAITING = "still waiting"
    DONE = "done"  # what is no fix has taken effect
    NOT_DONE = "not done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification(Portable):
    """What reading the evidence again has shown; `findings` without their rows and tables."""

    state: State
    says: Text
    findings: tuple[Finding, ...] = ()
    ready: int = -1
    wanted: int = -1


class Course(StrEnum):
    """How far what was set in motion has come."""

    MOVING = "moving"
    WELL = "well"
    FAILING = "failing"
    GONE = "gone"  # nothing took the place of what was removed


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """What became of the pods a write replaced. `replacements` are the new ones, `ready` of `wanted` count them all."""

    course: Course
    says: Text
    replacements: tuple[ObjectRef, ...] = ()
    ready: int = -1
    wanted: int = -1


class Action(Protocol):
    """One kind of remedy. Knows nothing of who asked or where; every method raises ClusterError for failed reads.

    `permissions` are the writes it makes: what least-privilege roles are generated from, and what is asked before a
    button is offered. It reads and proposes; `bot.remedies.stepping` alone writes.
    """

    @property
    def name(self) -> str: ...
    @property
    def permissions(self) -> tuple[Permission, ...]: ...
    @property
    def undoable(self) -> bool:
        """Whether what it writes can be taken back by writing what stood there before."""

    @property
    def cures(self) -> bool:
        """Whether it is meant to end the incident; else it is done as soon as it has taken effect."""

    def needs(self, target: ObjectRef, args: Mapping[str, Any]) -> tuple[Permission, ...]:
        """Those of the permissions that this target needs, with these arguments; empty for a kind of object this action
        is not for."""

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        """What a plan for this object rests on. Raises NotFound."""

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal | Refusal:
        """Which writes would do it, and what they do to what runs."""

    async def settled(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> Settling:
        """How far what was written has taken effect."""
