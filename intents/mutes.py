"""Read `/diagnose mute …`, and tell what a mute covers: an incident, one object, or a namespace with all in it. Pure.

A mute is stored under a key: the id of an incident, or "Kind name" and "Kind namespace/name".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from intents.domain import Diagnosis, Hypothesis, ObjectRef, Text
from intents.kinds import CLUSTER_SCOPED, KINDS, SPELLINGS
from intents.places import IS_NAME
from intents.spelling import Misuse
from intents.spoken_mutes import UNITS, leading_duration

MUTED_FOR: Final = timedelta(days=7)
# A mute that is forgotten would hide its incident forever.
LONGEST: Final = timedelta(days=366)
# People of a channel may ask for posts of the watch about an incident only once it has lasted this long.
POSTED_AFTER: Final = (timedelta(minutes=15), timedelta(hours=1))
_USAGE: Final = "mute ID|KIND NAMESPACE/NAME|namespace NAME 7d REASON"
_DURATION: Final = re.compile(r"(\d{1,6})([mhdw])")
_BEFORE_DURATION: Final = frozenset({"for", "持续"})
_BEFORE_REASON: Final = re.compile(r"^(?:because(?: of)?|since|reason|原因)?[:：,，\s]*", re.IGNORECASE)
_NAMESPACE: Final = "Namespace"
_MUTE: Final = frozenset({"mute", "静音"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteCommand:
    """A request to mute what `muted` is the key of, for a time, with a reason that may be empty."""

    muted: str
    lasts: timedelta = MUTED_FOR
    reason: str = ""


def mute_command(words: Sequence[str]) -> MuteCommand | Misuse | None:
    """Read `mute WHAT [for] [7d] [REASON]`; None for anything that does not begin with mute."""
    if words[0].lower() not in _MUTE:
        return None
    read = _what([word.strip("`") for word in words[1:]])
    if read is None:
        return Misuse(says=Text(en="mute needs to know what", zh="mute 后面需要说明静音什么"), usage=_USAGE)
    muted, rest = read
    if rest and rest[0].lower() in _BEFORE_DURATION:
        rest = rest[1:]
    lasts = MUTED_FOR
    if rest and (given := _DURATION.fullmatch(rest[0].lower().rstrip(":：,，"))):
        lasts, rest = timedelta(**{UNITS[given[2]]: int(given[1])}), rest[1:]
    elif spoken := leading_duration(" ".join(rest)):
        lasts, rest = spoken[0], spoken[1].split()
    if not timedelta(0) < lasts <= LONGEST:
        return Misuse(
            says=Text(en=f"a mute lasts at most {LONGEST.days} days", zh=f"静音最长 {LONGEST.days} 天"), usage=_USAGE
        )
    return MuteCommand(muted=muted, lasts=lasts, reason=_BEFORE_REASON.sub("", " ".join(rest)))


def _what(words: Sequence[str]) -> tuple[str, Sequence[str]] | None:
    """Return the key of what is named first, and the words after it."""
    if not words:
        return None
    kind, slash, name = words[0].partition("/")
    if not slash and kind.lower() in SPELLINGS and len(words) > 1:
        name, rest = words[1], words[2:]
    elif slash:
        rest = words[1:]
    else:
        return (words[0], words[1:]) if IS_NAME.fullmatch(words[0]) else None
    if slash and kind.lower() not in SPELLINGS:
        kind, name = "pod", words[0]  # as in `/diagnose NS/NAME`
    word = SPELLINGS[kind.lower()]
    about = _NAMESPACE if word == "namespace" else KINDS.get(word, word)
    parts = name.split("/")
    scoped = about == _NAMESPACE or about in CLUSTER_SCOPED
    if not all(map(IS_NAME.fullmatch, parts)) or len(parts) != (1 if scoped else 2):
        return None
    return f"{about} {name}", rest


def covers(muted: str, *, incident: str = "", objects: Iterable[ObjectRef] = ()) -> bool:
    """Tell whether a mute covers trouble: its incident, one of its objects, or the namespace of them all."""
    kind, _, name = muted.partition(" ")
    if not name:
        return muted == incident
    objects = tuple(objects)
    if kind == _NAMESPACE:
        return bool(objects) and all(name in (each.namespace, _namespace_itself(each)) for each in objects)
    # Some kinds are kept as people write them.
    return any(muted.lower() == str(each).lower() for each in objects)


def object_of(muted: str) -> ObjectRef | None:
    """Return the object or the namespace of a mute; None for that of an incident."""
    kind, _, place = muted.partition(" ")
    namespace, _, name = place.rpartition("/")
    if not place:
        return None
    return ObjectRef(kind=kind, namespace=place if kind == _NAMESPACE else namespace, name=name)


def _namespace_itself(about: ObjectRef) -> str:
    return about.name if about.kind == _NAMESPACE else about.namespace


def named_objects(hypothesis: Hypothesis) -> Iterator[ObjectRef]:
    """Yield the objects that a text names, as its signature captured them."""
    named = hypothesis.named
    namespace = named.get("namespace", "")
    for word, kind in KINDS.items():
        if name := named.get(word):
            yield ObjectRef(kind=kind, namespace="" if kind in CLUSTER_SCOPED else namespace, name=name)


def concerned(diagnosis: Diagnosis) -> Iterator[ObjectRef]:
    """Yield the objects that an answer is about: the one asked about, its owners, and the one at fault."""
    if diagnosis.focus.names_object:
        yield diagnosis.focus.ref
    yield from diagnosis.owners
    for first in diagnosis.hypotheses[:1]:
        if first.subject is not None:
            yield first.subject
