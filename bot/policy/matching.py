"""Match policy entries against a person, a part of a cluster, or an object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from operator import itemgetter

from bot.kube.objects import grouped
from bot.policy.model import ActingGrant, ApprovalRule, Persons, ReadingGrant, RemediationArea
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


def shows_to(grant: ReadingGrant, who: Actor) -> bool:
    """Return whether a reading entry applies here. One for people alone opens their direct messages, not a channel.

    Everybody in a channel sees its answers.
    """
    if (grant.users or grant.groups) and not grant.channels and not who.direct:
        return False
    return is_for(grant, who)


def is_for(persons: Persons, who: Actor) -> bool:
    """Return whether an entry covers the person in this place. A person whose groups are unknown is in none."""
    if not is_here(persons.channels, who):
        return False
    if not persons.users and not persons.groups:
        return True
    return "*" in persons.users or who.user in persons.users or not who.groups.isdisjoint(persons.groups)


def is_here(channels: tuple[str, ...], who: Actor) -> bool:
    """Return whether the place is among the channels; no channels means everywhere. A direct message is no channel."""
    return not channels or (not who.direct and any(_means_channel(each, who) for each in channels))


def covers(area: RemediationArea | ActingGrant | ApprovalRule, cluster: str, namespace: str) -> bool:
    """Return whether an entry covers a namespace of a cluster; "" stands for cluster-scoped objects."""
    inside = any_matches(area.namespaces, namespace) if namespace else area.cluster_scoped
    return inside and any_matches(area.clusters, cluster)


def has_labels(wanted: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Return whether `labels` match all wanted ones; any pattern, `*` included, requires the label to exist."""
    return all(key in labels and fnmatchcase(labels[key], pattern) for key, pattern in wanted.items())


def any_matches(patterns: Iterable[str], name: str) -> bool:
    """Return whether one of the patterns matches a name; "" never matches."""
    return bool(name) and any(fnmatchcase(name, pattern) for pattern in patterns)


def unmatched_lines(found: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return a line for each name that matches no cluster, with the entries that use it."""
    used = grouped(found, itemgetter(0)).items()
    return tuple(f"no cluster is called {name!r}: {', '.join(where for _, where in entries)}" for name, entries in used)


def _means_channel(pattern: str, who: Actor) -> bool:
    if not pattern.startswith("#"):
        return pattern in ("*", who.channel)
    # Another organisation may have named a shared channel, so only its id identifies it.
    name = who.channel_name.removeprefix("#")
    return bool(name) and not who.external and fnmatchcase(name, pattern.removeprefix("#"))
