"""Read the background: ordinary lines of logs, terminals and chats that no incident explains.

They tell how rare a word is in texts without a known problem, and they are the negatives that scores are calibrated
with; a test checks that none of them matches. One line is one text; `#` starts a comment.

The words of everyday English are in a file of their own: so few lines do not have all of them.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def ordinary_lines() -> tuple[str, ...]:
    """Return all lines of this package's text files, in the order of the files."""
    sources = (file for file in files(__name__).iterdir() if file.name.endswith(".txt"))
    texts = {source.name: source.read_text(encoding="utf-8") for source in sources}
    lines = (line.strip() for name in sorted(texts) for line in texts[name].splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


@cache
def everyday_words() -> frozenset[str]:
    """Return the words of everyday English: they say nothing about a problem."""
    lines = (files(__name__) / "english.words").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


@cache
def same_words() -> tuple[tuple[str, ...], ...]:
    """Return groups of synonyms in this field; the first of each stands for the others."""
    lines = (files(__name__) / "same.words").read_text(encoding="utf-8").splitlines()
    return tuple(tuple(line.split()) for line in lines if not line.startswith("#"))
