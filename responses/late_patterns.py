"""Compile an expression when it is first used: of the hundreds that look for secrets, a harmless text needs a few."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, Final

import re2


class LatePattern:
    """An expression of re2, which behaves as a compiled one. A malformed one raises re2.error when it is used."""

    def __init__(self, pattern: str | bytes, options: Any = None) -> None:
        self.pattern: Final = pattern
        self._options = options

    def __getattr__(self, name: str) -> Any:
        # Called once for each method: from then on it is an attribute.
        if name.startswith("__"):
            raise AttributeError(name)
        value = getattr(self._compiled, name)
        setattr(self, name, value)
        return value

    @cached_property
    def _compiled(self) -> Any:
        return re2.compile(self.pattern, self._options)


class LateBacktracking(LatePattern):
    """The same for an expression of `re`: with look-around, which re2 lacks."""

    @cached_property
    def _compiled(self) -> Any:
        return re.compile(self.pattern, self._options or 0)
