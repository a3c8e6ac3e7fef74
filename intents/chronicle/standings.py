"""How an incident stands, where a person says so: "mitigated", "calling this resolved", "已恢复"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from intents.chronicle.facts import Standing
from intents.chronicle.guards import is_stated, is_whole
from intents.chronicle.spoken import Sentence

# What may stand in front of a statement without changing it.
OPENING: Final = (
    r"(?:(?:ok(?:ay)?|alright|right|so|and|then|fyi|hey|hi|all|team|folks|everyone|(?:quick "
    r"|status )?update|status|yes|yep|yeah|sure|cool|great|now|also|heads up|good news|bad news|just|currently"
    r"|actually|finally|quick one|@\w+|well|nvm)\b[\s:,.!-]*){0,4}"
)
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

_PHRASES: Final = (
    (
        Standing.REOPENED,
        (
            r"^{open}(?:we're |i'm |we are |i am )?re-?open(?:ing|ed)\b",
            r"^{open}(?:it|this|the (?:issue|problem|incident)|problem|issue|errors?|alerts?|5xx|50\ds?|timeouts?"
            r"|[\w-]+ errors?)(?:'s| is| are)? (?:back|coming back)(?: again| up again)?$",
            r"^{open}(?:it|this|the (?:issue|problem)|errors?)(?:'s| is| are)? (?:happening|failing|broken|down"
            r"|spiking|climbing) again\b",
            r"^{open}(?:it|this|that) (?:just )?(?:broke|failed|died|happened|went down) again\b",
            r"\bnot resolved after all\b",
            r"又(?:出现|复现|开始报错|挂了|来了|报错|超时)|(?:故障|问题)(?:再次|又)?(?:复现|反复)|错误率又(?:上来|升"
            r"|涨)|重新打开故障",
        ),
    ),
    (
        Standing.RESOLVED,
        (
            r"^{open}(?:i'm |we're |let's |we are |i am )?(?:calling|marking|declaring|call|mark"
            r"|considering) (?:this|it|that|the incident|the issue)?(?: one| incident)? ?(?:as )?(?:resolved|closed"
            r"|fixed|over)\b",
            r"^{open}(?:i|we) consider (?:this|it) (?:resolved|closed|fixed)\b",
            r"^{open}(?:marking|marked) (?:as )?resolved",
            r"^{open}{it_is}resolved(?=$| (?:at|now|as of|since|in|for|after|thanks|on)\b)",
            r"^{open}(?:i'm |we're )?resolving (?:this|it|the incident)\b|^{open}(?:i'm |we're |i am "
            r"|we are )?(?:going to"
            r"|gonna) call (?:it|this) (?:resolved|closed|done)\b",
            r"^{open}all clear\b|^{open}(?:i'm |we're |we are )?closing (?:this|the incident|it"
            r"|the incident channel)\b(?! ticket)",
            r"^{open}(?:the |this )?incident(?:'s| is)? (?:now )?(?:over|closed)\b",
            r"(?:故障|问题|事故|告警)(?:已经?|都|彻底)*(?:解决|结束|关闭|处理完)|^(?:确认)?已经?(?:彻底|完全)?解决"
            r"|完全恢复"
            r"|全部恢复|彻底恢复",
        ),
    ),
    (
        Standing.MITIGATED,
        (
            r"^{open}(?:confirmed )?{it_is}mitigated\b|^{open}looks mitigated\b",
            r"^{open}(?:the |all )?(?:[\w-]+ )?(?:errors?|timeouts|5xx|50\ds?|alerts) (?:have "
            r"|has )?(?:all )?(?:stopped|cleared|gone away"
            r"|dropped to (?:0|zero))\b",
            r"^{open}(?:users|customers|people|clients|merchants|everyone) can [\w ]{{1,30}} again\b|^{open}(?:we're"
            r"|it's|we are) back (?:up|online)\b",
            r"^{open}(?:the )?{measured}(?: [\w./-]+){{0,3}} ?(?:'s|'re|is|are|has|have|went|came|looks?)? ?(?:now "
            r"|all )?(?:back|returned|returning)? ?(?:down |up )?to (?:normal|baseline|healthy)\b",
            r"^{open}success rate (?:is )?back (?:up )?(?:to|at|above) \d",
            r"^{open}back to (?:normal|baseline)\b",
            r"^{open}(?:the )?(?:customer|user)?[ -]?(?:facing )?impact (?:is|has) (?:now )?(?:over|ended|gone"
            r"|stopped)\b|^{open}no (?:more )?(?:customer|user) impact\b",
            r"^{open}(?:the )?(?:{measured}|site|website|prod|production|app|cluster|[\w-]+ (?:site|app"
            r"|cluster)) (?:has |have |is |are )?(?:fully )?(?:recovered|back up"
            r"|back online)\b",
            r"^(?!.*(?:单|告警|指令|权限)).{{0,12}}(?:已经?|都|均|全部|基本)恢复(?:正常)?了?|^(?:现在|目前)?(?:服务"
            r"|业务|指标|系统"
            r"|错误率|流量)?恢复(?:正常)?了$|^恢复正常$|(?:影响|故障)?已?经?止[住血]|已止血|错误率(?:已经?)?(?:回落"
            r"|降回|恢复)",
        ),
    ),
    (
        Standing.MONITORING,
        (
            r"^{open}(?:i'm |we're |we are |i am )?(?:now |still )?monitoring(?=$| (?:it|this|the|for|closely|now"
            r"|before|things"
            r"|and|until|while)\b)",
            r"^{open}(?:i'm |we're |we are )?(?:going to|gonna) (?:monitor|watch)\b|^{open}(?:i'll |we'll |i will "
            r"|we will )(?:monitor|watch) (?:for|it|this|until|and|things|the)\b|^{open}now we (?:watch|monitor)\b",
            r"^{open}(?:i'll |we'll |we will |i will )?(?:keep |continue |moving (?:in)?to "
            r"|continuing )(?:to )?(?:monitor(?:ing)?|watching)\b",
            r"^{open}(?:i'll |we'll |i'm |we're |we are )?keep(?:ing)? an eye on (?:it|this|things|the (?:graphs?"
            r"|metrics|numbers|error))\b",
            r"^{open}(?:i'm |we're )?watching the (?:dashboards?|graphs?|metrics|numbers)\b",
            r"(?:继续|持续|目前在|正在|再)观察(?!者)|^观察中",
        ),
    ),
    (
        Standing.IDENTIFIED,
        (
            r"^{open}(?:i|we)(?:'ve| have|'re)? ?(?:now |finally )?(?:identified|pinned down|isolated) (?:the |it"
            r"|what)",
            r"^{open}(?:i|we)(?:'ve| have)? (?:now |finally )?(?:found|know) (?:the (?:root )?cause|what's causing"
            r"|what is causing|what caused)\b(?! of)",
            r"^{open}(?:the )?(?:(?:root )?cause|issue|problem|culprit|bug) (?:is |has been )?(?:identified|found"
            r"|known)\b|^identified$",
            r"^{open}(?:(?:i|we)(?:'ve| have)? )?found the (?:issue|problem|cause|root cause|culprit|bug)$",
            r"(?:已经?|都)?(?:定位到|找到)了?(?:根本)?(?:原因|根因|问题)|(?:原因|问题|根因)(?:已经?)(?:定位|找到|明确)",
        ),
    ),
    (
        Standing.MITIGATING,
        (
            r"^{open}(?:the )?(?:mitigation|fix) (?:is )?(?:in progress|under ?way|being rolled out|rolling out)\b",
            r"^{open}(?:we're |i'm |we are )?(?:working on|preparing) (?:a|the) (?:fix|mitigation|hotfix|workaround)\b",
            r"^{open}(?:we're |i'm )?mitigating\b",
            r"正在(?:修复|止损|止血|恢复)|修复中|恢复中",
        ),
    ),
    (
        Standing.INVESTIGATING,
        (
            r"^{open}(?:i'm |we're |we are |i am )?(?:still |currently )?investigating\b",
            r"^{open}(?:we're|we are) (?:still )?looking into (?!it$|that$|this$)",
            r"(?:正在|仍在|还在)(?:排查|定位|调查)|排查中",
        ),
    ),
)

_COMPILED: Final = tuple(
    (standing, tuple(re.compile(each.format(open=OPENING, it_is=_IT_IS, measured=_MEASURED)) for each in phrases))
    for standing, phrases in _PHRASES
)
_AGAIN: Final = re.compile(r"\b(?:failing|down|broken|spiking|back|up) again\b|又")


def standing_in(sentences: list[Sentence]) -> tuple[Standing, Sentence] | None:
    """What a message says of it, and where; the most telling where it says several ("mitigated, monitoring")."""
    said = sorted(_all(sentences), key=lambda found: found[0])
    return (said[0][1], said[0][2]) if said else None


def _all(sentences: list[Sentence]) -> Iterator[tuple[int, Standing, Sentence]]:
    for sentence in sentences:
        for start, clause in sentence.clauses:
            for rank, (standing, patterns) in enumerate(_COMPILED):
                found = next((hit for pattern in patterns if (hit := pattern.search(clause))), None)
                if found is None or not (standing is Standing.REOPENED or is_whole(clause)):
                    continue
                if standing is not Standing.REOPENED and _AGAIN.search(clause):
                    continue
                if is_stated(sentence, start + found.start(), start + found.end()):
                    yield rank, standing, sentence
                    break
