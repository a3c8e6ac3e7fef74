"""Find out which questions are open, and which facts answered the others.

A question is answered when another person later

- says in its thread any fact that is not a question;
- says yes or no outside threads, addressed to the asker or right after a yes-no question;
- states what it asks for within half an hour: taking a role answers who has it, a status whether it is over, a
  deployment which version runs or what was changed;
- states something about the same things, in the same words, within ten minutes;
- gives what it asks for (a number, a version, a person, a time, a reason), right after it or about the same thing;

when the asker says the answer ("answering my own question: …", "turns out …");

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
from intents.chronicle.questions import is_yes_or_no
from intents.chronicle.subjects import things_in, within_any

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
# The sort of answer that a question asks for, and what such an answer contains.
_SORTS: Final = tuple(
    (re.compile(asks), re.compile(gives))
    for asks, gives in (
        (
            r"(?i)\bhow (?:many|much|far|big|large|often)\b|\bwhat (?:percentage|share|fraction|number)\b|多少"
            r"|几[个台家成次]|多大比例",
            r"(?i)\d|\b(?:all|none|nobody|half|most|a (?:few|third|quarter|handful)|one|two|three|both)\b"
            r"|[一二两三四五六七八九十百千万]+[个台家成]|全部|没有",
        ),
        (r"(?i)\b(?:which|what) (?:version|release|tag|image|build)\b|哪个版本|什么版本|版本是", r"v?\d+(?:\.\d+)*"),
        (
            r"(?i)\bwho\b|谁",
            r"@[A-Z0-9]{2,20}|(?i:\b(?:team|nobody|no one|owns?|owned|belongs|did|does|it was)\b|负责"
            r"|团队|小组|没人|的$)",
        ),
        (
            r"(?i)\b(?:did|has|have) (?:any|some)(?:one|body)\b|有没有人|有人.*[吗么]",
            r"(?i)\b(?:nobody|no one|none|i did|we did|team|yes|no)\b|@[A-Z0-9]{2,20}|没人|没有人|我|团队",
        ),
        (
            r"(?i)\b(?:affected|impacted|down|failing|broken)\b|受影响",
            r"(?i)\b(?:affected|unaffected|impacted|fine|ok(?:ay)?|down|fail\w*|broken|works?|working|only)\b"
            r"|受影响|正常|没事|只有",
        ),
        (
            r"(?i)\bwhen\b|\bwhat time\b|\bsince when\b|什么时候|几点|何时",
            r"\d{1,2}[:：]\d\d|(?i:\b(?:ago|since|at \d|after|before)\b)|点",
        ),
        (
            r"(?i)\bwhy\b|\bwhat caused\b|\bthe cause\b|为什么|为何|原因",
            r"(?i)\b(?:because|since|due to|caused|cause)\b|因为|由于|导致",
        ),
        (
            r"(?i)^(?:\W|@\w+|so|ok|and|hey)*(?:which|where|what)\b|哪[个些里台]",
            r"(?i)^(?:@\w+[\s,:]*)?(?:only|just|it's|the|both|all|in|on|from|none|at)\b|只有|都|全部|在|是",
        ),
    )
)
_OWN_ANSWER: Final = re.compile(
    r"(?i)\b(?:answering my (?:own )?question|to answer my(?:self| own question)|found (?:it|the answer|out)|turns out"
    r"|never ?mind,|nvm,|ok(?:ay)?,? so)|自问自答|回答(?:一下)?(?:我)?自己|查到了|找到(?:答案)?了|原来"
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
    if not fact.user and fact.kind is not FactKind.DEPLOY:
        return False
    if fact.user == question.user:
        return _is_own_answer(fact, question)
    if fact.thread_ts and fact.thread_ts in (question.thread_ts, question.ts):
        return True
    since = fact.at - question.at
    if since <= _STATED_WITHIN and _states_it(fact, question):
        return True
    if since <= _ANSWERED_WITHIN and _is_sort_asked_for(fact, question):
        return True
    if fact.kind is FactKind.ANSWERED and not fact.thread_ts:
        return _replies(fact, question) or (since <= _ANSWERED_WITHIN and _shares_words(fact, question))
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
    if not is_whether or not is_yes_or_no(fact.says):
        return False
    asked, said = things_in(question.says.lower()), things_in(fact.says.lower())
    return since <= _RIGHT_AFTER or bool((asked.names | asked.words) & (said.names | said.words))


def _is_own_answer(fact: Fact, question: Fact) -> bool:
    """Return whether the asker says that this is the answer."""
    if _OWN_ANSWER.search(fact.says) is None or fact.at - question.at > _STATED_WITHIN:
        return False
    return fact.thread_ts in (question.thread_ts, question.ts)


def _is_sort_asked_for(fact: Fact, question: Fact) -> bool:
    """Return whether a fact gives what the question asks for, about the same thing or right after it."""
    sorts = [gives for asks, gives in _SORTS if asks.search(question.says)]
    if not sorts or sorts[0].search(fact.says) is None or fact.thread_ts or question.thread_ts:
        return False
    if fact.kind is FactKind.ANSWERED and fact.at - question.at <= _RIGHT_AFTER:
        return True
    asked, said = things_in(question.says.lower()), things_in(fact.says.lower())
    common = (asked.names | asked.words | asked.places | asked.sorts) & (
        said.names | said.words | said.places | said.sorts
    )
    return bool(common) or within_any(asked.words, said.words)


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
    common = asked.words & said.words
    return bool(asked.names & said.names) or len(common) > 1 or (not common and within_any(asked.words, said.words))
