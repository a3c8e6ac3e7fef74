"""Tell who takes which role: "I'll take IC", "@bo is comms", "我来牵头，小雨负责对外沟通", "handing over to @cy"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from intents.chronicle.facts import Role

_ROLES: Final = (
    (
        Role.COMMS,
        re.compile(
            r"\b(?:comms|communications?|stakeholders?|customer (?:updates?|messaging)|status page)\b"
            r"|对外|沟通|公告|通报|口径|客户群"
        ),
    ),
    (Role.SCRIBE, re.compile(r"\b(?:scribe|scribing|notes?|note-?tak\w*|timeline|minutes)\b|记录|时间线|纪要")),
    (Role.OPS, re.compile(r"\b(?:ops|operations|tech) lead\b|\bhands on\b|操作手|执行人")),
    (
        Role.COMMANDER,
        re.compile(
            r"\b(?:ic|incident (?:commander|lead|manager)|commander|command|lead(?:ing|s)?|captain|driv(?:e|ing|er)"
            r"|coordinat\w*|in charge|run(?:ning)? (?:this|it)|conn|baton)\b|指挥|牵头|主导|统筹|总负责|协调|负责人"
        ),
    ),
)
_CLAUSES: Final = re.compile(r"[,，;；。.!\n]\s*|\s(?:and|while)\s|、")
_HANDS_OVER: Final = re.compile(
    r"\b(?:hand(?:ing|s|ed)?|pass(?:ing|es|ed)?)(?: (?:it|this|ic|command|comms|things|the \w+))?(?: over| off| on)?\b"
    r"|\bhand-?(?:over|off)\b|\btak(?:es?|ing) over\b"
    r"|\b(?:you have|you've got|yours)\b|交接|交给|接手|接班|换班|接替"
)
_MENTIONED: Final = re.compile(r"@([\w.-]+)")
_I: Final = re.compile(r"\b(?:i|i'm|i'll|i've|im|ill|me|mine|my|let me|taking|happy to)\b|我")
_WORD: Final = re.compile(r"[a-z][\w.-]*|[\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChange:
    """A role's new holder ("" if nobody known is named). A `handover` from another person may name no role."""

    role: str
    of: str
    handover: bool = False


def roles_in(says: str, user: str, people: Mapping[str, str]) -> tuple[RoleChange, ...]:
    """Return the changes that a message about roles states; `people` are the ids of known names in lower case."""
    changes = list(dict.fromkeys(_changes(says.lower(), user, people)))
    named = [change for change in changes if change.of]
    return tuple(named or changes[:1] or [RoleChange(role=Role.COMMANDER, of="")])


def _changes(plain: str, user: str, people: Mapping[str, str]) -> Iterator[RoleChange]:
    handover = _HANDS_OVER.search(plain) is not None
    said = ""
    for clause in _CLAUSES.split(plain):
        role = next((str(role) for role, words in _ROLES if words.search(clause)), "")
        other = person_in(clause, people)
        if not role and not (handover and other):
            continue
        takes_over = handover and re.search(r"\btak\w+ over\b|接手|接班|接替", clause) is not None
        mine = _I.search(clause) is not None and (takes_over or not (handover and other))
        of = user if mine and (not other or takes_over) else other
        yield RoleChange(role=role or said, of=of, handover=handover)
        said = role or said


def person_in(clause: str, people: Mapping[str, str]) -> str:
    """Return the id of the person that lower-case words mention, else of the first known name; "" for nobody known."""
    if found := _MENTIONED.search(clause):
        return people.get(found[1], found[1].upper())
    for word in _WORD.findall(clause):
        if word in people:
            return people[word]
    # Chinese names stand without blanks.
    places = [(at, id) for name, id in people.items() if not name.isascii() and (at := clause.find(name)) >= 0]
    return min(places)[1] if places else ""
