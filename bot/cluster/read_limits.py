"""Limit the memory that answers of an API server may take, however large they are.

Parsed JSON takes up to thirty times its bytes, so the memory of an answer is estimated before it is parsed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.cluster.api_calls import ClusterRequest
from bot.cluster.errors import TooLarge

# Measured with CPython 3.11: an empty object takes 64 bytes and its place in a list 8.
_BYTES_PER_VALUE: Final = 75


@dataclass(slots=True)
class MemoryAccount:
    """The memory that all reads of one connection hold together, in bytes."""

    limit: int
    held: int = 0

    def take(self, size: int) -> bool:
        """Add `size` if it is within the limit; return False and add nothing if it is not."""
        if self.held + size > self.limit:
            return False
        self.held += size
        return True

    def give_back(self, size: int) -> None:
        self.held -= size


def estimated_memory(chunk: bytes) -> int:
    """Return about how many bytes a part of a JSON answer and its parsed values take.

    Commas in strings count too, so it is rather high.
    """
    values = chunk.count(b",") + chunk.count(b"{") + chunk.count(b"[")
    return len(chunk) + _BYTES_PER_VALUE * values


def answer_too_large(request: ClusterRequest, *, limit: int) -> TooLarge:
    """Return the error for one answer with more bytes than `limit`."""
    return TooLarge(
        what=request.what,
        does=request.does,
        detail=f"the answer has more than {_in_mib(limit)}",
        detail_zh=f"响应超过 {_in_mib(limit)}",
        smaller_may_fit=True,
    )


def diagnosis_too_large(request: ClusterRequest, *, limit: int) -> TooLarge:
    """Return the error for answers that together exceed the limit of a diagnosis."""
    return TooLarge(
        what=request.what,
        does=request.does,
        detail=f"the answers of this diagnosis have more than {_in_mib(limit)} together",
        detail_zh=f"本次诊断的响应总计超过 {_in_mib(limit)}",
    )


def diagnosis_memory_full(request: ClusterRequest, *, limit: int) -> TooLarge:
    """Return the error for objects that together need more memory than a diagnosis may hold."""
    return TooLarge(
        what=request.what,
        does=request.does,
        detail=f"the objects of this diagnosis need more than {_in_mib(limit)} of memory",
        detail_zh=f"本次诊断的对象需要超过 {_in_mib(limit)} 的内存",
        smaller_may_fit=True,
    )


def memory_full(request: ClusterRequest) -> TooLarge:
    """Return the error for an answer that does not fit beside those of other diagnoses."""
    return TooLarge(
        what=request.what,
        does=request.does,
        detail="the diagnoses in flight hold too much data of this cluster: ask again",
        detail_zh="正在进行的诊断占用了过多该集群的数据，请稍后重试",
    )


def _in_mib(size: int) -> str:
    return f"{size / (1 << 20):.3g} MiB"
