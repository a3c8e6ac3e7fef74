"""Find where an entry uses row keys, each with the path into its file, and entries that the bot cannot evaluate.

Those have unknown probes, unknown row keys in conditions or invalid CEL. They are left out of the catalog of a running
bot. `casebook lint` checks every part of an entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from intents import templates
from intents.catalog.fields import Complaint, Path
from intents.catalog.schema import Incident, Rule, Symptom
from intents.conditions import ConditionError, check
from intents.domain import ProbeDeclaration, Text, Unit

# Templates in these parts of an entry have no row of their own; they see the rows of rules by the rule's name.
_PROSE: Final = ("title", "summary", "root_cause", "impact", "false_positives", "runbook", "reads")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """One use of a row key. `read` is "" if the rows may come from any read of the entry."""

    path: Path
    read: str
    key: str


def key_uses(incident: Incident) -> Iterator[KeyUse]:
    """Yield every use of a row key in an entry, in the order of the file."""
    for index, rule in enumerate(incident.evidence):
        yield from _rule(incident, rule, ("evidence", index))
    for part in _PROSE:
        yield from _templates(incident, getattr(incident, part), (part,), read=None)
    for index, remediation in enumerate(incident.remediations):
        rows_of = incident.rule(remediation.rows_of) if remediation.rows_of else None
        read = rows_of.each if rows_of else ""
        if isinstance(remediation.fixed_when, Symptom):
            yield from _rule(incident, remediation.fixed_when.rule, ("remediations", index, "fixed_when"))
        for name in ("title", "target", "args", "asks", "warning", "done", "shows_later"):
            yield from _templates(incident, getattr(remediation, name), ("remediations", index, name), read=read)


def _rule(incident: Incident, rule: Rule, path: Path) -> Iterator[KeyUse]:
    for read, key in _conditioned(incident, rule):
        yield KeyUse(path=(*path, "when"), read=read, key=key)
    for within, key in shown_keys(rule):
        yield KeyUse(path=(*path, *within), read=rule.each, key=key)
    if rule.plot:
        yield from _templates(incident, rule.plot.title, (*path, "plot", "title"), read=rule.each)
    yield from _templates(incident, rule.says, (*path, "says"), read=rule.each)
    yield from _templates(incident, rule.summary, (*path, "summary"), read=rule.each)
    if rule.otherwise:
        yield from _templates(incident, rule.otherwise.says, (*path, "otherwise", "says"), read=rule.each)


def shown_keys(rule: Rule) -> Iterator[tuple[Path, str]]:
    """Yield the row keys that a rule counts or shows outside of sentences, each with the path within the rule."""
    if rule.distinct:
        yield ("distinct",), rule.distinct
    for index, column in enumerate(rule.table):
        yield ("table", index), column.partition(":")[0]
    if rule.plot:
        said: dict[str, str | float] = {"label": rule.plot.label, "limit": rule.plot.limit, "unit": rule.plot.unit}
        for field, value in said.items():
            if isinstance(value, str) and not isinstance(value, Unit):
                yield ("plot", field), value


def _conditioned(incident: Incident, rule: Rule) -> Iterator[tuple[str, str]]:
    """Yield the keys that a condition compares, each with its read."""
    if rule.each:
        yield from ((rule.each, key) for key in _members(rule.when, "row"))
        return
    for read in incident.reads:
        for variable in re.findall(rf"\b{read}\.\w+\(\s*(\w+)\s*,", rule.when):
            yield from ((read, key) for key in _members(rule.when, variable))
        yield from ((read, key) for key in re.findall(rf"\b{read}\[[^\]]*\]\.([A-Za-z_]\w*)", rule.when))


def _members(expression: str, variable: str) -> list[str]:
    return re.findall(rf"\b{variable}\.([A-Za-z_]\w*)", expression)


def _templates(incident: Incident, value: Any, path: Path, *, read: str | None) -> Iterator[KeyUse]:
    """Yield the keys in the templates of a value; `read` is None if the templates have no row of their own."""
    for where, text in _strings(value, path):
        with suppress(templates.TemplateError):  # lint reports it
            for placeholder in templates.placeholders(text):
                if (use := _use(incident, placeholder.path, where, read)) is not None:
                    yield use


def _use(incident: Incident, names: tuple[str, ...], path: Path, read: str | None) -> KeyUse | None:
    head, *rest = names
    if not rest or rest == ["count"]:
        return None
    rule = incident.rule(head)
    if head in ("row", "rows"):
        return None if read is None else KeyUse(path=path, read=read, key=rest[0])
    if head != "found" and rule is None:
        return None
    key = rest[1] if rest[0] == "rows" and len(rest) > 1 else rest[0]
    return KeyUse(path=path, read=rule.each if rule else "", key=key)


def _strings(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Text):
        yield (*path, "en"), value.en
        if value.zh != value.en:
            yield (*path, "zh"), value.zh
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from _strings(each, (*path, name))
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from _strings(each, (*path, index))
    elif hasattr(type(value), "model_fields"):
        for name in type(value).model_fields:
            yield from _strings(getattr(value, name), (*path, name))


def unreadable(incident: Incident, known: Mapping[str, ProbeDeclaration]) -> Iterator[Complaint]:
    """Yield why an entry cannot be evaluated, each with the path into its file; nothing if it can."""
    for name, read in incident.reads.items():
        if read.probe not in known:
            yield ("reads", name, "probe"), f"there is no probe {read.probe!r}"
    for index, rule in enumerate(incident.evidence):
        if rule.each and rule.each not in incident.reads:
            yield ("evidence", index, "each"), f"there is no read {rule.each!r}"
        try:
            check(rule.when)
        except ConditionError as error:
            yield ("evidence", index, "when"), str(error)
    for use in key_uses(incident):
        if use.path[0] == "evidence" and not _is_filled(use, incident, known):
            yield use.path, f"no row has a key {use.key!r}"


def _is_filled(use: KeyUse, incident: Incident, known: Mapping[str, ProbeDeclaration]) -> bool:
    """Return whether a read that the use may mean fills the key. An unknown read or probe is reported elsewhere."""
    if use.read and use.read not in incident.reads:
        return True
    reads = [incident.reads[use.read]] if use.read else list(incident.reads.values())
    return any(read.probe not in known or use.key in known[read.probe].keys(read.args) for read in reads)
