"""Refuses a plan with an argument that nobody filled in: it would write a placeholder instead of a value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.remedies.contract import Plan, Refusal
from bot.remedies.shared.refusal import unsafe

# Placeholders of catalog entries; other braces belong to a program.
_PLACEHOLDER: Final = re.compile(r"\{(?:input|row|found|named|target)\.[^{}]*\}")


def unfilled(plan: Plan) -> Refusal | None:
    """Say which values of a plan are missing, such as `{input.image}`; None if none is."""
    # An undo restores what was in the cluster, whatever it looks like.
    missing = () if plan.undoes else tuple(dict.fromkeys(_placeholders(plan.args)))
    names = ", ".join(missing)
    return unsafe(f"a value is missing: {names}", f"缺少取值：{names}") if missing else None


def _placeholders(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _PLACEHOLDER.findall(value)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _placeholders(key)
            yield from _placeholders(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _placeholders(each)
