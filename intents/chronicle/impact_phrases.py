"""Recognise how far a failure reaches now: "still failing for ~5 %", "only EU is affected", "影响面缩小到 2%".

Such a statement follows the first report and replaces what was said about the impact before.
"""

from __future__ import annotations

import re
from typing import Final

from intents.chronicle.guards import is_asked, is_elsewhere, is_of_another_time
from intents.chronicle.message_text import Sentence
from intents.chronicle.phrase_rows import OPENING

_AMOUNT: Final = r"(?:about |around |roughly |only |just |some |nearly |over |under |up to )?[~<>≈]?\s?\d[\d.,]*\s?"
_SHARE: Final = (
    rf"(?:{_AMOUNT}(?:%|percent|in \d+|out of \d+|k\b)?|one in \w+|a (?:third|quarter|half|few|handful|couple|fraction)"
    r"|half|most|many|some|several|all)"
)
_FAILS: Final = (
    r"(?:fail(?:s|ed|ing)?|error(?:s|ing)?|time(?:s|d)? out|timing out|broken|down|degraded|unavailable|unreachable"
    r"|affected|impacted|stuck|slow|erroring|crash\w*|flapping|not ?ready|rejected|dropped|dropping|offline|unhealthy"
    r"|out of service|returning \S*5\d\d\S*|hanging|lagging|behind|missing|blocked|locked out)"
)
_CANNOT: Final = r"(?:can't|cannot|can not|unable to|not able to|don't|doesn't|won't|aren't able to)"
_NOT_WELL: Final = (
    r"not (?:yet )?(?:fixed|working|loading|recovered|responding|back|healthy|available|reachable|serving|able to|ready"
    r"|fully \w+|stable|processing|going through)"
)
_SEES: Final = (
    r"(?:seeing|getting|hitting|receiving|observing|have|see|get|sees|gets|has) (?:[\w~%.,/<>-]+ ){0,5}?"
    r"(?:(?:blank|empty|white|stale|wrong|old) \w+|errors?|timeouts?|failures?|5xx|50\ds?|4\d\ds?|complaints"
    r"|reports|drops|retries|latency|spikes|alerts?|lag"
    r"|rejections?|restarts?)"
)
_WHO: Final = r"(?!(?:i|my|me|who|what|why|tests?|build|ci)\b)[\w@./'%~<>-]+"
_SCOPE: Final = r"(?:impact|blast radius|affected scope|scope of impact|customer impact|user impact)"
_WAYS: Final = tuple(
    re.compile(rf"^{OPENING}{each}")
    for each in (
        # Still failing, for whom.
        rf"(?:(?:it|this|that|we|they|things)(?:'s|'re| is| are)? |(?:{_WHO} ){{1,6}}?(?:is |are )?)?still (?:\w+ly )?"
        rf"(?:{_FAILS}|{_NOT_WELL}|{_SEES}|{_CANNOT} \w+)(?!\w)",
        rf"(?:(?:{_WHO} ){{1,6}}?)?{_CANNOT} \w+.{{0,40}} still$",
        rf"still (?:have )?{_SHARE}\s?(?:of )?(?:{_WHO} ){{1,5}}?(?:{_FAILS}|{_NOT_WELL})\b",
        # A share of them fails.
        rf"{_SHARE}\s?(?:of )?(?:the |our |all )?(?:{_WHO} ){{0,5}}?(?:is |are )?(?:still |now )*"
        rf"(?:{_FAILS}|{_NOT_WELL}|{_SEES}|{_CANNOT} \w+)(?!\w)(?! again)",
        rf"(?:{_WHO} ){{1,5}}?(?:now |still )*(?:sees?|hits?|gets?|has|have|shows?) (?:now )?(?:the |exactly"
        rf" the )?same\b.*\d",
        rf"{_AMOUNT}(?:%|percent) (?:of )?(?:the |our |all )?(?:{_WHO} ){{1,4}}?still "
        r"(?!left|unspent|work|fine|ok|good|healthy|up\b|there)\w+",
        # Down to a share.
        rf"(?:we're |we are |it's |it is |now )?(?:down|up) (?:to|from \S+ to) {_AMOUNT}(?:%|percent)\s?"
        r"(?:errors?|failures?|of \w+|5xx|timeouts?|error rate|failing|affected|now)",
        r"(?:remaining|still open|what's left|not fixed yet)(?: issues?| problems?| impact| symptoms?)?\s?(?::|"
        r" is | are )\s*\S",
        # The impact by its name.
        rf"(?:the )?(?:(?:current|remaining|customer|user|known|actual|business|overall|present) ){{0,2}}{_SCOPE}"
        r"(?: now| so far| currently)?\s?(?::| is | are | = |-|–| seems | remains | has (?:shrunk|grown|dropped"
        r"|narrowed)"
        r"| shrank | down | limited | reduced | confined )"
        r"(?!\s*(?:over|ended|gone|stopped|contained|mitigated|unclear|unknown|not clear|being|now over)\b)\s*\S",
        # Only these.
        rf"(?:(?:{_WHO} ){{0,4}}?(?:errors?|failures?|timeouts?|5xx|50\ds?|4\d\ds?|drops|latency) )(?:is |are "
        rf"|now |still )*"
        r"only (?:for|on|in|from|at) (?!me\b|now\b|a (?:bit|moment|second))\S",
        rf"(?:now |currently )*(?:only |just )(?:the )?(?:{_WHO} ){{1,5}}?(?:fail|error|crash|break|hang|time"
        rf" out)s?(?!\w)",
        r"(?:it's |it |this |now |currently |impact is )*(?:only |just )(?:still )?(?:affect(?:s|ing)|impact(?:s|ing)"
        r"|hit(?:s|ting)) \S",
        rf"(?:now |currently |it's )*(?:only |just )(?:the )?(?:{_WHO} ){{1,6}}?(?:is|are|remains?|seems?)"
        rf" (?:still |now )*"
        rf"(?:{_FAILS}|{_NOT_WELL})\b",
        rf"(?:now |currently )*(?:{_WHO} ){{1,4}}?(?:is|are) (?:now )?the only (?:\w+ ){{0,2}}{_FAILS}\b",
        r"(?:it's |it is |this is |the (?:failures?|errors?|outage|problem) (?:is|are) |now |currently )+"
        r"(?:limited|contained|confined|restricted|down|narrowed(?: down)?) to (?!the (?:cause|question|team)\b)\S",
        rf"{_AMOUNT}(?:k )?(?:users?|customers?|tenants?|merchants?|accounts?|orders?|requests?|payments?"
        rf"|people|devices"
        rf"|clients?|shops?|stores?|nodes?|pods?|hosts?|regions?|sessions?|jobs?) (?:are |is )?(?:still |now "
        rf"|currently )*"
        rf"(?:{_FAILS}|{_NOT_WELL})\b",
    )
)
_PERCENT_ZH: Final = (
    r"(?:约|大约|大概|近|不到|超过|仍有|还有|有|剩|只剩|仅)*\s?[~<>≈]?\d[\d.,]*\s?(?:%|‰|万|千|百|个|台|家|成|笔|单)?"
)
_FAILS_ZH: Final = (
    r"(?:失败|报错|超时|异常|不可用|受(?:到)?影响|没(?:有)?(?:完全)?恢复|未(?:完全)?恢复|打不开|登录不了|登不(?:上|了)"
    r"|下不了单|付不了|支付不了|用不了|访问不了|连不上|卡住|很慢|比较慢|变慢|降级|不通|不正常|\b5xx\b"
    r"|\b50\d\b|白屏|不了|不上)"
)
_WAYS_ZH: Final = tuple(
    re.compile(each)
    for each in (
        rf"(?:仍|仍然|依然|依旧|还是|还在|还有|尚有|尚|目前还|现在还)[^，。？?]{{0,18}}?{_FAILS_ZH}",
        rf"{_PERCENT_ZH}\s?的?[^，。？?]{{0,10}}?(?:仍然?|还在?|在|目前|现在)*{_FAILS_ZH}",
        r"影响(?:范围|面|用户|程度|程度|的用户|的业务)?(?:目前|现在|已|已经|暂时)*\s?"
        r"(?:是|为|：|:|在|缩小(?:到|至|为)|扩大(?:到|至|为)|收窄(?:到|至)|降(?:到|至)|仅限于?|限于|只剩"
        r"|约|大约|控制在)\s?\S",
        rf"(?:目前|现在|当前|暂时)*(?:只|仅|就)(?:剩|剩下|有)[^，。？?]{{1,18}}?(?:{_FAILS_ZH}|有问题|没好)",
        r"(?:目前|现在|当前|暂时)*(?:只|仅)影响\s?\S",
        r"(?:错误率|失败率|报错率|超时率)[^，。？?]{0,4}?(?:降到|回落到|还有|剩|仍有|还在)\s?[约~]?\s?"
        r"(?!0(?:\.0+)?\s?%)\d[\d.]*\s?%",
    )
)
# One part of the service works and another does not: "android works, iphones get nothing".
_WORKS: Final = (
    r"(?:ok|okay|fine|works?|working|good|normal|healthy|moving|go(?:es)? thru|gets? in"
    r"|(?<!roll )back|recovered|unaffected"
    r"|not affected)(?: again| now| fine)*"
)
_FAILS_OR_WAITS: Final = (
    rf"(?:{_FAILS}|drops?|queue[sd]?|queueing|waits?|nothing|errors?|time out|hangs?|{_CANNOT} \w+|still \w+)"
)
_NEXT_PART: Final = r"(?:[,;] | - |,? (?:but|and|while|whereas) )(?:but |and |while )?"
_CONTRASTS: Final = tuple(
    re.compile(each)
    for each in (
        rf"^{OPENING}(?!.*\bzero\b)[^,;]{{2,50}}? (?:is |are "
        rf"|gets? )?(?:all )?{_WORKS}{_NEXT_PART}[^,;]{{2,40}}\b{_FAILS_OR_WAITS}(?!\w)",
        rf"^{OPENING}[^,;]{{2,50}}? {_FAILS_OR_WAITS}\b[^,;]{{0,30}}{_NEXT_PART}[^,;]{{2,40}} (?:is |are |gets? )?"
        rf"(?:all )?{_WORKS}$",
        rf"^{OPENING}(?:right now |now |currently |at the moment |it's |its |just |only )*(?:it's "
        rf"|its )?(?:just |only )[^,;]{{2,50}}"
        rf"{_NEXT_PART}(?:everyone|everybody|everything|all|the (?:rest|others?)|others?)\b.{{0,20}}\b{_WORKS}$",
        r"^[^，。]{2,18}?(?:正常|没事|没问题|可以用?|开始跑了|好了|不受影响|能用)[，,；]\s?(?!.*(?:查"
        r"|看))[^，。]{2,18}?(?:不[了到上开]|失败|断|挂|慢|还[在是]|报错|超时|没好|不行)",
        r"^[^，。]{2,18}?(?:不[了到上开]|失败|断|挂|慢|报错|超时|不行)[，,；]\s?[^，。]{2,18}?(?:正常"
        r"|没事|没问题|能用)$",
        r"(?:^|，|就|只有)(?:就|只有|只是|仅)(?![一两三\d])[^，。]{2,12}(?:$|，[^，。]{1,12}(?:没事|正常|没问题|都好))",
    )
)
# The parts that are left: "the others still re-login", "*.pay not yet".
_REST: Final = tuple(
    re.compile(each)
    for each in (
        r"(?:^|[,;:] |but |and )(?:the (?:others?|rest|remaining \w+)|(?:all "
        r"|every )?others?(?: [\w-]+)?)(?: ones?| \w+)? (?:is |are )?still \w+",
        rf"^{OPENING}[^,;]{{2,50}} (?:is |are )(?:{_WORKS}|up)(?: again)?,? (?:but )?(?:the )?[^,;]{{2,30}} not yet$",
        rf"^{OPENING}(?:about |around |roughly |maybe |~|only )*(?:{_SHARE}) of (?:the |our "
        r"|all )?(?:\w+ )?(?:users|customers|viewers|merchants|tenants"
        r"|clients|players|requests|orders|calls|people|devices|traffic|stores|sites|visitors|subscribers"
        r"|accounts)(?=$|[,;:])",
        rf"^{OPENING}only the (?:\w+ )?(?:\d+|one|two|three|four|five|ones|ones?|users|customers"
        r"|tenants) (?:on|in|with|from|behind) \w",
        r"[，,；]\s?(?:其他|其它|其余|别的?|剩下的?)[^，。]{0,8}?(?:还|都)[^，。]{1,10}"
        r"|[，,；]\s?[^，。]{1,8}?的?还(?:没|不)(?:有|行|好)?$",
        r"^(?:大概|大约|约|差不多|近)?(?:四分之|三分之|五分之|百分之|\d+\s?%|一半"
        r"|[一二两三四五六七八九]成)[^，。]{0,4}?的?(?:用户|观众|商户|商家|客户|请求|订单|流量|门店|设备"
        r"|租户)",
    )
)
# How many, now: the failing itself was named before.
_COUNT: Final = r"(?:(?!0(?:\.\d+)?\s?%)\d[\d.]*\s?%|\d+ (?:in|of|out of) \d+|one in \w+)"
_COUNTED: Final = tuple(
    re.compile(each)
    for each in (
        rf"^{OPENING}(?:it's |we're |its )?(?:down|up|back)(?: to| at| from \S+ to) (?:maybe |about "
        rf"|around |roughly |like |[~<>≈])*{_COUNT}(?: now)?$",
        rf"^{OPENING}(?:maybe |about |around |roughly |only |just |[~<>≈])*{_COUNT} now$",
        rf"\b(?:getting |looking |much |bit )?(?:better|worse)\b.*{_COUNT}.*(?:now|fail|go|get|work)",
        r"^[\w/ -]{0,24}\b(?:5xx|50\d|errors?|error rate|timeouts?)(?: rate)? (?:is )?(?:at |down to "
        r"|up to )?(?!0)[\d.]+ ?%(?: on [\w-]+)?$",
        r"(?:大概|大约|约|差不多|现在|目前)[^，。]{0,8}?(?:\d+|[一二三四五六七八九十百几]+)\s?(?:%|成"
        r"|个[^，。]{0,4}里[^，。]{0,6}一个|分之[一二三])[^，。]{0,6}(?:失败|报错|超时|不|$)",
        r"^[^，。]{0,6}?(?:5xx|50\d|错误率|失败率)?\s?(?:降|升|涨|掉)到(?:了)?\s?\d[\d.]*\s?%\s?(?:了|左右)?$",
        r"^(?:现在|目前|已经)?(?:都)?(?:堆|积压|攒)了\s?(?:\d|[一二三四五六七八九十百千万几两]+)[^，。]{0,6}[，,]?",
    )
)
# Checked, and nobody notices.
_NOBODY: Final = re.compile(
    rf"^{OPENING}no (?:user|customer|client|merchant|external)?[ -]?(?:facing )?impact (?:so far|yet"
    r"|at the moment|right now|atm|currently)"
    r"|(?:暂时|目前|现在|暂)(?:还)?(?:没有?|未)影响(?:到)?(?:用户|客户|业务|线上)"
)
# This says no more than the report before it.
_BARE: Final = re.compile(
    r"(?:(?:it|this|that)(?:'s| is)? )?still (?:\w+ly )?[\w-]+(?: [a-z]+)?|[^\d，]{0,8}(?:[，,][^\d，]{0,6})?"
)
# Only for the author, fixed, wished or not sure.
_NOT_NOW: Final = re.compile(
    r"\b(?:for me|on my (?:side|end)|my|zoom|lunch|wifi|vpn|laptop|printer|coffee|if|unless|once|until|would|should"
    r"|could|might|no longer|not sure|unsure|checking|was|were|had been|tests?|the build|ci|pipeline is green|lol|haha"
    r"|(?:dashboard|grafana|slack|jira|wiki)s?)\b|如果|要是|是否|会不会|会议|打印|快递|吃饭|电脑"
)


def is_extent(sentence: Sentence) -> bool:
    """Return whether a sentence says how far the failure reaches now."""
    if is_asked(sentence) or is_elsewhere(sentence) or is_of_another_time(sentence):
        return False
    if _BARE.fullmatch(sentence.plain.strip(" .!。！~…")):
        return False
    said = (sentence.plain.strip(" .!。！~…"), *(clause for _, clause in sentence.clauses))
    said = tuple(each for each in said if not _NOT_NOW.search(each))
    return any(
        any(way.search(each) for way in (*_WAYS, *_WAYS_ZH, *_CONTRASTS, *_REST, *_COUNTED)) or _NOBODY.search(each)
        for each in dict.fromkeys(said)
    )
