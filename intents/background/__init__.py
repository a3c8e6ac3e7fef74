"""Ordinary lines of logs, terminals and chats that no incident explains.

They say how rare a word is where nothing is wrong that we know of; they are the negatives the score is calibrated
with; and a test holds that none of them matches. One line is one text; `#` starts a comment.

Beside them stand the words of everyday English, which that many lines are too few to have.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def ordinary_lines() -> tuple[str, ...]:
    """All lines of this package's text files, in the files' order."""
    sources = (file for file in files(__name__).iterdir() if file.name.endswith(".txt"))
    texts = {source.name: source.read_text(encoding="utf-8") for source in sources}
    lines = (line.strip() for name in sorted(texts) for line in texts[name].splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


@cache
def everyday_words() -> frozenset[str]:
    """Words that say nothing of what is wrong."""
    lines = (files(__name__) / "english.words").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


@cache
def same_words() -> tuple[tuple[str, ...], ...]:
    """Words of the field that mean the same; the first of each stands for the others."""
    lines = (files(__name__) / "same.words").read_text(encoding="utf-8").splitlines()
    return tuple(tuple(line.split()) for line in lines if not line.startswith("#"))
