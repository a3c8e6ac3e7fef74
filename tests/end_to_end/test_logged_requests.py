"""Test that neither rejected requests nor answered ones leave messages, values or credentials in the log."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from bot.cli.process import configure_logging
from bot.playground.slack.delivery import signed_headers
from bot.settings import LogFormat, LogLevel
from tests.end_to_end.workplace import Workplace, broken_case, workplace

MARKED = "planted-in-a-body-7f3a"


@pytest.fixture
def logged(capsys):
    """Collect every log line at debug level in the format of `casebook serve`."""
    configure_logging(level=LogLevel.DEBUG, form=LogFormat.JSON)
    return lambda: "".join(capsys.readouterr())


async def test_rejected_and_answered_requests_leave_no_texts_values_or_credentials_in_the_log(tmp_path, engine, logged):
    curable = broken_case(engine, "image-pull-failed", "the registry still does not answer; a restart changes nothing")
    async with workplace(tmp_path, engine, curable.world) as at:
        signatures = await unsigned_and_stale_requests_are_rejected(at, curable.text)
        await unsigned_requests_are_not_parsed(at)
        await at.settled()
        assert at.ours() == []
        assert at.cluster.requests == []

        ts = await at.slack.say(at.alex, at.channel, f"{MARKED}\n{curable.text}")
        await at.confirm(at.bo, await at.answer(ts))
        await at.settled()
        await at.slack.slash(at.alex, at.channel, f"explain {MARKED}")
        await at.settled()
        signatures.append(at.slack.sign(b"").get("X-Slack-Signature", ""))
    text = logged()
    assert "service_started" in text
    assert "answer_posted" in text
    assert "aiohttp.server" not in text
    assert MARKED not in text
    assert curable.text[:40] not in text
    secrets = (*(one.removeprefix("v0=") for one in signatures), at.slack.signing_secret, at.slack.bot_token)
    assert not [one for one in secrets if len(one) > 7 and one in text]


async def unsigned_and_stale_requests_are_rejected(at: Workplace, text: str) -> list[str]:
    """Send an event with each wrong header and return their signatures."""
    raw = json.dumps({"type": "event_callback", "token": MARKED, "event": {"type": "message", "text": text}}).encode()
    now = int(time.time())
    wrong: dict[str, dict[str, Any]] = {
        "another secret": signed_headers(raw, secret="not-the-secret", timestamp=now),
        "another body": at.slack.sign(raw + b" "),
        "more than five minutes old": at.slack.sign(raw, now - 301),
        "more than five minutes ahead": at.slack.sign(raw, now + 360),
        "a signature of nothing": {"X-Slack-Request-Timestamp": str(now), "X-Slack-Signature": "v0="},
        "a time that is none": at.slack.sign(raw) | {"X-Slack-Request-Timestamp": "yesterday"},
        "no signature": {},
        "bytes that are no text": at.slack.sign(raw) | {"X-Slack-Signature": "v0=\u00ff"},
    }
    answers = {
        what: await at.slack.send_raw(raw, headers | {"Content-Type": "application/json"})
        for what, headers in wrong.items()
    }
    assert {what: answer.status for what, answer in answers.items()} == dict.fromkeys(wrong, 401)
    assert all(MARKED not in str(answer.body) for answer in answers.values())
    return [headers.get("X-Slack-Signature", "") for headers in wrong.values()]


async def unsigned_requests_are_not_parsed(at: Workplace) -> None:
    nonsense = [
        (b'{"half', "application/json"),
        (b"payload=%7B", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/json"),
        (b"{}", "application/json; charset=no-such"),
        (b"[]", "application/json"),
        (b"", "application/json"),
    ]
    answers = [(await at.slack.send_raw(body, {"Content-Type": kind})).status for body, kind in nonsense]

    assert answers == [401] * len(nonsense)
