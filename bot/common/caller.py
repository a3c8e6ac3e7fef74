"""Name the person for whom the current task works, so that shared limits are divided fairly among people."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

# Inherited by the tasks that this one starts; "" if it works for nobody in particular.
CALLER: Final[ContextVar[str]] = ContextVar("casebook_caller", default="")
