"""The base of all actions: a declaration, words, permissions and behaviour, in one module each.

An action reads and proposes; `bot.remedies.step_runner` alone writes. It knows neither the requester nor the channel.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import uid_of
from bot.remedies.contract import Applied, EffectStatus, Plan, Proposal, Refusal
from intents.catalog.actions import ActionDeclaration
from intents.domain import ObjectRef, Permission
from responses.words import ActionWords


class Action(ABC):
    """One kind of remedy. Every coroutine raises ClusterError for a read that fails.

    `writes` holds, for each kind of target, the permissions to write that a plan for it needs. Least-privilege roles
    are generated from them, and they are checked before a button is offered: other kinds get no button.
    """

    declaration: ClassVar[ActionDeclaration]
    words: ClassVar[ActionWords]
    writes: ClassVar[Mapping[str, tuple[Permission, ...]]] = {}

    @property
    def name(self) -> str:
        """The name in the catalog."""
        return self.declaration.name

    @property
    def undoable(self) -> bool:
        """Tell whether writing the earlier value undoes it."""
        return self.declaration.undoable

    @property
    def ends_incident(self) -> bool:
        """Tell whether the incident's evidence decides if it helped; otherwise it is done once it has taken effect."""
        return self.declaration.ends_incident

    @property
    def only_configures(self) -> bool:
        """Tell whether its effect shows only that a setting is in place, not that anything works again."""
        return self.declaration.only_configures

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
    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal | Refusal:
        """Return the writes that would carry out the plan, and what they do to running pods."""

    @abstractmethod
    async def check_effect(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> EffectStatus:
        """Return how far the write has taken effect."""
