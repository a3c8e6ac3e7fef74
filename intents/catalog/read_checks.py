"""Check the expressions that an entry gives to a probe: each compiles, is short, and uses what is bound."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from intents.catalog.fields import Complaint, Path
from intents.catalog.schema import Read
from intents.conditions import ConditionError, called, check
from intents.declarations import typed
from intents.domain import ArgDeclaration, RowType

# Longer expressions are joins: a probe makes them, and its tests.
_LONGEST: Final = 300
# What CEL itself has of functions.
_OF_CEL: Final = frozenset({
    "size", "string", "int", "double", "startsWith", "endsWith", "contains", "matches", "min", "max", "timestamp",
    "duration",
})  # fmt: skip
_BOUND_BY_MACRO: Final = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*([A-Za-z_]\w*)\s*,")


def expressions(read: Read, argument: ArgDeclaration, value: Any) -> Iterator[Complaint]:
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
    if len(text) > _LONGEST:
        yield path, f"has more than {_LONGEST} characters"
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
