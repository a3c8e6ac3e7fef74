"""List the English phrases for decisions and actions: one row is one phrase (see `phrases`).

`<base>`, `<ing>`, `<done>` and `<noun>` are the forms of an action of `actions`; `<runs>` is a part of a system.
"""

from __future__ import annotations

from typing import Final

from intents.chronicle.action_phrases import ACTIONS, BASES, DONES, INGS, NOT_THE_ACTION, NOUNS
from intents.chronicle.facts import DecisionState
from intents.chronicle.phrase_rows import PhraseRow, either, phrases, words
from intents.chronicle.system_parts import WHAT_RUNS

_WE: Final = r"(?:i'm |we're |we are |i am )?"
_WE_HAVE: Final = r"(?:(?:i|we)(?:'ve| have)? )?"
_ADVERB: Final = r"(?:now |just |already |currently |manually |also |first |quickly |about to start |slowly )?"
_WHAT: Final = r"(?:the |all (?:the |of the )?)?[\w./#-]+(?: [\w./#-]+){0,3}"
# The changed object, named before the change.
_RUNNING: Final = r"(?:[\w./#@-]+ ){1,7}?"
_SETTING: Final = (
    r"(?:timeouts?|limits?|replicas?|concurrency|size|count|quota|weight|ttl|max\w*|min\w*|threshold|retention"
    r"|parallelism|version|mode|interval)"
)
_FREEZABLE: Final = r"(?:deploy(?:s|ments?)?|releases?|merges|merging|changes|rollouts?|deploying|releasing|pipelines?)"
# Participles after the object, with or without an auxiliary.
_PASSIVE: Final = (
    r"(?:rolled back|reverted|restarted|rebooted|bounced|scaled(?: up| down| out)?|failed over|drained"
    r"|cordoned|uncordoned|disabled|turned off|switched off|enabled|re-?enabled|turned on|deleted|killed|purged"
    r"|flushed|blocked|throttled|paused|frozen|suspended|restored|renewed|rotated|shifted(?: away)?"
    r"|diverted|patched|raised|increased|bumped|doubled|silenced|muted|issued|re-?issued|regenerated|recreated"
    r"|redeployed|reloaded|re-?imported|re-?synced|upgraded|downgraded)"
)
# Participles for any named object that rarely happen by themselves: "gatehouse restarted", but not "pod restarted".
_BY_SOMEBODY: Final = (
    r"(?:rolled back|reverted|re-?started|rebooted|redeployed|failed over|drained|cordoned|uncordoned|patched"
    r"|scaled (?:up|down|out|back)|upgraded|downgraded|rotated|renewed|reloaded|re-?issued|re-?synced|recycled"
    r"|cleaned up|cleared out)"
)
_BY_ITSELF: Final = r"(?:pods?|containers?|nodes?|it|they|which|that|who|nobody|process|kubelet|someone|somebody|jobs?)"
# States that are kept, or things to wait for.
_AS_IT_IS: Final = (
    r"(?:as (?:it )?is|off|on|paused|disabled|frozen|stopped|drained|cordoned|scaled|where (?:it|they)|that way"
    r"|like (?:this|that)|running|until|till|alone)"
)
# Nouns for changes, as people who start them say.
_CHANGES: Final = (
    r"(?:modification|migration|re-?index|rebalance|fail-?over|resize|upgrade|downgrade|evacuation|rolling \w+"
    r"|re-?sync|re-?start|redeploy|backfill|rotation|drain)s?"
)
_STARTED: Final = (
    r"(?:(?:i'm |we're |i am |we are |i |we |i've |we've )?(?:(?:just )?start(?:ed|ing)|(?:just )?beg[au]n|beginning"
    r"|kick(?:ed|ing) off|trigger(?:ed|ing)|initiat(?:ed|ing)|doing|running)) (?:the |a |an |another )?"
)
# Verbs that describe a habit, a question or an effect.
_TELLS_OF_IT: Final = (
    r"(?:takes?|took|usually|helps?|helped|would|will|might|may|should|could|needs?|is|was|isn't|won't|didn't|seems?"
    r"|works?|worked|did|made|had|changed nothing)"
)
# "Restart is …" talks about it; "restart it" asks for it.
_ASKED_FOR: Final = r"(?! (?:is|was|of|has|takes|will)\b)"
_WHEREVER: Final = (
    r"(?=$| (?:on|in|to|from|at|again|and|now|for|everywhere|by hand|out of|off|across|back|with|rotation|service"
    r"|the pool)\b)"
)

_KINDS: Final = {
    "base": BASES,
    "ing": INGS,
    "done": DONES,
    "noun": NOUNS,
    "action": either(NOUNS, INGS),
    "change": either(NOUNS, words(rf"\b{_CHANGES}")),
    "runs": WHAT_RUNS,
    "digit": words(r"\d"),
    "participle": either(
        words(rf"\b{_PASSIVE}"), words(rf"\b(?:{'|'.join(each.passive for each in ACTIONS if each.passive)})")
    ),
}

_ROWS: Final = (
    (
        DecisionState.CALLED_OFF,
        (
            rf"{_WE}hold(?:ing)? off(?: on)? (?:the |that |this )?(?:\w+ ){{0,2}}<action>\b",
            rf"{_WE}cancel(?:l?ing|l?ed)? (?:the |that |this )?(?:\w+ ){{0,2}}<action>\b",
            rf"{_WE}abort(?:ing|ed)? (?:the |that |this )?(?:\w+ ){{0,2}}<action>\b",
            rf"{_WE}call(?:ing|ed)? off (?:the |that |this )?(?:\w+ ){{0,2}}<action>\b",
            rf"{_WE}scrap(?:ping|ped)? (?:the |that |this )?(?:\w+ ){{0,2}}<action>\b",
            rf"{_WE}not (?:going to |gonna )<base>\b",
            rf"{_WE}not <ing>\b(?!.*\byet$)",
            r"(?:i|we) (?:won't|will not) <base>\b",
            r"(?:we(?:'ve| have)? )?decid(?:ed|ing) not to <base>\b",
            r"(?:we(?:'ve| have)? )?decid(?:ed|ing) against (?:the |a )?<action>\b",
            r"let's not <base>\b",
            r"(?:please )?(?:hold|stop|pause|cancel|abort) (?:the|that|any) <noun>\b",
            r"(?:no need to|don't need to) <base>\b.*(?:anymore|after all|any more)$",
            r"no <noun>(?: needed| for now| then| required)?$",
            # After a decision for it.
            r"(?:(?:we(?:'ve| have)? )?decided to |let's |we |going to )*undo(?:ing)? (?:the |that )?<noun>\b",
            r"(?:let's )?(?:never ?mind|forget|scratch|skip|drop|ditch|abandon|shelve|park)(?:ping|ting|ing"
            r"|ning)?(?: about)?"
            r" (?:the |that |this )?(?:[\w-]+ ){0,2}<action>\b(?! (?:error|failure|alert|log|message)s?\b)",
            rf"{_WE}(?:backing (?:out of|off)|stepping back from) (?:the |that )?(?:\w+ ){{0,2}}<action>\b",
            r"(?:on second thoughts?|(?:we |i )?changed (?:our|my) minds?|actually|plan changed?)[,:]? (?:let's"
            r" |we |i |please )?"
            r"(?:don't|do not|won't|will not|not|no|no longer) (?:to )?<base>\b",
            r"(?:on second thoughts?|(?:we |i )?changed (?:our|my) minds?|actually|plan changed?)[,:]? (?:no"
            r"|not) <action>\b",
            rf"{_WE}no longer <ing>\b",
            r"(?:we(?:'re| are)? )?(?:reverting|reversing|undoing|withdrawing|revoking|overruling|taking back) "
            r"(?:the |that |our )?(?:decision|plan|call) (?:to |for )?(?:a |the )?<action>",
            r"(?:we(?:'re| are)? )?(?:reverting|reversing|undoing|withdrawing|revoking|overruling|taking back) "
            r"(?:the |that |our )?(?:decision|plan|call) to <base>",
            r"(?:the |that )?<noun> (?:is|has been) (?:now )?(?:off|cancell?ed|called off|off the table|dropped"
            r"|scrapped"
            r"|no longer (?:needed|happening|planned|on))\b",
        ),
    ),
    (
        DecisionState.PLANNED,
        (
            r"(?:decision |plan |decided |agreed )?let's (?:just |first |all |also |quickly )?<base>\b",
            rf"{_WE}(?:going to|gonna|about to) {_ADVERB}<base>\b",
            rf"(?:(?:i|we)(?:'ll| will)|will) {_ADVERB}<base>\b",
            r"(?:we(?:'ve| have)? )?(?:decided|agreed) to <base>\b",
            r"(?:then |so |rather )*(?:we|i|we'd rather|i'd rather) <base>\b.*\binstead$",
            r"(?:the )?(?:new plan|plan changed?|change of plans?|changed plan)(?: is)?[:,]? (?:to |we |let's"
            r" )?<base>\b",
            r"(?:(?:we|i) )?changed (?:our|my) minds?[:,]? (?:we |i |let's )?<base>\b",
            r"(?:let's )?(?:going|go) with (?:the |a )?<noun>\b",
            r"^(?:please |pls )<base>\b",
            r"^<base>\b.* (?:please|pls)$",
            # To a named person, or after a yes.
            rf"(?:@\w+ |please |pls |go ahead and )+(?:go ahead and )?<base>{_ASKED_FOR}…<runs>",
            r"(?:the )?(?:plan|next(?: step)?)(?: is| will be|:) (?:to |we )?<base>\b",
            r"<runs>…we (?:first |now )?<base>(?=.* (?:now|first|tonight|right away|immediately|for now|then)$)",
            r"(?:(?:yes|please|ok|go),? )?(?:roll|turn|switch|put|fail|scale) (?:it|that|this|them)"
            r" (?:back|off|on|over|down|up)(?: now| please| then)?$",
            r"we(?:'re| are|'ll)? (?:go|going|switch|switching) back to (?:the |v?\d)…<runs|digit>",
            # To wait, to leave it, to continue.
            r"let's not wait\b",
            r"(?:we|let's) (?:just )?wait (?:for|with) (?:the|a|an|our|that|it|this)\b",
            rf"(?:we|let's) (?:just )?(?:leave|keep) (?:it|this|that|them|things|(?:the |all )?[\w-]+(?: [\w-]+)?)"
            rf" {_AS_IT_IS}\b",
            r"(?:leave|keep) (?:it|them|(?:the |all )[\w-]+(?: [\w-]+)?) (?:as (?:it is|they are|is)|off|on|paused"
            r"|drained|disabled|cordoned)\b",
            r"(?:we|let's) (?:just )?stay on (?!the call|this call|the bridge|zoom)",
            r"(?:we|let's) (?:just )?(?:stick (?:with|to) |hold (?:off|still|here)\b|accept (?:the|that)\b)",
            r"(?:we|let's) (?:just )?(?:go ahead|proceed) with ",
            r"(?:we'll|we will|i'll) (?:wait for|leave|hold off|go ahead)\b…<runs>",
            r"(?:decided|agreed)[:,] ",
            r"let's (?:do|go with|try|take) (?:option |plan )?(?:[a-d]|[1-4]|both|that|the \w+ one)\b",
        ),
    ),
    (
        DecisionState.UNDER_WAY,
        (
            rf"{_WE}doing (?:the |a )(?:\w+ )?<noun>{NOT_THE_ACTION}",
            rf"{_WE}{_ADVERB}<ing>\b(?!.*\b{_TELLS_OF_IT}\b)",
            rf"{_WE}(?:starting|beginning|kicking off|triggering|initiating) (?:the |a )?(?:\w+ )?<noun>"
            rf"\b{NOT_THE_ACTION}",
            r"(?:the )?<noun>(?: \S*\d\S*)?(?: for [\w-]+)? (?:is |has )?(?:now )?(?:rolling out|in progress"
            r"|under ?way|started|running|going out)\b",
            rf"{_STARTED}<ing>…<runs>",
            rf"{_STARTED}(?:[\w-]+ )?<change>\b…<runs>",
        ),
    ),
    (
        DecisionState.DONE,
        (
            rf"{_WE_HAVE}{_ADVERB}<done>\b(?! by\b)",
            r"(?:the )?(?:[\w./-]+ )?<noun>(?: of (?:the |all )?[\w./-]+)? (?:is |has |was )?(?:now |been )?(?:done"
            r"|completed?|finished|through|live|deployed|merged|applied|out|rolled out|successful|succeeded)\b",
            # "… is" with what was done to it.
            rf"{_WHAT} (?:is|are|has been|have been|was|were|got) {_ADVERB}{_PASSIVE}\b(?! by\b)",
            r"(?:all |the )?(?:[\w-]+ ){0,2}(?:traffic|deploys|deployments|flag|ingestion|consumers|caches?|cdn"
            r"|status page|pods|nodes?|brokers?|workers|services?|jobs?|quer(?:y|ies)|replicas|instances|config)"
            rf" (?:is |are )?(?:now )?{_PASSIVE}\b",
            r"(?:the |our )?status ?page (?:is |has been |was )?(?:now )?updated\b",
            rf"<runs>…{_RUNNING}(?:(?:is|are|has been|have been|got) )?{_ADVERB}<participle>{_WHEREVER}",
            rf"(?:the |all |both )?(?!{_BY_ITSELF} )(?!\w*(?:ly|ing) )(?:new )?(?=[\w./-]*[a-z])[\w./-]+ (?:is |are "
            rf"|has been |have been |got )?(?:now |all )?(?<!not ){_BY_SOMEBODY}(?=$| (?:to|on|in|from|now"
            r"|everywhere|cleanly|fine|ok|with|and) ?)(?!.*\b(?:again|times|by itself|on its own)\b)",
            # Its new setting or version.
            rf"<runs>…(?:[\w./#@-]+ ){{0,5}}?{_SETTING} (?:is|are) (?:now |set |back |up |down )+(?:at |to |on )?\S*\d",
            r"(?:[\w./#@-]+ ){0,3}?(?=\S*\d)[\w./-]+ (?:is|are) (?:now )?(?:on|running) \S*\d\S*(?: now)?$",
            r"<runs>…(?:[\w./#@-]+ ){1,5}?(?:mode|breakers?|flag|maintenance page)(?: for [\w-]+)? is (?:now )?(?:on"
            r"|off|open|up|in place)\b",
            # What users see in the meantime.
            r"(?:the |our )?(?:waiting room|queue page|maintenance page|banner|fallback page|static page) (?:is "
            r"|goes )?"
            r"(?:now )?(?:live|on|off|up|down)\b",
            r"(?:the )?(?:feature )?(?:[\w-]+ )?(?:flag|toggle|switch|killswitch)(?: [\w-]+)? is (?:now )?(?:off|on)\b",
            r"maintenance mode is (?:now )?on\b",
            # A deployment freeze, or its end.
            rf"{_FREEZABLE} (?:to \S+ )?(?:are |is )?(?:now |all )*(?:frozen|on hold|blocked|locked|stopped|unblocked"
            r"|unfrozen|open|allowed|back on|unlocked)\b(?! (?:on|by)\b)",
            r"(?:nobody|no one|noone|please nobody) (?:deploys?|releases?|merges?|ships?|pushes|touches) (?:anything"
            r"|until|for now|to prod)",
            rf"(?:please )?(?:no|hold|stop|freeze)(?: more| all| off| any| the| other| prod)* {_FREEZABLE}"
            r"(?=$| (?:to|on|in|until|for|please|now|at|from)\b)",
            r"(?:we have a |there is a )?(?:code |change |deploy(?:ment)? |release )?freeze (?:is )?(?:now )?"
            r"(?:on (?!next|monday|the calendar)|in (?:place|effect|force)|as of|until|for|lifted|over|off|ended)",
            r"(?:you may|you can|everybody can|feel free to|ok to|safe to) (?:deploy|merge|release)(?: again| now)?$",
        ),
    ),
)
WAYS_EN: Final[tuple[tuple[DecisionState, tuple[PhraseRow, ...]], ...]] = tuple(
    (course, phrases(rows, _KINDS)) for course, rows in _ROWS
)
# Plans under a heading, and orders after a yes.
NEXT: Final = phrases(
    (
        r"(?:decision|(?:we(?:'ve| have)? )?(?:decided|agreed))\s*[:：]",
        r"^决定\s*[:：]",
        r"^(?:next steps?|next|plan|decision|action)\s*[:-]\s*(?:we )?<base>\b",
        r"^(?:改|换)(?:个|一下)?(?:方案|计划)\s*[：:，,]",
        r"(?:the )?(?:new plan|plan changed?|change of plans?|changed plan)(?: is)?\s*[:,-]\s*(?:to |we |let's"
        r" )?<base>\b",
        # Numbered steps.
        r"^(?:the )?(?:next steps?|plan|actions?)\s*[:-]\s*(?:step )?\(?1[.):]",
        r"^(?:处置|处理|应急|止损|修复|恢复|执行)(?:方案|计划|措施|步骤)(?:如下)?\s*[:：]",
    ),
    _KINDS,
)
GO_AHEAD: Final = phrases(
    (
        r"^(?:@\w+[, ]+)?(?:(?:yes|yep|ok|sure|agreed),? )?(?:please|go ahead|do it|please do|go)[,:]? (?:and |then )?"
        rf"<base>{_ASKED_FOR}…<runs>",
    ),
    _KINDS,
)
