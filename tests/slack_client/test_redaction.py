"""Whatever a caller hands over, no call to Slack and no file carries a credential."""

from __future__ import annotations

import json

from bot.playground.slack import SimulatedSlack
from bot.slack.client import Slack
from responses.slack.blocks import line, rich, text
from responses.slack.message import Message, Snippet
from tests.slack_client.scene import CHANNEL, section

KEY = "AKIAIOSFODNN7EXAMPLE"
PASSWORD = "Zq8vTr5wXk2m"
LINE = f"beside {KEY} and password={PASSWORD}"
MESSAGE = Message(text=LINE, blocks=(section(LINE), rich(line(text(LINE)))))


def leaks(far_end: SimulatedSlack) -> list[str]:
    said = json.dumps([dict(call.arguments) for call in far_end.calls])
    said += "".join(far_end.file_content(file["id"]).decode() for file in far_end.files())
    assert "beside" in said
    return [secret for secret in (KEY, PASSWORD) if secret in said]


async def test_messages_carry_no_credential(far_end: SimulatedSlack, slack: Slack) -> None:
    sent = await slack.post(channel=CHANNEL, message=MESSAGE, key="r1/answer")
    await slack.update(channel=CHANNEL, ts=sent.ts, message=MESSAGE, final=True, key="r1/answer")
    user = far_end.add_user("bo")
    await slack.post_ephemeral(channel=CHANNEL, user=user, message=MESSAGE)

    assert leaks(far_end) == []
    assert far_end.message(CHANNEL, sent.ts)["metadata"]["event_payload"] == {"key": "r1/answer"}


async def test_files_carry_no_credential(far_end: SimulatedSlack, slack: Slack) -> None:
    content = "\n".join(["beside", LINE, "more"])
    await slack.uploads.upload(channel=CHANNEL, snippet=Snippet(name=f"{KEY}.txt", title=LINE, content=content))

    assert leaks(far_end) == []
