"""Run a visitor's actions in the simulated Slack, as if a user had taken them there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.playground.kubernetes.resources import Json
from bot.playground.page.content import StagedEvent
from bot.playground.slack import AppResponse, ImpossibleActionError, SharedFile, SimulatedSlack

_UNANSWERED = (
    "The app did not answer within three seconds. Slack would say: “We had some trouble connecting. Try again?”"
)

# Called with the channel's id.
ChannelOpened = Callable[[str], Awaitable[None]]


class BadActionError(ValueError):
    """A request body with a missing field or one of the wrong type; the message names it."""


@dataclass(frozen=True, slots=True)
class _Action:
    """A function with the fields of the body that it takes: required texts, and other arguments with their readers.

    A reader is called with the body and the name of the argument.
    """

    run: Callable[..., Awaitable[object]]
    texts: tuple[str, ...]
    others: Mapping[str, Callable[[Json, str], object]] = field(default_factory=dict)


class Actions:
    """User actions by name. Each takes the JSON of one POST."""

    def __init__(
        self, *, slack: SimulatedSlack, channel_opened: ChannelOpened | None = None, events: Sequence[StagedEvent] = ()
    ) -> None:
        self._channel_opened = channel_opened
        self._events = {each.name: each for each in events}
        message, view = ("user", "channel", "ts"), ("user", "view_id")
        pressed = {"block_id": _optional, "value": _chosen}
        self._known = {
            "open": _Action(self._open, ("channel",)),
            "say": _Action(slack.say, ("user", "channel", "text"), {"thread_ts": _thread, "files": _files}),
            "edit": _Action(slack.edit, (*message, "text")),
            "remove": _Action(slack.remove, message),
            "react": _Action(slack.marks.react, (*message, "emoji")),
            "unreact": _Action(slack.marks.unreact, (*message, "emoji")),
            "pin": _Action(slack.marks.pin, message),
            "unpin": _Action(slack.marks.unpin, message),
            "slash": _Action(slack.slash, ("user", "channel", "text"), {"command": _text}),
            "shortcut": _Action(slack.shortcut, message, {"callback_id": _text}),
            "click": _Action(slack.click, (*message, "action_id"), pressed),
            "click_view": _Action(slack.click_view, (*view, "action_id"), pressed),
            "click_home": _Action(slack.click_home, ("user", "action_id"), {"value": _optional}),
            "open_app": _Action(slack.open_app, ("user", "tab")),
            "suggest": _Action(slack.suggest, (*view, "action_id"), {"value": _text}),
            "submit": _Action(slack.submit, view, {"values": _values}),
            "close": _Action(slack.close, view),
            "begin": _Action(self._begin, ("event",)),
            "end": _Action(self._end, ("event",)),
        }

    @property
    def names(self) -> frozenset[str]:
        """Return the names of all actions."""
        return frozenset(self._known)

    async def perform(self, name: str, body: Json) -> Json:
        """Perform an action; return {ok: true, …}, or {ok: false, error} if Slack or the app refuses it.

        `name` is one of `names`. Raise BadActionError for an invalid body.
        """
        action = self._known[name]
        texts = [_text(body, each) for each in action.texts]
        try:
            done = await action.run(*texts, **{each: read(body, each) for each, read in action.others.items()})
        except ImpossibleActionError as refused:
            return {"ok": False, "error": str(refused)}
        if isinstance(done, AppResponse) and not done.ok:
            return {"ok": False, "error": _failure(done)}
        if isinstance(done, AppResponse) and name == "suggest":
            return {"ok": True, "options": (done.body or {}).get("options", [])}
        return {"ok": True, "ts": done} if isinstance(done, str) else {"ok": True}

    async def _open(self, channel: str) -> None:
        if self._channel_opened is not None:
            await self._channel_opened(channel)

    async def _begin(self, event: str) -> None:
        self._event(event).trouble.begin()

    async def _end(self, event: str) -> None:
        self._event(event).trouble.end()

    def _event(self, name: str) -> StagedEvent:
        if name not in self._events:
            raise BadActionError(f"event: unknown name {name!r}")
        return self._events[name]


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise BadActionError(f"{name}: expected a string, got {type(value).__name__}")
    return value


def _optional(body: Json, name: str) -> str | None:
    return None if body.get(name) is None else _text(body, name)


def _thread(body: Json, name: str) -> str:
    return _optional(body, name) or ""


def _files(body: Json, _name: str) -> list[SharedFile]:
    content = _optional(body, "snippet")
    return [SharedFile(name="snippet.txt", content=content.encode(), snippet=True)] if content else []


def _chosen(body: Json, name: str) -> Any:
    """Return the value of a button or option, or the values of several checkboxes."""
    chosen = body.get("chosen")
    if chosen is None:
        return _optional(body, name)
    if not isinstance(chosen, list) or not all(isinstance(each, str) for each in chosen):
        raise BadActionError("chosen: expected a list of strings")
    return chosen


def _values(body: Json, name: str) -> Json:
    values = body.get(name, {})
    if not isinstance(values, dict) or not all(isinstance(each, dict) for each in values.values()):
        raise BadActionError("values: expected a mapping of block ids to mappings of action ids")
    return values


def _failure(response: AppResponse) -> str:
    if response.status:
        return f"The app answered with HTTP {response.status}."
    return "No app is connected to this workspace yet." if response.body == "no listener" else _UNANSWERED
