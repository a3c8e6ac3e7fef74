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
from intents.chronicle.system_parts import RUNS_ZH, WHAT_RUNS

_OPEN: Final = OPENING.replace(r"@\w+|", r"@\w+|does anyone know|do you know|any idea|question|")
_ASKS: Final = re.compile(
    rf"^{_OPEN}(?:should (?:we|i)\b|shall we\b|do we\b|did (?:anyone|anybody|someone|somebody|anything"
    rf"|something|we|you|the|that)\b"
    rf"|has (?:anyone|anybody|someone|the)\b|have we\b"
    r"|(?:does|do) (?:anyone|anybody|you|someone) (?:know|have|see|remember)\b|is (?:it|this|that|there) (?:safe|ok"
    r"|just|only|also|possible|any)\b|(?:is|are|was|were) (?!(?:we|you|there|it|this|that|anyone|anybody|everyone"
    r"|someone)\b)[\w@./-]+(?: [\w./-]+){0,5} (?:affected|impacted|down|safe|failing|ok|reachable|available"
    r"|healthy|ready|involved|running|enabled"
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
    r"|部署|批|写)|是谁(?:改|动|发|提)|归谁|谁(?:在)?(?:管|维护)|吗[?？]?$"
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
_RUNS_ZH: Final = re.compile(RUNS_ZH)
_FEWEST_WORDS: Final = 3
_FEWEST_HAN: Final = 5
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9'./-]*")

_YES_OR_NO: Final = re.compile(
    r"(?i)^(?:@\w+[\s,]*)?(?:yes|no|yep|nope|yeah|nah|correct|affirmative|negative|是的|没有|不是|对的|有的|不会"
    r"|会的)(?=\W|$)"
)
_SMALL_TALK: Final = re.compile(
    r"^(?:thanks?|thank you|thx|ty|lol|haha|nice|great|cool|ok(?:ay)?|sure|sounds|will do|on it|got it|looking"
    r"|checking|one sec|give me|let me|lemme|i'll (?:check|look|take a look|have)|having a look|same|\+1|lgtm|brb"
    r"|afk|sorry|no worries|good|agreed|done|ack|hm+|not sure|no idea|i don't know|dunno|收到|好的|谢谢|感谢|辛苦"
    r"|我看|稍等|在看|不清楚|不知道|哈+)"
)

# A statement that gives a value, an owner, a place or a reason: outside a thread, only these may answer.
_VALUE: Final = re.compile(
    r"^(?:@\w+[\s,:]*)?(?:about|around|roughly|approximately|nearly|almost|only|just|at least|at most|~|≈|>|<)*\s*"
    r"\d[\d.,]*\s*(?:%|percent\b|k\b|m\b|(?:[\w-]+ )?(?:users?|customers?|tenants?|orders?|requests?|nodes?"
    r"|pods?|clusters?"
    r"|hosts?|regions?|accounts?|merchants?|errors?|replicas?|namespaces?|jobs?)\b)"
    r"|^(?:@\w+\s*)?(?:大概|约|大约|差不多|只有|仅|一共|总共)\s*[\d一二两三四五六七八九十百千万]"
)
_SHORT_ANSWER: Final = re.compile(r"^(?:yes|no|yep|nope|yeah|nah|是的|没有|不是|对的|有的|不会|会的)[,，:]\s?\S.{3,}")
_OWNS: Final = re.compile(
    r"^(?:the |our |team )?[\w@./ -]{2,30} (?:owns?|changed|merged|deployed|pushed|touched|approved|enabled"
    r"|disabled|ran) "
    r"(?:the |that |this |it$|our )|^(?:the )?[\w@-]+(?: team)? (?:does|did|do)(?=$|[,.;])|^(?:nobody|no one"
    r"|no-one|none of us) (?:changed|touched|deployed|merged"
    r"|pushed|ran|did)\b"
    r"|没(?:有)?人(?:(?:改|动|发|碰)过|发版|发布|上线|变更)|(?:归|由)\S{1,10}(?:负责|团队|组)|是\S{1,8}(?:改的|发的|动的|上的)"
)
_STATE: Final = re.compile(
    r"^(?:@\w+[\s,:]*)?(?:the |our |it |that |all |both |only )?[\w@./ -]{0,40}?\b(?:is|are|was|were|runs?"
    r"|uses?|lives|points)\b "
    r"(?:now |still |not |only |all |already )*(?:reachable|unreachable|safe|affected|unaffected|impacted"
    r"|enabled|disabled|on v?\d"
    r"|in [a-z]+-|v?\d+\.\d|the (?:same|old|new|only)\b)"
    r"|(?:可达|不可达|能通|不通|受影响|不受影响|没受影响|跑的是|用的是)"
)
_REACHABLE: Final = re.compile(
    r"^(?:the |our |it |all |both )?[\w@./ -]{0,40}?\b(?:is|are) (?:now |still |not )*(?:un)?reachable\b"
)
_VERSION: Final = re.compile(r"(?:@\w+[\s,]*)?(?:it's |we're on |we run |we shipped )?v?\d+(?:\.\d+)+(?:[-+][\w.]+)?")
_DATED: Final = re.compile(
    r"^(?!(?:i|we|my|the call|the meeting)\b)[\w -]{3,50} (?:is|are|was|were) (?:from|since|at) \d{1,2}:\d\d\b"
)
_UNTOUCHED_ZH: Final = re.compile(r"(?:^|，)[^，。？]{2,14}(?:没有?|不)受?影响")
_SAYS_IT_ANSWERS: Final = re.compile(
    r"^(?:answering my (?:own )?question|to answer (?:my|your|the|that)|found the answer)"
    r"|^(?:自问自答|回答(?:一下)?)"
)
# A person who is still busy with it has no answer yet.
_AT_WORK: Final = re.compile(
    r"^(?:i'm|i am|i'll|i will|we're|let me|lemme|gonna|looking|checking|trying|going|want|need|please|pls|can|could"
    r"|should|if|when|once|maybe i|brb|back in)\b|\b(?:lunch|coffee|zoom|meeting|weekend|printer|laptop|pizza)\b"
    r"|^(?:我去|我来|我看|稍等|等我|等下|帮|麻烦|请|辛苦)|吃饭|会议|打印"
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


def is_yes_or_no(says: str) -> bool:
    """Return whether it begins with a yes or a no, perhaps after a mention."""
    return _YES_OR_NO.search(says) is not None


def may_answer(sentence: Sentence, *, in_thread: bool) -> bool:
    """Return whether it may answer somebody.

    In a thread any substantial reply may; elsewhere only a yes or no, or a statement of a value, an owner or a reason.
    """
    plain = sentence.plain
    if sentence.asks or plain.endswith(("吗", "么")):
        return False
    says_so = is_yes_or_no(plain)
    if not in_thread:
        more = len(_WORD.findall(plain)) > 2 * _FEWEST_WORDS or len(_HAN.findall(plain)) > 2 * _FEWEST_HAN
        if says_so:
            return plain.startswith("@") or more or _SHORT_ANSWER.search(plain) is not None
        return not is_of_another_time(sentence) and _tells(plain)
    if says_so:
        return True
    return not _SMALL_TALK.search(plain) and (
        len(_WORD.findall(plain)) > _FEWEST_WORDS or len(_HAN.findall(plain)) >= _FEWEST_HAN
    )


def _tells(plain: str) -> bool:
    """Return whether a statement outside a thread gives a value, an owner, a state or says that it answers."""
    if _SAYS_IT_ANSWERS.search(plain):
        return True
    if _SMALL_TALK.search(plain) or _AT_WORK.search(plain) or re.fullmatch(r"100 ?%", plain):
        return False
    if (_VALUE.search(plain) and "expected" not in plain) or _OWNS.search(plain):
        return True
    if (
        _VERSION.fullmatch(plain.strip(" .!。"))
        or _REACHABLE.search(plain)
        or _UNTOUCHED_ZH.search(plain)
        or _DATED.search(plain)
    ):
        return True
    return _STATE.search(plain) is not None and (bool(WHAT_RUNS(plain)) or _RUNS_ZH.search(plain) is not None)


def _begins_as_one(plain: str) -> bool:
    return _ASKS.search(plain) is not None or first_end(_ASKS_WHAT, plain) is not None
