"""Change the resource requests and limits of a container; values that were not given do not change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of
from bot.kube.quantities import cpu_millis, whole
from bot.kube.rollouts import replicas_of
from bot.remedies.contract import Plan
from bot.remedies.shared.patch_action import Container, ContainerAction, Patch, did_you_mean, is_given
from bot.remedies.shared.refusal import unsafe
from bot.remedies.shared.workloads import autoscalers_of
from intents.catalog.actions import ActionDeclaration, Argument, ArgumentType
from intents.catalog.schema import Risk
from intents.domain import Json, Text
from intents.templates import bytes_, counted, cpu
from responses.words import ActionWords

_SIDES: Final = {"requests": Text(en="request", zh="请求"), "limits": Text(en="limit", zh="限制")}
_KNOWN: Final = ("cpu", "memory", "ephemeral-storage")
_COUNTED_IN_BYTES: Final = ("memory", "ephemeral-storage", "hugepages-")
# No container starts with less than a mebibyte: the unit is missing, or m (thousandths) was written for Mi.
_LEAST_BYTES: Final = 1 << 20
# So many whole CPUs are mostly thousandths without their m.
_MANY_CPUS: Final = 32_000

# requests and limits: resource → quantity.
_Resources = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """One quantity before ("" for none) and after; `limit` is what a missing request counts as."""

    side: str
    resource: str
    before: str
    after: str
    limit: str = ""

    @property
    def more(self) -> int:
        """By how much it grows, in the resource's smallest unit."""
        now = self.before or self.limit
        return _amount(self.resource, self.after) - (_amount(self.resource, now) if now else 0)

    @property
    def changes_anything(self) -> bool:
        return bool(self.more) or not (self.before or self.limit)

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


class SetResources(ContainerAction):
    """Writes requests and limits of a container."""

    declaration = ActionDeclaration(
        name="set-resources",
        args={
            "container": Argument(says="its name; optional if the pod has only one"),
            "requests": Argument(says="resource → quantity", type=ArgumentType.MAPPING),
            "limits": Argument(says="resource → quantity", type=ArgumentType.MAPPING),
        },
        least_risk=Risk.DISRUPTIVE,
    )
    words = ActionWords(
        verb=Text(en="Set resources", zh="设置资源"),
        does=Text(
            en="Changes requests and limits of a container of this workload and replaces its pods.",
            zh="修改此工作负载中容器的资源请求和限制，并替换其 Pod。",
        ),
    )

    async def change(self, snapshot: Snapshot, plan: Plan, workload: Json, container: Container) -> Patch:
        now = _resources_of(container)
        changes = _changes(plan, container, now)
        after = {side: {**now[side], **_written(changes, side)} for side in _SIDES}
        _check_limits(container, after)
        shown = [one.says for one in changes]
        en, zh = "; ".join(each.en for each in shown), "；".join(each.zh for each in shown)
        return Patch(
            body={"resources": {side: _written(changes, side) for side in dict.fromkeys(one.side for one in changes)}},
            says=Text(
                en=f"{plan.target}, container {container.name}: {en}",
                zh=f"{plan.target} 的容器 {container.name}：{zh}",
            ),
            effects=(
                Text(en=f"Container {container.name}: {en}", zh=f"容器 {container.name}：{zh}"),
                *_total(changes, replicas_of(workload).desired),
            ),
            warnings=(*_warnings(changes, after), *await _autoscaled(snapshot, plan, changes)),
        )


def _resources_of(container: Container) -> _Resources:
    written = container.manifest.get("resources") or {}
    return {side: {key: str(value) for key, value in (written.get(side) or {}).items()} for side in _SIDES}


def _written(changes: Sequence[_Change], side: str) -> dict[str, str]:
    return {one.resource: one.after for one in changes if one.side == side}


def _changes(plan: Plan, container: Container, now: _Resources) -> list[_Change]:
    """Return the quantities that change."""
    given = _given(plan, now)
    if not given:
        raise unsafe("no request and no limit was given", "未填写任何资源请求或限制")
    if changes := [one for one in given if one.changes_anything]:
        return changes
    raise unsafe(
        f"container {container.name} of {plan.target} already has these requests and limits",
        f"{plan.target} 的容器 {container.name} 已是这些资源请求和限制",
    )


def _given(plan: Plan, now: _Resources) -> list[_Change]:
    given: list[_Change] = []
    for side in _SIDES:
        values = plan.args.get(side) or {}
        if not isinstance(values, Mapping):
            raise unsafe(f"{side} must map resources to quantities: {values!r}", f"{side} 应为资源量的映射：{values!r}")
        for resource, value in ((str(key), each) for key, each in values.items() if is_given(each)):
            _check_value(side, resource, value)
            limit = now["limits"].get(resource, "") if side == "requests" else ""
            before = now[side].get(resource, "")
            given.append(_Change(side=side, resource=resource, before=before, after=str(value).strip(), limit=limit))
    return given


def _amount(resource: str, quantity: Any) -> int:
    """Return a quantity in the resource's smallest unit. Raises ValueError naming an invalid one."""
    return cpu_millis(quantity) if resource == "cpu" else whole(quantity)


def _check_value(side: str, resource: str, value: Any) -> None:
    """Refuse a value that cannot be right."""
    what = _SIDES[side]
    if resource not in _KNOWN and not resource.startswith("hugepages-") and "/" not in resource:
        meant = did_you_mean(resource, _KNOWN)
        raise unsafe(f"{resource} is not a container resource{meant.en}", f"{resource} 不是容器的资源{meant.zh}")
    try:
        amount = _amount(resource, value)
    except ValueError as error:
        raise unsafe(
            f"{resource} {what.en}: {error}", f"{resource} {what.zh}：{str(value)[:64]!r} 不是有效的资源量"
        ) from None
    if amount < 0 or (amount == 0 and side == "limits"):
        raise unsafe(f"{resource} {what.en}: {value} is too low", f"{resource} {what.zh}：{value} 太小")
    if resource.startswith(_COUNTED_IN_BYTES) and 0 < amount < _LEAST_BYTES:
        meant = _with_unit(value)
        raise unsafe(
            f"{resource} {what.en}: {value} is {amount} bytes{meant.en}",
            f"{resource} {what.zh}：{value} 只有 {amount} 字节{meant.zh}",
        )


def _with_unit(value: Any) -> Text:
    """Return the end of a sentence that suggests mebibytes; "" if the value is not a number."""
    number = str(value).strip().rstrip("mk")
    if not number.isdigit():
        return Text.same("")
    return Text(en=f"; did you mean {number}Mi?", zh=f"；是否指 {number}Mi？")


def _check_limits(container: Container, after: _Resources) -> None:
    """Refuse a request above its limit, as the API server would, and say what to do."""
    for resource, request in after["requests"].items():
        limit = after["limits"].get(resource)
        if limit is not None and _amount(resource, request) > _amount(resource, limit):
            raise unsafe(
                f"container {container.name} requests more {resource} ({request}) than its limit ({limit}): set both",
                f"容器 {container.name} 的 {resource} 请求（{request}）会超过其限制（{limit}）；请同时填写两者",
            )


def _total(changes: Sequence[_Change], pods: int) -> Iterator[Text]:
    """Say how much more, or less, all pods together request."""
    for one in changes:
        if one.side != "requests" or pods < 1 or one.resource not in ("cpu", "memory"):
            continue
        total = abs(one.more) * pods
        amount = cpu(total) if one.resource == "cpu" else bytes_(total)
        more = one.more > 0
        yield Text(
            en=f"In total, {counted(pods, 'pods')} request {amount} {one.resource} {'more' if more else 'less'}",
            zh=f"{pods} 个 Pod 合计{'多请求' if more else '少请求'} {amount} {one.resource}",
        )


def _warnings(changes: Sequence[_Change], after: _Resources) -> Iterator[Text]:
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
        if one.side == "limits" and one.resource not in after["requests"]:
            yield Text(
                en=f"It has no {one.resource} request: the limit becomes the request too",
                zh=f"它没有 {one.resource} 请求：其限制会同时成为请求",
            )


async def _autoscaled(snapshot: Snapshot, plan: Plan, changes: Sequence[_Change]) -> tuple[Text, ...]:
    """Warn about autoscalers that measure in percent of a request: the same load is another percentage."""
    changed = {one.resource: one.more for one in changes if one.side == "requests" and one.before}
    if not changed:
        return ()
    try:
        autoscalers = await autoscalers_of(snapshot, plan.target)
    except ClusterError as error:
        return (error.gap("HorizontalPodAutoscalers").says,)
    return tuple(
        Text(
            en=(
                f"HorizontalPodAutoscaler {name_of(each)} measures {resource} in percent of the request: "
                f"it will {'scale down' if changed[resource] > 0 else 'scale up'} at the same load"
            ),
            zh=(
                f"HorizontalPodAutoscaler {name_of(each)} 按请求的百分比计算 {resource}："
                f"负载不变时也会{'缩容' if changed[resource] > 0 else '扩容'}"
            ),
        )
        for each in autoscalers
        for resource in _percentages(each)
        if resource in changed
    )


def _percentages(autoscaler: Json) -> Iterator[str]:
    """Yield the resources that an autoscaler measures in percent."""
    for metric in (autoscaler.get("spec") or {}).get("metrics") or ():
        body = metric.get("resource") or metric.get("containerResource") or {}
        if (body.get("target") or {}).get("type") == "Utilization":
            yield str(body.get("name", ""))
