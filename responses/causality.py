"""Word the causal chain, the timeline and the impact of a diagnosis, for the terminal and for Slack.

Whom a cause hits is said as in "Services web and admin, Ingress shop.example.com route to it (2 of 3 pods ready)."
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from intents.domain import Dependents, Diagnosis, JudgedHypothesis, Language, Text, TimelineEvent
from intents.languages import quoted
from intents.named_objects import EdgeType
from responses import words
from responses.sentences import finished, first_hypothesis
from responses.shown import shortened

_QUOTE: Final = 140
# The timestamp and source location at the start of a log line: the timeline shows the time already.
_KLOG: Final = re.compile(r"^[IWEF]\d{4} [\d:.]+\s+\d+ [\w./-]+:\d+\]\s*")
_ZAP: Final = re.compile(r"^\[\d{4}/[\d/]+ [\d:.]+ [+\-\d:]+\] (?:\[\w+\] )?(?:\[[\w./]+:\d+\] )?")
_ZAP_MESSAGE: Final = re.compile(r'^\["((?:[^"\\]|\\.)*)"\]')
_STAMP: Final = re.compile(r"^\d{4}[-/]\d\d[-/]\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?\s+")
_JSON: Final = re.compile(r'"(?:msg|message)":"((?:[^"\\]|\\.)*)"')
_BESIDE: Final = re.compile(r'"(took|error|err)":"((?:[^"\\]|\\.)*)"')


def explanation(one: JudgedHypothesis, diagnosis: Diagnosis, language: Language) -> str:
    """Return which upstream incident explains this one, and whether that one is shown above or below."""
    order = [each.key for each in diagnosis.hypotheses]
    below = one.cause in order and one.key in order and order.index(one.key) < order.index(one.cause)
    cause = next((each.title.in_(language) for each in diagnosis.hypotheses if each.key == one.cause), "")
    return (words.LIKELY_CAUSED_BY if below else words.EXPLAINED_BY).in_(language).format(cause or one.effect_of[:100])


def effects(one: JudgedHypothesis, diagnosis: Diagnosis) -> tuple[JudgedHypothesis, ...]:
    """Return the hypotheses that a cause explains, direct effects first."""
    found: list[JudgedHypothesis] = []
    reached = {one.key}
    while more := [each for each in diagnosis.hypotheses if each.cause in reached and each.key not in reached]:
        found += more
        reached |= {each.key for each in more}
    return tuple(found)


def effect_line(one: JudgedHypothesis, language: Language, *, cause: JudgedHypothesis, of_text: bool) -> str:
    """Return an effect in one line; it is marked if it is what was pasted and its cause is not."""
    where = f" · {one.subject}" if one.subject else ""
    pasted = of_text and bool(one.hypothesis.matches) and not cause.hypothesis.matches
    return f"{one.title.in_(language)}{where}{words.PASTED.in_(language) if pasted else ''}"


def moment_time(moment: TimelineEvent, observed_at: datetime | None) -> str:
    """Return 02:40:57, with the date if it is not the date of the answer."""
    same_day = observed_at is None or observed_at.date() == moment.at.date()
    return f"{moment.at:%H:%M:%S}" if same_day else f"{moment.at:%m-%d %H:%M:%S}"


def moment_text(moment: TimelineEvent, language: Language) -> str:
    """Return what happened, to which object and how often."""
    times = f" ×{moment.count}" if moment.count > 1 else ""
    lasting = words.STILL_LASTING.in_(language) if moment.lasts else ""
    says = gist(moment.says.in_(language))
    return f"{moment.subject}{times}: {quoted(says) if moment.verbatim else says}{lasting}"


def gist(line: str) -> str:
    """Return the message of a log line, cut if it is long."""
    return shortened(message_of(line), most=_QUOTE)


def message_of(line: str) -> str:
    """Return a log line without its own timestamp and source location; of JSON, its message."""
    text = " ".join(line.split())
    if found := _JSON.search(text):
        beside = [f"{key} {value}" for key, value in _BESIDE.findall(text)]
        text = ", ".join([found[1], *beside])
    for pattern in (_KLOG, _ZAP, _STAMP):
        text = pattern.sub("", text)
    return _ZAP_MESSAGE.sub(r"\1", text)


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
