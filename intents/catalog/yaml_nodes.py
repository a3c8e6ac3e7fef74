"""Reading YAML so that every value keeps its line, and nothing is guessed.

PyYAML's C parser makes the nodes; they carry their position. Only `true`/`false`, numbers and null are resolved: YAML
1.1's `on`, `no` and bare dates stay the strings their author meant. A key given twice is an error, not the last one.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import Any, Final

import yaml

Path = Sequence[str | int]


class YamlError(ValueError):
    """The text is not the YAML that is expected; `line` counts from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line
        self.problem = problem


_TAG: Final = "tag:yaml.org,2002:"
_STRING: Final = f"{_TAG}str"
_MAPPING: Final = f"{_TAG}map"
_SEQUENCE: Final = f"{_TAG}seq"
_NO_STRINGS: Final = (
    ("bool", re.compile(r"(?:true|false)$")),
    ("int", re.compile(r"-?(?:0|[1-9][0-9]*)$")),
    ("float", re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+]?[0-9]+)?$")),
    ("null", re.compile(r"(?:null|~|)$")),
)
# What these values begin with, or nothing.
_FIRST_OF_NO_STRING: Final = frozenset("tf-0123456789n~") | {""}


class _Loader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]
    """A safe loader with the implicit types of JSON only."""

    def resolve(self, kind: type[yaml.Node], value: str, implicit: tuple[bool, bool]) -> str:
        """The tag of a node that names none: PyYAML's way of finding it takes half the time of reading a catalog."""
        if kind is not yaml.ScalarNode:
            return _MAPPING if kind is yaml.MappingNode else _SEQUENCE
        return _plain(value) if implicit[0] else _STRING

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        mapping: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise YamlError(_line(key_node), "a key must be a plain value")
            if key in mapping:
                raise YamlError(_line(key_node), f"key {key!r} is given twice")
            mapping[key] = self.construct_object(value_node, deep=deep)
        return mapping


@lru_cache(maxsize=4096)
def _plain(value: str) -> str:
    """The tag of a scalar without quotes."""
    if value[:1] in _FIRST_OF_NO_STRING:
        for name, pattern in _NO_STRINGS:
            if pattern.match(value):
                return f"{_TAG}{name}"
    return _STRING


# Aliases make a small file expand without bound; a catalog entry has no use for them.
_ALIAS: Final = "aliases are not supported; repeat the value"
_MAY_BE_ALIAS: Final = re.compile(r"(?:^|[\s\[{,])\*[\w-]")


def _has_alias(text: str) -> bool:
    return any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=_Loader))


class Document:
    """One YAML document: its value and, for any path into it, the line where that stands."""

    def __init__(self, text: str) -> None:
        """Raises YamlError for text that is not one YAML document."""
        try:
            if _MAY_BE_ALIAS.search(text) and _has_alias(text):
                raise YamlError(1, _ALIAS)
            loader = _Loader(text)
            try:
                self._node = loader.get_single_node()
                self.value: Any = None if self._node is None else loader.construct_document(self._node)
            finally:
                loader.dispose()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise YamlError(mark.line + 1 if mark else 1, error.problem or "not readable as YAML") from error
        except (yaml.YAMLError, ValueError) as error:
            if isinstance(error, YamlError):
                raise
            raise YamlError(1, str(error).splitlines()[0]) from error

    def line(self, path: Path) -> int:
        """The line (from 1) of the deepest part of the path that exists."""
        node = self._node
        line = 1
        for step in path:
            child = _child(node, step)
            if child is None:
                break
            line, node = child
        return line


def _child(node: yaml.Node | None, step: str | int) -> tuple[int, yaml.Node] | None:
    """The line and node under a key or an index. The line of a mapping's value is that of its key."""
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            if key_node.value == str(step):
                return _line(key_node), value_node
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
        return _line(node.value[step]), node.value[step]
    return None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
