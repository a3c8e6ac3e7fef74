"""Change fields of an object as a catalog entry says: a merge, strategic or JSON patch from its template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from bot.cluster.snapshot import Snapshot
from bot.remedies.contract import Plan, Refusal
from bot.remedies.shared.kinds import WORKLOADS
from bot.remedies.shared.patching import Patch, Patching
from bot.remedies.shared.refusing import unsafe
from intents.domain import Json, Text


class PatchObject(Patching):
    name: ClassVar[str] = "patch-object"
    kinds: ClassVar[tuple[str, ...]] = (*WORKLOADS, "Service", "TidbCluster")

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch | Refusal:
        body, kind = plan.args.get("patch"), str(plan.args.get("type"))
        expected = list if kind == "json" else dict
        if not isinstance(body, expected) or not body:
            return unsafe(f"the {kind} patch of {plan.target} says nothing", f"{plan.target} 的 {kind} 补丁没有内容")
        return Patch(
            body=body,
            type=kind,
            says=Text(en=f"{plan.target} was changed", zh=f"{plan.target} 已修改"),
            rolls_out=plan.target.kind in WORKLOADS and _touches_template(body),
        )


def _touches_template(body: Any) -> bool:
    if isinstance(body, Mapping):
        return "template" in (body.get("spec") or {})
    return any(str(each.get("path", "")).startswith("/spec/template/") for each in body)


ACTION: Final = PatchObject()
