"""Run a visitor's actions in the simulated Slack, as if a user had taken them there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from bot.playground.page.content import Json, StagedEvent, Workspace
from bot.playground.slack import AppResponse, ImpossibleActionError
from bot.playground.slack.files import SharedFile

_UNANSWERED = (
    "The app did not answer within three seconds. Slack would say: “We had some trouble connecting. Try again?”"
)


# Called with the channel's id.
ChannelOpened = Callable[[str], Awaitable[None]]


class BadActionError(ValueError):
    """A request body with a missing field or one of the wrong type; the message names it."""


class Actions:
    """User actions by name. Each takes the JSON of one POST."""

    def __init__(
        self, *, slack: Workspace, channel_opened: ChannelOpened | None = None, events: Sequence[StagedEvent] = ()
    ) -> None:
        self._slack = slack
        self._channel_opened = channel_opened
        self._events = {each.name: each for each in events}
        self._known: dict[str, Callable[[_Body], Awaitable[Json]]] = {
            "open": self._open,
            "say": self._say,
            "edit": self._edit,
            "remove": self._remove,
            "react": self._react,
            "unreact": self._unreact,
            "pin": self._pin,
            "unpin": self._unpin,
            "slash": self._slash,
            "shortcut": self._shortcut,
            "click": self._click,
            "click_view": self._click_view,
            "submit": self._submit,
            "close": self._close,
            "begin": self._begin,
            "end": self._end,
        }

    @property
    def names(self) -> frozenset[str]:
        """Return the names of all actions."""
        return frozenset(self._known)

    async def perform(self, name: str, given: Json) -> Json:
        """Perform an action; return {ok: true, …}, or {ok: false, error} if Slack or the app refuses it.

        `name` is one of `names`. Raise BadActionError for an invalid body.
        """
        action = self._known[name]
        try:
            return await action(_Body(given))
        except ImpossibleActionError as refused:
            return {"ok": False, "error": str(refused)}

    async def _open(self, body: _Body) -> Json:
        if self._channel_opened is not None:
            await self._channel_opened(body.text("channel"))
        return {"ok": True}

    async def _say(self, body: _Body) -> Json:
        content = body.optional("snippet")
        files = [SharedFile(name="snippet.txt", content=content.encode(), snippet=True)] if content else []
        thread_ts = body.optional("thread_ts") or ""
        ts = await self._slack.say(
            body.text("user"), body.text("channel"), body.text("text"), thread_ts=thread_ts, files=files
        )  # fmt: skip
        return {"ok": True, "ts": ts}

    async def _edit(self, body: _Body) -> Json:
        await self._slack.edit(body.text("user"), body.text("channel"), body.text("ts"), body.text("text"))
        return {"ok": True}

    async def _remove(self, body: _Body) -> Json:
        await self._slack.remove(body.text("user"), body.text("channel"), body.text("ts"))
        return {"ok": True}

    async def _react(self, body: _Body) -> Json:
        await self._slack.marks.react(body.text("user"), body.text("channel"), body.text("ts"), body.text("emoji"))
        return {"ok": True}

    async def _unreact(self, body: _Body) -> Json:
        await self._slack.marks.unreact(body.text("user"), body.text("channel"), body.text("ts"), body.text("emoji"))
        return {"ok": True}

    async def _pin(self, body: _Body) -> Json:
        await self._slack.marks.pin(body.text("user"), body.text("channel"), body.text("ts"))
        return {"ok": True}

    async def _unpin(self, body: _Body) -> Json:
        await self._slack.marks.unpin(body.text("user"), body.text("channel"), body.text("ts"))
        return {"ok": True}

    async def _slash(self, body: _Body) -> Json:
        return _outcome(
            await self._slack.slash(
                body.text("user"), body.text("channel"), body.text("text"), command=body.text("command")
            )
        )  # fmt: skip

    async def _shortcut(self, body: _Body) -> Json:
        return _outcome(
            await self._slack.shortcut(
                body.text("user"), body.text("channel"), body.text("ts"), callback_id=body.text("callback_id")
            )
        )  # fmt: skip

    async def _click(self, body: _Body) -> Json:
        return _outcome(
            await self._slack.click(
                body.text("user"), body.text("channel"), body.text("ts"), body.text("action_id"),
                block_id=body.optional("block_id"), value=body.chosen(),
            )
        )  # fmt: skip

    async def _click_view(self, body: _Body) -> Json:
        return _outcome(
            await self._slack.click_view(
                body.text("user"), body.text("view_id"), body.text("action_id"),
                block_id=body.optional("block_id"), value=body.chosen(),
            )
        )  # fmt: skip

    async def _submit(self, body: _Body) -> Json:
        response = await self._slack.submit(body.text("user"), body.text("view_id"), body.values())
        return _outcome(response)

    async def _close(self, body: _Body) -> Json:
        response = await self._slack.close(body.text("user"), body.text("view_id"), all=body.flag("all"))
        return {"ok": True} if response is None else _outcome(response)

    async def _begin(self, body: _Body) -> Json:
        self._event(body).trouble.begin()
        return {"ok": True}

    async def _end(self, body: _Body) -> Json:
        self._event(body).trouble.end()
        return {"ok": True}

    def _event(self, body: _Body) -> StagedEvent:
        name = body.text("event")
        if name not in self._events:
            raise BadActionError(f"event: unknown name {name!r}")
        return self._events[name]


class _Body:
    """The fields of one POST body, with type checks."""

    def __init__(self, given: Json) -> None:
        self._given = given

    def text(self, name: str) -> str:
        value = self._given.get(name)
        if not isinstance(value, str):
            raise BadActionError(f"{name}: expected a string, got {type(value).__name__}")
        return value

    def optional(self, name: str) -> str | None:
        return None if self._given.get(name) is None else self.text(name)

    def flag(self, name: str) -> bool:
        return self._given.get(name) is True

    def chosen(self) -> Any:
        """Return the value of a button or option, or the values of several checkboxes."""
        chosen = self._given.get("chosen")
        if chosen is None:
            return self.optional("value")
        if not isinstance(chosen, list) or not all(isinstance(each, str) for each in chosen):
            raise BadActionError("chosen: expected a list of strings")
        return chosen

    def values(self) -> Json:
        values = self._given.get("values", {})
        if not isinstance(values, dict) or not all(isinstance(each, dict) for each in values.values()):
            raise BadActionError("values: expected a mapping of block ids to mappings of action ids")
        return values


def _outcome(response: AppResponse) -> Json:
    if response.ok:
        return {"ok": True}
    if response.status:
        return {"ok": False, "error": f"The app answered with HTTP {response.status}."}
    no_listener = response.body == "no listener"
    return {"ok": False, "error": "No app is connected to this workspace yet." if no_listener else _UNANSWERED}
