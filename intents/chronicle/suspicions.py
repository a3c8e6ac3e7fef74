"""What people believe is the cause: suspected, nearly sure, found, ruled out.

What is suspected must be a thing: a noun with its article, a known part of a system, or an acronym. "It's not DNS" is a
hypothesis ruled out, "it's not fixed" is none.
"""

from __future__ import annotations

import re
from typing import Final

from intents.chronicle.guards import is_elsewhere
from intents.chronicle.running import FAULT, FAULT_ZH, PART, RUNS, RUNS_ZH
from intents.chronicle.spoken import Sentence
from intents.chronicle.standings import OPENING
from intents.domain import Verdict
from intents.tokens import words_of

# A part that the load or the numbers of which being fine is a status, not a cause ruled out.
_PARTS: Final = rf"(?:{PART}|latency|load|noisy neighbou?r|deadlock|lock contention|leak|config|timeouts?)"
# What no outage comes from, whatever it looks like.
_NO_CAUSE: Final = (
    r"(?:\w+ )?(?:same|best|worst|case|only|moment|one|idea|way|fun|lot|few|bit|couple"
    r"|first|second|last|time|place|dashboard|channel|link|doc|thread|ticket|page|call|meeting|team|question|joke"
    r"|typo|person"
    r"|people|guys?|plan|good|great|pizza|long|big deal|end|answer|point|reason|party|crowd|mess|nightmare|day"
    r"|night|room|drill"
    r"|coincidence|while|weekend|shame"
    r"|pity|draw|no|graphs?|panel|logs|wiki|you|you're|i|i'm|he|she|they)\b"
)
_THING: Final = (
    rf"(?:(?:the|a|an|our|their|some|that|those|these|last|new|yesterday's|today's|this morning's)\b (?!{_NO_CAUSE})"
    rf"|(?:[\w./-]+ ){{0,3}}?(?:{_PARTS})\b|(?:[\w./-]+ ){{0,4}}?{FAULT}|\w*\d[\w.]* (?:deploy|release|rollout)"
    r"|(?:due to|because of|caused by|related to|coming from) )"
)
_CURES: Final = (
    r"roll-?back|rolling back|re-?start(?:ing|s)?|rolling re-?start|reboot(?:ing)?|revert|scaling|fail-?over"
    r"|hot-?fix|fix"
    r"|patch|flush(?:ing)?|drain(?:ing)?|re-?deploy|re-?creat(?:e|ing)\b.{0,20}"
)
_WELL: Final = (
    r"(?:fine|ok|okay|healthy|clean|innocent|not it|normal)"
    r"(?: (?:from|in|on|for) (?:(?!me\b)[\w-]+ ?){1,4}| too| as well)?"
)
# That these are fine again says how the incident stands.
_HEALS: Final = (
    r"traffic|load\b(?! balancer)|latency|connections?|release|deploy|rollout|config|cpu|memory|services?"
    r"|sessions|logs?"
    r"|queues?|pods?"
    r"|jobs?|timeouts?|backlog|lag|token|builds?|pipelines?|cluster\b|all\b|now\b"
)
_LEADS: Final = (
    r"(?:confirmed|found it|found the (?:cause|problem|issue|culprit|bug)|got it|gotcha|bingo|there it is"
    r"|nailed it|solved"
    r"|mystery solved|yep|yes|yeah|aha|(?:here's |here is |there's |that's |this is )?(?:the |our )?smoking gun"
    r"|(?:ok |well )?that explains (?:it|that|why|everything)|that's why|that's it|this is why)"
)
_MAYBE: Final = r"(?:it's |it is |it was |this is |that's |that is )?"

# "The PDB", "our own upgrade": something named in at most three words, one of which is of what runs.
_NAMED_PART: Final = rf"(?:the |our |that |a )?(?=.{{0,40}}?(?:{RUNS}))(?:[\w./-]+ ){{1,4}}?"
# Of whatever is called the culprit the name is enough.
_WHATEVER: Final = (
    r"(?!(?:i|you|he|she|who|nobody|someone|what|which|it|this|that|they|not|never)\b)(?:the |our )?(?:[\w./-]+ ){1,4}?"
)
_HELPED_NOT: Final = r"(?:didn't|did not|hasn't|has not|doesn't) (?:help|change|fix|make)\w*\b"
_WE: Final = r"(?:i'm |we're |i am )?"
_FOUND_SO: Final = (
    rf"(?=.{{0,120}}?(?:{FAULT}|\b(?:is|was|has|had|have|were|are|set|changed|hit|lost|never|runs?|left|\d+%)\b))"
    r"(?!.{0,60}\b(?:fine|ok|done|joining|again|thanks|recovered|back|wiki|docs?|thread|on it|will|can|could|should"
    r"|fixed"
    r"|mitigated)\b)"
)
_TO_BLAME: Final = r"(?:(?:the|our) (?:root )?(?:culprit|cause|offender|trigger)|to blame|at fault)"

# One line is one way to say it; the first that fits tells.
_PHRASES_EN: Final = (
    (
        Verdict.RULED_OUT,
        (
            r"(?:i|we)?(?:'ve| have| can|'d)? ?(?:ruled|rule|ruling) out (?=\w)",
            rf"(?:the |our )?(?:[\w./-]+ ){{0,2}}?(?:{_PARTS}) (?:is|are) (?:now )?ruled out",
            # It is not …
            rf"(?:it|this|that)(?:'s| is| was) (?:not|definitely not) {_THING}",
            rf"(?:it |this |that )?(?:isn't|wasn't|can't be|cannot be|couldn't be) {_THING}",
            rf"(?:it |this |that )?(?:doesn't|does not|didn't) (?:look|seem|smell|feel) (?:like|to be) {_THING}",
            rf"(?:definitely |probably )?not (?:the )?(?:[\w-]+ )?(?:{_PARTS})(?: then| either| related| issue"
            rf"| problem)?(?=$|,)",
            rf"(?:definitely |probably |also )?not (?:the|our|that) (?!{_NO_CAUSE})[\w./-]+(?: [\w./-]+)?(?=$|[,:;]"
            rf"| - )",
            rf"not an? (?:[\w-]+ )?(?:{_PARTS}|capacity|scaling|code|hardware|client|application) (?:problem|issue"
            rf"|thing)\b",
            # … is not what causes it.
            r"(?:the )?[\w./-]+(?: [\w./-]+){0,2} (?:is|was|are|were)(?: not|n't) (?:the (?:problem|cause|culprit|issue"
            r"|root cause|reason)|to blame|at fault|responsible|involved|the one)\b",
            rf"(?:the |that )?(?:[\w./-]+ ){{0,2}}?(?:{_PARTS}) (?:(?:has |have |had )?nothing to do with"
            r"|(?:is |are )?unrelated|(?:is |are |was )?(?:innocent|off the hook|in the clear|exonerated))",
            r"(?:it |this |that )?(?:has |had )?nothing to do with |(?:it's |this is )?(?:not |un)related to ",
            r"(?:a )?red herring\b|(?:that|this|it)(?:'s| is| was) (?:just )?a red herring",
            # What was done about it did not help.
            rf"(?:the |a |our |that )?(?:{_CURES})(?: of [\w./-]+| up| down| out)? {_HELPED_NOT}",
            rf"(?:the |a |our |that )?(?:{_CURES})(?: up| down| out)? (?:made no difference|had no effect"
            rf"|changed nothing)",
            # It is in order.
            rf"(?!(?:the )?(?:{_HEALS}))(?:the |our )?(?:[\w./-]+ ){{0,2}}?(?:{_PARTS})(?: logs?| metrics| side"
            rf"| config)? "
            rf"(?:is|are|looks?|seems?) (?:all |perfectly |completely |totally )?{_WELL}(?=$|,)",
            rf"(?:i |we )?(?:checked|looked at|went through) (?:the |our )?[\w -]{{0,20}}?(?:{_PARTS})[,:]? (?:and )?"
            r"(?:nothing|all good|it's fine|looks fine|(?:it )?(?:resolves|responds|works|answers|seems|is) (?:fine"
            r"|ok|okay|good|normal)"
            r"|no (?:errors|issue|problem)s?)(?: there| odd| unusual| wrong)?$",
        ),
    ),
    (
        Verdict.CONFIRMED,
        (
            r"(?:the )?root cause (?:is|was|being) (?!un|not|still|to be|tbd|identified|found|known)",
            r"(?:rca|root cause|cause|culprit):? (?=\S)(?!is|was|un|not|still|tbd|identified|found|known|analysis|has)",
            r"(?:the )?culprit (?:is|was) (?!not)",
            rf"(?:so )?the cause (?:is|was) (?=.*(?:{RUNS}|{FAULT}))",
            rf"(?:the |so the |main )?reason (?:is|was) (?=.*{RUNS})",
            r"(?:the )?(?:problem|issue) (?:is|was) (?:that |caused by )(?!we )",
            rf"{_WHATEVER}(?:is|was|were) {_TO_BLAME}",
            r"(?:it|this|the \w+) (?:is|was|were) caused by ",
            # Found.
            r"found (?:it|the (?:root )?(?:cause|culprit|problem|issue|bug))(?::|,| -) "
            r"(?!(?:it's |it is )?(?:in|on|at) |thanks|thx|ty|nvm|never|sorry|will|i'll)(?=\S+ \S+)",
            rf"(?:turns|turned) out {_MAYBE}(?!i\b|we\b|you\b|to be fine|fine|ok)(?=\w)",
            rf"confirmed[,:]? (?:that |yes )?(?:it's|it is|it was|this is) (?:{_THING}|\S*\d)",
            rf"confirmed by (?:the )?[\w-]+: (?=.*(?:{RUNS}|{FAULT}))",
            rf"{_LEADS}[,:.]? (?:-+ )?(?:that )?(?:it's|it is|it was|this is) (?!in |on |at ){_THING}",
            rf"{_LEADS}(?:[,:] | - |[.!] )(?!.{{0,60}}\?)(?=.{{0,80}}{RUNS}){_FOUND_SO}",
            # All along.
            rf"it was (?:the |a |our )?(?:[\w./-]+ ){{0,3}}?(?:{_PARTS}) (?:all along|after all|\w+ing)",
            rf"it was (?:the|a|our) (?!{_NO_CAUSE})(?:[\w./-]+ ){{1,3}}(?:all along|after all)\b",
        ),
    ),
    (
        Verdict.LIKELY,
        (
            rf"{_WE}(?:pretty|fairly|quite|almost|very|\d\d%) (?:sure|certain|confident) (?:that )?(?:(?:it's |it is "
            rf"|this is "
            rf"|that's ){_THING}|(?:the|our|a) (?=.*(?:{RUNS}|{FAULT})))",
            r"(?:everything|all signs|it all|the (?:logs?|evidence|timing|traces?)|this|that|it) (?:points?"
            r"|is pointing) (?:to|at) ",
            rf"(?:almost certainly|most likely|very likely|highly likely) {_MAYBE}{_THING}",
            rf"(?:it's|this is) (?:almost certainly|most likely) {_THING}",
            rf"(?:it's|it is) (?:the |our )?(?!never|always)(?:[\w-]+ )?(?:{_PARTS})(?: again)?$",
            # … does it.
            rf"{_NAMED_PART}(?:is|was) (?:breaking|causing|killing|doing) (?:this|it|the (?:errors?|timeouts?"
            rf"|failures?|outage))\b",
            rf"{_NAMED_PART}(?:broke|caused|triggered|did|started) (?:this|it|the (?:outage|errors?|incident))\b",
            r"(?:this|it|that)(?:'s| is| was) (?:the )?[\w./-]+(?:'s| \w+'s) fault\b",
            rf"(?:i )?blame (?=.{{0,40}}?{RUNS})",
            r"(?:that|this|it) (?:was|is) (?:me|us|my (?:change|deploy|fault|doing)|our (?:change|deploy|fault"
            r"|doing))\b",
            rf"(?:it |this |that )?(?:must|has to|has got to|gotta|got to) be (?!done|{_NO_CAUSE}){_THING}",
            # What is broken, and what follows from it.
            rf"(?=.{{0,60}}?{RUNS})(?!if\b|once\b)[\w./' -]{{3,60}}? (?:(?:has |have )?(?:expired|ran out|lapsed)"
            rf"|(?:is|are|was|were) (?:expired|full"
            r"|exhausted|gone|missing|scaled to 0|misconfigured|deleted))\b.{0,60}?[,;] (?:so|which is why|that's why"
            r"|hence|and so) ",
        ),
    ),
    (
        Verdict.POSSIBLE,
        (
            # It looks like …
            rf"(?:it |this |that |kinda |kind of )?(?:looks?|seems?|smells?|feels?|sounds?|reeks) (?:like|of"
            rf"|to be) {_MAYBE}{_THING}",
            r"(?:it |this )?(?:seems|looks|might be|may be|could be) related to ",
            # It may be …
            rf"(?:it |this |that )?(?:might|may|could) (?:also |well |very well )*be {_THING}",
            rf"(?:could|might|can|does|did) {_WHATEVER}(?:have (?:something|anything) to do with|be related to"
            rf"|be behind|play a role)\b",
            rf"(?:what if|is (?:it|this)) (?:the|our|a|some|that) (?=.{{0,40}}?{RUNS})(?!.*\b(?:ok|okay|safe|still"
            rf"|already|done|normal"
            r"|possible|expected|fine)\b)",
            rf"(?:could|might) (?:it|this) (?:also )?be {_THING}|is (?:it|this) (?:possibly|maybe|perhaps) {_THING}",
            r"(?:it |this |that )?(?:might|may|could) (?:well |also )?be (?:us|ours|mine|me|on us|our (?:side|end"
            r"|fault)|on our (?:side|end))\b",
            rf"(?:maybe|perhaps|possibly|probably|likely) (?!check|look|try|ask|see|use|take|have|add"
            rf"|worth){_MAYBE}{_THING}",
            rf"(?:maybe|perhaps|possibly) (?:the|our|a|some) (?=.*{RUNS})",
            rf"{_WHATEVER}(?:might|may|could|can) (?:also |well )?be {_TO_BLAME}",
            rf"(?:[\w./@#-]+ ){{0,5}}?(?:probably|likely|may|might|perhaps|maybe|possibly) (?:has |have |had |is "
            rf"|are |be |been |also "
            rf"|just |got |we |we're )*(?:[\w./-]+ ){{0,4}}?{FAULT}",
            rf"(?:any chance|is it possible|i have a feeling|my gut says|feels like|i'd guess|i'm guessing|theory:"
            rf"|hypothesis:|hunch:) "
            rf"(?:that )?{_MAYBE}{_THING}",
            # I think …
            rf"(?:i|we) (?:suspect|bet|reckon) (?:on )?{_MAYBE}{_THING}|(?:i |we )?suspect(?:ing)? {_THING}",
            rf"(?:i|we|i'm|we're) (?:think|believe|guess|guessing) (?:it's|it is|this is|it was) {_THING}",
            rf"i bet (?:on )?(?:the|our|a|that) (?=.*(?:{RUNS}|{FAULT}))|(?:i )?wonder (?:if|whether) (?:it's"
            rf"|it is) {_THING}",
            r"(?:i|we) (?:think|believe|suspect) (?:the|a|our) [\w-]+(?: [\w-]+){0,2} (?:is|are) (?:exhausted|full"
            r"|leaking"
            r"|overloaded|saturated|stuck|misconfigured|expired|wrong|missing|too|throttl\w+)\b",
            r"(?:my|our|current) (?:first |best |working |current )?(?:guess|hunch|bet|theory|money"
            r"|hypothesis)(?: is on|'s on| is|'s"
            r"|:)? (?!is\b|on\b|pizza|lunch|on you|you\b|him\b|her\b|not\b)",
            rf"(?:i|we) (?:think|believe) (?:the|a|our) (?=.{{0,40}}?{RUNS})(?!.*\b(?:done|finished|ready|up|fine"
            rf"|back|over|works?"
            r"|working|good|enough|should|can|could|will|would|need|better|best|ok|okay|yet)\b)",
            # It fits.
            rf"since (?:the|our|last|this morning's|yesterday's) (?:[\w.-]+ )?(?:upgrade|deploy\w*|release|rollout"
            rf"|migration|change|switch"
            rf"|update|rotation)\b(?=.*(?:{RUNS}|{FAULT}))(?!.*\b(?:fine|ok|okay|good|no|nothing)\b)",
            rf"(?:it |this |that )?(?:all )?(?:started|began|starts) (?:right |just |exactly |shortly )?(?:after|with"
            rf"|when) (?=.*{RUNS})"
            r"(?!.*\b(?:i|you|my)\b)",
            rf"(?:the )?tim(?:ing|e|estamps?) (?:matches|fits|lines up|coincides|correlates)(?: with)?\b(?=.*{RUNS})"
            rf"|(?:it |this |that )?(?:coincides|correlates|lines up) with (?=.*{RUNS})",
        ),
    ),
)
_WAYS_EN: Final = tuple(
    (verdict, re.compile(rf"^{OPENING}(?:{'|'.join(phrases)})")) for verdict, phrases in _PHRASES_EN
)
# Asked, what would be a finding is a guess: "so our PDB is the culprit?".
_GUESSED: Final = re.compile(rf"^{OPENING}(?:was |is |could )?{_WHATEVER}(?:is |was |be |really )*{_TO_BLAME}$")

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
            rf"^[跟和与]{_WHAT_ZH}?(?:没有?关系|无关)",
            r"^(?:应该|肯定|确认|看来)?(?:也)?不是\s?(?:oom|dns|gc|tls|[a-z][\w-]{1,14})(?:的?问题|的?锅)?$",
            # It is in order.
            rf"^(?:那|所以|看来)?(?:[^，。]{{0,8}}{_PART_ZH}[^，。]{{0,4}}?)(?:这边|侧|那边)?(?:都|也"
            rf"|是)*(?:没(?:有)?(?:什么)?问题"
            r"|正常的|是好的|没(?:有)?异常|没毛病)(?=$|，|,)",
            # What was done about it did not help.
            r"^[^，。]{0,8}(?:回滚|重启|扩容|切换|切主|限流|重建|降级)[^，。]{0,4}?(?:也|都|后|完|并)*(?:没用|无效"
            r"|没效果|没有效果"
            r"|不管用|没什么用|没有?用)",
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
            rf"(?:根因|根本原因)(?:是|为|在于|：|:){_WHAT_ZH}",
            rf"(?:确认了?|找到了?|破案了?|定位到了?|查到了?|实锤了?|坐实了?)[，,：: ]+(?:是"
            rf"|就是)?(?=[^。]{{0,20}}(?:{_PART_ZH}|{FAULT_ZH})){_WHAT_ZH}",
            rf"(?:原因|问题)(?:已?找到了?|查到了|查明)[，,：: ]*(?:就?是)?{_WHAT_ZH}",
            rf"(?:确认|查到了?|查明|定位到|破案了|实锤|坐实)[，,：: ]*(?:就?是|原因是){_WHAT_ZH}",
            rf"^(?:故障)?原因(?:是|为|：|:)(?![我你他她]){_WHAT_ZH}",
            rf"^就?是(?!不是){_WHAT_ZH}?(?:导致|引起|造成)的?$",
            rf"^(?:果然|原来|结果|真)(?:还)?是(?=[^，。]{{0,24}}(?:{_PART_ZH}|{FAULT_ZH})){_WHAT_ZH}",
        ),
    ),
    (
        Verdict.POSSIBLE,
        (
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
_WAYS_ZH: Final = tuple((verdict, re.compile("|".join(phrases))) for verdict, phrases in _PHRASES_ZH)
_GUESSED_ZH: Final = re.compile(r"^(?:会不会|是不是|怀疑|可能|感觉|像|好像)|[了的锅]吧[?？]?$|的锅[?？]?$")
_NOT_A_CAUSE_ZH: Final = re.compile(
    r"^(?:怀疑|感觉|看起来|看着|好像|估计|可能|应该|大概|是不是|会不会)?+(?:是|就是)?(?:我|你|他|好了|恢复|可以|要|没"
    r"|不)|一样|同一个|误报|谁|正常|今晚|今天要|看错|好的|吗？?$|快(?:好|恢复)"
)
_NO_THING: Final = re.compile(
    r"\b(?:same|fixed|resolved|fine|ok|okay|working|good|unknown|unclear|ready|sure|me|you|joking|late)$"
)
_UNSURE: Final = re.compile(r"(?<!what )(?<!wonder )\b(?:if|unless|whether|always)\b|如果|要是")
_SMALL: Final = re.compile(
    r"a|an|the|it|its|it's|is|was|be|this|that|of|to|on|in|our|we|i|you|me|my|their|and|or"
    r"|because|due|caused|by|related|problem|issue|cause|culprit|root|found|confirmed|turns|out|not"
    r"|s|like|looks|seems|sounds|feels|smells|might|may|could|maybe|probably|guess|then|so|new"
    r"|isn't|wasn't"
)
_SMALL_ZH: Final = re.compile(r"^(?:是|跟|和|与|由|像)+|的?(?:问题|原因|引起|导致|造成|的|有关|相关|没关系|无关)+$")


def suspicion_in(sentence: Sentence) -> tuple[Verdict, str] | None:
    """(how sure, what is suspected in a few words) of a sentence."""
    if is_elsewhere(sentence) or _UNSURE.search(sentence.plain):
        return None
    for verdict, pattern in _WAYS_EN:
        for start in _starts(sentence):
            rest = sentence.plain[start:].strip(" .!?").removesuffix(" to me").removesuffix(" for me")
            if sentence.asks and _GUESSED.search(rest):
                return Verdict.POSSIBLE, _topic(rest)
            if pattern.search(rest) is None or (sentence.asks and verdict is not Verdict.POSSIBLE):
                continue
            if verdict is not Verdict.RULED_OUT and _NO_THING.search(rest.split(",")[0]):
                continue
            return verdict, _topic(rest)
    return _suspicion_zh(sentence)


def _suspicion_zh(sentence: Sentence) -> tuple[Verdict, str] | None:
    texts = dict.fromkeys((sentence.plain, *(clause for _, clause in sentence.clauses)))
    for verdict, pattern in _WAYS_ZH:
        for found in (hit for text in texts for hit in pattern.finditer(text)):
            said = found[0].strip("，, ")
            if sentence.asks and not _GUESSED_ZH.search(said):
                continue
            if verdict is Verdict.POSSIBLE and _NOT_A_CAUSE_ZH.search(said):
                continue
            return verdict, _topic(said)
    return None


def _starts(sentence: Sentence) -> list[int]:
    return [start for start, _ in sentence.clauses]


def _topic(said: str) -> str:
    words = [word for word in words_of(_SMALL_ZH.sub("", said)) if not _SMALL.fullmatch(word)]
    return " ".join(sorted(set(words[:6])))
