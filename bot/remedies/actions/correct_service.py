"""Correct where a Service sends its traffic: one label of its selector, or the target of one of its ports.

It writes only what leads to pods that exist now, and to a port that they declare; its endpoints show whether it helped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import label_selector, name_of, namespace_of, spec_of
from bot.kube.owners import controller_of
from bot.kube.pod_states import is_ready
from bot.kube.services import (
    addresses_in,
    declared_ports,
    is_ready_endpoint,
    ports_of,
    selected_pods,
    selector_of,
    slices_of_service,
)
from bot.remedies.action import permissions_to
from bot.remedies.contract import EffectState, EffectStatus, Plan, effect
from bot.remedies.shared.patch_action import Patch, PatchAction, number
from bot.remedies.shared.refusal import owned, unsafe
from intents.catalog.actions import ActionDeclaration, Argument, ArgumentType
from intents.catalog.schema import Risk
from intents.domain import Json, Text
from intents.templates import counted
from responses.words import ActionWords

_MOST_NAMED: Final = 3


class CorrectService(PatchAction):
    """Writes one label of the selector, or one targetPort."""

    declaration = ActionDeclaration(
        name="correct-service",
        kinds=("Service",),
        args={
            "label": Argument(says="the label to select by: tier=web"),
            "instead_of": Argument(says="the label of the selector that it replaces: tier=backend"),
            "port": Argument(says="the port of the Service", type=ArgumentType.NUMBER),
            "target_port": Argument(says="the name or number of the pods' port that it should lead to"),
        },
        least_risk=Risk.DISRUPTIVE,
    )
    words = ActionWords(
        verb=Text(en="Correct Service", zh="修正 Service"),
        does=Text(
            en="Changes one label of the selector or one targetPort of this Service, nothing else.",
            zh="只修改此 Service 选择器的一个标签或一个 targetPort。",
        ),
    )
    writes = permissions_to("patch", ("Service",))

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch:
        if owner := controller_of(obj):
            raise owned(plan.target, owner)
        change = _selector_change(plan, obj) if plan.args.get("label") else _target_change(plan, obj)
        corrected = {**obj, "spec": {**spec_of(obj), **change}}
        pods = await _behind(snapshot, corrected)
        if not pods:
            raise unsafe("no pod has these labels now", "目前没有 Pod 带有这些标签")
        if "ports" in change and not any(_declares(pod, _target(plan)) for pod in pods):
            raise unsafe(f"its pods declare no port {_target(plan)} now", f"其 Pod 目前没有声明端口 {_target(plan)}")
        return Patch(
            body=_body(plan, obj, change),
            type="json" if "ports" in change else "merge",
            says=Text(en=f"{plan.target} was corrected", zh=f"已修正 {plan.target}"),
            effects=_effects(pods),
        )

    def reverted(self, plan: Plan, obj: Json) -> Text | None:
        label = str(plan.args.get("label") or "")
        key, _, value = label.partition("=")
        targets = [
            each.get("targetPort") for each in ports_of(obj) if each.get("port") == number(plan.args.get("port"))
        ]
        if (selector_of(obj).get(key) == value) if label else (_target(plan) in targets):
            return None
        return Text(en="it was changed again since", zh="之后又被修改了")

    async def effect_on(self, snapshot: Snapshot, obj: Json) -> EffectStatus:
        slices = await snapshot.list(
            "EndpointSlice", namespace=namespace_of(obj), labels=slices_of_service(name_of(obj))
        )
        endpoints = [each for one in slices.items for each in one.get("endpoints") or () if is_ready_endpoint(each)]
        ready = len(addresses_in(endpoints))
        state = EffectState.HEALTHY if ready else EffectState.PENDING
        return effect(state, f"it has {counted(ready, 'ready endpoints')}", f"它有 {ready} 个就绪端点")


def _selector_change(plan: Plan, service: Json) -> dict[str, Any]:
    """Return the selector with the label replaced. Raise Refused if it does not have the one to replace."""
    old, new = str(plan.args.get("instead_of") or ""), str(plan.args["label"])
    selector = dict(selector_of(service))
    key, _, value = old.partition("=")
    if selector.get(key) != value:
        raise unsafe(f"its selector has no {old or 'such label'} now", f"其选择器目前没有 {old or '该标签'}")
    del selector[key]
    key, _, value = new.partition("=")
    return {"selector": {**selector, key: value}}


def _target_change(plan: Plan, service: Json) -> dict[str, Any]:
    """Return the ports with the target replaced. Raise Refused if there is no such port, or it leads there already."""
    port, target = number(plan.args.get("port")), _target(plan)
    ports = list(ports_of(service))
    if sum(each.get("port") == port for each in ports) != 1:
        raise unsafe(f"it does not have one port {port}", f"它没有唯一的端口 {port}")
    changed = [{**each, "targetPort": target} if each.get("port") == port else each for each in ports]
    if changed == ports:
        raise unsafe(f"port {port} leads to {target} already", f"端口 {port} 已指向 {target}")
    return {"ports": changed}


def _target(plan: Plan) -> int | str:
    """Return the target as the API takes it: a number is no name."""
    given = str(plan.args.get("target_port") or "")
    return int(given) if given.isdecimal() else given


def _body(plan: Plan, service: Json, change: Mapping[str, Any]) -> Json | list[Json]:
    if selector := change.get("selector"):
        return {"spec": {"selector": {**dict.fromkeys(selector_of(service).keys() - selector.keys()), **selector}}}
    at, port = next(pair for pair in enumerate(change["ports"]) if pair[1] != list(ports_of(service))[pair[0]])
    return [
        {"op": "test", "path": f"/spec/ports/{at}/port", "value": port["port"]},
        {"op": "add", "path": f"/spec/ports/{at}/targetPort", "value": port["targetPort"]},
    ]


async def _behind(snapshot: Snapshot, service: Json) -> list[Json]:
    """Return the pods that a Service selects. Raise ClusterError."""
    labels = label_selector(dict(selector_of(service)))
    listing = await snapshot.list("Pod", namespace=namespace_of(service), labels=labels)
    return selected_pods(service, listing.items)


def _declares(pod: Json, target: int | str) -> bool:
    return any(target in (each.get("name"), each.get("containerPort")) for each in declared_ports(pod))


def _effects(pods: Sequence[Json]) -> tuple[Text, ...]:
    names = [name_of(pod) for pod in pods]
    ready = sum(map(is_ready, pods))
    shown = ", ".join(names[:_MOST_NAMED]) + (f" +{len(names) - _MOST_NAMED}" if len(names) > _MOST_NAMED else "")
    return (
        Text(
            en=f"Its clients then reach {counted(len(names), 'pods')} ({ready} ready): {shown}",
            zh=f"其客户端将访问 {len(names)} 个 Pod（{ready} 个就绪）：{shown}",
        ),
        Text(en="No pod is replaced; routing follows the change at once", zh="不会替换任何 Pod；路由会立即随之改变"),
    )
