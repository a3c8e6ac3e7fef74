"""Create an object that is missing, from the manifest in a catalog entry. An existing object is never overwritten."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from bot.cluster.errors import ClusterError
from bot.cluster.resources import Resource
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import is_terminating
from bot.remedies.action import Action, permissions_to
from bot.remedies.contract import Applied, EffectState, EffectStatus, Outlook, Plan, Proposal, Step, Verb, effect
from bot.remedies.shared.refusal import absence, unsafe
from intents.catalog.actions import ActionDeclaration, Argument, ArgumentType
from intents.domain import Json, ObjectRef, Text
from responses.words import ActionWords


class CreateObject(Action):
    """Creates one object of a kind that neither runs anything nor grants anything."""

    declaration = ActionDeclaration(
        name="create-object",
        args={"object": Argument(says="the manifest", type=ArgumentType.MAPPING, required=True)},
        only_configures=True,
    )
    words = ActionWords(
        verb=Text(en="Create object", zh="创建对象"),
        does=Text(
            en="Creates this object, which does not exist yet. Changes no other object.",
            zh="创建此前不存在的对象；不修改其他对象。",
        ),
    )
    writes = permissions_to("create", ("PodMonitor", "Sidecar"))

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        return await absence(snapshot, target)

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal:
        target = plan.target
        resource = await snapshot.resource(target.kind)
        manifest = _manifest(plan, resource)
        if await snapshot.find(target.kind, target.name, namespace=target.namespace) is not None:
            raise unsafe(f"{target} exists and is not overwritten", f"{target} 已存在，不会被覆盖")
        if resource.namespaced:
            await _check_namespace(snapshot, target)
        step = Step(
            verb=Verb.CREATE,
            target=target,
            says=Text(en=f"{target} was created", zh=f"{target} 已创建"),
            body=manifest,
        )
        effects = (
            Text(
                en=f"{target} is created; no existing object is changed",
                zh=f"创建 {target}；不会修改任何已有对象",
            ),
            Text(
                en=f"Controllers that watch {target.kind} objects act on it at once",
                zh=f"监听 {target.kind} 的控制器会立即据此动作",
            ),
        )
        return Proposal(steps=(step,), outlook=Outlook(effects=effects))

    async def check_effect(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> EffectStatus:
        target = plan.target
        obj = await snapshot.find(target.kind, target.name, namespace=target.namespace)
        if obj is None or is_terminating(obj):
            return effect(EffectState.GONE, f"{target} no longer exists", f"{target} 已不存在")
        return effect(EffectState.HEALTHY, f"{target} exists", f"{target} 已存在")


def _manifest(plan: Plan, resource: Resource) -> Json:
    """Return the object to send: the plan's manifest, in the version that this cluster serves."""
    written: Any = plan.args.get("object")
    if not isinstance(written, Mapping) or not written.get("kind"):
        raise unsafe("the entry has no manifest to create", "没有可创建的对象定义")
    manifest: Json = copy.deepcopy(dict(written))
    metadata = dict(manifest.get("metadata") or {})
    named = (manifest["kind"], metadata.get("namespace") or plan.target.namespace, metadata.get("name"))
    if named != (plan.target.kind, plan.target.namespace, plan.target.name):
        other = ObjectRef(kind=str(named[0]), namespace=str(named[1]), name=str(named[2]))
        raise unsafe(f"the manifest is of {other}, not of {plan.target}", f"对象定义属于 {other}，而不是 {plan.target}")
    group = str(manifest.get("apiVersion", "")).rpartition("/")[0]
    if group != resource.group:
        raise unsafe(
            f"the manifest has API group {group or 'v1'}; this cluster serves {resource.kind} in {resource.group}",
            f"对象定义属于 API 组 {group or 'v1'}；该集群提供的 {resource.kind} 属于 {resource.group}",
        )
    # The entry is written for one version of several: the dry run shows whether this cluster's version accepts it.
    manifest["apiVersion"] = resource.api_version
    return manifest | {"metadata": metadata | ({"namespace": plan.target.namespace} if resource.namespaced else {})}


async def _check_namespace(snapshot: Snapshot, target: ObjectRef) -> None:
    """Refuse a namespace in which nothing can be created. If it may not be read, the dry run decides."""
    try:
        namespace = await snapshot.find("Namespace", target.namespace)
    except ClusterError:
        return
    if namespace is None:
        raise unsafe(f"namespace {target.namespace} does not exist", f"命名空间 {target.namespace} 不存在")
    if is_terminating(namespace):
        raise unsafe(f"namespace {target.namespace} is being deleted", f"命名空间 {target.namespace} 正在删除")
