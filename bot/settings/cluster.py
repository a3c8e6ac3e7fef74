"""Define the limits on calls to a cluster in one place, each with a name and a unit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSettings:
    """Limits of one connection; times are in seconds.

    `retries` counts the attempts after the first one; only reads are retried. The pauses between them double from
    `first_pause` up to `longest_pause`; the server's Retry-After takes precedence.

    Sizes are in bytes: of one answer, of all answers of one diagnosis, of the objects that one diagnosis holds, and of
    the answers and objects that all reads of the connection hold. A real page of 500 pods has 3 to 8 MiB.
    """

    concurrency: int = 16
    call_timeout: float = 3.0
    retries: int = 2
    first_pause: float = 0.1
    longest_pause: float = 1.0
    login_timeout: float = 10.0
    answer_bytes: int = 16 << 20
    diagnosis_bytes: int = 64 << 20
    diagnosis_memory: int = 128 << 20
    total_memory: int = 160 << 20

    def __post_init__(self) -> None:
        if self.concurrency < 1:
            raise ValueError(f"concurrency is {self.concurrency}: expected at least 1 call in flight")
        if self.retries < 0:
            raise ValueError(f"retries is {self.retries}: expected 0 or more")
        for name in ("call_timeout", "first_pause", "longest_pause", "login_timeout"):
            value = getattr(self, name)
            if not value > 0:
                raise ValueError(f"{name} is {value}: expected more than 0 seconds")
        for name in ("answer_bytes", "diagnosis_bytes", "diagnosis_memory", "total_memory"):
            value = getattr(self, name)
            if not value > 0:
                raise ValueError(f"{name} is {value}: expected more than 0 bytes")
