"""The shape of a policy file, strict: an unknown key, an empty list or a name that cannot be meant is an error.

`deploy/examples/policy.yaml` explains it by example. Every list only ever adds rights, as RBAC does: the order of its
entries means nothing, and an entry taken away or narrowed never lets anybody see or do more.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StrictBool, model_validator
from rapidfuzz import fuzz, process

from intents.catalog.actions import Action as RemedyAction

_CHANNEL: Final = re.compile(r"\*|[CG][A-Z0-9]+|#[^\s,A-Z#]+")
_USER: Final = re.compile(r"\*|[UW][A-Z0-9]+")
_NAMESPACE: Final = re.compile(r"[-a-z0-9*?\[\]!]+")
_CLUSTER: Final = re.compile(r"\S+")
_ACTIONS: Final = ("*", *map(str, RemedyAction))


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


def _action(value: str) -> str:
    if value not in _ACTIONS:
        meant = process.extractOne(value, _ACTIONS, scorer=fuzz.ratio)
        raise ValueError(f"{value!r} is no action: did you mean {meant[0]}?")
    return value


Channel = Annotated[str, AfterValidator(_each(_CHANNEL, 'a channel: expected its id (C…), "#name", "#team-*" or "*"'))]
User = Annotated[str, AfterValidator(_each(_USER, 'a user: expected the id from the profile (U… or W…), or "*"'))]
Cluster = Annotated[str, AfterValidator(_each(_CLUSTER, 'a cluster: expected the name of a context, or "prod-*"'))]
Namespace = Annotated[str, AfterValidator(_each(_NAMESPACE, 'a namespace: expected its name, or "shop-*"'))]
Action = Annotated[str, AfterValidator(_action)]

Channels = Annotated[tuple[Channel, ...], BeforeValidator(_list)]
Users = Annotated[tuple[User, ...], BeforeValidator(_list)]
Clusters = Annotated[tuple[Cluster, ...], BeforeValidator(_list)]
Namespaces = Annotated[tuple[Namespace, ...], BeforeValidator(_list)]
Actions = Annotated[tuple[Action, ...], BeforeValidator(_list)]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Area(Model):
    """A part of the clusters. `clusters` and `namespaces` are names, or patterns such as `shop-*`."""

    clusters: Clusters
    namespaces: Namespaces


class ReadingGrant(Area):
    """Who may see what. Without `channels` and `users` it is for every channel and every direct message.

    With `channels` it is for these; with `users` alone, for their direct messages, because an answer in a channel is
    seen by all in it; with both, for what these users ask in these channels.
    """

    channels: Channels = ()
    users: Users = ()
    cluster_scoped: StrictBool = True
    """Whether objects outside namespaces may be seen as well: nodes, volumes, APIServices."""


class RemediationArea(Area):
    """Where anything may be changed at all, by whomever."""

    cluster_scoped: StrictBool = False
    """Whether objects outside namespaces may be changed as well."""


class ActingGrant(Area):
    """Who may press which buttons. With `channels` and `users` both must be met."""

    actions: Actions
    channels: Channels = ()
    users: Users = ()
    cluster_scoped: StrictBool = False
    """Whether objects outside namespaces may be changed as well."""

    @model_validator(mode="after")
    def _for_someone(self) -> ActingGrant:
        if not self.channels and not self.users:
            raise ValueError('for whom is not said: expected users, channels, or both; users: ["*"] for everybody')
        return self


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
