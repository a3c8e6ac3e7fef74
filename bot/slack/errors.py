"""Define our own errors for calls to Slack; errors of slack_sdk never leave this room.

    SlackError
    ├── SlackRefusal          Slack answered, and would answer the same again
    │   ├── NotInChannel      we are not a member of the channel: someone must invite us
    │   ├── ChannelGone       the channel is deleted, or no longer visible to us
    │   │   └── Archived      it is archived: nothing can be posted
    │   ├── MissingScope      the app lacks a scope; `needed` and `provided` say which
    │   ├── TokenRevoked      the token is invalid or revoked: nothing works until it is replaced
    │   ├── MessageGone       the message (or view) to change no longer exists
    │   │   └── CanvasGone    the canvas to change no longer exists
    │   ├── CanvasTaken       the channel has a canvas already, and a channel has one
    │   ├── CanvasesOff       the workspace, or its plan, has no canvases
    │   ├── TriggerExpired    the trigger of a press or command expired or was used
    │   ├── TooLong           the content is longer than Slack accepts
    │   └── Refused           any other refusal; `code` is Slack's error code
    └── SlackUnavailable      no answer in time, 5xx, no connection, or our own queue is too long
        └── RateLimited       the requested delay is longer than we wait; `retry_after` in seconds

`says` is for users; `str()` is one line for logs with Slack's error code and never any content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Final

from intents.domain import Text

# Slack's error codes are lower case with underscores; anything else may be content and is not repeated.
_WORD: Final = re.compile(r"[a-z0-9_]{1,80}\Z")
_SCOPES: Final = re.compile(r"[a-z0-9_:.,\- ]{0,1000}\Z")


class SlackError(Exception):
    """A failed call to Slack. `method` is the Web API method, `code` Slack's error code.

    `maybe_done`: the call may have taken effect, for example if the connection was cut after sending.
    Search for the message before a post is repeated.
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
        """Return one sentence for the people in the channel."""
        return self.words

    def __str__(self) -> str:
        reason = self.code or self.words.en
        return f"{self.method}: {reason}" if self.method else reason


class SlackRefusal(SlackError):
    """Slack answered, and would answer the same again."""


@contextmanager
def log_refusal(
    log: Callable[..., object], event: str, *, of: type[SlackError] = SlackRefusal, **fields: object
) -> Iterator[None]:
    """Log an error that the block raises as this event, and go on after the block. Others are raised."""
    try:
        yield
    except of as error:
        log(event, **fields, error=str(error))


@contextmanager
def unless_already(*codes: str) -> Iterator[None]:
    """Go on after a refusal with one of these codes: what the block wants is so already."""
    try:
        yield
    except Refused as error:
        if error.code not in codes:
            raise


class NotInChannel(SlackRefusal):
    """Error: we are not a member of the channel."""

    words = Text(
        en="I am not a member of that channel: invite me first with /invite",
        zh="我不在该频道中：请先用 /invite 邀请我加入",
    )


class ChannelGone(SlackRefusal):
    """Error: the channel does not exist or is not visible to us."""

    words = Text(en="That channel does not exist, or I have no access to it", zh="我看不到该频道，它可能已不存在")


class Archived(ChannelGone):
    """Error: the channel is archived."""

    words = Text(en="That channel is archived: nothing can be posted there", zh="该频道已归档，无法在其中发布消息")


class MissingScope(SlackRefusal):
    """Error: the app lacks a scope that the method needs."""

    @property
    def says(self) -> Text:
        scope = self.needed or "?"
        return Text(
            en=f"my Slack app lacks the scope {scope}: an administrator must add it and reinstall the app",
            zh=f"我的 Slack 应用缺少权限范围 {scope}：需由管理员添加并重新安装应用",
        )

    def __str__(self) -> str:
        return f"{self.method or 'Slack'}: needs the scope {self.needed or '?'}, has {self.provided or '?'}"


class TokenRevoked(SlackRefusal):
    """Error: Slack does not accept the token."""

    words = Text(
        en="Slack no longer accepts my token: an administrator must reinstall the app",
        zh="Slack 不再接受我的令牌：需由管理员重新安装应用",
    )


class MessageGone(SlackRefusal):
    """Error: the message or view no longer exists, or can no longer be changed."""

    words = Text(en="the message is gone", zh="该消息已不存在")


class CanvasGone(MessageGone):
    """Error: the canvas was deleted or is no longer visible to us."""

    words = Text(en="the canvas is gone", zh="该画布已不存在")


class CanvasTaken(SlackRefusal):
    """Error: the channel has a canvas that we must not change."""

    words = Text(
        en="the channel already has a canvas that I did not create",
        zh="该频道已有画布，且不是由我创建，我不会改写",
    )


class CanvasesOff(SlackRefusal):
    """Error: the workspace has no canvases."""

    words = Text(en="this workspace has no canvases", zh="此工作区未提供画布功能")


class TriggerExpired(SlackRefusal):
    """Error: the press, command or response URL expired or was used up."""

    words = Text(
        en="that took too long and Slack dropped it: please press or type it again",
        zh="处理超时，Slack 已丢弃该操作：请重新点击或输入",
    )


class TooLong(SlackRefusal):
    """Error: the content is longer than Slack accepts, or contains blocks that it rejects."""

    words = Text(en="the answer is longer than Slack accepts", zh="回答超出了 Slack 单次允许的长度")


class Refused(SlackRefusal):
    """Error: another refusal, or a payload that our own validation rejected."""

    @property
    def says(self) -> Text:
        if not self.code:
            return self.words
        return Text(en=f"Slack refused this: {self.code}", zh=f"Slack 拒绝了此操作：{self.code}")


class SlackUnavailable(SlackError):
    """Error: Slack did not respond in time; a later retry may work."""

    words = Text(en="Slack does not respond right now", zh="Slack 暂时没有响应")

    def __init__(self, *, method: str = "", code: str = "", detail: str = "", maybe_done: bool = False) -> None:
        self.detail = detail
        super().__init__(method=method, code=code, maybe_done=maybe_done)

    def __str__(self) -> str:
        reason = self.detail or self.code or "no answer"
        line = f"{self.method}: {reason}" if self.method else reason
        return f"{line}; it may have taken effect" if self.maybe_done else line


class RateLimited(SlackUnavailable):
    """Error: 429 with a longer delay than we wait."""

    words = Text(en="Slack is rate limiting me: please try again in a moment", zh="触发了 Slack 的速率限制：请稍后再试")

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
# Slack's own failures; according to its documentation, part of the operation may have succeeded.
_FAILURES: Final = frozenset({"internal_error", "fatal_error", "service_unavailable"})
# Failures before anything was done.
_NOT_DONE: Final = frozenset({"request_timeout"})


def refusal(method: str, answer: Mapping[str, Any]) -> SlackError:
    """Return the error for a response with `"ok": false`, except rate limits, which need the headers."""
    code = str(answer.get("error") or "")
    if code in _FAILURES:
        return SlackUnavailable(method=method, code=code, maybe_done=True)
    if code in _NOT_DONE:
        return SlackUnavailable(method=method, code=code)
    needed, provided = str(answer.get("needed") or ""), str(answer.get("provided") or "")
    if code in {"missing_scope", "no_permission", "not_allowed_token_type"}:
        return MissingScope(method=method, code=code, needed=needed, provided=provided)
    return _KINDS.get(code, Refused)(method=method, code=code, needed=needed, provided=provided)
