"""What people decide and do: planned, under way, done, called off.

A statement begins with who does it, or with the doing itself: "rolling back to 4.0.9" is one, "waiting for the
rollback", "rolling back takes a while" and "you can roll back with …" are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from intents.chronicle.actions import ACTIONS, NOT_THE_ACTION, NOT_THE_ACTION_ZH, PARTICIPLES, topic_in
from intents.chronicle.facts import Course
from intents.chronicle.guards import is_stated
from intents.chronicle.running import RUNS, RUNS_ZH
from intents.chronicle.spoken import Sentence
from intents.chronicle.standings import OPENING

_BASE: Final = "|".join(each.base for each in ACTIONS)
_ING: Final = "|".join(each.ing for each in ACTIONS)
_DONE: Final = "|".join(each.done for each in ACTIONS)
_NOUN: Final = "|".join(each.noun for each in ACTIONS if each.noun)
_ZH: Final = f"(?:{'|'.join(each.zh for each in ACTIONS if each.zh and not each.passive)}){NOT_THE_ACTION_ZH}"
# These have everyday uses too.
_CHANGE_ZH: Final = f"(?:{'|'.join(each.zh for each in ACTIONS if each.zh and each.passive)}){NOT_THE_ACTION_ZH}"
_WHAT: Final = r"(?:the |all (?:the |of the )?)?[\w./#-]+(?: [\w./#-]+){0,3}"
_ADVERB: Final = r"(?:now |just |already |currently |manually |also |first |quickly |about to start |slowly )?"
# What a change is made to, said before it: at least one of these words is of something that runs.
_RUNNING: Final = rf"(?=.{{0,60}}?{RUNS})(?:[\w./#@-]+ ){{1,7}}?"
_SETTING: Final = (
    r"(?:timeouts?|limits?|replicas?|concurrency|size|count|quota|weight|ttl|max\w*|min\w*|threshold|retention"
    r"|parallelism|version|mode|interval)"
)
_FREEZABLE: Final = (
    r"(?:deploy(?:s|ments?)?|releases?|merges|merging|changes|rollouts?|deploying|releasing"
    r"|pipelines?)"
)
# The participles that stand behind what was done, with or without an auxiliary.
_PASSIVE: Final = (
    r"(?:rolled back|reverted|restarted|rebooted|bounced|scaled(?: up| down| out)?|failed over|drained"
    r"|cordoned|uncordoned|disabled|turned off|switched off|enabled|re-?enabled|turned on|deleted|killed|purged"
    r"|flushed|blocked|throttled|paused|frozen|suspended|restored|renewed|rotated|shifted(?: away)?"
    r"|diverted|patched|raised|increased|bumped|doubled|silenced|muted|issued|re-?issued|regenerated|recreated"
    r"|redeployed"
    r"|reloaded|re-?imported|re-?synced|upgraded|downgraded)"
)
# Done to whatever is named, and seldom by itself: "gatehouse restarted", but no "pod restarted".
_BY_SOMEBODY: Final = (
    r"(?:rolled back|reverted|re-?started|rebooted|redeployed|failed over|drained|cordoned|uncordoned|patched"
    r"|scaled (?:up"
    r"|down|out|back)|upgraded|downgraded|rotated|renewed|reloaded|re-?issued|re-?synced|recycled|cleaned up"
    r"|cleared out)"
)
_BY_ITSELF: Final = r"(?:pods?|containers?|nodes?|it|they|which|that|who|nobody|process|kubelet|someone|somebody|jobs?)"
# What is left as it is, or waited for.
_AS_IT_IS: Final = (
    r"(?:as (?:it )?is|off|on|paused|disabled|frozen|stopped|drained|cordoned|scaled|where (?:it|they)|that way"
    r"|like (?:this"
    r"|that)|running|until|till|alone)"
)

# How these changes are called by who starts them.
_CHANGES: Final = (
    r"(?:modification|migration|re-?index|rebalance|fail-?over|resize|upgrade|downgrade|evacuation|rolling \w+"
    r"|re-?sync"
    r"|re-?start|redeploy|backfill|rotation|drain)s?"
)

_WAYS_EN: Final = tuple(
    (course, tuple(re.compile(each) for each in patterns))
    for course, patterns in (
        (
            Course.CALLED_OFF,
            (
                rf"^{OPENING}(?:i'm |we're |we are )?(?:hold(?:ing)? off(?: on)?|cancel(?:l?ing|l?ed)?|abort(?:ing"
                rf"|ed)?|call(?:ing|ed)? off|scrap(?:ping|ped)?) (?:the |that |this )?(?:\w+ ){{0,2}}(?:{_NOUN}"
                rf"|{_ING})\b",
                rf"^{OPENING}(?:i'm |we're |we are |i am )?not (?:going to |gonna )(?:{_BASE})\b",
                rf"^{OPENING}(?:i'm |we're |we are |i am )?not (?:{_ING})\b(?!.*\byet$)",
                rf"^{OPENING}(?:i|we) (?:won't|will not) (?:{_BASE})\b",
                rf"^{OPENING}(?:we(?:'ve| have)? )?decid(?:ed|ing) (?:not to (?:{_BASE})|against (?:the "
                rf"|a )?(?:{_NOUN}|{_ING}))\b",
                rf"^{OPENING}let's not (?:{_BASE})\b",
                rf"^{OPENING}(?:please )?(?:hold|stop|pause|cancel|abort) (?:the|that|any) (?:{_NOUN})\b",
                rf"^{OPENING}(?:no need to|don't need to) (?:{_BASE})\b.*(?:anymore|after all|any more)$",
                rf"^{OPENING}no (?:{_NOUN})(?: needed| for now| then| required)?$",
            ),
        ),
        (
            Course.PLANNED,
            (
                rf"^{OPENING}(?:decision |plan |decided |agreed )?let's (?:just |first |all |also "
                rf"|quickly )?(?:{_BASE})\b",
                rf"^{OPENING}(?:i'm |we're |we are |i am )?(?:going to|gonna|about to) {_ADVERB}(?:{_BASE})\b",
                rf"^{OPENING}(?:(?:i|we)(?:'ll| will)|will) {_ADVERB}(?:{_BASE})\b",
                rf"^{OPENING}(?:we(?:'ve| have)? )?(?:decided|agreed) to (?:{_BASE})\b|^{OPENING}(?:let's )?(?:going"
                rf"|go) with (?:the "
                rf"|a )?(?:{_NOUN})\b",
                rf"^(?:please |pls )(?:{_BASE})\b|^(?:{_BASE})\b.* (?:please|pls)$",
                # To somebody by name, or after a yes.
                rf"^{OPENING}(?:@\w+ |please |pls |go ahead and )+(?:go ahead and )?(?:{_BASE})"
                rf"(?! (?:is|was|of|has|takes|will)\b)(?=.*{RUNS})",
                rf"^{OPENING}(?:the )?(?:plan|next(?: step)?)(?: is| will be|:) (?:to |we )?(?:{_BASE})\b",
                rf"^{OPENING}(?:let's not wait\b|(?:we|let's) (?:just )?(?:wait (?:for|with) (?:the|a|an|our|that|it"
                rf"|this)\b"
                rf"|(?:leave|keep) (?:it|this|that|them|things|(?:the |all )?[\w-]+(?: [\w-]+)?) {_AS_IT_IS}\b"
                r"|stay on (?!the call|this call|the bridge|zoom)|stick (?:with|to) |hold (?:off|still|here)\b"
                r"|go ahead with "
                r"|proceed with |accept (?:the|that)\b))",
                rf"^{OPENING}(?:decided|agreed)[:,] |^{OPENING}(?:we'll|we will|i'll) (?:wait for|leave|hold off"
                rf"|go ahead)\b"
                rf"(?=.*{RUNS})",
                rf"^{OPENING}we (?:first |now )?(?:{_BASE})(?=.* (?:now|first|tonight|right away|immediately|for now"
                rf"|then)$)",
                rf"^{OPENING}(?:(?:yes|please|ok|go),? )?(?:roll|turn|switch|put|fail|scale) (?:it|that|this"
                rf"|them) (?:back|off|on|over|down|up)"
                r"(?: now| please| then)?$",
                rf"^{OPENING}we(?:'re| are|'ll)? (?:go|going|switch|switching) back to (?:the |v?\d)(?=.*(?:{RUNS}"
                rf"|\d))",
                rf"^{OPENING}(?:leave|keep) (?:it|them|(?:the |all )[\w-]+(?: [\w-]+)?) (?:as (?:it is|they are|is)"
                rf"|off|on|paused|drained"
                r"|disabled|cordoned)\b",
                rf"^{OPENING}let's (?:do|go with|try|take) (?:option |plan )?(?:[a-d]|[1-4]|both|that|the \w+ one)\b",
            ),
        ),
        (
            Course.UNDER_WAY,
            (
                rf"^{OPENING}(?:i'm |we're |we are )?doing (?:the |a )(?:\w+ )?(?:{_NOUN}){NOT_THE_ACTION}",
                rf"^{OPENING}(?:i'm |we're |we are |i am )?{_ADVERB}(?:{_ING})\b"
                r"(?!.*\b(?:takes?|took|usually|helps?|helped|would|will|might|may|should|could|needs?|is|was|isn't"
                r"|won't|didn't|seems?|works?|worked|did|made|had|changed nothing)\b)",
                rf"^{OPENING}(?:i'm |we're |we are )?(?:starting|beginning|kicking off|triggering"
                rf"|initiating) (?:the |a )?(?:\w+ )?(?:{_NOUN})\b{NOT_THE_ACTION}",
                rf"^{OPENING}(?:the )?(?:{_NOUN})(?: \S*\d\S*)?(?: for [\w-]+)? (?:is |has )?(?:now )?(?:rolling out"
                rf"|in progress|under ?way|started|running"
                rf"|going out)\b",
                rf"^{OPENING}(?:(?:i'm |we're |i am |we are |i |we |i've |we've )?(?:(?:just )?start(?:ed|ing)"
                rf"|(?:just )?beg[au]n|beginning|kick(?:ed|ing) off|trigger(?:ed|ing)|initiat(?:ed|ing)|doing"
                rf"|running)) "
                rf"(?:the |a |an |another )?(?:(?:{_ING})|(?:[\w-]+ )?(?:{_NOUN}|{_CHANGES})\b)(?=.*{RUNS})",
            ),
        ),
        (
            Course.DONE,
            (
                rf"^{OPENING}(?:(?:i|we)(?:'ve| have)? )?{_ADVERB}(?:{_DONE})\b(?! by\b)",
                rf"^{OPENING}(?:the )?(?:[\w./-]+ )?(?:{_NOUN})(?: of (?:the |all )?[\w./-]+)? (?:is |has "
                rf"|was )?(?:now |been )?"
                r"(?:done|completed?|finished|through|live|deployed|merged|applied|out|rolled out|successful"
                r"|succeeded)\b",
                rf"^{OPENING}{_WHAT} (?:is|are|has been|have been|was|were|got) {_ADVERB}{_PASSIVE}\b(?! by\b)",
                rf"^{OPENING}(?:all |the )?(?:[\w-]+ ){{0,2}}(?:traffic|deploys|deployments|flag|ingestion|consumers"
                rf"|caches?|cdn"
                rf"|status page|pods|nodes?|brokers?|workers|services?|jobs?|quer(?:y|ies)|replicas|instances"
                rf"|config) (?:is |are )?"
                rf"(?:now )?{_PASSIVE}\b",
                rf"^{OPENING}(?:the |our )?status ?page (?:is |has been |was )?(?:now )?updated\b",
                rf"^{OPENING}{_RUNNING}(?:(?:is|are|has been|have been|got) )?{_ADVERB}(?:{PARTICIPLES}"
                rf"|{_PASSIVE})(?=$| (?:on|in|to|from|at|again|and|now|for|everywhere|by hand|out of|off|across"
                rf"|back|with|rotation|service|the pool)\b)",
                # What it is set to from now on, or runs on.
                rf"^{OPENING}(?=.{{0,60}}?{RUNS})(?:[\w./#@-]+ ){{0,5}}?{_SETTING} (?:is|are) (?:now |set "
                rf"|back |up |down )+"
                r"(?:at |to |on )?\S*\d",
                rf"^{OPENING}(?:[\w./#@-]+ ){{0,3}}?(?=\S*\d)[\w./-]+ (?:is|are) (?:now )?(?:on"
                rf"|running) \S*\d\S*(?: now)?$",
                rf"^{OPENING}(?=.{{0,60}}?{RUNS})(?:[\w./#@-]+ ){{1,5}}?(?:mode|breakers?|flag|maintenance page)"
                r"(?: for [\w-]+)? is (?:now )?(?:on|off|open|up|in place)\b",
                rf"^{OPENING}(?:the |all |both )?(?!{_BY_ITSELF} )(?!\w*(?:ly"
                rf"|ing) )(?:new )?(?=[\w./-]*[a-z])[\w./-]+ (?:is |are |has been "
                rf"|have been |got )?(?:now |all )?(?<!not ){_BY_SOMEBODY}(?=$| (?:to|on|in|from|now|everywhere"
                rf"|cleanly|fine|ok|with"
                rf"|and) ?)(?!.*\b(?:again|times|by itself|on its own)\b)",
                rf"^{OPENING}(?:{_FREEZABLE}|pipelines?) (?:to \S+ )?(?:are |is )?(?:now |all )*(?:frozen"
                rf"|on hold|blocked"
                r"|locked|stopped|unblocked|unfrozen|open|allowed|back on|unlocked)\b(?! (?:on|by)\b)",
                rf"^{OPENING}(?:nobody|no one|noone|please nobody) (?:deploys?|releases?|merges?|ships?|pushes"
                rf"|touches) (?:anything|until|for now"
                r"|to prod)",
                rf"^{OPENING}maintenance mode is (?:now )?on\b",
                rf"^{OPENING}(?:please )?(?:no|hold|stop|freeze)(?: more| all| off| any| the| other"
                rf"| prod)* {_FREEZABLE}"
                r"(?=$| (?:to|on|in|until|for|please|now|at|from)\b)",
                rf"^{OPENING}(?:we have a |there is a )?(?:code |change |deploy(?:ment)? "
                rf"|release )?freeze (?:is )?(?:now )?"
                r"(?:on (?!next|monday|the calendar)|in (?:place|effect|force)|as of|until|for|lifted|over|off"
                r"|ended)",
                rf"^{OPENING}(?:you may|you can|everybody can|feel free to|ok to|safe to) (?:deploy|merge|release)"
                r"(?: again| now)?$",
                rf"^{OPENING}(?:the )?(?:feature )?(?:[\w-]+ )?(?:flag|toggle|switch"
                rf"|killswitch)(?: [\w-]+)? is (?:now )?(?:off|on)\b",
            ),
        ),
    )
)

# What somebody is at who does not say of what.
_AT_IT_ZH: Final = r"(?:清|删|切|扩|缩|迁|换|滚|挪|回滚|回退|重启|扩容|缩容|清理|迁移|切换|改|升级)"
# How an order ends: 都清掉, 先停掉.
_AWAY_ZH: Final = (
    r"(?<![了会能被已])(?:都|全部?|先|直接|统一|一起|一并|也)[^，。了会能被已]{0,8}?(?:清|删|停|关|踢|摘|换|杀|下|拆"
    r"|撤|禁|降|切|滚|回退|回滚)"
    r"(?:掉|了吧|吧|一遍)$"
)
_WHO_ZH: Final = r"(?:我们?|这边|我这边|大家|运维|值班|dba|@\w+)?(?:这边)?\s*"
_SOME_ZH: Final = r"[^，。,]{0,12}?"
_WAYS_ZH: Final = tuple(
    (course, tuple(re.compile(each) for each in patterns))
    for course, patterns in (
        (Course.CALLED_OFF, (rf"^(?:那|就)?{_WHO_ZH}(?:先|暂时|暂)?不(?:用|再)?{_ZH}了|(?:取消|放弃|不用){_ZH}",)),
        (
            Course.PLANNED,
            (
                _AWAY_ZH,
                r"^(?:那?就?|先|同意|直接|赶紧|还是)*(?:把[^，。]{1,12})?(?:切|回滚|回退|重启|扩容|缩容|迁移?|滚|升级"
                r"|切换|扩)(?:了)?吧$",
            ),
        ),
        (
            Course.DONE,
            (
                rf"^(?!.*(?:被|又|自己|自动|谁|吗))(?:我|我们|刚刚?|已经?)*(?:清|删|杀|摘|踢|停|关|扩|加|换|切|重启"
                rf"|回滚|升)[了掉完]+了?\s?\S"
                rf"(?=.*(?:{RUNS_ZH}|日志|[a-z]{{2}}|\d))",
                rf"^(?!.*(?:被|又|自己|自动|谁|吗|没))(?=[^，。]*{RUNS_ZH})[^，。]{{1,12}}?(?:清|删|摘|踢|停|关|扩|换"
                rf"|切|升|迁)(?:完|好|掉)?了$",
            ),
        ),
        (Course.UNDER_WAY, (rf"^(?:好的?|嗯|ok)?{_WHO_ZH}(?:正|已经|都)?在{_AT_IT_ZH}(?:了|着|呢)?$",)),
        (
            Course.DONE,
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
            Course.UNDER_WAY,
            (
                rf"^{_WHO_ZH}{_SOME_ZH}(?:正在|开始|着手|在)\s*(?:把[^，。]{{1,12}}?)?{_ZH}",
                rf"^{_WHO_ZH}{_SOME_ZH}{_ZH}中",
            ),
        ),
        (
            Course.PLANNED,
            (
                rf"^{_WHO_ZH}{_SOME_ZH}(?:先|再|暂时|临时|决定|准备|打算|马上|直接|就|立即"
                rf"|立刻){_WHO_ZH}(?:把[^，。]{{1,12}})?\s*{_ZH}(?!了|吗)",
                rf"^(?:好的?|嗯|ok|行|那)?(?:还是|先)?(?:由|让)?(?:我们?|@\w+|这边)(?:来|去|现在就?|这就"
                rf"|马上)+(?:把[^，。]{{1,16}})?\s*{_ZH}(?!了|吗)",
                r"^(?:好的?|那)?(?:就)?(?:一起|统一|一并)(?:处理|回滚|清理|重启|升级|弄)(?:吧|掉)?$",
                r"^(?:先|那就?)?(?:回滚|回退|切换?|升级?|降级?|扩容?|缩容?)[到至回]\s?\S*[\da-z]\S*$",
                r"^(?:先)?不等了|^(?:那)?(?:就|先)+(?:这么|这样)(?:办|做|定|来)$|^(?:先|暂时|今晚)+(?:保持"
                r"|维持)(?:现状|原样)",
                r"^(?:先|暂时|今晚|就)+(?:不动|别动|不要动)(?!了吗)",
            ),
        ),
    )
)
_CHANGE_WAYS_ZH: Final = tuple(
    (course, tuple(re.compile(each) for each in patterns))
    for course, patterns in (
        (
            Course.CALLED_OFF,
            (rf"^(?:那|就)?{_WHO_ZH}(?:先|暂时|暂)?不(?:用|再)?{_CHANGE_ZH}了|(?:取消|放弃|不用){_CHANGE_ZH}",),
        ),
        (
            Course.UNDER_WAY,
            (
                rf"^{_WHO_ZH}[^，。]{{0,12}}?(?:正在?|开始|着手|在)\s*(?:把|给)?[^，。]{{0,14}}?(?:{_CHANGE_ZH}"
                rf"|{_ZH})(?!.{{0,10}}了$)",
            ),
        ),
        (
            Course.PLANNED,
            (
                rf"^{_WHO_ZH}[^，。]{{0,12}}?(?:先|决定|准备|打算|马上|直接|就|立即|立刻|接下来){_WHO_ZH}"
                rf"(?:把|给)?[^，。]{{0,14}}?{_CHANGE_ZH}(?!.{{0,10}}[了吗]$)",
            ),
        ),
        (
            Course.DONE,
            (
                rf"^[^，。]{{0,20}}?(?:已经?|都|刚刚?|均已|全部)[^，。]{{0,12}}?{_CHANGE_ZH}",
                rf"^[^，。]{{0,20}}?{_CHANGE_ZH}(?<=了)$",
                rf"^[^，。]{{0,20}}?{_CHANGE_ZH}[^，。]{{0,14}}(?:了|完|完成|一遍|好了)$",
                rf"^[^，。]{{0,20}}?从\s?\S{{1,12}}\s?{_CHANGE_ZH}[^，。]{{0,14}}\d",
                rf"^[^，。]{{0,20}}?{_CHANGE_ZH}了\s?\S",
            ),
        ),
    )
)
_FREEZE_ZH: Final = re.compile(
    r"(?:封网|发布冻结|冻结发布)(?:了|开始|中|解除|结束|至|到)|(?:谁都|都|大家|所有人?)?(?:先?别|不要|禁止|停止"
    r"|暂停)(?:任何|所有)?"
    r"(?:再)?(?:发布|上线|变更|发版)|(?:所有|任何|全部)?(?:发布|变更|上线)(?:全部|都)?(?:先停|暂停|冻结|停掉)|(?:可以"
    r"|恢复)(?:正常)?(?:发布|发版)了"
)
_ASKED_OF_ZH: Final = re.compile(
    rf"^@\w+\s*(?:(?:麻烦|请|你|帮忙|帮|来|去|先)\s*)*(?:把[^，。]{{1,16}}?)?[^，。吗]{{0,4}}?(?:{_ZH}|{_CHANGE_ZH}"
    rf"|下线)(?!.{{0,4}}[了吗过]$)"
)
_NEXT: Final = re.compile(
    rf"^(?:{OPENING}decision|决定)\s*[:：]|^(?:next steps?|next|plan|decision|action)\s*[:-]\s*(?:we )?(?:{_BASE})\b"
)
# What is done to a person, to a page or to what is one's own changes nothing that runs.
_IDLE: Final = re.compile(
    r"\s(?:@\w+|my|(?:that|this|the|a|some) (?:message|comment|note|doc|wiki|channel|calendar|invite|thread|room"
    r"|tab)s?)\b"
)
# To do it, after a yes to whoever asked.
_GO_AHEAD: Final = re.compile(
    rf"^(?:@\w+[, ]+)?(?:(?:yes|yep|ok|sure|agreed),? )?(?:please|go ahead|do it|please do|go)[,:]? (?:and "
    rf"|then )?(?:{_BASE})"
    rf"(?! (?:is|was|of|has|takes|will)\b)(?=.{{0,80}}{RUNS})"
)
# What is done after an incident, or to talk about it.
_TALKED: Final = re.compile(
    r"\b(?:retro|post-?mortem|stand-?up|meeting|calendar|spreadsheet|slides|wiki|screenshot|reminder|room"
    r"|newsletter|team|folks|thread)\b(?!-)"
    r"|^(?:all |the )?(?:alerts?|pages?|notifications?) (?:are |have )?(?:all )?cleared\b|\bnotifications\b"
    r"|^(?:the |all )?queues? drained$"
    r"|^(?:the )?(?:service|services|access|connectivity|functionality|site)\b.{0,30} restored\b"
)
# What befell it, and nobody did.
_BEFELL: Final = re.compile(
    r"^(?!(?:i|we)\b).*\b(?:re-?started|rebooted|failed over|bounced)(?: \w+)? (?:again|\d+ ?(?:x|times)|by itself"
    r"|on its own"
    r"|repeatedly)|^(?:the |a |my |that )?(?:pods?|container) (?:was |got |just )*re-?started$"
    r"|(?:又|自动|自己|频繁|一直在?|反复|莫名|老是).{0,6}(?:重启|重建|切[换主])|被(?:清空|删|驱逐|杀|kill)"
)
_RUNS_ZH: Final = re.compile(RUNS_ZH)
_NEGATED_ZH: Final = re.compile(r"有人|谁|不要|别|不建议|不能|没有?|未|不敢|无法|不想|勿|不急")


def decisions_in(sentence: Sentence) -> Iterator[tuple[Course, str]]:
    """(how far it has come, what it is about) of each clause that states one."""
    if _NEXT.search(sentence.plain) and not sentence.asks:
        yield Course.PLANNED, topic_in(sentence.plain)
        return
    if (found := _GO_AHEAD.search(sentence.plain)) and is_stated(sentence, 0, found.end()):
        yield Course.PLANNED, topic_in(sentence.plain)
        return
    for start, clause in sentence.clauses:
        for course, end in _first(clause):
            if topic_in(clause) != "escalate" and (_TALKED.search(clause) or _IDLE.search(clause, end)):
                continue
            if course in (Course.DONE, Course.UNDER_WAY) and _BEFELL.search(clause):
                continue
            if is_stated(sentence, start, start + end):
                yield course, topic_in(clause) or topic_in(sentence.plain)


def _first(clause: str) -> Iterator[tuple[Course, int]]:
    for course, patterns in _WAYS_EN:
        for pattern in patterns:
            if found := pattern.search(clause):
                yield course, found.end()
                return
    if found := _FREEZE_ZH.search(clause):
        yield Course.DONE, found.end()
        return
    if found := _ASKED_OF_ZH.search(clause):
        yield Course.PLANNED, found.end()
        return
    changes = _CHANGE_WAYS_ZH if _RUNS_ZH.search(clause) else ()
    for course, patterns in (*_WAYS_ZH, *changes):
        for pattern in patterns:
            if (found := pattern.search(clause)) and (course is Course.CALLED_OFF or not _NEGATED_ZH.search(clause)):
                yield course, found.end()
                return
