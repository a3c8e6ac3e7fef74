"""Rank judged hypotheses: causes before their effects, the better proven before the others. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from intents.catalog.loader import Catalog
from intents.chains import causes_of, may_cause
from intents.domain import Finding, FindingOutcome, HypothesisKey, JudgedHypothesis, Verdict
from intents.verdicts import supported

_ORDER: Final = {Verdict.CONFIRMED: 0, Verdict.LIKELY: 1, Verdict.POSSIBLE: 2, Verdict.OFFERED: 3, Verdict.RULED_OUT: 4}


def rank(judged: Iterable[JudgedHypothesis], catalog: Catalog, *, now: datetime) -> tuple[JudgedHypothesis, ...]:
    """Order hypotheses by verdict and score. An effect follows the cause that explains it unless it is better proven.

    A general incident always follows: it says no more than that the object is in trouble. It also follows an action
    that the text asks for.

    A cause explains an effect if the cluster supports both, the effect's entry lists it under `causes`, and evidence of
    both has what is named there in common at about the same time. Capabilities come after all possible causes.
    """
    by_key = {one.key: one for one in judged}
    of_incident = defaultdict(list)
    for one in by_key.values():
        of_incident[one.incident].append(one)
    causes = {key: _cause_of(one, of_incident, catalog, now) for key, one in by_key.items()}
    asked_for = any(one.verdict is Verdict.OFFERED and one.hypothesis.matches for one in by_key.values())

    def place_of(one: JudgedHypothesis) -> tuple[object, ...]:
        place, general, *rest = _place(one, general=_is_general(one, catalog))
        # Who asks for an action knows that the object is in trouble.
        return (_ORDER[Verdict.OFFERED] if asked_for and general else place, general, *rest)

    answer: dict[HypothesisKey, JudgedHypothesis] = {}

    def place(one: JudgedHypothesis, above: tuple[HypothesisKey, ...]) -> None:
        cause = causes[one.key]
        if cause and cause not in above and _leads(by_key[cause], one, catalog):
            place(by_key[cause], (*above, one.key))
        answer.setdefault(one.key, replace(one, cause=cause if cause not in above else None))

    for one in sorted(by_key.values(), key=place_of):
        place(one, ())
    return tuple(answer.values())


def _leads(cause: JudgedHypothesis, effect: JudgedHypothesis, catalog: Catalog) -> bool:
    return _is_general(effect, catalog) or _ORDER[cause.verdict] <= _ORDER[effect.verdict]


def _is_general(one: JudgedHypothesis, catalog: Catalog) -> bool:
    entry = catalog.get(one.incident)
    return entry is not None and bool(entry.shows)


def _place(one: JudgedHypothesis, *, general: bool) -> tuple[int, bool, float, str]:
    offer = one.capability and one.verdict is not Verdict.RULED_OUT
    return _ORDER[Verdict.OFFERED if offer else one.verdict], general, -one.hypothesis.score, one.incident


def _cause_of(
    one: JudgedHypothesis, of_incident: Mapping[str, Sequence[JudgedHypothesis]], catalog: Catalog, now: datetime
) -> HypothesisKey | None:
    """Return which hypothesis explains this one, the best proven if there are several; None for none."""
    if one.capability or not supported(one):
        return None
    entry = catalog.get(one.incident)
    explains = [
        cause
        for link in (causes_of(entry, catalog) if entry else ())
        for cause in of_incident.get(link.incident, ())
        if not cause.capability and supported(cause) and may_cause(cause, one, link, now=now)
    ]

    def preference(upstream: JudgedHypothesis) -> tuple[int, bool]:
        """Return the verdict first; of equally proven causes a general one is nearer, and has its own cause."""
        return _ORDER[upstream.verdict], not _is_general(upstream, catalog)

    return min(explains, key=preference).key if explains else None


_OVER: Final = "over"


def recovery_of(one: JudgedHypothesis) -> Finding | None:
    """Return the finding by which an incident has ended; None for one that was never there, or still is."""
    if one.verdict is not Verdict.RULED_OUT:
        return None
    over = (each for each in one.findings if each.rule == _OVER and each.outcome is FindingOutcome.REFUTES)
    return next(over, None)
