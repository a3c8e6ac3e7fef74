"""Define the facts of an incident channel: one per relevant statement, in its author's words.

Every view of an incident channel (timeline, summary, catch-up, postmortem) is rendered from its facts by pure
functions; everything else is noise and is not stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from intents.domain import ObjectRef, Text

# The template of a reply that says only that something is done.
DONE: Final = "done"
# The template of a STATUS about one recovered thing; it says nothing about the whole incident.
RECOVERED: Final = "recovered"
# The template of a REPORT that says how far the failure reaches now; it replaces what was said about the impact before.
EXTENT: Final = "extent"
# The template of a DECISION that announces a check as the next step, and of an ANSWERED that says that it is done.
NEXT_STEP: Final = "next step"
CHECKED: Final = "checked"
# One fact is a line to read at a glance, not a paste.
LONGEST_SAYS: Final = 280


class FactKind(StrEnum):
    """The kind of a fact."""

    REPORT = "report"  # a person says what is broken
    ERROR = "error"  # a pasted line that indicates a failure
    ALERT = "alert"  # of a monitor, fired or resolved
    DEPLOY = "deploy"
    HYPOTHESIS = "hypothesis"  # a possible cause: a person's, or a catalog incident with its verdict
    REMEDY = "remedy"  # one of our buttons and its result
    DECISION = "decision"  # what people decided to do
    STATUS = "status"
    ROLE = "role"
    HANDOVER = "handover"
    LINK = "link"
    QUESTION = "question"
    ANSWERED = "answered"  # a person's reply; kept because it answers a question or completes a decision
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


class DecisionState(StrEnum):
    """The progress of a decision: `Fact.state` of a DECISION."""

    PLANNED = "planned"
    UNDER_WAY = "under way"
    DONE = "done"
    CALLED_OFF = "called off"
    REPLACED = "replaced"  # by a later decision; never the state of a fact


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
    (HYPOTHESIS), DecisionState (also of an ANSWERED that completes something), AlertState, DeployState, or the result
    of a remedy's plan: awaiting | applying | fixed | changed | shows later | not fixed | worse | waiting | done |
    not done | refused | unknown | undone. `role` and `of`, its new holder, belong to ROLE and HANDOVER; a handover
    without a role hands over every role of its user.

    `template` groups facts about the same thing: for an ERROR or ALERT a digest of the line without numbers and names,
    `DONE` for a bare "done", `RECOVERED` for a STATUS of one thing, `EXTENT`, `NEXT_STEP` and `CHECKED` as above, the
    key of the chosen fact for a ROOT_CAUSE ("" if it was typed), else a few words for the topic
    ("roll back", "dns"). `incident` is a catalog id, `title` that incident's or the remedy's. For our own HYPOTHESIS,
    `reproduce` is the kubectl line that shows its evidence and `offers` the possible remedies.
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
    template: str = ""
    incident: str = ""
    title: Text | None = None
    objects: tuple[ObjectRef, ...] = ()
    cluster: str = ""
    links: tuple[MessageLink, ...] = ()
    reproduce: str = ""
    offers: Text | None = None
    by_hand: bool = False
    removed: bool = False


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """Return the facts that nobody removed, each key once, by time, independent of their order."""
    latest: dict[str, Fact] = {}
    for fact in sorted(facts, key=_by_time):
        latest.pop(fact.key, None)  # so that its newest version decides its place
        latest[fact.key] = fact
    return [fact for fact in latest.values() if not fact.removed]


def _by_time(fact: Fact) -> tuple[datetime, str, str, str]:
    return fact.at, fact.key, fact.state, fact.says
