"""Evaluate evidence rules over the rows that probes read.

Incomplete rows can prove presence but not absence: with a gap in its read, a rule either holds or is a gap, and never
says `otherwise`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from intents import templates
from intents.catalog.schema import Incident, Rule
from intents.conditions import ConditionError, check, holds
from intents.domain import Finding, FindingOutcome, Gap, GapReason, Plot, PlotLine, ProbeResult, Row, Table, Text, Unit

# Nobody reads a longer table at 3 a.m.; further rows are counted.
TABLE_ROWS: Final = 12
# More lines cannot be found apart in a plot.
PLOT_LINES: Final = 7
# A pod rarely has more containers that fail, and nobody reads on.
_MORE_CONTAINERS: Final = 3
_NOT_SEEN: Final = Text(
    en="Could not be ruled out: nothing that the text is about was found here",
    zh="无法排除：未找到所述的对象",
)


class RuleAnswer(StrEnum):
    """The result of evaluating a rule's condition."""

    YES = "yes"
    NO = "no"
    GAP = "gap"
    NOTHING = "nothing to judge"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """A rule, its answer, and its finding, if it has one; `more` says the same of other containers of the object."""

    rule: Rule
    answer: RuleAnswer
    finding: Finding | None = None
    more: tuple[Finding, ...] = ()

    @property
    def context(self) -> dict[str, Any]:
        """Return the values of {<rule-id>.<key>} in the incident's texts, for a rule that holds."""
        return rows_context(self.finding.rows if self.finding else ())


def evaluate(rule: Rule, readings: Mapping[str, ProbeResult], values: Mapping[str, Any]) -> RuleResult:
    """Evaluate a rule. `values` holds named, target and now, as conditions see them. Never raise."""
    try:
        return (
            _evaluate_rows(rule, readings[rule.each], values) if rule.each else _evaluate_reads(rule, readings, values)
        )
    except (ConditionError, KeyError, TypeError, ValueError) as error:
        # A missing name, a value that no format fits: lint finds these, but a user's entry must not break the answer.
        gap = Gap(what=f"rule {rule.id}", reason=GapReason.NOT_CONFIGURED, detail=f"{error}")
        return _gap(rule, (gap,))


def _evaluate_rows(rule: Rule, reading: ProbeResult, values: Mapping[str, Any]) -> RuleResult:
    if reading.skipped:
        return RuleResult(rule=rule, answer=RuleAnswer.NO)
    if reading.not_applicable:
        return _neutral(rule, Text.same(templates.capitalised(reading.not_applicable)))
    matching = [row for row in reading.rows if holds(rule.when, {**values, "row": dict(row.values)})]
    answer = _quantify(rule, matching, reading)
    if answer is RuleAnswer.GAP:
        return _gap(rule, reading.gaps)
    refutes = rule.finds is FindingOutcome.REFUTES
    if reading.missing and (refutes or answer is not RuleAnswer.YES):
        return _neutral(rule, _not_found(reading.missing))
    if answer is RuleAnswer.NOTHING:
        return RuleResult(rule=rule, answer=answer)
    if answer is RuleAnswer.NO:
        return _not_held(rule, matching, reading, values)
    if refutes and not _saw(rule, matching, reading, values):
        return _neutral(rule, _NOT_SEEN)
    shown = list(reading.rows) if rule.need == "none" else matching
    finding = replace(_holds(rule, shown, len(reading.rows), values), plot=_plot(rule, reading.rows))
    others = _of_other_containers(matching) if rule.decisive and rule.need == "any" else ()
    more = tuple(_finding(rule, rule.finds, rule.says, (row,), total=1, values=values) for row in others)
    return RuleResult(rule=rule, answer=answer, finding=finding, more=more)


def unrefuted(incident: Incident, result: RuleResult) -> RuleResult:
    """Return a result without what it refutes, unless that is about a part that all objects of the cluster share."""
    found = result.finding
    if (
        found is None
        or found.outcome is not FindingOutcome.REFUTES
        or found.pasted
        or _is_shared(incident, result.rule)
    ):
        return result
    return replace(result, finding=replace(found, outcome=FindingOutcome.NEUTRAL))


def _is_shared(incident: Incident, rule: Rule) -> bool:
    reads = {rule.each} if rule.each else check(rule.when) & incident.reads.keys()
    return bool(reads) and all(incident.reads[name].shared for name in reads)


def _of_other_containers(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Return a row for each further container of the first row's object: two that fail are two causes."""
    found: dict[object, Row] = {rows[0].values.get("container"): rows[0]}
    for row in rows[1:]:
        if row.subject == rows[0].subject and (container := row.values.get("container")):
            found.setdefault(container, row)
    return tuple(found.values())[1 : 1 + _MORE_CONTAINERS]


def _not_held(rule: Rule, matching: Sequence[Row], reading: ProbeResult, values: Mapping[str, Any]) -> RuleResult:
    """Return the result of a rule that does not hold; it refutes only if a row about the thing was seen."""
    if rule.otherwise is None:
        return RuleResult(rule=rule, answer=RuleAnswer.NO)
    if rule.refutes_otherwise and not _saw(rule, (), reading, values):
        return _neutral(rule, _NOT_SEEN)
    against = [row for row in reading.rows if row not in matching] if rule.need == "all" else list(matching)
    finding = _otherwise(rule, against or list(reading.rows), values)
    return RuleResult(rule=rule, answer=RuleAnswer.NO, finding=finding)


def _saw(rule: Rule, matching: Sequence[Row], reading: ProbeResult, values: Mapping[str, Any]) -> bool:
    """Return whether the thing in question was seen: only then may the rule refute."""
    if reading.looked_at or (rule.need == "any" and matching):
        return True
    if rule.about:
        return any(holds(rule.about, {**values, "row": dict(row.values)}) for row in reading.rows)
    return bool(reading.rows)


def _quantify(rule: Rule, matching: Sequence[Row], reading: ProbeResult) -> RuleAnswer:
    rows = len(reading.rows)
    if rule.need == "none":
        if matching:
            return RuleAnswer.NO
    elif rule.need == "all":
        if len(matching) < rows:
            return RuleAnswer.NO
    else:
        wanted = 1 if rule.need == "any" else rule.need
        if _count(rule, matching) >= wanted:
            return RuleAnswer.YES
        return RuleAnswer.GAP if reading.gaps else RuleAnswer.NO
    if reading.gaps:
        return RuleAnswer.GAP
    return RuleAnswer.YES if rows else RuleAnswer.NOTHING


def _count(rule: Rule, rows: Sequence[Row]) -> int:
    return len({row.values[rule.distinct] for row in rows}) if rule.distinct else len(rows)


def _evaluate_reads(rule: Rule, readings: Mapping[str, ProbeResult], values: Mapping[str, Any]) -> RuleResult:
    """Evaluate a rule without `each`: it sees whole reads, all of which must be complete."""
    looked_at = [readings[name] for name in sorted(check(rule.when) & readings.keys())]
    if any(reading.skipped for reading in looked_at):
        return RuleResult(rule=rule, answer=RuleAnswer.NO)
    if gaps := tuple(gap for reading in looked_at for gap in reading.gaps):
        return _gap(rule, gaps)
    if reason := next(filter(None, (reading.not_applicable for reading in looked_at)), ""):
        return _neutral(rule, Text.same(templates.capitalised(reason)))
    saw = any(reading.rows or reading.looked_at for reading in looked_at)
    if looked_at and rule.may_refute and not saw:
        return _neutral(rule, _NOT_SEEN)
    lists = {name: [dict(row.values) for row in reading.rows] for name, reading in readings.items()}
    rows = [row for reading in looked_at for row in reading.rows]
    if holds(rule.when, {**values, **lists}):
        return RuleResult(rule=rule, answer=RuleAnswer.YES, finding=_holds(rule, rows, len(rows), values))
    if missing := next(filter(None, (reading.missing for reading in looked_at)), ""):
        return _neutral(rule, _not_found(missing))
    return RuleResult(rule=rule, answer=RuleAnswer.NO, finding=_otherwise(rule, rows, values))


def _holds(rule: Rule, rows: Sequence[Row], total: int, values: Mapping[str, Any]) -> Finding:
    found = _finding(rule, rule.finds, rule.says, rows, total=total, values=values)
    of_several = not rule.each and len({row.subject for row in rows}) > 1
    if rule.pasted or of_several:
        # It rests on the text, or says something of all rows: no object is the one at fault.
        found = replace(found, subject=None, quote="", reproduce="")
    return replace(found, decisive=rule.decisive, table=_table(rule, rows), pasted=rule.pasted)


def _otherwise(rule: Rule, rows: Sequence[Row], values: Mapping[str, Any]) -> Finding | None:
    if rule.otherwise is None:
        return None
    found = _finding(rule, rule.otherwise.verdict, rule.otherwise.says, rows, total=len(rows), values=values)
    return replace(found, table=_table(rule, rows)) if rule.need in ("none", "all") else found


def _finding(
    rule: Rule, outcome: FindingOutcome, says: Text, rows: Sequence[Row], *, total: int, values: Mapping[str, Any]
) -> Finding:
    """Return a finding about rows; the first row is quoted."""
    first = rows[0] if rows else None
    own = rows_context(rows)
    context = {**values, "row": own, "rows": own["rows"], "count": _count(rule, rows), "total": total}
    return Finding(
        rule=rule.id,
        outcome=outcome,
        says=templates.render_text(says, context),
        subject=first.subject if first else None,
        quote=first.quote if first else "",
        reproduce=first.reproduce if first else "",
        rows=tuple(rows),
    )


def _gap(rule: Rule, gaps: tuple[Gap, ...]) -> RuleResult:
    says = Text(
        en="could not check: " + "; ".join(dict.fromkeys(gap.says.en for gap in gaps)),
        zh="无法检查：" + "；".join(dict.fromkeys(gap.says.zh for gap in gaps)),
    )
    finding = Finding(
        rule=rule.id,
        outcome=FindingOutcome.GAP,
        says=says,
        decisive=rule.decisive,
        may_refute=rule.may_refute,
        gaps=gaps,
    )
    return RuleResult(rule=rule, answer=RuleAnswer.GAP, finding=finding)


def _neutral(rule: Rule, says: Text) -> RuleResult:
    finding = Finding(rule=rule.id, outcome=FindingOutcome.NEUTRAL, says=says)
    return RuleResult(rule=rule, answer=RuleAnswer.NOTHING, finding=finding)


def _not_found(missing: str) -> Text:
    return Text(
        en=f"{missing} was not found: its current state is unknown",
        zh=f"未找到 {missing}：无法判断其当前状态",
    )


def rows_context(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the names of rows for templates: the keys of the first row, `rows.<key>` over all rows, `count`."""
    keys = dict.fromkeys(key for row in rows for key in row.values)
    joined = {key: tuple(dict.fromkeys(row.values[key] for row in rows if key in row.values)) for key in keys}
    return {**(dict(rows[0].values) if rows else {}), "rows": joined, "count": len(rows)}


def _table(rule: Rule, rows: Sequence[Row]) -> Table | None:
    if not rule.table or not rows:
        return None
    columns = [column.partition(":")[::2] for column in rule.table]
    return Table(
        columns=tuple(name for name, _ in columns),
        rows=tuple(
            tuple(templates.show(row.values[name], format_) for name, format_ in columns) for row in rows[:TABLE_ROWS]
        ),
    )


def _plot(rule: Rule, rows: Sequence[Row]) -> Plot | None:
    """Return the plot of all rows: those without a problem are there for comparison."""
    if rule.plot is None:
        return None
    lines = [PlotLine(label=str(row.values[rule.plot.label]), points=row.points) for row in rows if len(row.points) > 1]
    if not lines:
        return None
    first, limit, unit = rows[0].values, rule.plot.limit, rule.plot.unit
    return Plot(
        title=templates.render_text(rule.plot.title, {"row": first}),
        unit=unit if isinstance(unit, Unit) else Unit(str(first[unit])),
        limit=float(str(first[limit])) if isinstance(limit, str) else limit,
        lines=tuple(lines[:PLOT_LINES]),
    )
