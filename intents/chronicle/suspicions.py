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

_WAYS_EN: Final = tuple(
    (verdict, re.compile(rf"^{OPENING}(?:{pattern})"))
    for verdict, pattern in (
        (
            Verdict.RULED_OUT,
            rf"(?:i|we)?(?:'ve| have| can|'d)? ?(?:ruled|rule|ruling) out (?=\w)|(?:it|this|that)(?:'s| is"
            rf"| was) (?:not|definitely not) {_THING}|(?:it|this|that) (?:isn't|wasn't) {_THING}|(?:definitely "
            rf"|probably )?not (?:the )?(?:[\w-]+ )?(?:{_PARTS})(?: then| either| related| issue| problem)?(?=$|,)"
            rf"|(?:definitely |probably |also )?not (?:the|our|that) (?!{_NO_CAUSE})[\w./-]+(?: [\w./-]+)?(?=$"
            rf"|[,:;]| - )"
            rf"|(?:it |this |that )?(?:can't|cannot|couldn't) be {_THING}|(?:it |this |that )?(?:doesn't"
            rf"|does not|didn't)"
            rf" (?:look|seem|smell|feel) (?:like|to be) {_THING}|(?:isn't|wasn't) {_THING}"
            r"|not an? (?:[\w-]+ )?(?:{_PARTS}|capacity|scaling|code|hardware|client|application) (?:problem"
            r"|issue|thing)\b"
            rf"|(?:a )?red herring\b|(?:that|this|it)(?:'s| is| was) (?:just )?a red herring"
            rf"|(?:the |a |our |that )?(?:{_CURES})(?: of [\w./-]+| up| down| out)? (?:didn't|did not|hasn't"
            rf"|has not|doesn't)"
            rf" (?:help|change|fix|make)\w*\b|(?:the |a |our |that )?(?:{_CURES})(?: up| down"
            rf"| out)? (?:made no difference"
            rf"|had no effect|changed nothing)|(?:the |that )?(?:[\w./-]+ ){{0,2}}?(?:{_PARTS}) (?:has |have |had )?"
            r"(?:nothing to do with|(?:is |are )?unrelated|(?:is |are |was )?innocent)"
            r"|(?:the )?[\w./-]+(?: [\w./-]+){0,2} (?:is|was|are|were)(?: not|n't) the (?:problem|cause|culprit"
            r"|issue|root cause)"
            rf"|(?!(?:the )?(?:{_HEALS}))(?:the |our )?(?:[\w./-]+ ){{0,2}}?(?:{_PARTS})(?: logs?| metrics"
            rf"| side| config)? "
            rf"(?:is|are|looks?|seems?) (?:all |perfectly |completely |totally )?{_WELL}(?=$|,)"
            rf"|(?:the |our )?(?:[\w./-]+ ){{0,2}}?(?:{_PARTS}) (?:is|are) (?:now )?ruled out"
            r"|(?:it |this )?(?:has )?nothing to do with |(?:it's |this is )?(?:not |un)related to ",
        ),
        (
            Verdict.CONFIRMED,
            r"(?:the )?root cause (?:is|was|being) (?!un|not|still|to be|tbd|identified|found|known)|(?:rca"
            r"|root cause|cause|culprit):? (?=\S)(?!is|was|un|not|still|tbd|identified|found|known|analysis|has)"
            r"|(?:the )?culprit (?:is|was) |found (?:it|the (?:root )?(?:cause|culprit|problem|issue"
            r"|bug))(?::|,| -) (?!(?:it's |it is )?(?:in|on|at) |thanks|thx|ty|nvm|never|sorry|will|i'll)(?=\S+ \S+)"
            rf"|(?:turns|turned) out {_MAYBE}(?!i\b|we\b|you\b|to be fine|fine|ok)(?=\w)|(?:it|this|the \w+) (?:is"
            rf"|was|were) caused by "
            rf"|confirmed[,:]? (?:that |yes )?(?:it's|it is|it was|this is) (?:{_THING}|\S*\d)"
            rf"|{_LEADS}[,:.]? (?:-+ )?(?:that )?(?:it's"
            rf"|it is|it was|this is) (?!in |on |at ){_THING}|{_LEADS}(?:[,:] | - "
            rf"|[.!] )(?!.{{0,60}}\?)(?=.{{0,80}}{RUNS})(?=.{{0,120}}?"
            rf"(?:{FAULT}|\b(?:is|was|has|had|have|were|are|set|changed|hit|lost|never|runs?|left|\d+%)\b))"
            r"(?!.{0,60}\b(?:fine|ok|done|joining|again|thanks|recovered|back|wiki|docs?|thread|on it|will|can"
            r"|could|should|fixed"
            r"|mitigated)\b)"
            rf"|(?:so )?the cause (?:is|was) (?=.*(?:{RUNS}|{FAULT}))"
            rf"|confirmed by (?:the )?[\w-]+: (?=.*(?:{RUNS}|{FAULT}))|(?:the |so the |main )?reason (?:is"
            rf"|was) (?=.*{RUNS})"
            rf"|it was (?:the |a |our )?(?:[\w./-]+ ){{0,3}}?(?:{_PARTS}) (?:all along|after all|\w+ing)"
            rf"|it was (?:the|a|our) (?!{_NO_CAUSE})(?:[\w./-]+ ){{1,3}}(?:all along|after all)\b"
            r"|(?:the )?(?:problem|issue) (?:is|was) (?:that |caused by )(?!we )",
        ),
        (
            Verdict.LIKELY,
            rf"(?:i'm |we're |i am )?(?:pretty|fairly|quite|almost|very|\d\d%) (?:sure|certain"
            rf"|confident) (?:that )?(?:(?:it's |it is |this is |that's ){_THING}|(?:the|our|a) (?=.*(?:{RUNS}"
            rf"|{FAULT})))"
            rf"|everything (?:points|is pointing) (?:to|at) |all signs point to |(?:almost certainly|most likely"
            rf"|very likely|highly likely) {_MAYBE}{_THING}|(?:it's|this is) (?:almost certainly"
            rf"|most likely) {_THING}"
            rf"|(?:it's|it is) (?:the |our )?(?:[\w-]+ )?(?:{_PARTS})(?: again)?$",
        ),
        (
            Verdict.POSSIBLE,
            rf"(?:it |this |that |kinda |kind of )?(?:looks?|seems?|smells?|feels?|sounds?|reeks) (?:like"
            rf"|of|to be) {_MAYBE}{_THING}|(?:i|we) (?:suspect|bet|reckon) (?:on )?{_MAYBE}{_THING}|(?:i|we|i'm"
            rf"|we're) (?:think"
            rf"|believe|guess|guessing) (?:it's|it is|this is|it was) {_THING}|(?:it |this |that )?(?:might|may"
            rf"|could) (?:also |well |very well )*be {_THING}|could (?:it|this) be {_THING}|is (?:it"
            rf"|this) (?:possibly|maybe"
            rf"|perhaps) {_THING}|(?:my|our|current) (?:first |best "
            rf"|working |current )?(?:guess|hunch|bet|theory|money|hypothesis)(?: is on|'s on| is|'s"
            rf"|:)? (?!is\b|on\b|pizza|lunch|on you|you\b|him\b|her\b|not\b)"
            rf"|(?:maybe|perhaps|possibly|probably|likely) (?!check|look|try|ask|see|use|take|have|add"
            rf"|worth){_MAYBE}{_THING}|(?:i )?wonder if (?:it's|it is) {_THING}"
            rf"|(?:i |we )?suspect(?:ing)? {_THING}|(?:could|might) (?:it|this) (?:also )?be {_THING}"
            rf"|(?:any chance|is it possible|i have a feeling|my gut says|feels like|i'd guess|i'm guessing|theory:"
            rf"|hypothesis:|hunch:) "
            rf"(?:that )?{_MAYBE}{_THING}|(?:[\w./@#-]+ ){{0,5}}?(?:probably|likely|may|might|perhaps|maybe"
            rf"|possibly) "
            rf"(?:has |have |had |is |are |be |been |also |just |got |we |we're )*(?:[\w./-]+ ){{0,4}}?{FAULT}"
            rf"|i bet (?:on )?(?:the|our|a|that) (?=.*(?:{RUNS}|{FAULT}))"
            rf"|(?:maybe|perhaps|possibly) (?:the|our|a|some) (?=.*{RUNS})|(?:it |this )?(?:seems|looks"
            rf"|might be|may be|could be) related to "
            rf"|(?:i|we) (?:think|believe|suspect) (?:the|a|our) [\w-]+(?: [\w-]+){{0,2}} (?:is|are) (?:exhausted"
            rf"|full|leaking|overloaded"
            rf"|saturated|stuck|misconfigured|expired|wrong|missing|too|throttl\w+)\b",
        ),
    )
)

_WHAT_ZH: Final = r"[^，。？！,?!]{2,40}"
_PART_ZH: Final = rf"(?:{RUNS_ZH}|网络|代码|数据|硬件|交换机|内核|redis|kafka|mysql|etcd|istio|mtu|配额|token)"
_CAUSAL_ZH: Final = r"(?:的?问题|的?原因|引起的?|导致的?|造成的?|的?锅|有关系?|相关)"
_WAYS_ZH: Final = tuple(
    (verdict, re.compile(pattern))
    for verdict, pattern in (
        (
            Verdict.RULED_OUT,
            rf"(?:^|，|可以|已经?)(?:那|就|先|所以)*排除了?(?!法){_WHAT_ZH}|^[^，。]{{1,10}}(?:可以|已经?)?(?:被)?排除(?:了|掉)|^(?:应该"
            rf"|肯定|确认|看来)?(?:也)?不是(?=[^，。]{{0,12}}{_PART_ZH})[^，。]{{2,14}}$|^(?:那|所以"
            rf"|看来)?(?:[^，。]{{0,8}}{_PART_ZH}[^，。]{{0,4}}?)(?:这边|侧|那边)?(?:都|也|是)*(?:没(?:有)?(?:什么)?问题|正常的|是好的"
            rf"|没(?:有)?异常|没毛病)(?=$|，|,)|^[^，。]{{0,8}}(?:回滚|重启|扩容|切换|切主|限流|重建|降级)[^，。]{{0,4}}?(?:也|都|后|完"
            rf"|并)*(?:没用|无效|没效果"
            rf"|没有效果|不管用|没什么用|没有?用)|^[^，。]{{1,8}}[跟和与][^，。]{{0,8}}(?:没有?关系|无关)$|(?:^|，|应该"
            rf"|确认)不是{_WHAT_ZH}?{_CAUSAL_ZH}"
            rf"|^[跟和与]{_WHAT_ZH}?(?:没有?关系|无关)",
        ),
        (Verdict.LIKELY, rf"(?:基本(?:可以)?(?:确定|确认|断定)|大概率|八成|十有八九|很可能|多半)是?{_WHAT_ZH}"),
        (
            Verdict.CONFIRMED,
            rf"(?:根因|根本原因)(?:是|为|在于|：|:){_WHAT_ZH}"
            rf"|(?:确认了?|找到了?|破案了?|定位到了?|查到了?|实锤了?)[，,：: ]+(?:是|就是)?"
            rf"(?=[^。]{{0,20}}(?:{_PART_ZH}|{FAULT_ZH})){_WHAT_ZH}|(?:原因|问题)(?:已?找到了?|查到了"
            rf"|查明)[，,：: ]*(?:就?是)?{_WHAT_ZH}|(?:确认|查到了?|查明|定位到|破案了|实锤)[，,：: ]*(?:就?是"
            rf"|原因是){_WHAT_ZH}|^(?:故障)?原因(?:是|为|：|:)(?![我你他她]){_WHAT_ZH}|^就?是{_WHAT_ZH}?(?:导致|引起|造成)的?$",
        ),
        (
            Verdict.POSSIBLE,
            rf"(?:怀疑(?!人生)|疑似|猜测?(?!不))(?:是|跟|和|与)?{_WHAT_ZH}|(?:感觉|看起来|看着|看上去|好像|估计|可能|应该|大概|像是?|会不会)"
            rf"(?=[^，。]{{0,16}}{FAULT_ZH}){_WHAT_ZH}|(?:感觉|看起来|看着|看上去|好像|估计|可能|会不会|是不是"
            rf"|应该|大概|像)(?:像)?(?:就?是|跟|和|与|由){_WHAT_ZH}",
        ),
    )
)
_NOT_A_CAUSE_ZH: Final = re.compile(
    r"^(?:怀疑|感觉|看起来|看着|好像|估计|可能|应该|大概|是不是|会不会)?(?:是|就是)?(?:我|你|他|好了|恢复|可以|要|没"
    r"|不)|一样|同一个|误报|谁|正常|今晚|今天要|看错|好的|吗？?$|快(?:好|恢复)"
)
_NO_THING: Final = re.compile(
    r"\b(?:same|fixed|resolved|fine|ok|okay|working|good|unknown|unclear|ready|sure|me|you|joking|late)$"
)
_UNSURE: Final = re.compile(r"\b(?:if|unless|whether|always)\b|如果|要是")
_SMALL: Final = frozenset(
    [
        "a",
        "an",
        "the",
        "it",
        "its",
        "it's",
        "is",
        "was",
        "be",
        "this",
        "that",
        "of",
        "to",
        "on",
        "in",
        "our",
        "we",
        "i",
        "you",
        "me",
        "my",
        "their",
        "and",
        "or",
        "because",
        "due",
        "caused",
        "by",
        "related",
        "problem",
        "issue",
        "cause",
        "culprit",
        "root",
        "found",
        "confirmed",
        "turns",
        "out",
        "not",
        "s",
        "like",
        "looks",
        "seems",
        "sounds",
        "feels",
        "smells",
        "might",
        "may",
        "could",
        "maybe",
        "probably",
        "guess",
        "then",
        "so",
        "new",
    ]
)
_SMALL_ZH: Final = re.compile(r"^(?:是|跟|和|与|由|像)+|的?(?:问题|原因|引起|导致|造成|的|有关|相关|没关系|无关)+$")


def suspicion_in(sentence: Sentence) -> tuple[Verdict, str] | None:
    """(how sure, what is suspected in a few words) of a sentence."""
    if is_elsewhere(sentence) or _UNSURE.search(sentence.plain):
        return None
    for verdict, pattern in _WAYS_EN:
        for start in _starts(sentence):
            found = pattern.search(sentence.plain[start:].strip(" .!?"))
            if found is None or (sentence.asks and verdict is not Verdict.POSSIBLE):
                continue
            rest = sentence.plain[start:].strip(" .!?")
            if verdict is not Verdict.RULED_OUT and _NO_THING.search(rest.split(",")[0]):
                continue
            return verdict, _topic(rest)
    return _suspicion_zh(sentence)


def _suspicion_zh(sentence: Sentence) -> tuple[Verdict, str] | None:
    for verdict, pattern in _WAYS_ZH:
        for found in pattern.finditer(sentence.plain):
            said = found[0].strip("，, ")
            if sentence.asks and not said.startswith(("会不会", "是不是", "怀疑", "可能", "感觉", "像", "好像")):
                continue
            if verdict is Verdict.POSSIBLE and _NOT_A_CAUSE_ZH.search(said):
                continue
            return verdict, _topic(said)
    return None


def _starts(sentence: Sentence) -> list[int]:
    return [start for start, _ in sentence.clauses]


def _topic(said: str) -> str:
    words = [word for word in words_of(_SMALL_ZH.sub("", said)) if word not in _SMALL]
    return " ".join(sorted(set(words[:6])))
