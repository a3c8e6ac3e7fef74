"""Keep the remedies that can only be meant for one object: of several that match, none is changed on a guess."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from intents import templates
from intents.catalog.schema import Incident, Remediation
from intents.domain import Remedy, Row
from intents.rules import RuleAnswer, RuleResult, rows_context


def unambiguous(
    remedies: Iterable[Remedy], incident: Incident, results: Sequence[RuleResult], values: Mapping[str, Any]
) -> tuple[Remedy, ...]:
    """Return the remedies for which no row leads to another target."""
    by_id = {each.id: each for each in incident.remediations}
    return tuple(
        one
        for one in remedies
        if (remediation := by_id.get(one.id)) is None or len(_targets(remediation, results, values)) < 2
    )


def _targets(
    remediation: Remediation, results: Sequence[RuleResult], values: Mapping[str, Any]
) -> set[tuple[str, str, str]]:
    """Return the targets that the rows lead to, each by itself."""
    target = remediation.target
    found = set()
    for row in _rows(remediation, results):
        own = rows_context((row,))
        context = {**values, **dict.fromkeys((remediation.rows_of or "found", "found", "row"), own)}
        found.add(
            (
                templates.render(target.kind, context),
                templates.render(target.namespace, context),
                templates.render(target.name, context),
            )
        )
    return found


def _rows(remediation: Remediation, results: Sequence[RuleResult]) -> Sequence[Row]:
    """Return the rows that may fill the target of a remediation: of its rule, else of the first that supports."""
    held = [each for each in results if each.answer is RuleAnswer.YES and each.finding and each.finding.rows]
    if remediation.rows_of:
        held = [each for each in held if each.rule.id == remediation.rows_of]
    else:
        held = [each for each in held if each.finding and each.finding.is_cluster_support]
        held.sort(key=lambda each: not each.rule.decisive)
    return held[0].finding.rows if held and held[0].finding else ()
