"""List the English phrases for suspected causes: one row is one phrase (see `phrases`).

`<thing>` is a possible cause of an outage, `<part>` a part of a system, `<runs>` that or a name, `<fault>` its fault.
"""

from __future__ import annotations

from typing import Final

from intents.chronicle.phrase_rows import PhraseRow, phrases, words
from intents.chronicle.system_parts import FAULT, PART, WHAT_RUNS
from intents.domain import Verdict

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
    r"|clear|known)"
    r"|found it|found the (?:cause|problem|issue|culprit|bug)|got it|gotcha|bingo|there it is|nailed it"
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
            r"|found|confirmed"
            r"|now known))?\s?(?::|=| -) (?=\S)(?!unknown|unclear|tbd|still|not|none|n/a|being|\?)",
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
            r" )?(?:root )?"
            r"(?:reason|cause|culprit|problem)$",
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
