"""Define the facts of an incident channel: one per relevant statement, in its author's words.

Every view of an incident channel (timeline, summary, postmortem) is rendered from its facts by pure functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from intents.domain import ObjectRef, Text, Verdict

# One fact is a line to read at a glance, not a paste.
LONGEST_SAYS: Final = 280
# In bytes: Chinese says as much in fewer characters.
_TELLING: Final = 14


class FactKind(StrEnum):
    """The kind of a fact."""

    REPORT = "report"  # a person says what is broken, for whom, since when
    ERROR = "error"  # a pasted line that indicates a failure
    ALERT = "alert"  # of a monitor, fired or resolved
    DEPLOY = "deploy"
    HYPOTHESIS = "hypothesis"  # a possible cause: a person's, or a catalog incident with its verdict
    REMEDY = "remedy"  # one of our buttons and its result
    ACTION = "action"  # what people do, with its state
    DECISION = "decision"
    NEXT = "next"  # the announced next step, or what everybody waits for
    STATUS = "status"
    ROLE = "role"
    HANDOVER = "handover"
    LINK = "link"
    QUESTION = "question"
    ANSWER = "answer"  # a reply that says nothing else
    COMMS = "comms"  # customers, management or a status page were told
    FOLLOWUP = "follow-up"  # work for after the incident
    JOIN = "join"
    NAMED = "named"  # the channel was created or renamed
    PINNED = "pinned"  # a message that a person pinned to the timeline
    ROOT_CAUSE = "root cause"  # chosen or typed by the person who resolved the incident


class IncidentStatus(StrEnum):
    """The status of an incident as stated by a person: `Fact.state` of a STATUS."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MITIGATING = "mitigating"
    MITIGATED = "mitigated"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    REOPENED = "reopened"


class ActionState(StrEnum):
    """The state of an action: `Fact.state` of an ACTION."""

    PLANNED = "planned"
    UNDER_WAY = "under way"
    DONE = "done"
    FAILED = "failed"  # it could not be done, or did not help
    CALLED_OFF = "called off"


class QuestionState(StrEnum):
    """The state of a question: `Fact.state` of a QUESTION."""

    OPEN = "open"
    ANSWERED = "answered"


class AlertState(StrEnum):
    """The state of an alert: `Fact.state` of an ALERT."""

    FIRING = "firing"
    RESOLVED = "resolved"


class DeployState(StrEnum):
    """The state of a deployment: `Fact.state` of a DEPLOY."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Role(StrEnum):
    """A person's role in an incident."""

    COMMANDER = "commander"
    COMMS = "comms"
    OPS = "ops"
    SCRIBE = "scribe"


class LinkKind(StrEnum):
    """The kind of page behind a link."""

    GRAPH = "graph"
    PR = "pr"
    COMMIT = "commit"
    TICKET = "ticket"
    RUNBOOK = "runbook"
    DOC = "doc"
    CHANNEL = "channel"
    OTHER = "other"


# These alone are not news: Slack shows them itself.
NO_NEWS: Final = frozenset({FactKind.JOIN, FactKind.NAMED})


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class MessageLink:
    """A link in a message."""

    url: str
    what: LinkKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One relevant statement or event.

    `key` is unique in the channel and the same each time the fact is recorded: "m:<ts>:<kind>[:n]" from a message,
    "a:<request>:<incident>" from one of our answers, "r:<plan>" from a remedy. `at` is when it was said or happened
    (UTC). `says` is one line of at most `LONGEST_SAYS` characters, verbatim except for Slack's markup and without
    credentials.

    `user` is a Slack user id, `bot` a bot's name; both are "" for Casebook itself. `ts` is the source message,
    `thread_ts` the root of its thread ("" outside one). `state` depends on the kind: IncidentStatus, Verdict
    (HYPOTHESIS), ActionState, QuestionState, AlertState, DeployState, or the result of a remedy's plan: awaiting |
    applying | fixed | changed | shows later | not fixed | worse | waiting | done | not done | refused | unknown |
    undone. `of` is the new holder of a `role`, or who is to do an ACTION ("" for nobody known); a handover without a
    role hands over every role of its user.

    `about` connects facts about the same thing: for an ERROR or ALERT a digest of the line without numbers and names,
    for an ACTION or HYPOTHESIS of a person the key of its first fact, the key of the chosen fact for a ROOT_CAUSE (""
    if it was typed). `answers` is the key of the question that it answers. `incident` is a catalog id, `title` that
    incident's or the remedy's. For our own HYPOTHESIS, `reproduce` is the kubectl line that shows its evidence and
    `offers` the possible remedies. `by_hand`: a person set it; what was read never replaces it.
    """

    key: str
    kind: FactKind
    at: datetime
    says: str
    user: str = ""
    bot: str = ""
    ts: str = ""
    thread_ts: str = ""
    state: str = ""
    role: str = ""
    of: str = ""
    about: str = ""
    answers: str = ""
    incident: str = ""
    title: Text | None = None
    objects: tuple[ObjectRef, ...] = ()
    cluster: str = ""
    links: tuple[MessageLink, ...] = ()
    reproduce: str = ""
    offers: Text | None = None
    by_hand: bool = False
    removed: bool = False


def is_telling(fact: Fact) -> bool:
    """Return whether its words tell something by themselves, unlike "same here", "on it" and "wait, why"."""
    return len(fact.says.encode(errors="replace")) >= _TELLING


def asks(says: str) -> bool:
    """Return whether words end as a question does."""
    return says.rstrip(" )）.…").endswith(("?", "？"))


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """Return the facts that nobody removed, each key once, by time, independent of their order."""
    latest: dict[str, Fact] = {}
    for fact in sorted(facts, key=_by_time):
        latest.pop(fact.key, None)  # so that its newest version decides its place
        latest[fact.key] = fact
    return [fact for fact in latest.values() if not fact.removed]


def _by_time(fact: Fact) -> tuple[datetime, str, str, str]:
    return fact.at, fact.key, fact.state, fact.says


# What a fact is in words of the export, and the kind and state that say the same; with a state left out, for any.
KINDS_OF_FACTS: Final[Mapping[str, tuple[FactKind, str]]] = {
    "impact": (FactKind.REPORT, ""),
    "suspected": (FactKind.HYPOTHESIS, Verdict.POSSIBLE),
    "ruled_out": (FactKind.HYPOTHESIS, Verdict.RULED_OUT),
    "cause": (FactKind.HYPOTHESIS, Verdict.CONFIRMED),
    "decision": (FactKind.DECISION, ""),
    "next": (FactKind.NEXT, ""),
    "answer": (FactKind.ANSWER, ""),
    "role": (FactKind.ROLE, ""),
    "comms": (FactKind.COMMS, ""),
    "change": (FactKind.DEPLOY, ""),
    "link": (FactKind.LINK, ""),
    "followup": (FactKind.FOLLOWUP, ""),
    # A question is open unless an answer is found, or what follows tells that it has one.
    "question": (FactKind.QUESTION, QuestionState.OPEN),
    "action.planned": (FactKind.ACTION, ActionState.PLANNED),
    "action.doing": (FactKind.ACTION, ActionState.UNDER_WAY),
    "action.done": (FactKind.ACTION, ActionState.DONE),
    "action.failed": (FactKind.ACTION, ActionState.FAILED),
    "action.called_off": (FactKind.ACTION, ActionState.CALLED_OFF),
    **{f"status.{status}": (FactKind.STATUS, status) for status in IncidentStatus},
}
_EXPORTED: Final[Mapping[tuple[FactKind, str], str]] = {
    **{said: kind for kind, said in KINDS_OF_FACTS.items()},
    (FactKind.HANDOVER, ""): "role",
    (FactKind.HYPOTHESIS, Verdict.LIKELY): "suspected",
    **{(FactKind.QUESTION, state): f"question.{state}" for state in QuestionState},
}


def kind_of(fact: Fact) -> str:
    """Return what a fact is in words of the export: "impact", "action.done", "question.open"."""
    return _EXPORTED.get((fact.kind, fact.state)) or _EXPORTED.get((fact.kind, "")) or str(fact.kind)
