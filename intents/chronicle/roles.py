"""Who takes which part: "I'll take IC", "@bo is comms", "我来牵头", "handing over to @cy"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from intents.chronicle.facts import Role
from intents.chronicle.guards import is_stated
from intents.chronicle.spoken import Sentence
from intents.chronicle.standings import OPENING

_ROLES: Final = (
    (
        Role.COMMANDER,
        r"(?:ic|incident (?:commander|lead|manager)|commander|incident command)\b(?! (?:training|rotation|call|room"
        r"|bridge|channel))",
        r"牵头|指挥|\bic\b",
    ),
    (Role.COMMS, r"(?:comms|communications?)(?: lead| manager)?\b", r"沟通|公告|通报|对外|同步"),
    (Role.OPS, r"(?:ops|operations|tech)(?: lead)?\b(?! team)", r"操作|执行"),
    (Role.SCRIBE, r"(?:scribe|scribing|note-?taker|notes)\b", r"记录|时间线"),
)
_ANY: Final = "|".join(pattern for _, pattern, _ in _ROLES)
_WHO: Final = r"@([a-z0-9]{2,20})"

_I_AM: Final = re.compile(
    rf"^{OPENING}(?:(?:i'll|i will|i can|i am|i'm|i've|i have|i got|happy to|let me) )?(?:got |running (?:this"
    rf"|it)(?: one)? as |handle |handling |own |lead |take |taking |took |taken "
    rf"|be |do |doing |run |on |over |as |the |cover |keep |keeping |customer |external |internal )*(?:{_ANY})"
)
_SAYS_I: Final = re.compile(
    r"\b(?:i'll|i will|i can|i am|i'm|i've|i have|let me|i got|happy to|taking|doing|running)\b"
)
_MINE: Final = re.compile(rf"^{OPENING}(?:the )?(?:{_ANY})(?: (?:is|are) (?:mine|me|on me|with me)| here)$")
_IS: Final = re.compile(
    rf"{_WHO}(?:'s| is| will be| will take| can take| can do| takes| (?:now )?has(?: the)?|,? (?:you're"
    rf"|you are|please (?:take|be|do)|can you be|could you)"
    rf"| as| is taking| taking| will run point as| is (?:handling|running|owning|leading|covering|on))(?: on| over"
    rf"| the| our"
    rf"| your)* (?:{_ANY})"
)
_LIST: Final = re.compile(rf"\b(?:{_ANY})\s*(?:[:=]|is|-|：)\s*{_WHO}")
_ZH_ROLE: Final = r"[^，。@?？谁]{0,6}(?:牵头|指挥|沟通|公告|通报|记录|同步|ic\b)"
_I_AM_ZH: Final = re.compile(
    rf"(?:^|，|障|里|次|边)\s*(?:先)?由?我(?:这边)?(?:来|先|可以|可|负责|做|当|担任){_ZH_ROLE}"
)
_TOPIC_ZH: Final = (
    r"(?:^|，)(?:那|这次|本次|客户那?边?的?|用户侧?的?)?(?P<part>[^，。@?？谁]{0,4}(?:指挥|牵头|沟通|公告|通报|记录|时间线|同步|\bic\b))"
    r"[^，。@?？谁了]{0,4}?"
)
_MINE_ZH: Final = re.compile(rf"{_TOPIC_ZH}(?:由|归|让)?我(?:这边)?(?:来|负责|先|做|发|写|盯)")
_THEIRS_ZH: Final = re.compile(rf"{_TOPIC_ZH}(?:由|归|让|请)\s*{_WHO}\s*(?:来)?(?:负责|做|发|写|盯|跟)?")
_IS_ZH: Final = re.compile(rf"{_WHO}\s*(?:你)?(?:来|负责|担任|做|当|可以|先){_ZH_ROLE}")
_LIST_ZH: Final = re.compile(rf"(?:总?指挥|牵头人?|对外沟通|公告|记录)(?:人|员)?\s*(?:：|:|是|为)\s*{_WHO}")

_TO: Final = re.compile(
    rf"\b(?:hand(?:ing|ed)?|pass(?:ing|ed)?|transferring)\b(?: (?!over to)[\w']+){{0,3}}?(?: over| off"
    rf"| on)?(?: to)(?: you,?)? {_WHO}|(?:hand-?(?:off|over)|handover).*?{_WHO}\s*(?:->|→|to)\s*{_WHO}|{_WHO} (?:is "
    rf"|will be |will |has |'s )?tak(?:ing|es|e|en) over(?! the (?:world|db))|{_WHO},? (?:you have it"
    rf"|you've got it|take it"
    rf"|please take it|takes it|has it) from here|{_WHO}\s*(?:接着|继续|来)?(?:跟进|跟(?=$|，)|处理|盯)"
    rf"|交(?:接)?给\s*{_WHO}|(?:后续"
    rf"|后面"
    rf"|接下来)?由\s*{_WHO}\s*(?:接手|接替|跟进)|{_WHO}\s*(?:来)?(?:接手|接替)"
)
_FROM: Final = re.compile(rf"\b(?:i'm |i am |i've )?(?:taking|taken|took) over\b.*\bfrom {_WHO}")
_NOT: Final = re.compile(r"\bnot\b|不是|不当")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Who has which role from now on; `handover` from another, and then perhaps no role is named."""

    role: str
    of: str
    handover: bool = False


def roles_in(sentence: Sentence, user: str) -> tuple[Taken, ...]:
    """What a sentence of `user` says about roles."""
    if sentence.asks or _NOT.search(sentence.plain):
        return ()
    plain = sentence.plain
    if (found := _TO.search(plain)) and is_stated(sentence, found.start(), found.end()):
        to = next(group for group in reversed(found.groups()) if group)
        return (Taken(role=_role_in(plain), of=to.upper(), handover=True),)
    if _FROM.search(plain):
        return (Taken(role=_role_in(plain), of=user, handover=True),)
    return tuple(dict.fromkeys(_taken(sentence, user)))


def _taken(sentence: Sentence, user: str) -> list[Taken]:
    taken = [
        Taken(role=role, of=found[found.lastindex or 0].upper())
        for pattern in (_IS, _IS_ZH, _LIST, _LIST_ZH, _THEIRS_ZH)
        for found in pattern.finditer(sentence.plain)
        if (role := _role_in(found[0])) and is_stated(sentence, found.start(), found.end())
    ]
    if taken:
        return taken
    for start, clause in sentence.clauses:
        found = _I_AM.search(clause) if _SAYS_I.search(clause) else _MINE.search(clause)
        found = found or _I_AM_ZH.search(clause) or _MINE_ZH.search(clause)
        if found and (role := _role_in(found[0])) and is_stated(sentence, start, start + found.end()):
            return [Taken(role=role, of=user)]
    return []


def _role_in(said: str) -> str:
    return next(
        (role for role, pattern, chinese in _ROLES if re.search(rf"\b(?:{pattern})", said) or re.search(chinese, said)),
        "",
    )
