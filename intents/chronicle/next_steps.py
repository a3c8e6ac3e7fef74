"""Recognise next steps that people announce: "next: priya checks the mirror by 11:00", "下一步：小王核对证书".

A step is named by its heading, or by a person, a check and a deadline. Checks change nothing, so they are no decisions
by themselves; `checked_in` recognises that one is done.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from intents.chronicle.action_phrases import topic_in
from intents.chronicle.facts import NEXT_STEP, DecisionState, Fact, FactKind
from intents.chronicle.guards import is_elsewhere, is_of_another_time, is_stated
from intents.chronicle.message_text import Sentence, sentences_of
from intents.chronicle.phrase_rows import OPENING

_HEADING: Final = re.compile(
    rf"^{OPENING}(?:(?:the |our |my |immediate )?next(?: steps?| up| actions?| thing)?|next(?:"
    rf" [\w'-]+){{1,3}}(?=\s?[:：])|(?:to[ -]?do|up|coming up) next|(?:the |our )?(?:current )?plan"
    r"|way forward)"
    r"(?:(?: for \w+)?\s*(?:[:：]|\s[-–—]\s|,)|(?: is| are)(?: now)? to\b|(?<=step)(?: is| now is)(?= )"
    r"|(?<=steps)(?: are)(?= )|(?: is| are):?(?= (?:that )?(?:@|we|i|to)\b)"
    r"|(?<=next)(?= (?:we|i|i'll|we'll|@\w+)\b)|(?<=next up)(?= (?:we|i|@\w+|is)\b))"
    r"\s*(?:step )?(?:\(?\d+[.):]\s*)?(?P<step>.+)"
)
_NO_STEP: Final = re.compile(
    r"^(?:update|week|month|sprint|time|shift|meeting|sync|call|stand-?up|retro|post-?mortem|review|lunch|tbd|unclear"
    r"|unknown|none|nothing|n/a|\?|not (?:known|clear))\b|\b(?:retro|post-?mortem)\w*|\bnext (?:update|week"
    r"|sprint|month|time)\b"
)
_CHECKS: Final = (
    r"(?:check|verify|compare|look (?:at|into|through)|test|confirm|review|inspect|validate|collect|gather|dig into"
    r"|investigate|trace|measure|reproduce|analy[sz]e|audit|ask|call|ping|prepare|try|find out|go through|report back"
    r"|get back|follow up|monitor|watch)"
)
_DEADLINE: Final = (
    r"(?:\b(?:by|before|until|at|in|within|every|til|till) (?:the next )?[~]?(?:\d{1,2}(?::\d\d)?|noon|midnight|eod|eob"
    r"|half an? hour|an hour|a few)\b)"
)
_ASSIGNED: Final = re.compile(
    rf"^{OPENING}(?:@\w+|[a-z][\w.-]{{1,20}}|i|we)(?:'ll| will| is going to| are going to| am going to|'s going to"
    rf"|'re going to| to|, please|:)? (?:please )?(?:now )?{_CHECKS}s?\b.*{_DEADLINE}"
)
_NOT_ASSIGNED: Final = re.compile(r"^(?:please |can |could |that |this |it |everything |nothing |which |who )")

_CHECKS_ZH: Final = r"(?:检查|核对|核查|确认|验证|看|查|测|对比|排查|复现|分析|联系|收集|跟进|汇报|同步|试)"
_HEADING_ZH: Final = re.compile(
    r"^(?:那)?(?:下一步|接下来|后续|下面|下步)(?:计划|安排|动作|工作|步骤|行动)?(?:是|：|:|，|,|\s|(?=我|你|由|@|先|让|请|小|老))"
    r"\s*(?P<step>.{2,})|^(?:计划|安排|待办|todo)\s?(?:是|：|:)\s*(?P<plan>.{2,})"
)
_NO_STEP_ZH: Final = re.compile(
    r"^(?:怎么|如何|什么|呢|咋|待定|未定|不清楚|没有|无$|再说|看情况|讨论)|(?:怎么办|做什么|干什么|干嘛|呢)$|会议|吃饭|复盘|写报告|接手|负责$|牵头|主导|值班|顶上"
)
_ASSIGNED_ZH: Final = re.compile(
    rf"^[^，。？?]{{1,12}}?\d{{1,2}}\s?(?:点半?|[:：]\d\d|分钟)\s?(?:之?前|以前|内|之内)[^，。？?]{{0,6}}{_CHECKS_ZH}"
    rf"|^[^，。？?]{{1,10}}{_CHECKS_ZH}[^，。？?]{{1,16}}?[，,]?\s?\d{{1,2}}\s?(?:点半?|[:：]\d\d|分钟)\s?(?:之?前|以前|内|之内)"
)

_ANY_CHECK: Final = re.compile(rf"\b(?:{_CHECKS}(?:e?s)?|verif\w+|tries)\b|{_CHECKS_ZH}")
_CHECKED: Final = (
    r"(?:checked|verified|compared|tested|reviewed|inspected|validated|looked (?:at|into|through)"
    r"|went through|traced|measured|reproduced)"
)
_DONE_CHECK: Final = re.compile(
    rf"^{OPENING}(?:(?:i|we|@\w+|[a-z][\w.-]{{1,20}})(?:'ve| have| has)? )?(?:just |already |now )?{_CHECKED}"
    rf" (?:the |all |our"
    rf" )?\w|^{OPENING}(?:the |all |our )?(?:[\w./-]+ ){{1,4}}(?:is |are |has been |was |were )?(?:now |all"
    rf" )?{_CHECKED}\b"
)
_DONE_CHECK_ZH: Final = re.compile(
    r"(?:检查|核对|核查|确认|验证|看|查|测|对比|排查)(?:过了?|完了?|好了)|已经?(?:检查|核对|核查|确认|验证|排查|对比)"
)
_FIRST_CLAUSE: Final = re.compile(r"[,，:：]")
_NOT_DONE: Final = re.compile(r"\b(?:not|never|haven't|hasn't|isn't|aren't|nobody|being)\b|没|未|还|谁")


def names_next_step(sentence: Sentence) -> bool:
    """Return whether a sentence announces a next step of the incident."""
    plain = sentence.plain.strip(" .!。！")
    if sentence.asks or is_elsewhere(sentence):
        return False
    if headed := _HEADING.search(plain):
        step = headed["step"].strip(" .,:")
        return len(step.split()) > 1 and not _NO_STEP.search(step) and not _NO_STEP.search(plain)
    if headed := _HEADING_ZH.search(plain):
        step = (headed["step"] or headed["plan"]).strip(" ，,：:")
        return len(step) > 1 and not _NO_STEP_ZH.search(step)
    if is_of_another_time(sentence):
        return False
    found = None if _NOT_ASSIGNED.search(plain) else _ASSIGNED.search(plain)
    found = found or _ASSIGNED_ZH.search(plain)
    return found is not None and is_stated(sentence, found.start(), found.end())


def is_announced(fact: Fact) -> bool:
    """Return whether a fact is a decision that was announced as the next step."""
    is_plan = fact.kind is FactKind.DECISION and fact.state == DecisionState.PLANNED
    return is_plan and (fact.template == NEXT_STEP or _names_one(fact.says))


@lru_cache(maxsize=1024)
def _names_one(says: str) -> bool:
    return any(map(names_next_step, sentences_of(says)))


def next_topic(sentence: Sentence) -> str:
    """Return the action that a next step names first, or `NEXT_STEP` for a check."""
    plain = sentence.plain
    checks = _ANY_CHECK.search(plain)
    return NEXT_STEP if checks else topic_in(plain) or NEXT_STEP


def checked_in(sentence: Sentence) -> bool:
    """Return whether a sentence says that something was checked."""
    if (
        sentence.asks
        or is_of_another_time(sentence)
        or _NOT_DONE.search(_FIRST_CLAUSE.split(sentence.plain, maxsplit=1)[0])
    ):
        return False
    return _DONE_CHECK.search(sentence.plain) is not None or _DONE_CHECK_ZH.search(sentence.plain) is not None
