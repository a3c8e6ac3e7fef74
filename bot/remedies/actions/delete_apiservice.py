"""Take an aggregated API off the API server whose backend is gone for good, so that nothing trips over it any more.

As long as it is registered and does not answer, discovery is incomplete: kubectl warns, the garbage collector and the
deletion of namespaces stop. The APIService's manifest is kept, and creating it again takes this back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.conditions import condition
from bot.remedies.contract import Applied, Course, Outlook, Plan, Proposal, Refusal, Settling, Step, Verb
from bot.remedies.shared import workloads
from bot.remedies.shared.custodian import custodian_of
from bot.remedies.shared.kinds import permission
from bot.remedies.shared.refusal import unsafe
from intents.domain import Json, ObjectRef, Permission, Text

KIND: Final = "APIService"
# "true" for those of CustomResourceDefinitions, "onstart" for what the API server serves itself.
_AUTOMANAGED: Final = "kube-aggregator.kubernetes.io/automanaged"


class DeleteApiService:
    name = "delete-apiservice"
    undoable = True
    cures = True
    permissions: tuple[Permission, ...] = (permission("delete", KIND),)

    def needs(self, target: ObjectRef, args: Mapping[str, Any]) -> tuple[Permission, ...]:
        return self.permissions if target.kind == KIND else ()

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        obj = await snapshot.get(KIND, target.name)
        return {"uid": workloads.uid_of(obj), "service": _called(_service(obj))}

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal | Refusal:
        obj = await snapshot.get(KIND, plan.target.name)
        if refusal := _kept(plan.target, obj):
            return refusal
        step = Step(
            verb=Verb.DELETE,
            target=plan.target,
            says=Text(en=f"{plan.target} was deleted", zh=f"{plan.target} 已删除"),
        )
        warnings, custodian = await _backend(snapshot, obj), await custodian_of(snapshot, obj)
        return Proposal(steps=(step,), outlook=Outlook(effects=_effects(obj), warnings=warnings, custodian=custodian))

    async def settled(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> Settling:
        obj = await snapshot.find(KIND, plan.target.name)
        if obj is None:
            says = Text(en="the API is no longer registered", zh="该 API 已不再注册")
            return Settling(course=Course.WELL, says=says)
        if workloads.uid_of(obj) == applied.target.uid:
            return Settling(course=Course.MOVING, says=Text(en="it is Terminating", zh="正在删除"))
        if _is_available(obj):
            says = Text(en="somebody has registered it again, and it answers", zh="已被重新注册，且可以应答")
            return Settling(course=Course.WELL, says=says)
        says = Text(en="somebody has registered it again, and it does not answer", zh="已被重新注册，但仍无应答")
        return Settling(course=Course.FAILING, says=says)


def _service(obj: Json) -> Mapping[str, Any]:
    return (obj.get("spec") or {}).get("service") or {}


def _called(service: Mapping[str, Any]) -> str:
    return f"{service.get('namespace', '')}/{service.get('name', '')}" if service else ""


def _is_available(obj: Json) -> bool:
    return condition(obj, "Available").get("status") == "True"


def _kept(me: ObjectRef, obj: Json) -> Refusal | None:
    """Why it must not be deleted, or need not."""
    labels = (obj.get("metadata") or {}).get("labels") or {}
    if not _service(obj) or _AUTOMANAGED in labels:
        return unsafe(
            f"{me} is Kubernetes' own: the API server serves it itself and registers it again",
            f"{me} 由 Kubernetes 自身管理：API server 自行提供并会重新注册",
        )
    if workloads.is_leaving(obj):
        return unsafe(f"{me} is being deleted already", f"{me} 已在删除中")
    if _is_available(obj):
        return unsafe(f"{me} is available: its clients would lose it", f"{me} 当前可用：删除会使其客户端失去该 API")
    if not condition(obj, "Available"):
        return unsafe(
            f"whether {me} is available is not known yet: look again in a minute",
            f"尚不清楚 {me} 是否可用：请稍后再看",
        )
    return None


def _effects(obj: Json) -> tuple[Text, ...]:
    spec = obj.get("spec") or {}
    group, version = spec.get("group", ""), spec.get("version", "")
    effects = [
        Text(
            en=f"Requests for {group}/{version} get 404 instead of 503, until somebody registers it again",
            zh=f"对 {group}/{version} 的请求会得到 404 而不是 503，直到重新注册",
        ),
        Text(
            en="kubectl, garbage collection and the deletion of namespaces no longer trip over it",
            zh="kubectl、垃圾回收与命名空间删除不再受其影响",
        ),
    ]
    if str(group).endswith("metrics.k8s.io"):
        effects.append(
            Text(
                en="Autoscalers (HPA) on these metrics and kubectl top stay without them",
                zh="依赖这些指标的 HPA 与 kubectl top 仍然没有数据",
            )
        )
    return tuple(effects)


async def _backend(snapshot: Snapshot, obj: Json) -> tuple[Text, ...]:
    """A warning if what is to answer is still meant to be there: then it wants repair."""
    service = _service(obj)
    try:
        name, namespace = str(service.get("name", "")), str(service.get("namespace", ""))
        found = await snapshot.find("Service", name, namespace=namespace)
    except ClusterError as error:
        return (error.gap(f"Service {_called(service)}").says,)
    if found is None:
        return ()
    return (
        Text(
            en=f"Service {_called(service)} exists: once its pods answer, so does the API, with nothing to delete",
            zh=f"Service {_called(service)} 仍然存在：修复其 Pod 后该 API 即可恢复，无需删除",
        ),
    )


ACTION: Final = DeleteApiService()
