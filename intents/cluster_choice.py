"""Choose the cluster that a request means, among those that the requester may see, and say why.

A pressed button or a name outranks the text; the text outranks the thread, the channel and the settings. Hidden
clusters are not considered: an answer never differs between a hidden cluster and one that does not exist. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from intents.spelling import closest


class ChoiceReason(StrEnum):
    """The reason for the choice, the strongest first."""

    PRESSED = "pressed"  # a button below the answer
    NAMED = "named"  # in the command: --context prod
    TEXT = "text"  # a label in the text: cluster="prod"
    THREAD = "thread"  # an earlier answer in the thread was about it
    CHANNEL = "channel"  # the channel's default
    CONFIGURED = "configured"  # CASEBOOK_CONTEXT
    ONLY = "only"  # the requester may see no other
    FOUND = "found"  # the object exists in no other


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterHints:
    """Hints at a cluster: a name each, "" for none. `text` is the pasted or typed text.

    `named` was named as a cluster. `place` followed "in" and may also be a namespace. `addressed` means that the text
    was typed to us, so that its "in prod" says where to look. `spoken` is named in a request in words.
    """

    pressed: str = ""
    named: str = ""
    place: str = ""
    text: str = ""
    addressed: bool = False
    spoken: str = ""
    thread: str = ""
    channel: str = ""
    configured: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenCluster:
    """The cluster that was chosen, and the reason."""

    cluster: str
    why: ChoiceReason


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownCluster:
    """A name that is none of the visible clusters; `closest` is a similar name, or ""."""

    named: str
    closest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AmbiguousCluster:
    """The clusters that may be meant: two or more, or none if the requester may see none."""

    clusters: tuple[str, ...]


ClusterChoice = ChosenCluster | UnknownCluster | AmbiguousCluster

_MOST_READ: Final = 256 * 1024
_LONGEST_SPOKEN: Final = 400
# A name marked as a cluster's: a label of an alert (k8s_cluster too), a flag, the output of kubectl config.
# Spaces are matched possessively: thousands of pasted spaces would otherwise be tried in every division.
_MARKED: Final = re.compile(
    r"""(?<![A-Za-z0-9])(?:context|cluster(?:[_-]?name)?|集群)
    ["'`]?[ \t]*+(?:[=:：][ \t]*+|(?<=[ \t])|(?<=集群))["'`]?(?P<name>[^\s"'`,;()\[\]{}<>，。；]+)""",
    re.VERBOSE | re.IGNORECASE,
)
# The same without a list of names to tell a name from a word ("cluster autoscaler", "context deadline exceeded").
_MARKED_PLAINLY: Final = re.compile(
    r"""(?<![A-Za-z0-9])(?:
        (?:context|cluster(?:[_-]?name)?|集群)["'`]?[ \t]*+[=:：]
        |--(?:context|cluster)(?=[ \t])
        |(?:in|on|from)[ \t]++(?:the[ \t]++)?(?:context|cluster)(?=[ \t])
        |集群
    )[ \t]*+["'`]?(?P<name>[^\s"'`,;()\[\]{}<>，。；]+)""",
    re.VERBOSE | re.IGNORECASE,
)
_IN: Final = re.compile(
    r"""(?:(?<![A-Za-z0-9])(?:in|on|from)[ \t]++(?:the[ \t]++)?|(?<![\w.])@|在[ \t]*+)
    ["'`]?(?P<name>[^\s"'`,;()\[\]{}<>，。；]+)""",
    re.VERBOSE | re.IGNORECASE,
)
_AFTER_A_NAME: Final = ".:?!。？！"
_HAN: Final = re.compile(r"[\u3400-\u9fff]")


def choose(visible: Sequence[str], given: ClusterHints) -> ClusterChoice:
    """Return the choice among the visible clusters."""
    if given.pressed in visible:
        return ChosenCluster(cluster=given.pressed, why=ChoiceReason.PRESSED)
    if given.named and given.named not in visible:
        return UnknownCluster(named=given.named, closest=closest(given.named, visible))
    hints = (
        (given.named, ChoiceReason.NAMED),
        (given.place, ChoiceReason.NAMED),
        (marked(given.text, visible, addressed=given.addressed), ChoiceReason.TEXT),
        (given.spoken, ChoiceReason.TEXT),
        (given.thread, ChoiceReason.THREAD),
        (given.channel, ChoiceReason.CHANNEL),
        (given.configured, ChoiceReason.CONFIGURED),
    )
    if len(visible) > 1:
        for cluster, why in hints:
            if cluster in visible:
                return ChosenCluster(cluster=cluster, why=why)
        return AmbiguousCluster(clusters=tuple(visible))
    return ChosenCluster(cluster=visible[0], why=ChoiceReason.ONLY) if visible else AmbiguousCluster(clusters=())


def means_cluster(place: str, visible: Sequence[str]) -> bool:
    """Return whether "in X" means a cluster and not a namespace: there are several, and X is one of them."""
    return len(visible) > 1 and place in visible


def marked(text: str, clusters: Sequence[str], *, addressed: bool = False) -> str:
    """Return the one cluster that the text is marked with; "" for none or several.

    A text that is `addressed` to us may also name it in plain words.
    """
    patterns = (_MARKED, _IN) if addressed else (_MARKED,)
    found = {name for pattern in patterns for name in _named(pattern, text[:_MOST_READ]) if name in clusters}
    return found.pop() if len(found) == 1 else ""


_PART: Final = re.compile(r"[A-Za-z0-9]+")
_OTHER: Final = re.compile(
    r"(?i)\bother (?:one|cluster|env\w*|side)\b|\bboth\b|\belsewhere\b|另一个|另外|两边|两个|两套|别的集群"
)


def spoken(text: str, clusters: Sequence[str], *, in_parts: bool = False) -> tuple[str, ...]:
    """Return the clusters whose names stand in a short text as words of their own, in its order.

    With `in_parts` a part of a name that no other cluster has is enough: "staging" for staging-eu-1.
    """
    parts = {name: _PART.findall(name) if in_parts else [] for name in clusters}
    of_part = [part for own in parts.values() for part in {each.lower() for each in own}]
    found = []
    for name in clusters:
        words = (name, *(part for part in parts[name] if len(part) > 1 and of_part.count(part.lower()) == 1))
        places = [place for word in words if (place := _place(word, text)) >= 0]
        if places:
            found.append((min(places), name))
    return tuple(name for _, name in sorted(found))


def _place(word: str, text: str) -> int:
    found = re.search(rf"(?i)(?<![A-Za-z0-9_./:=-]){re.escape(word)}(?![A-Za-z0-9_/:=-]|\.\w)", text[:_LONGEST_SPOKEN])
    return found.start() if found else -1


def means_other(text: str) -> bool:
    """Return whether a text asks about another cluster, or both, without its name."""
    return bool(_OTHER.search(text))


def marked_with(text: str) -> str:
    """Return the one name that a text is marked with as a cluster's, existing or not; "" for none.

    It tells pastes apart before permissions are checked; a list of existing names would disclose them.
    """
    found = set()
    for match in _MARKED_PLAINLY.finditer(text[:_MOST_READ]):
        name = match["name"].rstrip(_AFTER_A_NAME)
        han = _HAN.search(name)
        found.add(name[: han.start()] if han and han.start() else name)
    return found.pop() if len(found) == 1 else ""


def _named(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    for match in pattern.finditer(text):
        name = match["name"]
        yield name
        yield name.rstrip(_AFTER_A_NAME)
        if han := _HAN.search(name):
            yield name[: han.start()]
