"""Read YAML without guessing, and find the line of every value.

PyYAML's C parser emits the nodes. Only `true`/`false`, numbers and null are resolved: YAML 1.1's `on`, `no` and bare
dates stay strings, as their author meant. A duplicate key is an error; the last one does not win.

Only the values and the text are kept. Line numbers are looked up in the text when a message needs them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from functools import cached_property, lru_cache
from typing import Any, Final

import yaml

Path = Sequence[str | int]


class YamlError(ValueError):
    """The text is not the YAML that is expected; `line` counts from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line
        self.problem = problem


_Loader: Final = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

_STRING: Final = "tag:yaml.org,2002:str"
_NO_STRINGS: Final[tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...]] = (
    (re.compile(r"(?:true|false)\Z"), lambda text: text == "true"),
    (re.compile(r"-?(?:0|[1-9][0-9]*)\Z"), int),
    (re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+]?[0-9]+)?\Z"), float),
    (re.compile(r"(?:null|~|)\Z"), lambda _: None),
)
# The first characters of these values; "" for an empty value.
_FIRST_OF_NO_STRING: Final = frozenset("tf-0123456789n~") | {""}
# Deeper than any Kubernetes object. Without a limit, a few thousand levels would crash the recursive parser.
_DEEPEST: Final = 100


class Document:
    """One YAML document: its value and, for any path into it, its line."""

    def __init__(self, text: str) -> None:
        """Parse one YAML document. Raises YamlError for any other text."""
        try:
            self.value: Any = _Reader(text).document()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise YamlError(mark.line + 1 if mark else 1, error.problem or "not readable as YAML") from error
        except (yaml.YAMLError, ValueError) as error:
            if isinstance(error, YamlError):
                raise
            raise YamlError(1, str(error).splitlines()[0]) from error
        self._text = text

    def line(self, path: Path) -> int:
        """Return the line (from 1) of the deepest part of the path that exists."""
        node = self._node
        line = 1
        for step in path:
            child = _child(node, step)
            if child is None:
                break
            line, node = child
        return line

    @cached_property
    def _node(self) -> yaml.Node | None:
        node: yaml.Node | None = yaml.compose(self._text, Loader=_Loader)
        return node


class _Reader:
    """Builds values from a parser's events; rejects YAML features that a catalog does not need."""

    def __init__(self, text: str) -> None:
        # Typed by hand: of the stubs, those of the C parser and those of the other do not agree.
        self._next: Callable[[], Any] = _Loader(text).get_event

    def document(self) -> Any:
        self._next()  # the stream starts
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        value = self._value(self._next(), depth=0)
        self._next()  # the document ends
        if not isinstance(further := self._next(), yaml.StreamEndEvent):
            raise YamlError(_line(further), "expected one document, but here another begins")
        return value

    def _value(self, event: Any, *, depth: int) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if isinstance(event, yaml.AliasEvent):
            # They make a small file expand without bound.
            raise YamlError(_line(event), "aliases are not supported; repeat the value")
        if event.tag is not None:
            raise YamlError(_line(event), f"the tag {event.tag} is not supported")
        if depth == _DEEPEST:
            raise YamlError(_line(event), f"nested more than {_DEEPEST} deep")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(depth=depth + 1)
        return self._sequence(depth=depth + 1)

    def _mapping(self, *, depth: int) -> dict[Hashable, Any]:
        mapping: dict[Hashable, Any] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise YamlError(_line(event), "a key must be a plain value")
            key = _scalar(event)
            if key in mapping:
                raise YamlError(_line(event), f"key {key!r} is given twice")
            mapping[key] = self._value(self._next(), depth=depth)
        return mapping

    def _sequence(self, *, depth: int) -> list[Any]:
        values = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            values.append(self._value(event, depth=depth))
        return values


def _scalar(event: yaml.ScalarEvent) -> Any:
    if event.tag not in (None, "!", _STRING):
        raise YamlError(_line(event), f"the tag {event.tag} is not supported; a string is quoted")
    return _plain(event.value) if event.implicit[0] else event.value


@lru_cache(maxsize=4096)
def _plain(value: str) -> Any:
    """Return the value of a scalar without quotes."""
    if value[:1] in _FIRST_OF_NO_STRING:
        for pattern, meaning in _NO_STRINGS:
            if pattern.match(value):
                return meaning(value)
    return value


def _child(node: yaml.Node | None, step: str | int) -> tuple[int, yaml.Node] | None:
    """Return the line and node under a key or an index. The line of a mapping's value is that of its key."""
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            if key_node.value == str(step):
                return _line(key_node), value_node
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
        return _line(node.value[step]), node.value[step]
    return None


def _line(at: yaml.Node | yaml.Event) -> int:
    return int(at.start_mark.line) + 1 if at.start_mark else 1
