"""List the phrases for decisions and actions in English and Chinese: one row or pattern is one phrase.

`<base>`, `<ing>`, `<done>` and `<noun>` are the forms of an action of `actions`; `<runs>` is a part of a system.
"""

from __future__ import annotations

import re
from typing import Final

from intents.chronicle.action_phrases import ACTIONS, BASES, DONES, INGS, NOT_THE_ACTION, NOT_THE_ACTION_ZH, NOUNS
from intents.chronicle.facts import DecisionState
from intents.chronicle.phrase_rows import RUNS_ZH, WHAT_RUNS, PhraseRow, either, expressions, phrases, words

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
            r" |we |i |please )?(?:don't|do not|won't|will not|not|no|no longer) (?:to )?<base>\b",
            r"(?:on second thoughts?|(?:we |i )?changed (?:our|my) minds?|actually|plan changed?)[,:]? (?:no"
            r"|not) <action>\b",
            rf"{_WE}no longer <ing>\b",
            r"(?:we(?:'re| are)? )?(?:reverting|reversing|undoing|withdrawing|revoking|overruling|taking back) "
            r"(?:the |that |our )?(?:decision|plan|call) (?:to |for )?(?:a |the )?<action>",
            r"(?:we(?:'re| are)? )?(?:reverting|reversing|undoing|withdrawing|revoking|overruling|taking back) "
            r"(?:the |that |our )?(?:decision|plan|call) to <base>",
            r"(?:the |that )?<noun> (?:is|has been) (?:now )?(?:off|cancell?ed|called off|off the table|dropped"
            r"|scrapped|no longer (?:needed|happening|planned|on))\b",
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
            r"|goes )?(?:now )?(?:live|on|off|up|down)\b",
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


_ZH: Final = f"(?:{'|'.join(each.zh for each in ACTIONS if each.zh and not each.passive)}){NOT_THE_ACTION_ZH}"
# Words with everyday uses too.
_CHANGE_ZH: Final = f"(?:{'|'.join(each.zh for each in ACTIONS if each.zh and each.passive)}){NOT_THE_ACTION_ZH}"
# Actions in progress without an object.
_AT_IT_ZH: Final = r"(?:清|回|退|删|切|扩|缩|迁|换|滚|挪|回滚|回退|重启|扩容|缩容|清理|迁移|切换|改|升级)"
# Endings of an order: 都清掉, 先停掉.
_AWAY_ZH: Final = (
    r"(?<![了会能被已])(?:都|全部?|先|直接|统一|一起|一并|也)[^，。了会能被已]{0,8}?(?:清|删|停|关|踢|摘|换|杀|下|拆"
    r"|撤|禁|降|切|滚|回退|回滚)(?:掉|了吧|吧|一遍)$"
)
_WHO_ZH: Final = r"(?:我们?|这边|我这边|大家|运维|值班|dba|@\w+)?(?:这边)?\s*"
_SOME_ZH: Final = r"[^，。,]{0,12}?"
WAYS_ZH: Final = tuple(
    (course, expressions(patterns))
    for course, patterns in (
        # Replies to "should we …".
        (DecisionState.CALLED_OFF, (r"^(?:先|暂)?不(?:关|切|停|降级|限流|回滚|回退|重启|扩容|升级)$",)),
        (
            DecisionState.CALLED_OFF,
            (
                rf"^(?:那|就)?{_WHO_ZH}(?:先|暂时|暂)?不(?:用|再)?{_ZH}了|(?:取消|放弃|不用){_ZH}",
                rf"^(?:那|就|我们)*(?:还是|暂时|决定)+不(?:再)?{_ZH}(?:了|吧)?$",
                rf"^{_ZH}(?:的?(?:方案|计划|决定))?(?:就|先|暂时)*(?:不做|作废|取消|不搞|算了|暂缓|搁置|不用)了?$",
                rf"(?:撤销|推翻|撤回|收回)(?:之前|刚才)?(?:的)?{_ZH}的?(?:决定|方案|计划)",
            ),
        ),
        (
            DecisionState.PLANNED,
            (
                _AWAY_ZH,
                rf"^(?:那|就|我们|先|直接)*(?:改为|改成|转为|换成|改走|改用)\s?(?:[给对用把][^，。]{{1,10}}?)?(?:{_ZH}|{_CHANGE_ZH})",
                rf"(?:改|换)(?:个|一下)?(?:方案|计划)[：:，,\s]*(?:{_ZH}|{_CHANGE_ZH})",
                r"^(?:那?就?|先|同意|直接|赶紧|还是)*(?:把[^，。]{1,12})?(?:切|回滚|回退|重启|扩容|缩容|迁移?|滚|升级"
                r"|切换|扩)(?:了)?吧$",
            ),
        ),
        (
            DecisionState.DONE,
            (
                r"^(?!.*(?:被|又|自己|自动|谁|吗))(?:我|我们|刚刚?|已经?)*(?:清|删|杀|摘|踢|停|关|扩|加|换|切|重启"
                rf"|回滚|升)[了掉完]+了?\s?\S(?=.*(?:{RUNS_ZH}|日志|[a-z]{{2}}|\d))",
                rf"^(?!.*(?:被|又|自己|自动|谁|吗|没))(?=[^，。]*{RUNS_ZH})[^，。]{{1,12}}?(?:清|删|摘|踢|停|关|扩|换"
                rf"|切|升|迁)(?:完|好|掉)?了$",
            ),
        ),
        (DecisionState.UNDER_WAY, (rf"^(?:好的?|嗯|ok)?{_WHO_ZH}(?:正|已经|都)?在{_AT_IT_ZH}(?:了|着|呢)?$",)),
        (
            DecisionState.DONE,
            (
                rf"^{_WHO_ZH}{_SOME_ZH}(?:已经?|都已?|刚刚?|均已)(?:把[^，。]{{1,12}})?(?:手动|全部|全量)?\s*{_ZH}",
                rf"^{_SOME_ZH}{_ZH}(?:已)?(?:完成|完毕|好了|结束|完了|成功)",
                rf"^(?!.*(?:又|自动|自己|被|会|想|能|频繁|一直))[^，。吗谁]{{1,24}}?(?:已经?|也|都"
                rf"|全部?)+[^，。吗谁]{{0,4}}?{_ZH}了?$(?<=[了空完掉理])",
                rf"^{_WHO_ZH}(?:把[^，。]{{1,16}})?{_ZH}过?了(?!吗|么)",
                rf"^[^，。吗]{{1,8}}?{_ZH}了$",
                rf"^[^，。]{{1,16}}(?:已经?)\s*{_ZH}",
            ),
        ),
        (
            DecisionState.UNDER_WAY,
            (
                rf"^{_WHO_ZH}{_SOME_ZH}(?:正在|开始|着手|在)\s*(?:把[^，。]{{1,12}}?)?{_ZH}",
                rf"^{_WHO_ZH}{_SOME_ZH}{_ZH}中",
            ),
        ),
        (
            DecisionState.PLANNED,
            (
                rf"^{_WHO_ZH}{_SOME_ZH}(?:先|再|暂时|临时|决定|准备|打算|马上|直接|就|立即"
                rf"|立刻){_WHO_ZH}(?:把[^，。]{{1,12}})?\s*{_ZH}(?!了|吗)",
                rf"^(?:好的?|嗯|ok|行|那)?(?:还是|先)?(?:由|让)?(?:我们?|@\w+|这边)(?:来|去|现在就?|这就"
                rf"|马上)+(?:把[^，。]{{1,16}})?\s*{_ZH}(?!了|吗)",
                r"^(?:好的?|那)?(?:就)?(?:一起|统一|一并)(?:处理|回滚|清理|重启|升级|弄)(?:吧|掉)?$",
                r"^(?:先|那就?|把)?(?:[a-z][\w.-]+\s?)?(?:回滚|回退|切换?|升级?|降级?|扩容?"
                r"|缩容?)[到至回]\s?\S*[\da-z]\S*$",
                r"^(?:赶紧|马上|立刻|快|尽快)(?:回滚|回退|重启|扩容|切换|切回|升级|降级)(?:吧)?$",
                r"^(?:先|直接|赶紧|那就?)?(?:切|退|滚|改|换|迁)(?:回去|回来)(?:吧)?$",
                r"^(?:先)?不等了|^(?:那)?(?:就|先)+(?:这么|这样)(?:办|做|定|来)$|^(?:先|暂时|今晚)+(?:保持"
                r"|维持)(?:现状|原样)",
                r"^(?:先|暂时|今晚|就)+(?:不动|别动|不要动)(?!了吗)",
            ),
        ),
    )
)
CHANGE_WAYS_ZH: Final = tuple(
    (course, expressions(patterns))
    for course, patterns in (
        (
            DecisionState.CALLED_OFF,
            (rf"^(?:那|就)?{_WHO_ZH}(?:先|暂时|暂)?不(?:用|再)?{_CHANGE_ZH}了|(?:取消|放弃|不用){_CHANGE_ZH}",),
        ),
        (
            DecisionState.UNDER_WAY,
            (
                rf"^{_WHO_ZH}[^，。]{{0,12}}?(?:正在?|开始|着手|在)\s*(?:把|给)?[^，。]{{0,14}}?(?:{_CHANGE_ZH}"
                rf"|{_ZH})(?!.{{0,10}}了$)",
            ),
        ),
        (
            DecisionState.PLANNED,
            (
                rf"^{_WHO_ZH}[^，。]{{0,12}}?(?:先|决定|准备|打算|马上|直接|就|立即|立刻|接下来){_WHO_ZH}"
                rf"(?:把|给)?[^，。]{{0,14}}?{_CHANGE_ZH}(?!.{{0,10}}[了吗]$)",
            ),
        ),
        (
            DecisionState.DONE,
            (
                rf"^[^，。]{{0,36}}?(?:已经?|都|刚刚?|均已|全部)[^，。]{{0,12}}?{_CHANGE_ZH}",
                rf"^[^，。]{{0,20}}?{_CHANGE_ZH}(?<=了)$",
                rf"^[^，。]{{0,20}}?{_CHANGE_ZH}[^，。]{{0,14}}(?:了|完|完成|一遍|好了)$",
                rf"^[^，。]{{0,20}}?从\s?\S{{1,12}}\s?{_CHANGE_ZH}[^，。]{{0,14}}\d",
                rf"^[^，。]{{0,20}}?{_CHANGE_ZH}了\s?\S",
            ),
        ),
    )
)
FREEZE_ZH: Final = re.compile(
    r"(?:封网|发布冻结|冻结发布)(?:了|开始|中|解除|结束|至|到)|(?:谁都|都|大家|所有人?)?(?:先?别|不要|禁止|停止"
    r"|暂停)(?:任何|所有)?"
    r"(?:再)?(?:发布|上线|变更|发版)|(?:所有|任何|全部)?(?:发布|变更|上线)(?:全部|都)?(?:先停|暂停|冻结|停掉)|(?:可以"
    r"|恢复)(?:正常)?(?:发布|发版)了"
)
ASKED_OF_ZH: Final = re.compile(
    rf"^@\w+\s*(?:(?:麻烦|请|你|帮忙|帮|来|去|先)\s*)*(?:把[^，。]{{1,16}}?)?[^，。吗]{{0,4}}?(?:{_ZH}|{_CHANGE_ZH}"
    rf"|下线)(?!.{{0,4}}[了吗过]$)"
)
