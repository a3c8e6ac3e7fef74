"""Queue the faults that a test injects into Web API calls: errors, rate limits, timeouts, lost responses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True, kw_only=True)
class Fault:
    """A fault for the next `times` calls of `method` ("*": any), limited to calls with the arguments `given`."""

    method: str
    error: str
    status: int
    times: int
    retry_after: int | None
    hang: bool
    needed: str
    provided: str
    after_execution: bool
    reset: bool
    given: Mapping[str, Any]


class FaultQueue:
    """Pending faults, oldest first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Add a fault."""
        self._waiting.append(fault)

    def take(self, method: str, given: Mapping[str, Any]) -> Fault | None:
        """Return the fault for this call, or None, and count it as used once."""
        for fault in self._waiting:
            if fault.method in (method, "*") and fault.given.items() <= given.items():
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        """Remove every pending fault."""
        self._waiting.clear()
