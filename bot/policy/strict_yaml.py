"""Read strict YAML files: a file is either used as a whole, or all its problems are reported with file and line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from intents.catalog.loader import Problem
from intents.catalog.yaml_nodes import Document, YamlError

MAX_FILE_BYTES: Final = 256 * 1024
_EXPECTED: Final[Mapping[str, str]] = {
    "extra_forbidden": "unknown key",
    "missing": "is missing",
    "tuple_type": "expected a list",
    "model_type": "expected keys and values",
    "literal_error": "expected text-only or nothing",
    "bool_type": "expected true or false",
    "string_type": "expected a text",
    "int_type": "expected a whole number",
    "string_too_short": "expected a name",
}
# YAML reads # as a comment and then misses the closing bracket; it cannot parse an unquoted @ at all.
_UNQUOTED: Final = re.compile(r"[\[,]\s*#(?=\w)|[\[,{:-]\s*@(?=\w)")

Step = str | int
_T = TypeVar("_T")


class FileError(Exception):
    """A file that cannot be used. `str()` has one line per problem: file:line: field: what was expected."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def read_strictly(
    path: Path,
    validate: Callable[[Any], _T],
    *,
    of: type[dict[Any, Any]] | type[list[Any]],
    expected: str,
    known: Callable[[Sequence[Step]], Iterable[str]],
) -> _T:
    """Read a file and validate it with pydantic; blocking. Raise FileError with all its problems.

    `of` is the required top-level type, described by `expected`; `known` returns the valid keys in place of an unknown
    one.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise FileError(_problem(path, 0, (error.strerror or "cannot be read").lower())) from error
    document = _document(path, raw)
    if not isinstance(document.value, of):
        raise FileError(_problem(path, 1, f"expected {expected}"))
    try:
        return validate(document.value)
    except ValidationError as error:
        problems = [_problem_of(path, document, details, known) for details in error.errors()]
        raise FileError(*sorted(problems)) from error


def _document(path: Path, raw: bytes) -> Document:
    if len(raw) > MAX_FILE_BYTES:
        raise FileError(_problem(path, 1, f"larger than {MAX_FILE_BYTES // 1024} KiB"))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileError(_problem(path, 1, f"not UTF-8 at byte {error.start}")) from error
    try:
        return Document(text)
    except YamlError as error:
        unquoted = _UNQUOTED.search(text)
        if unquoted is None:
            raise FileError(_problem(path, error.line, error.problem)) from error
        line = text.count("\n", 0, unquoted.end()) + 1
        raise FileError(
            _problem(path, line, f"{error.problem}; put names that begin with {unquoted[0][-1]} in quotes")
        ) from error


def _problem_of(
    path: Path, document: Document, details: Any, known: Callable[[Sequence[Step]], Iterable[str]]
) -> Problem:
    # For a problem with a key itself, pydantic's location has one extra step.
    steps = tuple(step for step in details["loc"] if step != "[key]")
    says = _EXPECTED.get(details["type"]) or str(details["msg"]).removeprefix("Value error, ")
    says = says.replace("Input should be", "expected")
    if details["type"] == "extra_forbidden":
        says += f"; known are {', '.join(known(steps))}"
    return _problem(path, document.line(steps), says, _field(steps))


def _problem(path: Path, line: int, says: str, field: str = "") -> Problem:
    return Problem(file=str(path), line=line, field=field, says=says)


def _field(steps: Sequence[Step]) -> str:
    name = ""
    for step in steps:
        name += f"[{step}]" if isinstance(step, int) else f".{step}" if name else str(step)
    return name
