"""Read the words of a person's line of which one may be a namespace and another a name in it.

`worker (shop)`, `shop: worker`, `worker@shop`, `shop 的 worker`: people join the two in any way. Which word is a
namespace and which one a name, only the cluster can tell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from intents.catalog.schema import Incident
from intents.domain import Entity, Hypothesis
from intents.kinds import CLUSTER_SCOPED, IN_GENERAL, KINDS, SPELLINGS
from intents.matcher import MatchResult
from intents.spoken_names import is_word

# In characters: a longer line is a paste.
_LONGEST_LINE: Final = 200
# So many words of a line are looked up.
_MOST_WORDS: Final = 12
_WORD: Final = r"[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?"
# After these a noun follows, or a line begins.
_BEFORE_SUBJECT: Final = frozenset({"", "the", "my", "our", "does", "did", "of", "with"})
# One word or two that a sign joins; no part of a path, an image, a host name or an assignment.
_WORDS: Final = re.compile(
    rf"(?<![-\w./@:=\\])({_WORD})(?:(?:\s?/\s?|[@.])({_WORD}))?(?![-\w/@=\\]|\s/|[.:]\S)", re.ASCII
)


_BRACKETED: Final = re.compile(rf"[(\[（]({_WORD}) (in)\b", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenWords:
    """The words of a line that may be names, in order, and those that a sign joins to themselves: `shop/shop`.

    `kinds` are the words of the kinds that stand beside them: "the ingress posts", "posts 这个 Ingress".
    """

    line: str = ""
    words: tuple[str, ...] = ()
    twice: frozenset[str] = frozenset()
    kinds: Mapping[str, str] = field(default_factory=dict)

    def beside(self, place: str) -> tuple[str, ...]:
        """Return the words that may be the name of an object in a place.

        Those that begin a clause with their place come first: "…, db-dump in shop made no job".
        """
        at = re.escape(place)
        in_place = rf"(?:^|[,;:.(，；：。（]) ?(?:({_WORD}) in {at}(?![-\w])|{at} ?(?:命名空间|里|中)?的 ?({_WORD}))"
        found = re.findall(in_place, self.line, re.ASCII | re.IGNORECASE)
        there = {word.lower() for words in found for word in words}
        words = (word for word in self.words if word != place or word in self.twice)
        return tuple(sorted(words, key=lambda word: word not in there))


def spoken_words(text: str) -> SpokenWords:
    """Return the words of a short text, or of the first line of a longer one, that may be names."""
    line = text if len(text) <= _LONGEST_LINE else text.strip().partition("\n")[0]
    if len(line) > _LONGEST_LINE:
        return SpokenWords()
    found = [[word.lower() for word in match.groups() if word] for match in _WORDS.finditer(line)]
    spoken = [word for each in found for word in each]
    around = [*zip(["", *spoken], spoken, [*spoken[1:], ""], strict=False)]
    # What stands first in brackets begins anew: "no replies (replies in help)".
    around += [("", match[1].lower(), match[2].lower()) for match in _BRACKETED.finditer(line)]
    words = dict.fromkeys(word for before, word, after in around if _may_be_name(word, before, after))
    twice = frozenset(each[0] for each in found if len(each) > 1 and each[0] == each[1])
    # "web" of "ingress web service" is what the kind before it says.
    kinds = {word: SPELLINGS[after] for word, after in pairwise(spoken) if after in SPELLINGS}
    kinds |= {word: SPELLINGS[before] for before, word in pairwise(spoken) if before in SPELLINGS}
    # "worker pods" are those of a workload of that name.
    kept = {word: kind for word, kind in kinds.items() if word in words and kind != "pod"}
    return SpokenWords(line=line, words=tuple(words)[:_MOST_WORDS], twice=twice, kinds=kept)


def _may_be_name(word: str, before: str, after: str) -> bool:
    if len(word) < 2 or word.isdigit() or SPELLINGS.get(word):
        return False
    # An everyday word right after a kind is what the object is called: "the cronjob report". So is one that stands for
    # a thing in a place, and the place: "does exporter in reports answer".
    is_subject = after == "in" and before in _BEFORE_SUBJECT
    return not is_word(word) or (before in SPELLINGS and before != "no") or is_subject or before == "in"


def placed(matching: MatchResult, named: Entity, incidents: Mapping[str, Incident]) -> MatchResult:
    """Return what a text matches with an object that it names in a namespace: names without one are in it too."""
    hypotheses = tuple(_placed(one, named, incidents[one.incident].about) for one in matching.hypotheses)
    return replace(matching, hypotheses=hypotheses, objects=_objects(matching.objects, named))


def _objects(objects: Sequence[Entity], named: Entity) -> tuple[Entity, ...]:
    others = (one for one in objects if one.certain and one.value != named.value)
    return (named, *(one if one.namespace else _in(one, named.namespace) for one in others))


def _in(name: Entity, namespace: str) -> Entity:
    return name if KINDS.get(name.kind) in CLUSTER_SCOPED else replace(name, namespace=namespace)


def _placed(one: Hypothesis, named: Entity, about: Sequence[str]) -> Hypothesis:
    home = named.namespace
    if one.named.get("namespace", home) != home:
        return one
    besides = _in(one.besides, home) if one.besides and not one.besides.namespace else one.besides
    there = {**one.named, "namespace": home}
    if any(word in one.named for word in about) or any(guess.certain for guess in one.guesses) or besides:
        return replace(one, named=there, besides=besides)
    if named.kind in about:
        return replace(one, named={**there, named.kind: named.value}, guesses=())
    return replace(one, named=there, guesses=(), besides=named if named.kind in IN_GENERAL else None)
