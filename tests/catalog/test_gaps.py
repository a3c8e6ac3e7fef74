"""Less evidence never gives a stronger verdict: every read, and every pair of reads, of every case replaced by gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations, product

from intents.catalog.schema import Incident
from intents.domain import (
    FindingOutcome,
    Gap,
    GapReason,
    JudgedHypothesis,
    Permission,
    ProbeResult,
    Verdict,
)
from tests.catalog.rehearsed import Judged, Rehearsed, reads_of

_FORBIDDEN = Gap(what="it", reason=GapReason.FORBIDDEN, permission=Permission(verb="list", resource="pods"))
_TIMED_OUT = Gap(what="it", reason=GapReason.TIMED_OUT)
_TRUNCATED = Gap(what="it", reason=GapReason.TRUNCATED)
_STRENGTH = {Verdict.RULED_OUT: -1, Verdict.POSSIBLE: 0, Verdict.LIKELY: 1, Verdict.OFFERED: 2, Verdict.CONFIRMED: 2}


def less_of(reading: ProbeResult) -> Iterator[ProbeResult]:
    """Yield the reading as it is if it was forbidden, timed out, or truncated: one half of its rows or the other."""
    half = (len(reading.rows) + 1) // 2
    yield ProbeResult(gaps=(_FORBIDDEN,))
    yield ProbeResult(gaps=(_TIMED_OUT,))
    yield replace(reading, rows=reading.rows[:half], gaps=(_TRUNCATED,))
    if half < len(reading.rows):
        yield replace(reading, rows=reading.rows[half:], gaps=(_TRUNCATED,))


def gapped(one: Judged) -> Iterator[Mapping[str, ProbeResult]]:
    """Yield changes of one read, then of two. A forbidden read and one that timed out look alike to the judge."""
    # The same values in every change: the judge need not look at them again.
    less = {name: tuple(less_of(reading)) for name, reading in one.readings.items()}
    for name, changes in less.items():
        yield from ({name: change} for change in changes)
    for first, second in combinations(less, 2):
        for pair in product(less[first], less[second]):
            if not any(change.gaps == (_TIMED_OUT,) for change in pair):
                yield dict(zip((first, second), pair, strict=True))


def refuters(one: JudgedHypothesis) -> set[str]:
    return {each.rule for each in one.findings if each.outcome is FindingOutcome.REFUTES}


def stronger(before: JudgedHypothesis, after: JudgedHypothesis) -> str:
    """Return how a verdict became stronger, "" if it did not."""
    from_cluster = any(each.outcome is FindingOutcome.SUPPORTS and not each.pasted for each in after.findings)
    if after.verdict in (Verdict.LIKELY, Verdict.CONFIRMED, Verdict.OFFERED) and not from_cluster:
        return f"{after.verdict} without support of the cluster"
    if after.verdict is Verdict.RULED_OUT and not refuters(after) <= refuters(before):
        return "ruled out by a gap"
    most = _STRENGTH[Verdict.LIKELY] if before.verdict is Verdict.RULED_OUT else _STRENGTH[before.verdict]
    return f"{before.verdict} became {after.verdict}" if _STRENGTH[after.verdict] > most else ""


def test_a_gap_makes_no_verdict_stronger(incident: Incident, rehearsals: tuple[Rehearsed, ...]) -> None:
    found = []
    for one in (each.judged for each in rehearsals if each.judged):
        before = one.with_readings({})
        for changed in gapped(one):
            after = one.with_readings(changed)
            if why := stronger(before, after):
                found.append((why, {name: str(reading.gaps[0].reason) for name, reading in changed.items()}))

    assert found == []


def test_a_gap_in_one_read_cancels_no_refutation_by_another(
    incident: Incident, rehearsals: tuple[Rehearsed, ...]
) -> None:
    for one in (each.judged for each in rehearsals if each.judged):
        for rule in refuters(one.with_readings({})):
            needed = reads_of(next(each for each in incident.evidence if each.id == rule), incident.reads)
            for name in one.readings.keys() - needed:
                after = one.with_readings({name: ProbeResult(gaps=(_FORBIDDEN,))})
                assert rule in refuters(after)
                assert after.verdict in (Verdict.RULED_OUT, Verdict.LIKELY)
