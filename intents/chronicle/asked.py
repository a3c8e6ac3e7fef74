"""Which questions are still open.

A question is answered when, after it, somebody else says in its thread anything that is a fact and no question; when
somebody else answers outside threads, naming whoever asked, within ten minutes; or when what it asks about was decided:
"should we roll back?" by a decision to roll back, "can we call it resolved?" by a status.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from intents.chronicle.facts import Fact, FactKind, Standing

_ANSWERED_WITHIN: Final = timedelta(minutes=10)
_ASKS_STATUS: Final = re.compile(r"(?i)\b(?:resolved|close|closed|mitigated|over|declare)\b|关闭|结束|解决")
_DECIDES: Final = frozenset({FactKind.DECISION, FactKind.REMEDY})


def open_questions(ordered: Sequence[Fact]) -> tuple[Fact, ...]:
    """Of facts that are in order, the questions that nobody answered, oldest first; none once all is resolved."""
    waiting: list[Fact] = []
    for fact in ordered:
        if fact.kind is FactKind.STATUS and fact.state == Standing.RESOLVED:
            waiting = []
        elif fact.kind is FactKind.QUESTION:
            waiting.append(fact)
        elif waiting:
            waiting = [question for question in waiting if not _answers(fact, question)]
    return tuple(waiting)


def _answers(fact: Fact, question: Fact) -> bool:
    if fact.kind in _DECIDES and fact.template and fact.template == question.template:
        return True
    if fact.kind is FactKind.STATUS and not question.template and _ASKS_STATUS.search(question.says):
        return True
    if fact.user == question.user or not fact.user:
        return False
    root = question.thread_ts or question.ts
    if root and fact.thread_ts == root:
        return True
    soon = fact.at - question.at <= _ANSWERED_WITHIN
    return fact.kind is FactKind.ANSWERED and soon and not fact.thread_ts and f"@{question.user}" in fact.says
