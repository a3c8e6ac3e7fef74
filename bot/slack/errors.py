"""What can go wrong when something is sent to Slack or read from it, as our own errors: slack_sdk's stay in this room.

    SlackError
    ├── NotInChannel      we are not a member there: someone has to invite us
    ├── ChannelGone       the channel is deleted, or we cannot see it any more
    │   └── Archived      it is archived: nothing can be posted
    ├── MissingScope      the app lacks a scope; `needed` and `provided` say which
    ├── TokenRevoked      the token is invalid or revoked: nothing works until it is replaced
    ├── MessageGone       the message (or view) to change is not there any more
    │   └── CanvasGone    the canvas to change is not
    ├── CanvasTaken       the channel has a canvas already, and a channel has one
    ├── CanvasesOff       the workspace, or its plan, has no canvases
    ├── TriggerExpired    a press or command can be answered for a short time only, and once
    ├── TooLong           Slack takes less at once than we sent
    ├── Refused           anything else Slack says no to; `code` is its word for it
    └── SlackUnavailable  no answer in time, 5xx, no connection, or a longer queue than we wait in
        └── RateLimited   Slack asks us to come back later than we can wait; `retry_after` in seconds

`says` is what a user may be told; `str()` is one line for logs, with Slack's word for it and never any content.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from intents.domain import Text

# Slack's words are lower case with underscores; whatever else stands there is not repeated.
_WORD: Final = re.compile(r"[a-z0-9_]{1,80}\Z")
_SCOPES: Final = re.compile(r"[a-z0-9_:.,\- ]{0,1000}\Z")


class SlackError(Exception):
    """A call that Slack did not answer as asked. `method` is the Web API's, `code` Slack's word for the reason.

    `maybe_done`: the call may have taken effect all the same, for example when the connection was cut after it was
    sent. Whoever repeats a post then looks for it first.
    """

    words: ClassVar[Text] = Text(en="Slack refused this", zh="Slack 拒绝了此操作")

    def __init__(
        self, *, method: str = "", code: str = "", needed: str = "", provided: str = "", maybe_done: bool = False
    ) -> None:
        self.method = method
        self.code = code if _WORD.match(code) else ""
        self.needed = needed if _SCOPES.match(needed) else ""
        self.provided = provided if _SCOPES.match(provided) else ""
        self.maybe_done = maybe_done
        super().__init__(str(self))

    @property
    def says(self) -> Text:
        """One sentence for the people in the channel."""
        return self.words

    def __str__(self) -> str:
        reason = self.code or self.words.en
        return f"{self.method}: {reason}" if self.method else reason


class NotInChannel(SlackError):
    """We are not a member of the channel."""

    words = Text(
        en="I am not a member of that channel: invite me there first, with /invite",
        zh="我不在该频道中：请先用 /invite 邀请我加入",
    )


class ChannelGone(SlackError):
    """The channel does not exist, or not for us."""

    words = Text(en="I cannot see that channel (any more)", zh="我看不到该频道，它可能已不存在")


class Archived(ChannelGone):
    """The channel is archived."""

    words = Text(en="That channel is archived: nothing can be posted there", zh="该频道已归档，无法在其中发布消息")


class MissingScope(SlackError):
    """The app was installed without a scope it needs."""

    @property
    def says(self) -> Text:
        scope = self.needed or "?"
        return Text(
            en=f"my Slack app lacks the scope {scope}: an administrator has to add it and install the app again",
            zh=f"我的 Slack 应用缺少权限范围 {scope}：需由管理员添加并重新安装应用",
        )

    def __str__(self) -> str:
        return f"{self.method or 'Slack'}: needs the scope {self.needed or '?'}, has {self.provided or '?'}"


class TokenRevoked(SlackError):
    """Slack does not accept the token."""

    words = Text(
        en="Slack does not accept my token any more: an administrator has to install the app again",
        zh="Slack 不再接受我的令牌：需由管理员重新安装应用",
    )


class MessageGone(SlackError):
    """The message or view is not there any more, or cannot be changed any more."""

    words = Text(en="the message is gone", zh="该消息已不存在")


class CanvasGone(MessageGone):
    """The canvas was deleted, or we cannot see it any more."""

    words = Text(en="the canvas is gone", zh="该画布已不存在")


class CanvasTaken(SlackError):
    """The channel has a canvas that we may not write to."""

    words = Text(
        en="the channel has a canvas already, and it is not mine to write to",
        zh="该频道已有画布，且不是由我创建，我不会改写",
    )


class CanvasesOff(SlackError):
    """There are no canvases in this workspace."""

    words = Text(en="this workspace has no canvases", zh="此工作区未提供画布功能")


class TriggerExpired(SlackError):
    """The press, command or response address is too old or used up."""

    words = Text(
        en="that took too long, so Slack let go of it: please press or type it again",
        zh="耗时过长，Slack 已放弃该操作：请重新点击或输入",
    )


class TooLong(SlackError):
    """More than Slack takes at once, whatever its pages say; or blocks it does not take."""

    words = Text(en="the answer is longer than Slack takes at once", zh="回答超出了 Slack 单次允许的长度")


class Refused(SlackError):
    """Another reason, or a payload our own check did not let out."""

    @property
    def says(self) -> Text:
        if not self.code:
            return self.words
        return Text(en=f"Slack refused this: {self.code}", zh=f"Slack 拒绝了此操作：{self.code}")


class SlackUnavailable(SlackError):
    """Slack did not answer in time; trying again later may work."""

    words = Text(en="Slack does not answer right now", zh="Slack 暂时没有响应")

    def __init__(self, *, method: str = "", code: str = "", detail: str = "", maybe_done: bool = False) -> None:
        self.detail = detail
        super().__init__(method=method, code=code, maybe_done=maybe_done)

    def __str__(self) -> str:
        reason = self.detail or self.code or "no answer"
        line = f"{self.method}: {reason}" if self.method else reason
        return f"{line}; it may have taken effect" if self.maybe_done else line


class RateLimited(SlackUnavailable):
    """429, for longer than we wait."""

    words = Text(en="Slack asks me to slow down: please try again in a moment", zh="Slack 要求我放慢速度：请稍后再试")

    def __init__(self, *, method: str = "", retry_after: float = 0.0) -> None:
        self.retry_after = retry_after
        super().__init__(method=method, code="ratelimited", detail=f"rate limited for {retry_after:g} s")


_KINDS: Final[Mapping[str, type[SlackError]]] = {
    "not_in_channel": NotInChannel,
    "channel_not_found": ChannelGone,
    "is_archived": Archived,
    "invalid_auth": TokenRevoked,
    "not_authed": TokenRevoked,
    "account_inactive": TokenRevoked,
    "token_revoked": TokenRevoked,
    "token_expired": TokenRevoked,
    "message_not_found": MessageGone,
    "cant_update_message": MessageGone,
    "cant_delete_message": MessageGone,
    "edit_window_closed": MessageGone,
    "thread_not_found": MessageGone,
    "view_not_found": MessageGone,
    "not_found": MessageGone,
    "canvas_not_found": CanvasGone,
    "channel_canvas_already_exists": CanvasTaken,
    "free_team_canvas_tab_already_exists": CanvasTaken,
    "canvas_disabled_user_team": CanvasesOff,
    "team_tier_cannot_create_channel_canvases": CanvasesOff,
    "expired_trigger_id": TriggerExpired,
    "trigger_expired": TriggerExpired,
    "exchanged_trigger_id": TriggerExpired,
    "trigger_exchanged": TriggerExpired,
    "invalid_trigger_id": TriggerExpired,
    "expired_url": TriggerExpired,
    "used_url": TriggerExpired,
    "msg_blocks_too_long": TooLong,
    "msg_too_long": TooLong,
    "invalid_blocks": TooLong,
    "invalid_blocks_format": TooLong,
}
# Slack's own failures. Its pages say of them that a part of the operation may have succeeded.
_FAILURES: Final = frozenset({"internal_error", "fatal_error", "service_unavailable"})
# Failures before anything was done.
_NOT_DONE: Final = frozenset({"request_timeout"})


def refusal(method: str, answer: Mapping[str, Any]) -> SlackError:
    """The error that an answer with `"ok": false` is. Rate limits are not decided here: they come with a header."""
    code = str(answer.get("error") or "")
    if code in _FAILURES:
        return SlackUnavailable(method=method, code=code, maybe_done=True)
    if code in _NOT_DONE:
        return SlackUnavailable(method=method, code=code)
    needed, provided = str(answer.get("needed") or ""), str(answer.get("provided") or "")
    if code in {"missing_scope", "no_permission", "not_allowed_token_type"}:
        return MissingScope(method=method, code=code, needed=needed, provided=provided)
    return _KINDS.get(code, Refused)(method=method, code=code, needed=needed, provided=provided)
