"""Send signed events to the app at a steady rate, as Slack does, and measure each acknowledgement.

Runs as its own process, so that neither the app nor the simulations disturb the clock. Events are sent when due,
whether or not earlier ones were acknowledged, and timed from that moment, so a stall of the app counts. Reads the
arguments of `storm` as a JSON object from standard input and writes the results as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Final, TypedDict

import aiohttp
from slack_sdk.signature import SignatureVerifier

# Slack waits three seconds; after ten no response will come.
_PATIENCE_S: Final = 10.0


class Event(TypedDict):
    """One event: `body` is what Slack sends, `paste` whether the app is expected to answer it."""

    body: str
    paste: bool


@dataclass(slots=True, kw_only=True)
class Acks:
    """Results of a storm: seconds to each acknowledgement, and the count of every other response."""

    chat: list[float] = field(default_factory=list)
    pastes: list[float] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)


async def storm(*, url: str, secret: str, rate: float, events: Sequence[Event]) -> Acks:
    """Send `rate` of `events` per second to `url`, signed with `secret`."""
    verifier = SignatureVerifier(secret)
    acks = Acks()
    timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session,
        asyncio.TaskGroup() as sending,
    ):
        begun = time.perf_counter()
        for number, event in enumerate(events):
            due = begun + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            sending.create_task(_send(session, url, verifier, event, due=due, acks=acks))
    return acks


async def _send(
    session: aiohttp.ClientSession, url: str, verifier: SignatureVerifier, event: Event, *, due: float, acks: Acks
) -> None:
    timestamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": verifier.generate_signature(timestamp=timestamp, body=event["body"]) or "",
    }
    try:
        async with session.post(url, data=event["body"].encode(), headers=headers) as answer:
            await answer.read()
            outcome = str(answer.status)
    except (aiohttp.ClientError, TimeoutError) as error:
        outcome = type(error).__name__
    if outcome == "200":
        (acks.pastes if event["paste"] else acks.chat).append(time.perf_counter() - due)
    else:
        acks.refused[outcome] = acks.refused.get(outcome, 0) + 1


if __name__ == "__main__":
    json.dump(asdict(asyncio.run(storm(**json.load(sys.stdin)))), sys.stdout)
