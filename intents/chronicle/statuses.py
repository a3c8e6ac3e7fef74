"""Recognise the status of the incident ("mitigated", "calling this resolved", "已恢复"), and that one thing recovered.

"The taint on worker-c is gone" and "污点也没了" show that the actions work, and say nothing about the incident as a
whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from intents.chronicle.facts import IncidentStatus
from intents.chronicle.message_text import Sentence, clauses_that_state, is_stated, is_whole
from intents.chronicle.phrase_rows import RUNS_ZH, WHAT_RUNS, PhraseRow, expressions, first_end, phrases

_IT_IS: Final = (
    r"(?:(?:it|this|that|we|(?:the )?(?:issue|incident|problem|outage|impact)|everything|all"
    r"|things)(?:'s|'re| is| are| has been| have been| looks?| seems?| was)? ?)?(?:now |fully |all |completely "
    r"|finally )?"
)
_MEASURED: Final = (
    r"(?:error rates?|errors?|latency|latencies|traffic|things|everything|numbers|metrics|p9\d|5xx"
    r"|50\ds?|services?|graphs?|checkout|payments?|logins?|orders?|api|apis|all|we|success rate|throughput"
    r"|[\w-]+ (?:service|api|traffic|errors|latency))"
)
# Measures for which less is better.
_FALLING: Final = (
    r"(?:[\w-]+ )?(?:error rates?|errors?|failure rate|failures|latency|p9\d|p50|5xx|50\ds?|timeouts?|lag"
    r"|queue depth|backlog|response times?|load)"
)

_PHRASES: Final = (
    (
        IncidentStatus.REOPENED,
        (
            r"^{open}(?:we're |i'm |we are |i am )?re-?open(?:ing|ed)\b",
            r"^{open}(?:it|this|the (?:issue|problem|incident)|problem|issue|errors?|alerts?|5xx|50\ds?|timeouts?"
            r"|[\w-]+ errors?)(?:'s| is| are)? (?:back|coming back)(?: again| up again)?$",
            r"^{open}(?:it|this|the (?:issue|problem)|errors?)(?:'s| is| are)? (?:happening|failing|broken|down"
            r"|spiking|climbing) again\b",
            r"^{open}(?:it|this|that) (?:just )?(?:broke|failed|died|happened|went down) again\b",
            r"\bnot resolved after all\b",
            r"^{open}(?:and )?(?:it|this|that|we|the [\w-]+|{measured})(?:'s|'re| is| are) (?:down|failing|broken"
            r"|timing out) again\b",
            r"^{open}(?:i |we )?spoke too soon\b",
            r"^{open}(?:the )?(?:errors?|alerts?|5xx|50\ds?|timeouts?|[\w-]+ errors?)(?: \w+)? (?:is"
            r"|are) (?:coming )?back(?:$| again)",
            r"又(?:出现|复现|开始报错|挂了|来了(?!一?[个位人新])|开始|报错|超时|不行了)|(?:故障|问题)(?:再次"
            r"|又)?(?:复现|反复)|错误率又(?:上来|升|涨)|重新打开故障",
        ),
    ),
    (
        IncidentStatus.RESOLVED,
        (
            r"^{open}(?:i'm |we're |let's |we are |i am |i |we )?(?:calling|marking|declaring|declare|call|mark"
            r"|considering) (?:this|it|that|the incident|the issue)?(?: one| incident| outage)? ?(?:as "
            r"|to be )?(?:resolved|closed|fixed|over|done|finished)\b(?! bet)",
            r"^{open}(?:we (?:can|may|will)|we'll|you can|everybody can|let's|i'm|we're"
            r"|please)(?: all)? (?:now )?stand(?:ing)? down\b(?!.*\b(?:once|when|after|as soon as|until)\b)",
            r"^{open}standing down\b",
            r"^{open}stand down(?=$| (?:all|everyone|everybody)\b)",
            r"^{open}(?:that's a wrap|wrapping (?:this|it) (?:one )?up|we're (?:all )?done here|we are done here)\b",
            r"^{open}(?:i|we) consider (?:this|it) (?:resolved|closed|fixed)\b",
            r"^{open}(?:marking|marked) (?:(?:as )?resolved|[\w-]*\d[\w-]* (?:as )?(?:resolved|closed))",
            r"^{open}(?:resolving|closing)(?: now)?$",
            r"^{open}we(?:'re| are) done(?=$| here)",
            r"^{open}{it_is}resolved(?=$| (?:at|now|as of|since|in|for|after|thanks|on)\b)",
            r"^{open}(?:i'm |we're )?resolving (?:this|it|the incident)\b",
            r"^{open}(?:i'm |we're |i am |we are )?(?:going to|gonna) call (?:it|this) (?:resolved|closed|done)\b",
            r"^{open}calling it$",
            r"^{open}closing this out\b",
            r"^{open}incident resolved\b",
            r"^{open}all clear\b",
            r"^{open}(?:i'm |we're |we are )?closing (?:this|the incident|it|the incident channel)\b(?! ticket)",
            r"^{open}(?:the |this )?incident(?:'s| is)? (?:now )?(?:over|closed)\b",
            r"(?:告警|警报)(?:已经?|都|彻底)*(?:解[决除]|结束|关闭|处理完)|(?:故障|问题|事故|事件|这单"
            r"|这个单)(?:已经?|都|彻底|就|正式|宣布|可以|先|到此"
            r"|也)*(?:解[决除]|结束|关闭|处理完|关[了掉单]|收尾了|告一段落|了结|close)(?!不|后|前|之)"
            r"|^(?:我)?宣布(?:故障|事故|事件)?(?:恢复|解除|结束|关闭)"
            r"|^(?:这个|本次|此)?\s*(?:case|单子|incident|issue)\s*(?:可以|先|已经?|就)*(?:关|close)[了掉]?|^(?:可以"
            r"|先|正式)?(?:关闭|关掉"
            r"|结束)(?:本次|这个)?(?:故障|事件|事故)|^可以(?:解散|收工|关闭?故障)|^(?:本次|这次)?(?:故障"
            r"|事故)(?:就?到此|正式)?(?:关闭|结束|解除)(?!了?[吗么])"
            r"|^(?:确认)?已经?(?:彻底|完全)?解决|完全恢复|全部恢复|彻底恢复",
        ),
    ),
    (
        IncidentStatus.MITIGATED,
        (
            r"^{open}(?:confirmed )?{it_is}mitigated\b",
            r"^{open}looks mitigated\b",
            r"^{open}(?:we're|it's|everything is|everything's|all is|things are|looks like we're|seems we're"
            r"|i think we're) (?:now |all )?(?:back|stable|healthy|normal)(?: up| online)?(?: again| now)?$",
            r"^{open}(?:the |a |our )?(?:mitigation|workaround|fix) (?:is |has been )?(?:now )?(?:in place|working"
            r"|holding|effective|helping|live and working)\b",
            r"^{open}(?:everything|it|all|this|that) (?:all )?works (?:again|now|as before)$",
            r"^{open}(?:the )?(?:payments?|orders?|logins?|checkout|search|site|website|app|api|uploads?|traffic"
            r"|prod|service|dashboard|[\w-]+ (?:api|service|page|site)) (?:is |are )(?:now )?back(?: up| now"
            r"| online)?$",
            r"^{open}(?:the )?(?:customer |user )?(?:impact|outage) (?:is over|ended|stopped|has ended)(?: at"
            r"| since|$)",
            r"^{open}(?:the )?(?:impact|incident|outage|issue) (?:is |has been |was )?(?:now )?(?:contained"
            r"|mitigated|stopped)\b",
            r"^{open}(?:the |all |our )?(?:users|customers|people|clients|merchants|everyone|everybody|everything"
            r"|{measured}|[\w-]+ (?:site|app|service|api|page)) (?:is|are|looks?|seems?) (?:all )?(?:fine|ok|okay"
            r"|good|happy|healthy|normal|unaffected) (?:again|now)$",
            r"^{open}(?:the |all )?(?:[\w-]+ )?(?:errors?|timeouts|5xx|50\ds?|alerts) (?:have "
            r"|has )?(?:all )?(?:stopped|cleared|gone away|dropped to (?:0|zero))\b",
            r"^{open}(?:users|customers|people|clients|merchants|everyone) can [\w ]{{1,30}} again\b",
            r"^{open}(?:we're|it's|we are) back (?:up|online)\b",
            r"^{open}(?:the )?{measured}(?: [\w./-]+){{0,3}} ?(?:'s|'re|is|are|has|have|went|came|looks?)? ?(?:now "
            r"|all )?(?:back|returned|returning)? ?(?:down |up )?to (?:normal|baseline|healthy)\b",
            r"^{open}success rate (?:is )?back (?:up )?(?:to|at|above) \d",
            r"^{open}(?:we're |it's |all |everything (?:is )?)?back to (?:normal|baseline)\b",
            r"^{open}we're back$",
            r"^{open}(?:the )?{falling}(?: [\w./-]+){{0,3}} (?:is |are |has |have |went |came |dropped |fell |now "
            r"|all |back )*(?:down )?(?:to|at|under|below) (?:zero|none|[~<]?0(?:\.\d+)?(?: ?%|$| |,)"
            r"|[~<]?1 ?%)(?! before)(?!.*\b(?:but|before|and then)\b)",
            r"^{open}(?:the )?{falling}(?: [\w./-]+){{0,3}} (?:is |are |came |went )?(?:now )?back (?:down )?(?:to"
            r"|at|under|below|around) [~<]?\d",
            r"^{open}(?:the )?(?:[\w./-]+ ){{0,3}}?(?:is|are|looks?|seems?)? ?(?:all |now |back to )*green(?: again"
            r"| now| across.*)?$(?<!not green)",
            r"^{open}(?:the )?(?!i |you |he |she |my )(?:[\w./-]+ ){{1,4}}?(?:is|are|'s) (?:now )?(?:working"
            r"|loading|flowing|responding|serving|healthy|up|reachable|available|succeeding|passing"
            r"|going through)(?: normally| fine| as normal)? ?again\b",
            r"^{open}(?:the )?(?:[\w./-]+ ){{1,3}}?(?:go|are going|work|flow|are flowing|come"
            r"|are coming) (?:through )?again\b",
            r"^{open}looks good now\b",
            r"^{open}(?:orders|payments|requests|messages|events|logins) are flowing\b",
            r"^{open}(?:confirmed )?(?:{it_is})?(?:fixed|recovered)(?=$| (?:as|at|now|since|everywhere|in|on|by"
            r"|after|with)\b)",
            r"^{open}confirmed (?:fixed|working|recovered|good)\b",
            r"^{open}(?:i )?can confirm (?:it's |it is )?(?:fixed|working|recovered)",
            r"^{open}(?:the |all )?(?:[\w-]+ )?(?:services?|access|connectivity|functionality|site) (?:is |are "
            r"|has been |have been |was )?(?:fully )?restored\b",
            r"^{open}(?:the )?bleeding (?:has |is )?(?:now )?stopped\b",
            r"^{open}(?:we )?stopped the bleeding\b",
            r"^{open}(?:the |all )?(?:alerts|pages|queue|backlog|lag|consumers?) (?:has |have |is |are "
            r"|all )*(?:cleared|gone|drained|caught up|empty)$",
            r"^{open}(?:the )?(?:customer|user)?[ -]?(?:facing )?impact (?:is|has) (?:now )?(?:over|ended|gone"
            r"|stopped)\b",
            r"^{open}no (?:more )?(?:customer|user) impact\b(?! (?:so far|yet|at the moment|right now|atm|currently))",
            r"^{open}(?:the )?(?:{measured}|site|website|prod|production|app|cluster|[\w-]+ (?:site|app"
            r"|cluster)) (?:has |have |is |are )?(?:fully )?(?:recovered|back up|back online)\b",
            r"^(?!.*(?:单|告警|指令|权限)).{{0,12}}(?:已经?|都|均|全部|基本)恢复(?:正常)?了?|^(?:现在|目前)?(?:服务"
            r"|业务|指标|系统|错误率"
            r"|流量)?恢复(?:正常)?了$|^恢复正常$|(?:影响|故障)?已?经?止[住血]|(?:已|基本|成功)止[血损]"
            r"|错误率(?:已经?)?(?:回落|降回|恢复)",
            r"^(?!.*(?<!用户)(?<!客户)(?<!业务)(?<!渠道)侧).*?(?:错误率|失败率|延迟|耗时|响应时间|积压|p9\d|报错|超时"
            r"|告警|负载)[^，。]{{0,8}}?(?:降下来|下来|降到 ?0|回到|回落|归零|消了|没了|清零|降回)",
            r"^(?!.*(?:单|告警|指令|权限)).{{0,20}}?(?:用户|业务|客户|前台)(?:侧|那边|这边|端)?(?:已经?|都|现在"
            r"|基本)*(?:无感|不受影响|没有?影响|正常|可用)了?$",
            r"^(?:现在|目前)?(?:支付|下单|登录|服务|接口|页面|业务|网站|搜索|订单|集群|流量"
            r"|系统)[^，。]{{0,4}}?恢复正常了?$",
            r"^(?!.*(?:单|告警|指令|权限)).{{0,20}}(?:恢复|重新)(?:正常|可用|可以(?:使用|访问|用))了?(?:[。！]|$)",
            r"成功率[^，。]{{0,6}}?(?:回到|恢复到|升回|涨回)|^(?:止血|止损)(?:完成|成功|了)",
            r"^(?:现在|目前)?(?:[^，。我你他这]{{0,10}})(?:都|已经?|全部?|基本)+(?:正常|恢复|好|可用)了(?:呢|哈)?$",
            r"^(?:现在|目前)?(?:支付|下单|登录|服务|接口|页面|业务|网站|搜索|订单|集群|流量"
            r"|系统)[^，。]{{0,4}}?(?:好了|恢复了?|正常了|可用了|能用了|通了)$",
        ),
    ),
    (
        IncidentStatus.MONITORING,
        (
            r"^{open}(?:i'm |we're |we are |i am )?(?:now |still )?monitoring(?=$| (?:it|through|over|this|the|for"
            r"|closely|now|before|things|and|until|while)\b)",
            r"^{open}(?:i'm |we're |we are )?(?:going to|gonna) (?:monitor|watch)\b",
            r"^{open}(?:i'll |we'll |i will |we will )(?:monitor|watch) (?:for|it|this|until|and|things|the)\b",
            r"^{open}now we (?:watch|monitor)\b",
            r"^{open}(?:i'll |we'll |we will |i will )?(?:keep |continue |moving (?:in)?to "
            r"|continuing )(?:to )?(?:monitor(?:ing)?|watching)\b",
            r"^{open}(?:i'll |we'll |i'm |we're |we are )?keep(?:ing)? an eye on (?:it|this|things|the (?:graphs?"
            r"|metrics|numbers|error))\b",
            r"^{open}(?:it's |it is |all |everything |[\w-]+ )?(?:has been |is |been |looks |looking "
            r"|holding )*(?:stable|steady)(?=$| (?:for|since|now|so far|at)\b)",
            r"^{open}(?:let's |i'll |we'll |we )(?:watch|give) (?:it|this|things) (?:for )?(?:another |a "
            r"|the next )?(?:\d|few|bit|while|half)",
            r"^{open}still watching$",
            r"^{open}(?:we |we'll |i |i'll )?(?:leave|keep) (?:this|it) open for\b",
            r"^{open}(?:i'm |we're )?watching the (?:dashboards?|graphs?|metrics|numbers)\b",
            r"^(?:先|再|继续)(?:看|盯|等|跑)(?:个)?\s?(?:\d+|半|几|十|一)\s?(?:个)?(?:分钟|小时|会儿?|min|m\b|h\b)",
            r"(?:继续|持续|先|再)盯(?:着|一会|一下|半|\s?\d)|(?:继续|持续|保持|目前在|正在|再)观察(?!者)|^观察中"
            r"|(?:处于|进入)观察(?:期|阶段)?|^观察[至到]\s?\d"
            r"|(?:先|再|继续)观察(?:着|下|一下|一会|一阵|\s?\d|半|几)",
        ),
    ),
    (
        IncidentStatus.IDENTIFIED,
        (
            r"^{open}(?:i|we)(?:'ve| have|'re)? ?(?:now |finally )?(?:identified|pinned down|isolated) (?:the |it"
            r"|what)",
            r"^{open}(?:i|we)(?:'ve| have)? (?:now |finally )?(?:found|know) (?:the (?:root )?cause|what's causing"
            r"|what is causing|what caused)\b(?! of)",
            r"^{open}(?:the )?(?:(?:root )?cause|issue|problem|culprit|bug) (?:is |has been )?(?:identified|found"
            r"|known)\b|^identified$",
            r"^{open}(?:(?:i|we)(?:'ve| have)? )?(?:identified|pinned down|isolated) the (?:root )?(?:cause|issue"
            r"|problem|culprit|bug)\b",
            r"^{open}(?:we|i) (?:now |finally )?(?:have|got|know) (?:the|a) (?:likely )?(?:root )?cause\b",
            r"^{open}we (?:now )?know why$",
            r"^{open}we (?:now )?know what(?:'s| is) (?:going on|happening|wrong)",
            r"^{open}(?:(?:i|we)(?:'ve| have)? )?found the (?:issue|problem|cause|root cause|culprit|bug)$",
            r"^(?:根本?)?(?:原因|根因|问题)(?:已经?)?(?:找到|查明|查到|定位|清楚|明确)了$",
            r"(?:已经?|都)?(?:定位到|找到)了?(?:根本)?(?:原因|根因|问题)|(?:原因|问题|根因)(?:已经?)?(?:定位到?了"
            r"|明确了)|(?:原因|问题|根因)(?:已经?)(?:定位|找到|明确)",
        ),
    ),
    (
        IncidentStatus.MITIGATING,
        (
            r"^{open}(?:the |a )?(?:mitigation|(?:hot-?)?fix) (?:is )?(?:in progress|under ?way|being rolled out"
            r"|rolling out|going out)\b",
            r"^{open}(?:we're |i'm |we are )?(?:working on|preparing) (?:a|the) (?:fix|mitigation|hotfix|workaround)\b",
            r"^{open}(?:we're |i'm )?mitigating\b",
            r"正在(?:修复|止损|止血|恢复)|修复中|恢复中",
        ),
    ),
    (
        IncidentStatus.INVESTIGATING,
        (
            r"^{open}(?:i'm |we're |we are |i am )?(?:still |currently )?investigating\b",
            r"^{open}(?:we're|we are) (?:still )?looking into (?!it$|that$|this$)",
            r"^{open}(?:i'm |we're )?digging into (?=.*(?:logs?|traces?|metrics|errors?|dumps?|latency))",
            r"^{open}(?:the )?(?:root )?cause (?:is |still |is still )*(?:unknown|unclear|not known"
            r"|being investigated)\b",
            r"^{open}(?:we |i )?(?:keep|are|still) (?:digging|investigating|looking for the cause)\b",
            r"(?:正在|仍在|还在)(?:排查|定位|调查)|排查中|^(?:我们?)?(?:正在|仍在|还在|继续)(?:查|排查)$"
            r"|^(?:我们?)?(?:仍在|还在|继续)看$",
        ),
    ),
)

_Says = tuple[IncidentStatus, tuple[PhraseRow, ...], tuple[re.Pattern[str], ...]]


def _says(standing: IncidentStatus, rows: tuple[str, ...]) -> _Says:
    """Compile the phrases of a status: those at the beginning of a clause, and those anywhere in it."""
    filled = [each.format(it_is=_IT_IS, measured=_MEASURED, falling=_FALLING, open="") for each in rows]
    begins = [row[1:] for row, each in zip(filled, rows, strict=True) if each.startswith("^{open}")]
    anywhere = [row for row, each in zip(filled, rows, strict=True) if not each.startswith("^{open}")]
    return standing, phrases(begins, {}), expressions(anywhere)


_SAYS: Final = tuple(_says(standing, rows) for standing, rows in _PHRASES)
_AGAIN: Final = re.compile(r"\b(?:failing|down|broken|spiking|back|up) again\b|又")


def status_in(sentences: list[Sentence]) -> tuple[IncidentStatus, Sentence] | None:
    """Return the most significant status that a message states ("mitigated, monitoring"), with its sentence."""
    said = sorted(_all(sentences), key=lambda found: found[0])
    return (said[0][1], said[0][2]) if said else None


def _all(sentences: list[Sentence]) -> Iterator[tuple[int, IncidentStatus, Sentence]]:
    for sentence in sentences:
        for start, clause in sentence.clauses:
            for rank, (standing, begins, anywhere) in enumerate(_SAYS):
                found = _said(begins, anywhere, clause)
                if found is None or not (standing is IncidentStatus.REOPENED or is_whole(clause)):
                    continue
                if standing is not IncidentStatus.REOPENED and _AGAIN.search(clause):
                    continue
                if is_stated(sentence, start + found[0], start + found[1]):
                    yield rank, standing, sentence
                    break


def _said(begins: tuple[PhraseRow, ...], anywhere: tuple[re.Pattern[str], ...], clause: str) -> tuple[int, int] | None:
    """Return the start and end of the statement in a clause."""
    if (end := first_end(begins, clause)) is not None:
        return 0, end
    return next((hit.span() for pattern in anywhere if (hit := pattern.search(clause))), None)


# Symptoms that disappear when a cluster recovers.
_TROUBLE: Final = (
    r"(?:taints?|(?:disk|memory|pid)?-?pressure|finalizers?|locks?|leases?|warnings?|errors?|x509\w*|restarts?"
    r"|evictions?"
    r"|crash-?loop\w*|ooms?(?:kill\w*)?|timeouts?|5xx|50\ds?|4\d\ds?|failures?|throttling|rejections?|drops?|alerts?"
    r"|pending(?: pods)?|failed\w+|complaints|retries|packet loss|conflicts?|deadlocks?)"
)
_WELL: Final = (
    r"(?:healthy|ready|schedulable|serving|reachable|in sync|synced|caught up|scheduled|bound|mounted|attached"
    r"|accepting \w+|elected|joined|registered|consuming|progressing)"
)
_RECOVERED: Final = (
    rf"(?:the |all |our )?(?:[\w./-]+ ){{0,3}}?{_TROUBLE} (?:(?:on|of|from|in) [\w./-]+ )?(?:is |are |has "
    r"|have )?(?:now |all )*(?:gone|cleared|lifted|stopped|no longer there)(?: now| everywhere)?$",
    rf"no (?:more|new|further) (?:[\w./-]+ ){{0,2}}?{_TROUBLE}\b",
    rf"<runs>…(?:the |our |all |both )?(?:[\w./:-]+ ){{1,5}}?(?:is|are) (?:now |all |finally )*{_WELL}"
    r"(?: again| now| everywhere| with .*)?$",
    r"(?:the |our )?(?:[\w./:-]+ ){0,3}?(?:batch|imports?|exports?|backup|replication|consumers?|queue"
    r"|ingestion|scheduler) (?:is|are) (?:now )?(?:running|moving|progressing|draining|consuming|flowing)"
    r"(?: again| now| through| fine)?$",
    r"(?:(?:all|both) (?:\d+ )?(?:[\w-]+ )?(?=[a-z])|(\d+)(?:/\1|(?: out)? of \1) ?(?:[\w-]+ )?)(?:pods?"
    r"|nodes?|replicas?"
    r"|brokers?|members?|workers?|shards?|targets?|instances?|endpoints?) (?:are |is )?(?:now |back )?(?:ready"
    r"|running|healthy|up|back|green|in sync|available)\b(?!.*\bbut\b)",
)
_PHRASES_ZH: Final = (
    r"^[^，。我你他谁]{0,16}?(?:污点|taint|压力|pressure|异常事件|驱逐|锁|死锁|限流|熔断)[^，。我你他]{0,4}?(?:已经?"
    r"|都|也|全部?)*(?:解除|消失|没|清除|消除|释放)了?$",
    rf"^(?=[^，。]{{0,20}}(?:{RUNS_ZH}|[a-z]{{3}}))[^，。我你他谁]{{1,20}}?(?:已经?|都|也|全部?|终于)+(?:就绪|起来"
    r"|跑起来|拉起来|ready|running|healthy|连上|追上|追平|同步完|挂载?上|调度上去?|绑定上?)了?$",
)
# "2/3 ready" is not recovered yet.
_COUNTED: Final = re.compile(r"(?<![\d.])(\d{1,4})(?:/| of | out of )(\d{1,4})(?![\d.])")
_WAYS: Final = phrases(_RECOVERED, {"runs": WHAT_RUNS})
_WAYS_ZH: Final = expressions(_PHRASES_ZH)


def recovers(sentence: Sentence) -> bool:
    """Return whether it says that a named thing has recovered."""
    if any(found[1] != found[2] for found in _COUNTED.finditer(sentence.plain)):
        return False
    if any(map(is_whole, clauses_that_state(sentence, _WAYS))):
        return True
    # 没了 states the recovery here, but is a denial elsewhere.
    return any(is_whole(clause.replace("没了", "")) for clause in clauses_that_state(sentence, _WAYS_ZH))
