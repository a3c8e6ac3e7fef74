"""Recognise role assignments: "I'll take IC", "@bo is comms", "我来牵头", "handing over to @cy"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from intents.chronicle.facts import Role
from intents.chronicle.message_text import Sentence, is_stated, states
from intents.chronicle.phrase_rows import OPENING

_ROLES: Final = (
    (
        Role.COMMANDER,
        r"(?:ic|incident (?:commander|lead|manager|coordinator|command)|commander|command|coordinat(?:or|ion|e|ing))\b"
        r"(?! (?:training|rotation|call|room|bridge|channel|line|with\b|failed))",
        r"牵头|指挥|主导|统筹|总负责|(?:统一|总体|整体|全程)协调|\bic\b",
    ),
    (
        Role.COMMS,
        r"(?:comms|communications?|(?:customers|merchants|stakeholders|clients|management|leadership)$|(?:customer"
        r"|stakeholder|external) (?:updates|messag(?:es|ing)))(?: lead| manager)?\b",
        r"沟通|公告|通报|对外|口径|同步",
    ),
    (Role.OPS, r"(?:ops|operations|tech)(?: lead)?\b(?! team)", r"操作|执行"),
    (
        Role.SCRIBE,
        r"(?:scribe|scribing|note-?tak(?:er|ing)|notes|minutes|(?:the )?timeline)\b",
        r"记录|记(?:一?下|着)?时间线|时间线",
    ),
)
_ANY: Final = "|".join(pattern for _, pattern, _ in _ROLES)
_WHO: Final = r"@([a-z0-9]{2,20})"

_I_AM: Final = re.compile(
    rf"^{OPENING}(?:(?:i'll|i will|i can|i am|i'm|i've|i have|i got|happy to|let me) )?(?:got |(?:run|running|lead"
    r"|leading|driv(?:e|ing)) (?:this|it|the incident|things)(?: one| incident)? as |handle |handling |own |lead |take "
    r"|taking "
    r"|took |taken |act |acting |write |writing |start |be |do |doing |run |on |over |as |the |your |cover |keep "
    rf"|keeping |up |down |customer |external |internal )*(?:{_ANY})"
)
# The person who runs the incident may say so without naming the role.
_RUNS_IT: Final = re.compile(
    rf"^{OPENING}(?:i'll|i will|i can|i am|i'm|let me) (?:run|running|lead|leading|driv(?:e|ing)|quarterback(?:ing)?"
    rf"|coordinat(?:e|ing)|(?:run|tak)(?:n?ing|e)? point on) (?:this|it|the incident|this incident|this one)"
    rf"(?=$| (?:one|incident|from|for|until|now|today|tonight)\b)"
)
_SAYS_I: Final = re.compile(
    r"\b(?:i'll|i will|i can|i am|i'm|i've|i have|let me|i got|happy to|taking|doing|running|acting|covering"
    r"|handling)\b"
)
_MINE: Final = re.compile(
    rf"^{OPENING}(?:the )?(?:{_ANY})(?: (?:is|are) (?:mine|me|on me|with me)| here|[:=-]? (?:me|mine|myself))$"
)
_IS_ME: Final = re.compile(rf"^{OPENING}(?:the |our )?({_ANY})(?: (?:is|are|=))? (?:me|myself|mine)\b")
# The person who talks to customers.
_TELLS: Final = re.compile(
    rf"^{OPENING}(?:i'll|i will|let me|i'm going to) (?:talk to|inform|update|notify|keep) (?:the |our )?"
    r"(?:customers|merchants|stakeholders|clients|management|leadership)\b"
)
_ICING: Final = re.compile(
    rf"^{OPENING}(?:i'm |i am )?(?:ic'?ing|commanding)(?=$| (?:this|it|the incident|from|for|now))"
)
_LIST_ME: Final = re.compile(rf"(?:^|[,;.] )(?:the )?({_ANY})\s*(?:[:=]|：|->|→|-)\s*(?:me|mine|myself|i|我)(?=$|\W)")
_IS: Final = re.compile(
    rf"{_WHO}(?:'s| is| will be| will take| will do| does| handles| runs| covers| gets| will (?:handle|run|cover)"
    r"| can take| can do| takes| (?:now )?has(?: the)?|,? (?:you're"
    r"|you are|please (?:take|be|do)|can you be|could you)"
    r"| as| is taking| taking| will run point as| is (?:handling|running|owning|leading|covering|on))(?: on| over"
    rf"| the| our| your|(?: (?:please|pls|take|keep|do|be|handle|own|cover|write|down|up))+)* (?:{_ANY})"
    rf"|{_WHO},? (?:(?:please|pls|can you|could you|would you|will you|you) )+(?:(?:take|keep|do|be|handle|own|cover"
    rf"|write|run|lead|down|up|the|our|us|some|start|as) )*(?:{_ANY})"
)
_LIST: Final = re.compile(rf"\b(?:{_ANY})\s*(?:[:=]|is|-|：)\s*{_WHO}")
_ZH_ROLE: Final = (
    r"[^，。@?？谁]{0,6}(?:牵头|指挥|主导|统筹|总负责|(?:统一|总体|整体|全程)协调|沟通|公告|通报|口径|记录|同步|时间线"
    r"|ic\b)"
)
_I_AM_ZH: Final = re.compile(
    r"(?:^|，|障|里|次|边|单|这个|事|件|就|那)\s*(?:先|还是|就)?由?我(?:这边)?(?:来|先|可以|可|负责|做|当|担任|帮忙?"
    rf"|(?=牵头|指挥|统一|总体|整体|全程|主导|统筹)){_ZH_ROLE}"
)
_TOPIC_ZH: Final = (
    r"(?:^|，)(?:那|这次|本次|[^，。@?？谁]{0,8}?(?:客户|用户|渠道|商家|外部)(?:那?边"
    r"|侧)?的?)?(?P<part>[^，。@?？谁]{0,4}(?:指挥|牵头|沟通|公告|通报|口径|记录|时间线|同步|\bic\b))"
    r"[^，。@?？谁了]{0,4}?"
)
_MINE_ZH: Final = re.compile(
    rf"{_TOPIC_ZH}(?:由|归|让)?我(?:这边)?(?:来|负责|先|做|发|写|盯|统一|对接|跟进|(?<=[由归]我)(?=$|，))"
)
# The person who says that they will inform the customers has the role.
_TELLS_ZH: Final = re.compile(
    r"^(?:客户|用户|商家|业务|外部|领导)(?:群|侧|那?边|方)?(?:的)?\s*(?:由)?我(?:这边)?(?:来|去|负责)?(?:同步|通知"
    r"|沟通|回复|安抚|对接)"
)
_THEIRS_ZH: Final = re.compile(rf"{_TOPIC_ZH}(?:由|归|让|请)\s*{_WHO}\s*(?:来)?(?:负责|做|发|写|盯|跟)?")
_IS_ZH: Final = re.compile(rf"{_WHO}\s*(?:你|请|麻烦|帮忙?|来|负责|担任|做|当|可以|先)+{_ZH_ROLE}")
_LIST_ZH: Final = re.compile(rf"(?:总?指挥|牵头人?|对外沟通|公告|记录)(?:人|员)?\s*(?:：|:|是|为)\s*{_WHO}")

_TO: Final = re.compile(
    r"\b(?:hand(?:ing|ed)?|pass(?:ing|ed)?|transferring)\b(?: (?!over to)[\w']+){0,3}?(?: over| off"
    rf"| on)?(?: to)(?: you,?)? {_WHO}|(?:hand-?(?:off|over)|handover).*?{_WHO}\s*(?:->|→|to)\s*{_WHO}|{_WHO} (?:is "
    rf"|will be |will |has |'s )?tak(?:ing|es|e|en) (?:it |this )?over(?! the (?:world|db))|{_WHO} (?:now )?(?:has"
    r"|have|owns"
    r"|gets|runs) (?:the )?(?:incident |ic )?(?:command|con|conn|helm|incident|lead|this|it|hat|floor|baton|reins)"
    r" (?:from (?:here|now)(?: on)?|now)\b|(?:command|the (?:helm|con|baton|lead)|ic|over|it|this|incident)"
    rf" (?:is now |now |goes |passes )?(?:to|with) {_WHO}(?= (?:now|from here)\b|$)|{_WHO},? (?:you have it"
    r"|you've got it|take it"
    rf"|please take it|takes it|will take it|has it) from here|{_WHO}\s*(?:接着|继续|来)?(?:跟进|跟(?=$|，)|处理|盯)"
    rf"|交(?:接)?给\s*{_WHO}|(?:后续|后面"
    rf"|接下来)?由\s*{_WHO}\s*(?:接手|接替|跟进)|(?:后续|后面|接下来|之后|剩下的)(?:就|都)?由\s*{_WHO}"
    rf"|{_WHO}\s*(?:来)?(?:接手|接替)"
)
_HANDED: Final = re.compile(rf"^(?:handoff|hand-?over|交接)\s*(?:[:：]| -)\s*{_WHO}")
_FROM: Final = re.compile(rf"\b(?:i'm |i am |i've )?(?:taking|taken|took) over\b.*\bfrom {_WHO}")
_NOT: Final = re.compile(r"\bnot\b|不是|不当")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChange:
    """A role's new holder. A `handover` from another person may name no role."""

    role: str
    of: str
    handover: bool = False


def roles_in(sentence: Sentence, user: str) -> tuple[RoleChange, ...]:
    """Return the role changes that a sentence of `user` states."""
    if sentence.asks or _NOT.search(sentence.plain):
        return ()
    plain = sentence.plain
    if (found := _HANDED.search(plain)) and states(sentence, found):
        return (RoleChange(role=_role_in(plain), of=found[1].upper(), handover=True),)
    if (found := _TO.search(plain)) and states(sentence, found):
        to = next(group for group in reversed(found.groups()) if group)
        return (RoleChange(role=_role_in(plain), of=to.upper(), handover=True),)
    if _FROM.search(plain):
        return (RoleChange(role=_role_in(plain), of=user, handover=True),)
    return tuple(dict.fromkeys(_taken(sentence, user)))


def _taken(sentence: Sentence, user: str) -> list[RoleChange]:
    taken = [
        RoleChange(role=role, of=found[found.lastindex or 0].upper())
        for pattern in (_IS, _IS_ZH, _LIST, _LIST_ZH, _THEIRS_ZH)
        for found in pattern.finditer(sentence.plain)
        if (role := _role_in(found[0])) and states(sentence, found)
    ]
    given = {each.role for each in taken}
    return [*taken, *(RoleChange(role=role, of=user) for role in _own(sentence) if role not in given)]


def _own(sentence: Sentence) -> Iterator[str]:
    """Yield the roles that the author takes."""
    for mine in _LIST_ME.finditer(sentence.plain):
        if states(sentence, mine):
            yield _role_in(mine[1])
    for start, clause in sentence.clauses:
        ways = (_I_AM if _SAYS_I.search(clause) else _MINE, _I_AM_ZH, _MINE_ZH, _TELLS_ZH, _TELLS, _IS_ME)
        found = next((hit for way in ways if (hit := way.search(clause))), None)
        role = _role_in(found[0]) if found else str(Role.COMMANDER)
        found = found or _RUNS_IT.search(clause) or _ICING.search(clause)
        if found and role and is_stated(sentence, start, start + found.end()):
            yield role
            return


def _role_in(said: str) -> str:
    return next(
        (role for role, pattern, chinese in _ROLES if re.search(rf"\b(?:{pattern})", said) or re.search(chinese, said)),
        "",
    )
