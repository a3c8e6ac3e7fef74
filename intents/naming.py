"""Choose what a hypothesis names from the names in a text: an object with the namespace that the text gives to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from intents.alerts.labels import CUT, is_missing, labels_in, titled_objects
from intents.alerts.objects import OF_TARGETS, SUBJECT_OF, USUAL_OBJECTS, is_address, object_of, scraped_pod
from intents.catalog.schema import Incident
from intents.domain import Hypothesis, Symptom
from intents.kinds import IN_GENERAL, KINDS, SPELLINGS, WORDS
from intents.named_objects import LABEL, Entity, Focus
from intents.signature_finder import Occurrence
from intents.spoken_names import is_word
from intents.symptoms import read_symptoms

# So many guesses are looked up for a hypothesis.
MOST_GUESSES: Final = 4
# Of so many objects that a text names side by side the state is read.
MOST_CANDIDATES: Final = 10
_HOST: Final = re.compile(rf"(?:(?P<pod>{LABEL})\.)?(?P<service>{LABEL})\.(?P<namespace>{LABEL})\.svc(?![-\w])")
_WORD: Final = r"[A-Za-z][-A-Za-z0-9]*[A-Za-z0-9]"
# A word, or the two of `shop/basket`.
_NAME_IN_QUESTION: Final = re.compile(rf"(?<![-\w./@])(?:({_WORD})/)?({_WORD})(?![-\w/@])")
# In characters: a longer text is a paste.
_LONGEST_QUESTION: Final = 200
_IN_A_HOST: Final = frozenset({"pod", "service", "namespace"})
# Of an alert, its labels name these beside the kinds of objects.
_BESIDE_OBJECTS: Final = frozenset({"namespace", "container", "object"})


@dataclass(slots=True)
class TextNames:
    """The names of a whole text, from which each hypothesis takes its own."""

    symptoms: Sequence[Symptom]
    values: dict[str, dict[str, None]] = field(default_factory=dict)
    namespaces: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)
    guesses: dict[Entity, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.symptoms = _of_alert(self.symptoms)
        for symptom in self.symptoms:
            for name in symptom.entities:
                if not name.certain:
                    self.guesses.setdefault(name)
                    continue
                self.values.setdefault(name.kind, {}).setdefault(name.value)
                if name.namespace:
                    self.namespaces.setdefault((name.kind, name.value), {}).setdefault(name.namespace)
        # Matches count the lines that are evidence.
        self.symptoms = tuple(symptom for symptom in self.symptoms if symptom.told)

    def of(self, incident: Incident, occurrences: Sequence[Occurrence]) -> Hypothesis:
        """Return a hypothesis with its names: captured by its matches, on their lines, or anywhere if unambiguous."""
        named: dict[str, str] = {}
        for occurrence in occurrences:
            for kind, value in self._captured(occurrence).items():
                named.setdefault(kind, value)
        for occurrence in occurrences:
            for name in self.symptoms[occurrence.line].entities:
                if name.certain:
                    named.setdefault(name.kind, name.value)
        for kind, values in self.values.items():
            if len(values) == 1:
                named.setdefault(kind, next(iter(values)))
        about = next((word for word in incident.about if word in named), "")
        if about:
            self._place(named, about, occurrences)
            alike = len(self.values.get(about, {}).keys() - {named[about]})
            guesses = self._guesses(named, incident, occurrences)
        else:
            several = self._candidates(incident)
            alike = max(len(several) - 1, 0)
            guesses = several or self._guesses(named, incident, occurrences)
        # What may be a name is no reason to pass over an object that is named, unless the incident is about its kind.
        besides = None if about or (guesses and incident.about) else self._besides(named)
        return Hypothesis(
            incident=incident.id,
            score=0.0,
            named=MappingProxyType(dict(sorted(named.items()))),
            guesses=guesses,
            besides=besides,
            alike=alike,
            anywhere=incident.is_of_programs,
        )

    def objects(self) -> tuple[Entity, ...]:
        """Return the objects that the text names, with their namespaces, the certain ones first."""
        home = next(iter(self.values.get("namespace", ()))) if len(self.values.get("namespace", ())) == 1 else ""
        certain = [
            Entity(kind=kind, value=value, namespace=next(iter(self.namespaces.get((kind, value), {})), home))
            for kind in (*IN_GENERAL, *(other for other in KINDS if other not in IN_GENERAL))
            for value in self.values.get(kind, ())
        ]
        guessed = [guess for guess in self.guesses if guess.kind == "object" or guess.kind in KINDS]
        return tuple((*certain, *guessed)[:MOST_CANDIDATES])

    def _besides(self, named: Mapping[str, str]) -> Entity | None:
        """Return the object that the text names although its kind is not what the incident is about."""
        word = next((word for word in IN_GENERAL if word in named), "")
        if not word:
            return None
        namespaces = self.namespaces.get((word, named[word]), {})
        namespace = next(iter(namespaces)) if len(namespaces) == 1 else named.get("namespace", "")
        return Entity(kind=word, value=named[word], namespace="" if word == "node" else namespace)

    def _candidates(self, incident: Incident) -> tuple[Entity, ...]:
        """Return the objects of which the text names several, so that only the cluster can tell which one it means."""
        word = next((word for word in incident.about if len(self.values.get(word, ())) > 1), "")
        return tuple(
            Entity(kind=word, value=value, namespace=next(iter(self.namespaces.get((word, value), {})), ""))
            for value in list(self.values.get(word, ()))[:MOST_CANDIDATES]
        )

    def _captured(self, occurrence: Occurrence) -> dict[str, str]:
        """Return the captures of a match that are names: no English word, and parts of a host name each by itself."""
        line = self.symptoms[occurrence.line].text
        captured: dict[str, str] = {}
        for kind, value in occurrence.captures.items():
            if kind in _IN_A_HOST and (host := _host_around(value, line)):
                captured |= {part: name for part, name in host.items() if name and part in occurrence.captures}
            elif not ((kind in KINDS or kind == "namespace") and is_word(value) and not _is_quoted(value, line)):
                captured[kind] = value
        return captured

    def _place(self, named: dict[str, str], about: str, occurrences: Sequence[Occurrence]) -> None:
        """Give the object in question the namespace that the text gives to it, never that of another object."""
        own = self.namespaces.get((about, named[about]), {})
        together = any({about, "namespace"} <= occurrence.captures.keys() for occurrence in occurrences)
        if together and named.get("namespace"):
            return
        if len(own) == 1:
            named["namespace"] = next(iter(own))
        elif namespace := named.get("namespace"):
            others = {value for kind, value in self.namespaces if kind == about and value != named[about]}
            if any(namespace in self.namespaces[about, other] for other in others):
                del named["namespace"]

    def _guesses(
        self, named: Mapping[str, str], incident: Incident, occurrences: Iterable[Occurrence]
    ) -> tuple[Entity, ...]:
        """Return what may be names of kinds that are not named yet, those of the matched lines first."""
        wanted = {"namespace", "object", *(incident.about or KINDS)} - named.keys()
        near = {name: None for each in occurrences for name in self.symptoms[each.line].entities if not name.certain}
        kept = [name for name in (near | self.guesses) if name.kind in wanted]
        # Those with a kind of their own are more likely names.
        return tuple(sorted(kept, key=lambda name: name.kind == "object")[:MOST_GUESSES])


def _of_alert(symptoms: Sequence[Symptom]) -> Sequence[Symptom]:
    """Return the symptoms of an alert with its object in place of what its other labels name; others as they are."""
    lines = [symptom.text for symptom in symptoms]
    labels = labels_in(lines)
    about = scraped_pod(labels) or object_of(labels)
    if labels:
        # What a template writes where an alert has no such label: "pod: null".
        symptoms = _renamed(symptoms, (), lambda one: is_missing(one.value))
    if about is not None and about.kind in WORDS:
        # Of an address or a cut name only the cluster knows which object has it.
        named = [replace(_entity(about), certain=not (is_address(about.name) or about.name.endswith(CUT)))]
        named += [Entity(kind="namespace", value=about.namespace)] if about.namespace else []
        named += [Entity(kind="container", value=about.container)] if about.container else []
        return _renamed(symptoms, named, lambda one: one.kind in KINDS or one.kind in _BESIDE_OBJECTS)
    titled = [each for each in titled_objects(lines) if each.kind in WORDS]
    words = {WORDS[each.kind] for each in titled}
    if titled and not any(one.certain and one.kind in words for symptom in symptoms for one in symptom.entities):
        return _renamed(symptoms, _guesses_of(titled), lambda one: one.kind in KINDS or one.kind == "object")
    return _without_target(symptoms, labels) if labels and not titled else symptoms


def _renamed(
    symptoms: Sequence[Symptom], named: Sequence[Entity], unwanted: Callable[[Entity], bool]
) -> Sequence[Symptom]:
    """Return the symptoms with these names in place of the unwanted ones."""
    kept = [replace(each, entities=tuple(one for one in each.entities if not unwanted(one))) for each in symptoms]
    return [replace(kept[0], entities=(*named, *kept[0].entities)), *kept[1:]]


def _guesses_of(titled: Sequence[Focus]) -> list[Entity]:
    """Return what a title may name; a name for which it has several namespaces is looked up in all of the cluster."""
    homes: dict[tuple[str, str], dict[str, None]] = {}
    for each in titled:
        homes.setdefault((each.kind, each.name), {}).setdefault(each.namespace)
    return [
        Entity(kind=WORDS[kind], value=name, namespace=next(iter(own)) if len(own) == 1 else "", certain=False)
        for (kind, name), own in homes.items()
    ]


def _without_target(symptoms: Sequence[Symptom], labels: Mapping[str, str]) -> Sequence[Symptom]:
    """Return the symptoms without the names of what Prometheus scrapes: its scrape job is no Job.

    The pod that is scraped is the one instance that an alert about a part of the cluster may name; else the object that
    this part usually is, if the cluster has it.
    """
    scraped = OF_TARGETS if object_of(labels) else OF_TARGETS | {"namespace"}
    target = {value for label, value in labels.items() if label in scraped}
    pod, namespace = labels.get("pod", ""), labels.get("namespace", "")
    named = [Entity(kind="pod", value=pod, namespace=namespace), Entity(kind="namespace", value=namespace)]
    usual = USUAL_OBJECTS.get(SUBJECT_OF.get(labels.get("alertname", ""), ""))
    own = tuple(named) if pod and namespace else (replace(_entity(usual), certain=False),) if usual else ()
    return _renamed(symptoms, own, lambda one: bool({one.value, f"{one.namespace}/{one.value}"} & target))


def _entity(about: Focus) -> Entity:
    return Entity(kind=WORDS[about.kind], value=about.name, namespace=about.namespace)


def possible_names(text: str) -> tuple[str, ...]:
    """Return the words of a short question that may be names of objects, in order; () for a longer text."""
    if len(text) > _LONGEST_QUESTION:
        return ()
    found = (word for match in _NAME_IN_QUESTION.finditer(text) for word in match.groups() if word)
    words = dict.fromkeys(word.lower() for word in found)
    return tuple(word for word in words if not (is_word(word) or SPELLINGS.get(word)))[:MOST_GUESSES]


def namespaces_in(text: str) -> tuple[Entity, ...]:
    """Return the namespaces that a short question may name, in order; () for a longer text."""
    if len(text) > _LONGEST_QUESTION:
        return ()
    return tuple(name for symptom in read_symptoms(text) for name in symptom.entities if name.kind == "namespace")


def _host_around(value: str, line: str) -> Mapping[str, Any]:
    """Return the parts of the host name under .svc that a captured text is a part of."""
    for host in _HOST.finditer(line):
        if value in host.group() and (("." in value) or value == "svc" or value in host.groups()):
            return host.groupdict()
    return {}


def _is_quoted(value: str, line: str) -> bool:
    return any(f"{mark}{value}{mark}" in line for mark in ("'", '"', "`"))
