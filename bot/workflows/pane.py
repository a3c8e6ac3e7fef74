"""Fill the agent view, the direct message with the app: prompts when it is opened, the status of its threads.

Its messages are direct messages, and are answered as those are. A direct message that is gone gets nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import structlog

from bot.slack.app_views import SessionStatus
from bot.slack.errors import SlackError, log_refusal
from bot.store import StoredRequest, Surface
from bot.workflows.health_now import HealthNow
from bot.workflows.job_payloads import PaneJob
from bot.workflows.services import Services
from responses.slack.pane import prompts_of, session_title

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaneWorkflow:
    """The job `pane`."""

    services: Services
    health: HealthNow

    async def suggest(self, payload: PaneJob) -> None:
        """Suggest prompts."""
        requester = await self.services.presser(payload)
        found = (await self.health.of(requester)).clusters
        several = len(requester.scope.clusters(self.services.clusters.names)) > 1
        title, prompts = prompts_of(found, several=several, language=requester.language)
        # The direct message is gone, or the app has no agent view.
        with log_refusal(_log.info, "prompts_not_set"):
            await self.services.slack.app_views.suggest(payload.channel, prompts, title=title)


@asynccontextmanager
async def showing_work(services: Services, request: StoredRequest) -> AsyncIterator[None]:
    """Show in the thread of a direct message that its question is worked on; without an agent view, nothing is shown.

    The first words of the question become the title of a new thread.
    """
    original = request.original
    if original.origin is not Surface.DIRECT or not original.thread_ts:
        yield
        return
    title = session_title(request.text.splitlines())
    shown = await _set(services, request, SessionStatus.PROCESSING, title=title)
    try:
        yield
    finally:
        if shown:
            await _set(services, request, SessionStatus.ACTIVE)


async def _set(services: Services, request: StoredRequest, status: SessionStatus, *, title: str = "") -> bool:
    original = request.original
    with log_refusal(_log.info, "session_status_not_set", status=str(status), of=SlackError):
        await services.slack.app_views.set_status(original.channel, original.thread_ts, status, title=title)
        return True
    return False
