"""Collect possible causes from all suspicions, exclusions and stated causes, and from our diagnoses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from intents.chronicle.facts import Fact, FactKind
from intents.chronicle.timeline import TimelineEntry, entry_of
from intents.domain import Verdict

_SURENESS: Final = {Verdict.CONFIRMED: 0, Verdict.LIKELY: 1, Verdict.POSSIBLE: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes:
    """The causes that people suspect or state, and our diagnoses, never mixed.

    Each is its newest fact with the others of the same cause.

    `standing` are suspicions, newest first, `proven` our diagnoses, most certain first. `established` is the newest
    cause that a person stated: what the cluster confirms may be a symptom.
    """

    standing: tuple[TimelineEntry, ...]
    proven: tuple[TimelineEntry, ...]
    established: TimelineEntry | None
    ruled_out: tuple[TimelineEntry, ...]


def causes_in(ordered: Iterable[Fact]) -> Causes:
    """Return the hypotheses of ordered facts; a catalog incident about the same objects is one."""
    groups: dict[tuple[str, ...], list[Fact]] = {}
    for fact in ordered:
        if fact.kind is FactKind.HYPOTHESIS:
            about = (fact.incident, fact.cluster, *sorted(map(str, fact.objects))) if fact.incident else (fact.about,)
            groups.setdefault(about, []).append(fact)
    moments = [_newest_first(group) for group in groups.values()]
    held = [each for each in moments if each.fact.state != Verdict.RULED_OUT]
    said = sorted((each for each in held if not each.fact.incident), key=_newest)
    stated = [each for each in said if each.fact.state == Verdict.CONFIRMED]
    return Causes(
        standing=tuple(each for each in said if each.fact.state != Verdict.CONFIRMED),
        proven=tuple(sorted((each for each in held if each.fact.incident), key=_rank)),
        established=stated[0] if stated else None,
        ruled_out=tuple(each for each in moments if each.fact.state == Verdict.RULED_OUT),
    )


def _newest_first(group: list[Fact]) -> TimelineEntry:
    # What a person set decides, else what was said last.
    newest = next((fact for fact in reversed(group) if fact.by_hand), group[-1])
    return replace(entry_of(group), fact=newest, also=tuple(one for one in group if one is not newest))


def _newest(moment: TimelineEntry) -> tuple[bool, float, str]:
    return not moment.fact.by_hand, -moment.fact.at.timestamp(), moment.fact.key


def _rank(moment: TimelineEntry) -> tuple[int, float, str]:
    return _SURENESS.get(Verdict(moment.fact.state), 3), -moment.fact.at.timestamp(), moment.fact.key
