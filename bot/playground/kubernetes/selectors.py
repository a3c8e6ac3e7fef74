"""Parse integers and selectors of a query, and refuse malformed ones with the texts of a real API server."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

from bot.playground.kubernetes.objects import labels_of
from bot.playground.kubernetes.resources import NEW_EVENTS, Json, Resource
from bot.playground.kubernetes.status import bad_request

Predicate: TypeAlias = Callable[[Json], bool]

_TOKEN = re.compile(r"\s*(?:(?P<op>==|!=|=|!|,|\(|\)|>|<)|(?P<word>[^\s=!,()<>]+))")
_FIELD_TERM = re.compile(r"^(?P<key>[^=!]*?)(?P<op>!=|==|=)(?P<value>.*)$")
_CONVERTED_GROUPS = frozenset({"", NEW_EVENTS})


def parse_integer(text: str | None) -> int | None:
    """Parse an integer of the query. Refusal 400 in the words of Go's parser."""
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    text = text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise bad_request(f"unable to parse requirement: found '{text[at:]}', expected: identifier")
        tokens.append(found["op"] or found["word"])
        at = found.end()
    return tokens


class _LabelParser:
    """A recursive descent parser over the tokens, like labels.Parse of k8s.io/apimachinery."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0

    def parse(self) -> list[Predicate]:
        requirements = [self._requirement()] if self._tokens else []
        while self._peek() == ",":
            self._next()
            requirements.append(self._requirement())
        if self._peek():
            raise bad_request(f"found '{self._peek()}', expected: ',' or 'end of string'")
        return requirements

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _expect(self, wanted: str) -> None:
        found = self._next()
        if found != wanted:
            raise bad_request(f"unable to parse requirement: found '{found}' expected: '{wanted}'")

    def _requirement(self) -> Predicate:
        absent = self._peek() == "!"
        if absent:
            self._next()
        key = self._next()
        if not key or not (key[0].isalnum()):
            raise bad_request(f"unable to parse requirement: found '{key}', expected: identifier")
        operator = "" if self._peek() == "," else self._next()
        match operator:
            case "":
                return _requirement(key, "DoesNotExist" if absent else "Exists")
            case "=" | "==" | "!=":
                return _requirement(key, "NotIn" if operator == "!=" else "In", {self._value()})
            case "in" | "notin":
                return _requirement(key, "NotIn" if operator == "notin" else "In", self._values())
            case ">" | "<":
                return _requirement(key, "Gt" if operator == ">" else "Lt", {self._bound()})
            case _:
                raise bad_request(
                    f"unable to parse requirement: found '{operator}', "
                    "expected: in, notin, =, ==, !=, gt, lt"
                )  # fmt: skip

    def _value(self) -> str:
        return "" if self._peek() in ("", ",") else self._next()

    def _values(self) -> frozenset[str]:
        self._expect("(")
        values = set()
        while self._peek() not in (")", ""):
            token = self._next()
            if token != ",":
                values.add(token)
        self._expect(")")
        return frozenset(values)

    def _bound(self) -> int:
        try:
            return int(self._value())
        except ValueError:
            message = "unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer"
            raise bad_request(message) from None


def _requirement(key: str, operator: str, values: Collection[Any] = ()) -> Predicate:
    """Return a predicate over labels for one requirement of a selector."""
    return lambda labels: _holds(labels.get(key), operator, values)


def _holds(value: str | None, operator: str, values: Collection[Any]) -> bool:
    match operator:
        case "In" | "NotIn":
            return (value in values) == (operator == "In")
        case "Gt" | "Lt":
            return any(_compares(value or "", operator, bound) for bound in values)
        case _:
            return (value is not None) == (operator == "Exists")


def _compares(value: str, operator: str, bound: int) -> bool:
    try:
        return int(value) > bound if operator == "Gt" else int(value) < bound
    except ValueError:
        return False


def selector(query: Mapping[str, str], *, resource: Resource) -> Predicate:
    """Return a predicate over a whole object for the selectors of a request. Refusal 400 if one is malformed."""
    requirements = _LabelParser(query.get("labelSelector", "")).parse()
    by_fields = field_selector(query.get("fieldSelector", ""), resource=resource)
    return lambda obj: all(holds(labels_of(obj)) for holds in requirements) and by_fields(obj)


def matches(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Return whether a LabelSelector (matchLabels, matchExpressions) selects these labels; None selects nothing."""
    if selector is None:
        return False
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    terms = selector.get("matchExpressions") or ()
    return all(_holds(labels.get(term["key"]), term["operator"], term.get("values") or ()) for term in terms)


def field_selector(text: str, *, resource: Resource) -> Predicate:
    """Return a predicate over a whole object. Refusal 400 for a field that its kind cannot be selected by."""
    known = dict(resource.fields) | {"metadata.name": "metadata.name"}
    if resource.namespaced or resource.group not in _CONVERTED_GROUPS:
        known["metadata.namespace"] = "metadata.namespace"
    terms: list[tuple[str, bool, str]] = []
    for part in text.split(","):
        if not part:
            continue
        found = _FIELD_TERM.match(part)
        if found is None:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        key = found["key"]
        if key not in known:
            raise bad_request(_unknown_field(key, resource=resource))
        terms.append((known[key], found["op"] != "!=", found["value"]))

    def selects(obj: Json) -> bool:
        return all((field_value(obj, path) == value) == wanted for path, wanted, value in terms)

    return selects


def _unknown_field(key: str, *, resource: Resource) -> str:
    if resource.group in _CONVERTED_GROUPS or resource.custom:
        return f"field label not supported: {key}"
    if resource.plural == "jobs":
        return f'field label "{key}" not supported for Job'
    return f'"{key}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def field_value(obj: Json, path: str) -> str:
    """Return the value at a dotted path as selectors compare it: absent and null are "", booleans are lower case."""
    value: Any = obj
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if path == "source.component" and not value:
        value = obj.get("reportingComponent")
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "false" if path in ("spec.unschedulable", "spec.hostNetwork") else ""
    return str(value)
