"""What people decide and do: planned, under way, done, called off.

A statement begins with who does it, or with the doing itself: "rolling back to 4.0.9" is one, "waiting for the
rollback", "rolling back takes a while" and "you can roll back with …" are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from intents.chronicle.actions import ACTIONS, NOT_THE_ACTION, NOT_THE_ACTION_ZH, topic_in
from intents.chronicle.facts import Course
from intents.chronicle.guards import is_stated
from intents.chronicle.spoken import Sentence
from intents.chronicle.standings import OPENING

_BASE: Final = "|".join(each.base for each in ACTIONS)
_ING: Final = "|".join(each.ing for each in ACTIONS)
_DONE: Final = "|".join(each.done for each in ACTIONS)
_NOUN: Final = "|".join(each.noun for each in ACTIONS if each.noun)
_ZH: Final = f"(?:{'|'.join(each.zh for each in ACTIONS if each.zh)}){NOT_THE_ACTION_ZH}"
_WHAT: Final = r"(?:the |all (?:the |of the )?)?[\w./#-]+(?: [\w./#-]+){0,3}"
_ADVERB: Final = r"(?:now |just |already |currently |manually |also |about to start |slowly )?"
# The participles that stand behind what was done, with or without an auxiliary.
_PASSIVE: Final = (
    r"(?:rolled back|reverted|restarted|rebooted|bounced|scaled(?: up| down| out)?|failed over|drained"
    r"|cordoned|uncordoned|disabled|turned off|switched off|enabled|re-?enabled|turned on|deleted|killed|purged"
    r"|flushed|blocked|throttled|paused|frozen|suspended|restored|renewed|rotated|shifted(?: away)?"
    r"|diverted|patched)"
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
                rf"^{OPENING}(?:i'm |we're |we are |i am )?not (?:{_ING})\b",
                rf"^{OPENING}(?:i|we) (?:won't|will not) (?:{_BASE})\b",
                rf"^{OPENING}(?:we(?:'ve| have)? )?decid(?:ed|ing) (?:not to (?:{_BASE})|against (?:the "
                rf"|a )?(?:{_NOUN}|{_ING}))\b",
                rf"^{OPENING}let's not (?:{_BASE})\b",
                rf"^{OPENING}no (?:{_NOUN})(?: needed| for now| then| required)?$",
            ),
        ),
        (
            Course.PLANNED,
            (
                rf"^{OPENING}(?:decision |plan |decided |agreed )?let's (?:just |first |all |also "
                rf"|quickly )?(?:{_BASE})\b",
                rf"^{OPENING}(?:i'm |we're |we are |i am )?(?:going to|gonna|about to) {_ADVERB}(?:{_BASE})\b",
                rf"^{OPENING}(?:i|we)(?:'ll| will) {_ADVERB}(?:{_BASE})\b",
                rf"^{OPENING}(?:we(?:'ve| have)? )?(?:decided|agreed) to (?:{_BASE})\b|^{OPENING}(?:let's )?(?:going"
                rf"|go) with (?:the "
                rf"|a )?(?:{_NOUN})\b",
                rf"^(?:please |pls )(?:{_BASE})\b|^(?:{_BASE})\b.* (?:please|pls)$",
            ),
        ),
        (
            Course.UNDER_WAY,
            (
                rf"^{OPENING}(?:i'm |we're |we are |i am )?{_ADVERB}(?:{_ING})\b"
                r"(?!.*\b(?:takes?|took|usually|helps?|helped|would|will|might|may|should|could|needs?|is|was|isn't"
                r"|won't|didn't|seems?|works?|worked|did)\b)",
                rf"^{OPENING}(?:i'm |we're |we are )?(?:starting|beginning|kicking off|triggering"
                rf"|initiating) (?:the |a )?(?:\w+ )?(?:{_NOUN})\b{NOT_THE_ACTION}",
                rf"^{OPENING}(?:the )?(?:{_NOUN}) (?:is |has )?(?:now )?(?:in progress|under ?way|started|running"
                rf"|going out)\b",
            ),
        ),
        (
            Course.DONE,
            (
                rf"^{OPENING}(?:(?:i|we)(?:'ve| have)? )?{_ADVERB}(?:{_DONE})\b(?! by\b)",
                rf"^{OPENING}(?:the )?(?:[\w./-]+ )?(?:{_NOUN})(?: of [\w./-]+)? (?:is |has |was )?(?:now |been )?"
                r"(?:done|completed?|finished|through|live|deployed|merged|applied|out|rolled out|successful"
                r"|succeeded)\b",
                rf"^{OPENING}{_WHAT} (?:is|are|has been|have been|was|were|got) {_ADVERB}{_PASSIVE}\b(?! by\b)",
                rf"^{OPENING}(?:all |the )?(?:[\w-]+ ){{0,2}}(?:traffic|deploys|deployments|flag|ingestion|consumers"
                rf"|caches?|cdn"
                rf"|status page|pods|nodes?|brokers?|workers|services?|jobs?|quer(?:y|ies)|replicas|instances"
                rf"|config) (?:is |are )?"
                rf"(?:now )?{_PASSIVE}\b",
                rf"^{OPENING}(?:the |our )?status ?page (?:is |has been |was )?(?:now )?updated\b",
                rf"^{OPENING}(?:the )?(?:feature )?(?:[\w-]+ )?(?:flag|toggle|switch"
                rf"|killswitch)(?: [\w-]+)? is (?:now )?(?:off|on)\b",
            ),
        ),
    )
)

_WHO_ZH: Final = r"(?:我们?|这边|我这边|大家|运维|值班|dba|@\w+)?(?:这边)?\s*"
_SOME_ZH: Final = r"[^，。,]{0,12}?"
_WAYS_ZH: Final = tuple(
    (course, tuple(re.compile(each) for each in patterns))
    for course, patterns in (
        (Course.CALLED_OFF, (rf"^(?:那|就)?{_WHO_ZH}(?:先|暂时|暂)?不(?:用|再)?{_ZH}了|(?:取消|放弃|不用){_ZH}",)),
        (
            Course.DONE,
            (
                rf"^{_WHO_ZH}{_SOME_ZH}(?:已经?|都已?|刚刚?|均已)(?:把[^，。]{{1,12}})?(?:手动|全部|全量)?\s*{_ZH}",
                rf"^{_SOME_ZH}{_ZH}(?:已)?(?:完成|完毕|好了|结束|完了|成功)",
                rf"^{_WHO_ZH}(?:把[^，。]{{1,16}})?{_ZH}过?了(?!吗|么)",
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
                rf"^{_WHO_ZH}{_SOME_ZH}(?:先|决定|准备|打算|马上|直接|就|立即"
                rf"|立刻){_WHO_ZH}(?:把[^，。]{{1,12}})?\s*{_ZH}(?!了|吗)",
            ),
        ),
    )
)
_NEXT: Final = re.compile(
    rf"^(?:{OPENING}decision|决定)\s*[:：]|^(?:next steps?|next|plan|decision|action)\s*[:-]\s*(?:we )?(?:{_BASE})\b"
)
# What is done to a person, to a page or to what is one's own changes nothing that runs.
_IDLE: Final = re.compile(
    r"\s(?:@\w+|my|(?:that|this|the|a|some) (?:message|comment|note|doc|wiki|channel|calendar|invite|thread|room"
    r"|tab)s?)\b"
)
_NEGATED_ZH: Final = re.compile(r"不要|别|不建议|不能|没有?|未|不敢|无法|不想|勿|不急")


def decisions_in(sentence: Sentence) -> Iterator[tuple[Course, str]]:
    """(how far it has come, what it is about) of each clause that states one."""
    if _NEXT.search(sentence.plain) and not sentence.asks:
        yield Course.PLANNED, topic_in(sentence.plain)
        return
    for start, clause in sentence.clauses:
        for course, end in _first(clause):
            if _IDLE.search(clause, end) and topic_in(clause) != "escalate":
                continue
            if is_stated(sentence, start, start + end):
                yield course, topic_in(clause) or topic_in(sentence.plain)


def _first(clause: str) -> Iterator[tuple[Course, int]]:
    for course, patterns in _WAYS_EN:
        for pattern in patterns:
            if found := pattern.search(clause):
                yield course, found.end()
                return
    for course, patterns in _WAYS_ZH:
        for pattern in patterns:
            if (found := pattern.search(clause)) and (course is Course.CALLED_OFF or not _NEGATED_ZH.search(clause)):
                yield course, found.end()
                return
