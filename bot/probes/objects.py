"""Objects of any kind with what an entry takes of them: fields, computed keys, or matches of a pattern in their texts.

An entry that needs no join needs no probe of its own. A path is written as spec.replicas,
status.conditions[type=Ready].status, spec.rules[0].host; `let` is CEL, for the whole object or for each part of it.
Programs keep their status and configuration in ConfigMaps, as text that no field path reaches, but a pattern does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any, Final, Self

from bot.kube.objects import place_of, ref
from bot.kube.quantities import number, percent
from bot.kube.timestamps import UNKNOWN, seconds_since
from bot.probes.contract import Look, Missing, RowValues, at_most, manifest_of, probe
from bot.probes.shared.log_lines import BadPattern, compile_pattern, excerpt
from intents.conditions import ConditionError, NoValue, value_of
from intents.declarations import typed
from intents.domain import ArgDeclaration, Gap, GapReason, Json, ObjectRef, ProbeResult, Row, RowType, Value
from responses.redaction import redact
from responses.safety import safe_value

# A field's text keeps so many characters.
_LONGEST: Final = 1000
# Of one object at most so many parts, or texts of a list, are kept.
_MOST_PARTS: Final = 100
# What a key of `let` is if the object has no such field; rows have no null.
_UNKNOWN: Final[Mapping[RowType, Value]] = {
    RowType.STRING: "",
    RowType.INTEGER: UNKNOWN,
    RowType.NUMBER: float(UNKNOWN),
    RowType.BOOLEAN: False,
    RowType.STRINGS: (),
}


class BadPath(ValueError):
    """A field path that cannot be read."""


# A step of a path: a key, an index, every element (None), or the elements whose field equals a value.
Step = str | int | None | tuple[str, str]

_STEP: Final = re.compile(
    r"\.?(?P<key>[A-Za-z_][\w-]*)"
    r"|\[(?P<index>\d+)\]"
    r"|\[(?P<every>\*)\]"
    r"|\[\"(?P<quoted>[^\"]+)\"\]"
    r"|\[(?P<field>[\w.-]+)=(?P<value>[^\]]*)\]"
)


def parse_path(path: str) -> tuple[Step, ...]:
    """Split a path into its steps. Raises BadPath naming the part that cannot be read."""
    steps: list[Step] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            raise BadPath(f"{path!r} cannot be read from {path[position:]!r} on")
        position = match.end()
        if match["every"]:
            steps.append(None)
        elif match["index"]:
            steps.append(int(match["index"]))
        elif match["field"]:
            steps.append((match["field"], match["value"]))
        else:
            steps.append(match["key"] or match["quoted"])
    if not steps:
        raise BadPath("an empty path names no field")
    return tuple(steps)


def value_at(obj: Any, path: tuple[Step, ...]) -> str:
    """Return the value at a path as one string: several joined by commas, "" for nothing."""
    return ",".join(text for value in _values(obj, path) if (text := text_of(value)))[:_LONGEST]


def _values(value: Any, path: tuple[Step, ...]) -> Iterator[Any]:
    if not path:
        yield value
        return
    step, *rest = path
    remaining = tuple(rest)
    if isinstance(step, str):
        if isinstance(value, Mapping) and step in value:
            # A value alone does not show that it is a secret: the mapping around it decides.
            yield from _values(_redacted(value, step), remaining)
        return
    if not isinstance(value, list):
        return
    if isinstance(step, int):
        chosen = value[step : step + 1]
    elif step is None:
        chosen = value
    else:
        field, wanted = step
        chosen = [item for item in value if value_at(item, parse_path(field)) == wanted]
    for item in chosen:
        yield from _values(item, remaining)


def _redacted(whole: Mapping[str, Any], key: str) -> Any:
    """Return the value of a key, a placeholder for a secret."""
    if not isinstance(whole[key], str):
        return whole[key]
    entry = {each: whole[each] for each in ("name", key) if isinstance(whole.get(each), str)}
    return safe_value(entry)[key]


def text_of(value: Any) -> str:
    """Return a value of an object as one string, without secrets."""
    if isinstance(value, Mapping | list):
        value = safe_value(value)
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Mapping():
            return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        case list():
            return ",".join(text_of(item) for item in value)
        case _:
            return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """The keys of `let`, computed for an object or, with `each`, for every part of it."""

    each: str
    let: Mapping[str, tuple[RowType, str]]
    functions: Mapping[str, Callable[..., Any]]

    @classmethod
    def of(cls, args: Mapping[str, Any], now: datetime) -> Self:
        """Return what the arguments of an entry say."""
        let = {key: typed(expression) for key, expression in (args.get("let") or {}).items()}
        return cls(each=str(args.get("each") or ""), let=let, functions=functions(now))

    def rows(self, obj: Json) -> Iterator[Mapping[str, Value]]:
        """Yield the keys of each row of an object. Raise ConditionError for an expression that does not fit it."""
        if not (self.each or self.let):
            yield {}
            return
        # A value alone does not show that it is a secret: the object around it decides.
        shown = {"object": safe_value(obj)}
        for part in self._parts(shown) if self.each else ({},):
            values: dict[str, Value] = {}
            for key, (kind, expression) in self.let.items():
                values[key] = self._value(kind, expression, {**shown, **part, **values})
            yield values

    def _parts(self, shown: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        try:
            parts = value_of(self.each, shown, self.functions)
        except NoValue:
            return
        if isinstance(parts, Mapping):
            pairs = sorted(parts.items(), key=lambda pair: str(pair[0]))
        elif isinstance(parts, list):
            pairs = list(enumerate(parts))
        else:
            raise ConditionError(f"{self.each!r} gives {type(parts).__name__}; expected a list or a map")
        for key, part in pairs[:_MOST_PARTS]:
            yield {"key": key, "it": part}

    def _value(self, kind: RowType, expression: str, bound: Mapping[str, Any]) -> Value:
        try:
            found = value_of(expression, bound, self.functions)
        except NoValue:
            return _UNKNOWN[kind]
        if kind is RowType.STRING:
            return text_of(found)[:_LONGEST]
        if kind is RowType.STRINGS and isinstance(found, list):
            return tuple(text_of(each)[:_LONGEST] for each in found[:_MOST_PARTS])
        if isinstance(found, str | int | float) and type(found) is type(_UNKNOWN[kind]):
            return found
        raise ConditionError(f"{expression!r} gives {type(found).__name__}; expected {kind}")


def functions(now: datetime) -> Mapping[str, Callable[..., Any]]:
    """Return the functions that expressions may call; of what cannot be read they give -1, as rows do."""
    return {
        "quantity": partial(_unless_unread, number, float(UNKNOWN)),
        "percent": partial(_unless_unread, percent, UNKNOWN),
        "seconds_since": lambda timestamp: seconds_since(timestamp, now),
    }


def _unless_unread(function: Callable[..., Any], unknown: Any, *quantities: Any) -> Any:
    try:
        return function(*quantities)
    except ValueError:
        return unknown


NAME: Final = "objects"
MOST_OBJECTS: Final = 1000
MOST_ROWS: Final = 1000
MOST_MATCHES: Final = 100
# A ConfigMap holds at most 1 MiB; of a longer text only the beginning is searched.
_SEARCHED: Final = 1 << 20
_FUNCTIONS: Final = frozenset(functions(datetime.min.replace(tzinfo=UTC)))


class ObjectRow(RowValues):
    """An object; the arguments of the entry add the keys."""

    of_subject = ("namespace", "name")


@probe(
    says="a row per object of one kind, or per part of it, with chosen fields as strings or with computed keys;"
    " or per match of a pattern in the texts of one",
    row=ObjectRow,
    args={
        "kind": ArgDeclaration(
            says="a kind as kubectl takes it; write kind.group for a custom resource", required=True
        ),
        "namespace": 'default: the namespace in question; "*" for all',
        "name": "only this object (default: the one in question, if it is of this kind)",
        "asked": "true: only the object in question; no rows where that is of another kind",
        "selector": "a label selector",
        "fields": ArgDeclaration(
            says="row key → path: spec.replicas, status.conditions[type=Ready].status, spec.rules[0].host,"
            ' metadata.labels["app.kubernetes.io/name"], spec.containers[*].name (joined by commas)',
            adds_keys="mapping",
        ),
        "each": ArgDeclaration(
            says="CEL over `object` that gives a list or a map: a row per element, `it`, with its index or `key`",
            variables={"object": ""},
            functions=_FUNCTIONS,
        ),
        "let": ArgDeclaration(
            says="row key → CEL over `object`, the keys above it, and with `each` over `it` and `key`; a string, or"
            " {integer: …}, {number: …}, {boolean: …}, {strings: …}. A field that is not there is unknown: an empty"
            " text or list, -1, false",
            adds_keys="mapping",
            variables={"object": "", "it": "each", "key": "each"},
            functions=_FUNCTIONS,
        ),
        "capture": ArgDeclaration(
            says="RE2 pattern to look for in the texts in `data` of the object named, as of a ConfigMap; one row"
            " without a match; (?s) lets it go over lines",
            adds_keys="regex",
        ),
        "key": "with `capture`: only this key of `data`",
    },
)
async def read(look: Look) -> ProbeResult:
    """Read the objects with their fields, or one object and the matches in its texts."""
    kind = str(look.args.get("kind") or "")
    try:
        rows = await (_matches(look, kind) if look.args.get("capture") else _objects(look, kind))
    except (BadPath, BadPattern, ConditionError) as error:
        return ProbeResult(gaps=(Gap(what=kind, reason=GapReason.NOT_CONFIGURED, detail=str(error)),))
    return ProbeResult(rows=tuple(rows))


async def _objects(look: Look, kind: str) -> list[Row]:
    """Return the rows of the objects asked for. Raise BadPath, ConditionError, Missing and ClusterError."""
    paths = {key: parse_path(str(path)) for key, path in (look.args.get("fields") or {}).items()}
    computed = Computed.of(look.args, look.now)
    resource = await look.snapshot.resource(kind)
    if look.flag("asked") and not (look.focus.kind == resource.kind and look.focus.name):
        return []
    wanted = str(look.args.get("namespace") or look.focus.namespace)
    namespace = "" if wanted == "*" or not resource.namespaced else wanted
    name = str(look.args.get("name") or (look.focus.name if look.focus.kind == resource.kind else ""))
    if name:
        found = await look.of_name(resource, name, namespace=namespace, limit=MOST_OBJECTS)
    else:
        labels = str(look.args.get("selector") or "")
        objects = look.snapshot.list(resource, namespace=namespace, labels=labels, limit=MOST_OBJECTS)
        found = (await objects).items
    rows = []
    for each in sorted(found, key=place_of):
        fields = {key: value_at(each, path) for key, path in paths.items()}
        for values in ({**fields, **more} for more in computed.rows(each)):
            quote = ", ".join(f"{key}: {value}" for key, value in values.items() if value not in ("", ()))
            rows.append(_row(ref(each, resource.kind), quote, values))
    return list(at_most(MOST_ROWS, rows, what=f"all of {kind}", says="rows were kept"))


async def _matches(look: Look, kind: str) -> list[Row]:
    """Return a row per match in the texts of an object. Raise BadPattern, Missing and ClusterError."""
    namespace = str(look.args.get("namespace") or look.focus.namespace)
    name, key = str(look.args.get("name") or ""), look.args.get("key")
    pattern = compile_pattern(look.args.get("capture"))
    found = await look.snapshot.find(kind, name, namespace=namespace)
    if found is None:
        raise Missing(str(ObjectRef(kind=kind, namespace=namespace, name=name)))
    texts = (found.get("data") or {}).items()
    rows = [
        _row(ref(found, kind), excerpt(match.group(0), 0), {each: match[each] or "" for each in pattern.groupindex})
        for text_key, text in sorted(texts)
        if isinstance(text, str) and key in (None, "", text_key)
        # A piece alone does not show that it is a secret: the whole text is redacted first.
        for match in islice(pattern.finditer(redact(text[:_SEARCHED])), MOST_MATCHES)
    ]
    return rows[:MOST_MATCHES] or [_row(ref(found, kind), "", dict.fromkeys(pattern.groupindex, ""))]


def _row(about: ObjectRef, quote: str, values: Mapping[str, Value]) -> Row:
    return ObjectRow().row(about, quote=quote, reproduce=manifest_of(about), more=values)
