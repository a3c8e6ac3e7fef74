"""Change what a container asks of its node and may use of it; what nobody gave a value for is left alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of
from bot.kube.quantities import cpu_millis, whole
from bot.kube.replicas import replicas_of
from bot.remedies.contract import Plan, Refusal
from bot.remedies.shared.containers import (
    Container,
    ContainerChange,
    ContainerPatching,
    did_you_mean,
    is_given,
)
from bot.remedies.shared.refusing import unsafe
from intents.domain import Json, Text
from intents.templates import bytes_, cpu

_SIDES: Final = {"requests": Text(en="request", zh="请求"), "limits": Text(en="limit", zh="限制")}
_KNOWN: Final = ("cpu", "memory", "ephemeral-storage")
_COUNTED_IN_BYTES: Final = ("memory", "ephemeral-storage", "hugepages-")
# Below a mebibyte nothing starts: somebody left out the unit, or wrote m (thousandths) for Mi.
_LEAST_BYTES: Final = 1 << 20
# So many whole CPUs are as a rule thousandths whose m was left out.
_MANY_CPUS: Final = 32_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """One quantity of a container: as it is written now ("" for none) and then.

    `limit` is what a request that is not written counts as.
    """

    side: str
    resource: str
    before: str
    after: str
    limit: str = ""

    @property
    def more(self) -> int:
        now = self.before or self.limit
        return _amount(self.resource, self.after) - (_amount(self.resource, now) if now else 0)

    @property
    def says(self) -> Text:
        what, now = _SIDES[self.side], Text.same(self.before)
        if not self.before:
            now = Text(en="none", zh="无")
            if self.limit:
                now = Text(en=f"none (so its limit, {self.limit})", zh=f"无（即其限制 {self.limit}）")
        return Text(
            en=f"{self.resource} {what.en} {now.en} → {self.after}",
            zh=f"{self.resource} {what.zh} {now.zh} → {self.after}",
        )


class SetResources(ContainerPatching):
    name: ClassVar[str] = "set-resources"

    async def change(
        self, snapshot: Snapshot, plan: Plan, workload: Json, container: Container
    ) -> ContainerChange | Refusal:
        now = {side: dict((container.manifest.get("resources") or {}).get(side) or {}) for side in _SIDES}
        changes: list[_Change] = []
        given = 0
        for side in _SIDES:
            values = plan.args.get(side) or {}
            if not isinstance(values, Mapping):
                return unsafe(f"{side} is no map of quantities: {values!r}", f"{side} 不是资源量的映射：{values!r}")
            for resource, value in values.items():
                if not is_given(value):
                    continue
                given += 1
                if refusal := _wrong(side, str(resource), value):
                    return refusal
                one = _Change(
                    side=side,
                    resource=str(resource),
                    before=str(now[side].get(resource, "")),
                    after=str(value).strip(),
                    limit=str(now["limits"].get(resource, "")) if side == "requests" else "",
                )
                if one.more or not (one.before or one.limit):
                    changes.append(one)
        if not given:
            return unsafe("no request and no limit was given", "未填写任何资源请求或限制")
        if not changes:
            return unsafe(
                f"container {container.name} of {plan.target} has these requests and limits already",
                f"{plan.target} 的容器 {container.name} 已是这些资源请求和限制",
            )
        then = {side: now[side] | {one.resource: one.after for one in changes if one.side == side} for side in _SIDES}
        if refusal := _above_the_limit(container, then):
            return refusal
        resources = {
            side: {one.resource: one.after for one in changes if one.side == side}
            for side in dict.fromkeys(one.side for one in changes)
        }
        shown = [one.says for one in changes]
        en, zh = "; ".join(each.en for each in shown), "；".join(each.zh for each in shown)
        return ContainerChange(
            fields={"resources": resources},
            says=Text(
                en=f"{plan.target}, container {container.name}: {en}",
                zh=f"{plan.target} 的容器 {container.name}：{zh}",
            ),
            effects=(
                Text(en=f"Container {container.name}: {en}", zh=f"容器 {container.name}：{zh}"),
                *_in_all(changes, replicas_of(workload).desired),
            ),
            warnings=(*_cautions(changes, then), *await _scaled_by(snapshot, plan, changes)),
        )


def _amount(resource: str, quantity: Any) -> int:
    """Raises ValueError naming what is no quantity."""
    return cpu_millis(quantity) if resource == "cpu" else whole(quantity)


def _wrong(side: str, resource: str, value: Any) -> Refusal | None:
    """Why a value cannot be meant."""
    what = _SIDES[side]
    if resource not in _KNOWN and not resource.startswith("hugepages-") and "/" not in resource:
        meant = did_you_mean(resource, _KNOWN)
        return unsafe(f"{resource} is no resource of a container{meant.en}", f"{resource} 不是容器的资源{meant.zh}")
    try:
        amount = _amount(resource, value)
    except ValueError as error:
        return unsafe(f"{resource} {what.en}: {error}", f"{resource} {what.zh}：{str(value)[:64]!r} 不是有效的资源量")
    if amount < 0 or (amount == 0 and side == "limits"):
        return unsafe(f"{resource} {what.en}: {value} is too little", f"{resource} {what.zh}：{value} 太小")
    if resource.startswith(_COUNTED_IN_BYTES) and 0 < amount < _LEAST_BYTES:
        number = str(value).strip().rstrip("mk")
        meant = (
            Text(en=f"; did you mean {number}Mi?", zh=f"；是否指 {number}Mi？") if number.isdigit() else Text.same("")
        )
        return unsafe(
            f"{resource} {what.en}: {value} is {amount} bytes{meant.en}",
            f"{resource} {what.zh}：{value} 只有 {amount} 字节{meant.zh}",
        )
    return None


def _above_the_limit(container: Container, then: Mapping[str, Mapping[str, Any]]) -> Refusal | None:
    """The API server refuses a request above the limit; here it is said what to do about it."""
    for resource, request in then["requests"].items():
        limit = then["limits"].get(resource)
        if limit is not None and _amount(resource, request) > _amount(resource, limit):
            return unsafe(
                f"container {container.name} would ask for more {resource} ({request}) than its limit allows "
                f"({limit}): give both",
                f"容器 {container.name} 的 {resource} 请求（{request}）会超过其限制（{limit}）：请同时填写两者",
            )
    return None


def _in_all(changes: list[_Change], pods: int) -> Iterator[Text]:
    """What the requests of all pods together come to: room that must be found, or comes free."""
    for one in changes:
        if one.side != "requests" or pods < 1 or one.resource not in ("cpu", "memory"):
            continue
        total = abs(one.more) * pods
        amount = cpu(total) if one.resource == "cpu" else bytes_(total)
        more = one.more > 0
        yield Text(
            en=f"Over all pods ({pods}) that is {amount} {one.resource} {'more to find room for' if more else 'less'}",
            zh=f"{pods} 个 Pod 合计{'多需要' if more else '减少'} {amount} {one.resource}",
        )


def _cautions(changes: list[_Change], then: Mapping[str, Mapping[str, Any]]) -> Iterator[Text]:
    for one in changes:
        if one.resource == "cpu" and one.more > 0 and _amount("cpu", one.after) >= _MANY_CPUS:
            yield Text(
                en=f"{one.after} means whole CPUs; 100m is a tenth of one",
                zh=f"{one.after} 指整核数；100m 是十分之一核",
            )
        if (one.side, one.resource) == ("limits", "memory") and (one.more < 0 or not one.before):
            yield Text(
                en=f"A container that uses more than {one.after} of memory is killed (OOMKilled)",
                zh=f"内存用量超过 {one.after} 的容器会被杀死（OOMKilled）",
            )
        if one.side == "requests" and one.resource == "memory" and one.more < 0:
            yield Text(
                en="Pods that use more memory than they request are evicted first when a node runs short",
                zh="节点内存紧张时，用量超过请求的 Pod 最先被驱逐",
            )
        if one.side == "limits" and one.resource not in then["requests"]:
            yield Text(
                en=f"It has no {one.resource} request: its limit becomes its request too",
                zh=f"它没有 {one.resource} 请求：其限制会同时成为请求",
            )


async def _scaled_by(snapshot: Snapshot, plan: Plan, changes: list[_Change]) -> tuple[Text, ...]:
    """An autoscaler that counts in percent of a request sees another load without any change of the load."""
    changed = {one.resource: one.more for one in changes if one.side == "requests" and one.before}
    if not changed:
        return ()
    try:
        scalers = (await snapshot.list("HorizontalPodAutoscaler", namespace=plan.target.namespace)).items
    except ClusterError as error:
        return (error.gap("HorizontalPodAutoscalers").says,)
    return tuple(
        Text(
            en=(
                f"HorizontalPodAutoscaler {name_of(each)} counts {resource} in percent of the request: "
                f"it will {'scale down' if changed[resource] > 0 else 'scale up'} at the same load"
            ),
            zh=(
                f"HorizontalPodAutoscaler {name_of(each)} 按请求的百分比计算 {resource}："
                f"负载不变时也会{'缩容' if changed[resource] > 0 else '扩容'}"
            ),
        )
        for each in sorted(scalers, key=name_of)
        if _scales(each, plan)
        for resource in _percentages(each)
        if resource in changed
    )


def _scales(scaler: Json, plan: Plan) -> bool:
    scaled = (scaler.get("spec") or {}).get("scaleTargetRef") or {}
    return (scaled.get("kind"), scaled.get("name")) == (plan.target.kind, plan.target.name)


def _percentages(scaler: Json) -> Iterator[str]:
    """The resources whose use an autoscaler counts in percent."""
    for metric in (scaler.get("spec") or {}).get("metrics") or ():
        body = metric.get("resource") or metric.get("containerResource") or {}
        if (body.get("target") or {}).get("type") == "Utilization":
            yield str(body.get("name", ""))


ACTION: Final = SetResources()
