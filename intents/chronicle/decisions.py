"""Recognise decisions and actions of people: planned, in progress, done, called off.

A decision begins with its author or its verb: "rolling back to 4.0.9" is one; "waiting for the rollback", "rolling back
takes a while" and "you can roll back with …" are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from intents.chronicle.action_phrases import topic_in
from intents.chronicle.decision_phrases_en import GO_AHEAD, NEXT, WAYS_EN
from intents.chronicle.decision_phrases_zh import ASKED_OF_ZH, CHANGE_WAYS_ZH, FREEZE_ZH, WAYS_ZH
from intents.chronicle.facts import DecisionState
from intents.chronicle.guards import is_stated
from intents.chronicle.message_text import Sentence
from intents.chronicle.next_steps import names_next_step, next_topic
from intents.chronicle.phrase_rows import first_end
from intents.chronicle.system_parts import RUNS_ZH, WHAT_RUNS

# Objects that are people, pages or one's own things: changing these changes no system.
_IDLE: Final = re.compile(
    r"\s(?:@\w+|my|(?:that|this|the|a|some) (?:message|comment|note|doc|wiki|channel|calendar|invite|thread|room"
    r"|tab)s?)\b"
)
# Things done after an incident, or in order to talk about it.
_TALKED: Final = re.compile(
    r"\b(?:retro|post-?mortem|stand-?up|meeting|calendar|spreadsheet|slides|wiki|screenshot|reminder|(?<!waiting )room"
    r"|newsletter|team|folks|thread)\b(?!-)"
    r"|^(?:all |the )?(?:alerts?|pages?|notifications?) (?:are |have )?(?:all )?cleared\b|\bnotifications\b"
    r"|^(?:the |all )?queues? drained$"
    r"|^(?:the )?(?:service|services|access|connectivity|functionality|site)\b.{0,30} restored\b"
)
# Events that happened without anybody's action.
_BEFELL: Final = re.compile(
    r"^(?!(?:i|we)\b).*\b(?:re-?started|rebooted|failed over|bounced)(?: \w+)? (?:again|\d+ ?(?:x|times)|by itself"
    r"|on its own"
    r"|repeatedly)|^(?:the |a |my |that )?(?:pods?|container) (?:was |got |just )*re-?started$"
    r"|(?:又|自动|自己|频繁|一直在?|反复|莫名|老是).{0,6}(?:重启|重建|切[换主])|被(?:清空|删|驱逐|杀|kill)"
)
# Doubts are not statements, and an apology is about a slip in the channel, not about a system.
_NOT_SAID: Final = re.compile(r"\b(?:wonder(?:ing)?|whether)\b")
_SORRY: Final = re.compile(r"^(?:sorry|apologies|my bad|oops)\b|^(?:抱歉|不好意思|对不起)")
_RUNS_ZH: Final = re.compile(RUNS_ZH)
_NEGATED_ZH: Final = re.compile(r"有人|谁|不要|别|不建议|不能|没有?|未|不敢|无法|不想|勿|不急")


def decisions_in(sentence: Sentence) -> Iterator[tuple[DecisionState, str]]:
    """Yield (progress, topic) for each clause that states a decision."""
    if first_end(NEXT, sentence.plain) is not None and not sentence.asks:
        yield DecisionState.PLANNED, topic_in(sentence.plain)
        return
    if (end := first_end(GO_AHEAD, sentence.plain)) is not None and is_stated(sentence, 0, end):
        yield DecisionState.PLANNED, topic_in(sentence.plain)
        return
    if names_next_step(sentence):
        yield DecisionState.PLANNED, next_topic(sentence)
        return
    for start, clause in sentence.clauses:
        for course, end in _first(clause):
            if topic_in(clause) != "escalate" and (_TALKED.search(clause) or _IDLE.search(clause, end)):
                continue
            if course in (DecisionState.DONE, DecisionState.UNDER_WAY) and _BEFELL.search(clause):
                continue
            if _NOT_SAID.search(clause, 0, end) or (_SORRY.search(sentence.plain) and not _names(sentence.plain)):
                continue
            if is_stated(sentence, start, start + end):
                yield course, topic_in(clause) or topic_in(sentence.plain)


def _names(plain: str) -> bool:
    """Return whether it names a system part."""
    return bool(WHAT_RUNS(plain)) or _RUNS_ZH.search(plain) is not None


def _first(clause: str) -> Iterator[tuple[DecisionState, int]]:
    for course, rows in WAYS_EN:
        if (end := first_end(rows, clause)) is not None:
            yield course, end
            return
    if found := FREEZE_ZH.search(clause):
        yield DecisionState.DONE, found.end()
        return
    if found := ASKED_OF_ZH.search(clause):
        yield DecisionState.PLANNED, found.end()
        return
    changes = CHANGE_WAYS_ZH if _RUNS_ZH.search(clause) else ()
    for course, patterns in (*WAYS_ZH, *changes):
        for pattern in patterns:
            if (found := pattern.search(clause)) and (
                course is DecisionState.CALLED_OFF or not _NEGATED_ZH.search(clause)
            ):
                yield course, found.end()
                return
