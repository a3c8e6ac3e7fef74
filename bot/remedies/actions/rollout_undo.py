"""Roll a workload back to an earlier pod template, as `kubectl rollout undo` does.

Without a revision number it goes back to the last revision with a different template: a restart creates a revision too,
and going back to that one would change nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.config_references import references_of
from bot.kube.field_paths import pointer
from bot.kube.objects import annotations_of
from bot.kube.pod_states import is_ready
from bot.kube.rollouts import CAUSE, Revision, alike, images_of, was_available
from bot.kube.timestamps import UNKNOWN, seconds_since
from bot.remedies.action import WORKLOADS
from bot.remedies.contract import Plan, one_text
from bot.remedies.shared.patch_action import Patch, TemplateAction, is_given, number
from bot.remedies.shared.refusal import unsafe
from bot.remedies.shared.workloads import current_of, is_observed, pods_at, revisions_of
from intents.catalog.actions import ActionDeclaration, Argument, ArgumentType
from intents.catalog.schema import Risk
from intents.domain import Json, ObjectRef, Text
from intents.templates import duration
from responses.words import ActionWords

_SHOWN: Final = 6


class RolloutUndo(TemplateAction):
    """Writes the pod template of an earlier revision."""

    declaration = ActionDeclaration(
        name="rollout-undo",
        kinds=WORKLOADS,
        args={"revision": Argument(says="its number; by default the last one that differs", type=ArgumentType.NUMBER)},
        least_risk=Risk.DISRUPTIVE,
    )
    words = ActionWords(
        verb=Text(en="Roll back workload", zh="回滚"),
        does=Text(
            en="Restores the pod template of an earlier revision and replaces the pods.",
            zh="将此工作负载恢复为更早版本的 Pod 模板，并替换其 Pod。",
        ),
        asked_by=("roll back", "rollback", "roll it back", "revert", "undo", "previous version", "回滚", "回退"),
    )

    async def may_help(self, snapshot: Snapshot, target: ObjectRef) -> bool:
        workload = await snapshot.get(target.kind, target.name, namespace=target.namespace)
        return await _has_run_before(snapshot, workload)

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch:
        revisions = await revisions_of(snapshot, obj)
        current, wanted = current_of(obj, revisions), plan.args.get("revision")
        chosen = _chosen(plan, obj, current, revisions)
        template = (obj.get("spec") or {}).get("template") or {}
        return Patch(
            body=_body(obj, chosen),
            type="json" if obj.get("kind") == "Deployment" else "strategic",
            says=Text(
                en=f"{plan.target} was rolled back to revision {chosen.number}",
                zh=f"{plan.target} 已回滚到版本 {chosen.number}",
            ),
            effects=tuple(_effects(snapshot, obj, chosen)),
            warnings=(
                *_warnings(template, current, chosen, () if is_given(wanted) else revisions),
                *await _missing(snapshot, plan, template, chosen),
            ),
            staying=await pods_at(snapshot, obj, chosen),
        )


async def _has_run_before(snapshot: Snapshot, workload: Json) -> bool:
    """Tell whether pods of an earlier revision are ready, or the workload was available before the current one."""
    revisions = await revisions_of(snapshot, workload)
    current = current_of(workload, revisions)
    template = (workload.get("spec") or {}).get("template") or {}
    earlier = [each for each in revisions if each != current and not alike(each.template, template, but_restarts=True)]
    if not earlier or current is None:
        return False
    if was_available(workload, current):
        return True
    ran = await asyncio.gather(*(pods_at(snapshot, workload, each) for each in earlier))
    return any(is_ready(pod) for pods in ran for pod in pods)


def _chosen(plan: Plan, workload: Json, current: Revision | None, revisions: Sequence[Revision]) -> Revision:
    """Return the revision to go back to."""
    if not is_observed(workload):
        raise unsafe(
            f"the controller has not observed the last change of {plan.target} yet; try again in a moment",
            f"{plan.target} 的上次修改尚未被其控制器处理；请稍后再试",
        )
    wanted = plan.args.get("revision")
    chosen = _requested(plan, wanted, revisions) if is_given(wanted) else _previous(plan, workload, current, revisions)
    if chosen == current or alike(chosen.template, (workload.get("spec") or {}).get("template") or {}):
        raise unsafe(
            f"{plan.target} already has the template of revision {chosen.number}",
            f"{plan.target} 的模板已是版本 {chosen.number}，无需回滚",
        )
    return chosen


def _requested(plan: Plan, wanted: Any, revisions: Sequence[Revision]) -> Revision:
    wanted_number = number(wanted)
    if wanted_number is None:
        raise unsafe(f"{wanted!r} is not a revision number", f"{wanted!r} 不是版本号")
    found = next((each for each in revisions if each.number == wanted_number), None)
    if found is not None:
        return found
    kept = ", ".join(str(each.number) for each in revisions)
    raise unsafe(
        f"{plan.target} has no revision {wanted_number}; the cluster keeps {kept or 'none'}",
        f"{plan.target} 没有版本 {wanted_number}；集群中保留的版本：{kept or '无'}",
    )


def _previous(plan: Plan, workload: Json, current: Revision | None, revisions: Sequence[Revision]) -> Revision:
    """Return the last earlier revision with a different template."""
    template = (workload.get("spec") or {}).get("template") or {}
    earlier = [each for each in revisions if current is None or each.number < current.number]
    for each in reversed(earlier):
        if not alike(each.template, template, but_restarts=True):
            return each
    if earlier:
        raise unsafe(
            f"the earlier revisions of {plan.target} differ from the current one only by restarts: "
            "a rollback would change nothing",
            f"{plan.target} 的更早版本与当前仅有重启标记的区别：回滚不会带来任何变化",
        )
    raise unsafe(
        f"the cluster keeps no earlier revision of {plan.target}; apply the manifest that worked",
        f"集群中没有保留 {plan.target} 的更早版本；请重新应用之前可用的清单",
    )


def _body(workload: Json, chosen: Revision) -> Any:
    """Return the patch that kubectl sends, but of the annotations restore only the change cause."""
    if workload.get("kind") != "Deployment":
        return {"spec": {"template": {**chosen.template, "$patch": "replace"}}}
    operations: list[Json] = [{"op": "replace", "path": "/spec/template", "value": chosen.template}]
    annotations = annotations_of(workload)
    path = pointer(("metadata", "annotations", CAUSE))
    if chosen.cause and annotations and annotations.get(CAUSE) != chosen.cause:
        operations.append({"op": "add", "path": path, "value": chosen.cause})
    elif not chosen.cause and CAUSE in annotations:
        operations.append({"op": "remove", "path": path})
    return operations


def _effects(snapshot: Snapshot, workload: Json, chosen: Revision) -> Iterator[Text]:
    age = seconds_since(chosen.made, snapshot.now)
    made = (
        Text.same("")
        if age == UNKNOWN
        else Text(en=f", created {duration(age)} ago", zh=f"，最初创建于 {duration(age)} 前")
    )
    why = Text(en=f' ("{chosen.cause}")', zh=f"（“{chosen.cause}”）") if chosen.cause else Text.same("")
    yield Text(
        en=f"Rolls back to revision {chosen.number} ({chosen.name}{made.en}){why.en}",
        zh=f"回滚到版本 {chosen.number}（{chosen.name}{made.zh}）{why.zh}",
    )
    now, then = images_of((workload.get("spec") or {}).get("template") or {}), chosen.images
    lines = [
        f"{name}: {now.get(name) or '-'} → {then.get(name) or '-'}"
        if now.get(name) != then.get(name)
        else f"{name}: {image}"
        for name, image in {**now, **then}.items()
    ]
    shown, same = "; ".join(lines[:_SHOWN]), now == then
    yield Text(
        en=f"Images after it: {shown}" + (" (as now)" if same else ""),
        zh=f"回滚后的镜像：{shown}" + ("（与现在相同）" if same else ""),
    )
    yield Text(
        en="Only the pod template is rolled back: replicas, ConfigMaps, Secrets and data stay as they are",
        zh="只有 Pod 模板会回滚：副本数、ConfigMap、Secret 和数据保持不变",
    )


def _warnings(
    template: Json, current: Revision | None, chosen: Revision, revisions: Sequence[Revision]
) -> Iterator[Text]:
    """Warn about skipped revisions and about a rollback that may not help; `revisions` were searched."""
    between = [
        str(each.number) for each in revisions if current is not None and chosen.number < each.number < current.number
    ]
    if between:
        yield Text(
            en=f"Revision {', '.join(between)} is skipped: it differs from the current one only by a restart",
            zh=f"跳过版本 {'、'.join(between)}：与当前仅有重启标记的区别",
        )
    if alike(chosen.template, template, but_restarts=True):
        yield Text(
            en="It differs from the current revision only by a restart: the pods are replaced by identical ones",
            zh="与当前仅有重启标记的区别：Pod 会被替换为相同的 Pod",
        )
    if current is not None and current.returned:
        yield Text(
            en=(
                f"The current revision is itself the result of a rollback (it was revision {current.returned}): "
                f"revision {chosen.number} may be the one that failed then"
            ),
            zh=f"当前版本本身就是回滚而来（曾为版本 {current.returned}）：版本 {chosen.number} 可能正是当时弃用的",
        )


async def _missing(snapshot: Snapshot, plan: Plan, template: Json, chosen: Revision) -> tuple[Text, ...]:
    """Warn about ConfigMaps that only the older template uses and that are gone: some tools remove old ones."""
    names = sorted(_config_maps(chosen.template) - _config_maps(template))[:_SHOWN]
    gone: list[str] = []
    for name in names:
        try:
            if await snapshot.find("ConfigMap", name, namespace=plan.target.namespace) is None:
                gone.append(name)
        except ClusterError as error:
            return (error.gap(f"ConfigMap {plan.target.namespace}/{name}").says,)
    if not gone:
        return ()
    return one_text(
        f"It needs ConfigMaps that no longer exist: {', '.join(gone)}; its pods will not start without them",
        f"它需要的 ConfigMap 已不存在：{'、'.join(gone)}；缺少它们 Pod 无法启动",
    )


def _config_maps(template: Json) -> set[str]:
    """Return the ConfigMaps that pods of a template need to start."""
    return {one.name for one in references_of(template) if one.kind == "ConfigMap" and one.name}
