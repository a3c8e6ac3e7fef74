"""Find out which questions are open, and which facts answered the others.

A question is answered when another person later

- says in its thread any fact that is not a question;
- says yes or no outside threads, addressed to the asker or right after a yes-no question;
- states what it asks for within half an hour: taking a role answers who has it, a status whether it is over, a
  deployment which version runs or what was changed;
- states something about the same things, in the same words, within ten minutes;

or when its subject was decided, by anyone: a decision to roll back answers "should we roll back?".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Final

from intents.chronicle.facts import Fact, FactKind, IncidentStatus
from intents.chronicle.subjects import things_in

_ANSWERED_WITHIN: Final = timedelta(minutes=10)
_STATED_WITHIN: Final = timedelta(minutes=30)
_RIGHT_AFTER: Final = timedelta(minutes=2)
_ASKS_STATUS: Final = re.compile(
    r"(?i)\b(?:resolved|close|closed|mitigated|over|declare|fixed|recovered|back to normal)\b"
    r"|关闭|结束|解决|恢复|修好|好了"
)
_ASKS_WHO: Final = re.compile(r"(?i)\bwho\b|谁")
_ROLES: Final = {
    "commander": re.compile(r"(?i)\b(?:ic|commander|command|lead|running this|in charge)\b|指挥|牵头|负责"),
    "comms": re.compile(r"(?i)\b(?:comms|communicat\w+|status ?page)\b|沟通|公告|通报"),
    "scribe": re.compile(r"(?i)\b(?:scribe|notes|note-?tak\w+)\b|记录"),
    "ops": re.compile(r"(?i)\b(?:ops|operations)\b|操作|执行"),
}
_ASKS_DEPLOY: Final = re.compile(
    r"(?i)\b(?:which|what) version\b|\b(?:deploy\w*|releas\w+|rolled out|ship\w*|go out|went out|push\w*|chang\w+)\b"
    r"|哪个版本|什么版本|发布|上线|部署|变更|发版"
)
# A yes-no question: a bare yes or no answers it.
_WHETHER: Final = re.compile(
    r"(?i)^(?:\W|@\w+|so|ok|and|hey|anyone|wait)*(?:is|are|was|were|do|does|did|has|have|had|can|could|should|shall|may"
    r"|will|would|any)\b|[吗么][？?]?$|是否|是不是|有没有|要不要|能不能"
)
_YES_OR_NO: Final = re.compile(
    r"(?i)^(?:@\w+[\s,]*)?(?:yes|no|yep|nope|yeah|nah|correct|affirmative|negative|是的|没有|不是|对的|有的|不会|会的)(?=\W|$)"
)
_NAMED: Final = re.compile(r"@([A-Z0-9]{2,20})")
_DECIDES: Final = frozenset({FactKind.DECISION, FactKind.REMEDY})
# Kinds that state facts, not only doubts or arrivals.
_STATES: Final = frozenset({FactKind.REPORT, FactKind.STATUS, FactKind.DEPLOY, FactKind.DECISION, FactKind.REMEDY})
# Kinds that answer nothing outside a thread.
_SILENT: Final = frozenset(
    {FactKind.ERROR, FactKind.ALERT, FactKind.HYPOTHESIS, FactKind.LINK, FactKind.PINNED, FactKind.NAMED, FactKind.JOIN}
)
# Only this many of the latest questions are checked.
_LATEST: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAnswers:
    """The `open` questions, oldest first, and the facts that `answered` the others, by the question's key."""

    open: tuple[Fact, ...]
    answered: Mapping[str, Fact]


def match_answers(ordered: Sequence[Fact]) -> QuestionAnswers:
    """Match answers to questions in ordered facts. Once the incident is resolved no question stays open."""
    waiting = _OpenQuestions()
    for fact in ordered:
        if fact.kind is FactKind.STATUS and fact.state == IncidentStatus.RESOLVED:
            waiting.hear(fact)
            waiting.questions.clear()
        elif fact.kind is FactKind.QUESTION:
            waiting.add(fact)
        else:
            waiting.hear(fact)
    return QuestionAnswers(open=tuple(waiting.questions.values()), answered=waiting.answered)


class _OpenQuestions:
    """Questions that wait for an answer, by key."""

    def __init__(self) -> None:
        self.questions: dict[str, Fact] = {}
        self.answered: dict[str, Fact] = {}

    def add(self, question: Fact) -> None:
        """Add a question."""
        self.questions[question.key] = question

    def hear(self, fact: Fact) -> None:
        """Remove the questions that a fact answers."""
        if not self.questions or (fact.kind in _SILENT and not fact.thread_ts):
            return
        latest = list(islice(reversed(self.questions.values()), None if fact.thread_ts else _LATEST))
        for question in latest:
            if _answers(fact, question):
                self.questions.pop(question.key)
                self.answered[question.key] = fact


def _answers(fact: Fact, question: Fact) -> bool:
    if _decides_it(fact, question) or _tells_status(fact, question):
        return True
    if (not fact.user and fact.kind is not FactKind.DEPLOY) or fact.user == question.user:
        return False
    if fact.thread_ts and fact.thread_ts in (question.thread_ts, question.ts):
        return True
    since = fact.at - question.at
    if since <= _STATED_WITHIN and _states_it(fact, question):
        return True
    if fact.kind is FactKind.ANSWERED and not fact.thread_ts:
        return _replies(fact, question)
    return since <= _ANSWERED_WITHIN and fact.kind in _STATES and _shares_words(fact, question)


def _decides_it(fact: Fact, question: Fact) -> bool:
    return fact.kind in _DECIDES and bool(question.template) and fact.template == question.template


def _tells_status(fact: Fact, question: Fact) -> bool:
    """Return whether a status of the incident, not of one thing, answers a question for it."""
    of_incident = not fact.template and not question.template
    return fact.kind is FactKind.STATUS and of_incident and _ASKS_STATUS.search(question.says) is not None


def _replies(fact: Fact, question: Fact) -> bool:
    """Return whether a remark outside a thread names who asked, or says yes or no right after the question."""
    since = fact.at - question.at
    if since <= _ANSWERED_WITHIN and question.user in _NAMED.findall(fact.says):
        return True
    is_whether = _WHETHER.search(question.says) is not None and not question.thread_ts
    return since <= _RIGHT_AFTER and is_whether and _YES_OR_NO.search(fact.says) is not None


def _states_it(fact: Fact, question: Fact) -> bool:
    match fact.kind:
        case FactKind.ROLE | FactKind.HANDOVER:
            asked = _ROLES.get(fact.role)
            return bool(asked and _ASKS_WHO.search(question.says) and asked.search(question.says))
        case FactKind.DEPLOY:
            return _ASKS_DEPLOY.search(question.says) is not None
        case _:
            return False


def _shares_words(fact: Fact, question: Fact) -> bool:
    """Return whether a fact names a thing from the question, or shares two of its words."""
    asked, said = things_in(question.says.lower()), things_in(fact.says.lower())
    return bool(asked.names & said.names) or len(asked.words & said.words) > 1
