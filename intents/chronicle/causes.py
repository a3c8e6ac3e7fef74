"""What may be the cause, from all that was suspected, answered and ruled out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from intents.chronicle.facts import Fact, FactKind
from intents.chronicle.timeline import Moment, moment_of
from intents.domain import Verdict

# Among so many suspicions said last one is looked for that is about the same.
_LATEST: Final = 50
_SURENESS: Final = {Verdict.CONFIRMED: 0, Verdict.LIKELY: 1, Verdict.POSSIBLE: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes:
    """Surest first; each as its newest fact, with the others of the same."""

    standing: tuple[Moment, ...]
    ruled_out: tuple[Moment, ...]


def causes_in(ordered: Iterable[Fact]) -> Causes:
    """The hypotheses of facts that are in order.

    An incident of the catalog about the same objects is one hypothesis, as its newest verdict says. What people suspect
    is one if the words of the one are all among those of the other; to be ruled out one word in common is enough. A
    confirmed one comes before a likely one, ours,
    which rests on evidence, before one that is only said, a newer before an older.
    """
    groups: list[list[Fact]] = []
    ours: dict[tuple[str, ...], list[Fact]] = {}
    said: dict[str, list[Fact]] = {}
    for fact in ordered:
        if fact.kind is not FactKind.HYPOTHESIS:
            continue
        if fact.incident:
            about = (fact.incident, fact.cluster, *sorted(map(str, fact.objects)))
            group = ours.get(about)
            if group is None:
                group = ours[about] = []
                groups.append(group)
        else:
            group = _said_before(fact, said)
            if group is None:
                group = []
                groups.append(group)
            said[fact.template or fact.key] = group
        group.append(fact)
    moments = [_newest_first(group) for group in groups]
    return Causes(
        standing=tuple(sorted((each for each in moments if each.fact.state != Verdict.RULED_OUT), key=_rank)),
        ruled_out=tuple(each for each in moments if each.fact.state == Verdict.RULED_OUT),
    )


def _said_before(fact: Fact, said: dict[str, list[Fact]]) -> list[Fact] | None:
    if not fact.template:
        return None
    if (exact := said.get(fact.template)) is not None:
        return exact
    words = set(fact.template.split())
    for template, group in islice(reversed(said.items()), _LATEST):
        other = set(template.split())
        if words <= other or other <= words:
            return group
        # Who says that it is not the disk means what was suspected of the disk, in whatever words.
        if fact.state == Verdict.RULED_OUT and group[-1].state != Verdict.RULED_OUT and words & other:
            return group
    return None


def _newest_first(group: list[Fact]) -> Moment:
    whole = moment_of(group)
    return Moment(at=whole.at, last=whole.last, count=whole.count, fact=group[-1], also=tuple(group[:-1]))


def _rank(moment: Moment) -> tuple[int, bool, float, str]:
    fact = moment.fact
    return _SURENESS.get(Verdict(fact.state), 3), not fact.incident, -fact.at.timestamp(), fact.key
