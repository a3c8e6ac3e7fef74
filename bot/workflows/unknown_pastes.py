"""Count the texts that somebody asked about and no entry explains, by their template: candidates for entries.

Chat that nobody asked about gets no answer, so it never comes here.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.store import StoredRequest
from bot.workflows.replies import Reply
from bot.workflows.services import Services
from intents.feedback import UnknownPaste
from responses.paste_templates import paste_template


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownPasteRecorder:
    """Records a request whose answer says that its text is not known."""

    services: Services

    async def answered(self, request: StoredRequest, reply: Reply) -> None:
        """Count the text of an answered request, or drop what an earlier answer counted if it is known now."""
        pastes = self.services.store.unknown_pastes
        found = await asyncio.to_thread(paste_template, request.text) if _is_unknown(reply) else None
        if found is None:
            if request.revision > 1:
                await pastes.forget(request.id)
            return
        paste = UnknownPaste(
            request=request.id,
            channel=request.original.channel,
            template=found.template,
            example=found.example,
            at=request.original.created,
        )
        if await pastes.add(paste):
            self.services.metrics.unknown_pasted()


def _is_unknown(reply: Reply) -> bool:
    return reply.answer is not None and reply.answer.of_text and not reply.answer.diagnosis.hypotheses
