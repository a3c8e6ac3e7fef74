"""Which cluster a request means, and why: of those that whoever asks may see, in a fixed order of what tells it.

What was pressed or named outranks what the text shows, which outranks the conversation, the channel and the settings.
Pure. Clusters that may not be seen play no part, so that nothing tells them from those that there are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rapidfuzz import fuzz


class ChoiceReason(StrEnum):
    """What told which cluster is meant, the strongest first."""

    PRESSED = "pressed"  # a button below the answer
    NAMED = "named"  # in what was asked: --context prod
    TEXT = "text"  # the text is marked with it: cluster="prod"
    THREAD = "thread"  # the thread was answered from it before
    CHANNEL = "channel"  # the channel's default
    CONFIGURED = "configured"  # CASEBOOK_CONTEXT
    ONLY = "only"  # no other may be seen
    FOUND = "found"  # the object exists in no other


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterHints:
    """What may tell it, a cluster's name each, "" for none. `text` is what was pasted or said.

    `named` was named as a cluster. `place` stood behind "in", and may be a namespace instead. `addressed`: the text was
    said to us, so that "in prod" in it says where to look.
    """

    pressed: str = ""
    named: str = ""
    place: str = ""
    text: str = ""
    addressed: bool = False
    thread: str = ""
    channel: str = ""
    configured: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenCluster:
    """The cluster that is meant."""

    cluster: str
    why: ChoiceReason


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownCluster:
    """A cluster was named that there is not, as far as whoever asks may know; `closest` is one like it, or ""."""

    named: str
    closest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AmbiguousCluster:
    """Any of these may be meant: two or more, or none where nothing may be seen."""

    clusters: tuple[str, ...]


ClusterChoice = ChosenCluster | UnknownCluster | AmbiguousCluster

_CLOSE_ENOUGH: Final = 60.0
_LOOKED_AT: Final = 256 * 1024
# A name that is said to be one of a cluster: a label of an alert (k8s_cluster too), a flag, what kubectl config says.
# Spaces are taken once and for all: pasted by the thousand, they would else be tried in every division.
_MARKED: Final = re.compile(
    r"""(?<![A-Za-z0-9])(?:context|cluster(?:[_-]?name)?|集群)
    ["'`]?[ \t]*+(?:[=:：][ \t]*+|(?<=[ \t])|(?<=集群))["'`]?(?P<name>[^\s"'`,;()\[\]{}<>，。；]+)""",
    re.VERBOSE | re.IGNORECASE,
)
# The same where no list of names tells a name from a word ("cluster autoscaler", "context deadline exceeded").
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
_BEHIND_A_NAME: Final = ".:?!。？！"
_HAN: Final = re.compile(r"[\u3400-\u9fff]")


def choose(visible: Sequence[str], clues: ClusterHints) -> ClusterChoice:
    """The cluster that is meant, of those that may be seen."""
    if clues.pressed in visible:
        return ChosenCluster(cluster=clues.pressed, why=ChoiceReason.PRESSED)
    if clues.named and clues.named not in visible:
        return UnknownCluster(named=clues.named, closest=closest(clues.named, visible))
    told = (
        (clues.named, ChoiceReason.NAMED),
        (clues.place, ChoiceReason.NAMED),
        (marked(clues.text, visible, addressed=clues.addressed), ChoiceReason.TEXT),
        (clues.thread, ChoiceReason.THREAD),
        (clues.channel, ChoiceReason.CHANNEL),
        (clues.configured, ChoiceReason.CONFIGURED),
    )
    if len(visible) > 1:
        for cluster, why in told:
            if cluster in visible:
                return ChosenCluster(cluster=cluster, why=why)
        return AmbiguousCluster(clusters=tuple(visible))
    return ChosenCluster(cluster=visible[0], why=ChoiceReason.ONLY) if visible else AmbiguousCluster(clusters=())


def means_cluster(place: str, visible: Sequence[str]) -> bool:
    """Whether "in X" means the cluster of that name rather than a namespace: there are several to tell apart."""
    return len(visible) > 1 and place in visible


def closest(named: str, visible: Sequence[str]) -> str:
    """The name that was probably meant, "" for none."""
    scored = ((fuzz.ratio(named.lower(), name.lower()), name) for name in visible)
    score, name = max(scored, key=lambda each: each[0], default=(0.0, ""))
    return name if score >= _CLOSE_ENOUGH else ""


def marked(text: str, clusters: Sequence[str], *, addressed: bool = False) -> str:
    """The one cluster that the text is marked with, whole and as it is written; "" for none and for several.

    What is `addressed` to us may say it in plain words too.
    """
    patterns = (_MARKED, _IN) if addressed else (_MARKED,)
    found = {name for pattern in patterns for name in _named(pattern, text[:_LOOKED_AT]) if name in clusters}
    return found.pop() if len(found) == 1 else ""


def marked_with(text: str) -> str:
    """The one cluster that a text is plainly marked with, whether or not there is one of that name; "" for none.

    It tells pastes apart before it is known who may see what: by names that there are, it would tell which there are.
    """
    found = set()
    for match in _MARKED_PLAINLY.finditer(text[:_LOOKED_AT]):
        name = match["name"].rstrip(_BEHIND_A_NAME)
        han = _HAN.search(name)
        found.add(name[: han.start()] if han and han.start() else name)
    return found.pop() if len(found) == 1 else ""


def _named(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    for match in pattern.finditer(text):
        name = match["name"]
        yield name
        yield name.rstrip(_BEHIND_A_NAME)
        if han := _HAN.search(name):
            yield name[: han.start()]
