"""Tell what a person who addresses us asks for: one of a few requests, whatever its wording."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

from intents.talk.classifier import Classifier, Reading
from intents.talk.features import Message


class Ask(StrEnum):
    """What is asked for."""

    HEALTH = "health"  # is it well?
    WHY = "why"  # what is wrong with it?
    EXPLAIN = "explain"  # what does this error mean?
    CHANGES = "changes"
    LOGS = "logs"
    EVENTS = "events"
    REVISIONS = "revisions"  # which version runs, what ran before, whose it is
    WHERE = "where"  # on which nodes
    CALLERS = "callers"
    REACH = "reach"
    COMPARE = "compare"  # two clusters or namespaces
    CONCEPT = "concept"  # what does a term mean?
    HOWTO = "howto"
    ACTION = "action"
    INCIDENTS = "incidents"
    MUTE = "mute"
    HELP = "help"
    THANKS = "thanks"
    AGAIN = "again"  # look once more
    MORE = "more"  # show all of it


# What begins a request in one word, as commands do.
_WORDS: Final = {
    word: ask
    for ask, words in {
        Ask.HEALTH: "health 健康",
        Ask.CHANGES: "changes changed 变更",
        Ask.LOGS: "logs log 日志",
        Ask.EVENTS: "events 事件",
        Ask.REVISIONS: "history revisions 历史 版本",
        Ask.WHERE: "where",
        Ask.CALLERS: "callers 调用方",
        Ask.COMPARE: "compare diff 对比 比较",
        Ask.INCIDENTS: "incidents 故障列表",
        Ask.AGAIN: "again 再查",
    }.items()
    for word in words.split()
}
_MOST_COMMAND_WORDS: Final = 4


@cache
def requests() -> Classifier:
    """Return the classifier of requests."""
    return Classifier((files(__package__) / "asks.npz").read_bytes())


def asked_by_word(text: str) -> Ask | None:
    """Return the request that the first word of a short command names."""
    words = text.lower().split()
    return _WORDS.get(words[0]) if 0 < len(words) <= _MOST_COMMAND_WORDS else None


def asked(message: Message) -> Reading:
    """Return what a message that is addressed to us asks for, after the earlier turns of its thread."""
    return requests().read(message)
