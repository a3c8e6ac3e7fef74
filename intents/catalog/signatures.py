"""Define signatures of an entry: the short form in the file, and the full form that is matched.

The short form is a phrase, a list of phrases, or `told`: words that people use, in one text. Word lists that entries
share have names in `words.yaml`: `$crashes` means all words of that list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from intents.catalog.fields import Key, Line, Model
from intents.packed import Packed
from intents.patterns import phrase_words

# Name of a list → its words.
Words: TypeAlias = Mapping[str, tuple[str, ...]]

_CAPTURE: Final = re.compile(r"<([a-z_][a-z0-9_]*)>")
_NAMED: Final = "$"


def _alternatives(value: Any, info: ValidationInfo) -> Any:
    """Return the phrases of a group, named lists written out. Such a group is in the order of its phrases."""
    phrases = (value,) if isinstance(value, str) else value
    if not isinstance(phrases, list | tuple) or not any(_is_named(phrase) for phrase in phrases):
        return phrases
    words: Words = (info.context or {}).get("words", {})
    whole: list[Any] = []
    for phrase in phrases:
        whole.extend(_written_out(phrase[1:], words) if _is_named(phrase) else (phrase,))
    return sorted(set(whole), key=str)


def _is_named(phrase: Any) -> bool:
    return isinstance(phrase, str) and phrase.startswith(_NAMED) and phrase[1:].isidentifier()


def _written_out(name: str, words: Words) -> tuple[str, ...]:
    if name not in words:
        known = ", ".join(f"${each}" for each in sorted(words))
        raise ValueError(f"no list of words is called ${name}; there are {known}")
    return words[name]


# Phrases in any order; `$name` is a shared list.
Phrases = Annotated[tuple[Line, ...], BeforeValidator(_alternatives)]
Alternatives = Annotated[Phrases, Field(min_length=1)]


class Signature(Model):
    """A pattern of the texts that show the incident: the message itself, with `<name>` for the parts that vary."""

    text: Line = ""
    """One phrase, its words in order. `<pod>` … captures, `<_>` skips; spacing, case and quotes do not matter."""
    all: tuple[Alternatives, ...] = ()
    """Phrases that must all occur somewhere in the text, in any order: for what people describe rather than paste. Of a
    list in their place one must occur: `[[pvc, claim], [pending, stuck], storageclass]`. `$name` is a shared list."""
    means: dict[Key, str] = Field(default_factory=dict)
    """Names that the text means without writing them, as if `<name>` had captured them: {api: metrics.k8s.io}."""
    hint: bool = False
    """Never enough by itself: it only adds to another signature of the same incident."""

    @model_validator(mode="after")
    def _one_form(self) -> Signature:
        if bool(self.text) == bool(self.all):
            raise ValueError("a signature has either `text` or `all`")
        if len(self.all) == 1:
            raise ValueError("`all` needs at least two phrases")
        # A loop over all phrases that costs little: a catalog has tens of thousands.
        for phrase in self.phrases:
            if phrase.startswith("<") and not phrase_words(phrase):
                raise ValueError(f"{phrase!r} has no words: placeholders alone match everything")
        return self

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The groups of phrases; of each group one phrase must occur."""
        return self.all or ((self.text,),)

    @property
    def phrases(self) -> tuple[str, ...]:
        """Every phrase, whatever its group."""
        return tuple(phrase for group in self.groups for phrase in group)

    @cached_property
    def captures(self) -> tuple[str, ...]:
        """The names its phrases capture, each once. Every judgement of an incident asks for them."""
        found = dict.fromkeys((*(name for phrase in self.phrases for name in _CAPTURE.findall(phrase)), *self.means))
        return tuple(name for name in found if name != "_")

    def __str__(self) -> str:
        return " + ".join(" | ".join(group) for group in self.groups)


def _from_text(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


def _from_told(value: Any) -> Any:
    """Return the signatures of a text in which `;` ends one, `+` joins groups and `|` separates alternatives."""
    if not isinstance(value, str):
        return value
    signatures = (text.strip() for text in value.split(";"))
    return [
        {"all": [[phrase.strip() for phrase in group.split("|")] for group in signature.split("+")]}
        for signature in signatures
        if signature
    ]


class Told(Model):
    """Several signatures with `all` in one text."""

    told: Annotated[
        tuple[Signature, ...],
        BeforeValidator(_from_told, json_schema_input_type=str),
        Field(min_length=1),
    ]
    """`pvc|claim + pending; class + typo`: `;` ends a signature, `+` joins what must all occur, `|` separates
    alternatives; `$name` is a shared list."""


Phrase = Annotated[Signature, BeforeValidator(_from_text, json_schema_input_type=str)]
_Item = Annotated[Told | tuple[Phrase, ...] | Signature, BeforeValidator(_from_text, json_schema_input_type=Any)]


class Signatures(Packed[Signature]):
    """The signatures of an incident in the order of its file, each in its full form: those of a few are used."""

    read_as = Annotated[tuple[_Item, ...], Field(min_length=1)]

    def __init__(self, written: Iterable[Told | tuple[Signature, ...] | Signature]) -> None:
        super().__init__(signature for item in written for signature in _in_full(item))

    @staticmethod
    def pack(item: Signature) -> Any:
        return item.text, item.all, item.means, item.hint

    @staticmethod
    def unpack(plain: Any) -> Signature:
        text, groups, means, hint = plain
        return Signature.model_construct(text=text, all=groups, means=means, hint=hint)


def _in_full(item: Told | tuple[Signature, ...] | Signature) -> tuple[Signature, ...]:
    if isinstance(item, Signature):
        return (item,)
    return item.told if isinstance(item, Told) else item
