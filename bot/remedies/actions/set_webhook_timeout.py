"""Set the timeout of an admission webhook: how long each write that calls it waits for its response.

Only one element of the list is written, by a JSON patch that tests its name: a merge patch would replace the whole
list, and an index alone might refer to another webhook by then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of
from bot.kube.owners import controller_of
from bot.kube.refusals import KINDS, Webhook
from bot.remedies.action import permissions_to
from bot.remedies.contract import Plan
from bot.remedies.shared.patch_action import Patch, PatchAction, number
from bot.remedies.shared.refusal import owned, unsafe
from intents.catalog.actions import ActionDeclaration, Argument, ArgumentType
from intents.catalog.schema import Risk
from intents.domain import Json, Text
from responses.words import ActionWords

# The timeouts that the API server accepts.
_LEAST_S: Final = 1
_MOST_S: Final = 30
# Many webhooks respond within tens of milliseconds, but not to the first call after a while, or under load.
_TIGHT_S: Final = 2

# Labels of configurations that a program writes, and the name of the program.
_WRITERS: Final = {
    "webhook.kyverno.io/managed-by": "Kyverno",
    "gatekeeper.sh/system": "Gatekeeper",
    "olm.managed": "the Operator Lifecycle Manager",
    "operator.istio.io/component": "Istio's operator",
}
# Field managers that are people's tools, our own, or custodians: none of them reverts a person's change by itself.
_NOT_WRITERS: Final = (
    "kubectl", "casebook", "helm", "argocd", "kustomize-controller", "k9s", "lens", "rancher", "terraform", "pulumi",
)  # fmt: skip


class SetWebhookTimeout(PatchAction):
    """Writes `timeoutSeconds` of one webhook."""

    declaration = ActionDeclaration(
        name="set-webhook-timeout",
        kinds=("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"),
        args={
            "webhook": Argument(says="its name in the configuration", required=True),
            "timeout_s": Argument(says="seconds", type=ArgumentType.NUMBER, required=True),
        },
        least_risk=Risk.DISRUPTIVE,
        only_configures=True,
    )
    words = ActionWords(
        verb=Text(en="Set webhook timeout", zh="设置 webhook 超时"),
        does=Text(
            en="Changes how long the API server waits for this webhook, nothing else.",
            zh="只修改 API Server 等待此 webhook 的时间。",
        ),
    )
    writes = permissions_to("patch", KINDS)

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch:
        name, wanted = str(plan.args.get("webhook") or ""), number(plan.args.get("timeout_s"))
        if wanted is None or not _LEAST_S <= wanted <= _MOST_S:
            raise unsafe(
                f"{plan.args.get('timeout_s')!r} is not a timeout; expected {_LEAST_S} to {_MOST_S} whole seconds",
                f"{plan.args.get('timeout_s')!r} 不是有效的超时；应为 {_LEAST_S} 到 {_MOST_S} 的整数秒",
            )
        found = list(obj.get("webhooks") or ())
        at = next((at for at, each in enumerate(found) if each.get("name") == name), None)
        if at is None:
            known = ", ".join(str(each.get("name")) for each in found) or "none"
            raise unsafe(
                f"{plan.target} has no webhook {name!r}; it has {known}",
                f"{plan.target} 中没有 webhook {name!r}；现有：{known}",
            )
        webhook = Webhook(configuration=obj, kind=plan.target.kind, spec=found[at])
        if webhook.timeout_s == wanted:
            raise unsafe(f"the timeout of {name} is already {wanted} s", f"{name} 的超时已是 {wanted} 秒")
        if owner := controller_of(obj):
            raise owned(plan.target, owner)
        return Patch(
            body=[
                {"op": "test", "path": f"/webhooks/{at}/name", "value": name},
                {"op": "add", "path": f"/webhooks/{at}/timeoutSeconds", "value": wanted},
            ],
            type="json",
            says=Text(en=f"the timeout of {name} was set to {wanted} s", zh=f"{name} 的超时已设为 {wanted} 秒"),
            effects=tuple(_effects(webhook, wanted)),
            warnings=(*_warnings(webhook, wanted), *_reverted_by(obj, name)),
        )

    def reverted(self, plan: Plan, obj: Json) -> Text | None:
        name, wanted = plan.args.get("webhook"), number(plan.args.get("timeout_s"))
        now = [each.get("timeoutSeconds") for each in obj.get("webhooks") or () if each.get("name") == name]
        if now == [wanted]:
            return None
        current = f"{now[0]} s" if now else "gone"
        return Text(
            en=f"the timeout of {name} was reverted since ({current}); change it in the program that writes "
            f"{plan.target.name}",
            zh=f"{name} 的超时之后又被改回（{current}）；请在维护 {plan.target.name} 的程序中修改",
        )


def _effects(webhook: Webhook, wanted: int) -> Iterator[Text]:
    name, now, fewer = webhook.name, webhook.timeout_s, wanted < webhook.timeout_s
    resources = ", ".join(webhook.resources) or "nothing"
    yield Text(
        en=f"Writes of {resources} wait at most {wanted} s for {name}, {now} s until now",
        zh=f"写入 {resources} 时最多等待 {name} {wanted} 秒（此前为 {now} 秒）",
    )
    if webhook.blocking:
        yield Text(
            en=(
                "It fails closed (failurePolicy Fail): requests without a response in time are refused, "
                + ("only sooner; no more requests pass" if fewer else "but later; slow responses then count")
            ),
            zh=(
                "failurePolicy 为 Fail：超时未响应的请求会被拒绝，"
                + ("只是更快，并不会放行更多请求" if fewer else "但更晚；较慢的响应也会被采纳")
            ),
        )
    else:
        yield Text(
            en=(
                "It fails open (failurePolicy Ignore): requests without a response in time pass unchecked"
                + (", and sooner" if fewer else ", but later; slow responses then count")
            ),
            zh=(
                "failurePolicy 为 Ignore：超时未响应的请求会未经检查直接放行"
                + ("，且更快" if fewer else "，但更晚；较慢的响应也会被采纳")
            ),
        )


def _warnings(webhook: Webhook, wanted: int) -> Iterator[Text]:
    if wanted > webhook.timeout_s:
        if webhook.everyday:
            yield Text(
                en="The cluster's own everyday writes call it: while it does not respond, they take longer and occupy "
                "the API server",
                zh="集群自身的日常写入也要经过它：它不响应时，这些写入都会变慢并占用 API server",
            )
        return
    if webhook.blocking and webhook.everyday:
        yield Text(
            en="The cluster's own everyday writes call it: they are refused from now on if a response takes longer",
            zh="集群自身的日常写入也要经过它：响应慢于该时间的写入今后会被拒绝",
        )
    elif not webhook.blocking:
        yield Text(
            en="Writes no longer wait for slow responses: those writes pass without its checks or changes",
            zh="不再等待较慢的响应：这些写入将缺少它的检查或修改",
        )
    if wanted <= _TIGHT_S:
        yield Text(
            en=f"{wanted} s is short: a first call after a while, or a busy backend, may take longer",
            zh=f"{wanted} 秒偏短：间隔后的首次调用或后端繁忙时可能会超过",
        )


def _reverted_by(obj: Json, name: str) -> Iterator[Text]:
    """Warn about programs that write this configuration. Every patch already warns about Helm, Argo CD and Flux."""
    labels = (obj.get("metadata") or {}).get("labels") or {}
    marked = [program for label, program in _WRITERS.items() if label in labels]
    writers = marked or sorted(set(_managers(obj, name)))
    if writers:
        by, by_zh = ", ".join(writers), "、".join(writers)
        yield Text(
            en=f"{by} writes {name_of(obj)} and may revert this: change it in its settings too",
            zh=f"{by_zh} 会自行写入 {name_of(obj)}，可能会改回：请同时在其自身配置中修改",
        )


def _managers(obj: Json, name: str) -> Iterator[str]:
    """Yield the programs that own this webhook's timeout; one that only injects a certificate does not."""
    for entry in (obj.get("metadata") or {}).get("managedFields") or ():
        manager, fields = str(entry.get("manager") or ""), entry.get("fieldsV1")
        if manager.lower().startswith(_NOT_WRITERS):
            continue
        if "f:timeoutSeconds" in _inside(_inside(fields, "f:webhooks"), f'k:{{"name":"{name}"}}'):
            yield manager


def _inside(fields: Any, key: str) -> Mapping[str, Any]:
    found = fields.get(key) if isinstance(fields, Mapping) else None
    return found if isinstance(found, Mapping) else {}
