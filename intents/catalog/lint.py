"""Check a catalog beyond its schema: names that nothing fills, conditions that cannot be evaluated.

A condition or a sentence may use the keys that a probe declares, the captures of signatures, and the entry's rules. An
entry that passes cannot fail during a diagnosis because of a missing name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import re2

from intents import templates
from intents.catalog import actions, checks
from intents.catalog.actions import ActionDeclaration
from intents.catalog.fields import Complaint, Path
from intents.catalog.key_uses import shown_keys
from intents.catalog.loader import Catalog, Problem
from intents.catalog.schema import Incident, Read, Remediation, Rule, Symptom
from intents.conditions import ConditionError, atoms, called, check, holds
from intents.declarations import typed
from intents.domain import ArgDeclaration, Language, ProbeDeclaration, RowType, Status, Strength, Text, Value
from intents.kinds import KINDS
from intents.symptoms import VOCABULARY

_SAMPLES: Final[Mapping[RowType, Value]] = {
    RowType.STRING: "",
    RowType.INTEGER: 0,
    RowType.NUMBER: 0.5,
    RowType.BOOLEAN: False,
    RowType.STRINGS: (),
}
_TARGET: Final = frozenset({"kind", "namespace", "name", "container", "node"})
_NUMBERS: Final = frozenset({"seconds_ago", "seconds_ago_slack"})
_WORDS: Final = re.compile(r"[A-Za-z]{2,}")
_CJK: Final = re.compile(r"[\u4e00-\u9fff]")
# Keys of rows that say whether the request is about them.
_IN_QUESTION: Final = ("asked", "matched", "named_image")
# A sentence with more plain words than this counts as prose, which needs both languages.
_PROSE_WORDS: Final = 3
# Words that a missing name leaves behind: no reader knows which object is meant.
_NO_NAME: Final = "in question"
# Clients of Slack cut longer labels of buttons, in characters.
BUTTON: Final = 30
# The most words of a summary before its names are filled in: it is the first line of an answer.
_SUMMARY_WORDS: Final = 26

# Longer expressions are joins: a probe makes them, and its tests.
_LONGEST_EXPRESSION: Final = 300
# What CEL itself has of functions.
_OF_CEL: Final = frozenset({
    "size", "string", "int", "double", "startsWith", "endsWith", "contains", "matches", "min", "max", "timestamp",
    "duration",
})  # fmt: skip
_BOUND_BY_MACRO: Final = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*([A-Za-z_]\w*)\s*,")


def lint(
    catalog: Catalog, probes: Mapping[str, ProbeDeclaration], declared: Mapping[str, ActionDeclaration]
) -> tuple[Problem, ...]:
    """Return every mistake in every entry, with file, line and field."""
    return tuple(
        sorted(
            catalog.sources[incident.id].problem(path, says)
            for incident in catalog
            for path, says in complaints(incident, catalog, probes, declared)
        )
    )


def complaints(
    incident: Incident,
    catalog: Catalog,
    probes: Mapping[str, ProbeDeclaration],
    declared: Mapping[str, ActionDeclaration],
) -> Iterator[Complaint]:
    """Yield what is wrong with one entry, each with the path into its file."""
    keys = {
        name: probes[read.probe].keys(read.args) if read.probe in probes else {}
        for name, read in incident.reads.items()
    }
    named = frozenset({*VOCABULARY, *incident.captures})
    entry = _Entry(incident=incident, probes=probes, keys=keys, named=named)
    for name, read in incident.reads.items():
        yield from _read(entry, name, read)
    yield from checks.complaints_about_gates(incident)
    for index, rule in enumerate(incident.evidence):
        yield from _rule(entry, rule, ("evidence", index))
    yield from _texts(entry)
    for index, remediation in enumerate(incident.remediations):
        path = ("remediations", index)
        yield from _remediation(entry, remediation, path)
        for where, says in actions.complaints(remediation, declared):
            yield (*path, *where), says
    yield from _whole(entry, catalog)
    yield from checks.complaints_about_links(incident, catalog, probes)
    yield from checks.unknown_siblings(incident, catalog)
    yield from checks.complaints_about_cases(incident)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """An incident with the names that may be used in it."""

    incident: Incident
    probes: Mapping[str, ProbeDeclaration]
    keys: Mapping[str, Mapping[str, RowType]]  # of the rows of each read
    named: frozenset[str]

    def unknown(self, path: Sequence[str], rows: Mapping[str, RowType] | None) -> str:
        """Return why a template's path is unknown, "" if it is known. `rows` are the keys of the sentence's rows."""
        head, *rest = path
        if head == "named":
            return "" if rest and rest[0] in self.named | _NUMBERS else f"nothing captures {'.'.join(path)}"
        if head == "target":
            return "" if rest and rest[0] in _TARGET else f"target has no {'.'.join(rest)}"
        if rows is not None and head in ("count", "total"):
            return ""
        if rows is not None and head in ("row", "rows"):
            return "" if rest and rest[0] in rows else f"the row has no {'.'.join(rest)}"
        if head == "found":
            return self._no_key(rest, {key: kind for keys in self.keys.values() for key, kind in keys.items()})
        rule = self.incident.rule(head)
        if rule is None:
            return f"{head!r} is neither named, target, found nor a rule"
        return self._no_key(rest, self.keys.get(rule.each, {}))

    @staticmethod
    def _no_key(rest: Sequence[str], keys: Mapping[str, RowType]) -> str:
        if rest == ["count"]:
            return ""
        key = rest[1] if len(rest) > 1 and rest[0] == "rows" else rest[0] if rest else ""
        return "" if key in keys else f"its row has no {key!r}"


def _read(entry: _Entry, name: str, read: Read) -> Iterator[Complaint]:
    path: Path = ("reads", name)
    probe = entry.probes.get(read.probe)
    if probe is None:
        yield (*path, "probe"), f"no such probe {read.probe!r}; there are {', '.join(sorted(entry.probes))}"
        return
    for argument, declared in probe.args.items():
        if declared.required and argument not in read.args:
            yield path, f"probe {read.probe} needs the argument {argument!r}"
    for argument, value in read.args.items():
        yield from _argument(entry, read, argument, value, (*path, "args", argument))
    unused = not any(rule.each == name or checks.mentions(rule.when, name) for rule in entry.incident.evidence)
    if unused:
        yield path, "no rule looks at this read"


def _argument(entry: _Entry, read: Read, argument: str, value: Any, where: Path) -> Iterator[Complaint]:
    probe = entry.probes[read.probe]
    known = probe.args.get(argument)
    if known is None:
        has = ", ".join(sorted(probe.args)) or "none"
        yield where, f"probe {probe.name} has no such argument; it has {has}"
        return
    if known.choices and value not in known.choices:
        yield where, f"is {value!r}; expected one of {', '.join(known.choices)}"
    if known.variables:
        yield from (((*where, *within), says) for within, says in _expressions(read, known, value))
    elif known.adds_keys == "regex":
        try:
            re2.compile(str(value))
        except re2.error as error:
            yield where, f"is no RE2 pattern: {error}"
    else:
        for text in templates.texts_in(value):
            yield from _template(entry, text, where, rows=None)


def _formats(rule: Rule, path: Path) -> Iterator[Complaint]:
    for index, column in enumerate(rule.table):
        format_ = column.partition(":")[2]
        if format_ and format_ not in templates.FORMATS:
            yield (*path, "table", index), f"unknown format {format_!r}, known are {', '.join(templates.FORMATS)}"


def _rule(entry: _Entry, rule: Rule, path: Path) -> Iterator[Complaint]:
    if rule.each and rule.each not in entry.incident.reads:
        yield (*path, "each"), f"no such read {rule.each!r}; there are {', '.join(entry.incident.reads) or 'none'}"
        return
    keys = entry.keys[rule.each] if rule.each else {}
    yield from _conditions(entry, rule, path, keys)
    for within, key in shown_keys(rule):
        if key not in keys:
            yield (*path, *within), f"the row has no {key!r}"
    yield from _formats(rule, path)
    yield from _sentence(entry, rule.says, (*path, "says"), rows=keys)
    if rule.otherwise:
        yield from _sentence(entry, rule.otherwise.says, (*path, "otherwise", "says"), rows=keys)
    if rule.summary:
        yield from _summary(entry, rule.summary, (*path, "summary"), rows=keys)
    if rule.plot:
        yield from _sentence(entry, rule.plot.title, (*path, "plot", "title"), rows=keys, prose=True)


def _conditions(entry: _Entry, rule: Rule, path: Path, keys: Mapping[str, RowType]) -> Iterator[Complaint]:
    for field, condition in (("when", rule.when), ("about", rule.about)):
        for says in _condition(entry, rule, condition, keys) if condition else ():
            yield (*path, field), says
    chosen = [key for key in _IN_QUESTION if key in keys]
    if chosen and not rule.about and (rule.refutes_otherwise or (rule.may_refute and rule.need != "any")):
        yield path, f"may refute by rows about other things: say in `about` which count, such as row.{chosen[0]}"


def _condition(entry: _Entry, rule: Rule, condition: str, keys: Mapping[str, RowType]) -> Iterator[str]:
    """Yield why a condition does not compile, or cannot be evaluated for a row with exactly the declared keys."""
    named = {**dict.fromkeys(entry.named, ""), "seconds_ago": -1.0, "seconds_ago_slack": 0.0}
    values: dict[str, Any] = {"named": named, "target": dict.fromkeys(_TARGET, ""), "now": 0}
    if rule.each:
        values["row"] = {key: _SAMPLES[kind] for key, kind in keys.items()}
    else:
        values.update({name: [] for name in entry.incident.reads})
    try:
        check(condition)
        for atom in atoms(condition):
            holds(atom, values)
    except ConditionError as error:
        yield str(error)
        return
    # A comprehension over an empty list evaluates nothing, so the names inside it are checked in the source text.
    for owner, known in (("row", set(keys)), ("named", set(entry.named | _NUMBERS)), ("target", set(_TARGET))):
        for key in re.findall(rf"\b{owner}\.([A-Za-z_]\w*)", condition):
            if key not in known:
                yield f"{owner} has no {key!r}"


def _texts(entry: _Entry) -> Iterator[Complaint]:
    incident = entry.incident
    for field in ("title", "root_cause", "impact"):
        yield from _sentence(entry, getattr(incident, field), (field,), rows=None, prose=True)
    if incident.summary:
        yield from _summary(entry, incident.summary, ("summary",), rows=None)
    for index, says in enumerate(incident.false_positives):
        yield from _sentence(entry, says, ("false_positives", index), rows=None, prose=True)
    for index, step in enumerate(incident.runbook):
        path: Path = ("runbook", index)
        yield from _sentence(entry, step.says, (*path, "says"), rows=None)
        yield from _template(entry, step.run, (*path, "run"), rows=None)
        if step.warning:
            yield from _sentence(entry, step.warning, (*path, "warning"), rows=None)
        yield from _unknown_rules(entry, path, only_if=step.only_if)


def _summary(entry: _Entry, text: Text, path: Path, *, rows: Mapping[str, RowType] | None) -> Iterator[Complaint]:
    """Yield why a summary cannot be the first line of an answer: it names no object, or is too long."""
    yield from _sentence(entry, text, path, rows=rows, prose=True)
    for language in Language:
        says = text.in_(language)
        if any(each.path == ("total",) for each in _placeholders(says)):
            yield (*path, str(language)), "a summary has no {total}"
        if all(each.path[-1] == "count" or each.format for each in _placeholders(says)):
            yield (*path, str(language)), "names no object: fill in its name, such as {found.pod|the pod}"
    if len(text.en.split()) > _SUMMARY_WORDS:
        yield (*path, "en"), f"has more than {_SUMMARY_WORDS} words"


def _sentence(
    entry: _Entry, text: Text, path: Path, *, rows: Mapping[str, RowType] | None, prose: bool = False
) -> Iterator[Complaint]:
    for language in ("en", "zh"):
        yield from _template(entry, getattr(text, language), (*path, language), rows=rows)
    bare = re.sub(r"\{[^{}]*\}", "", text.en)
    if entry.incident.status is Status.SANDBOX and text.en == text.zh:
        return  # people save an incident in their own language
    if text.en == text.zh and (prose or len(_WORDS.findall(bare)) > _PROSE_WORDS):
        yield path, "is prose in one language: give {en: …, zh: …}"
    elif text.en != text.zh and not _CJK.search(text.zh):
        yield (*path, "zh"), "is not Chinese"


def _placeholders(value: Any) -> Iterator[templates.Placeholder]:
    for text in templates.texts_in(value):
        with suppress(templates.TemplateError):  # `_template` reports it with its path
            yield from templates.placeholders(text)


def _template(
    entry: _Entry,
    text: str,
    path: Path,
    *,
    rows: Mapping[str, RowType] | None,
    asked: Collection[str] = (),
) -> Iterator[Complaint]:
    try:
        for placeholder in templates.placeholders(text):
            if placeholder.path[0] == "input" and placeholder.path[1:2] and placeholder.path[1] in asked:
                continue
            if _NO_NAME in (placeholder.fallback or ""):
                name = ".".join(placeholder.path)
                yield path, f"{{{name}|…{_NO_NAME}}}: say it without a name, such as {{{name}?Pod *|A pod}}"
            if why := entry.unknown(placeholder.path, rows):
                yield path, f"{{{'.'.join(placeholder.path)}}}: {why}"
    except templates.TemplateError as error:
        yield path, str(error)


def _remediation(entry: _Entry, remediation: Remediation, path: Path) -> Iterator[Complaint]:
    named = {"only_if": remediation.only_if, "rows_of": (remediation.rows_of,), "until": (remediation.until,)}
    yield from _unknown_rules(entry, path, **named)
    asked = {question.id for question in remediation.asks}
    rows_of = entry.incident.rule(remediation.rows_of) if remediation.rows_of else None
    keys: Mapping[str, RowType] = entry.keys.get(rows_of.each, {}) if rows_of else {}
    if not rows_of:
        keys = {key: kind for found in entry.keys.values() for key, kind in found.items()}
    yield from _sentence(entry, remediation.title, (*path, "title"), rows=keys)
    for name in ("warning", "done", "shows_later"):
        if told := getattr(remediation, name):
            yield from _sentence(entry, told, (*path, name), rows=keys)
    if isinstance(remediation.fixed_when, Symptom):
        yield from _rule(entry, remediation.fixed_when.rule, (*path, "fixed_when"))
    if remediation.button:
        yield from _button(entry, remediation.button, (*path, "button"))
    for field in ("kind", "namespace", "name"):
        yield from _template(entry, getattr(remediation.target, field), (*path, "target", field), rows=keys)
    for name, value in remediation.args.items():
        for text in templates.texts_in(value):
            yield from _template(entry, text, (*path, "args", name), rows=keys, asked=asked)
    yield from _questions(entry, remediation, path, rows=keys)


def _button(entry: _Entry, label: Text, path: Path) -> Iterator[Complaint]:
    yield from _sentence(entry, label, path, rows=None, prose=True)
    for language in Language:
        if len(label.in_(language)) > BUTTON:
            yield (*path, str(language)), f"has more than {BUTTON} characters"
        if list(_placeholders(label.in_(language))):
            yield (*path, str(language)), "is a fixed label: the dialog names the object"


def _unknown_rules(entry: _Entry, path: Path, **named: Sequence[str]) -> Iterator[Complaint]:
    rules = {rule.id for rule in entry.incident.evidence}
    for field, names in named.items():
        for name in names:
            if name and name not in rules:
                yield (*path, field), f"no such rule {name!r}"


def _questions(
    entry: _Entry, remediation: Remediation, path: Path, *, rows: Mapping[str, RowType]
) -> Iterator[Complaint]:
    used = {part.path[1] for part in _placeholders(remediation.args) if part.path[0] == "input"}
    for index, question in enumerate(remediation.asks):
        yield from _sentence(entry, question.label, (*path, "asks", index, "label"), rows=rows)
        yield from _template(entry, question.default, (*path, "asks", index, "default"), rows=rows)
        if question.id not in used:
            yield (*path, "asks", index), f"no argument takes {{input.{question.id}}}"


def _whole(entry: _Entry, catalog: Catalog) -> Iterator[Complaint]:
    incident = entry.incident
    for index, word in enumerate(incident.about):
        if word not in KINDS:
            yield ("about", index), f"{word!r} names no kind of object; there are {', '.join(KINDS)}"
    if all(signature.hint for signature in incident.signatures):
        yield ("signatures",), "are all hints: none can raise the incident"
    decisive = any(rule.decisive and not rule.pasted for rule in incident.evidence)
    sandbox = incident.status is Status.SANDBOX
    if incident.strongest is Strength.CONFIRMED and not sandbox and not decisive:
        yield ("strongest",), "is confirmed, but no rule over the cluster is decisive"
    if incident.strongest is Strength.CAPABILITY:
        yield from _capability(incident, catalog, decisive=decisive)


def _capability(incident: Incident, catalog: Catalog, *, decisive: bool) -> Iterator[Complaint]:
    """Complain if a capability is the effect of a cause, or its remedy counts as a fix."""
    if not decisive and incident.status is not Status.SANDBOX:
        yield ("strongest",), "is a capability, but no decisive rule over the cluster says when it is offered"
    if not incident.kinds:
        yield ("kinds",), "a capability names the kinds of objects it is offered for"
    if incident.causes or incident.shows:
        yield ("causes",), "a capability is no effect of anything"
    for other in catalog:
        if any(link.incident == incident.id for link in other.causes):
            yield ("strongest",), f"is a capability, but {other.id} names it as a cause"
    for index, remediation in enumerate(incident.remediations):
        if not remediation.until:
            yield ("remediations", index, "until"), "what a capability does is no fix: say when it has taken effect"


def _expressions(read: Read, argument: ArgDeclaration, value: Any) -> Iterator[Complaint]:
    """Yield what is wrong with an argument that is CEL, each with the path into it."""
    bound = {name for name, by in argument.variables.items() if not by or by in read.args}
    if argument.adds_keys != "mapping":
        yield from _expression(str(value), bound, argument, ())
        return
    if not isinstance(value, Mapping):
        yield (), "expected a mapping of row keys to CEL"
        return
    for key, each in value.items():
        if isinstance(each, Mapping) and not (len(each) == 1 and set(each) <= set(RowType)):
            yield (key,), f"expected CEL, or CEL below its type: one of {', '.join(RowType)}"
        else:
            yield from _expression(typed(each)[1], bound, argument, (key,))
        bound.add(key)


def _expression(text: str, bound: Collection[str], argument: ArgDeclaration, path: Path) -> Iterator[Complaint]:
    if len(text) > _LONGEST_EXPRESSION:
        yield path, f"has more than {_LONGEST_EXPRESSION} characters"
    if "{" in text or "}" in text:
        yield path, "takes no template and no braces"
        return
    try:
        unknown = check(text) - set(bound) - set(_BOUND_BY_MACRO.findall(text))
        functions = called(text) - _OF_CEL - argument.functions
    except ConditionError as error:
        yield path, str(error)
        return
    if unknown:
        yield path, f"nothing binds {', '.join(sorted(unknown))}; there are {', '.join(sorted(bound))}"
    if functions:
        known = ", ".join(sorted(argument.functions | _OF_CEL))
        yield path, f"there is no function {', '.join(sorted(functions))}; there are {known}"
