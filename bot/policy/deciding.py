"""What the policy means for one person in one place: pure, so that every surface comes to the same decision.

A `Scope` is asked for once per request, and again at each press of a button: rights may have been taken away since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final, TypeAlias, TypeVar

from bot.kube.access import NOTHING, Access
from bot.kube.impersonation import ActsAs
from bot.policy import reasons
from bot.policy.matching import any_matches, covers, has_labels, is_for, is_here, shows_to
from bot.policy.model import (
    RISKS,
    ActingGrant,
    Answers,
    ApprovalRule,
    Area,
    Impersonation,
    Limits,
    Persons,
    ReadingGrant,
    RemediationArea,
    Rules,
)
from bot.policy.own_names import acts_as
from bot.policy.who import Decision, ReadLevel, Who
from intents.domain import Text

# The labels of an object as it was just read; {} is an object without any, None: it was not read yet.
Labels: TypeAlias = Mapping[str, str] | None
_ForObjects: TypeAlias = RemediationArea | ActingGrant | ApprovalRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What one person may see and do in one place. Answers the same for a cluster that is hidden and one there is not.

    `text_only_reason` says why it is less than `Reading.FULL`.

    Of an object whose labels are None, so not read yet, entries that ask for labels count as met: enough to offer a
    button or to open its dialog (`Decision.provisional` then), never to do anything. Before a write the labels are
    given as they were just read, {} where the object has none.
    """

    reading: ReadLevel
    who: Who = field(default_factory=Who)
    text_only_reason: Text | None = None
    grants: tuple[ReadingGrant, ...] = ()
    remediation: tuple[RemediationArea, ...] = ()
    acting: tuple[tuple[str, ActingGrant], ...] = ()
    offering: tuple[ActingGrant, ...] = ()
    approvals: tuple[tuple[str, ApprovalRule], ...] = ()
    impersonation: tuple[Impersonation, ...] = ()
    limits: Limits = field(default_factory=Limits)

    def sees_cluster(self, name: str) -> bool:
        return any(any_matches(grant.clusters, name) for grant in self.grants)

    def clusters(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the clusters that may be seen, in their order: for did-you-mean and choices."""
        return tuple(name for name in names if self.sees_cluster(name))

    def access(self, cluster: str) -> Access:
        """What of a cluster may be read: all that the entries for it add up to."""
        grants = [grant for grant in self.grants if any_matches(grant.clusters, cluster)]
        if not grants:
            return NOTHING
        return Access(
            namespaces=frozenset(namespace for grant in grants for namespace in grant.namespaces),
            cluster_scoped=any(grant.cluster_scoped for grant in grants),
        )

    def may(self, action: str, cluster: str, namespace: str, labels: Labels = None) -> Decision:
        """Whether a button may be pressed: seen here, switched on there, and granted to this person.

        `namespace` is "" for an object outside namespaces. `labels`: see `Scope`; with None nothing may be done yet.
        """
        place = reasons.place_of(cluster, namespace)
        on = self._switched_on(place, cluster, namespace, labels)
        if not on.allowed:
            return on
        granting = [
            (rule, grant)
            for rule, grant in self.acting
            if covers(grant, cluster, namespace) and any_matches(grant.actions, action)
        ]
        met = _first_met(granting, labels)
        if met is not None:
            rule, sure = met
            says = reasons.allowed_by(rule)
            return Decision(allowed=True, rule=rule, says=says, provisional=on.provisional or not sure)
        says = reasons.not_granted(action, place)
        if granting:
            says = reasons.other_labels((rule, grant.labels) for rule, grant in granting)
        return self._refusal(says)

    def offers(self, action: str, cluster: str, namespace: str, labels: Labels = None) -> bool:
        """Whether a button may stand in an answer here: somebody could press it. Who may is decided at the press."""
        place = reasons.place_of(cluster, namespace)
        return self._switched_on(place, cluster, namespace, labels).allowed and any(
            covers(grant, cluster, namespace) and any_matches(grant.actions, action) and _met(grant.labels, labels)
            for grant in self.offering
        )

    def goes_by_labels(self, action: str, cluster: str, namespace: str) -> bool:
        """Whether an object's labels can change what is decided about it here: then they are read before a write."""
        acting = [grant for _, grant in self.acting if any_matches(grant.actions, action)]
        approvals = [rule for _, rule in self.approvals if any_matches(rule.actions, action)]
        entries: Sequence[_ForObjects] = (*self.remediation, *acting, *approvals)
        return any(entry.labels and covers(entry, cluster, namespace) for entry in entries)

    def approval(self, action: str, cluster: str, namespace: str, labels: Labels, risk: str) -> str:
        """The entry that asks for a second person ("approval[0]"), the first of several; "" if none does.

        A risk there is none of, and labels that were not read, count as what is asked for.
        """
        return next((rule for rule, _ in self._approvals(action, cluster, namespace, labels, risk)), "")

    def may_approve(self, action: str, cluster: str, namespace: str, labels: Labels, risk: str) -> Decision:
        """Whether this person may be the second one, from here: all entries that ask for one have to suit.

        An entry that names nobody takes whoever may do it themselves, and so does a change that none asks about. That
        it is another person than the first is not decided here.
        """
        place = reasons.place_of(cluster, namespace)
        decision = self._switched_on(place, cluster, namespace, labels)
        asking = list(self._approvals(action, cluster, namespace, labels, risk))
        if not all(_names_someone(rule) for _, rule in asking) or not asking:
            decision = self.may(action, cluster, namespace, labels)
        if not decision.allowed:
            return decision
        for name, rule in asking:
            if not is_for(rule, self.who):
                return self._refusal(reasons.no_approver(name))
        if not asking:
            return decision
        name = asking[0][0]
        return Decision(allowed=True, rule=name, says=reasons.may_approve_by(name), provisional=decision.provisional)

    def acts_as(self, cluster: str) -> ActsAs | Text | None:
        """Whom this person is in the cluster; None where Casebook acts as itself.

        A Text says why they cannot act there at all: no confirmed address, one of another domain, a guest.
        """
        return acts_as(self.impersonation, cluster, self.who)

    def _switched_on(self, place: Text, cluster: str, namespace: str, labels: Labels) -> Decision:
        """Whether the place is seen here and anything may be changed there at all."""
        access = self.access(cluster)
        if not (access.allows(namespace) if namespace else access.cluster_scoped):
            says = self.text_only_reason
            return Decision(allowed=False, says=says) if says else self._refusal(reasons.not_shown(place))
        areas = [
            (f"remediation[{number}]", area)
            for number, area in enumerate(self.remediation)
            if covers(area, cluster, namespace)
        ]
        met = _first_met(areas, labels)
        if met is not None:
            rule, sure = met
            return Decision(allowed=True, rule=rule, says=reasons.allowed_by(rule), provisional=not sure)
        if areas:
            says = reasons.other_labels((rule, area.labels) for rule, area in areas)
            return Decision(allowed=False, says=says)
        return Decision(allowed=False, says=reasons.switched_off(place))

    def _approvals(
        self, action: str, cluster: str, namespace: str, labels: Labels, risk: str
    ) -> Iterator[tuple[str, ApprovalRule]]:
        for name, rule in self.approvals:
            if (
                covers(rule, cluster, namespace)
                and any_matches(rule.actions, action)
                and (risk in rule.risks or risk not in RISKS)
                and _met(rule.labels, labels)
            ):
                yield name, rule

    def _refusal(self, says: Text) -> Decision:
        return Decision(allowed=False, says=reasons.with_groups_unread(says, self.who.groups_unread))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules of one workspace. Without a file: everyone may read everything, guests only texts; nobody may act."""

    rules: Rules = field(default_factory=Rules)

    @classmethod
    def default(cls) -> Policy:
        return cls()

    @classmethod
    def playground(cls) -> Policy:
        """Everything is switched on, for everyone but guests: nothing there is real.

        Nobody who clicks about comes to the limits; whoever lets a program click still does.
        """
        everywhere = {"clusters": ["*"], "namespaces": ["*"], "cluster_scoped": True}
        acting = {**everywhere, "users": ["*"], "actions": ["*"]}
        limits = {"target": {"writes": 100, "minutes": 15}, "user": {"writes": 1_000, "minutes": 15}}
        return cls(rules=Rules.model_validate({"remediation": [everywhere], "acting": [acting], "limits": limits}))

    @property
    def asks_groups(self) -> bool:
        """Whether it matters who is in which user group: an entry names one."""
        return self.rules.names_groups

    @property
    def asks_address(self) -> bool:
        """Whether it matters which e-mail address somebody has: somewhere people act under their own name."""
        return bool(self.rules.impersonation)

    def scope(self, who: Who) -> Scope:
        """What this person may see and do in this place."""
        grants = tuple(grant for grant in self.rules.reading if shows_to(grant, who))
        limits = [(self.rules.external, reasons.EXTERNAL)] if who.external else []
        limits += [(self.rules.guests, reasons.GUEST)] if who.guest else []
        limits += [] if grants else [(self.rules.others, _not_named(who))]
        # Of a guest in a shared channel, and of one whom no entry names, the least counts.
        limit, why = max(limits, key=lambda each: _STRICTNESS[each[0]], default=_UNLIMITED)
        impersonation = self.rules.impersonation
        if limit is not Answers.AS_OTHERS:
            reading = ReadLevel.NOTHING if limit is Answers.NOTHING else ReadLevel.TEXT_ONLY
            return Scope(
                reading=reading, text_only_reason=why, who=who, impersonation=impersonation, limits=self.rules.limits
            )
        return Scope(
            reading=ReadLevel.FULL,
            who=who,
            grants=grants,
            remediation=self.rules.remediation,
            acting=tuple(
                (f"acting[{number}]", grant) for number, grant in enumerate(self.rules.acting) if is_for(grant, who)
            ),
            offering=tuple(grant for grant in self.rules.acting if is_here(grant.channels, who)),
            approvals=tuple((f"approval[{number}]", rule) for number, rule in enumerate(self.rules.approval)),
            impersonation=impersonation,
            limits=self.rules.limits,
        )

    def unmatched(self, clusters: Iterable[str]) -> tuple[str, ...]:
        """The names that no cluster has, a line each with the entries that use it: worth a warning at the start."""
        known = tuple(clusters)
        sections: dict[str, Sequence[Area | Impersonation]] = {
            "reading": self.rules.reading,
            "remediation": self.rules.remediation,
            "acting": self.rules.acting,
            "approval": self.rules.approval,
            "impersonation": self.rules.impersonation,
        }
        used: dict[str, list[str]] = {}
        for section, areas in sections.items():
            for number, area in enumerate(areas):
                for pattern in area.clusters:
                    if not any(fnmatchcase(name, pattern) for name in known):
                        used.setdefault(pattern, []).append(f"{section}[{number}]")
        return tuple(f"no cluster is called {pattern!r}: {', '.join(where)}" for pattern, where in used.items())


_STRICTNESS: Final = {Answers.AS_OTHERS: 0, Answers.TEXT_ONLY: 1, Answers.NOTHING: 2}
_UNLIMITED: Final = (Answers.AS_OTHERS, reasons.NOT_NAMED)

_Entry = TypeVar("_Entry", ActingGrant, RemediationArea)


def _not_named(who: Who) -> Text:
    says = reasons.NOT_NAMED_DIRECT if who.direct else reasons.NOT_NAMED
    return reasons.with_groups_unread(says, who.groups_unread)


def _names_someone(persons: Persons) -> bool:
    return bool(persons.channels or persons.users or persons.groups)


def _met(wanted: Mapping[str, str], labels: Labels) -> bool:
    return not wanted or labels is None or has_labels(wanted, labels)


def _first_met(entries: Sequence[tuple[str, _Entry]], labels: Labels) -> tuple[str, bool] | None:
    """The name of the first entry that is met, and whether that is sure: of unread labels nothing is."""
    met = [(rule, not entry.labels or labels is not None) for rule, entry in entries if _met(entry.labels, labels)]
    return next((each for each in met if each[1]), met[0] if met else None)
