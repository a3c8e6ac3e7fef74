"""Show what the app's own places in Slack hold: the Home tab, prompts and sessions, canvases.

New apps get only the agent view: its threads are sessions, and its prompts belong to the whole direct message. Bolt's
assistant class listens to events that Slack no longer sends to such apps.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.slack.api import Api
from bot.slack.errors import CanvasTaken, SlackRefusal, TooLong
from bot.slack.message_events import mapping_of, text_in
from bot.slack.message_forms import checked_view
from responses.slack.message import View
from responses.slack.pane import Prompt

# Slack accepts ten times as much, but long edits fail now and then, and nobody reads them.
_LONGEST: Final = 100_000


class SessionStatus(StrEnum):
    """The status of a thread with the app; `processing` shows that it works."""

    ACTIVE = "active"
    PROCESSING = "processing"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppViews:
    """Calls the methods of the app's own places. They raise SlackError."""

    api: Api

    async def publish_home(self, user: str, view: View) -> None:
        """Show this Home tab to a person, in the place of the one before."""
        await self.api.call("views.publish", body={"user_id": user, "view": checked_view(view, "views.publish")})

    async def suggest(self, channel: str, prompts: Sequence[Prompt], *, title: str) -> None:
        """Offer prompts in a direct message, in the place of those before."""
        # With a thread Slack would accept the call and show nothing.
        offered = [{"title": prompt.title, "message": prompt.message} for prompt in prompts]
        body = {"channel_id": channel, "title": title, "prompts": offered}
        await self.api.call("assistant.threads.setSuggestedPrompts", body=body)

    async def set_status(self, channel: str, thread_ts: str, status: SessionStatus, *, title: str = "") -> None:
        """Set the status of a thread. `title` names a thread that has none yet; Slack ignores it afterwards."""
        body = {"channel_id": channel, "thread_ts": thread_ts, "status": str(status)}
        titled = body | ({"title": title} if title else {})
        # The answer must not wait for it.
        patience = self.api.limits.trigger
        await self.api.call("agents.sessions.setStatus", body=titled, patience=patience)


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
