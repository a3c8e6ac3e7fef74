"""Who asks and where, as the policy wants to know it, and how it decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from intents.domain import Text


class ReadLevel(StrEnum):
    """What may be answered: from the clusters, from the pasted text alone, or not at all."""

    FULL = "full"
    TEXT_ONLY = "text-only"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Who asks, and where. `channel_name` may be empty where it is not known; then only ids are recognised.

    `direct` is a conversation of two: one with several people is a channel. `external`: the channel is shared with
    another organisation, or the user is of one; `foreign`: the user is. `groups` are the ids (S…) and "@handle"s of the
    user groups the person is in; `groups_unread` says why they could not be read, then nobody is in any. `email` is the
    person's address if they have confirmed it, else "". `Policy` says whether it asks for groups and addresses at all.
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
    """Whether something may be done. `says`: why (not), for the person; `rule`: the entry that allowed it.

    `provisional`: it was allowed by entries that ask for labels which were not known. It may then be offered, and
    must be decided again with the labels before anything is done.
    """

    allowed: bool
    says: Text
    rule: str = ""
    provisional: bool = False
