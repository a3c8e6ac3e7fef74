"""Recognise reports of failures: "checkout is down", "customers can't log in", "错误率涨到 12%".

A later one may say how far the failure reaches now: "still failing for ~5 %", "only EU is affected", "影响面缩小到 2%".
It replaces what was said about the impact before.
"""

from __future__ import annotations

import re
from typing import Final

from intents.chronicle.message_text import Sentence, is_about_now
from intents.chronicle.phrase_rows import OPENING, WHAT_RUNS, expressions, first_end, phrases, words

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
    r"|reports|drops|retries|latency|spikes|alerts?|lag|rejections?|restarts?)"
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
        r"|narrowed)| shrank | down | limited | reduced | confined )"
        r"(?!\s*(?:over|ended|gone|stopped|contained|mitigated|unclear|unknown|not clear|being|now over)\b)\s*\S",
        # Only these.
        rf"(?:(?:{_WHO} ){{0,4}}?(?:errors?|failures?|timeouts?|5xx|50\ds?|4\d\ds?|drops|latency) )(?:is |are "
        r"|now |still )*only (?:for|on|in|from|at) (?!me\b|now\b|a (?:bit|moment|second))\S",
        rf"(?:now |currently )*(?:only |just )(?:the )?(?:{_WHO} ){{1,5}}?(?:fail|error|crash|break|hang|time"
        rf" out)s?(?!\w)",
        r"(?:it's |it |this |now |currently |impact is )*(?:only |just )(?:still )?(?:affect(?:s|ing)|impact(?:s|ing)"
        r"|hit(?:s|ting)) \S",
        rf"(?:now |currently |it's )*(?:only |just )(?:the )?(?:{_WHO} ){{1,6}}?(?:is|are|remains?|seems?)"
        rf" (?:still |now )*(?:{_FAILS}|{_NOT_WELL})\b",
        rf"(?:now |currently )*(?:{_WHO} ){{1,4}}?(?:is|are) (?:now )?the only (?:\w+ ){{0,2}}{_FAILS}\b",
        r"(?:it's |it is |this is |the (?:failures?|errors?|outage|problem) (?:is|are) |now |currently )+"
        r"(?:limited|contained|confined|restricted|down|narrowed(?: down)?) to (?!the (?:cause|question|team)\b)\S",
        rf"{_AMOUNT}(?:k )?(?:users?|customers?|tenants?|merchants?|accounts?|orders?|requests?|payments?"
        r"|people|devices"
        r"|clients?|shops?|stores?|nodes?|pods?|hosts?|regions?|sessions?|jobs?) (?:are |is )?(?:still |now "
        rf"|currently )*(?:{_FAILS}|{_NOT_WELL})\b",
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
_WAYS_ZH: Final = expressions(
    (
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
    r"|(?<!roll )back|recovered|unaffected|not affected)(?: again| now| fine)*"
)
_FAILS_OR_WAITS: Final = (
    rf"(?:{_FAILS}|drops?|queue[sd]?|queueing|waits?|nothing|errors?|time out|hangs?|{_CANNOT} \w+|still \w+)"
)
_NEXT_PART: Final = r"(?:[,;] | - |,? (?:but|and|while|whereas) )(?:but |and |while )?"
_CONTRASTS: Final = expressions(
    (
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
_REST: Final = expressions(
    (
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
        r"|[一二两三四五六七八九]成)[^，。]{0,4}?的?(?:用户|观众|商户|商家|客户|请求|订单|流量|门店|设备|租户)",
    )
)
# How many, now: the failing itself was named before.
_COUNT: Final = r"(?:(?!0(?:\.\d+)?\s?%)\d[\d.]*\s?%|\d+ (?:in|of|out of) \d+|one in \w+)"
_COUNTED: Final = expressions(
    (
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
    if not is_about_now(sentence):
        return False
    if _BARE.fullmatch(sentence.plain.strip(" .!。！~…")):
        return False
    said = (sentence.plain.strip(" .!。！~…"), *(clause for _, clause in sentence.clauses))
    said = tuple(each for each in said if not _NOT_NOW.search(each))
    return any(
        any(way.search(each) for way in (*_WAYS, *_WAYS_ZH, *_CONTRASTS, *_REST, *_COUNTED)) or _NOBODY.search(each)
        for each in dict.fromkeys(said)
    )


_PEOPLE: Final = (
    r"(?:customers?|users?|clients?|merchants?|people|support|folks|tenants?|partners?|players?"
    r"|tickets?|drivers?|shoppers?)"
)
_FAILING: Final = (
    r"(?:down|broken|unreachable|unavailable|failing|erroring|timing out|not responding|unresponsive"
    r"|not loading|not working|returning (?:5|4)\w\w|throwing (?:5\w*|errors?)|degraded|backed up|piling up|growing"
    r"|offline|hanging|stuck|crashing|crashlooping|dead|very slow|super slow|really slow|extremely slow|slow)\b"
)
# Verbs for failing.
_BREAKS: Final = (
    r"(?:hangs?|times? out|fails? (?:with|to|at|on|every|for|intermittently)|crash(?:es|ing)?|returns? (?:5|4)\w\w"
    r"|(?:didn't|did not|never) (?:start|come (?:up|back)|finish|run|complete|arrive|fire|go through|get scheduled"
    r"|become ready)"
    r"|(?:is|are|get|gets|got|were|was) (?:being |all |still |now )*(?:rejected|denied|refused|dropped|evicted"
    r"|oomkilled|killed|unschedulable|not ready|in crashloopbackoff|in imagepullbackoff|pending|notready)"
    r"|(?:doesn't|does not|don't|won't|isn't|aren't|are not|is not) (?:going through|being (?:delivered|processed"
    r"|sent)|delivered"
    r"|processed|reachable|available|load|start|respond|work|connect|resolve|loading|responding|working)"
    r"(?: at all| anymore)?"
    r"|ends? in (?:a )?timeouts?|(?:can't|cannot|can not) (?:pull|connect|start|reach|resolve|mount|schedule"
    r"|log|talk|write|read)"
    r"|takes? (?:[~>]?\d+ ?(?:s|sec\w*|min\w*)|forever|ages)\b|lost quorum|gets? (?:logged out|evicted"
    r"|oomkilled|killed)"
    r"|throws? (?:a |an )?(?:5\w*|4\d\ds?|errors?|exceptions?)|(?:is|are) (?:now )?(?:\d+ ?x|\d+ times) (?:slower"
    r"|normal|higher|the usual)"
    r"|(?:is|are) (?:at|over|above|past) [\d.,]+ ?\w* and (?:growing|climbing|rising)|(?:is|are) (?:all "
    r"|completely )?(?:blank|empty|white)\b|shows? (?:an? )?(?:empty|blank|white|error)\b|(?:doesn't|don't"
    r"|never) get (?:an?|any)\b|(?:is|are) (?:crawling|unusable"
    r"|on fire|stuck|(?:throwing|returning) \S*(?:5\d\d|errors?)\S*|failing with|dropping)"
    r"|(?:arrives?|comes?|gets?) [\w ]{1,20}(?:late|delayed)|in crash ?loop\w*|keeps? (?:crashing|restarting"
    r"|failing|timing out|flapping))"
)
_SOME: Final = (
    r"(?:half|most|all|a (?:third|quarter|lot)|[~<>]?\d+(?:\.\d+)? ?%|some|\d+) of (?:the |our |my )?|a lot of "
    r"|every (?:other |second |third |single )?"
    r"|(?:all|most|many) "
)
_MEASURE: Final = (
    r"(?:p9\d|p50|latency|error rate|errors?|5xx|50\d|timeouts?|lag|queue depth|load|failure rate|response times?)"
)
_ROSE: Final = (
    r"(?:jumped|spiked|spiking|went up|shot up|climbing|rising|elevated|increased|through the roof"
    r"|sky-?rocket\w*|doubled|tripled|growing|very high|is high|are up|is up)"
)
_REQUESTS: Final = (
    r"\b(?:kubectl|writes?|reads?|calls?|requests?|orders?|uploads?|downloads?|ui|page|pages|site|portal|api|checkout"
    r"|payments?|logins?|grpc"
    r"|search|login|signups?|dashboard|console|farm|customers?|users?|apps?|e?-?mails?|messages|events)\b"
)
_BROKEN: Final = re.compile(
    rf"\b{_PEOPLE}\b.{{0,60}}?\b(?:can't|cannot|can not|unable|are failing|is failing|failed|seeing|getting"
    r"|complain\w*|report\w*|locked out|affected|errors?|tickets?)\b|\b(?:getting|seeing|observing|receiving"
    r"|noticing|we have|we get|i get|they get|users get)\b (?:[\w-]+ ){0,4}(?:reports?|errors?|timeouts?|5xx"
    r"|50\ds?|4\d\ds|failures?|spikes?"
    r"|latency|alerts?)\b|^(?:(?!(?:i|it|it's|this|that|they|he|she|still|rolling|we|you"
    r"|my)\b)[\w.@/-]+ )(?:[\w.@/()-]+ ){0,4}(?:is|are|seems?|went|has been|keeps?)(?: completely| totally"
    rf"| partially| all| hard| currently| now)? {_FAILING}|\b{_MEASURE}\b.{{0,30}}?\b{_ROSE}\b|\b(?:error rate"
    r"|failure rate|errors|5xx|drop rate) (?:on [\w/-]+ )?(?:is |are )?(?:at|over|above|around) [~<>]?\d"
    r"|^(?:nobody|no one|no-one) can (?:log ?in|log on|sign|access|reach|pay|check ?out|connect|deploy|order"
    r"|upload|use)"
    r"|^(?:we're|we are) (?:dropping|losing|rejecting|failing|shedding) (?:about |around |~)?\d[\d.]*\s?(?:%|k|of)"
    r"|^(?:we )?(?:have )?lost (?:quorum|connectivity|the (?:primary|leader|quorum|connection))"
    r"|\blag is (?:at )?[\d.]+ ?\w* and (?:climbing|growing|rising)"
    r"|(?:^|，|[a-z])(?!我)[^，。我?？]{0,16}?(?:搜|登|打|连|加载|刷|查|付|提交|上传|下载|进|起|启动|出|收|拉|调度|读"
    r"|写|访问|推|播|导|发)不(?:出[来去]?|上去?|开|了(?!$解)|进去?来?|动|到|起来|通|下来|成功)"
    r"|(?:首页|页面|接口|网站|服务|后台|网关|支付|下单|登录|搜索)\s?(?:都|全|又|开始)?\s?(?:5\d\d|4\d\d)\s?了?$"
    r"|(?:任务|队列|消息|发布|作业|流水线)[^，。]{0,6}?(?:卡住|不动|堵了|堆积)"
    r"|(?:订单|消息|任务|队列|数据)[^，。]{0,4}?积压[了到]?\s?\d|(?:p9\d|延迟|耗时|响应时间)[^，。降回]{0,6}?(?:到"
    r"|都)\s?\d+(?:\.\d+)?\s?(?:秒|s|ms|毫秒|分钟?)"
    r"|报\s?[45]\d\d|(?:消息|同步|数据|推送|任务|复制)[^，。]{0,4}?延迟\s?了?\s?\d+\s?(?:分|秒|小时)|(?:pod|节点|用户"
    r"|服务|接口)[^，。]{0,6}?(?:拿|取|收|分配|申请|获取|读|查)不到"
    r"|(?:全是|都是|一直|大面积|大量|全部|频繁|持续|疯狂)(?:在)?\s*(?:空白|白屏|转圈|报错|超时|失败|5\d\d|4\d\d"
    r"|pending|notready|crash\w*|重启|掉线)"
    r"|(?:错误率|失败率|丢包率|报错率|超时率)(?!.*[掉降回])[^，。]{0,8}?\d+(?:\.\d+)?\s?%|成功率[^，。]{0,6}?(?:掉到"
    r"|降到|只有|跌到|不到)\s?\d"
    r"|(?:磁盘|分区|内存|cpu|盘|连接数|使用率|水位|堆|inode|句柄)(?!.*[掉降回])[^，。]{0,6}?(?:到|达|超过|快|已经"
    r"|用了)\s?\d+\s?%"
    r"|^(?:kubectl|pod|node|节点|机器|副本|实例|接口|页面|集群|三?\w{0,4}机房)[^，。?？]{0,12}?(?:一直)?(?:卡住|转圈"
    r"|notready|打不开|超时|没响应|hang)"
    r"|^页面一直转圈|用户[^，。]{0,8}?(?:不了|失败|掉线|白屏)|(?:消息|任务|队列)[^，。]{0,4}积压\s?(?:了)?\s?\d"
    r"|(?:登录|下单|支付|查询|页面|接口|发布)[^，。]{0,4}(?:很|特别|非常|巨|越来越)慢"
    r"|\bare failing for\b|(?:用户|客户|客服|商家|业务方|运营|司机|骑手|大量用户).{0,12}?(?:反馈|投诉|反映|报障|无法"
    r"|不能|登录不|打不开|收不到|报错)|(?:服务|接口|系统|页面|网关|数据库|集群|支付|登录|下单|搜索|订单|网站|首页"
    r"|app|后台|线上)[^，。?？]{0,14}?(?:挂了|超时|失败|报错|异常|不可用|打不开|很慢|特别慢|变慢|卡住|卡死|宕机|崩了"
    r"|雪崩|返回 ?5\d\d|大量 ?5\d\d|无法)|(?:错误率|失败率|延迟|响应时间|p9\d|耗时|积压)[^，。?？]{0,14}?(?:涨|升|飙"
    r"|超过|达到|越来越[大高]|高达|已经到|突增)"
)
# A named thing that fails, or a share of it.
_BREAKING: Final = phrases(
    (
        rf"<runs|request>…^(?!(?:i|it|it's|this|that|they|he|she|we|you|if|rolling|took)\b)(?:[\w.@/():'-]+ ){{1,7}}?"
        rf"{_BREAKS}(?!\w)",
        r"^(?!(?:i|it|this|that|they|he|she|we|you|if|these|those|my|who|what|which)\b)(?:(?:the|our|all|any) )?"
        r"(?:[\w'-]+ ){1,3}(?:doesn't|don't|does not|do not|won't|will not) (?:load|open|render|respond|show up)(?!\w)",
        rf"<runs|request>…^(?:{_SOME})(?:[\w./-]+ ){{1,4}}?{_BREAKS}(?!\w)",
    ),
    {"runs": WHAT_RUNS, "request": words(_REQUESTS)},
)
# A subject and its failing, without a verb between: "uploads failing w/ 503", "dashboards blank".
_PLAINLY: Final = re.compile(
    r"^(?:(?:so|ok|yeah|hey|hi|hey all|all|ugh|um|btw|fyi)[, ]+)*(?!(?:i|we|you|they|he|she|it|this"
    r"|that|these|those|still|my|not|no|for|if|unless"
    r"|when|once|because|found|seems|looks|writing|deleted?|deleting|shutting)\b)(?:(?:all|the|our"
    r"|some|most|many|a few|every|both) )*"
    r"(?:[\w.@/+'-]+ ){1,5}?(?:(?:is|are|was|were|keeps?|has been|have been) )?(?:now |all |just |completely |totally "
    r"|constantly )*(?:failing|fails?|timing out|times? out|broken|down(?=$|[ ,;]+(?:for|since|in|on"
    r"|with|everywhere))|erroring|hanging|crashing|flapping|lagging"
    r"|(?:re-?starting|bouncing) (?:every|constantly|in a loop|over and over|all the time)|stuck"
    r"|blank|toast|dead|borked|stale"
    r"|returning (?:nothing|empty|5\w\w|errors?)|returns? (?:nothing|no |an? empty|empty|stale|5\w\w|errors?)"
    r"|shows? (?:stale|old|wrong|an? empty|empty)|drops? (?:after|every)|(?:can't|cannot|can not"
    r"|couldn't) (?:get|log|load|open|see|reach|use|pay|order)"
    r"|(?:40\d|50\d|5xx|errors?) everywhere|(?:produced?|produces|delivers?|delivered|sends?|sent"
    r"|gets?|got) (?:an? )?(?:empty|blank|wrong|corrupt)"
    r"|[a-z]+(?: (?:the|its|their) [\w-]+)? every (?:few|couple|other|\d+) ?(?:of )?(?:s|sec\w*"
    r"|min\w*|times?|requests?|hours?)?|not (?:been |being )?(?:\w+ed|generated|sent|built|written"
    r"|loading|syncing|updating|arriving|starting|working|showing)"
    r"|never (?:finish|arrive|complete|load|start|come|return)(?:e?s)?)(?!\w)"
)
_PLAINLY_ZH: Final = re.compile(
    r"^(?::?\S*:?\s)?(?!我|你|他|会议|没|如果)[^，。？]{1,14}?(?:(?:一直|老是|总是|全部?|都|又"
    r"|在)*(?:没(?:有)?(?:结果|响应|反应|数据|生成|更新|到账|返回)|转圈|白屏|报错|超时"
    r"|失败|卡[住死]|排队|打不[开出]|重启一次|来回切)|慢了(?:十|几|\d+)\s?倍|(?:很|特别|非常|巨)慢"
    r"|(?:每隔?|隔)[^，。]{1,8}?就[^，。]{0,6}(?:重启|断|失败|掉线|卡|挂)|全?(?:都)?挂(?:着|了)"
    r"|一[封条个笔单]都没[^，。]{1,6}|全是(?:空|4\d\d|5\d\d)[^，。]{0,4}|一直不(?:结束|动|来|更新)"
    r"|(?:全|都|全都|全部)?是\s?[45]\d\d|(?:挂|崩|断|不来|收不到)了?$)"
)
_NOT_BROKEN: Final = re.compile(
    r"\b(?:for me|on my (?:side|end)|works?|working (?:now|again|fine)|no longer|not (?:seeing|affected|getting)"
    r"|no (?:more )?(?:errors|reports|alerts|customers?|users?)|back to|normal|(?:my|our|the|your) dashboards?"
    r"|grafana|zoom|coffee|printer|lunch|slack|wifi"
    r"|vpn|laptop|fixed|resolved|mitigated|recovered|recovering|dropping(?! (?:about |around |~)?\d[\d.]*\s?%)"
    r"|going down|coming down|improving|lol|haha"
    r"|would|if|once|until|before|should|could|might|let (?:customers|users|people|support)|tell|told|inform)\b|恢复"
    r"|正常|解决|好了|没有|如果|怎么|不再|回落|下降|通知|原因|导致|排查|定位|vpn|会议|吃饭|快递|外卖|没人|不了解"
    r"|受不了|忙不|想不|看不(?:出|懂)|睡不|记不|听不|找不到(?:人|链接|文档)"
)


def is_report(sentence: Sentence) -> bool:
    """Return whether a sentence says that something is broken, slow or unreachable, not only for its author."""
    if not is_about_now(sentence) or _NOT_BROKEN.search(sentence.plain):
        return False
    return any(
        _BROKEN.search(each) or first_end(_BREAKING, each) is not None
        for each in (sentence.plain, *(clause for _, clause in sentence.clauses))
    )


def is_plain_report(sentence: Sentence) -> bool:
    """Return whether a sentence names a thing and its failing by form alone; for sentences that state nothing else."""
    plain = sentence.plain
    if not is_about_now(sentence) or _NOT_BROKEN.search(plain):
        return False
    return _PLAINLY.search(plain) is not None or _PLAINLY_ZH.search(plain) is not None
