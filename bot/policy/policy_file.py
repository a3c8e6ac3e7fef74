"""Load a policy file, or report errors with file, line, field and what was expected.

A file with any problem grants nothing at all: half a policy would surprise somebody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from bot.policy.model import (
    KNOWN_ACTIONS,
    SILENCE_ALERTS,
    ActingGrant,
    ApprovalRule,
    ImpersonationEntry,
    Limit,
    Limits,
    ReadingGrant,
    RemediationArea,
    Rules,
)
from bot.policy.policy import Policy
from bot.policy.strict_yaml import FileError, Step, read_strictly

_ENTRIES: Final[Mapping[object, type[BaseModel]]] = {
    "reading": ReadingGrant,
    "remediation": RemediationArea,
    "acting": ActingGrant,
    "approval": ApprovalRule,
    "impersonation": ImpersonationEntry,
}


class PolicyError(FileError):
    """A policy file that cannot be used."""


def load_policy(path: Path, *, actions: Collection[str]) -> Policy:
    """Read a policy file, which may name only these `actions` and that of alerts; blocking.

    Raise PolicyError with all its problems.
    """
    sections = ", ".join(Rules.model_fields)
    expected = f"a policy with some of these sections: {sections}"
    try:
        validate = partial(Rules.model_validate, context={KNOWN_ACTIONS: (*actions, SILENCE_ALERTS)})
        return Policy(rules=read_strictly(path, validate, of=dict, expected=expected, known=_known))
    except FileError as error:
        raise PolicyError(*error.problems) from error


def _known(steps: Sequence[Step]) -> Iterable[str]:
    """Return the valid keys in place of an unknown one."""
    section = steps[0] if len(steps) > 1 else ""
    if section == "limits":
        return (Limit if len(steps) > 2 else Limits).model_fields
    return _ENTRIES.get(section, Rules).model_fields
