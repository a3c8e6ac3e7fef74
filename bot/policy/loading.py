"""A policy file becomes a policy, or errors that name file, line, field and what was expected.

A file that is wrong anywhere grants nothing at all: half a policy would be somebody's surprise.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from bot.policy.deciding import Policy
from bot.policy.files import FileError, Step, read_strictly
from bot.policy.model import (
    KNOWN_ACTIONS,
    ActingGrant,
    ApprovalRule,
    Impersonation,
    Limit,
    Limits,
    ReadingGrant,
    RemediationArea,
    Rules,
)

_ENTRIES: Final[Mapping[object, type[BaseModel]]] = {
    "reading": ReadingGrant,
    "remediation": RemediationArea,
    "acting": ActingGrant,
    "approval": ApprovalRule,
    "impersonation": Impersonation,
}


class PolicyError(FileError):
    """A policy that cannot be used."""


def load_policy(path: Path, *, actions: Collection[str]) -> Policy:
    """Read a policy file, which may name these actions; blocking. Raises PolicyError with all that is wrong in it."""
    sections = ", ".join(Rules.model_fields)
    expected = f"a policy with some of these sections: {sections}"
    try:
        validate = partial(Rules.model_validate, context={KNOWN_ACTIONS: actions})
        return Policy(rules=read_strictly(path, validate, of=dict, expected=expected, known=_known))
    except FileError as error:
        raise PolicyError(*error.problems) from error


def _known(steps: Sequence[Step]) -> Iterable[str]:
    """The keys that may stand where an unknown one does."""
    section = steps[0] if len(steps) > 1 else ""
    if section == "limits":
        return (Limit if len(steps) > 2 else Limits).model_fields
    return _ENTRIES.get(section, Rules).model_fields
