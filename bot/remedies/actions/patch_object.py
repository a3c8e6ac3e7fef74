"""Change fields of an object as a catalog entry says, by a merge, strategic merge or JSON patch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.cluster.snapshot import Snapshot
from bot.remedies.action import WORKLOADS, permissions_to
from bot.remedies.contract import Plan
from bot.remedies.shared.patch_action import Patch, TemplateAction
from bot.remedies.shared.refusal import unsafe
from intents.catalog.actions import ActionDeclaration, Argument, ArgumentType
from intents.domain import Json, Text
from responses.words import ActionWords


class PatchObject(TemplateAction):
    """Applies the patch of an entry."""

    declaration = ActionDeclaration(
        name="patch-object",
        args={
            "type": Argument(says="how to apply the patch", required=True, choices=("merge", "strategic", "json")),
            "patch": Argument(says="the patch", type=ArgumentType.MAPPING_OR_LIST, required=True),
        },
        only_configures=True,
    )
    words = ActionWords(
        verb=Text(en="Change object", zh="修改对象"),
        does=Text(en="Changes some fields of this object, nothing else.", zh="只修改此对象的部分字段。"),
    )
    writes = permissions_to("patch", (*WORKLOADS, "Service", "TidbCluster"))

    def rolls_out(self, plan: Plan) -> bool:
        return plan.target.kind in WORKLOADS and _changes_template(plan.args.get("patch") or {})

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch:
        body, kind = plan.args.get("patch"), str(plan.args.get("type"))
        expected = list if kind == "json" else dict
        if not isinstance(body, expected) or not body:
            raise unsafe(f"the {kind} patch of {plan.target} is empty", f"{plan.target} 的 {kind} 补丁没有内容")
        return Patch(
            body=body,
            type=kind,
            says=Text(en=f"{plan.target} was changed", zh=f"{plan.target} 已修改"),
            effects=() if self.rolls_out(plan) else (_without_rollout(plan.target.kind),),
        )


def _changes_template(body: Any) -> bool:
    """Tell whether a patch writes to the pod template, or to an object that contains it."""
    if isinstance(body, Mapping):
        spec = body.get("spec", {})
        return not isinstance(spec, Mapping) or "template" in spec
    paths = [str(each.get(key, "")) for each in body for key in ("path", "from") if key in each]
    return any(path in ("", "/spec") or f"{path}/".startswith("/spec/template/") for path in paths)


def _without_rollout(kind: str) -> Text:
    """Say what a change does that replaces no pod by itself."""
    match kind:
        case "Service":
            return Text(
                en="No pod is replaced; routing follows the change at once",
                zh="不会替换任何 Pod；路由会立即随之改变",
            )
        case "TidbCluster":
            return Text(
                en="TiDB Operator applies it: it may scale components or replace their pods, one by one",
                zh="由 TiDB Operator 执行：可能会缩放组件，或逐个替换其 Pod",
            )
    return Text(en="No pod is replaced: the pod template does not change", zh="不会替换任何 Pod：Pod 模板不变")
