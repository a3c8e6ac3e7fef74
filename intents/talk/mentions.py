"""Find the objects that a question names, among those that a cluster has.

Any word of a question may be a name; only the cluster can tell. What stands beside a name decides between equal ones:
its kind, its namespace, the thread's subject.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from intents.domain import ObjectRef
from intents.kinds import KINDS, NAMED, SPELLINGS
from intents.spoken_names import is_word

# The kinds that a bare name means, those first that people most often mean.
BY_NAME: Final = (
    "Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Service", "Ingress", "HorizontalPodAutoscaler",
    "PersistentVolumeClaim",
)  # fmt: skip
_NAMESPACE: Final = "Namespace"
_SECRET: Final = "secret"
_TOKEN: Final = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:/[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?){0,2}"
)
_URL: Final = re.compile(r"https?://\S+|<[@!#][^>]*>")
# The last part of a pod's name, twice for a Deployment's: "-7d9f8b6c54-x2x9z", "-0".
_OF_A_POD: Final = re.compile(r"-[a-z0-9]{5,10}$|-\d{1,4}$")
_HAN_KINDS: Final = {han: kind.kind for kind in NAMED for han in kind.han.split()} | {
    "命名空间": _NAMESPACE,
    "空间": _NAMESPACE,
}
_KIND_WORDS: Final = dict(SPELLINGS) | {
    "autoscaler": "hpa",
    "volume": "pvc",
    "disk": "pvc",
    "claim": "pvc",
    "cron": "cronjob",
}
_DIGIT_AT_END: Final = re.compile(r"-[a-z0-9]{5}$|-\d{1,4}$")
# What stands before a place: "what changed in shop?" is about the namespace, whatever is called so too.
_WITHIN: Final = frozenset({"in", "inside", "within", "across"})
_TO_PLACE: Final = _WITHIN | {"to", "from", "of", "for", "with", "and", "or", "vs", "versus", "than", "on", "at"}
_NEAR: Final = 6
_BETWEEN: Final = " 的这个那"
_LEAST_MISSPELT: Final = 4
_LONGEST: Final = 2_000
# In words. In longer texts a letter is rarely a name.
_SHORT_TEXT: Final = 4
_PLAINLY_NAMED: Final = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What a cluster has, as far as the asker may see it."""

    namespaces: frozenset[str] = frozenset()
    objects: Mapping[str, tuple[ObjectRef, ...]] = field(default_factory=dict)  # by name; nodes too


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """What a question names, in its order. `first` is the surest, `equals` what that may mean as well; without `first`
    these are the objects of that name outside the namespace that the question names.

    `places` are the namespaces that it names, those included that only say where an object is.
    `words` are those that name something, `unknown` those that look like names and are none; `misspelt` is the one that
    was read as `first`. `pods` are words that may be the names of pods, which the inventory need not have.
    """

    first: ObjectRef | None = None
    equals: tuple[ObjectRef, ...] = ()
    subjects: tuple[ObjectRef, ...] = ()
    places: tuple[str, ...] = ()
    words: frozenset[str] = frozenset()
    unknown: tuple[str, ...] = ()
    misspelt: str = ""
    pods: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """A word that may be a name: its namespace and kind as they stand beside it."""

    value: str
    written: str
    at: int
    namespace: str = ""
    kind: str = ""
    before: str = ""
    after: str = ""


def places_in(text: str, namespaces: frozenset[str]) -> tuple[str, ...]:
    """Return the namespaces that a text names, in its order."""
    words = _words_in(text[:_LONGEST])
    said = (part for word in words for part in (word.namespace, word.value) if part in namespaces)
    return tuple(dict.fromkeys(said))


def named_by_kind(text: str) -> ObjectRef | None:
    """Return the object of a kind that no inventory lists which a text names beside its kind: "configmap shop/urls".

    Its namespace is that which stands beside its name, if any: whether it exists, nothing here tells.
    """
    words = list(_words_in(text[:_LONGEST]))
    # Nothing asks about a Secret itself, so it is no kind of KINDS.
    words = [
        replace(word, kind="Secret") if word.before == _SECRET else word for word in words if word.value != _SECRET
    ]
    named = [word for word in words if word.kind and word.kind not in (_NAMESPACE, "Node", "Pod", *BY_NAME)]
    named = [word for word in named if not _kind_of(word.value) and (word.namespace or not is_word(word.value))]
    if not named:
        return None
    # "callers configmap urls": the kind stands before its name, rarely behind it.
    best = max(named, key=lambda word: (bool(word.namespace), _kind_of(word.before) == word.kind, -word.at))
    return ObjectRef(kind=best.kind, namespace=best.namespace, name=best.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """An object that a word names, how well it fits, and what fits as well."""

    score: float
    at: int
    one: ObjectRef
    equals: tuple[ObjectRef, ...] = ()


def mentions(text: str, inventory: Inventory, *, home: str = "", near: Sequence[ObjectRef] = ()) -> Mentions:
    """Return what a text names. `home` is the asker's namespace, `near` what the thread is about, the latest first.

    In a thread a namespace may stand for its namesake of the last object: "the one in thumbs". A name that a namespace
    and an object have is the object's, unless it says where.
    """
    words = list(_words_in(text[:_LONGEST]))
    context = _Context(inventory=inventory, words=words, home=home, near=near)
    by_word = {word.at: one for word in words if (one := context.found(word)) is not None}
    found = list(by_word.values())
    subjects = {one.one for one in found}
    used = {one.namespace for one in subjects}
    # A namespace that only says where another object is, is no subject of its own.
    found = [one for one in found if one.one.kind != _NAMESPACE or one.one.name not in used]
    unknown = tuple(word.value for word in words if word.at not in by_word and _looks_like_a_name(word))
    naming = frozenset(word.written for word in words if word.at in by_word and not _kind_of(word.value))
    if not found:
        return _misspelt(unknown, context)
    # Beside an object, a namespace tells where it is; and a word of the language that is called so is only a word.
    objects = [one for one in found if one.one.kind != _NAMESPACE and one.score >= _PLAINLY_NAMED]
    best = max(objects or found, key=lambda one: (one.score, -one.at))
    if objects:
        only_words = {
            word.at for word in words if not word.kind and word.before.isalpha() and word.before not in _TO_PLACE
        }
        found = [one for one in found if one.one.kind != _NAMESPACE or one.at not in only_words]
    said = {word.value for word in words if word.at != best.at and word.value in inventory.namespaces}
    said |= {word.namespace for word in words if word.namespace in inventory.namespaces}
    if said and best.one.namespace and best.one.namespace not in said:
        elsewhere = (best.one, *best.equals)
        return Mentions(equals=elsewhere, places=places_in(text, inventory.namespaces), words=naming, unknown=unknown)
    if near and (namesake := _namesake(best, near[0], inventory)):
        return Mentions(first=namesake, subjects=(namesake,), words=naming, unknown=unknown)
    return Mentions(
        first=best.one,
        equals=best.equals,
        subjects=tuple(dict.fromkeys(one.one for one in found)),
        places=places_in(text, inventory.namespaces),
        words=naming,
        unknown=unknown,
        pods=tuple(word.value for word in words if context.may_be_pod(word)),
    )


def _words_in(text: str) -> Iterator[_Word]:
    plain = _URL.sub(lambda found: " " * len(found[0]), text)
    tokens = [(found[0], found.start(), found.end()) for found in _TOKEN.finditer(plain)]
    for index, (token, start, end) in enumerate(tokens):
        parts = token.lower().removesuffix("'s").split("/")
        kind = ""
        if len(parts) > 1 and parts[0] in _KIND_WORDS:
            kind, parts = _kind_of(parts[0]), parts[1:]
        namespace = parts[-2] if len(parts) > 1 else ""
        before = (
            tokens[index - 1][0].lower() if index and not plain[tokens[index - 1][2] : start].strip(_BETWEEN) else ""
        )
        following = tokens[index + 1] if index + 1 < len(tokens) else ("", 0, 0)
        after = following[0].lower() if following[0] and not plain[end : following[1]].strip(_BETWEEN) else ""
        kind = kind or _kind_of(after) or _kind_of(before) or _han_kind(plain, start, end)
        yield _Word(
            value=parts[-1], written=token.lower(), at=start, namespace=namespace, kind=kind, before=before, after=after
        )


def _kind_of(word: str) -> str:
    spelt = _KIND_WORDS.get(word, "")
    return _NAMESPACE if spelt == "namespace" else KINDS.get(spelt, "")


def _han_kind(text: str, start: int, end: int) -> str:
    around = text[end : end + _NEAR].lstrip(_BETWEEN), text[max(0, start - _NEAR) : start].rstrip()
    return next((kind for han, kind in _HAN_KINDS.items() if around[0].startswith(han) or around[1].endswith(han)), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """A question's words and what surrounds it."""

    inventory: Inventory
    words: Sequence[_Word]
    home: str
    near: Sequence[ObjectRef]

    def found(self, word: _Word) -> _Found | None:
        """Return the best of what a word may name; None if it names nothing."""
        fitting = [*self._namespace(word)]
        if not fitting or word.before not in _WITHIN:
            fitting += self._objects(word) or self._only_one(word) or self._sibling(word)
        if not fitting:
            return None
        best = max(score for score, _ in fitting)
        one, *equals = (each for score, each in fitting if score == best)
        return _Found(score=best, at=word.at, one=one, equals=tuple(equals))

    def may_be_pod(self, word: _Word) -> bool:
        """Return whether a word may be the name of a pod: it is called one, or it is longer than a known name."""
        if word.value in self.inventory.objects or word.value in _KIND_WORDS:
            return False
        return word.kind == "Pod" or bool(self._objects(word)) or bool(_DIGIT_AT_END.search(word.value))

    def _namespace(self, word: _Word) -> Iterator[tuple[float, ObjectRef]]:
        if word.value in self.inventory.namespaces and not word.namespace:
            score = 3.0 if word.kind == _NAMESPACE else 0.9
            yield score - _plain(word), ObjectRef(kind=_NAMESPACE, namespace="", name=word.value)

    def _objects(self, word: _Word) -> list[tuple[float, ObjectRef]]:
        """Return the objects that have a name, or that a pod of it belongs to; those of the kind beside it, if any."""
        of_name = next(filter(None, map(self.inventory.objects.get, _names(word.value))), ())
        known = [one for one in of_name if word.namespace in ("", one.namespace)] or [*self._joined(word)]
        known = [one for one in known if one.kind == word.kind] or known
        return [(self._score(word, one), one) for one in known]

    def _joined(self, word: _Word) -> Iterator[ObjectRef]:
        """Yield the objects that a namespace and a name joined by a hyphen mean: "mailer-worker"."""
        parts = word.value.split("-")
        for count in range(1, len(parts)):
            namespace, name = "-".join(parts[:count]), "-".join(parts[count:])
            yield from (one for one in self.inventory.objects.get(name, ()) if one.namespace == namespace)

    def _only_one(self, word: _Word) -> list[tuple[float, ObjectRef]]:
        """Return what a kind without a name means: "the ingress of shop", "the deployment itself" in a thread."""
        kind = _kind_of(word.value)
        if any(self._objects(other) for other in self.words):
            return []
        if kind == "Node":
            return [(1.0, one) for one in self.near if one.kind == kind][:1]
        if kind not in BY_NAME:
            return []
        every = {one for named in self.inventory.objects.values() for one in named if one.kind == kind}
        namesakes = [
            one for last in self.near[:1] for one in every if (one.namespace, one.name) == (last.namespace, last.name)
        ]
        places = self._places(word) or {one.namespace for one in self.near[:1]}
        there = namesakes or [one for one in every if one.namespace in places]
        return [(1.0, there[0])] if len(there) == 1 else []

    def _sibling(self, word: _Word) -> list[tuple[float, ObjectRef]]:
        """Return the object whose name a short text completes: after worker-b, "and c?" is worker-c."""
        if not self.near or len(self.words) > _SHORT_TEXT or word.namespace:
            return []
        last = self.near[0]
        name = f"{last.name.rpartition('-')[0]}-{word.value}"
        known = self.inventory.objects.get(name, ()) if "-" in last.name else ()
        return [(0.8, one) for one in known if (one.kind, one.namespace) == (last.kind, last.namespace)]

    def _places(self, but: _Word) -> frozenset[str]:
        others = (word for word in self.words if word.at != but.at and not word.namespace)
        return frozenset(word.value for word in others if word.value in self.inventory.namespaces)

    def _score(self, word: _Word, one: ObjectRef) -> float:
        score = (
            1.0 + 3 * bool(word.namespace) + 2 * (word.kind == one.kind) + 1.5 * (one.namespace in self._places(word))
        )
        score += 0.7 * (one.namespace == self.home) * bool(self.home) + _nearness(one, self.near) - _plain(word)
        return score - 0.01 * (BY_NAME.index(one.kind) if one.kind in BY_NAME else 0)


def _looks_like_a_name(word: _Word) -> bool:
    """Return whether a word that names nothing looks like a name."""
    if word.value in _KIND_WORDS or is_word(word.value):
        return False
    return bool(word.kind or word.namespace) or len(word.value) >= _LEAST_MISSPELT


def _namesake(found: _Found, last: ObjectRef, inventory: Inventory) -> ObjectRef | None:
    """Return the object of a namespace that has kind and name of the last one; None where the namespace is meant."""
    if found.one.kind != _NAMESPACE or found.score > 1 or last.namespace in ("", found.one.name):
        return None
    others = inventory.objects.get(last.name, ())
    return next((one for one in others if (one.kind, one.namespace) == (last.kind, found.one.name)), None)


def _names(value: str) -> Iterator[str]:
    """Yield a name, and the names of what a pod of that name may belong to."""
    yield value
    yield (shorter := _OF_A_POD.sub("", value))
    yield _OF_A_POD.sub("", shorter)


def _nearness(one: ObjectRef, near: Sequence[ObjectRef]) -> float:
    if one in near:
        return 0.6
    return 0.5 if one.namespace and one.namespace in {other.namespace or other.name for other in near} else 0.0


def _plain(word: _Word) -> float:
    """Return how much less a word of the language counts as a name."""
    return 0.3 if is_word(word.value) or word.value in _KIND_WORDS else 0.0


def _misspelt(unknown: Sequence[str], context: _Context) -> Mentions:
    """Return what the one known name means that is nearly one of the words."""
    from rapidfuzz.distance import DamerauLevenshtein  # noqa: PLC0415 - only for a word that is not known
    from rapidfuzz.process import extract_iter  # noqa: PLC0415 - as above

    # Where a subject is known a short word is rather a word: "did anybody ship something" is not about shop.
    least = _LEAST_MISSPELT + bool(context.near)
    known = [name for name in {*context.inventory.objects, *context.inventory.namespaces} if len(name) >= least]
    close = {
        (word, name)
        for word in unknown
        for name, apart, _ in extract_iter(word, known, scorer=DamerauLevenshtein.distance, score_cutoff=1)
        if apart == 1
    }
    if len({name for _, name in close}) != 1:
        pods = tuple(word.value for word in context.words if context.may_be_pod(word))
        return Mentions(unknown=tuple(unknown), pods=pods)
    word, name = min(close)
    meant = mentions(name, context.inventory, home=context.home, near=context.near)
    return replace(meant, words=frozenset({word}), misspelt=word)
