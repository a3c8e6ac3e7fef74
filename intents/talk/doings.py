"""Read what somebody asks to be done: which of the known actions, and the number that goes with it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from intents.spelling import slips

_NUMERALS: Final = {
    word: number
    for number, words in enumerate(
        (
            "zero 零", "one 一", "two 二 两", "three 三", "four 四", "five 五", "six 六", "seven 七", "eight 八",
            "nine 九", "ten 十",
        )
    )
    for word in words.split()
}  # fmt: skip
_SAID: Final = rf"\d{{1,6}}|{'|'.join(_NUMERALS)}"
# "to 5", "revision 3", 扩到 5; "5 replicas", 五个副本; "scale web 5", but not "by 5".
_NUMBERS: Final = (
    re.compile(
        rf"(?i)(?:\bto|\brevision|\brev|\bversion|=|到|至|为|成|版本)\s*#?\s*(?P<n>{_SAID})(?![A-Za-z0-9:-]|\.\d)"
    ),
    re.compile(rf"(?i)(?<![\w./:-])(?P<n>{_SAID})\s*(?:replicas?|pods?|instances?|个副本|副本|个)"),
    re.compile(r"(?i)(?<!\bby)\s(?P<n>\d{1,6})\s*[.!。！]?\s*$"),
)
_WORD: Final = re.compile(r"[a-z][a-z-]*")
_HAN: Final = re.compile(r"[\u4e00-\u9fff]")
# A shorter word has no slip that is not another word.
_LEAST_MISSPELT: Final = 6


def asked_actions(text: str, known: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return the actions that a text asks for by their words, the first said first; a long word may have one slip."""
    said = text.lower()
    found = [(at, name) for name, words in known.items() for at in [_first(said, words)] if at >= 0]
    if not found:
        found = [(at, name) for name, words in known.items() for at in _misspelt(said, words)]
    return tuple(dict.fromkeys(name for _, name in sorted(found)))


def number_in(text: str) -> int | None:
    """Return the number that an action is to take; None if none is said."""
    for pattern in _NUMBERS:
        if found := pattern.search(text):
            said = found["n"].lower()
            return _NUMERALS[said] if said in _NUMERALS else int(said)
    return None


def _first(said: str, words: Iterable[str]) -> int:
    """Return where the first of the words stands, -1 if none does; English ones with their usual endings."""
    places = [at for word in words for at in _places(said, word)]
    return min(places, default=-1)


def _places(said: str, word: str) -> Iterator[int]:
    if _HAN.search(word):
        if (at := said.find(word)) >= 0:
            yield at
    elif found := re.search(rf"(?<![\w./-]){re.escape(word)}(?:s|ed|ing|d)?(?![\w./-])", said):
        yield found.start()


def _misspelt(said: str, words: Iterable[str]) -> Iterator[int]:
    long = [word for word in words if len(word) >= _LEAST_MISSPELT and not _HAN.search(word)]
    for found in _WORD.finditer(said):
        if any(slips(found[0], word) == 1 for word in long):
            yield found.start()
