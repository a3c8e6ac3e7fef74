"""Recognise statements that do not count: questions, denials, wishes, other times, other people's words."""

from __future__ import annotations

import re
from typing import Final

from intents.chronicle.message_text import Sentence

# Words before a statement: a condition, a wish, somebody else's words.
_NOT_STATED: Final = re.compile(
    r"\b(?:if|unless|when|whenever|once|until|till|before|after|as soon as|in case|assuming|suppose|would|wouldn't"
    r"|hope|hopefully|wish|let me know|said|says|told|claims?|should be|who|why|how|whether|cannot|can't|expect(?:ed"
    r"|ing)?|need(?:s|ed)? to|waiting|wait|want(?:s|ed)? to|remember|imagine|instead of|without|prefer)\b"
)
# The same in Chinese, where they may stand inside the statement: 我们如果先回滚.
_NOT_STATED_ZH: Final = re.compile(
    r"如果|要是|假如|万一|倘若|等到|^等|等.{0,6}[后再]|一旦|除非|建议|觉得|希望|听说|据说|怎么|为什么|需要|要不|是否"
    r"|是不是|能不能"
)
# A condition after the statement; "if nobody objects" does not count as one.
_CONDITION: Final = re.compile(
    r"\b(?:if|unless|in case|assuming)\b(?!.{0,20}\b(?:object|objects|objections|disagrees?)\b)|如果|要是|除非|叫我"
    r"|喊我|通知我|告诉我|说一声|再说|以后|之后"
)
# A postponed remark does not affect what is done first: 先回滚，挂盘以后再说.
_PUT_OFF: Final = re.compile(
    r"[，,。；][^，,。；]{0,16}(?:以后|之后|后面|回头|明天|稍后|晚点|其[他它](?:的)?)(?:再|慢慢)(?:说|议|看|弄|搞"
    r"|处理|讨论)"
)
_AGREED: Final = re.compile(
    r"^(?:(?:actually|oh|no|hm+|ok|hang on|hold on)[, ]+)*wait[,.!]|(?:同意|没意见|没有?异议|没问题)的话|\bif"
    r" (?:nobody|no one)\b|\b(?:if|unless) .{0,20}\b(?:objections?|objects?"
    r"|disagrees?)\b"
)
# Another time, or a habit.
_OTHER_TIME: Final = re.compile(
    r"\b(?:yesterday|tomorrow|last (?:\w+ )?(?:week|time|month|night(?!'s)|year|incident|outage|quarter|sprint)"
    r"|previously|(?:in|during) (?:the|our) \w+ (?:outage|incident)|this (?:morning|week)|(?:days?|weeks?"
    r"|months?|years?) ago|usually|before(?=[,.])|never had|normally|always|typically|generally|every time|used to"
    r"|in the past|next (?:week"
    r"|time|month|sprint)|these days|(?:on |last |since |until |till )(?:mon|tues|wednes|thurs|fri|satur"
    r"|sun)days?)\b|昨[天晚]|前天|上次|上回|上周|上个?月|去年|以前|之前|曾经?|明天|下周|下次"
    r"|平时|一般|往常|通常|每次"
)
# Things nearby that do not belong to the incident.
_ELSEWHERE: Final = re.compile(
    r"\b(?:mic|microphone|camera|noise|music|lights|printers?|coffee machine)\b|打印机|空调|咖啡机|"
    r"\bmy (?:\w+ )?(?:vpn|laptop|machine|router|browser|pc|phone|computer|mac|wifi|terminal|shell|ide)\b"
    r"|\b(?:staging"
    r"|dev|test|local|sandbox|lab) (?:\w+ )?(?:is|was|were|has|env)|测试环境|我的?电脑"
)
# Questions without a question mark.
_ASKED: Final = re.compile(
    r"^(?:is|are|do|does|did|was|were|has|have|can|could|should|would|will) (?:anyone|anybody|someone|somebody|we"
    r"|you|it"
    r"|this|that|there|i|they|he|she)\b|^(?:who|what|when|why|how|where|which|whether)\b|[吗么]$"
)
_PARTLY: Final = re.compile(
    r"\b(?:not|never|isn't|aren't|wasn't|hasn't|haven't|won't|don't|didn't|no longer|almost|nearly|partially|partly"
    r"|half (?:resolved|mitigated|fixed)|yet|should|might|may|could|maybe|looks like|for some|some of|(?:on|for"
    r"|in) most|most of)\b|还没|没有"
    r"|没|未|尚|快要?|应该|可能"
    r"|差不多|部分|别|不要"
    r"|不能|不会"
)


def is_stated(sentence: Sentence, at: int, end: int) -> bool:
    """Return whether the words from `at` to `end` in the sentence are stated as true now."""
    plain = sentence.plain
    # The time of a later clause does not matter: "resolved, postmortem on Monday".
    said_by_then = plain[: next((start for start, _ in sentence.clauses if start >= max(end, at + 1)), len(plain))]
    if sentence.asks or _OTHER_TIME.search(said_by_then) or _ELSEWHERE.search(plain):
        return False
    if _ASKED.search(plain):
        return False
    before = _AGREED.sub("", plain[:at])
    if _NOT_STATED.search(before) or _NOT_STATED_ZH.search(_AGREED.sub("", plain[:end])):
        return False
    return not _CONDITION.search(_AGREED.sub("", _PUT_OFF.sub("", plain[end:])))


def is_asked(sentence: Sentence) -> bool:
    """Return whether a sentence is a question, if only by its first words."""
    return sentence.asks or _ASKED.search(sentence.plain) is not None


def is_of_another_time(sentence: Sentence) -> bool:
    """Return whether a sentence is about another time."""
    return _OTHER_TIME.search(sentence.plain) is not None


def is_elsewhere(sentence: Sentence) -> bool:
    """Return whether a sentence is about something outside the incident."""
    return _ELSEWHERE.search(sentence.plain) is not None


def is_whole(clause: str) -> bool:
    """Return whether a clause neither denies nor hedges, unlike "not mitigated yet" and "应该快恢复了"."""
    return not _PARTLY.search(clause)
