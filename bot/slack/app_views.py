"""Show what the app's own places in Slack hold: the Home tab, and prompts and sessions of the agent view.

New apps get only the agent view: its threads are sessions, and its prompts belong to the whole direct message. Bolt's
assistant class listens to events that Slack no longer sends to such apps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.slack.api import Api
from bot.slack.message_forms import checked_view
from responses.slack.message import View
from responses.slack.pane import Prompt


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
