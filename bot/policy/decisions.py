"""Define the requester as the policy needs it, and the policy's decision."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from intents.domain import Text


class ReadLevel(StrEnum):
    """The sources an answer may use: the clusters, the pasted text alone, or none."""

    FULL = "full"
    TEXT_ONLY = "text-only"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The requester and the place of the request. Without a `channel_name` only channel ids match.

    `direct` is a conversation of two; one with several people is a channel. `external`: the channel is shared with
    another organisation, or the user belongs to one; `foreign`: the user does. `groups` are the ids (S…) and "@handle"s
    of the person's user groups; `groups_unread` says why they could not be read, and then the person is in none.
    `email` is the confirmed address, else "". `Policy` says whether it needs groups and addresses at all.
    """

    team: str = ""
    channel: str = ""
    channel_name: str = ""
    user: str = ""
    guest: bool = False
    external: bool = False
    foreign: bool = False
    bot: bool = False
    direct: bool = False
    groups: frozenset[str] = frozenset()
    groups_unread: Text | None = None
    email: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The decision on a request. `says` is the reason for the person, `rule` the entry that allowed it.

    `provisional`: entries with labels allowed it while the labels were unknown. It may be offered, and must be decided
    again with the labels before anything is done.
    """

    allowed: bool
    says: Text
    rule: str = ""
    provisional: bool = False
