"""A failed write as a refusal that a person can act on: the missing verb, or the server's own words."""

from __future__ import annotations

from typing import Final

from bot.cluster.errors import (
    ClusterError,
    Conflict,
    Forbidden,
    ForbiddenAs,
    NotFound,
    ServerError,
    Throttled,
    TimedOut,
    Unauthorized,
    Unreachable,
)
from bot.remedies.contract import Reason, Refusal
from intents.domain import ObjectRef, Text
from responses.words import REASONS

_WEBHOOK_FAILED: Final = "failed calling webhook"


def refused(error: ClusterError, target: ObjectRef, *, otherwise: Reason) -> Refusal:
    """The refusal an error means; `otherwise` is what a refusal for any other cause is called at this stage."""
    if isinstance(error, ForbiddenAs):
        says = Text(en=f"{error.detail}: ask somebody who may", zh=f"{error.detail_zh}：请有权限的人操作")
        return Refusal(reason=Reason.FORBIDDEN, says=says)
    if isinstance(error, Forbidden) and error.permission is not None:
        return Refusal(
            reason=Reason.FORBIDDEN,
            says=Text(
                en=f"Casebook may not do this in the cluster: it needs {error.permission}. Whoever runs the cluster "
                "can grant it, or do it by hand",
                zh=f"Casebook 在集群中没有权限：缺少 {error.permission}。请由集群管理员授权，或手动执行",
            ),
            quote=error.detail,
        )
    if isinstance(error, Conflict):
        return Refusal(
            reason=Reason.CONFLICT,
            says=Text(
                en=f"{target} was changed or replaced meanwhile, so nothing was written to it; ask again for a fresh "
                "diagnosis",
                zh=f"{target} 在此期间已被修改或替换，因此没有对其写入任何内容；请重新诊断",
            ),
            quote=error.detail,
        )
    if isinstance(error, NotFound):
        return gone(target)
    if _was_heard(error) and otherwise is not Reason.NOT_CHECKED:
        return Refusal(reason=otherwise, says=_against(error, target), quote=error.detail)
    return Refusal(reason=otherwise, says=_unheard(error, target), quote="" if error.everywhere else error.detail)


def _was_heard(error: ClusterError) -> bool:
    """Whether the API server has looked at what was asked for, and said no."""
    if isinstance(error, ServerError):
        return _WEBHOOK_FAILED in error.detail
    return not isinstance(error, TimedOut | Throttled | Unauthorized | Unreachable)


def _against(error: ClusterError, target: ObjectRef) -> Text:
    if error.detail.startswith("admission webhook "):
        return Text(
            en=f"an admission webhook of the cluster refuses this for {target}; its message says why",
            zh=f"集群的准入 webhook 拒绝对 {target} 执行此操作；原因见其消息",
        )
    if _WEBHOOK_FAILED in error.detail:
        return Text(
            en=f"the API server has to ask a webhook about {target}, which does not answer; heal the webhook first",
            zh=f"API server 需要就 {target} 询问一个 webhook，而它没有应答；请先修复该 webhook",
        )
    return Text(en=f"the API server refuses this for {target}", zh=f"API server 拒绝对 {target} 执行此操作")


def _unheard(error: ClusterError, target: ObjectRef) -> Text:
    """No address: where the API server is stands in the log, and is nothing for a channel."""
    why = REASONS[error.reason]
    return Text(
        en=f"{target} cannot be looked at or changed now ({why.en}); try again in a moment",
        zh=f"目前无法读取或修改 {target}（{why.zh}）；请稍后再试",
    )


def gone(target: ObjectRef) -> Refusal:
    return Refusal(
        reason=Reason.DELETED,
        says=Text(
            en=f"{target} does not exist any more; ask again for a fresh diagnosis", zh=f"{target} 已不存在；请重新诊断"
        ),
    )


def changed(target: ObjectRef) -> Refusal:
    """The object is not what the preview showed."""
    return Refusal(
        reason=Reason.CONFLICT,
        says=Text(
            en=f"{target} has changed since the preview, so nothing was written to it; ask again for a fresh diagnosis",
            zh=f"{target} 在预览之后发生了变化，因此没有对其写入任何内容；请重新诊断",
        ),
    )


def unsafe(en: str, zh: str) -> Refusal:
    """A refusal because it would do harm, or nothing."""
    return Refusal(reason=Reason.UNSAFE, says=Text(en=en, zh=zh))
