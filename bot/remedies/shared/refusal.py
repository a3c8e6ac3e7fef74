"""Refusals that a person can act on: a failed read or write with the missing verb or the server's own words."""

from __future__ import annotations

import re
from collections.abc import Mapping
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
from bot.cluster.snapshot import Snapshot
from bot.remedies.contract import Plan, Reason, Refusal, Refused, Step, Verb
from intents.domain import ObjectRef, Text
from intents.templates import texts_in
from responses.words import REASONS

_WEBHOOK_FAILED: Final = "failed calling webhook"


def refused(error: ClusterError, target: ObjectRef, *, otherwise: Reason) -> Refusal:
    """Return the refusal for an error; `otherwise` is the reason for errors without their own."""
    reason, quote = otherwise, error.detail
    if isinstance(error, ForbiddenAs):
        reason, quote = Reason.FORBIDDEN, ""
        says = Text(en=f"{error.detail}; ask a person who may", zh=f"{error.detail_zh}；请有权限的人操作")
    elif isinstance(error, Forbidden) and error.permission is not None:
        reason = Reason.FORBIDDEN
        says = Text(
            en=f"Casebook is not permitted to do this in the cluster: it needs {error.permission}. Ask a cluster "
            "administrator to grant it, or do it by hand",
            zh=f"Casebook 在集群中没有权限：缺少 {error.permission}。请由集群管理员授权，或手动执行",
        )
    elif isinstance(error, Conflict):
        reason = Reason.CONFLICT
        says = Text(
            en=f"{target} was changed or replaced meanwhile, so nothing was written to it; run the diagnosis again",
            zh=f"{target} 在此期间已被修改或替换，因此没有对其写入任何内容；请重新诊断",
        )
    elif isinstance(error, NotFound):
        return gone(target)
    elif _was_refused(error) and otherwise is not Reason.NOT_CHECKED:
        says = _refusal_of(error, target)
    else:
        says, quote = _no_response(error, target), "" if error.everywhere else error.detail
    return Refusal(reason=reason, says=says, quote=quote)


def _was_refused(error: ClusterError) -> bool:
    """Tell whether the API server has processed the request and refused it."""
    if isinstance(error, ServerError):
        return _WEBHOOK_FAILED in error.detail
    return not isinstance(error, TimedOut | Throttled | Unauthorized | Unreachable)


def _refusal_of(error: ClusterError, target: ObjectRef) -> Text:
    if error.detail.startswith("admission webhook "):
        return Text(
            en=f"an admission webhook of the cluster refuses this for {target}; its message says why",
            zh=f"集群的准入 webhook 拒绝对 {target} 执行此操作；原因见其消息",
        )
    if _WEBHOOK_FAILED in error.detail:
        return Text(
            en=f"the API server must call a webhook for {target}, which does not respond; fix the webhook first",
            zh=f"API server 必须为 {target} 调用一个 webhook，而它没有响应；请先修复该 webhook",
        )
    return Text(en=f"the API server refuses this for {target}", zh=f"API server 拒绝对 {target} 执行此操作")


def _no_response(error: ClusterError, target: ObjectRef) -> Text:
    """Say it without the API server's address, which only the log may show."""
    why = REASONS[error.reason]
    return Text(
        en=f"{target} cannot be read or changed now ({why.en}); try again in a moment",
        zh=f"目前无法读取或修改 {target}（{why.zh}）；请稍后再试",
    )


def gone(target: ObjectRef) -> Refusal:
    """Refuse because the object was deleted."""
    return Refusal(
        reason=Reason.DELETED,
        says=Text(en=f"{target} no longer exists; run the diagnosis again", zh=f"{target} 已不存在；请重新诊断"),
    )


def changed(target: ObjectRef) -> Refusal:
    """Refuse because the object is not as previewed."""
    return Refusal(
        reason=Reason.CONFLICT,
        says=Text(
            en=f"{target} has changed since the preview, so nothing was written to it; run the diagnosis again",
            zh=f"{target} 在预览之后发生了变化，因此没有对其写入任何内容；请重新诊断",
        ),
    )


def unsafe(en: str, zh: str) -> Refused:
    """Refuse because the write would do harm, or change nothing: for an action to raise."""
    return Refused(Refusal(reason=Reason.UNSAFE, says=Text(en=en, zh=zh)))


def owned(target: ObjectRef, owner: ObjectRef) -> Refused:
    """Refuse because the object's owner would overwrite the change."""
    return unsafe(
        f"{target} is managed by {owner.kind} {owner.name}, which would overwrite the change; change it there",
        f"{target} 由 {owner.kind} {owner.name} 管理，修改会被其覆盖；请在那里修改",
    )


_PART: Final = "whether it exists"
_NO: Final = "no"


async def absence(snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
    """Return the basis of a plan to create an object. Raises ClusterError, NotServed for an unknown kind."""
    obj = await snapshot.find(target.kind, target.name, namespace=target.namespace)
    return {"uid": "", _PART: _NO if obj is None else "yes"}


def is_absent(basis: Mapping[str, str]) -> bool:
    """Tell whether a basis says that the object does not exist."""
    return basis.get(_PART) == _NO


def deletion(target: ObjectRef, *, unless_ready: bool = False) -> Step:
    """Return the step that deletes an object; `unless_ready` leaves a pod alone that has become ready."""
    says = Text(en=f"{target} was deleted", zh=f"{target} 已删除")
    return Step(verb=Verb.DELETE, target=target, says=says, unless_ready=unless_ready)


# Placeholders of catalog entries; other braces belong to a program.
_PLACEHOLDER: Final = re.compile(r"\{(?:input|row|found|named|target)\.[^{}]*\}")


def check_filled(plan: Plan) -> None:
    """Refuse a plan with missing values, such as `{input.image}`."""
    found = (each for text in texts_in(plan.args) for each in _PLACEHOLDER.findall(text))
    # An undo restores what was in the cluster, whatever it looks like.
    if not plan.undoes and (names := ", ".join(dict.fromkeys(found))):
        raise unsafe(f"a value is missing: {names}", f"缺少取值：{names}")
