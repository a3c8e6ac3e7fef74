"""Whether an entry of the policy means somebody, a part of a cluster, an object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from bot.policy.model import ActingGrant, ApprovalRule, Persons, ReadingGrant, RemediationArea
from bot.policy.who import Who


def shows_to(grant: ReadingGrant, who: Who) -> bool:
    """What a channel is shown all in it see: an entry for people alone opens their direct messages, no channel."""
    if (grant.users or grant.groups) and not grant.channels and not who.direct:
        return False
    return is_for(grant, who)


def is_for(persons: Persons, who: Who) -> bool:
    """Whether the person is meant, in this place. Who is in no user group for all we know is meant by none."""
    if not is_here(persons.channels, who):
        return False
    if not persons.users and not persons.groups:
        return True
    return "*" in persons.users or who.user in persons.users or not who.groups.isdisjoint(persons.groups)


def is_here(channels: tuple[str, ...], who: Who) -> bool:
    """Whether the place is among the channels; none given are all places, and a direct message is no channel."""
    return not channels or (not who.direct and any(_means_channel(each, who) for each in channels))


def covers(area: RemediationArea | ActingGrant | ApprovalRule, cluster: str, namespace: str) -> bool:
    """`namespace` is "" for an object outside namespaces."""
    inside = any_matches(area.namespaces, namespace) if namespace else area.cluster_scoped
    return inside and any_matches(area.clusters, cluster)


def has_labels(wanted: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether an object's `labels` are all that are wanted; a pattern wants a label to be there, `*` too."""
    return all(key in labels and fnmatchcase(labels[key], pattern) for key, pattern in wanted.items())


def any_matches(patterns: Iterable[str], name: str) -> bool:
    return bool(name) and any(fnmatchcase(name, pattern) for pattern in patterns)


def _means_channel(pattern: str, who: Who) -> bool:
    if not pattern.startswith("#"):
        return pattern in ("*", who.channel)
    # Whoever shares a channel may have named it: there only its id tells which one it is.
    name = who.channel_name.removeprefix("#")
    return bool(name) and not who.external and fnmatchcase(name, pattern.removeprefix("#"))
