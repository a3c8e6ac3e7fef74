"""Change fields of an object as a catalog entry says: a merge, strategic or JSON patch from its template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from bot.cluster.snapshot import Snapshot
from bot.remedies.contract import Plan, Refusal
from bot.remedies.shared.containers import TemplatePatching, beforehand
from bot.remedies.shared.kinds import WORKLOADS
from bot.remedies.shared.patch_action import Patch
from bot.remedies.shared.refusal import unsafe
from intents.domain import Json, Text


class PatchObject(TemplatePatching):
    name: ClassVar[str] = "patch-object"
    kinds: ClassVar[tuple[str, ...]] = (*WORKLOADS, "Service", "TidbCluster")

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch | Refusal:
        body, kind = plan.args.get("patch"), str(plan.args.get("type"))
        expected = list if kind == "json" else dict
        if not isinstance(body, expected) or not body:
            return unsafe(f"the {kind} patch of {plan.target} says nothing", f"{plan.target} 的 {kind} 补丁没有内容")
        rolls_out = plan.target.kind in WORKLOADS and _touches_template(body)
        return Patch(
            body=body,
            type=kind,
            says=Text(en=f"{plan.target} was changed", zh=f"{plan.target} 已修改"),
            effects=() if rolls_out else (_in_place(plan.target.kind),),
            warnings=await beforehand(snapshot, obj) if rolls_out else (),
            rolls_out=rolls_out,
        )


def _touches_template(body: Any) -> bool:
    """Whether a patch writes to the pod template, or to all of what it is a part of."""
    if isinstance(body, Mapping):
        spec = body.get("spec", {})
        return not isinstance(spec, Mapping) or "template" in spec
    paths = [str(each.get(key, "")) for each in body for key in ("path", "from") if key in each]
    return any(path in ("", "/spec") or f"{path}/".startswith("/spec/template/") for path in paths)


def _in_place(kind: str) -> Text:
    """What a change does that replaces no pod by itself."""
    match kind:
        case "Service":
            return Text(
                en="No pod is replaced; what routes to it follows the change at once",
                zh="不会替换任何 Pod；路由会立即随之改变",
            )
        case "TidbCluster":
            return Text(
                en="TiDB Operator carries it out by itself: it may scale components or replace their pods, one by one",
                zh="由 TiDB Operator 自行执行：可能会缩放组件，或逐个替换其 Pod",
            )
    return Text(en="No pod is replaced: the pod template stays as it is", zh="不会替换任何 Pod：Pod 模板不变")


ACTION: Final = PatchObject()
