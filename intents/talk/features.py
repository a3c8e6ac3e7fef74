"""Describe a message by features: its words and their order, its cues, its shape, and the message before it.

A feature is a short text, so that the reasons of a classification can be shown. Lines that a program printed have
features of their own: the same word means little there about what the person does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, Final

import yaml

from intents.prose import is_prose
from intents.tokens import stem_of

# Of longer messages the beginning and the end tell what they do.
_MOST_LINES: Final = 14
_LONGEST_LINE: Final = 400
_MOST_PRINTED_WORDS: Final = 60
_SHORT: Final = 60

_FENCE: Final = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_MARKUP: Final = re.compile(
    r"(?P<mention><@[^>]*>)|(?P<group><!(?:here|channel|subteam)[^>]*>)|(?P<url><?https?://[^\s>|]+(?:\|[^>]*)?>?)"
    r"|(?P<emoji>:[a-z+-][a-z0-9_+-]*:|(?<!\S)\+1(?!\S)|[\U0001f000-\U0001faff\u2600-\u27bf])|(?P<code>`[^`\n]+`)"
    r"|(?P<time>\b\d{1,2}:\d\d(?::\d\d)?\b)|(?P<share>\d+(?:\.\d+)? ?[%％])"
    r"|(?P<name>\b(?=[\w./-]*[-/])[a-z][a-z0-9]*(?:[-./][a-z0-9]+)+\b)"
)
_NAMELIKE: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?")
_NAMES: Final = re.compile(r"(?:\s*\u27e8object\u27e9\s*){2,}")
_NAME: Final = " \u27e8object\u27e9 "
_WORD: Final = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+|[\u3400-\u9fff]+|[?!？！…:：]")
_HAN: Final = "\u3400"
_MACHINE_MARKS: Final = re.compile(r"[{}\[\]=|<>\\]|\d\d:\d\d:\d\d|: \S+: |\s{3,}")
# An exception, a level, a program that names itself, a reason of Kubernetes after a colon.
_OF_A_PROGRAM: Final = re.compile(
    r"^\W*(?:[\w.$]+(?:Error|Exception)\b[:(\s]|(?:FATAL|ERROR|PANIC|WARN(?:ING)?|CRITICAL|SEVERE|LOG|DETAIL)\b\s*[:\[]"
    r"|[a-z][\w./-]{1,30}: [^:]{2,60}: )|: [A-Z][a-z]+(?:[A-Z][a-z]+)+$"
)
_EARLY: Final = 3
_MOST_PARTS: Final = 24
_LONGEST_SHAPE: Final = 20
_RUN: Final = re.compile(r"(?P<a>[a-z]+)|(?P<A>[A-Z]+)|(?P<n>[0-9]+)|(?P<h>[\u3400-\u9fff]+)")
_REPEATED: Final = re.compile(r"(Aa|na|an|[./\\_:-](?:Aa|[aAnh]))\1+")
# Where a path begins: on a person's machine, in an image, on a node.
_ROOT: Final = re.compile(r"(?<![\w/\\])((?:[A-Za-z]:|~)?[\\/]\w[\w.-]*)(?:[\\/]\w[\w.-]*)?")
_BESIDE: Final = frozenset(
    """
    i i'm i'll i've we we're we'll you they it he she let let's please to was is are were been being can could
    should will just done not no ?
    """.split()  # noqa: SIM905
)
# What stands around a Chinese verb: aspect and mood, and whether it stands ahead.
_ASPECTS: Final = (
    ("asked", False, ("吗", "没", "？", "?")),
    ("done", False, ("了", "完", "好", "过", "掉了")),
    ("not", True, ("没", "别", "不", "未")),
    ("done", True, ("已", "都", "刚")),
    ("doing", True, ("在", "正")),
    ("doing", False, ("中", "着")),
    ("planned", True, ("我", "来", "去", "先", "要", "准备", "再", "把", "给")),
    ("asked-for", False, ("吧", "下", "一下")),
    ("asked-for", True, ("你", "请", "帮", "麻烦", "让")),
)
_TYPOGRAPHY: Final = str.maketrans({"’": "'", "‘": "'", "？": "?", "！": "!", "：": ":"})

_ANY_ENDING: Final = "*"


class WordClasses:
    """Classes of words and of phrases; a word or phrase may have several. Immutable."""

    def __init__(self, classes: Mapping[str, Iterable[str]]) -> None:
        self._words: dict[str, list[str]] = {}
        self._stems: dict[str, list[str]] = {}
        self._phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for name, entries in classes.items():
            for entry in entries:
                words = tuple(entry.split())
                if len(words) > 1:
                    self._phrases.setdefault(words[0], []).append((words, name))
                elif entry.endswith(_ANY_ENDING):
                    self._stems.setdefault(entry.removesuffix(_ANY_ENDING), []).append(name)
                else:
                    self._words.setdefault(entry, []).append(name)
        self.of_word = lru_cache(maxsize=1 << 14)(self._of_word)

    def _of_word(self, word: str) -> tuple[str, ...]:
        """Return the classes of a word, each once."""
        stems = (self._stems.get(word[:end], ()) for end in range(1, len(word) + 1))
        return tuple(dict.fromkeys((*self.exactly(word), *(name for names in stems for name in names))))

    def exactly(self, word: str) -> Sequence[str]:
        """Return the classes that list this very word."""
        return self._words.get(word, ())

    def phrases_at(self, tokens: Sequence[str], at: int) -> Iterator[tuple[int, str]]:
        """Yield the length and the class of each phrase that begins at a token."""
        for phrase, name in self._phrases.get(tokens[at], ()):
            there = tokens[at : at + len(phrase)]
            if len(there) == len(phrase) and all(map(_fits, there, phrase)):
                yield len(phrase), name


def _fits(token: str, word: str) -> bool:
    return token == word or (word.endswith(_ANY_ENDING) and token.startswith(word.removesuffix(_ANY_ENDING)))


def listed(entries: str) -> list[str]:
    """Return the entries of a list in data, which commas separate."""
    return [entry for each in entries.split(",") if (entry := each.strip())]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message and what was said before it, the newest last; `user` tells speakers apart.

    `names` are words that are known to name objects: what is said of them matters, not what they are called. `said` is
    the label of a message that was understood before.
    """

    text: str
    user: str = ""
    before: tuple[Message, ...] = ()
    names: frozenset[str] = frozenset()
    said: str = ""


# The cue of words that compare.
COMPARING: Final = "cue:asks.compare"
# Begin the features of what people do to systems.
OF_DEEDS: Final = ("deed:", "deeds:", "cue:deeds.", "cues:deeds.")


def features_of(message: Message, *, deeds: bool = False) -> Iterator[str]:
    """Yield the features of a message, some of them more than once; `deeds`: also of what people do to systems."""
    yield from _own(_without_names(message.text, message.names), deeds=deeds)
    if not message.before:
        yield "before:none"
        return
    last = message.before[-1]
    yield "before:same" if last.user == message.user else "before:other"
    if last.said:
        yield f"before:said={last.said}"
        yield f"before:said={last.said}&{_bucket(len(message.text) // 6)}"
    for feature in set(_summary(_without_names(last.text, last.names))):
        yield f"before:{feature}"


def features_of_print(text: str) -> Iterator[str]:
    """Yield the features of what programs print: its words, how its lines begin, and what their parts look like.

    Each program has its own manner of writing. Short lines that a person may have typed count too.
    """
    typed, printed = _divided(text)
    for line in (one[:_LONGEST_LINE] for one in (*printed, *typed)[:_MOST_LINES]):
        parts = line.split()[:_MOST_PARTS]
        shapes = [_shape_of(part) for part in parts]
        yield from (f"frame {' '.join(shapes[:many])}" for many in range(1, _EARLY + 1))
        yield from (f"shape {shape}" for shape in shapes if not shape.isalnum())
        for found in _ROOT.finditer(line):
            yield f"path {found[1]}"
            yield f"path {found[0]}"
        words = ["0" if word.isdigit() else word for word in _WORD.findall(" ".join(parts).lower())]
        yield from words
        yield from (" ".join(pair) for pair in pairwise(("^", *words)))
        yield from (first + second for first, second in pairwise(line) if min(first, second) >= _HAN)


def printed_lines(text: str) -> list[str]:
    """Return the lines of a text that a program printed."""
    return _divided(text)[1]


def is_printed(text: str) -> bool:
    """Return whether a text has lines that a program printed."""
    return bool(printed_lines(text))


def is_paste(text: str) -> bool:
    """Return whether a program printed most lines of a text: what a person typed around it is little."""
    typed, printed = _divided(text)
    return len(printed) > len(typed)


def _own(text: str, *, deeds: bool) -> Iterator[str]:
    typed, printed = _divided(text)
    tokens = [token for line in typed for token in (*_tokens(line), "|")][:-1]
    yield from _words(tokens)
    yield from _cues(tokens, typed)
    if deeds:
        yield from _cues(tokens, typed, "deeds")
        yield from _deeds(tokens, "\n".join(typed).lower())
    words = [word for line in printed for word in _WORD.findall(line.lower())]
    yield from (f"printed:{word}" for word in dict.fromkeys(words[:_MOST_PRINTED_WORDS]) if len(word) > 1)
    yield f"typed:{_bucket(len(tokens))}"
    yield f"lines:{_bucket(len(printed))}"
    if "```" in text:
        yield "fence"


def _shape_of(part: str) -> str:
    """Return a part of a line with a mark for each run of small letters, capitals, digits and Chinese characters."""
    return _REPEATED.sub(r"\1*", _RUN.sub(lambda found: found.lastgroup or "", part))[:_LONGEST_SHAPE]


def _without_names(text: str, names: frozenset[str]) -> str:
    """Return the text with a mark in place of each known name, or of several in a row."""
    if not names:
        return text
    return _NAMES.sub(_NAME, _NAMELIKE.sub(lambda found: _NAME if found[0].lower() in names else found[0], text))


def _divided(text: str) -> tuple[list[str], list[str]]:
    """Return the lines that a person typed, and those that a program printed."""
    printed = [line for block in _FENCE.findall(text) for line in block.strip("`").splitlines() if line.strip()]
    rest = [line[:_LONGEST_LINE] for line in _FENCE.sub("\n", text).splitlines() if line.strip()]
    if len(rest) > _MOST_LINES:
        rest = [*rest[: _MOST_LINES // 2], *rest[-_MOST_LINES // 2 :]]
    typed = [line for line in rest if _is_typed(line)]
    return typed, [*printed[:_MOST_LINES], *(line for line in rest if not _is_typed(line))]


def _is_typed(line: str) -> bool:
    """Return whether a person may have typed a line: a sentence, or a few words."""
    if _OF_A_PROGRAM.search(line):
        return False
    return is_prose(line) or (len(line) < _SHORT and not _MACHINE_MARKS.search(_MARKUP.sub("", line)))


def _tokens(line: str) -> list[str]:
    """Return the words of a line, with a mark for each mention, link, name, time and share."""
    plain = _MARKUP.sub(lambda found: f" ⟨{found.lastgroup}⟩ ", line.translate(_TYPOGRAPHY).lower())
    tokens: list[str] = []
    for part in plain.split():
        if part.startswith("⟨"):
            tokens.append(part)
        else:
            tokens += ["0" if word.isdigit() else word for word in _WORD.findall(part)]
    return tokens


def _words(tokens: Sequence[str]) -> Iterator[str]:
    flat = [piece for token in tokens for piece in (token if token[:1] >= _HAN and token[:1] != "⟨" else (token,))]
    bounded = ["^", *flat, "$"]
    for first, second in pairwise(bounded):
        yield f"{first} {second}"
    for three in zip(bounded, bounded[1:], bounded[2:], strict=False):
        yield " ".join(three)
    for token in flat:
        yield token
        if token.isascii() and token.isalpha() and len(token) > 3:
            yield f"~{stem_of(token)}"
            padded = f"_{token}_"
            yield from (f"#{padded[at : at + 4]}" for at in range(len(padded) - 3))
    for token in bounded[1:3]:
        yield f"^{token}"


def _cues(tokens: Sequence[str], typed: Sequence[str], of: str = "cues") -> Iterator[str]:
    """Yield the classes of words that occur, in order, and pairs of classes that follow each other."""
    text = "\n".join(typed).lower()
    first = _first_of_each(tokens, of) if text.isascii() else _with_chinese(tokens, text, of)
    found = sorted(first.items(), key=_place)
    names = [name for name, _ in found]
    yield from (f"cue:{name}" for name in names)
    yield from (f"cues:{'+'.join(sorted(pair))}" for pair in pairwise(names))
    if not names:
        yield f"{of}:none"


def _deeds(tokens: Sequence[str], text: str) -> Iterator[str]:
    """Yield the forms of the verbs for what people do, and what stands beside them."""
    forms = _forms()
    before = ""
    for at, token in enumerate(tokens):
        form = forms.get(token, "")
        if form:
            yield f"deed:{form}"
            yield f"deed:{before or '^'}+{form}"
            if at < _EARLY:
                yield f"deed:first:{form}"
        if form or token in _BESIDE:
            before = form or token
    if not text.isascii():
        yield from dict.fromkeys(f"deed:{name}" for name in _han_deeds(text))


def _han_deeds(text: str) -> Iterator[str]:
    for found in _verbs_zh().finditer(text):
        if found["noun"]:
            yield f"zh:{'person' if found['noun'] in _people_zh() else 'noun'}"
            continue
        ahead, behind = text[max(0, found.start() - 3) : found.start()], text[found.end() : found.end() + 3]
        form = next(
            (name for name, where, marks in _ASPECTS for mark in marks if mark in (ahead if where else behind)), "bare"
        )
        yield f"zh:{form}"


def _summary(text: str) -> Iterator[str]:
    """Yield what a message before this one tells about it."""
    typed, printed = _divided(text)
    tokens = [token for line in typed for token in _tokens(line)]
    yield from (cue for cue in _cues(tokens, typed) if cue.startswith("cue:"))
    if "?" in tokens:
        yield "asks"
    if printed:
        yield "printed"
    if tokens:
        yield f"^{tokens[0]}"
        yield f"{tokens[-1]}$"
    yield f"typed:{_bucket(len(tokens))}"


def is_deed(word: str) -> bool:
    """Return whether a word is a form of a verb for what people do to systems."""
    return _forms().get(word, "noun") not in ("noun", "person")


@cache
def _forms() -> Mapping[str, str]:
    """Return the form of each form of a verb, and the sort of each noun."""
    data = _words_of_deeds()
    forms = dict.fromkeys(data["nouns"].split(), "noun") | dict.fromkeys(data["people"].split(), "person")
    for verb in data["verbs"].split():
        ing, *done = data["irregular"].get(verb) or (
            [f"{verb[:-1]}ing", f"{verb}d"]
            if verb.endswith("e")
            else [f"{verb}ing", f"{verb[:-1]}ied"]
            if verb[-1] == "y" and verb[-2] not in "aeou"
            else [f"{verb}ing", f"{verb}ed"]
        )
        forms |= {verb: "base", f"{verb}s": "third", ing: "ing"} | dict.fromkeys(done, "past")
    return forms


@cache
def _verbs_zh() -> re.Pattern[str]:
    data = _words_of_deeds()
    nouns = sorted([*data["nouns_zh"].split(), *data["people_zh"].split()], key=len, reverse=True)
    verbs = sorted(data["verbs_zh"].split(), key=len, reverse=True)
    return re.compile(f"(?P<noun>{'|'.join(nouns)})|(?:{'|'.join(verbs)})")


@cache
def _people_zh() -> frozenset[str]:
    return frozenset(_words_of_deeds()["people_zh"].split())


@cache
def _words_of_deeds() -> Mapping[str, Any]:
    data: Mapping[str, Any] = yaml.safe_load((files(__package__) / "verbs.yaml").read_text(encoding="utf-8"))
    return data


def _bucket(count: int) -> str:
    return next((f"<{most}" for most in (1, 2, 3, 5, 8, 13, 21, 40, 80) if count < most), "more")


def _place(found: tuple[str, int]) -> tuple[int, str]:
    return found[1], found[0]


def _first_of_each(tokens: Sequence[str], of: str) -> dict[str, int]:
    """Return the place of the first word or phrase of each class."""
    first: dict[str, int] = {}
    classes = _word_classes(of)
    for at, token in enumerate(tokens):
        for name in (*classes.of_word(token), *(name for _, name in classes.phrases_at(tokens, at))):
            first.setdefault(name, at)
    return first


def _with_chinese(tokens: Sequence[str], text: str, of: str) -> dict[str, int]:
    first = _first_of_each(tokens, of)
    for name, words in _chinese(of).items():
        if found := words.search(text):
            first[name] = min(found.start(), first.get(name, found.start()))
    return first


@cache
def _word_classes(of: str) -> WordClasses:
    return WordClasses(_lexicon(of, "en"))


@cache
def _chinese(of: str) -> Mapping[str, re.Pattern[str]]:
    return {name: re.compile("|".join(map(re.escape, words))) for name, words in _lexicon(of, "zh").items()}


@cache
def _lexicon(of: str, language: str) -> Mapping[str, Sequence[str]]:
    """Return the words of each class of cues; those of requests belong to the general ones."""
    found = {}
    for name in ("cues", "asks") if of == "cues" else (of,):
        classes = yaml.safe_load((files(__package__) / f"{name}.yaml").read_text(encoding="utf-8"))
        for of_class, words in classes.items():
            found[of_class if name == "cues" else f"{name}.{of_class}"] = listed(words[language])
    return found
