"""What setting labels and setting annotations share: which ones, whether they can be, and whether they stay so.

Both change `metadata` and nothing else. What a catalog or a person wrote is held against the API server's own rules
first, so that a refusal says what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from bot.cluster.snapshot import Snapshot
from bot.remedies.contract import Applied, Course, Plan, Refusal, Settling
from bot.remedies.shared import workloads
from bot.remedies.shared.kinds import WORKLOADS
from bot.remedies.shared.patch_action import Patch, Patching, holds
from bot.remedies.shared.refusal import unsafe
from intents.domain import Json, Text

# Whatever is marked here, its outcome can be told: it is so as soon as it is written.
KINDS: Final = ("Pod", "Service", "StorageClass", "Node", *WORKLOADS, "TidbCluster")

# Rules of k8s.io/apimachinery/pkg/util/validation: qualified names, and values of labels.
_PREFIX: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NAME: Final = re.compile(r"[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?", re.ASCII)
# All annotations of an object together.
_MOST_BYTES: Final = 256 * 1024

Marks = dict[str, str | None]


class Marking(Patching):
    """An action that sets and takes off labels or annotations: its `field`, which it calls `en` and `zh`."""

    kinds: ClassVar[tuple[str, ...]] = KINDS
    # Autoscalers and node controllers write these while people read a preview.
    ignoring: ClassVar[tuple[str, ...]] = ("spec.replicas", "spec.taints")
    field: ClassVar[str]
    en: ClassVar[str]
    zh: ClassVar[str]

    async def effects(self, snapshot: Snapshot, plan: Plan, obj: Json, wanted: Marks) -> tuple[Text, ...] | Refusal:
        """What it does to what runs, or why it would do harm."""
        raise NotImplementedError

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch | Refusal:
        wanted = marks_of(plan)
        if refusal := next(self._wrong(plan, wanted), None) or self._written_over(plan, obj):
            return refusal
        if self.is_so(obj, plan):
            return unsafe(f"{plan.target} is {self.en} so already", f"{plan.target} 已有这些{self.zh}")
        effects = await self.effects(snapshot, plan, obj, wanted)
        if isinstance(effects, Refusal):
            return effects
        says = Text(en=f"{plan.target} was {self.en}", zh=f"已为 {plan.target} 设置{self.zh}")
        return Patch(body={"metadata": {self.field: wanted}}, says=says, effects=effects)

    async def settled(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> Settling:
        obj = await snapshot.find(plan.target.kind, plan.target.name, namespace=plan.target.namespace)
        if obj is not None and workloads.uid_of(obj) == plan.target.uid and not self.is_so(obj, plan):
            says = Text(en=f"the {self.field} were changed again", zh=f"{self.zh}又被修改了")
            return Settling(course=Course.FAILING, says=says)
        return await holds(snapshot, plan.target)

    def is_so(self, obj: Json, plan: Plan) -> bool:
        present = (obj.get("metadata") or {}).get(self.field) or {}
        return all(present.get(key) == value for key, value in marks_of(plan).items())

    def _wrong(self, plan: Plan, wanted: Marks) -> Iterator[Refusal]:
        """What is wrong with what was asked for."""
        if not wanted:
            yield unsafe(f"no {self.field} to set are given", f"没有给出要设置的{self.zh}")
        for key, value in wanted.items():
            prefix, slash, name = key.rpartition("/")
            if not _NAME.fullmatch(name) or (slash and not _PREFIX.fullmatch(prefix)):
                yield unsafe(f"{key!r} is no name of {self.field}", f"{key!r} 不是有效的{self.zh}名")
            if value is not None and self.field == "labels" and value and not _NAME.fullmatch(value):
                yield unsafe(
                    f"{value!r} is no value of a label: at most 63 letters, digits, '-', '_' and '.'",
                    f"{value!r} 不是有效的标签值：最多 63 个字母、数字、“-”、“_”、“.”",
                )
        if sum(len(f"{key}{value or ''}".encode()) for key, value in wanted.items()) > _MOST_BYTES:
            yield unsafe(f"the {self.field} are longer than an object may have", f"{self.zh}超出对象允许的长度")

    def _written_over(self, plan: Plan, obj: Json) -> Refusal | None:
        """Why a mark would not last: whoever makes the object writes it anew. Nobody does so to a pod."""
        owner = workloads.controller_of(obj)
        if owner is None or plan.target.kind == "Pod":
            return None
        return unsafe(
            f"{plan.target} is made by {owner.kind} {owner.name}, which may write over {self.field}: set them there",
            f"{plan.target} 由 {owner.kind} {owner.name} 管理，其{self.zh}可能会被覆盖：请在那里设置",
        )


def marks_of(plan: Plan) -> Marks:
    """What is set and taken off, as a merge patch: None takes one off."""
    wanted, removed = plan.args.get("set"), plan.args.get("remove") or ()
    taken_off: Marks = dict.fromkeys(map(str, (removed,) if isinstance(removed, str) else removed))
    return taken_off | (
        {str(key): _said(value) for key, value in wanted.items()} if isinstance(wanted, Mapping) else {}
    )


def _said(value: Any) -> str:
    """A value as Kubernetes writes it: YAML reads true where a catalog means "true"."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def after(obj: Json, wanted: Marks, *, field: str) -> dict[str, str]:
    """The labels or annotations an object would have."""
    present: dict[str, str | None] = dict((obj.get("metadata") or {}).get(field) or {})
    return {key: value for key, value in (present | wanted).items() if value is not None}
