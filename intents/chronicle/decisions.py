"""Recognise decisions and actions of people: planned, in progress, done, called off, taken back.

A decision begins with its author or its verb: "rolling back to 4.0.9" is one; "waiting for the rollback", "rolling back
takes a while" and "you can roll back with …" are not.

People also set out to do things in words of no listed action: "i'll add two on-demand nodes", "我先抓个 dump". There
the form counts: an author, a time to come, and a part of a system; verbs for looking, talking and one's own affairs
state no intention. A next step is named by its heading, or by a person, a check and a deadline. Checks change nothing,
so they are no decisions by themselves; `checked_in` recognises that one is done.

An action is reversed by its opposite ("turning the flag back on"), by another one that people do "instead", or by words
that take back the last decision ("scratch that"). These words are no fact by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from typing import Final

from intents.chronicle.action_phrases import topic_in
from intents.chronicle.decision_phrases import ASKED_OF_ZH, CHANGE_WAYS_ZH, FREEZE_ZH, GO_AHEAD, NEXT, WAYS_EN, WAYS_ZH
from intents.chronicle.facts import NEXT_STEP, DecisionState, Fact, FactKind
from intents.chronicle.message_text import Sentence, is_elsewhere, is_of_another_time, is_stated, sentences_of, states
from intents.chronicle.phrase_rows import OPENING, RUNS_ZH, WHAT_RUNS, Way, first_end

_HEADING: Final = re.compile(
    rf"^{OPENING}(?:(?:the |our |my |immediate )?next(?: steps?| up| actions?| thing)?|next(?:"
    r" [\w'-]+){1,3}(?=\s?[:：])|(?:to[ -]?do|up|coming up) next|(?:the |our )?(?:current )?plan|way forward)"
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
    return states(sentence, found)


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


# Objects that are people, pages or one's own things: changing these changes no system.
_NO_SYSTEM: Final = re.compile(
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
    r"|on its own|repeatedly)|^(?:the |a |my |that )?(?:pods?|container) (?:was |got |just )*re-?started$"
    r"|(?:又|自动|自己|频繁|一直在?|反复|莫名|老是).{0,6}(?:重启|重建|切[换主])|被(?:清空|删|驱逐|杀|kill)"
)
# Doubts are not statements, and an apology is about a slip in the channel, not about a system.
_NOT_SAID: Final = re.compile(r"\b(?:wonder(?:ing)?|whether)\b")
_SORRY: Final = re.compile(r"^(?:sorry|apologies|my bad|oops)\b|^(?:抱歉|不好意思|对不起)")
_RUNS_ZH: Final = re.compile(RUNS_ZH)
_NEGATED_ZH: Final = re.compile(r"有人|谁|不要|别|不建议|不能|没有?|未|不敢|无法|不想|勿|不急")


_EVEN_NEGATED_ZH: Final = ((DecisionState.DONE, (FREEZE_ZH,)), (DecisionState.PLANNED, (ASKED_OF_ZH,)))


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
        if (first := _first(clause)) is None:
            continue
        course, end = first
        if topic_in(clause) != "escalate" and (_TALKED.search(clause) or _NO_SYSTEM.search(clause, end)):
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


def _first(clause: str) -> tuple[DecisionState, int] | None:
    """Return the progress, and the end of the words that say it."""
    negated = _NEGATED_ZH.search(clause) is not None
    changes = CHANGE_WAYS_ZH if _RUNS_ZH.search(clause) else ()
    chinese = (each for each in (*WAYS_ZH, *changes) if each[0] is DecisionState.CALLED_OFF or not negated)
    ways: Iterable[tuple[DecisionState, Iterable[Way]]] = chain(WAYS_EN, _EVEN_NEGATED_ZH, chinese)
    ends = ((course, first_end(each, clause)) for course, each in ways)
    return next(((course, end) for course, end in ends if end is not None), None)


# Actions that undo each other: the words of one, and those of the other.
_OPPOSITES: Final = tuple(
    (re.compile(one), re.compile(other))
    for one, other in (
        (
            r"\b(?:disabl\w+|(?:turn|switch|flip)\w*\b.{0,30}?\boff|shut(?:ting)? (?:off|down))\b|关掉|关闭"
            r"|关停|禁用|停用|下线",
            r"\b(?:re-?)?enabl\w+\b|\b(?:turn|switch|flip)\w*\b.{0,30}?\bon\b|开启|打开|启用|重新上线|开回",
        ),
        (
            r"(?<!un)(?<!un-)\bcordon\w*\b|\bdrain\w*\b|隔离|驱逐|封锁",
            r"\bun-?cordon\w*\b|解除(?:封锁|隔离)|取消(?:封锁|隔离)",
        ),
        (
            r"\b(?:take|took|taking|pull\w*)\b.{0,40}?\b(?:out|off)\b|摘[除掉流]|踢[出掉]",
            r"\bput\w*\b.{0,40}?\bback\b|\bback in(?:to)? rotation\b|挂回|加回|放回",
        ),
        (
            r"\bscal\w+ (?:\S+ ){0,3}?(?:up|out)\b|扩容|扩到",
            r"\bscal\w+ (?:\S+ ){0,3}?(?:back|down|in)\b|缩容|缩回|缩到",
        ),
        (
            r"\b(?:paus|freez|froz|suspend|halt)\w*|封网|冻结|暂停",
            r"\b(?:resum|unfreez|unfroz|unpaus|un-?suspend)\w*|解除封网|恢复发布|解冻",
        ),
        (
            r"(?<!un)\b(?:block|bann?|throttl|rate-?limit)\w*|封禁|屏蔽|限流|熔断",
            r"\b(?:unblock|unban|un-?throttl|lift)\w*|解封|放开|取消限流",
        ),
        (
            r"\b(?:roll(?:ed|ing)?(?: \S+){0,3} ?-?back|revert\w*|roll-?back)\b|回滚|回退",
            r"\b(?:(?:roll|fix)(?:ed|ing)? forward|roll-?forward|re-?deploy\w*(?: v?\d\S*)?|undo\w* the roll-?back)\b"
            r"|重新(?:发布|上线)|往前修|向前修复",
        ),
        (
            r"\bfail(?:ed|ing)? ?-?over\b|\bfail-?over\b|切到备|切备|主备切换",
            r"\bfail(?:ed|ing)? ?-?back\b|\bfail-?back\b|切回|回切",
        ),
    )
)  # fmt: skip
# Another plan in place of the last one.
_INSTEAD: Final = re.compile(
    r"\binstead(?! of)\b|\b(?:plan|decision) (?:has )?chang(?:ed|e)\b|\b(?:changed|change of) (?:our |my"
    r" )?(?:minds?|plans?)\b"
    r"|\bon second thoughts?\b|\bnew plan\b|\bbetter idea\b|\bscratch that\b"
    r"|(?:^|[，,。；])\s?(?:那|就|先|还是|我们|直接)*(?:改为|改成|转为|改走|改用|换成)|(?:换个?|改"
    r"|调整)(?:一下)?方案|方案(?:改|换|变)"
)
_TAKEN_BACK: Final = re.compile(
    rf"^{OPENING}(?:(?:scratch|forget|belay|cancel|disregard|undo|strike|ignore) (?:that|this|it|my last|the last one"
    r"|what i (?:just )?said)(?: (?:please|then|again))?|never ?mind(?: that| then)?(?=$)|(?:let's )?not (?:do"
    r" )?(?:that|this|it)"
    r"(?: after all| then| now)?|let's not|changed (?:our|my) minds?|on second thoughts?,? (?:no|don't|let's not|not)"
    r"|(?:we )?(?:won't|will not|don't|are not|aren't) (?:do|doing) (?:that|this|it)(?: after all| anymore| any"
    r" more| now)?|(?:please |pls )?hold (?:off(?: (?:on|with) (?:that|it|this))?|that)(?: please| for now)?"
    r"|that's off|(?:the )?plan is off|decision (?:is )?(?:withdrawn|reversed|revoked|overturned))(?=$|[.,;:!])"
    r"|^(?:那)?(?:算了|作废|取消吧?|不搞了|先不做了?|先不弄了?|撤回(?:这个|上[一个]*|刚才的?)?(?:决定|方案)?"
    r"|(?:前面|刚才|之前|上面)(?:的|那个)?(?:决定|方案|说的)(?:作废|取消|不算|撤回)(?:了)?"
    r"|不这么(?:做|搞)了)(?=$|[，。！])"
)


def reverses(later: str, earlier: str) -> bool:
    """Return whether a later decision (lower case) undoes the action of an earlier one."""
    for one, other in _OPPOSITES:
        if one.search(earlier) and other.search(later) and not other.search(earlier):
            return True
        if other.search(earlier) and one.search(later) and not other.search(later) and not one.search(earlier):
            return True
    return False


def is_instead(says: str) -> bool:
    """Return whether a decision (lower case) says that it replaces another one without naming that."""
    return _INSTEAD.search(says) is not None


def takes_back(sentence: Sentence) -> bool:
    """Return whether a sentence takes back what was decided last, without naming it."""
    return not sentence.asks and _TAKEN_BACK.search(sentence.plain) is not None
