"""The canvas of a channel, a document of Markdown beside its messages. A channel has one at most, so ours may be taken.

What people wrote is never overwritten: only a canvas that we made is ours to edit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.slack.api import Api
from bot.slack.errors import CanvasTaken, SlackError, SlackUnavailable, TooLong

# Slack takes ten times as much, but long edits are said to fail now and then, and nobody reads them.
_LONGEST: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvases:
    """Canvases of one workspace; need the scope canvases:write. `us` tells the id of our user."""

    api: Api
    us: Callable[[], Awaitable[str]]

    async def create(self, *, channel: str, title: str, markdown: str) -> str:
        """Give the channel a canvas and return its id; one that we made before, as another process, is edited instead.

        Raises SlackError: CanvasTaken where people have made one, CanvasesOff where the workspace has none, TooLong.
        """
        method = "conversations.canvases.create"
        body = {"channel_id": channel, "title": title, "document_content": _content(markdown, method)}
        try:
            answer = await self.api.call(method, body=body)
        except CanvasTaken:
            ours = await self._ours(channel)
            if not ours:
                raise
            await self.edit(canvas=ours, markdown=markdown)
            return ours
        return str(answer.data.get("canvas_id") or "")

    async def edit(self, *, canvas: str, markdown: str) -> None:
        """Let a canvas of ours say `markdown`, all of it. Raises SlackError: CanvasGone where it was deleted."""
        method = "canvases.edit"
        change = {"operation": "replace", "document_content": _content(markdown, method)}
        await self.api.call(method, body={"canvas_id": canvas, "changes": [change]})

    async def _ours(self, channel: str) -> str:
        """The canvas of the channel if we made it, else ""; also where Slack does not tell whose it is."""
        try:
            told = await self.api.call("conversations.info", query={"channel": channel})
            canvas = str(_inner(told.data, "channel", "properties", "canvas").get("file_id") or "")
            if not canvas:
                return ""
            file = _inner((await self.api.call("files.info", query={"file": canvas})).data, "file")
        except SlackUnavailable:
            raise
        except SlackError:
            return ""
        maker = str(file.get("user") or "")
        return canvas if maker and maker == await self.us() else ""


def _content(markdown: str, method: str) -> dict[str, str]:
    if len(markdown) > _LONGEST:
        raise TooLong(method=method)
    return {"type": "markdown", "markdown": markdown}


def _inner(told: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The object at the end of these names; empty where something else stands."""
    for name in names:
        found = told.get(name)
        told = found if isinstance(found, Mapping) else {}
    return told
