"""A policy file becomes a policy, or errors that name file, line, field and what was expected.

A file that is wrong anywhere grants nothing at all: half a policy would be somebody's surprise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from bot.policy.deciding import Policy
from bot.policy.model import (
    ActingGrant,
    ApprovalRule,
    Impersonation,
    Limit,
    Limits,
    ReadingGrant,
    RemediationArea,
    Rules,
)
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
# YAML takes # for a comment, and misses the bracket behind it; of @ it can make nothing.
_UNQUOTED: Final = re.compile(r"[\[,]\s*#(?=\w)|[\[,{:-]\s*@(?=\w)")
_ENTRIES: Final[Mapping[object, type[BaseModel]]] = {
    "reading": ReadingGrant,
    "remediation": RemediationArea,
    "acting": ActingGrant,
    "approval": ApprovalRule,
    "impersonation": Impersonation,
}


class PolicyError(Exception):
    """A policy that cannot be used. `str()` is one line per problem: file:line: field: what was expected."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def load_policy(path: Path) -> Policy:
    """Read a policy file; blocking. Raises PolicyError with everything that is wrong in it."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise PolicyError(_problem(path, 0, (error.strerror or "cannot be read").lower())) from error
    document = _document(path, raw)
    if not isinstance(document.value, dict):
        sections = ", ".join(Rules.model_fields)
        raise PolicyError(_problem(path, 1, f"expected a policy with some of these sections: {sections}"))
    try:
        return Policy(rules=Rules.model_validate(document.value))
    except ValidationError as error:
        problems = [_told(path, document, details) for details in error.errors()]
        raise PolicyError(*sorted(problems)) from error


def _document(path: Path, raw: bytes) -> Document:
    if len(raw) > MAX_FILE_BYTES:
        raise PolicyError(_problem(path, 1, f"larger than {MAX_FILE_BYTES // 1024} KiB"))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError(_problem(path, 1, f"not UTF-8 at byte {error.start}")) from error
    try:
        return Document(text)
    except YamlError as error:
        unquoted = _UNQUOTED.search(text)
        if unquoted is None:
            raise PolicyError(_problem(path, error.line, error.problem)) from error
        line = text.count("\n", 0, unquoted.end()) + 1
        raise PolicyError(
            _problem(path, line, f"{error.problem}; a name that begins with {unquoted[0][-1]} stands in quotes")
        ) from error


def _told(path: Path, document: Document, details: Any) -> Problem:
    # What is wrong with a key itself, pydantic tells of a step behind it.
    steps = tuple(step for step in details["loc"] if step != "[key]")
    says = _EXPECTED.get(details["type"]) or str(details["msg"]).removeprefix("Value error, ")
    says = says.replace("Input should be", "expected")
    if details["type"] == "extra_forbidden":
        says += f"; known are {', '.join(_known(steps))}"
    return _problem(path, document.line(steps), says, _field(steps))


def _known(steps: Sequence[str | int]) -> Iterable[str]:
    """The keys that may stand where an unknown one does."""
    section = steps[0] if len(steps) > 1 else ""
    if section == "limits":
        return (Limit if len(steps) > 2 else Limits).model_fields
    return _ENTRIES.get(section, Rules).model_fields


def _problem(path: Path, line: int, says: str, field: str = "") -> Problem:
    return Problem(file=str(path), line=line, field=field, says=says)


def _field(steps: Sequence[str | int]) -> str:
    name = ""
    for step in steps:
        name += f"[{step}]" if isinstance(step, int) else f".{step}" if name else str(step)
    return name
