"""The base of all actions, the kinds that they write to, and all actions by name.

An action is one module with its declaration, words, permissions and behaviour; it is found in its package, and nothing
else is edited. It reads and proposes; `bot.remedies.step_runner` alone writes. It knows neither the requester nor the
channel.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, ClassVar, Final

import bot.remedies.actions
from bot.cluster.resources import Resource, well_known
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import uid_of
from bot.remedies.actions import action_names
from bot.remedies.contract import Applied, EffectStatus, Plan, Proposal
from intents.catalog.actions import ActionDeclaration
from intents.domain import ObjectRef, Permission, Text
from responses.words import LONGEST_VERB, ActionWords


class Action(ABC):
    """One kind of remedy. Every coroutine raises ClusterError for a read that fails.

    `writes` holds, for each kind of target, the permissions to write that a plan for it needs. Least-privilege roles
    are generated from them, and they are checked before a button is offered: other kinds get no button.
    """

    declaration: ClassVar[ActionDeclaration]
    words: ClassVar[ActionWords]
    writes: ClassVar[Mapping[str, tuple[Permission, ...]]] = {}

    @property
    def permissions(self) -> tuple[Permission, ...]:
        """Everything it may write, whatever the target."""
        return tuple(dict.fromkeys(each for needed in self.writes.values() for each in needed))

    def needs(self, target: ObjectRef, args: Mapping[str, Any]) -> tuple[Permission, ...]:
        """Return the permissions that this target needs, with these arguments; () for a kind it does not write to."""
        return self.writes.get(target.kind, ())

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        """Return what a plan for this object rests on. Raises NotFound."""
        return {"uid": uid_of(await snapshot.get(target.kind, target.name, namespace=target.namespace))}

    async def may_help(self, snapshot: Snapshot, target: ObjectRef) -> bool:
        """Tell whether to offer it for this object; a button that was offered is checked by `propose` alone."""
        return True

    @abstractmethod
    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal:
        """Return the writes that would carry out the plan, and what they do to running pods. Raises Refused."""

    @abstractmethod
    async def check_effect(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> EffectStatus:
        """Return how far the write has taken effect."""


WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet")

_CUSTOM: Final = {
    each.kind: each
    for each in (
        Resource(group="pingcap.com", version="v1alpha1", plural="tidbclusters", kind="TidbCluster"),
        Resource(group="monitoring.coreos.com", plural="podmonitors", kind="PodMonitor"),
        Resource(group="networking.istio.io", plural="sidecars", kind="Sidecar"),
    )
}


def permission(verb: str, kind: str, *, subresource: str = "") -> Permission:
    """Return the permission to write to a kind. Raises KeyError for a kind that no action writes to."""
    resource = _CUSTOM.get(kind) or well_known(kind)
    if resource is None:
        raise KeyError(kind)
    return resource.permission(verb, subresource=subresource)


def permissions_to(verb: str, kinds: Iterable[str]) -> dict[str, tuple[Permission, ...]]:
    """Return, for each kind, the permission for one write to an object of it."""
    return {kind: (permission(verb, kind),) for kind in kinds}


def for_kind(kind: str, *needed: Permission) -> dict[str, tuple[Permission, ...]]:
    """Return the permissions that a plan for an object of this kind needs."""
    return {kind: needed}


_PACKAGE: Final = bot.remedies.actions.__name__


@cache
def actions() -> Mapping[str, Action]:
    """Return every action by name. Raises TypeError for a module that holds none."""
    return MappingProxyType({name: _held(name) for name in action_names()})


@cache
def declarations() -> Mapping[str, ActionDeclaration]:
    """Return what the catalog may rely on, by name."""
    return MappingProxyType({name: action.declaration for name, action in actions().items()})


def words_of(name: str) -> ActionWords:
    """Return the words of an action; for one that no longer exists, its name."""
    action = actions().get(name)
    return action.words if action else ActionWords(verb=Text.same(name[:LONGEST_VERB]), does=Text.same(name))


def _held(name: str) -> Action:
    module = importlib.import_module(f"{_PACKAGE}.{name.replace('-', '_')}")
    own = (each for each in vars(module).values() if getattr(each, "__module__", "") == module.__name__)
    action = next((each() for each in own if isinstance(each, type) and issubclass(each, Action)), None)
    if action is None or action.declaration.name != name:
        raise TypeError(f"{module.__name__} must hold an Action, named {name!r} as the module is")
    return action
