"""Read named lists of words that the signatures of several entries share, from files named `words.yaml`.

The built-in lists are beside the built-in entries. A directory adds its own lists with a file at its top level; they
apply to its entries and to those of later directories.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

WORDS: Final = "words.yaml"


class WordListError(ValueError):
    """An error in a file of word lists, with its line and the list's name."""

    def __init__(self, path: Path, line: int, name: str, says: str) -> None:
        super().__init__(says)
        self.path = path
        self.line = line
        self.name = name


@dataclass(frozen=True, slots=True)
class WordLists:
    """The files whose lists apply to an entry, as text. The lists are parsed when an entry needs them."""

    texts: tuple[tuple[Path, str], ...] = ()

    @property
    def digest(self) -> str:
        """Return a digest that identifies these lists."""
        return _digest(tuple(text for _, text in self.texts))

    def words(self) -> Mapping[str, tuple[str, ...]]:
        """Return the words by the name of their list; a list that cannot be read is missing."""
        return _lists(self.texts)[0]

    def errors(self) -> tuple[WordListError, ...]:
        """Return what is wrong with the files."""
        return _lists(self.texts)[1]

    def with_file(self, path: Path) -> WordLists:
        """Return these lists with those of a file added, if the file exists."""
        if not path.is_file():
            return self
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise WordListError(path, 1, "", f"cannot be read: {error}") from error
        return WordLists((*self.texts, (path, text)))


@lru_cache(maxsize=8)
def _digest(texts: tuple[str, ...]) -> str:
    return blake2b("\0".join(texts).encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=8)
def _lists(
    texts: tuple[tuple[Path, str], ...],
) -> tuple[Mapping[str, tuple[str, ...]], tuple[WordListError, ...]]:
    words: dict[str, tuple[str, ...]] = {}
    errors: list[WordListError] = []
    for path, text in texts:
        for line, name, listed in _parsed(text):
            if isinstance(listed, str):
                errors.append(WordListError(path, line, name, listed))
            elif name in words:
                errors.append(WordListError(path, line, name, "a list of this name exists already"))
            else:
                words[name] = listed
    return words, tuple(errors)


def _parsed(text: str) -> Iterator[tuple[int, str, tuple[str, ...] | str]]:
    """Yield the line and the name of each list, and its words or what is wrong with it."""
    from intents.catalog.yaml_nodes import Document, YamlError  # noqa: PLC0415 - not needed where every file is known

    try:
        document = Document(text)
    except YamlError as error:
        yield error.line, "", error.problem
        return
    if not isinstance(document.value, dict):
        yield 1, "", "expected names and their lists of words"
        return
    for name, words in document.value.items():
        line = document.line((name,))
        if not isinstance(name, str) or not name.isidentifier():
            yield line, str(name), "expected a name of letters, digits and underscores"
        elif not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
            yield line, name, "expected a list of words"
        else:
            yield line, name, tuple(words)
