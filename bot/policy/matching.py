"""Match policy entries against a person, a part of a cluster, or an object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from bot.policy.decisions import Actor
from bot.policy.model import ActingGrant, ApprovalRule, Persons, ReadingGrant, RemediationArea


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


def _means_channel(pattern: str, who: Actor) -> bool:
    if not pattern.startswith("#"):
        return pattern in ("*", who.channel)
    # Another organisation may have named a shared channel, so only its id identifies it.
    name = who.channel_name.removeprefix("#")
    return bool(name) and not who.external and fnmatchcase(name, pattern.removeprefix("#"))
