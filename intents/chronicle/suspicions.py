"""Recognise what people believe is the cause: suspected, nearly certain, found, ruled out.

A suspected cause must be a thing: a noun with its article, a known part of a system, or an acronym. "It's not DNS" is a
hypothesis ruled out, "it's not fixed" is not a hypothesis.

One row is one phrase (see `phrases`): `<thing>` is a possible cause of an outage, `<part>` a part of a system, `<runs>`
that or a name, `<fault>` its fault.
"""

from __future__ import annotations

import re
from typing import Final

from intents.chronicle.message_text import Sentence, is_asked, is_elsewhere
from intents.chronicle.phrase_rows import (
    CAUSAL_FAULT,
    CAUSAL_FAULT_ZH,
    CAUSED,
    CAUSED_ZH,
    CHANGE_BROKE,
    FAULT,
    FAULT_ZH,
    PART,
    RUNS_ZH,
    WHAT_RUNS,
    PhraseRow,
    first_end,
    phrases,
    words,
)
from intents.domain import Verdict
from intents.tokens import words_of

# Parts for which "is fine" is a status and not an excluded cause.
_PARTS: Final = (
    rf"(?:config change|network policy|session cache|{PART}|latency|load|noisy neighbou?r|deadlock|lock contention|leak"
    r"|timeouts?)"
)
# Words that are never a cause of an outage.
_NO_CAUSE: Final = (
    r"(?:\w+ )?(?:same|best|worst|case|only|moment|one|idea|way|fun|lot|few|bit|couple|first|second|last|time|place"
    r"|dashboard|channel|link|doc|thread|ticket|page|call|meeting|team|question|joke|typo|person|people|guys?|plan|good"
    r"|great|pizza|long|big deal|end|answer|point|reason|party|crowd|mess|nightmare|day|night|room|drill|coincidence"
    r"|while|weekend|shame|pity|draw|no|graphs?|panel|logs|wiki|you|you're|i|i'm|he|she|they)\b"
)
_THING: Final = (
    rf"(?:(?:the|a|an|our|their|some|that|those|these|last|new|yesterday's|today's|this morning's)\b (?!{_NO_CAUSE})"
    rf"|(?:[\w./-]+ ){{0,3}}?(?:{_PARTS})\b|(?:[\w./-]+ ){{0,4}}?{FAULT}|\w*\d[\w.]* (?:deploy|release|rollout)"
    r"|(?:due to|because of|caused by|related to|coming from) )"
)
_CURES: Final = (
    r"(?:roll-?back|rolling back|re-?start(?:ing|s)?|rolling re-?start|reboot(?:ing)?|revert|scaling|fail-?over"
    r"|hot-?fix|fix|patch|flush(?:ing)?|drain(?:ing)?|re-?deploy|re-?creat(?:e|ing)\b.{0,20})"
)
_WELL: Final = (
    r"(?:fine|ok|okay|healthy|clean|innocent|not it|normal)"
    r"(?: (?:from|in|on|for) (?:(?!me\b)[\w-]+ ?){1,4}| too| as well)?"
)
# For these "is fine again" is a statement about the incident's status.
_HEALS: Final = (
    r"(?:traffic|load\b(?! balancer)|latency|connections?|release|deploy|rollout|config|cpu|memory|services?|sessions"
    r"|logs?|queues?|pods?|jobs?|timeouts?|backlog|lag|token|builds?|pipelines?|cluster\b|all\b|now\b)"
)
_LEADS: Final = (
    r"(?:confirmed|(?:the )?(?:root )?(?:cause|culprit) (?:is |was )?(?:now )?(?:found|identified|confirmed"
    r"|clear|known)|found it|found the (?:cause|problem|issue|culprit|bug)|got it|gotcha|bingo|there it is|nailed it"
    r"|solved|mystery solved|yep|yes|yeah|aha|(?:here's |here is |there's |that's |this is )?(?:the |our )?smoking gun"
    r"|(?:ok |well )?that explains (?:it|that|why|everything)|that's why|that's it|this is why)"
)
_MAYBE: Final = r"(?:it's |it is |it was |this is |that's |that is )?"
_IT_IS: Final = r"(?:it's |it is |this is |that's )"
_IT: Final = r"(?:it |this |that )?"
# "The PDB", "our own upgrade": something named in at most three words, one of which is a system part.
_NAMED_PART: Final = r"(?:the |our |that |a )?(?:[\w./-]+ ){1,4}?"
# For a "culprit" any name is enough.
_WHATEVER: Final = (
    r"(?!(?:i|you|he|she|who|nobody|someone|what|which|it|this|that|they|not|never)\b)(?:the |our )?(?:[\w./-]+ ){1,4}?"
)
_HELPED_NOT: Final = r"(?:didn't|did not|hasn't|has not|doesn't) (?:help|change|fix|make)\w*\b"
_WE: Final = r"(?:i'm |we're |i am )?"
_FOUND_SO: Final = (
    rf"(?=.{{0,120}}?(?:{FAULT}|\b(?:is|was|has|had|have|were|are|set|changed|hit|lost|never|runs?|left|\d+%)\b))"
    r"(?!.{0,60}\b(?:fine|ok|done|joining|again|thanks|recovered|back|wiki|docs?|thread|on it|will|can|could|should"
    r"|fixed|mitigated)\b)"
)
_TO_BLAME: Final = r"(?:(?:the|our) (?:root )?(?:culprit|cause|offender|trigger)|to blame|at fault)"
_CHECKED: Final = r"(?:i |we )?(?:checked|looked at|went through) (?:the |our )?[\w -]{0,20}?"
_IS_OFF: Final = (
    r"(?:(?:has |have )?(?:expired|ran out|lapsed)|(?:is|are|was|were) (?:expired|full|exhausted|gone|missing"
    r"|scaled to 0|misconfigured|deleted))"
)

# Openings of somebody who doubts that it is related.
_HM: Final = r"(?:(?:u+m+|h+m+|uh|er)[,. ]+)?"
_FAR: Final = (
    r"(?:stupid|dumb|silly|nothing|unrelated|crazy|wrong|obvious"
    r"|(?:a )?(?:long shot|stretch|coincidence|stupid question))"
)

_KINDS: Final = {
    "crowd": words(r"\b(?:bots?|crawlers?|scrapers?|spiders?|spammers?|attackers?|clients?|customers?|partners?)\b"),
    "thing": words(rf"(?<!\S){_THING}"),
    "part": words(rf"\b{_PARTS}(?!\w)"),
    "runs": WHAT_RUNS,
    "fault": words(rf"(?<![\w./-]){FAULT}"),
}

_ROWS: Final = (
    (
        Verdict.RULED_OUT,
        (
            r"(?:i|we)?(?:'ve| have| can|'d)? ?(?:ruled|rule|ruling) out (?=\w)",
            r"(?:the |our )?(?:[\w./-]+ ){0,2}?<part> (?:is|are) (?:now )?ruled out",
            # It is not …
            r"(?:it|this|that)(?:'s| is| was) (?:not|definitely not) <thing>",
            rf"{_IT}(?:isn't|wasn't|can't be|cannot be|couldn't be) <thing>",
            rf"{_IT}(?:doesn't|does not|didn't) (?:look|seem|smell|feel) (?:like|to be) <thing>",
            r"(?:definitely |probably )?not (?:the )?(?:[\w-]+ )?<part>(?: then| either| related| issue| problem)?"
            r"(?=$|,)",
            rf"(?:definitely |probably |also )?not (?:the|our|that) (?!{_NO_CAUSE})[\w./-]+(?: [\w./-]+)?"
            r"(?=$|[,:;]| - )",
            r"not an? (?:[\w-]+ )?(?:capacity|scaling|code|hardware|client|application) (?:problem|issue|thing)\b",
            r"not an? (?:[\w-]+ )?<part> (?:problem|issue|thing)\b",
            # … is not the cause.
            r"(?:the )?[\w./-]+(?: [\w./-]+){0,2} (?:is|was|are|were)(?: not|n't) (?:the (?:problem|cause|culprit|issue"
            r"|root cause|reason)|to blame|at fault|responsible|involved|the one)\b",
            r"(?:the |that )?(?:[\w./-]+ ){0,2}?<part> (?:(?:has |have |had )?nothing to do with|(?:is |are )?unrelated"
            r"|(?:is |are |was )?(?:innocent|off the hook|in the clear|exonerated))",
            rf"{_IT}(?:has |had )?nothing to do with ",
            r"(?:it's |this is )?(?:not |un)related to ",
            r"(?:a )?red herring\b|(?:that|this|it)(?:'s| is| was) (?:just )?a red herring",
            rf"{_WHATEVER}(?:is|was|are|were) (?:just |also |all )?(?:a red herring|innocent|off the hook|in the clear"
            r"|exonerated|not guilty)\b",
            # An action did not help.
            rf"(?:the |a |our |that )?{_CURES}(?: of [\w./-]+| up| down| out)? {_HELPED_NOT}",
            rf"(?:the |a |our |that )?{_CURES}(?: up| down| out)? (?:made no difference|had no effect|changed nothing)",
            # It works normally.
            rf"(?!(?:the )?{_HEALS})(?:the |our )?(?:[\w./-]+ ){{0,2}}?<part>(?: logs?| metrics| side| config)? "
            rf"(?:is|are|looks?|seems?) (?:all |perfectly |completely |totally )?{_WELL}(?=$|,)",
            rf"{_CHECKED}<part>[,:]? (?:and )?(?:nothing|all good|it's fine|looks fine|(?:it )?(?:resolves|responds"
            r"|works|answers|seems|is) (?:fine|ok|okay|good|normal)|no (?:errors|issue|problem)s?)(?: there| odd"
            r"| unusual| wrong)?$",
        ),
    ),
    (
        Verdict.CONFIRMED,
        (
            r"(?:the )?root cause (?:is|was|being) (?!un|not|still|to be|tbd|identified|found|known)",
            r"(?:the )?(?:rca|root cause|cause|culprit|contributing factor|trigger|origin)s?(?: (?:identified"
            r"|found|confirmed|now known))?\s?(?::|=| -) (?=\S)(?!unknown|unclear|tbd|still|not|none|n/a|being|\?)",
            r"(?:rca|root cause|cause|culprit):? (?=\S)(?!is|was|un|not|still|tbd|identified|found|known|analysis|has)",
            r"(?:the )?culprit (?:is|was) (?!not)",
            r"(?:so )?the cause (?:is|was) …<runs|fault>",
            r"(?:the |so the |main )?reason (?:is|was) …<runs>",
            r"(?:the )?(?:problem|issue) (?:is|was) (?:that |caused by )(?!we )",
            rf"{_WHATEVER}(?:is|was|were) {_TO_BLAME}",
            r"(?:it|this|the \w+) (?:is|was|were) caused by ",
            # Found.
            r"found (?:it|the (?:root )?(?:cause|culprit|problem|issue|bug))(?::|,| -) "
            r"(?!(?:it's |it is )?(?:in|on|at) |thanks|thx|ty|nvm|never|sorry|will|i'll)(?=\S+ \S+)",
            rf"(?:it )?(?:turns|turned) out {_MAYBE}(?!i\b|we\b|you\b|to be fine|fine|ok)(?=\w)",
            r"confirmed[,:]? (?:that |yes )?(?:it's|it is|it was|this is) <thing>",
            r"confirmed[,:]? (?:that |yes )?(?:it's|it is|it was|this is) \S*\d",
            r"confirmed by (?:the )?[\w-]+: …<runs|fault>",
            rf"{_LEADS}[,:.]? (?:-+ )?(?:that )?(?:it's|it is|it was|this is) (?!in |on |at )<thing>",
            rf"{_LEADS}(?:[,:] | - |[.!] )(?!.{{0,60}}\?){_FOUND_SO}…<runs>",
            # All along.
            r"it was (?:the |a |our )?(?:[\w./-]+ ){0,3}?<part> (?:all along|after all|\w+ing)",
            rf"it was (?:the|a|our) (?!{_NO_CAUSE})(?:[\w./-]+ ){{1,3}}(?:all along|after all)\b",
        ),
    ),
    (
        Verdict.LIKELY,
        (
            rf"{_WE}(?:pretty|fairly|quite|almost|very|\d\d%) (?:sure|certain|confident) (?:that )?{_IT_IS}<thing>",
            rf"{_WE}(?:pretty|fairly|quite|almost|very|\d\d%) (?:sure|certain|confident) (?:that )?(?:the|our|a) "
            r"…<runs|fault>",
            r"(?:everything|all signs|it all|the (?:logs?|evidence|timing|traces?)|this|that|it) (?:points?"
            r"|is pointing) (?:to|at) ",
            rf"(?:almost certainly|most likely|very likely|highly likely) {_MAYBE}<thing>",
            r"(?:it's|this is) (?:almost certainly|most likely) <thing>",
            r"(?:it's|it is) (?:the |our )?(?!never|always)(?:[\w-]+ )?<part>(?: again)?(?:, not (?:the |our"
            r" )?[\w -]{2,30})?$",
            # … causes it.
            rf"<runs>…{_NAMED_PART}(?:is|was) (?:breaking|causing|killing|doing) (?:this|it|the (?:errors?|timeouts?"
            r"|failures?|outage))\b",
            rf"<runs>…{_NAMED_PART}(?:broke|caused|triggered|did|started) (?:this|it|the (?:outage|errors?"
            r"|incident))\b",
            r"<runs|fault>…[\w./' %-]{3,70}?[,;] (?:so |and )?(?:that|this|which)(?:'s| is| was) (?:the |our"
            r" )?(?:root )?(?:reason|cause|culprit|problem)$",
            r"(?:this|it|that)(?:'s| is| was) (?:the )?[\w./-]+(?:'s| \w+'s) fault\b",
            r"(?:i )?blame …<runs>",
            r"(?:that|this|it) (?:was|is) (?:me|us|my (?:change|deploy|fault|doing)|our (?:change|deploy|fault"
            r"|doing))\b",
            rf"{_IT}(?:must|has to|has got to|gotta|got to) be (?!done|{_NO_CAUSE})<thing>",
            # A fault and its consequence.
            rf"<runs>…(?!if\b|once\b)[\w./' -]{{3,60}}? {_IS_OFF}\b.{{0,60}}?[,;] (?:so|which is why|that's why|hence"
            r"|and so) ",
        ),
    ),
    (
        Verdict.POSSIBLE,
        (
            # It looks like …
            rf"(?:it |this |that |kinda |kind of )?(?:looks?|seems?|smells?|feels?|sounds?|reeks) (?:like|of|to be)"
            rf" {_MAYBE}<thing>",
            r"(?:it |this )?(?:seems|looks|might be|may be|could be) related to ",
            # It may be …
            rf"{_IT}(?:might|may|could) (?:also |well |very well )*be <thing>",
            rf"(?:could|might|can|does|did) {_WHATEVER}(?:have (?:something|anything) to do with|be related to"
            r"|be behind|play a role)\b",
            r"(?:what if|is (?:it|this)) (?:the|our|a|some|that) (?!.*\b(?:ok|okay|safe|still|already|done|normal"
            r"|possible|expected|fine)\b)…<runs>",
            r"(?:could|might) (?:it|this) (?:also )?be <thing>",
            r"is (?:it|this) (?:possibly|maybe|perhaps) <thing>",
            rf"{_IT}(?:might|may|could) (?:well |also )?be (?:us|ours|mine|me|on us|our (?:side|end|fault)|on our"
            r" (?:side|end))\b",
            r"(?:maybe|perhaps|possibly|probably|likely) (?!check|look|try|ask|see|use|take|have|add|worth)"
            rf"{_MAYBE}<thing>",
            r"(?:maybe|perhaps|possibly) (?:the|our|a|some) …<runs>",
            rf"{_WHATEVER}(?:might|may|could|can) (?:also |well )?be {_TO_BLAME}",
            r"(?:[\w./@#-]+ ){0,5}?(?:probably|likely|may|might|perhaps|maybe|possibly) (?:has |have |had |is |are |be "
            r"|been |also |just |got |we |we're )*(?:[\w./-]+ ){0,4}?<fault>",
            r"(?:any chance|is it possible|i have a feeling|my gut says|feels like|i'd guess|i'm guessing|theory:"
            rf"|hypothesis:|hunch:) (?:that )?{_MAYBE}<thing>",
            rf"(?:{_WHATEVER}|{_IT})(?:can|could|might|may) (?:well |also )?be (?:it|this|that|why|the (?:cause"
            rf"|reason))$",
            r"(?:could|might|can) (?:it|this|that) be (?:it|why|related|the (?:cause|reason))$",
            rf"{_HM}(?:this|it|that) (?:might|may|could|will) (?:be|sound) {_FAR} but …<runs>",
            rf"{_HM}(?:maybe |probably |perhaps )?(?:i'm )?{_FAR} but …<runs>",
            # Clients that cause it.
            rf"<runs|crowd>…{_WHATEVER}(?:hammering|flooding|ddosing|overloading|scraping|swamping) (?:us|it|the \w+)$",
            # I think …
            r"(?:i'm |i am |i was )?wondering (?:if|whether) …<runs>",
            rf"(?:i|we) (?:suspect|bet|reckon) (?:on )?{_MAYBE}<thing>",
            r"(?:i |we )?suspect(?:ing)? <thing>",
            r"(?:i|we|i'm|we're) (?:think|believe|guess|guessing) (?:it's|it is|this is|it was) <thing>",
            r"i bet (?:on )?(?:the|our|a|that) …<runs|fault>",
            r"(?:i )?wonder (?:if|whether) (?:it's|it is) <thing>",
            r"(?:i|we) (?:think|believe|suspect) (?:the|a|our) [\w-]+(?: [\w-]+){0,2} (?:is|are) (?:exhausted|full"
            r"|leaking|overloaded|saturated|stuck|misconfigured|expired|wrong|missing|too|throttl\w+)\b",
            r"(?:my|our|current) (?:first |best |working |current )?(?:guess|hunch|bet|theory|money|hypothesis)"
            r"(?: is on|'s on| is|'s|:)? (?!is\b|on\b|pizza|lunch|on you|you\b|him\b|her\b|not\b)",
            r"(?:i|we) (?:think|believe) (?:the|a|our) (?!.*\b(?:done|finished|ready|up|fine|back|over|works?|working"
            r"|good|enough|should|can|could|will|would|need|better|best|ok|okay|yet)\b)…<runs>",
            # The timing matches.
            r"since (?:the|our|last|this morning's|yesterday's) (?:[\w.-]+ )?(?:upgrade|deploy\w*|release|rollout"
            r"|migration|change|switch|update|rotation)\b(?!.*\b(?:fine|ok|okay|good|no|nothing)\b)…<runs|fault>",
            rf"{_IT}(?:all )?(?:started|began|starts) (?:right |just |exactly |shortly )?(?:after|with|when) "
            r"(?!.*\b(?:i|you|my)\b)…<runs>",
            r"(?:the )?tim(?:ing|e|estamps?) (?:matches|fits|lines up|coincides|correlates)(?: with)?\b…<runs>",
            rf"{_IT}(?:coincides|correlates|lines up) with …<runs>",
        ),
    ),
)
WAYS_EN: Final[tuple[tuple[Verdict, tuple[PhraseRow, ...]], ...]] = tuple(
    (verdict, phrases(rows, _KINDS)) for verdict, rows in _ROWS
)
# As a question, a finding is only a guess: "so our PDB is the culprit?".
GUESSED: Final = phrases(
    (
        rf"(?:was |is |could )?{_WHATEVER}(?:is |was |be |really )*{_TO_BLAME}$",
        r"<part|fault>…(?:a |the |some )?(?:[\w./-]+ ){1,4}(?:maybe|perhaps|possibly|i guess)$",
    ),
    _KINDS,
)


_WHAT_ZH: Final = r"[^，。？！,?!]{2,40}"
_PART_ZH: Final = rf"(?:{RUNS_ZH}|网络|代码|数据|硬件|交换机|内核|redis|kafka|mysql|etcd|istio|mtu|配额|token)"
_CAUSAL_ZH: Final = r"(?:的?问题|的?原因|引起的?|导致的?|造成的?|的?锅|有关系?|相关)"
_PLAYS_UP_ZH: Final = r"(?:抽风|作妖|犯病|搞的鬼|捣鬼|惹的祸|背锅|的锅|闹的|出幺蛾子)"
_PHRASES_ZH: Final = (
    (
        Verdict.RULED_OUT,
        (
            rf"(?:^|，|可以|已经?)(?:那|就|先|所以)*排除了?(?!法){_WHAT_ZH}",
            r"^(?!.*(?:没|不能|无法|还))[^，。]{1,20}?(?:的?(?:嫌疑|可能性?))?(?:可以|已经?|也|基本)*(?:被)?(?:排除"
            r"|洗清)(?:了|掉|嫌疑|$)",
            r"^[^，。]{1,20}?(?:没有?嫌疑|是清白的|是无辜的|是被冤枉的)",
            # It is not …
            rf"^(?:应该|肯定|确认|看来)?(?:也)?不是(?=[^，。]{{0,12}}{_PART_ZH})[^，。]{{2,14}}$",
            rf"(?:^|，|应该|确认)不是{_WHAT_ZH}?{_CAUSAL_ZH}",
            rf"^(?:感觉|看着|应该|好像)?不(?:太|大)?像(?:是)?(?=[^，。]{{0,10}}(?:{_PART_ZH}|[a-z]{{3}})){_WHAT_ZH}",
            rf"(?:主因|根因|原因|问题|元凶|罪魁祸首|瓶颈)(?:应该|肯定|也|并|就|其实)*不(?:是|在){_WHAT_ZH}",
            r"^[^，。]{1,8}[跟和与][^，。]{0,8}(?:没有?关系|无关)$",
            rf"^(?:那|就|所以|看来|应该|也)*[跟和与]{_WHAT_ZH}?(?:没有?关系|无关)",
            r"^(?:应该|肯定|确认|看来)?(?:也)?不是\s?(?:oom|dns|gc|tls|[a-z][\w-]{1,14})(?:的?问题|的?锅)?$",
            # It works normally.
            rf"^(?:那|所以|看来)?(?:[^，。]{{0,8}}{_PART_ZH}[^，。]{{0,4}}?)(?:这边|侧|那边)?(?:都|也"
            r"|是)*(?:没(?:有)?(?:什么)?问题|正常的|是好的|没(?:有)?异常|没毛病)(?=$|，|,)",
            # An action did not help.
            r"^[^，。]{0,8}(?:回滚|重启|扩容|切换|切主|限流|重建|降级)[^，。]{0,4}?(?:也|都|后|完|并)*(?:没用|无效"
            r"|没效果|没有效果|不管用|没什么用|没有?用)",
        ),
    ),
    (
        Verdict.LIKELY,
        (
            rf"(?:基本(?:可以)?(?:确定|确认|断定)|大概率|八成|九成|十有八九|很可能|多半"
            rf"|肯定)是?(?=.{{0,30}}(?:{_PART_ZH}|{FAULT_ZH}|[a-z])){_WHAT_ZH}",
        ),
    ),
    (
        Verdict.CONFIRMED,
        (
            rf"(?:根因|根本原因)(?:已?经?(?:明确|定位|确定|查明|查清|清楚|确认))?了?(?:是|为|在于|：|:){_WHAT_ZH}",
            rf"(?:确认了?|找到了?|破案了?|定位到了?|查到了?|查明了?|查清了?|实锤了?|坐实了?)[，,：: ]+(?:是"
            rf"|就是)?(?=[^。]{{0,20}}(?:{_PART_ZH}|{FAULT_ZH})){_WHAT_ZH}",
            rf"(?:原因|问题)(?:已?找到了?|查到了|查明)[，,：: ]*(?:就?是)?{_WHAT_ZH}",
            rf"(?:原因|问题|根因)已?经?(?:明确|定位|确定|查清)了?[，,：: ]+(?:就?是|为|系){_WHAT_ZH}",
            # Both languages mixed.
            rf"^confirmed[，,：: ]+(?=[^。]{{0,40}}(?:{_PART_ZH}|{FAULT_ZH})){_WHAT_ZH}",
            rf"(?:确认|查到了?|查明了?|查清了?|定位到了?|破案了|实锤|坐实)[，,：: ]*(?:就?是|原因是){_WHAT_ZH}",
            rf"^(?:元凶|罪魁祸首|诱因|直接原因|(?:原因|问题)(?:定位|确认))(?:就)?(?:是|为|：|:)\s?(?!不){_WHAT_ZH}",
            rf"^(?:故障)?原因(?:是|为|：|:)(?![我你他她]){_WHAT_ZH}",
            rf"^就?是(?!不是){_WHAT_ZH}?(?:导致|引起|造成)的?$",
            rf"^(?:果然|原来|结果|真)(?:还)?是(?=[^，。]{{0,24}}(?:{_PART_ZH}|{FAULT_ZH})){_WHAT_ZH}",
        ),
    ),
    (
        Verdict.POSSIBLE,
        (
            rf"(?:(?<=不排除)|(?<=不能排除))(?:是|有|由)?(?=[^。]{{0,30}}(?:{_PART_ZH}|{_CAUSAL_ZH}|{FAULT_ZH}"
            rf"|[a-z\d])){_WHAT_ZH}",
            rf"(?:怀疑(?!人生)|疑似|猜测(?!不)|(?<=我)猜(?!不))(?:是|跟|和|与)?{_WHAT_ZH}",
            rf"(?:感觉|看起来|看着|看上去|好像|估计|可能|应该|大概|像是?"
            rf"|会不会|是不是)(?=[^，。]{{0,16}}{FAULT_ZH}){_WHAT_ZH}",
            rf"(?:感觉|看起来|看着|看上去|好像|估计|可能|会不会|是不是|应该|大概|像)(?:像)?(?:就?是|跟|和|与"
            rf"|由){_WHAT_ZH}",
            rf"(?:会不会|是不是)又?(?=[^，。]{{0,12}}(?:{_PART_ZH}|[a-z]{{3}})[^，。]{{0,6}}(?:{_CAUSAL_ZH}"
            rf"|{_PLAYS_UP_ZH})){_WHAT_ZH}",
            rf"^(?=[^，。]{{0,24}}(?:{_PART_ZH}|[a-z]{{3}}))[^，。？]{{2,24}}?{_PLAYS_UP_ZH}(?:了|吧|的|呢)*[?？]?",
            rf"^(?=[^，。]{{0,24}}(?:{_PART_ZH}|[a-z]{{3}}))[^，。？]{{1,20}}?又[^，。？]{{1,8}}了吧[?？]?$",
            r"(?:时间点?|时间线)(?:上)?[^，。]{0,12}?(?:吻合|对得上|对上了|重合|一致)",
        ),
    ),
)
WAYS_ZH: Final = tuple((verdict, re.compile("|".join(phrases))) for verdict, phrases in _PHRASES_ZH)
GUESSED_ZH: Final = re.compile(r"^(?:会不会|是不是|怀疑|可能|感觉|像|好像)|[了的锅]吧[?？]?$|的锅[?？]?$")


_NOT_A_CAUSE_ZH: Final = re.compile(
    r"^(?:怀疑|感觉|看起来|看着|好像|估计|可能|应该|大概|是不是|会不会)?+(?:是|就是)?(?:我|你|他|好了|恢复|可以|要|没"
    r"|不)|一样|同一个|误报|谁|正常|今晚|今天要|看错|好的|吗？?$|快(?:好|恢复)"
)
# A person who goes to check has not found the cause yet.
_LOOKS: Final = re.compile(
    r"[,;-] (?:i|i'll|i will|let me|lemme|gonna|going to) (?:look|check|see|verify|test|confirm)(?: (?:it|that|now"
    r"|quickly))?$"
)
# An ironic remark is not a finding.
_BANTER_ZH: Final = re.compile(r"[咯喽啰]$")
_NO_THING: Final = re.compile(
    r"\b(?:same|fixed|resolved|fine|ok|okay|working|good|unknown|unclear|ready|sure|me|you|joking|late)$"
)
_UNSURE: Final = re.compile(r"(?<!what )(?<!wonder )(?<!wondering )\b(?:if|unless|whether|always)\b|如果|要是")
_SMALL: Final = re.compile(
    r"a|an|the|it|its|it's|is|was|be|this|that|of|to|on|in|our|we|i|you|me|my|their|and|or"
    r"|because|due|caused|by|related|problem|issue|cause|culprit|root|found|confirmed|turns|out|not"
    r"|s|can|like|looks|seems|sounds|feels|smells|might|may|could|maybe|probably|guess|then|so|new"
    r"|isn't|wasn't"
)
_SMALL_ZH: Final = re.compile(r"^(?:是|跟|和|与|由|像)+|的?(?:问题|原因|引起|导致|造成|的|有关|相关|没关系|无关)+$")
# A part and why it fails, without a word for a suspicion: "apns cert expired an hour ago".
_CAUSAL_FAULT: Final = re.compile(rf"(?<![\w./-]){CAUSAL_FAULT}|{CHANGE_BROKE}|{CAUSED}")
_CAUSAL_FAULT_ZH: Final = re.compile(f"{CAUSAL_FAULT_ZH}|{CAUSED_ZH}")
_NAMED_ZH: Final = re.compile(rf"{RUNS_ZH}|(?<![a-z])(?!quoted)[a-z][\w-]{{2,}}")
# "It's github that throttles us, not the controller."
_NOT_THAT: Final = re.compile(r", not (?:the |our )?[\w -]{2,30}[.!]?$")
_NO_FAULT: Final = re.compile(
    r"\b(?:not|no|never|isn't|aren't|wasn't|hasn't|haven't|doesn't|docs?|should|would|could|will"
    r"|no longer|next|in (?:19|20)\d\d)\b|我的锅|没有|如果|不要|别"
)


def suspicion_in(sentence: Sentence) -> tuple[Verdict, str] | None:
    """Return (verdict, suspected cause in a few words) of a sentence, or None."""
    if is_elsewhere(sentence) or _UNSURE.search(sentence.plain):
        return None
    said = [_from(sentence, start) for start, _ in sentence.clauses]
    for verdict, rows in WAYS_EN:
        for rest in said:
            if sentence.asks and first_end(GUESSED, rest) is not None:
                return Verdict.POSSIBLE, _topic(rest)
            if (sentence.asks and verdict is not Verdict.POSSIBLE) or first_end(rows, rest) is None:
                continue
            if verdict is Verdict.POSSIBLE and _LOOKS.search(rest):
                continue
            if verdict is not Verdict.RULED_OUT and _NO_THING.search(rest.split(",")[0]):
                continue
            topic = _topic(rest) or _topic(sentence.plain)
            if verdict is Verdict.POSSIBLE and not topic:
                continue
            return verdict, topic
    return _suspicion_zh(sentence)


def fault_in(sentence: Sentence) -> str | None:
    """Return a stated fault of a system part in a few words, as the cause until somebody suspects another."""
    plain = _NOT_THAT.sub("", sentence.plain)
    if is_asked(sentence) or is_elsewhere(sentence) or _UNSURE.search(plain) or _NO_FAULT.search(plain):
        return None
    stated = WHAT_RUNS(plain) and _CAUSAL_FAULT.search(plain)
    stated = stated or (_NAMED_ZH.search(plain) and _CAUSAL_FAULT_ZH.search(plain))
    return _topic(plain) if stated else None


def _suspicion_zh(sentence: Sentence) -> tuple[Verdict, str] | None:
    if _BANTER_ZH.search(sentence.plain.rstrip("。！!~ ")):
        return None
    texts = dict.fromkeys((sentence.plain, *(clause for _, clause in sentence.clauses)))
    for verdict, pattern in WAYS_ZH:
        for found in (hit for text in texts for hit in pattern.finditer(text)):
            said = found[0].strip("，, ")
            if sentence.asks and not GUESSED_ZH.search(said):
                continue
            if verdict is Verdict.POSSIBLE and _NOT_A_CAUSE_ZH.search(said):
                continue
            return verdict, _topic(said)
    return None


def _from(sentence: Sentence, start: int) -> str:
    return sentence.plain[start:].strip(" .!?").removesuffix(" to me").removesuffix(" for me")


def _topic(said: str) -> str:
    words = [word for word in words_of(_SMALL_ZH.sub("", said)) if not _SMALL.fullmatch(word)]
    return " ".join(sorted(set(words[:6])))
