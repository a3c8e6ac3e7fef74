"""Define gaps: what could not be read, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from intents.languages import Text, in_sentence


class GapReason(StrEnum):
    """The reason why something could not be read."""

    FORBIDDEN = "forbidden"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not found"
    EXPIRED = "expired"
    TIMED_OUT = "timed out"
    UNREACHABLE = "unreachable"
    THROTTLED = "throttled"
    SERVER_ERROR = "server error"
    TRUNCATED = "truncated"
    NOT_CONFIGURED = "not configured"
    NO_CLUSTER = "no cluster"
    ONLY_METRICS = "only metrics tell"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Permission:
    """An RBAC permission that a read or a write needs, such as get on coordination.k8s.io/leases."""

    verb: str
    group: str = ""
    resource: str

    def __str__(self) -> str:
        return f"{self.verb} on {self.group + '/' if self.group else ''}{self.resource}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that could not be read, and why. It is always shown and never taken for "fine".

    `detail_zh` is the detail in Chinese if it is our own sentence, not a message of the cluster. A `quiet` gap is of a
    source that is not set up: it is shown in the details only and has no effect on verdicts.
    """

    what: str
    reason: GapReason
    permission: Permission | None = None
    detail: str = ""
    detail_zh: str = ""
    quiet: bool = False

    @property
    def says(self) -> Text:
        """Return the gap as a sentence."""
        why = in_sentence(self.detail) or str(self.reason)
        en = f"needs {self.permission}" if self.permission else why
        zh = f"缺少权限 {self.permission}" if self.permission else self.detail_zh or why
        return Text(en=f"cannot read {self.what}: {en}", zh=f"无法读取 {self.what}：{zh}")

    def __str__(self) -> str:
        return self.says.en
