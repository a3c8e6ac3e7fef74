"""Recognise questions that need an answer, and possible answers.

Questions about progress, presence or a link are small talk. A reply in a thread may be an answer if it says more than
thanks.
"""

from __future__ import annotations

import re
from typing import Final

from intents.chronicle.guards import is_of_another_time
from intents.chronicle.message_text import Sentence
from intents.chronicle.phrase_rows import OPENING, first_end, phrases, words
from intents.chronicle.system_parts import WHAT_RUNS

_OPEN: Final = OPENING.replace(r"@\w+|", r"@\w+|does anyone know|do you know|any idea|question|")
_ASKS: Final = re.compile(
    rf"^{_OPEN}(?:should (?:we|i)\b|shall we\b|do we\b|did (?:anyone|anybody|someone|somebody|anything"
    rf"|something|we|you|the|that)\b"
    rf"|has (?:anyone|anybody|someone|the)\b|have we\b"
    r"|(?:does|do) (?:anyone|anybody|you|someone) (?:know|have|see|remember)\b|is (?:it|this|that|there) (?:safe|ok"
    r"|just|only|also|possible|any)\b|(?:is|are|was|were) (?!(?:we|you|there|it|this|that|anyone|anybody|everyone"
    r"|someone)\b)[\w@./-]+(?: [\w./-]+){0,5} (?:affected|impacted|down|safe|failing|ok|involved|running|enabled"
    r"|seeing|still|on)\b|what's the (?:blast|impact|scope|plan|cause|error)|what (?:changed|happens?|happened"
    r"|version|caused|else"
    r"|exactly|do we|time|about the)\b|which\b|how (?:many|much|do we|did|are we|is the|far)\b|why (?!do you|did you"
    r"|would you|are you|do i)(?:is|are|did"
    r"|does|do|was|were|would|isn't|aren't|didn't)\b|who (?:owns|changed|deployed|merged|pushed"
    r"|touched|ran|approved)\b|when did\b|where (?:is|are|do|does|did)\b|can we (?:call|close|confirm|roll|re-?start"
    r"|fail|scale|turn|disable|safely|get|re-?enable|declare|stop|drain)\b|anyone (?:else )?(?:know|see|seeing|touch"
    r"|deploy|chang)\w*|know who\b|who owns\b)"
)
_ASKS_WHAT: Final = phrases(
    (r"(?:(?:does anyone know|do you know|any idea|question)[\s:,.!-]*)?what (?:is|was|are|were) the …<runs|trouble>",),
    {"runs": WHAT_RUNS, "trouble": words(r"\b(?:impact|scope|plan|cause|reason|risk|error|difference)\b")},
)
# Questions about a thing named before.
_OF_THEM: Final = re.compile(
    r"\b\w+ .{4,}, (?:do|does|did|are|is|were|was|will|can|should) (?:those|these|they|it|that)\b(?! (?:mean|make|ok"
    r"|good))"
)
_ASKS_ZH: Final = re.compile(
    r"要不要|是否|能不能|可不可以|有没有(?!人(?:在)?$|人[?？])|哪些|哪个|哪里|哪台|多少|为什么|为何|什么原因|谁(?:改"
    r"|动|发|负责|提"
    r"|部署|批|写)|是谁(?:改|动|发|提)|吗[?？]?$"
)
_TALK: Final = re.compile(
    r"\b(?:any (?:updates?|news|progress|eta)|how's it|how is it going|what's the (?:latest|status|word|eta)"
    r"|what is the (?:latest|status|eta)|zoom|meet|bridge|the call|hear me|dashboards?\b.*\bfor me|access"
    r"|permissions?|on call|oncall|is ic|be ic|scribe|lunch|coffee|when (?:will|can)|was this ever|good\?|we good"
    r"|my side|which one|did you mean|order(?:ed)? food|food|ticket|screen|join|vpn|change request)\b|进展|什么情况"
    r"|恢复了|什么时候|谁在处理|(?<!没)有人(?!改|动|知道|发|碰)|谁有|多久|吃饭|链接|在吗"
    r"|好了吗|会议|截图|这个?图|你来(?:负责|处理|看)|谁值班|通知过|恢复不|明白吗"
    r"|是吗|可以吗\?*$"
)
_FEWEST_WORDS: Final = 3
_FEWEST_HAN: Final = 5
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9'./-]*")

_YES_OR_NO: Final = re.compile(
    r"^(?:@\w+[\s,]*)?(?:yes|no|yep|nope|yeah|nah|correct|affirmative|negative|是的|没有|不是|对的|有的|不会"
    r"|会的)(?=\W|$)"
)
_SMALL_TALK: Final = re.compile(
    r"^(?:thanks?|thank you|thx|ty|lol|haha|nice|great|cool|ok(?:ay)?|sure|sounds|will do|on it|got it|looking"
    r"|checking|one sec|give me|let me|lemme|i'll (?:check|look|take a look|have)|having a look|same|\+1|lgtm|brb"
    r"|afk|sorry|no worries|good|agreed|done|ack|hm+|not sure|no idea|i don't know|dunno|收到|好的|谢谢|感谢|辛苦"
    r"|我看|稍等|在看|不清楚|不知道|哈+)"
)


def is_question(sentence: Sentence) -> bool:
    """Return whether it asks for something that the incident needs to know or to decide."""
    plain = sentence.plain
    chinese = len(_HAN.findall(plain))
    if chinese >= _FEWEST_HAN:
        asks = (sentence.asks or plain.endswith(("吗", "么"))) and _ASKS_ZH.search(plain) is not None
    else:
        asks = sentence.asks and len(_WORD.findall(plain)) >= _FEWEST_WORDS and _asks(sentence)
    return asks and not _TALK.search(plain) and not is_of_another_time(sentence)


def _asks(sentence: Sentence) -> bool:
    """Return whether it begins as a question, at once or after an introduction."""
    if _OF_THEM.search(sentence.plain):
        return True
    last = next((clause for _, clause in reversed(sentence.clauses)), "")
    if _begins_as_one(sentence.plain):
        return True
    return sentence.plain.count(":") == 1 and _begins_as_one(last)


def may_answer(sentence: Sentence, *, in_thread: bool) -> bool:
    """Return whether it may answer somebody.

    In a thread any substantial reply may; elsewhere only a yes or no that addresses a person or says more.
    """
    plain = sentence.plain
    if sentence.asks or plain.endswith(("吗", "么")):
        return False
    says_so = _YES_OR_NO.search(plain) is not None
    if not in_thread:
        more = len(_WORD.findall(plain)) > 2 * _FEWEST_WORDS or len(_HAN.findall(plain)) > 2 * _FEWEST_HAN
        return says_so and (plain.startswith("@") or more)
    if says_so:
        return True
    return not _SMALL_TALK.search(plain) and (
        len(_WORD.findall(plain)) > _FEWEST_WORDS or len(_HAN.findall(plain)) >= _FEWEST_HAN
    )


def _begins_as_one(plain: str) -> bool:
    return _ASKS.search(plain) is not None or first_end(_ASKS_WHAT, plain) is not None
