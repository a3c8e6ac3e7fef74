"""The shape of a policy file, strict: an unknown key, an empty list or a name that cannot be meant is an error.

`deploy/examples/policy.yaml` explains it by example. `reading`, `remediation` and `acting` only ever add rights, as
RBAC does: the order of their entries means nothing, and one taken away or narrowed never lets anybody see or do more.
`approval` is the one list that takes away: each of its entries that covers a change asks for a second person.
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
from rapidfuzz import fuzz, process

from intents.catalog.schema import Risk as RemedyRisk

_CHANNEL: Final = re.compile(r"\*|[CG][A-Z0-9]+|#[^\s,A-Z#]+")
_USER: Final = re.compile(r"\*|[UW][A-Z0-9]+")
_NAMESPACE: Final = re.compile(r"[-a-z0-9*?\[\]!]+")
_CLUSTER: Final = re.compile(r"\S+")
_GROUP: Final = re.compile(r"S[A-Z0-9]+|@[^\s,@*A-Z]+")
_GROUP_OR_ALL: Final = re.compile(rf"\*|{_GROUP.pattern}")
_LABEL: Final = re.compile(r"(?:[a-z0-9](?:[-.a-z0-9]*[a-z0-9])?/)?[A-Za-z0-9](?:[-._A-Za-z0-9]*[A-Za-z0-9])?")
_LABEL_VALUE: Final = re.compile(r"[-._A-Za-z0-9*?\[\]!]*")
_DOMAIN: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
# What stands in an HTTP header as it is: visible ASCII, without the comma that may join two headers.
_IN_CLUSTER: Final = re.compile(r"[!-+\--~]*")
# The key of the validation context under which the names of the actions are handed in.
KNOWN_ACTIONS: Final = "actions"
RISKS: Final = tuple(map(str, RemedyRisk))


class Answers(StrEnum):
    """What someone gets: what others get, an answer from the pasted text alone, or none."""

    AS_OTHERS = "as-others"
    TEXT_ONLY = "text-only"
    NOTHING = "nothing"


def _list(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        raise ValueError("expected a list; a name that begins with # or * stands in quotes")
    if not value:
        raise ValueError('an empty list names nobody and nothing; leave the entry out, or write ["*"] for all')
    return value


def _each(pattern: re.Pattern[str], expected: str) -> Callable[[str], str]:
    def checked(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"{value!r} is not {expected}")
        return value

    return checked


def _one_of(known: Collection[str], what: str) -> Callable[[str], str]:
    def checked(value: str) -> str:
        if value not in known:
            meant = process.extractOne(value, known, scorer=fuzz.ratio)
            raise ValueError(f"{value!r} is no {what}: did you mean {meant[0]}?")
        return value

    return checked


def _declared_action(value: str, info: ValidationInfo) -> str:
    known = (info.context or {}).get(KNOWN_ACTIONS)
    return value if known is None else _one_of(("*", *known), "action")(value)


def _not_of_the_system(value: str) -> str:
    # The API server trusts its own names without asking RBAC: whoever acts in system:masters may do everything.
    if value.startswith("system:"):
        raise ValueError(f"{value!r} is one of the cluster's own: nobody may act as what begins with system:")
    return _each(_IN_CLUSTER, "a name in a cluster: expected visible ASCII without spaces and commas")(value)


def _labels(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError("expected labels and their values, such as {team: checkout}")
    if not value:
        raise ValueError("names no label; leave it out for objects with any labels")
    return value


def _mapped(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError('expected user groups and what they are in a cluster, such as {S0SRE: [sre], "*": [users]}')
    return value


Channel = Annotated[str, AfterValidator(_each(_CHANNEL, 'a channel: expected its id (C…), "#name", "#team-*" or "*"'))]
User = Annotated[str, AfterValidator(_each(_USER, 'a user: expected the id from the profile (U… or W…), or "*"'))]
Cluster = Annotated[str, AfterValidator(_each(_CLUSTER, 'a cluster: expected the name of a context, or "prod-*"'))]
Namespace = Annotated[str, AfterValidator(_each(_NAMESPACE, 'a namespace: expected its name, or "shop-*"'))]
Group = Annotated[str, AfterValidator(_each(_GROUP, 'a user group: expected its id (S…) or "@handle"'))]
Action = Annotated[str, AfterValidator(_declared_action)]
Risk = Annotated[str, AfterValidator(_one_of(RISKS, "risk"))]
Label = Annotated[str, AfterValidator(_each(_LABEL, "a label: expected its key, such as team or example.com/team"))]
LabelValue = Annotated[
    str, AfterValidator(_each(_LABEL_VALUE, 'the value of a label: expected it as it stands there, or "shop-*"'))
]
Domain = Annotated[str, AfterValidator(_each(_DOMAIN, "a domain: expected it in lower case, such as example.com"))]
SlackGroup = Annotated[
    str, AfterValidator(_each(_GROUP_OR_ALL, 'a user group: expected its id (S…), "@handle", or "*" for everybody'))
]
ClusterGroup = Annotated[str, StringConstraints(min_length=1), AfterValidator(_not_of_the_system)]
Prefix = Annotated[str, AfterValidator(_not_of_the_system)]

Channels = Annotated[tuple[Channel, ...], BeforeValidator(_list)]
Users = Annotated[tuple[User, ...], BeforeValidator(_list)]
Clusters = Annotated[tuple[Cluster, ...], BeforeValidator(_list)]
Namespaces = Annotated[tuple[Namespace, ...], BeforeValidator(_list)]
Actions = Annotated[tuple[Action, ...], BeforeValidator(_list)]
Groups = Annotated[tuple[Group, ...], BeforeValidator(_list)]
Risks = Annotated[tuple[Risk, ...], BeforeValidator(_list)]
Labels = Annotated[dict[Label, LabelValue], BeforeValidator(_labels)]
Domains = Annotated[tuple[Domain, ...], BeforeValidator(_list)]
ClusterGroups = Annotated[tuple[ClusterGroup, ...], BeforeValidator(_list)]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Area(Model):
    """A part of the clusters. `clusters` and `namespaces` are names, or patterns such as `shop-*`."""

    clusters: Clusters
    namespaces: Namespaces


class Persons(Model):
    """For whom an entry is, and where. Users or groups: one of the two suffices. With `channels` these as well."""

    channels: Channels = ()
    users: Users = ()
    groups: Groups = ()
    """User groups of Slack by id (S…) or "@handle". Whoever may change them there may change who is meant here."""


class ReadingGrant(Area, Persons):
    """Who may see what. Without `channels`, `users` and `groups` it is for every channel and every direct message.

    With `channels` it is for these; with `users` or `groups` alone, for their direct messages, because an answer in a
    channel is seen by all in it; with both, for what these people ask in these channels.
    """

    cluster_scoped: StrictBool = True
    """Whether objects outside namespaces may be seen as well: nodes, volumes, APIServices."""


class RemediationArea(Area):
    """Where anything may be changed at all, by whomever."""

    cluster_scoped: StrictBool = False
    """Whether objects outside namespaces may be changed as well."""
    labels: Labels = Field(default_factory=dict)
    """Labels that the object itself has to have, all of them; values may be patterns. Without: whatever its labels."""


class ActingGrant(Area, Persons):
    """Who may press which buttons. Of `users` and `groups` one must be met, and `channels` beside them."""

    actions: Actions
    cluster_scoped: StrictBool = False
    """Whether objects outside namespaces may be changed as well."""
    labels: Labels = Field(default_factory=dict)
    """Labels that the object itself has to have, all of them; values may be patterns. Without: whatever its labels."""

    @model_validator(mode="after")
    def _for_someone(self) -> ActingGrant:
        if not self.channels and not self.users and not self.groups:
            raise ValueError(
                'for whom is not said: expected users, groups, channels, or several of them; users: ["*"] for everybody'
            )
        return self


class ApprovalRule(Area, Persons):
    """What takes a second person: it takes away, and gives nobody anything but the say over what another began.

    With `channels`, `users` or `groups` these may be that person, otherwise whoever may do it themselves. Where several
    entries cover a change, the second person has to suit all of them.
    """

    actions: Actions = ("*",)
    risks: Risks = (str(RemedyRisk.DATA_LOSS),)
    """Of which risk: low, disruptive, data-loss. Without: what loses data."""
    cluster_scoped: StrictBool = True
    """Whether it is asked for at objects outside namespaces as well."""
    labels: Labels = Field(default_factory=dict)
    """Only for objects with these labels, and for those whose labels are not known."""


class Impersonation(Model):
    """In which clusters people act under their own name: as prefix + e-mail address, in lower case.

    The first entry for a cluster counts alone, so that a later one never lets in whom it keeps out.
    """

    clusters: Clusters
    domains: Domains = ()
    """The domains an address may have. Without: any, and then whoever may choose their address chooses their name."""
    prefix: Prefix = ""
    """What stands before the address in the user's name, as the API server's own login has it: "oidc:"."""
    groups: Annotated[dict[SlackGroup, ClusterGroups], BeforeValidator(_mapped)] = Field(default_factory=dict)
    """User group of Slack → groups in the cluster; "*" is everybody. Without: no groups."""


class Limit(Model):
    """So many writes within so many minutes."""

    writes: Annotated[StrictInt, Field(ge=1, le=10_000)]
    minutes: Annotated[StrictInt, Field(ge=1, le=1_440)]


class Limits(Model):
    """How often an object may be changed, by whomever, and how often a person may change anything."""

    target: Limit = Limit(writes=3, minutes=15)
    user: Limit = Limit(writes=20, minutes=15)


class Rules(Model):
    """A whole policy file. A section that is left out stays as it is without a file."""

    reading: tuple[ReadingGrant, ...] = (ReadingGrant(clusters=("*",), namespaces=("*",)),)
    """Who may see what; without this section, everyone in the workspace everything."""
    others: Literal[Answers.TEXT_ONLY, Answers.NOTHING] = Answers.TEXT_ONLY
    """What they get whom no entry of `reading` names: text-only or nothing."""
    guests: Answers = Answers.TEXT_ONLY
    """What guests of the workspace get: text-only, nothing or as-others."""
    external: Answers = Answers.TEXT_ONLY
    """What is answered in channels shared with other organisations, and to their people."""
    remediation: tuple[RemediationArea, ...] = ()
    """Where actions are switched on; without this section, nowhere."""
    acting: tuple[ActingGrant, ...] = ()
    """Who may carry out which actions; without this section, nobody."""
    approval: tuple[ApprovalRule, ...] = ()
    """What takes a second person; without this section, nothing does."""
    impersonation: tuple[Impersonation, ...] = ()
    """Where people act under their own name; without this section, Casebook acts everywhere as itself."""
    limits: Limits = Limits()
    """How often the same object, and by the same person, may be changed."""

    @property
    def names_groups(self) -> bool:
        """Whether an entry names a user group, so that Slack has to be asked who is in it."""
        named: tuple[Persons, ...] = (*self.reading, *self.acting, *self.approval)
        mapped = {group for entry in self.impersonation for group in entry.groups}
        return any(entry.groups for entry in named) or bool(mapped - {"*"})
