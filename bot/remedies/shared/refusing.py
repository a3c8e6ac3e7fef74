"""A failed write as a refusal that a person can act on: the missing verb, or the server's own words."""

from __future__ import annotations

from bot.cluster.errors import ClusterError, Conflict, Forbidden, ForbiddenAs, NotFound
from bot.remedies.contract import Reason, Refusal
from intents.domain import ObjectRef, Text


def refused(error: ClusterError, target: ObjectRef, *, otherwise: Reason) -> Refusal:
    """The refusal an error means; `otherwise` is what a refusal for any other cause is called at this stage."""
    if isinstance(error, ForbiddenAs):
        return Refusal(reason=Reason.FORBIDDEN, says=Text(en=error.detail, zh=error.detail_zh))
    if isinstance(error, Forbidden) and error.permission is not None:
        return Refusal(
            reason=Reason.FORBIDDEN,
            says=Text(
                en=f"Casebook may not do this in the cluster: it needs {error.permission}",
                zh=f"Casebook 在集群中没有权限：缺少 {error.permission}",
            ),
            quote=error.detail,
        )
    if isinstance(error, Conflict):
        return Refusal(
            reason=Reason.CONFLICT,
            says=Text(
                en=f"{target} was changed or replaced meanwhile; nothing was written to it",
                zh=f"{target} 在此期间已被修改或替换；没有对其写入任何内容",
            ),
            quote=error.detail,
        )
    if isinstance(error, NotFound):
        return gone(target)
    if otherwise is Reason.NOT_CHECKED:
        says = Text(en=f"{target} cannot be looked at now", zh=f"目前无法读取 {target}")
    else:
        says = Text(en=f"the API server refuses this for {target}", zh=f"API server 拒绝对 {target} 执行此操作")
    return Refusal(reason=otherwise, says=says, quote=error.detail)


def gone(target: ObjectRef) -> Refusal:
    return Refusal(
        reason=Reason.DELETED,
        says=Text(en=f"{target} does not exist any more", zh=f"{target} 已不存在"),
    )


def changed(target: ObjectRef) -> Refusal:
    """The object is not what the preview showed."""
    return Refusal(
        reason=Reason.CONFLICT,
        says=Text(
            en=f"{target} has changed since the preview; nothing was written to it",
            zh=f"{target} 在预览之后发生了变化；没有对其写入任何内容",
        ),
    )


def unsafe(en: str, zh: str) -> Refusal:
    """A refusal because it would do harm, or nothing."""
    return Refusal(reason=Reason.UNSAFE, says=Text(en=en, zh=zh))
