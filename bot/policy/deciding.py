"""What the policy means for one person in one place: pure, so that every surface comes to the same decision.

A `Scope` is asked for once per request, and again at each press of a button: rights may have been taken away since.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from bot.cluster.access import NOTHING, Access
from bot.policy.model import ActingGrant, Answers, Area, ReadingGrant, RemediationArea, Rules
from intents.domain import Text


class Reading(StrEnum):
    """What may be answered: from the clusters, from the pasted text alone, or not at all."""

    FULL = "full"
    TEXT_ONLY = "text-only"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Who asks, and where. `channel_name` may be empty where it is not known; then only ids are recognised.

    `direct` is a conversation of two: one with several people is a channel. `external`: the channel is shared with
    another organisation, or the user is of one.
    """

    team: str = ""
    channel: str = ""
    channel_name: str = ""
    user: str = ""
    guest: bool = False
    external: bool = False
    direct: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether something may be done. `says`: why (not), for the person; `rule`: the entry that allowed it."""

    allowed: bool
    says: Text
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What one person may see and do in one place. Answers the same for a cluster that is hidden and one there is not.

    `text_only_reason` says why it is less than `Reading.FULL`.
    """

    reading: Reading
    text_only_reason: Text | None = None
    grants: tuple[ReadingGrant, ...] = ()
    remediation: tuple[RemediationArea, ...] = ()
    acting: tuple[tuple[str, ActingGrant], ...] = ()
    offering: tuple[ActingGrant, ...] = ()

    def sees_cluster(self, name: str) -> bool:
        return any(_any_matches(grant.clusters, name) for grant in self.grants)

    def clusters(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the clusters that may be seen, in their order: for did-you-mean and choices."""
        return tuple(name for name in names if self.sees_cluster(name))

    def access(self, cluster: str) -> Access:
        """What of a cluster may be read: all that the entries for it add up to."""
        grants = [grant for grant in self.grants if _any_matches(grant.clusters, cluster)]
        if not grants:
            return NOTHING
        return Access(
            namespaces=frozenset(namespace for grant in grants for namespace in grant.namespaces),
            cluster_scoped=any(grant.cluster_scoped for grant in grants),
        )

    def may(self, action: str, cluster: str, namespace: str) -> Decision:
        """Whether a button may be pressed: seen here, switched on there, and granted to this person.

        `namespace` is "" for an object outside namespaces.
        """
        place = _place(cluster, namespace)
        if not _sees(self.access(cluster), namespace):
            return Decision(allowed=False, says=self.text_only_reason or _not_shown(place))
        if not any(_covers(area, cluster, namespace) for area in self.remediation):
            return Decision(allowed=False, says=_switched_off(place))
        for rule, grant in self.acting:
            if _covers(grant, cluster, namespace) and _any_matches(grant.actions, action):
                return Decision(allowed=True, rule=rule, says=_allowed_by(rule))
        return Decision(allowed=False, says=_not_granted(action, place))

    def offers(self, action: str, cluster: str, namespace: str) -> bool:
        """Whether a button may stand in an answer here: somebody could press it. Who may is decided at the press."""
        return (
            _sees(self.access(cluster), namespace)
            and any(_covers(area, cluster, namespace) for area in self.remediation)
            and any(
                _covers(grant, cluster, namespace) and _any_matches(grant.actions, action) for grant in self.offering
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules of one workspace. Without a file: everyone may read everything, guests only texts; nobody may act."""

    rules: Rules = field(default_factory=Rules)

    @classmethod
    def default(cls) -> Policy:
        return cls()

    @classmethod
    def playground(cls) -> Policy:
        """Everything is switched on, for everyone but guests: nothing there is real."""
        everywhere = {"clusters": ["*"], "namespaces": ["*"], "cluster_scoped": True}
        acting = {**everywhere, "users": ["*"], "actions": ["*"]}
        return cls(rules=Rules.model_validate({"remediation": [everywhere], "acting": [acting]}))

    def scope(self, who: Who) -> Scope:
        """What this person may see and do in this place."""
        grants = tuple(grant for grant in self.rules.reading if _shows_to(grant, who))
        limits = [(self.rules.external, _EXTERNAL)] if who.external else []
        limits += [(self.rules.guests, _GUEST)] if who.guest else []
        limits += [] if grants else [(self.rules.others, _NOT_NAMED_DIRECT if who.direct else _NOT_NAMED)]
        # Of a guest in a shared channel, and of one whom no entry names, the least counts.
        limit, why = max(limits, key=lambda each: _STRICTNESS[each[0]], default=_UNLIMITED)
        if limit is not Answers.AS_OTHERS:
            reading = Reading.NOTHING if limit is Answers.NOTHING else Reading.TEXT_ONLY
            return Scope(reading=reading, text_only_reason=why)
        return Scope(
            reading=Reading.FULL,
            grants=grants,
            remediation=self.rules.remediation,
            acting=tuple(
                (f"acting[{number}]", grant)
                for number, grant in enumerate(self.rules.acting)
                if _is_for(grant.channels, grant.users, who)
            ),
            offering=tuple(grant for grant in self.rules.acting if _is_for(grant.channels, (), who)),
        )

    def unmatched(self, clusters: Iterable[str]) -> tuple[str, ...]:
        """Entries for clusters that there are not, one line each: worth a warning at the start."""
        known = tuple(clusters)
        sections: dict[str, Sequence[Area]] = {
            "reading": self.rules.reading,
            "remediation": self.rules.remediation,
            "acting": self.rules.acting,
        }
        return tuple(
            f"{section}[{number}].clusters: no cluster is called {pattern!r}"
            for section, areas in sections.items()
            for number, area in enumerate(areas)
            for pattern in area.clusters
            if not any(fnmatchcase(name, pattern) for name in known)
        )


_STRICTNESS: Final = {Answers.AS_OTHERS: 0, Answers.TEXT_ONLY: 1, Answers.NOTHING: 2}

_GUEST: Final = Text(
    en="guests get answers from the text alone, without a look into a cluster",
    zh="访客只能得到基于文本本身的回答，不会查询集群",
)
_EXTERNAL: Final = Text(
    en="in a channel shared with another organisation, or for its people, answers come from the text alone",
    zh="在与其他组织共享的频道中，或对外部人员，只根据文本本身作答",
)
_NOT_NAMED: Final = Text(
    en="the policy lets no cluster be shown in this channel",
    zh="按照策略，此频道不能显示任何集群的内容",
)
_NOT_NAMED_DIRECT: Final = Text(
    en="the policy lets no cluster be shown to you in a direct message",
    zh="按照策略，私信中不能向您显示任何集群的内容",
)
_UNLIMITED: Final = (Answers.AS_OTHERS, _NOT_NAMED)


def _shows_to(grant: ReadingGrant, who: Who) -> bool:
    """What a channel is shown all in it see: an entry for users alone opens their direct messages, no channel."""
    if grant.users and not grant.channels and not who.direct:
        return False
    return _is_for(grant.channels, grant.users, who)


def _is_for(channels: tuple[str, ...], users: tuple[str, ...], who: Who) -> bool:
    if channels and (who.direct or not any(_means_channel(each, who) for each in channels)):
        return False
    return not users or "*" in users or who.user in users


def _means_channel(pattern: str, who: Who) -> bool:
    if not pattern.startswith("#"):
        return pattern in ("*", who.channel)
    # Whoever shares a channel may have named it: there only its id tells which one it is.
    name = who.channel_name.removeprefix("#")
    return bool(name) and not who.external and fnmatchcase(name, pattern.removeprefix("#"))


def _covers(area: RemediationArea | ActingGrant, cluster: str, namespace: str) -> bool:
    inside = _any_matches(area.namespaces, namespace) if namespace else area.cluster_scoped
    return inside and _any_matches(area.clusters, cluster)


def _sees(access: Access, namespace: str) -> bool:
    return access.allows(namespace) if namespace else access.cluster_scoped


def _any_matches(patterns: Iterable[str], name: str) -> bool:
    return bool(name) and any(fnmatchcase(name, pattern) for pattern in patterns)


def _place(cluster: str, namespace: str) -> Text:
    if namespace:
        return Text(en=f"namespace {namespace} of {cluster}", zh=f"{cluster} 的命名空间 {namespace}")
    return Text(en=f"objects outside namespaces of {cluster}", zh=f"{cluster} 的集群级对象")


def _not_shown(place: Text) -> Text:
    return Text(en=f"{place.en} may not be shown here", zh=f"此处不能显示{place.zh}")


def _switched_off(place: Text) -> Text:
    return Text(
        en=f"actions are switched off for {place.en}; `remediation` in the policy switches them on",
        zh=f"{place.zh}未启用操作；可在策略的 `remediation` 中启用",
    )


def _not_granted(action: str, place: Text) -> Text:
    return Text(
        en=f"the policy does not let you {action} here for {place.en}; `acting` in it says who may",
        zh=f"按照策略，您不能在此对{place.zh}执行 {action}；策略的 `acting` 规定了谁可以",
    )


def _allowed_by(rule: str) -> Text:
    return Text(en=f"allowed by {rule} of the policy", zh=f"策略的 {rule} 允许此操作")
