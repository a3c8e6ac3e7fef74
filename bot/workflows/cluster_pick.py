"""Switch an answer to another cluster: the same message then shows the diagnosis of that cluster.

The user's rights are checked as if they had asked themselves. If two users choose, the later choice wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog

from bot.jobs import JobRun, Json
from bot.slack.errors import SlackRefusal
from bot.store import RequestState
from bot.workflows.answer import AnswerWorkflow, PickedCluster
from bot.workflows.cluster_choice import PRESSED
from bot.workflows.job_payloads import PickJob
from bot.workflows.outages import retry_step
from bot.workflows.services import Services
from responses.failures import CLUSTER_NOT_VISIBLE
from responses.slack.notices import not_done
from responses.slack.presses import Press

_log: Final = structlog.get_logger(__name__)
_WHY: Final = "the policy does not allow this user to see that cluster in this channel"


@dataclass(frozen=True, slots=True, kw_only=True)
class PickWorkflow:
    """The job `pick`."""

    services: Services
    answers: AnswerWorkflow

    async def run(self, run: JobRun, payload: PickJob) -> Json | None:
        taken = await retry_step(run, "take", self.take, payload, run.id)
        if not taken:
            return None
        picked = PickedCluster(user=payload.user, cluster=payload.cluster)
        prepared: Json = {"revision": taken["revision"], "unread": []}
        result = await self.answers.in_turn(run, request := payload.request, prepared, picked)
        await self.answers.link_back(run, request, result)
        return result

    async def take(self, payload: PickJob, job: str) -> Json | None:
        """Store the choice if the user may see that cluster."""
        services, store = self.services, self.services.store
        request = await store.requests.get(payload.request)
        if request is None or request.state is RequestState.WITHDRAWN:
            return None
        cluster = payload.cluster
        requester = await services.presser(payload)
        if not requester.scope.clusters([cluster]):
            refused = {"action": str(Press.CLUSTER), "outcome": "refused", "cluster": cluster}
            await services.audit(payload, **refused, detail={"why": _WHY}, key=job)
            message = not_done(requester.scope.text_only_reason or CLUSTER_NOT_VISIBLE, language=requester.language)
            try:
                await services.slack.post_ephemeral(
                    channel=payload.channel, user=payload.user, message=message, thread_ts=request.original.thread_ts
                )
            except SlackRefusal as error:
                _log.warning("press_reply_failed", error=str(error))
            return None
        if await store.answers.note(request.id, {PRESSED: cluster}) is None:
            return None
        return {"revision": request.revision}
