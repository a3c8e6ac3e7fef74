"""Give an admission webhook another time to answer: how long every write that it is asked about waits for it.

Only that one element of the list is written, by a JSON patch that tests its name: a merge patch would replace the whole
list, and a place in it alone may be another webhook's by then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of
from bot.kube.webhooks import KINDS, Webhook
from bot.remedies.contract import Applied, Course, Plan, Refusal, Settling
from bot.remedies.shared import workloads
from bot.remedies.shared.patching import Patch, Patching, holds, number
from bot.remedies.shared.refusing import unsafe
from intents.domain import Json, Text

# What the API server lets a timeout be.
_LEAST_S: Final = 1
_MOST_S: Final = 30
# Many answer in tens of milliseconds, but not the first call after a while, nor while their pods are busy.
_TIGHT_S: Final = 2

# Labels by which programs mark the configurations that they write themselves, and what to call those programs.
_WRITERS: Final = {
    "webhook.kyverno.io/managed-by": "Kyverno",
    "gatekeeper.sh/system": "Gatekeeper",
    "olm.managed": "the Operator Lifecycle Manager",
    "operator.istio.io/component": "Istio's operator",
}
# Field managers that are people's tools, ours, or told of as custodians: none of them writes against a person here.
_NOT_WRITERS: Final = (
    "kubectl", "casebook", "helm", "argocd", "kustomize-controller", "k9s", "lens", "rancher", "terraform", "pulumi",
)  # fmt: skip


class SetWebhookTimeout(Patching):
    name: ClassVar[str] = "set-webhook-timeout"
    kinds: ClassVar[tuple[str, ...]] = KINDS

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch | Refusal:
        name, wanted = str(plan.args.get("webhook") or ""), number(plan.args.get("timeout_s"))
        if wanted is None or not _LEAST_S <= wanted <= _MOST_S:
            return unsafe(
                f"{plan.args.get('timeout_s')!r} is no timeout: expected {_LEAST_S} to {_MOST_S} whole seconds",
                f"{plan.args.get('timeout_s')!r} 不是有效的超时：应为 {_LEAST_S} 到 {_MOST_S} 的整数秒",
            )
        found = list(obj.get("webhooks") or ())
        at = next((at for at, each in enumerate(found) if each.get("name") == name), None)
        if at is None:
            known = ", ".join(str(each.get("name")) for each in found) or "none"
            return unsafe(
                f"{plan.target} has no webhook {name!r}; it has {known}",
                f"{plan.target} 中没有 webhook {name!r}；现有：{known}",
            )
        webhook = Webhook(configuration=obj, kind=plan.target.kind, spec=found[at])
        if webhook.timeout_s == wanted:
            return unsafe(f"{name} has {wanted} s already", f"{name} 的超时已是 {wanted} 秒")
        if owner := workloads.controller_of(obj):
            return unsafe(
                f"{plan.target} is made by {owner.kind} {owner.name}, which would write over the change: do it there",
                f"{plan.target} 由 {owner.kind} {owner.name} 管理，修改会被其覆盖：请在那里修改",
            )
        return Patch(
            body=[
                {"op": "test", "path": f"/webhooks/{at}/name", "value": name},
                {"op": "add", "path": f"/webhooks/{at}/timeoutSeconds", "value": wanted},
            ],
            type="json",
            says=Text(en=f"{name} is waited for {wanted} s at most", zh=f"{name} 的超时已设为 {wanted} 秒"),
            effects=tuple(_effects(webhook, wanted)),
            warnings=(*_warnings(webhook, wanted), *_set_back(obj, name)),
        )

    async def settled(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> Settling:
        obj = await snapshot.find(plan.target.kind, plan.target.name)
        if obj is not None and workloads.uid_of(obj) == plan.target.uid:
            name, wanted = plan.args.get("webhook"), number(plan.args.get("timeout_s"))
            now = [each.get("timeoutSeconds") for each in obj.get("webhooks") or () if each.get("name") == name]
            if now != [wanted]:
                stands = f"{now[0]} s" if now else "gone"
                says = Text(
                    en=f"{name} was set back since ({stands}): change it in what writes {plan.target.name}",
                    zh=f"{name} 之后又被改回（{stands}）：请在维护 {plan.target.name} 的程序中修改",
                )
                return Settling(course=Course.FAILING, says=says)
        return await holds(snapshot, plan.target)


def _effects(webhook: Webhook, wanted: int) -> Iterator[Text]:
    name, now, fewer = webhook.name, webhook.timeout_s, wanted < webhook.timeout_s
    asked = ", ".join(webhook.resources) or "nothing"
    yield Text(
        en=f"Writes of {asked} wait for {name} for {wanted} s at most, {now} s until now",
        zh=f"写入 {asked} 时最多等待 {name} {wanted} 秒（此前为 {now} 秒）",
    )
    if webhook.blocking:
        yield Text(
            en=(
                "It fails closed (failurePolicy Fail): what it does not answer in time is refused, "
                + ("only sooner; no more gets through" if fewer else "but later; slow answers then count")
            ),
            zh=(
                "它以拒绝方式失败（failurePolicy 为 Fail）：超时未应答的请求会被拒绝，"
                + ("只是更快，并不会放行更多请求" if fewer else "但更晚；较慢的应答也会被采纳")
            ),
        )
    else:
        yield Text(
            en=(
                "It fails open (failurePolicy Ignore): what it does not answer in time goes through unchecked"
                + (", and sooner" if fewer else ", but later; slow answers then count")
            ),
            zh=(
                "它以放行方式失败（failurePolicy 为 Ignore）：超时未应答的请求会未经检查直接放行"
                + ("，且更快" if fewer else "，但更晚；较慢的应答也会被采纳")
            ),
        )


def _warnings(webhook: Webhook, wanted: int) -> Iterator[Text]:
    if wanted > webhook.timeout_s:
        if webhook.everyday:
            yield Text(
                en="It is asked about what the cluster itself writes all the time: while it does not answer, all of "
                "that takes longer, and occupies the API server",
                zh="集群自身的日常写入也要经过它：它不应答时，这些写入都会变慢并占用 API server",
            )
        return
    if webhook.blocking and webhook.everyday:
        yield Text(
            en="It is asked about what the cluster itself writes all the time: an answer that takes longer than that "
            "now refuses those writes",
            zh="集群自身的日常写入也要经过它：应答慢于该时间的写入今后会被拒绝",
        )
    elif not webhook.blocking:
        yield Text(
            en="Slow answers are not waited for any more: its checks or changes are left out of those writes",
            zh="不再等待较慢的应答：这些写入将缺少它的检查或修改",
        )
    if wanted <= _TIGHT_S:
        yield Text(
            en=f"{wanted} s is little: a first call after a while, or a busy backend, may take longer",
            zh=f"{wanted} 秒偏短：间隔后的首次调用或后端繁忙时可能会超过",
        )


def _set_back(obj: Json, name: str) -> Iterator[Text]:
    """Who in the cluster writes this configuration anew. Helm, Argo CD and Flux are told of with every patch."""
    labels = (obj.get("metadata") or {}).get("labels") or {}
    marked = [program for label, program in _WRITERS.items() if label in labels]
    writers = marked or sorted(set(_managers(obj, name)))
    if writers:
        by, by_zh = ", ".join(writers), "、".join(writers)
        yield Text(
            en=f"{by} writes {name_of(obj)} by itself and may set this back: change it in its settings too",
            zh=f"{by_zh} 会自行写入 {name_of(obj)}，可能会改回：请同时在其自身配置中修改",
        )


def _managers(obj: Json, name: str) -> Iterator[str]:
    """The programs that own this webhook's timeout. Who only injects a certificate does not."""
    for entry in (obj.get("metadata") or {}).get("managedFields") or ():
        manager, fields = str(entry.get("manager") or ""), entry.get("fieldsV1")
        if manager.lower().startswith(_NOT_WRITERS):
            continue
        if "f:timeoutSeconds" in _inside(_inside(fields, "f:webhooks"), f'k:{{"name":"{name}"}}'):
            yield manager


def _inside(fields: Any, key: str) -> Mapping[str, Any]:
    found = fields.get(key) if isinstance(fields, Mapping) else None
    return found if isinstance(found, Mapping) else {}


ACTION: Final = SetWebhookTimeout()
