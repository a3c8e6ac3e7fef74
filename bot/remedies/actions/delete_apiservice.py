"""Delete the registration of an aggregated API whose backend is permanently gone.

While it is registered and does not respond, discovery is incomplete: kubectl warns, and the garbage collector and the
deletion of namespaces stop. Undo creates the APIService again from its manifest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.cluster.origins import custodian_of
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import condition, is_terminating, uid_of
from bot.remedies.action import Action, permissions_to
from bot.remedies.contract import Applied, EffectState, EffectStatus, Outlook, Plan, Proposal, effect, one_text
from bot.remedies.shared.refusal import deletion, unsafe
from intents.catalog.actions import ActionDeclaration
from intents.catalog.schema import Risk
from intents.domain import Json, ObjectRef, Text
from responses.words import ActionWords

KIND: Final = "APIService"
# "true" for the APIs of CustomResourceDefinitions, "onstart" for those that the API server serves itself.
_AUTOMANAGED: Final = "kube-aggregator.kubernetes.io/automanaged"


class DeleteApiService(Action):
    """Deletes an APIService that does not respond."""

    declaration = ActionDeclaration(name="delete-apiservice", kinds=(KIND,), least_risk=Risk.DISRUPTIVE)
    words = ActionWords(
        verb=Text(en="Delete APIService", zh="删除 APIService"),
        does=Text(
            en="Unregisters this unavailable API from the API server.", zh="从 API Server 注销这个不可用的 API。"
        ),
    )
    writes = permissions_to("delete", (KIND,))

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        obj = await snapshot.get(KIND, target.name)
        return {"uid": uid_of(obj), "service": _key(_service(obj))}

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal:
        obj = await snapshot.get(KIND, plan.target.name)
        _check_deletable(plan.target, obj)
        warnings, custodian = await _backend(snapshot, obj), await custodian_of(snapshot, obj)
        outlook = Outlook(effects=tuple(_effects(obj)), warnings=warnings, custodian=custodian)
        return Proposal(steps=(deletion(plan.target),), outlook=outlook)

    async def check_effect(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> EffectStatus:
        obj = await snapshot.find(KIND, plan.target.name)
        if obj is None:
            return effect(EffectState.HEALTHY, "the API is no longer registered", "该 API 已不再注册")
        if uid_of(obj) == applied.target.uid:
            return effect(EffectState.PENDING, "it is terminating", "正在删除")
        if _is_available(obj):
            return effect(EffectState.HEALTHY, "it was registered again and responds", "已被重新注册，且可以响应")
        return effect(EffectState.FAILING, "it was registered again and does not respond", "已被重新注册，但仍无响应")


def _service(obj: Json) -> Mapping[str, Any]:
    return (obj.get("spec") or {}).get("service") or {}


def _key(service: Mapping[str, Any]) -> str:
    return f"{service.get('namespace', '')}/{service.get('name', '')}" if service else ""


def _is_available(obj: Json) -> bool:
    return condition(obj, "Available").get("status") == "True"


def _check_deletable(me: ObjectRef, obj: Json) -> None:
    """Refuse one that must not be deleted, or need not be."""
    labels = (obj.get("metadata") or {}).get("labels") or {}
    if not _service(obj) or _AUTOMANAGED in labels:
        raise unsafe(
            f"{me} is built into Kubernetes: the API server serves it itself and would register it again",
            f"{me} 由 Kubernetes 自身管理：API server 自行提供并会重新注册",
        )
    if is_terminating(obj):
        raise unsafe(f"{me} is already being deleted", f"{me} 已在删除中")
    if _is_available(obj):
        raise unsafe(f"{me} is available: its clients would lose it", f"{me} 当前可用：删除会使其客户端失去该 API")
    if not condition(obj, "Available"):
        raise unsafe(
            f"it is not known yet whether {me} is available; try again in a minute",
            f"尚不清楚 {me} 是否可用；请稍后再试",
        )


def _effects(obj: Json) -> Iterator[Text]:
    spec = obj.get("spec") or {}
    group, version = spec.get("group", ""), spec.get("version", "")
    yield Text(
        en=f"Requests for {group}/{version} get 404 instead of 503 until it is registered again",
        zh=f"对 {group}/{version} 的请求会得到 404 而不是 503，直到重新注册",
    )
    yield Text(
        en="It no longer disturbs kubectl, garbage collection and the deletion of namespaces",
        zh="kubectl、垃圾回收与命名空间删除不再受其影响",
    )
    if str(group).endswith("metrics.k8s.io"):
        yield Text(
            en="Autoscalers (HPA) on these metrics, and kubectl top, still get no data",
            zh="依赖这些指标的 HPA 与 kubectl top 仍然没有数据",
        )


async def _backend(snapshot: Snapshot, obj: Json) -> tuple[Text, ...]:
    """Warn if the Service still exists: then its backend should be repaired instead."""
    service = _service(obj)
    try:
        name, namespace = str(service.get("name", "")), str(service.get("namespace", ""))
        found = await snapshot.find("Service", name, namespace=namespace)
    except ClusterError as error:
        return (error.gap(f"Service {_key(service)}").says,)
    if found is None:
        return ()
    return one_text(
        f"Service {_key(service)} exists: the API recovers once its pods respond, without deleting anything",
        f"Service {_key(service)} 仍然存在：修复其 Pod 后该 API 即可恢复，无需删除",
    )
