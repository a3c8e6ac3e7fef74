"""What is kept of an incident channel: facts, one for each thing that matters, in the words of whoever said it.

Everything shown of an incident channel (timeline, summary, catch-up, postmortem) is made anew from its facts by pure
functions; what is no fact was noise and is not kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from intents.domain import ObjectRef, Text

# The template of a reply that says that something is done, and not what.
DONE: Final = "done"
# The template of a STATUS of one thing, which is in order again: of the incident as a whole it says nothing.
RECOVERED: Final = "recovered"
# What one fact says is a line to be read at a glance, not a paste.
LONGEST_SAYS: Final = 280


class FactKind(StrEnum):
    REPORT = "report"  # somebody says what is broken
    ERROR = "error"  # a pasted line that speaks of trouble
    ALERT = "alert"  # a monitor's, fired or resolved
    DEPLOY = "deploy"
    HYPOTHESIS = "hypothesis"  # what may be the cause: a person's, or an incident of the catalog with its verdict
    REMEDY = "remedy"  # a button of ours, and what came of it
    DECISION = "decision"  # what people do about it
    STATUS = "status"
    ROLE = "role"
    HANDOVER = "handover"
    LINK = "link"
    QUESTION = "question"
    ANSWERED = "answered"  # what a person said in reply; kept because it closes a question or ends what was under way
    JOIN = "join"
    NAMED = "named"  # the channel was created or got another name
    PINNED = "pinned"  # a message that a person put on the timeline


class Standing(StrEnum):
    """How an incident stands, as a person said: `Fact.state` of a STATUS."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MITIGATING = "mitigating"
    MITIGATED = "mitigated"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    REOPENED = "reopened"


class Course(StrEnum):
    """How far a decision has come: `Fact.state` of a DECISION."""

    PLANNED = "planned"
    UNDER_WAY = "under way"
    DONE = "done"
    CALLED_OFF = "called off"


class Firing(StrEnum):
    """`Fact.state` of an ALERT."""

    FIRING = "firing"
    RESOLVED = "resolved"


class Shipping(StrEnum):
    """`Fact.state` of a DEPLOY."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Role(StrEnum):
    COMMANDER = "commander"
    COMMS = "comms"
    OPS = "ops"
    SCRIBE = "scribe"


class LinkKind(StrEnum):
    GRAPH = "graph"
    PR = "pr"
    COMMIT = "commit"
    TICKET = "ticket"
    RUNBOOK = "runbook"
    DOC = "doc"
    CHANNEL = "channel"
    OTHER = "other"


# Of these alone nobody has to be told: Slack shows them.
NO_NEWS: Final = frozenset({FactKind.JOIN, FactKind.NAMED})


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Link:
    url: str
    what: LinkKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that matters.

    `key` is unique in the channel and the same however often the fact is recorded: "m:<ts>:<kind>[:n]" from a
    message, "a:<request>:<incident>" from an answer of ours, "r:<plan>" from a remedy. `at` is when it was said or
    happened (UTC). `says` is one line of at most `LONGEST_SAYS` characters, verbatim but for Slack's markup, without
    credentials.

    `user` is a Slack user id, `bot` a bot's name; both empty: we. `ts` is the message it rests on, `thread_ts` the
    root of its thread ("" outside one). `state` depends on the kind: Standing, Verdict (HYPOTHESIS), Course (also of
    an ANSWERED that says that something is done), Firing, Shipping, or how a remedy's plan ended: awaiting | applying
    | fixed | not fixed | worse | waiting | done | not done | refused | unknown | undone. `role` and `of`, who has it
    now, belong to ROLE and HANDOVER; a handover without a role hands over every role that its user has.

    `template` tells what is about the same: of an ERROR or ALERT a digest of the line without its numbers and names,
    `DONE` of a reply that says no more, `RECOVERED` of a STATUS of one thing alone, else the few words it is about
    ("roll back", "dns"). `incident` is a catalog id, `title` that incident's or the remedy's. Of a HYPOTHESIS of ours,
    `reproduce` is the kubectl line that shows its evidence again and `offers` what may be done.
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
    links: tuple[Link, ...] = ()
    reproduce: str = ""
    offers: Text | None = None
    by_hand: bool = False
    removed: bool = False


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """The facts that nobody removed, each key once, by time; the same whatever their order was."""
    latest: dict[str, Fact] = {}
    for fact in sorted(facts, key=_by_time):
        latest.pop(fact.key, None)  # so that it stands where its newest does
        latest[fact.key] = fact
    return [fact for fact in latest.values() if not fact.removed]


def _by_time(fact: Fact) -> tuple[datetime, str, str, str]:
    return fact.at, fact.key, fact.state, fact.says
