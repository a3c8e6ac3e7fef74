"""Split what a program is given into named values, and read their addresses. Pure.

Such values are environment variables, the flags of a command line, and the lines or fields of a file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.kube.address_texts import UNKNOWN, Meaning, TextAddress, addresses_in, beginning, meaning_of

# What a shell or the program itself replaces: nothing here tells by what.
_TEMPLATE: Final = re.compile(r"\$\{[^{}\n]{0,200}\}|\{\{[^{}\n]{0,200}\}\}|\$[A-Za-z_][A-Za-z0-9_]{0,100}")
# These name the pod itself.
_OWN: Final = frozenset({"HOST", "HOSTNAME", "ADDR", "ADDRESS", "SERVER", "SERVICE"})
# Lines between a host and a port of a file that belong together although their names do not say so.
_NEAR: Final = 2
_HOST_SUFFIX: Final = re.compile(r"(?i)(?:HOSTNAME|HOST|ADDRESS|ADDR|SERVER|SERVICE|ENDPOINT)$")
_FLAG: Final = re.compile(r"-{1,2}(?P<name>[A-Za-z][\w.\-]{0,100})(?:=(?P<value>.*))?", re.DOTALL)
_ASSIGNED: Final = re.compile(r"(?P<name>[A-Za-z_][\w.\-]{0,100})=(?P<value>.*)", re.DOTALL)
_FIELD: Final = re.compile(
    r"\s*(?:-\s+)?[\"']?(?P<name>[A-Za-z_][\w.\-/]{0,100})[\"']?\s*(?:=|:(?=\s|$))\s*(?P<value>.*?)(?:\s#.*)?"
)
_COMMENT: Final = re.compile(r"\s*(?:#|//|;|--\s)")


@dataclass(frozen=True, slots=True)
class NamedValue:
    """A value with its name, "" without one, and where it stands."""

    name: str
    text: str
    source: str


def addresses_of_values(
    values: Sequence[NamedValue], *, of_variables: bool = False
) -> Iterator[tuple[str, TextAddress]]:
    """Yield the addresses of named values. A host without a port has that of the variable beside it."""
    ports = _Ports(values)
    for at, value in enumerate(values):
        own = of_variables and value.name.upper() in _OWN
        meaning = Meaning.PLAIN if own else meaning_of(value.name[-100:])
        for one in addresses_in(_TEMPLATE.sub(UNKNOWN, value.text), meaning=meaning):
            port = ports.beside(value.name, at) if meaning is Meaning.HOST and not (one.port or one.scheme) else 0
            yield value.source, replace(one, port=port) if port else one


class _Ports:
    """The values that are numbers of ports, by name and place."""

    def __init__(self, values: Sequence[NamedValue]) -> None:
        self._places: dict[str, list[tuple[int, int]]] = {}
        for at, value in enumerate(values):
            text = value.text.strip().strip("\"',")
            if value.name.upper().endswith("PORT") and text.isascii() and text.isdigit() and len(text) <= 5:
                self._places.setdefault(value.name.upper(), []).append((at, int(text)))

    def beside(self, name: str, at: int) -> int:
        """Return the port that belongs to the host of a name, 0 for none: the nearest, if several have its name."""
        stem = _HOST_SUFFIX.sub("", name.upper())
        for wanted in (f"{stem}PORT", f"{name.upper()}_PORT", f"{stem}SERVICE_PORT"):
            places = self._places.get(wanted)
            if places:
                place, port = min(places, key=lambda each: abs(each[0] - at))
                known = (stem and len(places) == 1) or abs(place - at) <= _NEAR
                return port if known and 0 < port < 65536 else 0
        return 0


def flag_values(words: Sequence[str], source: str) -> Iterator[NamedValue]:
    """Yield the values of a command line, by their flags: `--db-host=x`, `--db-host x`, `DB_HOST=x`, `x`."""
    flag = ""
    for word in words:
        found = _FLAG.fullmatch(word) or (_ASSIGNED.fullmatch(word) if not flag else None)
        if found is None:
            yield NamedValue(flag, word, source)
        elif found["value"] is not None:
            yield NamedValue(found["name"], found["value"], source)
        flag = found["name"] if found is not None and found["value"] is None else ""


def file_values(text: str, source: str) -> Iterator[NamedValue]:
    """Yield the lines of a file as values: `name: value` and `name=value`, and others without a name."""
    text = beginning(text)
    if text.lstrip()[:1] in ("{", "["):
        try:
            yield from _leaves("", json.loads(text), source)
        except (ValueError, RecursionError):
            pass
        else:
            return
    for line in text.splitlines():
        if _COMMENT.match(line):
            continue
        found = _FIELD.fullmatch(line)
        yield (
            NamedValue(found["name"], found["value"].strip("\"', "), source) if found else NamedValue("", line, source)
        )


def _leaves(name: str, value: Any, source: str) -> Iterator[NamedValue]:
    """Yield the texts and numbers of a JSON document, by the name of their field."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _leaves(str(key), each, source)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(name, each, source)
    else:
        yield NamedValue(name, str(value), source)
