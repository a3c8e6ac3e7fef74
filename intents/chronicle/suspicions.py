"""What people believe is the cause: suspected, nearly sure, found, ruled out.

What is suspected must be a thing: a noun with its article, a known part of a system, or an acronym. "It's not DNS" is a
hypothesis ruled out, "it's not fixed" is none.
"""

from __future__ import annotations

import re
from typing import Final

from intents.chronicle.guards import is_elsewhere
from intents.chronicle.spoken import Sentence
from intents.chronicle.standings import OPENING
from intents.domain import Verdict
from intents.tokens import words_of

_PARTS: Final = (
    r"dns|tls|ssl|cpu|memory|oom|disk|network(?:ing)?|redis|kafka|mysql|postgres|mongo|tikv|tidb|etcd"
    r"|istio|envoy|nginx|haproxy|consul|vault|zookeeper|elasticsearch|certs?|certificates?|connections?|latency|load"
    r"|traffic|config|database|db|cache|gc|ntp|mtu|quota|rate limit(?:s|ing)?|throttling|timeouts?|deploy|release"
    r"|rollout|upgrade|migration|aws|gcp|azure|cloudflare|cdn|kubelet|calico|cilium|coredns|ingress|proxy|sidecar"
    r"|autoscal\w+|noisy neighbou?r|deadlock|lock contention|leak"
)
# What no outage comes from, whatever it looks like.
_NO_CAUSE: Final = (
    r"(?:\w+ )?(?:same|best|worst|case|only|moment|one|idea|way|fun|lot|few|bit|couple"
    r"|first|second|last|time|place|dashboard|channel|link|doc|thread|ticket|page|call|meeting|team|question|joke"
    r"|typo|person"
    r"|people|guys?|plan|long|big deal|end|answer|point|reason|party|crowd|mess|nightmare|day|night|room|drill"
    r"|coincidence|while|weekend|shame"
    r"|pity|draw|no)\b"
)
_THING: Final = (
    rf"(?:(?:the|a|an|our|their|some|that|those|these|last|new|yesterday's|today's|this morning's)\b (?!{_NO_CAUSE})"
    rf"|(?:[\w-]+ )?(?:{_PARTS})\b|\w*\d[\w.]* (?:deploy|release|rollout)"
    r"|(?:due to|because of|caused by|related to|coming from) )"
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
            r"|(?:the )?[\w./-]+(?: [\w./-]+){0,2} (?:is|was|are|were)(?: not|n't) the (?:problem|cause|culprit"
            r"|issue|root cause)|(?!traffic|load|latency|connections?|release|deploy|rollout|config|cpu"
            r"|memory)(?:the )?(?:{_PARTS}) (?:is|are|looks?|seems?) (?:fine|ok|okay|healthy|clean)$"
            r"|(?:it |this )?(?:has )?nothing to do with |(?:it's |this is )?(?:not |un)related to ",
        ),
        (
            Verdict.CONFIRMED,
            r"(?:the )?root cause (?:is|was|being) (?!un|not|still|to be|tbd|identified|found|known)|(?:rca"
            r"|root cause|cause|culprit):? (?=\S)(?!is|was|un|not|still|tbd|identified|found|known|analysis|has)"
            r"|(?:the )?culprit (?:is|was) |found (?:it|the (?:root )?(?:cause|culprit|problem|issue"
            r"|bug))(?::|,| -) (?!thanks|thx|ty|nvm|never|sorry|will|i'll)(?=\S+ \S+)"
            rf"|(?:turns|turned) out {_MAYBE}(?!i\b|we\b|you\b|to be fine|fine|ok)(?=\w)|(?:it|this|the \w+) (?:is"
            rf"|was|were) caused by "
            rf"|confirmed[,:]? (?:that )?(?:it's|it is|it was|this is) {_THING}"
            r"|(?:the )?(?:problem|issue) (?:is|was) (?:that |caused by )(?!we )",
        ),
        (
            Verdict.LIKELY,
            rf"(?:i'm |we're |i am )?(?:pretty|fairly|quite|almost|very|90%|99%) (?:sure|certain"
            rf"|confident) (?:that )?(?:it's |it is |this is |that's ){_THING}|(?:almost certainly|most likely"
            rf"|very likely|highly likely) {_MAYBE}{_THING}|(?:it's|this is) (?:almost certainly|most likely) {_THING}"
            rf"|(?:it's|it is) (?:the |our )?(?:[\w-]+ )?(?:{_PARTS})(?: again)?$",
        ),
        (
            Verdict.POSSIBLE,
            rf"(?:it |this |that |kinda |kind of )?(?:looks?|seems?|smells?|feels?|sounds?) (?:like"
            rf"|to be) {_MAYBE}{_THING}|(?:i|we) (?:suspect|bet|reckon) (?:on )?{_MAYBE}{_THING}|(?:i|we) (?:think"
            rf"|believe|guess) (?:it's|it is|this is|it was) {_THING}|(?:it |this |that )?(?:might|may"
            rf"|could) (?:also )?be {_THING}|could (?:it|this) be {_THING}|is (?:it|this) (?:possibly|maybe"
            rf"|perhaps) {_THING}|(?:my|our|current) (?:first |best "
            rf"|working |current )?(?:guess|hunch|bet|theory|money|hypothesis)(?: is|'s| is on|:)? "
            rf"|(?:maybe|perhaps|possibly|probably|likely) {_MAYBE}{_THING}|(?:i )?wonder if (?:it's|it is) {_THING}"
            rf"|suspecting {_THING}|(?:it |this )?(?:seems|looks|might be|may be|could be) related to "
            rf"|(?:i|we) (?:think|believe|suspect) (?:the|a|our) [\w-]+(?: [\w-]+){{0,2}} (?:is|are) (?:exhausted"
            rf"|full|leaking|overloaded"
            rf"|saturated|stuck|misconfigured|expired|wrong|missing|too|throttl\w+)\b",
        ),
    )
)

_WHAT_ZH: Final = r"[^，。？！,?!]{2,40}"
_CAUSAL_ZH: Final = r"(?:的?问题|的?原因|引起的?|导致的?|造成的?|的?锅|有关系?|相关)"
_WAYS_ZH: Final = tuple(
    (verdict, re.compile(pattern))
    for verdict, pattern in (
        (
            Verdict.RULED_OUT,
            rf"(?:^|，|可以|已经?)(?:先)?排除了?(?!法){_WHAT_ZH}|(?:^|，|应该|确认)不是{_WHAT_ZH}?{_CAUSAL_ZH}"
            rf"|^[跟和与]{_WHAT_ZH}?(?:没有?关系|无关)",
        ),
        (Verdict.LIKELY, rf"(?:基本(?:可以)?(?:确定|确认|断定)|大概率|八成|十有八九|很可能|多半)是?{_WHAT_ZH}"),
        (
            Verdict.CONFIRMED,
            rf"(?:根因|根本原因)(?:是|为|在于|：|:){_WHAT_ZH}|(?:原因|问题)(?:已?找到了?|查到了"
            rf"|查明)[，,：: ]*(?:就?是)?{_WHAT_ZH}|(?:确认|查到了?|查明|定位到|破案了|实锤)[，,：: ]*(?:就?是"
            rf"|原因是){_WHAT_ZH}|^(?:故障)?原因(?:是|为|：|:){_WHAT_ZH}|^就?是{_WHAT_ZH}?(?:导致|引起|造成)的?$",
        ),
        (
            Verdict.POSSIBLE,
            rf"(?:怀疑|疑似|猜测?)(?:是|跟|和|与)?{_WHAT_ZH}|(?:感觉|看起来|看着|看上去|好像|估计|可能|会不会|是不是"
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
