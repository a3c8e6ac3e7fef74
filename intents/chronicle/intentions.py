"""Recognise what people set out to do in words of no listed action: "i'll add two on-demand nodes", "我先抓个 dump".

The form counts, not the verb: an author, a time to come, and a part of a system. Verbs for looking, talking and one's
own affairs state no intention.
"""

from __future__ import annotations

import re
from typing import Final

from intents.chronicle.facts import DecisionState
from intents.chronicle.guards import is_elsewhere, is_stated
from intents.chronicle.message_text import Sentence
from intents.chronicle.phrase_rows import OPENING
from intents.chronicle.system_parts import RUNS_ZH, WHAT_RUNS

_IDLE: Final = (
    r"(?:be|see|look|check|have|get back|go|come|ask|join|read|know|need|wait|watch|monitor|keep|stay|try|let|say"
    r"|tell|write|share|post|talk|ping|update|dig|think|start|set up|find|verify|confirm|test|close|resolve|mark"
    r"|investigate|follow|do|give|leave|hold|run point|lead|not|never|take (?:a look|notes|the|it|this|over)"
    r"|put together|make sure|make it|call it)\b"
)
_IDLE_ING: Final = (
    r"(?:see|gett|look|check|hav|wait|go|ask|read|writ|talk|monitor|watch|investigat|digg|try|join|shar|post|think|miss"
    r"|fail|tim|runn|pend|hitt|us|assum|follow|includ|start|debugg|review|compar|test|send|work|wonder|guess|suspect"
    r"|observ|notic|los|dropp|return|throw|crash|restart|trac|profil|grabb|collect|gather|tail|verify|confirm|keep|com"
    r"|feel|hop|know|turn|judg|speak|stand|stay|reproduc|tak|mov|mean|need|say|hear|show|giv|mak"
    r"|bring|deal|find|play|head|driv|walk|commut|logg|dial|hopp|fly|leav|resolv|mark"
    r"|analy[sz]|climb|grow|be|th|someth|anyth|noth|everyth|dur|morn|even|r|str|p|k|spr|incom|exist|accord)ing\b"
)
_WILL: Final = re.compile(
    rf"^{OPENING}(?:as (?:a|the) next (?:step|measure)[, ]+|after that[, ]+|in the meantime[, ]+|instead[, ]+)?"
    r"(?:(?:i|we)(?:'ll| will|'m going to| am going to|'re going to| are going to|'m gonna|'re gonna| gonna| gotta"
    r"| have to)|gonna|gotta|lemme|let me|let's|lets|will|going to|need to|have to|(?:so |then "
    r"|rather )*instead (?:we|i)|(?:please|pls)(?: can you)?)"
    rf" (?:now |also |first |then |just |instead |quickly )*(?!{_IDLE})[a-z][a-z-]+ (?P<what>.+)"
)
_DOING: Final = re.compile(
    rf"^{OPENING}(?:(?:i'm|i am|we're|we are) )?(?:already |now |just )*(?!{_IDLE_ING})[a-z]{{3,}}ing (?P<what>.+)"
)
_MOVES: Final = re.compile(r"\b(?:to|from|off|onto) (?!me\b|you\b|@)[\w.-]+ now$")
# "Rolling restarts are slow" tells of a thing; the author's own affairs change no shared system.
_TELLS: Final = re.compile(
    r"\b(?:is|are|was|were|takes?|took|has|have|had|should|would|might|could|may|seems?|helps?|helped|my|yesterday)\b"
)
# "doing that now", "on it" after somebody else named the action.
_TASK: Final = re.compile(
    rf"^{OPENING}(?:i'm )?(?:doing (?:that|it|this)(?: right)? now|i'll do (?:that|it|this) now)$"
)
_IDLE_ZH: Final = re.compile(
    r"写|发|填|修复|恢复|看|查|确认|排查|分析|了解|观察|不|没|被|谁|等|觉得|记得|怀疑|感觉|想|说|问|[了过吗呢]$"
)
_WILL_ZH: Final = re.compile(
    r"^(?:好的?|行|嗯|ok|可以|那|然后|再|，|\s)*"
    r"(?:我们?(?:这边)?(?:先|去|来|再|现在|马上|这就|准备|把|得|要)|(?:接下来|后面|后续|晚上|中午"
    r"|下午|待会|等下|稍后|回头|下次)[^，。]{0,6}?(?:我们?|先|再|把)"
    r"|[^，。我你他谁]{0,12}?(?:也|都|还)?(?:得|要)(?=[切换改加关开扩清退])|(?:先|再|得|要)(?:把)?"
    r"|(?:已经|正)?在|正)(?P<what>[^，。？]{2,})"
)
# 把 marks the thing that is changed, so any verb with a result will do: 把主固定在 rs-2 上.
_DISPOSES_ZH: Final = re.compile(
    r"^[^，。？]{0,8}?给[^，。？]{1,10}?(?:(?:补|加|装|配|换|开|重跑|重启|扩|续)[^，。？了]{0,8})$"
    r"|^[^，。？我你他]{0,8}?再(?:起|加|开|建|拉|挂|部署)[一两几\d]个?"
    r"[^，。？了]{1,8}$|我(?:们)?(?:去|来|先)?(?:改|换|调|切|重启|清|扩|加|删"
    r"|修)一?下\s?[^，。？]{2,}|^[^，。？]{0,10}?把(?P<what>[^，。？]{1,16}?)[^，。？了的]{1,4}(?:到"
    r"|在|成|进|掉|回|上|下来?|开|好|关|给)[^，。？]{0,12}$"
)
_AT_ONCE_ZH: Final = re.compile(
    r"^(?:好的?|行|嗯|ok|可以|那)*我(?:们|这边)?(?:现在|马上|这就|立刻|来|去)+(?:就)?(?:打开"
    r"|关[掉上]?|切[回走]?|改|换|重启|恢复|回退|加|扩|停|删|取消)(?:掉|它|一下)?$"
)
_TALK_ZH: Final = re.compile(
    r"[被没不谁看群链屏图窗门灯]|文档|消息|会议|记录|时间线|公告|问题|工单|情况|结论|原因|话|@|如果|的话|了$"
)
_PART_ZH: Final = re.compile(rf"{RUNS_ZH}|(?<![a-z])(?!quoted)[a-z]{{3}}|(?:\d|[一两二三四五六七八九十几])台")


def intention_in(sentence: Sentence) -> DecisionState | None:
    """Return the progress of what a sentence says its author will do or does to a part of the system."""
    if sentence.asks or is_elsewhere(sentence):
        return None
    for start, clause in sentence.clauses:
        found = _intention_en(clause) or _intention_zh(clause)
        if found is not None and is_stated(sentence, start, start + found[1]):
            return found[0]
    return None


def _intention_en(clause: str) -> tuple[DecisionState, int] | None:
    """Return the progress, and the end of the words that say it."""
    if found := _TASK.search(clause):
        return DecisionState.UNDER_WAY, found.end()
    if _TELLS.search(clause):
        return None
    for course, way in ((DecisionState.PLANNED, _WILL), (DecisionState.UNDER_WAY, _DOING)):
        found = way.search(clause)
        if found and (_names_part(clause, found.start("what")) or _MOVES.search(found["what"])):
            return course, found.end()
    return None


def _intention_zh(clause: str) -> tuple[DecisionState, int] | None:
    if not _TALK_ZH.search(clause) and (found := _DISPOSES_ZH.search(clause) or _AT_ONCE_ZH.search(clause)):
        return DecisionState.PLANNED, found.end()
    found = _WILL_ZH.search(clause)
    if found and not _IDLE_ZH.search(found["what"]) and _PART_ZH.search(clause, found.start("what")):
        return DecisionState.PLANNED, found.end()
    return None


def _names_part(clause: str, at: int) -> bool:
    return any(start >= at and clause[start - 1] != "@" for start, *_ in WHAT_RUNS(clause))
