"""Evaluate CEL, compiled once: the conditions of evidence rules, and what an entry computes from an object.

Kubernetes users know CEL from admission policies: it terminates and has no side effects. Rows hold plain values, so a
condition only compares; joins belong in probes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from intents.lean_imports import postpone

# It imports a command line with a prompt and syntax highlighting.
postpone("cel")

import cel  # noqa: E402

# Nested macros multiply their iterations, and cel-rust has no cost limit.
_MACRO: Final = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(")
# A variable, with a key of it.
_VARIABLE: Final = re.compile(r"(?<![\w.])([A-Za-z_]\w*)(?:\.([A-Za-z_]\w*)\b(?!\s*\())?")
_STRING: Final = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")


class ConditionError(ValueError):
    """A condition that does not compile, or cannot be evaluated with these values."""


class NoValue(ConditionError):
    """An expression over a field or an element that the object does not have."""


@lru_cache(maxsize=4096)
def _program(expression: str) -> cel.cel.Program:
    try:
        return cel.cel.compile(expression)
    except ValueError as error:
        raise ConditionError(f"{expression!r} is not CEL: {_first_line(error)}") from error


@lru_cache(maxsize=4096)
def check(expression: str) -> frozenset[str]:
    """Return the variables of a condition. Raise ConditionError if it does not compile or nests comprehensions."""
    program = _program(expression)
    depth = 0
    open_macros: list[int] = []
    bare = _STRING.sub("''", expression)
    starts = {match.end() - 1 for match in _MACRO.finditer(bare)}
    for position, character in enumerate(bare):
        if character == "(":
            depth += 1
            if position in starts:
                if open_macros:
                    raise ConditionError(f"{expression!r} nests comprehensions; let a probe do the join")
                open_macros.append(depth)
        elif character == ")":
            if open_macros and open_macros[-1] == depth:
                open_macros.pop()
            depth -= 1
    return frozenset(program.variables())


def called(expression: str) -> frozenset[str]:
    """Return the functions that an expression calls, without operators. Raise ConditionError if it does not compile."""
    return frozenset(name for name in _program(expression).functions() if name.isidentifier())


def atoms(expression: str) -> tuple[str, ...]:
    """Split a condition at `&&` and `||`: CEL hides an error on one side if the other side decides.

    An expression with a ternary is not split. Parentheses around several conditions are removed.
    """
    blank = _STRING.sub(lambda found: " " * len(found.group()), expression)
    if "?" in blank:
        return (expression,)
    depth, start = 0, 0
    pieces: list[str] = []
    for position, character in enumerate(blank):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0 and blank[position : position + 2] in ("&&", "||"):
            pieces.append(expression[start:position])
            start = position + 2
    pieces.append(expression[start:])
    if len(pieces) > 1:
        return tuple(atom for piece in pieces for atom in atoms(piece))
    inner = expression.strip().removeprefix("!").strip()
    if inner.startswith("(") and _closes(inner) == len(inner) - 1:
        return atoms(inner[1:-1])
    return (expression.strip(),)


def _closes(text: str) -> int:
    """Return the index where the parenthesis that opens a text is closed."""
    blank = _STRING.sub(lambda found: " " * len(found.group()), text)
    depth = 0
    for position, character in enumerate(blank):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return position
    return -1


@lru_cache(maxsize=4096)
def _keys(expression: str) -> Mapping[str, frozenset[str]]:
    """Return the keys of those variables of which a condition only uses single keys."""
    bare = _STRING.sub("''", expression)
    keys: dict[str, set[str]] = {}
    whole: set[str] = set()
    for found in _VARIABLE.finditer(bare):
        name, key = found.groups()
        if key:
            keys.setdefault(name, set()).add(key)
        else:
            whole.add(name)
    return {name: frozenset(of) for name, of in keys.items() if name not in whole}


def _needed(expression: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that a condition uses: converting a value for CEL costs far more than comparing it."""
    needed: dict[str, Any] = {}
    for name, keys in _uses(expression):
        if name in values:
            value = values[name]
            # Nearly always a dict, which is told much faster than any other mapping.
            if keys is not None and (type(value) is dict or isinstance(value, Mapping)):
                value = {key: value[key] for key in keys if key in value}
            needed[name] = value
    return needed


@lru_cache(maxsize=4096)
def _uses(expression: str) -> tuple[tuple[str, frozenset[str] | None], ...]:
    """Return the variables of a condition, each with the keys that it only uses of it; None if it uses the whole."""
    keys = _keys(expression)
    return tuple((name, keys.get(name)) for name in sorted(check(expression)))


def value_of(
    expression: str, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] | None = None
) -> Any:
    """Return what an expression gives for these values.

    Raise NoValue if it uses a missing key, and ConditionError if it compares different types.
    """
    try:
        return _program(expression).execute(cel.cel.Context(_needed(expression, values), dict(functions or {})))
    except LookupError as error:
        raise NoValue(f"{expression!r}: {_first_line(error)}") from error
    except (TypeError, ValueError, RuntimeError, ArithmeticError) as error:
        raise ConditionError(f"{expression!r}: {_first_line(error)}") from error


def holds(expression: str, values: Mapping[str, Any]) -> bool:
    """Return whether a condition is true for these values.

    Raise ConditionError if it uses a missing key, compares different types, or does not give a boolean.
    """
    try:
        result = _remembered(expression, *_flat(expression, values))
    except (KeyError, TypeError):  # a variable or a key is missing; lists and whole objects have no hash
        result = value_of(expression, values)
    if not isinstance(result, bool):
        raise ConditionError(f"{expression!r} gives {result!r}; a condition is true or false")
    return result


def _flat(expression: str, values: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the values that a condition uses, in the order of its uses. Raise KeyError for one that is missing."""
    for name, keys in _uses(expression):
        if keys is None:
            yield values[name]
        else:
            of_name = values[name]
            yield from (of_name[key] for key in keys)


# Rules are judged again for each object at fault, and objects of many clusters are alike.
@lru_cache(maxsize=2048, typed=True)
def _remembered(expression: str, *used: Any) -> Any:
    left = iter(used)
    values = {
        name: next(left) if keys is None else {key: next(left) for key in keys} for name, keys in _uses(expression)
    }
    return value_of(expression, values)


def _first_line(error: Exception) -> str:
    text = f"no key {error.args[0]!r}" if isinstance(error, KeyError) and error.args else str(error)
    return text.splitlines()[0][:200] if text else type(error).__name__
