"""Word whom a cause hits: "Services web and admin, Ingress shop.example.com route to it (ready pods: 2 of 3)."."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from intents.domain import Dependents, Diagnosis, Language, Text
from intents.edges import EdgeType
from responses import words
from responses.sentences import finished, first_hypothesis

# So many of each kind are named at first glance; Details name all that are kept.
_NAMED: Final = 2
_TRAFFIC: Final = frozenset({EdgeType.SELECTS, EdgeType.ROUTES_TO})
# What one does with the object at fault, and what several do.
_COUNTED: Final = {
    EdgeType.RUNS_ON: (words.RUNS_ON_IT, words.RUN_ON_IT),
    EdgeType.REFERENCES: (words.USES_IT, words.USE_IT),
}


def hit(diagnosis: Diagnosis, language: Language, *, most: int = _NAMED) -> str:
    """Return whom the leading cause hits, with up to so many names of each kind; "" if nobody is known."""
    leading = first_hypothesis(diagnosis)
    home = leading.subject.namespace if leading and leading.subject else ""
    named = [(each, _named(each, home)) for each in diagnosis.impact]
    traffic = [(each, names) for each, names in named if each.via in _TRAFFIC]
    says = [_routing(traffic, language, most)] if traffic else []
    for via, verbs in _COUNTED.items():
        if those := [each for each in named if each[0].via is via]:
            says.append(_counted(those, verbs, language, most))
    return finished(words.SEMICOLON.in_(language).join(says), language)


def named_later(diagnosis: Diagnosis, language: Language) -> str:
    """Return whom the leading cause hits with all names that are kept, "" if the first glance has them already."""
    says = hit(diagnosis, language, most=max((len(each.first) for each in diagnosis.impact), default=0))
    return says if says != hit(diagnosis, language) else ""


@dataclass(frozen=True, slots=True)
class _Names:
    """Names of which some are known. Several Ingresses of one host have one name."""

    known: tuple[str, ...]
    unknown: int
    at_least: bool

    @property
    def count(self) -> int:
        return len(self.known) + self.unknown

    def listed(self, language: Language, most: int) -> str:
        """Return "a and b", or "a, b and 3 more"."""
        shown = self.known[:most]
        if not (rest := self.count - len(shown)):
            return _enumerated(shown, language)
        more = f"{rest}+" if self.at_least else rest
        return words.AND_MORE.in_(language).format(words.ENUMERATION.in_(language).join(shown), more)


def _named(those: Dependents, home: str) -> _Names:
    """Return the hosts that clients use, else the names, with their namespace unless it is that of the cause."""
    places = (
        one.host or (one.object.name if one.object.namespace in ("", home) else str(one.object).partition(" ")[2])
        for one in those.first
    )
    return _Names(tuple(dict.fromkeys(places)), those.count - len(those.first), those.at_least)


def _routing(groups: Sequence[tuple[Dependents, _Names]], language: Language, most: int) -> str:
    listed = [f"{_plural(each.kind, names.count, language)} {names.listed(language, most)}" for each, names in groups]
    count = sum(names.count for _, names in groups)
    whole = _enumerated(listed, language) if count == len(groups) else words.ENUMERATION.in_(language).join(listed)
    says = (words.ROUTES_TO_IT if count == 1 else words.ROUTE_TO_IT).in_(language).format(whole)
    pods, _ = groups[0]
    return says + (words.READY_PODS.in_(language).format(pods.ready, pods.of) if pods.of else "")


def _counted(
    groups: Sequence[tuple[Dependents, _Names]], verbs: tuple[Text, Text], language: Language, most: int
) -> str:
    """Return the only object, or the number of all with some names."""
    known = tuple(name for _, names in groups for name in names.known)
    every = _Names(known, sum(names.unknown for _, names in groups), any(names.at_least for _, names in groups))
    one, several = (each.in_(language) for each in verbs)
    listed = every.listed(language, most)
    return one.format(f"{groups[0][0].kind} {listed}") if every.count == 1 else several.format(every.count, listed)


def _enumerated(names: Sequence[str], language: Language) -> str:
    """Return a, b and c."""
    *before, last = names
    return words.AND.in_(language).format(words.ENUMERATION.in_(language).join(before), last) if before else last


def _plural(kind: str, count: int, language: Language) -> str:
    if count == 1 or language is not Language.EN:
        return kind
    return f"{kind}{'es' if kind.endswith('s') else 's'}"
