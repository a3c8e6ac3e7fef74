"""Create and edit the canvas of a channel, a Markdown document beside its messages. A channel has at most one.

A canvas that people wrote is never overwritten: only a canvas that we created is edited.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from bot.slack.api import Api
from bot.slack.errors import CanvasTaken, SlackRefusal, TooLong
from bot.slack.message_events import mapping_of, text_in

# Slack accepts ten times as much, but long edits fail now and then, and nobody reads them.
_LONGEST: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvases:
    """The canvases of one workspace; needs the scope canvases:write. `us` returns the id of our user."""

    api: Api
    us: Callable[[], Awaitable[str]]

    async def create(self, *, channel: str, title: str, markdown: str) -> str:
        """Create the channel's canvas and return its id. One that another process of ours created is edited instead.

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
        """Replace the content of our canvas. Raise SlackError: CanvasGone if it was deleted."""
        method = "canvases.edit"
        change = {"operation": "replace", "document_content": _content(markdown, method)}
        await self.api.call(method, body={"canvas_id": canvas, "changes": [change]})

    async def _ours(self, channel: str) -> str:
        """Return the channel's canvas if we created it, else ""; also "" if Slack does not name its creator."""
        try:
            response = await self.api.call("conversations.info", query={"channel": channel})
            properties = mapping_of(mapping_of(response.data.get("channel")).get("properties"))
            canvas = text_in(mapping_of(properties.get("canvas")), "file_id")
            if not canvas:
                return ""
            file = mapping_of((await self.api.call("files.info", query={"file": canvas})).data.get("file"))
        except SlackRefusal:
            return ""
        maker = text_in(file, "user")
        return canvas if maker and maker == await self.us() else ""


def _content(markdown: str, method: str) -> dict[str, str]:
    if len(markdown) > _LONGEST:
        raise TooLong(method=method)
    return {"type": "markdown", "markdown": markdown}
