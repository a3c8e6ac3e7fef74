"""Which questions are still open.

A question is answered when, after it, somebody else says in its thread anything that is a fact and no question; when
somebody else answers outside threads, naming whoever asked, within ten minutes; or when what it asks about was decided:
"should we roll back?" by a decision to roll back, "can we call it resolved?" by a status.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from intents.chronicle.facts import Fact, FactKind, Standing

_ANSWERED_WITHIN: Final = timedelta(minutes=10)
_ASKS_STATUS: Final = re.compile(r"(?i)\b(?:resolved|close|closed|mitigated|over|declare)\b|关闭|结束|解决")
_NAMED: Final = re.compile(r"@([A-Z0-9]{2,20})")
_DECIDES: Final = frozenset({FactKind.DECISION, FactKind.REMEDY})


def open_questions(ordered: Sequence[Fact]) -> tuple[Fact, ...]:
    """Of facts that are in order, the questions that nobody answered, oldest first; none once all is resolved."""
    waiting = _Waiting()
    for fact in ordered:
        if fact.kind is FactKind.STATUS and fact.state == Standing.RESOLVED:
            waiting = _Waiting()
        elif fact.kind is FactKind.QUESTION:
            waiting.add(fact)
        else:
            waiting.hear(fact)
    return tuple(waiting.questions.values())


class _Waiting:
    """Questions that wait for an answer, found by what may answer them: a thread, an action, a status, a name."""

    def __init__(self) -> None:
        self.questions: dict[str, Fact] = {}
        self._answered_by: dict[tuple[str, str], list[Fact]] = {}

    def add(self, question: Fact) -> None:
        self.questions[question.key] = question
        self._await("thread", question.thread_ts or question.ts, question)
        self._await("action", question.template, question)
        self._await("person", question.user, question)
        if not question.template and _ASKS_STATUS.search(question.says):
            self._await("status", "any", question)

    def hear(self, fact: Fact) -> None:
        if fact.kind in _DECIDES:
            self._close("action", fact.template)
        elif fact.kind is FactKind.STATUS:
            self._close("status", "any")
        if fact.user and fact.thread_ts:
            self._close("thread", fact.thread_ts, by=fact.user)
        elif fact.user and fact.kind is FactKind.ANSWERED:
            for name in _NAMED.findall(fact.says):
                self._close("person", name, by=fact.user, asked_since=fact.at - _ANSWERED_WITHIN)

    def _await(self, how: str, what: str, question: Fact) -> None:
        if what:
            self._answered_by.setdefault((how, what), []).append(question)

    def _close(self, how: str, what: str, *, by: str = "", asked_since: datetime | None = None) -> None:
        """Those of others than `by`, and of these only what was asked since then."""
        still: list[Fact] = []
        for question in self._answered_by.pop((how, what), ()):
            if (by and question.user == by) or (asked_since is not None and question.at < asked_since):
                still.append(question)
            else:
                self.questions.pop(question.key, None)
        if still:
            self._answered_by[how, what] = still
