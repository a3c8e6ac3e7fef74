"""Return the remedies that what was read allows, each for a target known by name.

Of several objects that match, none is changed on a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from intents import templates
from intents.catalog.schema import Incident, Remediation, TargetTemplate
from intents.domain import ObjectRef, Question, Remedy, Row
from intents.rules import RuleAnswer, RuleResult, rows_context


def offered(incident: Incident, results: Sequence[RuleResult], context: Mapping[str, Any]) -> tuple[Remedy, ...]:
    """Return the remediations whose conditions hold and whose target is known by name."""
    held = {result.rule.id for result in results if result.answer is RuleAnswer.YES}
    known = []
    for remediation in incident.remediations:
        if not held.issuperset(remediation.only_if) or (remediation.rows_of and remediation.rows_of not in held):
            continue
        own = {**context, "row": context[remediation.rows_of or "found"]}
        if remedy := _remedy(remediation, own):
            known.append(remedy)
    return tuple(known)


def unambiguous(
    remedies: Iterable[Remedy], incident: Incident, results: Sequence[RuleResult], values: Mapping[str, Any]
) -> tuple[Remedy, ...]:
    """Return the remedies for which no row leads to another target."""
    by_id = {each.id: each for each in incident.remediations}
    return tuple(one for one in remedies if len(_targets(by_id[one.id], results, values)) < 2)


def _targets(remediation: Remediation, results: Sequence[RuleResult], values: Mapping[str, Any]) -> set[ObjectRef]:
    """Return the targets that the rows lead to, each by itself."""
    found = set()
    for row in _rows(remediation, results):
        own = rows_context((row,))
        context = {**values, **dict.fromkeys((remediation.rows_of or "found", "found", "row"), own)}
        found.add(_named(remediation.target, context))
    return found


def _named(target: TargetTemplate, context: Mapping[str, Any]) -> ObjectRef:
    return ObjectRef(
        kind=templates.render(target.kind, context),
        namespace=templates.render(target.namespace, context),
        name=templates.render(target.name, context),
    )


def _rows(remediation: Remediation, results: Sequence[RuleResult]) -> Sequence[Row]:
    """Return the rows that may fill the target of a remediation: of its rule, else of the first that supports."""
    held = [each for each in results if each.answer is RuleAnswer.YES and each.finding and each.finding.rows]
    if remediation.rows_of:
        held = [each for each in held if each.rule.id == remediation.rows_of]
    else:
        held = [each for each in held if each.finding and each.finding.is_cluster_support]
        held.sort(key=lambda each: not each.rule.decisive)
    return held[0].finding.rows if held and held[0].finding else ()


def _remedy(remediation: Remediation, context: Mapping[str, Any]) -> Remedy | None:
    target = remediation.target
    if not all(templates.known(part, context) for part in (target.kind, target.namespace, target.name)):
        return None
    asked = {each.id: f"{{input.{each.id}}}" for each in remediation.asks}
    # Only values that are still to be typed may stay placeholders.
    given = {**context, "input": asked}
    if not all(templates.known(text, given) for text in templates.texts_in(remediation.args)):
        return None
    return Remedy(
        id=remediation.id,
        action=str(remediation.action),
        title=templates.render_text(remediation.title, context),
        target=_named(target, context),
        args={key: fill(value, given) for key, value in remediation.args.items()},
        asks=tuple(
            Question(
                id=each.id,
                label=templates.render_text(each.label, context),
                default=templates.render(each.default, context),
                expects=each.expects,
            )
            for each in remediation.asks
        ),
        risk=str(remediation.risk),
        button=remediation.button,
        warning=templates.render_text(remediation.warning, context) if remediation.warning else None,
        until=remediation.until,
        done=templates.render_text(remediation.done, context) if remediation.done else None,
        later=templates.render_text(remediation.shows_later, context) if remediation.shows_later else None,
    )


def fill(value: Any, context: Mapping[str, Any]) -> Any:
    """Fill the templates in a JSON value, those of its keys included."""
    if isinstance(value, str):
        return templates.render(value, context)
    if isinstance(value, Mapping):
        return {templates.render(key, context): fill(item, context) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, context) for item in value]
    return value
