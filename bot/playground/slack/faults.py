"""Inject faults into the simulated Slack: failing, slow or lost calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.playground.slack.records import Json, Refused


@dataclass(slots=True, kw_only=True)
class Fault:
    """A fault for the next `times` calls of `method` ("*": any), limited to calls with the arguments `given`."""

    method: str
    error: str = ""
    status: int = 200
    times: int = 1
    retry_after: int | None = None
    hang: bool = False
    needed: str = ""
    provided: str = ""
    after_execution: bool = False
    reset: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def refusal(self) -> Refused:
        """Return what the call is refused with."""
        if self.retry_after is not None:
            return Refused(self.error or "ratelimited", status=429, retry_after=self.retry_after)
        extra: Json = {"needed": self.needed, "provided": self.provided} if self.needed else {}
        return Refused(self.error or "internal_error", status=self.status, **extra)


class FaultControls:
    """The part of a `SimulatedSlack` that injects faults. `latency`: the seconds added to every Web API call."""

    def __init__(self) -> None:
        self.latency = 0.0
        self._faults: list[Fault] = []

    def fail(self, method: str, **how: Any) -> None:
        """Make the next calls of `method` ("*": any) fail; `how` are fields of a `Fault`.

        The next `times` calls, with `given` only those with these arguments, get `error` (with `needed` and `provided`
        for a missing scope), an HTTP `status` of 500 or more, 429 with
        `retry_after` seconds, no response until the server stops (`hang`), or a cut connection (`reset`). With
        `after_execution` the call is executed first, and then hangs or is cut.
        """
        self._faults.append(Fault(method=method, **how))

    def take_fault(self, method: str, given: Mapping[str, Any]) -> Fault | None:
        """Return the oldest fault for this call, or None, and count it as used once."""
        for fault in self._faults:
            if fault.method in (method, "*") and fault.given.items() <= given.items():
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        return None

    def clear_faults(self) -> None:
        """Remove every pending fault."""
        self._faults.clear()
