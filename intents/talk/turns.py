"""Understand one turn of a conversation with us: what is asked for, and of what, after the turns before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from intents.domain import ObjectRef
from intents.talk.asks import Ask, asked, asked_by_word
from intents.talk.features import COMPARING, Message, features_of
from intents.talk.mentions import Mentions

OF_THE_CLUSTER: Final = frozenset({Ask.HEALTH, Ask.EVENTS, Ask.CHANGES, Ask.COMPARE})
# From this share on a comparison needs no second name and no word of comparing.
_SURELY: Final = 0.85
# "the other one", "the second", "next", 第二个, 另一个
_PLACES: Final = (
    (1, re.compile(r"(?i)\b(?:the )?(?:other|second|2nd|two|latter)(?: one)?\b|第二个|另一个|另外那个")),
    (2, re.compile(r"(?i)\b(?:third|3rd)(?: one)?\b|第三个")),
    (0, re.compile(r"(?i)\b(?:first|1st|former)(?: one)?\b|第一个")),
    (-1, re.compile(r"(?i)\blast one\b|最后一个")),
)
_WHOLE_CLUSTER: Final = re.compile(
    r"(?i)\b(?:(?:the |this |our |whole |entire )*clusters?|everything|all namespaces|cluster[- ]?wide)\b"
    r"|集群|全部|整个环境"
)
_PROD: Final = re.compile(r"(?i)\bprod(?:uction)?\b")
_ENVIRONMENTS: Final = r"prod(?:uction)?|staging|dev|test|qa|uat"
_ENVIRONMENT: Final = re.compile(rf"(?i)\b(?:{_ENVIRONMENTS})\b")
# So few words beside a name carry the question before on: "what about worker-b?"
_ELLIPSIS: Final = re.compile(
    r"(?i)^(?:and|or|what about|how about|same (?:q(?:uestion)? )?(?:for|on|with)?|now|then|ok|also|only|just|the|in|on"
    r"|for|from|of|one|ones|itself|instead|pls|please|deployment|pod|node|namespace|ns|ingress|service"
    rf"|{_ENVIRONMENTS}"
    r"|那|那么|那个|还有|只看|呢|换|的|再|同样|另外|也|\W)*$"
)
_THE_NAMESPACE: Final = re.compile(
    r"(?i)\b(?:the|that|this|its|whole|entire) (?:whole |entire )?(?:namespace|ns)\b|整个命名空间|命名空间(?:整体|呢)"
)
_NEXT: Final = re.compile(r"(?i)^\W*(?:and )?(?:the )?next(?: one)?\W*$|下一个")
_REVERSED: Final = re.compile(r"(?i)\b(?:other way|vice versa|back|reverse)\b|反过来|反向")
# "to clickhouse?": the name is what is called.
_TOWARDS: Final = re.compile(
    r"(?i)^\W*(?:and |or )?(?:to|towards)\b|^\W*到|(?:^|[.?!;])\W*(?:can|does) (?:it|they)\b|^\W*它"
)
_IN_FULL: Final = re.compile(
    r"(?i)\bin full\b|\b(?:all|full|complete|entire|whole) (?:of )?(?:the |its )?(?:logs?|events?|changes?|history)\b"
    r"|(?:全部|完整|所有)的?(?:日志|事件|变更|历史)"
)
_PLACED: Final = re.compile(
    r"(?i)\b(?:in|of|for|from|at|on|with|to)\s+(?:the\s+|our\s+)?(?:[a-z]+/)?([a-z0-9][a-z0-9._-]*[a-z0-9])"
)
_LIKE_A_NAME: Final = re.compile(r"[\d._-]")
_HAN: Final = re.compile(r"[\u4e00-\u9fff]")
# What is asked of one object.
_OF_ONE: Final = frozenset({Ask.WHY, Ask.LOGS, Ask.WHERE, Ask.ACTION, Ask.REVISIONS, Ask.CALLERS})
_TURNS: Final = 3
_SHORT: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A turn as it was understood and answered. `listed` are the objects that the answer offered to look at."""

    text: str
    ask: Ask
    about: ObjectRef | None = None
    other: ObjectRef | None = None
    cluster: str = ""
    listed: tuple[ObjectRef, ...] = ()
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a turn asks for. `about` is None where no object is named, `equals` are what may be meant as well.

    `in_full` asks for all of what the turn before showed in part. `unknown` are words that name nothing here.
    """

    ask: Ask
    about: ObjectRef | None = None
    other: ObjectRef | None = None
    equals: tuple[ObjectRef, ...] = ()
    in_full: bool = False
    unknown: tuple[str, ...] = ()
    misspelt: str = ""
    sure: float = 1.0


def unknown_names(text: str, unknown: Sequence[str]) -> tuple[str, ...]:
    """Return those of the unknown words of a question that stand where a name stands, or look like one."""
    placed = {found.lower() for found in _PLACED.findall(text)}
    return tuple(word for word in unknown if word in placed or _LIKE_A_NAME.search(word) or _HAN.search(text))


def near(turns: Sequence[Turn]) -> tuple[ObjectRef, ...]:
    """Return what a conversation is about, the latest first."""
    return tuple(dict.fromkeys(turn.about for turn in reversed(turns) if turn.about))


def understood(text: str, named: Mentions, turns: Sequence[Turn] = ()) -> Request:
    """Return what a turn asks for, given the objects that it names and the turns before it."""
    before = tuple(Message(text=turn.text, said=turn.ask, names=turn.names) for turn in turns[-_TURNS:])
    # "Again" after "thanks" repeats what was asked before.
    last = next((turn for turn in reversed(turns) if turn.ask is not Ask.THANKS), None)
    in_full = _IN_FULL.search(text) is not None
    if (word := asked_by_word(_IN_FULL.sub("", text))) is not None:
        ask, sure = word, 1.0
    else:
        message = Message(text=text, names=named.words, before=before)
        ask, sure = next(
            (ask, share)
            for label, share in asked(message).shares
            if (ask := Ask(label)) is not Ask.COMPARE or share > _SURELY or _may_compare(message, named, last)
        )
    picked = _picked(text, turns) or _only_listed(ask, last)
    if last and (_is_ellipsis(text, named) or (picked and ask in (Ask.MORE, Ask.AGAIN, Ask.HEALTH))):
        ask = last.ask
    request = Request(
        ask=ask, equals=named.equals, in_full=in_full, unknown=named.unknown, misspelt=named.misspelt, sure=sure
    )
    about = named.first or picked
    if last and ask in (Ask.AGAIN, Ask.MORE):
        about = about or _namespace_of(last.about, text) or last.about
        return replace(request, ask=last.ask, about=about, in_full=in_full or ask is Ask.MORE)
    if ask is Ask.REACH:
        about, other = _ends(text, named, turns)
        return replace(request, about=about, other=other)
    if ask is Ask.COMPARE and named.places:
        about, other = _alike(named)
        return replace(request, about=about, other=other)
    before_it = next(iter(near(turns)), None)
    # "And prod?" asks for the same object there.
    of_all = _WHOLE_CLUSTER.search(text) or (before_it is None and _PROD.search(text))
    whole = ask in OF_THE_CLUSTER and not (ask is Ask.COMPARE and turns) and of_all
    if about is None and ask not in (Ask.THANKS, Ask.HELP, Ask.CONCEPT) and not whole:
        about = _namespace_of(before_it, text) or before_it
    return replace(request, about=about)


def _namespace_of(about: ObjectRef | None, text: str) -> ObjectRef | None:
    """Return the namespace of an object if a text asks for "the whole namespace"."""
    if about is None or not about.namespace or not _THE_NAMESPACE.search(text):
        return None
    return ObjectRef(kind="Namespace", namespace="", name=about.namespace)


def _only_listed(ask: Ask, last: Turn | None) -> ObjectRef | None:
    """Return the only object that an overview found in trouble, if a text asks for more than whether there is one."""
    if last is None or len(last.listed) != 1 or ask not in _OF_ONE:
        return None
    return last.listed[0] if last.about is None or last.about.kind == "Namespace" else None


def _may_compare(message: Message, named: Mentions, last: Turn | None) -> bool:
    """Return whether a text may compare: with two names, words of comparing, or after a comparison.

    "Is staging ok?" names a place and compares nothing.
    """
    two = len(named.places) > 1 or len(named.subjects) > 1
    return two or (last is not None and last.ask is Ask.COMPARE) or COMPARING in features_of(message)


def _ends(text: str, named: Mentions, turns: Sequence[Turn]) -> tuple[ObjectRef | None, ObjectRef | None]:
    """Return who calls and who is called; an end that is not named is of the turn before."""
    last = turns[-1] if turns else None
    if len(named.subjects) > 1:
        return named.subjects[0], named.subjects[1]
    if last is None:
        return named.first, None
    if named.first is None:
        return (last.other, last.about) if _REVERSED.search(text) else (last.about, last.other)
    called = last.other or last.about
    if _TOWARDS.search(text) or called == named.first:
        return last.about, named.first
    return named.first, called


def _alike(named: Mentions) -> tuple[ObjectRef | None, ObjectRef | None]:
    """Return what is compared: an object in two namespaces, or in two clusters, or two namespaces."""
    objects = [one for one in (*named.subjects, *named.equals) if one.namespace and one.name not in named.places]
    in_places = [one for place in named.places for one in objects if one.namespace == place]
    if objects:
        first, *others = in_places or objects
        return first, next((one for one in others if (one.kind, one.name) == (first.kind, first.name)), None)
    spaces = [ObjectRef(kind="Namespace", namespace="", name=place) for place in named.places]
    return spaces[0], spaces[1] if len(spaces) > 1 else None


def _picked(text: str, turns: Sequence[Turn]) -> ObjectRef | None:
    """Return which of the objects that were listed a text points to, if it names none of them."""
    listed = next((turn.listed for turn in reversed(turns) if turn.listed), ())
    last = turns[-1].about if turns else None
    if not listed or len(text) > _SHORT:
        return None
    if _NEXT.search(text):
        place = listed.index(last) + 1 if last in listed else 0
    elif (found := next((place for place, pattern in _PLACES if pattern.search(text)), None)) is not None:
        place = found
        if place == 1 and len(listed) == 2 and last in listed:
            return next(one for one in listed if one != last)
    else:
        return None
    return listed[place] if -len(listed) <= place < len(listed) else None


def _is_ellipsis(text: str, named: Mentions) -> bool:
    """Return whether a text is little more than a name, be it of an environment."""
    if not named.words and not _ENVIRONMENT.search(text):
        return False
    rest = text.lower()
    for word in sorted(named.words, key=len, reverse=True):
        rest = rest.replace(word, " ")
    return _ELLIPSIS.search(rest) is not None
