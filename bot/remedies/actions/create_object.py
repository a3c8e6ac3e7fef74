"""Create an object that is missing, from the manifest of a catalog entry. What exists is never written over."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.cluster.resources import Resource
from bot.cluster.snapshot import Snapshot
from bot.remedies.contract import Applied, Course, Outlook, Plan, Proposal, Refusal, Settling, Step, Verb
from bot.remedies.shared import workloads
from bot.remedies.shared.absence import absence
from bot.remedies.shared.kinds import permissions
from bot.remedies.shared.refusal import unsafe
from intents.domain import Json, ObjectRef, Permission, Text

# What may be made: nothing that runs, and nothing that grants.
_KINDS: Final = ("PodMonitor", "Sidecar")
_NEEDS: Final = permissions("create", _KINDS)


class CreateObject:
    name = "create-object"
    undoable = True
    cures = True
    permissions: tuple[Permission, ...] = tuple(_NEEDS.values())

    def needs(self, target: ObjectRef, args: Mapping[str, Any]) -> tuple[Permission, ...]:
        return (_NEEDS[target.kind],) if target.kind in _NEEDS else ()

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        return await absence(snapshot, target)

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal | Refusal:
        target = plan.target
        resource = await snapshot.resource(target.kind)
        manifest = _manifest(plan, resource)
        if isinstance(manifest, Refusal):
            return manifest
        if await snapshot.find(target.kind, target.name, namespace=target.namespace) is not None:
            return unsafe(f"{target} exists: it is not written over", f"{target} 已存在：不会被覆盖")
        if resource.namespaced and (refusal := await _no_room(snapshot, target)):
            return refusal
        step = Step(
            verb=Verb.CREATE,
            target=target,
            says=Text(en=f"{target} was created", zh=f"{target} 已创建"),
            body=manifest,
        )
        effects = (
            Text(
                en=f"{target} is created; no object that exists is changed",
                zh=f"创建 {target}；不会修改任何已有对象",
            ),
            Text(
                en=f"What watches objects of kind {target.kind} acts on it at once",
                zh=f"监听 {target.kind} 的控制器会立即据此动作",
            ),
        )
        return Proposal(steps=(step,), outlook=Outlook(effects=effects))

    async def settled(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> Settling:
        target = plan.target
        obj = await snapshot.find(target.kind, target.name, namespace=target.namespace)
        if obj is None or workloads.is_leaving(obj):
            says = Text(en=f"{target} is not there any more", zh=f"{target} 已不存在")
            return Settling(course=Course.GONE, says=says)
        return Settling(course=Course.WELL, says=Text(en=f"{target} exists", zh=f"{target} 已存在"))


def _manifest(plan: Plan, resource: Resource) -> Json | Refusal:
    """The object as it is sent: the one the plan names, in the version this cluster serves."""
    written: Any = plan.args.get("object")
    if not isinstance(written, Mapping) or not written.get("kind"):
        return unsafe("there is no manifest to create", "没有可创建的对象定义")
    manifest: Json = copy.deepcopy(dict(written))
    metadata = dict(manifest.get("metadata") or {})
    named = (manifest["kind"], metadata.get("namespace") or plan.target.namespace, metadata.get("name"))
    if named != (plan.target.kind, plan.target.namespace, plan.target.name):
        other = ObjectRef(kind=str(named[0]), namespace=str(named[1]), name=str(named[2]))
        return unsafe(
            f"the manifest is of {other}, not of {plan.target}", f"对象定义属于 {other}，而不是 {plan.target}"
        )
    group = str(manifest.get("apiVersion", "")).rpartition("/")[0]
    if group != resource.group:
        return unsafe(
            f"the manifest is of API group {group or 'v1'}; this cluster serves {resource.kind} of {resource.group}",
            f"对象定义属于 API 组 {group or 'v1'}；该集群提供的 {resource.kind} 属于 {resource.group}",
        )
    # An entry is written for one version of many: the dry run tells whether this cluster's one takes it as well.
    manifest["apiVersion"] = resource.api_version
    return manifest | {"metadata": metadata | ({"namespace": plan.target.namespace} if resource.namespaced else {})}


async def _no_room(snapshot: Snapshot, target: ObjectRef) -> Refusal | None:
    """Why nothing can be created in the namespace; if it may not be read, the dry run tells."""
    try:
        namespace = await snapshot.find("Namespace", target.namespace)
    except ClusterError:
        return None
    if namespace is None:
        return unsafe(f"there is no namespace {target.namespace}", f"命名空间 {target.namespace} 不存在")
    if workloads.is_leaving(namespace):
        return unsafe(f"namespace {target.namespace} is being deleted", f"命名空间 {target.namespace} 正在删除")
    return None


ACTION: Final = CreateObject()
