"""Shorten a sentence to what a reader takes in at a glance. The whole sentence is always one press away, in Details."""

from __future__ import annotations

import re
from typing import Final

from intents.domain import Language
from responses.causality import message_of

_CJK: Final = r"\u3400-\u9fff"
# A word, or one Chinese character with the punctuation behind it.
_UNIT: Final = re.compile(rf"[{_CJK}][\u3000-\u303f\uff00-\uffef]*\s*|[^\s{_CJK}]+\s*")
_SENTENCE_END: Final = {Language.EN: re.compile(r"(?<=[.!?])\s+(?=[A-Z“\"({0-9])"), Language.ZH: re.compile(r"(?<=。)")}
_QUOTE: Final = re.compile(r"“([^”]*)”")
_QUOTE_WORDS: Final = 14
# The kubelet ends the message of a back-off with container and pod, which the sentence around it names.
_BACK_OFF: Final = re.compile(r"(?<=restarting failed container)=\S+ pod=[^\s()]+\([\w-]+\)")
# The scheduler counts nodes by reason: a list, and no chain of errors. Why preemption does not help is no reason.
_NODES: Final = re.compile(r"\b\d+/\d+ nodes? (?:is|are) available: ")
_PREEMPTION: Final = re.compile(r"[.,]?\s*(?:no new claims to deallocate,\s*)?\bpreemption: .*")
_LIST_WORDS: Final = 15
# In characters: more of a text is never shown at a glance.
_MOST: Final = 4_000
# Where a sentence may end early: after these, what follows only adds to it.
_CLAUSE: Final = re.compile(r"[;；。]\s*|\.\s+|[:：,，]\s*|\s+(?=\()|(?=（)")
_WHOLE: Final = (";", "；", "。", ".")
_LEAST: Final = 3


def length(text: str) -> int:
    """Return the number of words; a Chinese character counts as one."""
    return len(_UNIT.findall(text))


def first_sentence(text: str, language: Language) -> str:
    """Return the first sentence of a text."""
    return _SENTENCE_END[language].split(text, maxsplit=1)[0].strip()


def brief(says: str, *, most: int) -> str:
    """Return the sentence with at most `most` words: long quotations are cut first, then the clauses at its end."""
    says = " ".join(says[:_MOST].split())
    says = _QUOTE.sub(lambda found: f"“{_brief_quote(found[1])}”", says)
    if length(says) <= most:
        return says
    room = "".join(_UNIT.findall(says)[:most])
    ends = [found for found in _CLAUSE.finditer(room) if _may_end(room, found, most=most)]
    if not ends:
        return _closed(room.rstrip(" ,，:：;；") + "…")
    last = next((found for found in reversed(ends) if found[0].strip() in _WHOLE), ends[-1])
    cut = room[: last.start()].rstrip()
    return cut if last[0].strip() in _WHOLE else f"{cut} …"


def _may_end(room: str, at: re.Match[str], *, most: int) -> bool:
    """Return whether what precedes a clause's end can stand alone: it is long enough, and no mark in it is open."""
    before = room[: at.start()]
    least = _LEAST if at[0].strip() in _WHOLE else most // 2
    return length(before) > least and _is_balanced(before)


def _brief_quote(quote: str) -> str:
    """Return the beginning of a quotation in few words."""
    line = _BACK_OFF.sub("", message_of(quote))
    if found := _NODES.search(line):
        counted = _PREEMPTION.sub(".", line[found.start() :])
        return counted if length(counted) <= _LIST_WORDS else _head(counted, _LIST_WORDS)
    line = line[1:-1] if line.startswith('"') and line.find('"', 1) == len(line) - 1 else line
    if length(line) <= _QUOTE_WORDS:
        return line
    return _head(line, _QUOTE_WORDS)


def _head(line: str, most: int) -> str:
    return "".join(_UNIT.findall(line)[:most]).rstrip(" ,;:") + " …"


def _is_balanced(text: str) -> bool:
    pairs = (("“", "”"), ("(", ")"), ("（", "）"))
    return all(text.count(opened) == text.count(closed) for opened, closed in pairs)


def _closed(text: str) -> str:
    """Return the text with the marks closed that a cut left open."""
    for opened, closed in (("“", "”"), ("(", ")"), ("（", "）")):
        if text.count(opened) > text.count(closed):
            text += closed
    return text
