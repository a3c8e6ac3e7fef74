"""Define the acts of messages, after ISO 24617-2, as teams that run a cluster talk."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Act(StrEnum):
    """What a message does. Each message has one act: the one that matters most to a reader of a summary."""

    TROUBLE = "trouble"  # something is broken or strange now
    EVIDENCE = "evidence"  # pasted output, an alert, a measured value
    QUESTION = "question"  # about the present, and no report of trouble
    ANSWER = "answer"
    SUSPICION = "suspicion"
    RULED_OUT = "ruled_out"
    CAUSE = "cause"
    DIRECTIVE = "directive"
    COMMITMENT = "commitment"
    PROGRESS = "progress"
    RESULT = "result"
    DECISION = "decision"
    OBJECTION = "objection"
    STATUS = "status"  # of the whole incident
    ROLE = "role"
    COMMS = "comms"  # to customers, management, a status page
    FOLLOWUP = "followup"
    CHANGE = "change"  # a deploy, flag, configuration or traffic change, as news
    CONCEPT = "concept"  # what something means, how one does something
    PAST = "past"
    PLAN = "plan"  # also hypotheses, reviews, tickets, release notes
    ELSEWHERE = "elsewhere"  # trouble outside the clusters: a laptop, a build, another product
    NORMAL = "normal"  # systems do what they should
    SOCIAL = "social"


# What an ordinary channel may be answered to although nobody asked us.
UNASKED: Final = frozenset({Act.TROUBLE, Act.EVIDENCE})
