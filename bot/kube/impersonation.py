"""Acting as somebody: with impersonation the API server itself decides what a person may do in the cluster.

The request still carries Casebook's own credentials, which must be allowed to `impersonate` that user and each group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

USER_HEADER: Final = "Impersonate-User"
GROUP_HEADER: Final = "Impersonate-Group"


@dataclass(frozen=True, slots=True)
class ActsAs:
    """A user as the API server knows them, in these groups and no others but `system:authenticated`."""

    user: str
    groups: tuple[str, ...] = ()

    @property
    def wrong(self) -> str:
        """Why no request may carry these names; "" if it may.

        A line break would be another header, and blanks at the ends are lost on the way: another name then arrives. The
        API server decodes nothing here, and what is no ASCII may be changed by a proxy, or look like another name.
        """
        for what, name in (("user", self.user), *(("group", group) for group in self.groups)):
            if not name or name != name.strip() or not (name.isascii() and name.isprintable()):
                return f"{name!a} cannot be sent as the name of a {what}: it must be printable ASCII"
        return ""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Name and value of each header; the one for groups as often as there are groups."""
        return ((USER_HEADER, self.user), *((GROUP_HEADER, group) for group in self.groups))
