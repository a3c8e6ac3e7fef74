"""What nobody filled in of a plan's arguments: such a plan writes a placeholder where a value is meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.remedies.contract import Plan, Refusal
from bot.remedies.shared.refusal import unsafe

# Of an entry's own templates; other braces are a program's.
_PLACEHOLDER: Final = re.compile(r"\{(?:input|row|found|named|target)\.[^{}]*\}")


def unfilled(plan: Plan) -> Refusal | None:
    """Why a plan cannot be carried out as it stands: the places that are still empty (`{input.image}`)."""
    # What is taken back was in the cluster before, whatever it looks like.
    missing = () if plan.undoes else tuple(dict.fromkeys(_in(plan.args)))
    names = ", ".join(missing)
    return unsafe(f"a value is missing: {names}", f"缺少取值：{names}") if missing else None


def _in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _PLACEHOLDER.findall(value)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _in(key)
            yield from _in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _in(each)
