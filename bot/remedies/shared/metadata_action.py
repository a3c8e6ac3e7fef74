"""The base of the actions that set and remove labels or annotations.

They change `metadata` and nothing else. What an entry or a person wrote is checked against the API server's own rules
first, so that a refusal says what is wrong with it.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import uid_of
from bot.kube.owners import controller_of
from bot.remedies.contract import Applied, EffectState, EffectStatus, Plan, Refusal
from bot.remedies.shared.kinds import WORKLOADS, permissions_to
from bot.remedies.shared.patch_action import Patch, PatchAction, in_force
from bot.remedies.shared.refusal import owned, unsafe
from intents.catalog.actions import Argument, ArgumentType
from intents.domain import Json, Permission, Text

ARGUMENTS: Final = {
    "set": Argument(says="name → value to set", type=ArgumentType.MAPPING, required=True),
    "remove": Argument(says="names to remove", type=ArgumentType.TEXT_OR_LIST),
}

# Rules of k8s.io/apimachinery/pkg/util/validation: qualified names, and values of labels.
_PREFIX: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NAME: Final = re.compile(r"[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?", re.ASCII)
# All annotations of an object together.
_MOST_BYTES: Final = 256 * 1024

# Name → value to set; None removes it.
Entries = dict[str, str | None]


class MetadataAction(PatchAction):
    """Sets and removes labels or annotations: its `field`, called `noun` in sentences, `verb` in the past tense."""

    writes: ClassVar[Mapping[str, tuple[Permission, ...]]] = permissions_to(
        "patch", ("Pod", "Service", "StorageClass", "Node", *WORKLOADS, "TidbCluster")
    )
    # Autoscalers and node controllers write these while people read a preview.
    ignoring: ClassVar[tuple[str, ...]] = ("spec.replicas", "spec.taints")
    field: ClassVar[str]
    verb: ClassVar[str]
    noun_zh: ClassVar[str]

    @abstractmethod
    async def effects(self, snapshot: Snapshot, plan: Plan, obj: Json, wanted: Entries) -> tuple[Text, ...] | Refusal:
        """Return the effect on what runs, or why it would do harm."""

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch | Refusal:
        wanted = entries_of(plan)
        if refusal := next(self._invalid(wanted), None) or self._overwritten(plan, obj):
            return refusal
        if self.is_set(obj, plan):
            return unsafe(f"{plan.target} already has these {self.field}", f"{plan.target} 已有这些{self.noun_zh}")
        effects = await self.effects(snapshot, plan, obj, wanted)
        if isinstance(effects, Refusal):
            return effects
        says = Text(en=f"{plan.target} was {self.verb}", zh=f"已为 {plan.target} 设置{self.noun_zh}")
        return Patch(body={"metadata": {self.field: wanted}}, says=says, effects=effects)

    async def check_effect(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> EffectStatus:
        obj = await snapshot.find(plan.target.kind, plan.target.name, namespace=plan.target.namespace)
        if obj is not None and uid_of(obj) == plan.target.uid and not self.is_set(obj, plan):
            says = Text(en=f"the {self.field} were changed again", zh=f"{self.noun_zh}又被修改了")
            return EffectStatus(state=EffectState.FAILING, says=says)
        return await in_force(snapshot, plan.target)

    def is_set(self, obj: Json, plan: Plan) -> bool:
        """Tell whether the object already is as the plan wants it."""
        present = (obj.get("metadata") or {}).get(self.field) or {}
        return all(present.get(key) == value for key, value in entries_of(plan).items())

    def _invalid(self, wanted: Entries) -> Iterator[Refusal]:
        """Yield what the API server would refuse."""
        if not wanted:
            yield unsafe(f"no {self.field} were given", f"没有给出要设置的{self.noun_zh}")
        for key, value in wanted.items():
            prefix, slash, name = key.rpartition("/")
            if not _NAME.fullmatch(name) or (slash and not _PREFIX.fullmatch(prefix)):
                yield unsafe(f"{key!r} is not a valid name for {self.field}", f"{key!r} 不是有效的{self.noun_zh}名")
            if value is not None and self.field == "labels" and value and not _NAME.fullmatch(value):
                yield unsafe(
                    f"{value!r} is not a valid label value: at most 63 letters, digits, '-', '_' and '.'",
                    f"{value!r} 不是有效的标签值：最多 63 个字母、数字、“-”、“_”、“.”",
                )
        if sum(len(f"{key}{value or ''}".encode()) for key, value in wanted.items()) > _MOST_BYTES:
            yield unsafe(f"the {self.field} exceed the size an object may have", f"{self.noun_zh}超出对象允许的长度")

    def _overwritten(self, plan: Plan, obj: Json) -> Refusal | None:
        """Say whose owner would overwrite the change; owners do not update existing pods."""
        owner = controller_of(obj)
        return None if owner is None or plan.target.kind == "Pod" else owned(plan.target, owner)


def entries_of(plan: Plan) -> Entries:
    """Return what is set and removed, as a merge patch: None removes."""
    wanted, removed = plan.args.get("set"), plan.args.get("remove") or ()
    taken_off: Entries = dict.fromkeys(map(str, (removed,) if isinstance(removed, str) else removed))
    return taken_off | (
        {str(key): _text(value) for key, value in wanted.items()} if isinstance(wanted, Mapping) else {}
    )


def _text(value: Any) -> str:
    """Return a value as Kubernetes writes it: YAML reads true where an entry means "true"."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def merged(obj: Json, wanted: Entries, *, field: str) -> dict[str, str]:
    """Return the labels or annotations that an object would have."""
    present: dict[str, str | None] = dict((obj.get("metadata") or {}).get(field) or {})
    return {key: value for key, value in (present | wanted).items() if value is not None}
