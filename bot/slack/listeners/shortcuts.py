"""The message shortcut "Diagnose this": any message, whoever wrote it, answered in its thread."""

from __future__ import annotations

from typing import Any, Final

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.slack.client import Identity
from bot.slack.intake import LONGEST_TEXT, Intake
from bot.slack.said import files_of, text_of
from bot.store import Asked, Surface
from responses.safety import safe

DIAGNOSE_THIS: Final = "casebook.diagnose_this"


def register(app: AsyncApp, intake: Intake, identity: Identity) -> None:
    @app.shortcut(DIAGNOSE_THIS)
    async def diagnose_this(ack: AsyncAck, body: dict[str, Any]) -> None:
        message = body["message"]
        team = str((body.get("team") or {}).get("id") or identity.team)
        channel, ts = str(body["channel"]["id"]), str(message["ts"])
        asked = Asked(
            # Whoever asks again about the same message asks anew: it is no event that Slack repeats.
            id=f"{team}.{channel}.s{body['trigger_id']}",
            team=team,
            channel=channel,
            thread_ts=str(message.get("thread_ts") or ts),
            source_ts=ts,
            user=str(body["user"]["id"]),
            surface=Surface.SHORTCUT,
            text=safe(text_of(message), limit=LONGEST_TEXT),
            files=files_of(message),
            response_url=str(body.get("response_url") or ""),
            created=intake.clock(),
        )
        await intake.ask(asked)
        await ack()
