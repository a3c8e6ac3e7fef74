"""Faults a test lays in the way of Web API calls: errors, overload, silence, answers that get lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True, kw_only=True)
class Fault:
    """What befalls the next `times` calls of `method` ("*": any), of those with what is `given` only."""

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
    """The faults that wait for a call, oldest first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def take(self, method: str, given: Mapping[str, Any]) -> Fault | None:
        """The fault that befalls a call of `method` with what is `given`, which uses it up once."""
        for fault in self._waiting:
            if fault.method in (method, "*") and fault.given.items() <= given.items():
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        self._waiting.clear()
