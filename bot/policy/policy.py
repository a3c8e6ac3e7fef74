"""Apply the policy to one person in one place. Pure, so that every surface comes to the same decision.

Ask for a `PolicyScope` once per request and again at each button press: permissions may have been withdrawn since.

A file with any problem grants nothing at all: half a policy would surprise somebody.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from pydantic import BaseModel

from bot.kube.access import NOTHING, Access, ActsAs
from bot.policy import reasons
from bot.policy.matching import (
    Actor,
    Decision,
    ReadLevel,
    any_matches,
    covers,
    has_labels,
    is_for,
    is_here,
    shows_to,
    unmatched_lines,
)
from bot.policy.model import (
    KNOWN_ACTIONS,
    RISKS,
    SILENCE_ALERTS,
    ActingGrant,
    AnswerLevel,
    ApprovalRule,
    ClusterArea,
    ImpersonationEntry,
    Limit,
    Limits,
    Persons,
    ReadingGrant,
    RemediationArea,
    Rules,
)
from bot.policy.strict_yaml import Step, read_strictly
from intents.domain import Text

# ASCII before lower-casing, because other letters turn into ASCII by it; no colon, because prefix and address could add
# up to a reserved name of the cluster.
_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")


# The labels of an object as just read; {} for an object without labels, None if it was not read yet.
ObjectLabels: TypeAlias = Mapping[str, str] | None
_ForObjects: TypeAlias = RemediationArea | ActingGrant | ApprovalRule


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyScope:
    """The rights of one person in one place. A hidden cluster and a missing one get the same answer.

    `curates`: the person may share, edit and delete saved incidents of others. `operates`: the person runs Casebook.

    `text_only_reason` says why it is less than `ProbeResult.FULL`.

    If an object's labels are None (not read yet), entries that require labels count as met. This is enough to offer a
    button or open its dialog (`Decision.provisional`), never to write. Before a write the labels are passed as just
    read, {} if the object has none.
    """

    reading: ReadLevel
    who: Actor = field(default_factory=Actor)
    text_only_reason: Text | None = None
    grants: tuple[ReadingGrant, ...] = ()
    remediation: tuple[RemediationArea, ...] = ()
    acting: tuple[tuple[str, ActingGrant], ...] = ()
    offering: tuple[ActingGrant, ...] = ()
    approvals: tuple[tuple[str, ApprovalRule], ...] = ()
    curates: bool = False
    operates: bool = False
    impersonation: tuple[ImpersonationEntry, ...] = ()
    limits: Limits = field(default_factory=Limits)

    def sees_cluster(self, name: str) -> bool:
        """Return whether any reading entry covers this cluster."""
        return any(any_matches(grant.clusters, name) for grant in self.grants)

    def clusters(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the visible clusters in their order, for suggestions and choices."""
        return tuple(name for name in names if self.sees_cluster(name))

    def access(self, cluster: str) -> Access:
        """Return what may be read of a cluster: the sum of its entries."""
        grants = [grant for grant in self.grants if any_matches(grant.clusters, cluster)]
        if not grants:
            return NOTHING
        return Access(
            namespaces=frozenset(namespace for grant in grants for namespace in grant.namespaces),
            cluster_scoped=any(grant.cluster_scoped for grant in grants),
            metrics=any(grant.metrics for grant in grants),
        )

    def audience(self, clusters: Iterable[str]) -> str:
        """Return a text that is equal for two people exactly if they may read the same parts of these clusters."""
        accesses = ((name, self.access(name)) for name in self.clusters(clusters))
        parts = [
            f"{name} {'*' if access.every_namespace else ' '.join(sorted(access.namespaces))}"
            f" {access.cluster_scoped} {access.metrics}"
            for name, access in accesses
        ]
        return hashlib.blake2b("\n".join(parts).encode(), digest_size=8).hexdigest() if parts else "text"

    def may(self, action: str, cluster: str, namespace: str, labels: ObjectLabels = None) -> Decision:
        """Decide whether a button may be pressed: visible here, enabled there, and granted to this person.

        `namespace` is "" for a cluster-scoped object. `labels`: see `PolicyScope`; with None nothing may be written.
        """
        on = self._switched_on(cluster, namespace, labels)
        if not on.allowed:
            return on
        granting = [
            (rule, grant)
            for rule, grant in self.acting
            if covers(grant, cluster, namespace) and any_matches(grant.actions, action)
        ]
        if (met := _first_met(granting, labels)) is not None:
            return replace(met, provisional=on.provisional or met.provisional)
        says = reasons.NOT_GRANTED.filled(reasons.place_of(cluster, namespace))
        if granting:
            says = reasons.other_labels((rule, grant.labels) for rule, grant in granting)
        return self._refusal(says)

    def offers(self, action: str, cluster: str, namespace: str, labels: ObjectLabels = None) -> bool:
        """Return whether an answer here may show a button that somebody could press; each press is authorised again."""
        return self._switched_on(cluster, namespace, labels).allowed and any(
            covers(grant, cluster, namespace) and any_matches(grant.actions, action) and _met(grant.labels, labels)
            for grant in self.offering
        )

    def goes_by_labels(self, action: str, cluster: str, namespace: str) -> bool:
        """Return whether labels can change a decision about the object, so that they must be read before a write."""
        acting = [grant for _, grant in self.acting if any_matches(grant.actions, action)]
        approvals = [rule for _, rule in self.approvals if any_matches(rule.actions, action)]
        entries: Sequence[_ForObjects] = (*self.remediation, *acting, *approvals)
        return any(entry.labels and covers(entry, cluster, namespace) for entry in entries)

    def approval(self, action: str, cluster: str, namespace: str, labels: ObjectLabels, risk: str) -> str:
        """Return the first entry that requires an approver ("approval[0]"), or "" if none does.

        Unknown risks and unread labels count as covered.
        """
        return next((rule for rule, _ in self._approvals(action, cluster, namespace, labels, risk)), "")

    def may_approve(self, action: str, cluster: str, namespace: str, labels: ObjectLabels, risk: str) -> Decision:
        """Decide whether this person may approve from here; every entry that requires an approver must allow it.

        An entry that names nobody, or a change without such an entry, accepts anyone who may make the change
        themselves. The caller checks that the approver is not the requester.
        """
        decision = self._switched_on(cluster, namespace, labels)
        asking = list(self._approvals(action, cluster, namespace, labels, risk))
        if not all(_names_someone(rule) for _, rule in asking) or not asking:
            decision = self.may(action, cluster, namespace, labels)
        if not decision.allowed:
            return decision
        for name, rule in asking:
            if not is_for(rule, self.who):
                return self._refusal(reasons.NO_APPROVER.filled(name))
        if not asking:
            return decision
        name = asking[0][0]
        return Decision(
            allowed=True, rule=name, says=reasons.MAY_APPROVE.filled(name), provisional=decision.provisional
        )

    def acts_as(self, cluster: str) -> ActsAs | Text | None:
        """Return this person's user in the cluster, or None where Casebook acts as itself.

        A Text says why they cannot act there: no confirmed address, another domain, a guest. Only the first entry for
        the cluster counts.
        """
        who = self.who
        entry = next((each for each in self.impersonation if any_matches(each.clusters, cluster)), None)
        if entry is None:
            return None
        if who.guest or who.foreign or who.bot or not who.user:
            return reasons.ACTS_NO_PERSON
        if not who.email:
            return reasons.ACTS_NO_ADDRESS
        address = _ADDRESS.fullmatch(who.email)
        if address is None:
            return reasons.ACTS_ODD_ADDRESS
        if entry.domains and address[1].lower() not in entry.domains:
            return reasons.ACTS_OTHER_DOMAIN
        theirs = (each for name, each in entry.groups.items() if name == "*" or name in who.groups)
        groups = dict.fromkeys(group for each in theirs for group in each)
        return ActsAs(user=entry.prefix + who.email.lower(), groups=tuple(groups))

    def _switched_on(self, cluster: str, namespace: str, labels: ObjectLabels) -> Decision:
        """Decide whether the place is visible here and changes are enabled there."""
        access, place = self.access(cluster), reasons.place_of(cluster, namespace)
        if not (access.allows(namespace) if namespace else access.cluster_scoped):
            says = self.text_only_reason
            if says:
                return Decision(allowed=False, says=reasons.for_press(says))
            return self._refusal(reasons.NOT_SHOWN.filled(place))
        areas = [
            (f"remediation[{number}]", area)
            for number, area in enumerate(self.remediation)
            if covers(area, cluster, namespace)
        ]
        if (met := _first_met(areas, labels)) is not None:
            return met
        if areas:
            says = reasons.other_labels((rule, area.labels) for rule, area in areas)
            return Decision(allowed=False, says=says)
        return Decision(allowed=False, says=reasons.SWITCHED_OFF.filled(place))

    def _approvals(
        self, action: str, cluster: str, namespace: str, labels: ObjectLabels, risk: str
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
    """The rules of one workspace. Without a file everyone may read everything, guests get text only, nobody may act."""

    rules: Rules = field(default_factory=Rules)

    @classmethod
    def default(cls) -> Policy:
        """Return the policy that applies without a file."""
        return cls()

    @classmethod
    def playground(cls, *, acting: Sequence[str] = ("*",)) -> Policy:
        """Return a policy that shows everything to everyone but guests: nothing in the playground is real.

        `acting` are the ids of the users who may press buttons.

        Its limits are too high for a person to reach, but they stop a runaway program.
        """
        everywhere = {"clusters": ["*"], "namespaces": ["*"], "cluster_scoped": True}
        may_act = {**everywhere, "users": [*acting], "actions": ["*"]}
        limits = {"target": {"writes": 100, "minutes": 15}, "user": {"writes": 1_000, "minutes": 15}}
        people = {"curators": [*acting], "operators": [*acting]}
        rules = {"remediation": [everywhere], "acting": [may_act], "limits": limits, **people}
        return cls(rules=Rules.model_validate(rules))

    @property
    def asks_groups(self) -> bool:
        """Return whether an entry names a user group, so that its members must be read from Slack."""
        named: tuple[Persons, ...] = (*self.rules.reading, *self.rules.acting, *self.rules.approval)
        mapped = {group for entry in self.rules.impersonation for group in entry.groups}
        return any(entry.groups for entry in named) or bool(mapped - {"*"})

    @property
    def asks_address(self) -> bool:
        """Return whether e-mail addresses matter because people act under their own names somewhere."""
        return bool(self.rules.impersonation)

    def scope(self, who: Actor) -> PolicyScope:
        """Return what this person may see and do in this place."""
        grants = tuple(grant for grant in self.rules.reading if shows_to(grant, who))
        limits = [(self.rules.external, reasons.EXTERNAL)] if who.external else []
        limits += [(self.rules.guests, reasons.GUEST)] if who.guest else []
        limits += [] if grants else [(self.rules.others, _not_named(who))]
        # The strictest limit applies to a guest in a shared channel and to a person whom no entry names.
        limit, why = max(limits, key=lambda each: _STRICTNESS[each[0]], default=_UNLIMITED)
        impersonation = self.rules.impersonation
        if limit is not AnswerLevel.AS_OTHERS:
            reading = ReadLevel.NOTHING if limit is AnswerLevel.NOTHING else ReadLevel.TEXT_ONLY
            return PolicyScope(
                reading=reading, text_only_reason=why, who=who, impersonation=impersonation, limits=self.rules.limits
            )
        return PolicyScope(
            reading=ReadLevel.FULL,
            who=who,
            grants=grants,
            remediation=self.rules.remediation,
            acting=tuple(
                (f"acting[{number}]", grant) for number, grant in enumerate(self.rules.acting) if is_for(grant, who)
            ),
            offering=tuple(grant for grant in self.rules.acting if is_here(grant.channels, who)),
            approvals=tuple((f"approval[{number}]", rule) for number, rule in enumerate(self.rules.approval)),
            curates=_is_among(self.rules.curators, who),
            operates=_is_among(self.rules.operators, who),
            impersonation=impersonation,
            limits=self.rules.limits,
        )

    def unmatched(self, clusters: Collection[str]) -> tuple[str, ...]:
        """Return a line for each name that matches no cluster, with the entries that use it: a start-up warning."""
        sections: dict[str, Sequence[ClusterArea | ImpersonationEntry]] = {
            "reading": self.rules.reading,
            "remediation": self.rules.remediation,
            "acting": self.rules.acting,
            "approval": self.rules.approval,
            "impersonation": self.rules.impersonation,
        }
        return unmatched_lines(
            (pattern, f"{section}[{number}]")
            for section, areas in sections.items()
            for number, area in enumerate(areas)
            for pattern in area.clusters
            if not any(fnmatchcase(name, pattern) for name in clusters)
        )


_STRICTNESS: Final = {AnswerLevel.AS_OTHERS: 0, AnswerLevel.TEXT_ONLY: 1, AnswerLevel.NOTHING: 2}
_UNLIMITED: Final = (AnswerLevel.AS_OTHERS, reasons.NOT_NAMED)

_Entry = TypeVar("_Entry", ActingGrant, RemediationArea)


def _is_among(users: Collection[str], who: Actor) -> bool:
    return not who.bot and bool({who.user, "*"} & {*users})


def _not_named(who: Actor) -> Text:
    says = reasons.NOT_NAMED_DIRECT if who.direct else reasons.NOT_NAMED
    return reasons.with_groups_unread(says, who.groups_unread)


def _names_someone(persons: Persons) -> bool:
    return bool(persons.channels or persons.users or persons.groups)


def _met(wanted: Mapping[str, str], labels: ObjectLabels) -> bool:
    return not wanted or labels is None or has_labels(wanted, labels)


def _first_met(entries: Sequence[tuple[str, _Entry]], labels: ObjectLabels) -> Decision | None:
    """Return the decision of the first matching entry, a certain one if there is any: unread labels never are."""
    met = [
        Decision(
            allowed=True,
            rule=rule,
            says=reasons.ALLOWED.filled(rule),
            provisional=bool(entry.labels) and labels is None,
        )
        for rule, entry in entries
        if _met(entry.labels, labels)
    ]
    return next((each for each in met if not each.provisional), met[0] if met else None)


_ENTRIES: Final[Mapping[object, type[BaseModel]]] = {
    "reading": ReadingGrant,
    "remediation": RemediationArea,
    "acting": ActingGrant,
    "approval": ApprovalRule,
    "impersonation": ImpersonationEntry,
}


def load_policy(path: Path, *, actions: Collection[str]) -> Policy:
    """Read a policy file, which may name only these `actions` and that of alerts; blocking.

    Raise FileError with all its problems.
    """
    sections = ", ".join(Rules.model_fields)
    expected = f"a policy with some of these sections: {sections}"
    validate = partial(Rules.model_validate, context={KNOWN_ACTIONS: (*actions, SILENCE_ALERTS)})
    return Policy(rules=read_strictly(path, validate, of=dict, expected=expected, known=_known))


def _known(steps: Sequence[Step]) -> Iterable[str]:
    """Return the valid keys in place of an unknown one."""
    section = steps[0] if len(steps) > 1 else ""
    if section == "limits":
        return (Limit if len(steps) > 2 else Limits).model_fields
    return _ENTRIES.get(section, Rules).model_fields
