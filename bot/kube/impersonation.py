"""Impersonate a user, so that the API server itself decides what this person may do in the cluster.

The request still carries Casebook's own credentials, which must be allowed to `impersonate` that user and each group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

USER_HEADER: Final = "Impersonate-User"
GROUP_HEADER: Final = "Impersonate-Group"


@dataclass(frozen=True, slots=True)
class ActsAs:
    """A user as the API server knows them, in these groups and in `system:authenticated` only."""

    user: str
    groups: tuple[str, ...] = ()

    @property
    def wrong(self) -> str:
        """Return why these names cannot be sent, or "" if they can.

        A line break would start another header, and blanks at the ends are lost, so another name would arrive. The API
        server decodes nothing here; a proxy may change non-ASCII characters, or they may look like another name.
        """
        for what, name in (("user", self.user), *(("group", group) for group in self.groups)):
            if not name or name != name.strip() or not (name.isascii() and name.isprintable()):
                return f"{name!a} cannot be sent as the name of a {what}: it must be printable ASCII"
        return ""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the name and value of each header; the group header is repeated for each group."""
        return ((USER_HEADER, self.user), *((GROUP_HEADER, group) for group in self.groups))
