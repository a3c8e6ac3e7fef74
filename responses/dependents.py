"""Word whom a cause hits: "Services web and admin, Ingress shop.example.com route to it (ready pods: 2 of 3)."."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from intents.domain import Dependent, Dependents, Diagnosis, Language, Text
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
    EdgeType.PROVIDES: (words.NEEDS_IT, words.NEED_IT),
}


def hit(diagnosis: Diagnosis, language: Language, *, most: int = _NAMED) -> str:
    """Return whom the leading cause hits, with up to so many names of each kind; "" if nobody is known."""
    routing = [each for each in diagnosis.impact if each.via in _TRAFFIC]
    says = [
        _routing(routing, diagnosis, language, most) if routing else "",
        *(
            _counted([each for each in diagnosis.impact if each.via is via], verbs, diagnosis, language, most)
            for via, verbs in _COUNTED.items()
        ),
    ]
    return finished(words.SEMICOLON.in_(language).join(filter(None, says)), language)


def named_later(diagnosis: Diagnosis, language: Language) -> str:
    """Return whom the leading cause hits with all names that are kept, "" if the first glance has them already."""
    says = hit(diagnosis, language, most=max((len(each.first) for each in diagnosis.impact), default=0))
    return says if says != hit(diagnosis, language) else ""


def _routing(groups: Sequence[Dependents], diagnosis: Diagnosis, language: Language, most: int) -> str:
    count = sum(each.count for each in groups)
    named = [
        f"{_plural(each, language)} {_names(each.first, each.count, diagnosis, language, most)}" for each in groups
    ]
    listed = _enumerated(named, language) if count == len(groups) else words.ENUMERATION.in_(language).join(named)
    says = (words.ROUTES_TO_IT if count == 1 else words.ROUTE_TO_IT).in_(language).format(listed)
    ready = next((each for each in groups if each.of), None)
    return says + (words.READY_PODS.in_(language).format(ready.ready, ready.of) if ready else "")


def _counted(
    groups: Sequence[Dependents], verbs: tuple[Text, Text], diagnosis: Diagnosis, language: Language, most: int
) -> str:
    """Return the only object, or the number of all with some names."""
    first, count = [one for each in groups for one in each.first], sum(each.count for each in groups)
    if not count:
        return ""
    names = _names(first, count, diagnosis, language, most)
    one, several = (each.in_(language) for each in verbs)
    return one.format(f"{groups[0].kind} {names}") if count == 1 else several.format(count, names)


def _names(some: Sequence[Dependent], count: int, diagnosis: Diagnosis, language: Language, most: int) -> str:
    names = [_name(one, diagnosis) for one in some[:most]]
    if rest := count - len(names):
        return words.AND_MORE.in_(language).format(words.ENUMERATION.in_(language).join(names), rest)
    return _enumerated(names, language)


def _enumerated(names: Sequence[str], language: Language) -> str:
    """Return a, b and c."""
    *before, last = names
    return words.AND.in_(language).format(words.ENUMERATION.in_(language).join(before), last) if before else last


def _name(one: Dependent, diagnosis: Diagnosis) -> str:
    """Return the host that clients use, else the name, with its namespace unless the cause is of the same one."""
    leading = first_hypothesis(diagnosis)
    home = leading.subject.namespace if leading and leading.subject else ""
    place = one.object.namespace
    return one.host or (one.object.name if place in ("", home) else f"{place}/{one.object.name}")


def _plural(group: Dependents, language: Language) -> str:
    if group.count == 1 or language is not Language.EN:
        return group.kind
    return f"{group.kind}{'es' if group.kind.endswith('s') else 's'}"
