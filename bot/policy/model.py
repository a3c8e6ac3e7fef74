"""Define the strict shape of a policy file: unknown keys, empty lists and impossible names are errors.

`deploy/examples/policy.yaml` explains it by example. `reading`, `remediation` and `acting` only add permissions, like
RBAC: the order of entries has no meaning, and removing or narrowing one never grants more. `approval` is the only list
that restricts: each entry that covers a change requires an approver.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    ValidationInfo,
    model_validator,
)

from intents.catalog.schema import Risk as RemedyRisk
from intents.spelling import closest

_CHANNEL: Final = re.compile(r"\*|[CG][A-Z0-9]+|#[^\s,A-Z#]+")
_USER: Final = re.compile(r"\*|[UW][A-Z0-9]+")
_NAMESPACE: Final = re.compile(r"[-a-z0-9*?\[\]!]+")
_CLUSTER: Final = re.compile(r"\S+")
_GROUP: Final = re.compile(r"S[A-Z0-9]+|@[^\s,@*A-Z]+")
_GROUP_OR_ALL: Final = re.compile(rf"\*|{_GROUP.pattern}")
_LABEL: Final = re.compile(r"(?:[a-z0-9](?:[-.a-z0-9]*[a-z0-9])?/)?[A-Za-z0-9](?:[-._A-Za-z0-9]*[A-Za-z0-9])?")
_LABEL_VALUE: Final = re.compile(r"[-._A-Za-z0-9*?\[\]!]*")
_DOMAIN: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
# Characters that an HTTP header can carry: visible ASCII, without the comma that may join two headers.
_IN_CLUSTER: Final = re.compile(r"[!-+\--~]*")
# The key of the validation context under which the names of the actions are handed in.
KNOWN_ACTIONS: Final = "actions"
# What a policy may grant beside the actions of remedies: to silence alerts in Alertmanager.
SILENCE_ALERTS: Final = "silence-alerts"
RISKS: Final = tuple(map(str, RemedyRisk))


class AnswerLevel(StrEnum):
    """The kind of answer somebody gets: as others, from the pasted text alone, or none."""

    AS_OTHERS = "as-others"
    TEXT_ONLY = "text-only"
    NOTHING = "nothing"


def list_of(otherwise: str) -> BeforeValidator:
    """Return a validator of lists; one that is empty says what to do `otherwise`."""

    def checked(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise ValueError("expected a list; put names that begin with # or * in quotes")
        if not value:
            raise ValueError(f"the list is empty: {otherwise}")
        return value

    return BeforeValidator(checked)


def like(pattern: re.Pattern[str], expected: str) -> Callable[[str], str]:
    """Return a validator of texts that match a pattern; `expected` follows "is not"."""

    def checked(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"{value!r} is not {expected}")
        return value

    return checked


def _one_of(known: Collection[str], what: str) -> Callable[[str], str]:
    def checked(value: str) -> str:
        if value not in known:
            raise ValueError(f"{value!r} is not a known {what}: did you mean {closest(value, known, at_least=0)}?")
        return value

    return checked


def _declared_action(value: str, info: ValidationInfo) -> str:
    known = (info.context or {}).get(KNOWN_ACTIONS)
    return value if known is None else _one_of(("*", *known), "action")(value)


def _not_of_the_system(value: str) -> str:
    # The API server trusts its own names without RBAC: a user in system:masters may do everything.
    if value.startswith("system:"):
        raise ValueError(f"{value!r} is reserved: names that begin with system: cannot be impersonated")
    return like(_IN_CLUSTER, "a name in a cluster: expected visible ASCII without spaces and commas")(value)


def _labels(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError("expected labels and their values, such as {team: checkout}")
    if not value:
        raise ValueError("has no labels; leave the key out for objects with any labels")
    return value


def _mapped(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError('expected user groups and their groups in the cluster, such as {S0SRE: [sre], "*": [users]}')
    return value


_LIST: Final = list_of('leave the key out, or write ["*"] for all')

Channel = Annotated[str, AfterValidator(like(_CHANNEL, 'a channel: expected its id (C…), "#name", "#team-*" or "*"'))]
User = Annotated[str, AfterValidator(like(_USER, 'a user: expected the id from the profile (U… or W…), or "*"'))]
Cluster = Annotated[str, AfterValidator(like(_CLUSTER, 'a cluster: expected the name of a context, or "prod-*"'))]
Namespace = Annotated[str, AfterValidator(like(_NAMESPACE, 'a namespace: expected its name, or "shop-*"'))]
Group = Annotated[str, AfterValidator(like(_GROUP, 'a user group: expected its id (S…) or "@handle"'))]
Action = Annotated[str, AfterValidator(_declared_action)]
Risk = Annotated[str, AfterValidator(_one_of(RISKS, "risk"))]
Label = Annotated[str, AfterValidator(like(_LABEL, "a label: expected its key, such as team or example.com/team"))]
LabelValue = Annotated[
    str, AfterValidator(like(_LABEL_VALUE, 'a label value: expected it as on the object, or "shop-*"'))
]
Domain = Annotated[str, AfterValidator(like(_DOMAIN, "a domain: expected it in lower case, such as example.com"))]
SlackGroup = Annotated[
    str, AfterValidator(like(_GROUP_OR_ALL, 'a user group: expected its id (S…), "@handle", or "*" for everybody'))
]
ClusterGroup = Annotated[str, StringConstraints(min_length=1), AfterValidator(_not_of_the_system)]
Prefix = Annotated[str, AfterValidator(_not_of_the_system)]

Channels = Annotated[tuple[Channel, ...], _LIST]
Users = Annotated[tuple[User, ...], _LIST]
Clusters = Annotated[tuple[Cluster, ...], _LIST]
Namespaces = Annotated[tuple[Namespace, ...], _LIST]
Actions = Annotated[tuple[Action, ...], _LIST]
Groups = Annotated[tuple[Group, ...], _LIST]
Risks = Annotated[tuple[Risk, ...], _LIST]
Labels = Annotated[dict[Label, LabelValue], BeforeValidator(_labels)]
Domains = Annotated[tuple[Domain, ...], _LIST]
ClusterGroups = Annotated[tuple[ClusterGroup, ...], _LIST]


class StrictModel(BaseModel):
    """A part of the policy file; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ClusterArea(StrictModel):
    """A part of the clusters. `clusters` and `namespaces` hold names or patterns such as `shop-*`."""

    clusters: Clusters
    namespaces: Namespaces


class Persons(StrictModel):
    """The people and places of an entry. A match in users or groups is enough; channels must match in addition."""

    channels: Channels = ()
    users: Users = ()
    groups: Groups = ()
    """User groups of Slack by id (S…) or "@handle". Members who can edit a group can widen this entry."""


class ReadingGrant(ClusterArea, Persons):
    """Grant reading. Without `channels`, `users` and `groups` it applies to every channel and direct message.

    With `channels` it applies there. With only `users` or `groups` it applies to their direct messages, because
    everybody in a channel sees its answers. With both it applies to requests of these people in these channels.
    """

    cluster_scoped: StrictBool = True
    """Allow cluster-scoped objects too: nodes, volumes, APIServices."""
    metrics: StrictBool = True
    """Allow queries to the Prometheus of these clusters. Series of other namespaces are left out in any case."""


class RemediationArea(ClusterArea):
    """Enable changes in clusters and namespaces, for anyone."""

    cluster_scoped: StrictBool = False
    """Allow changes of cluster-scoped objects too."""
    labels: Labels = Field(default_factory=dict)
    """Labels that the object itself must have, all of them; values may be patterns. Default: any labels."""


class ActingGrant(ClusterArea, Persons):
    """Allow people to press buttons. One of `users` and `groups` must match, and `channels` in addition."""

    actions: Actions
    cluster_scoped: StrictBool = False
    """Allow changes of cluster-scoped objects too."""
    labels: Labels = Field(default_factory=dict)
    """Labels that the object itself must have, all of them; values may be patterns. Default: any labels."""

    @model_validator(mode="after")
    def _for_someone(self) -> ActingGrant:
        if not self.channels and not self.users and not self.groups:
            raise ValueError('names nobody: expected users, groups or channels; write users: ["*"] for everybody')
        return self


class ApprovalRule(ClusterArea, Persons):
    """Require an approver. This only restricts: an approver gets no other permission.

    With `channels`, `users` or `groups` these people may approve, otherwise anyone who may make the change. If several
    entries cover a change, the approver must satisfy all of them.
    """

    actions: Actions = ("*",)
    risks: Risks = (str(RemedyRisk.DATA_LOSS),)
    """The risks that require it: low, disruptive, data-loss. Default: data-loss."""
    cluster_scoped: StrictBool = True
    """Require it for cluster-scoped objects too."""
    labels: Labels = Field(default_factory=dict)
    """Only for objects with these labels, and for objects whose labels are unknown."""


class ImpersonationEntry(StrictModel):
    """The clusters in which people act under their own name: prefix + e-mail address, in lower case.

    Only the first entry for a cluster counts, so a later one never admits people whom it excludes.
    """

    clusters: Clusters
    domains: Domains = ()
    """The allowed domains of an address. Default: any; then people who can choose their address choose their name."""
    prefix: Prefix = ""
    """The prefix of the user name before the address, as in the API server's own login: "oidc:"."""
    groups: Annotated[dict[SlackGroup, ClusterGroups], BeforeValidator(_mapped)] = Field(default_factory=dict)
    """User group of Slack → groups in the cluster; "*" is everybody. Default: no groups."""


class Limit(StrictModel):
    """A number of writes within a number of minutes."""

    writes: Annotated[StrictInt, Field(ge=1, le=10_000)]
    minutes: Annotated[StrictInt, Field(ge=1, le=1_440)]


class Limits(StrictModel):
    """Limit how often one object may be changed by anyone, and how often one person may change anything."""

    target: Limit = Limit(writes=3, minutes=15)
    user: Limit = Limit(writes=20, minutes=15)


class Rules(StrictModel):
    """A whole policy file. A missing section has the default of a missing file."""

    reading: tuple[ReadingGrant, ...] = (ReadingGrant(clusters=("*",), namespaces=("*",)),)
    """The people who may see clusters and namespaces. Without this section everyone may see everything."""
    others: Literal[AnswerLevel.TEXT_ONLY, AnswerLevel.NOTHING] = AnswerLevel.TEXT_ONLY
    """The answer for people whom no entry of `reading` covers: text-only or nothing."""
    guests: AnswerLevel = AnswerLevel.TEXT_ONLY
    """The answer for guests of the workspace: text-only, nothing or as-others."""
    external: AnswerLevel = AnswerLevel.TEXT_ONLY
    """The answer for members of other organisations, and for everyone in channels shared with them."""
    remediation: tuple[RemediationArea, ...] = ()
    """The clusters and namespaces with actions. Without this section there are none."""
    acting: tuple[ActingGrant, ...] = ()
    """The people who may run actions. Without this section nobody may."""
    approval: tuple[ApprovalRule, ...] = ()
    """The actions that require an approver. Without this section none does."""
    impersonation: tuple[ImpersonationEntry, ...] = ()
    """The clusters in which people act under their own name. Without this section Casebook always acts as itself."""
    curators: Users = ()
    """The people who may share, edit and delete the incidents that others saved. Without this section nobody shares."""
    operators: Users = ()
    """The people who run Casebook: their Home tab lists what it may not do. Without this section nobody's does."""
    limits: Limits = Limits()
    """Limits for changes of one object, and for changes by one person."""
