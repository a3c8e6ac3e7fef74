"""Imitate our own lines through the cluster and the chat: nothing that Slack receives shows a line forged by them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.diagnosing import Engine
from bot.workflows.chronicle.pinned_summary import CANVAS_EVERY
from responses.slack.presses import Press
from tests.end_to_end.workplace import Workplace, broken_case, root_cause, workplace
from tests.forgery import MARKER, PAYLOADS, forged, live_markup, planted

NAMES = list(PAYLOADS)
PULLS = ("image-pull-failed", "the registry did not answer, and does again; a restart skips the back-off")


@dataclass(frozen=True)
class Output:
    """Something that Casebook sent: where, and what."""

    where: str
    value: Any
    is_markdown: bool = False


def outputs(at: Workplace) -> Iterator[Output]:
    """Yield all that Slack received from us and what its readers see."""
    for call in at.slack.calls:
        arguments = {name: _decoded(value) for name, value in call.arguments.items()}
        if markdown := str((arguments.get("document_content") or {}).get("markdown", "")):
            yield Output("canvas", markdown, is_markdown=True)
        for change in arguments.get("changes") or ():
            yield Output("canvas", change["document_content"]["markdown"], is_markdown=True)
        for name in ("text", "blocks", "view", "initial_comment", "title"):
            yield Output(f"{call.method} {name}", arguments.get(name))
        if call.method == "files.completeUploadExternal":
            for file in arguments["files"]:
                content = at.slack.file_content(file["id"])
                if not content.startswith(b"\x89PNG"):
                    yield Output("file", content.decode(), is_markdown=True)
    for user in (at.alex, at.bo):
        for shown in at.slack.ephemerals(user):
            yield Output("ephemeral", {"text": shown.get("text"), "blocks": shown.get("blocks")})
        yield from (Output("dialog", view) for view in at.slack.views(user))


def _decoded(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


async def settled(at: Workplace) -> None:
    # Longer than usual: all surfaces are used one after another, and the summary keeps Slack's limits.
    assert await at.app.jobs.idle(30)


async def said_everywhere(at: Workplace, texts: Mapping[str, str], payload: str) -> None:
    """Use every surface once: answers, details, dialogs, results, summary, canvas, timeline, export, postmortem."""
    channel = ""
    for number, (incident, text) in enumerate(texts.items(), start=1):
        channel = at.slack.add_channel(f"inc-{number}-forged")
        # Messages of one user within seconds are read as one paste.
        answer = await at.answer(await at.slack.say(at.alex, channel, f"{text}\n{payload}"), channel)
        await at.slack.click(at.bo, channel, answer["ts"], Press.DETAILS.value)
        details = (await at.slack.wait_for(lambda: at.slack.views(at.bo)))[-1]
        assert MARKER in str(answer["blocks"]) + str(details["blocks"]), f"{incident} shows what was planted"
        await at.submit(at.bo, (await at.dialog(at.bo, answer, channel))["id"])
        await settled(at)
    for line in (
        "checkout is down, customers cannot pay",
        f"decision: we roll back {payload}",
        f"customers report {payload}",
        f"is it the registry? {payload}",
        f"I think it is the registry {payload}",
        f"rolling back the deploy now {payload}",
        f"deploy of api v2 started {payload}",
        f"https://grafana.example/d/abc {payload}",
        f"mitigated, error rate is back to normal {payload}",
    ):
        await at.slack.say(at.bo, channel, line)
    await settled(at)
    # A canvas is written once a minute.
    at.clock.advance(2 * CANVAS_EVERY)
    await at.slack.say(at.bo, channel, "next step: restart the registry")
    await at.slack.wait_for(lambda: MARKER in str(at.slack.canvases.of(channel)), timeout=20)
    elsewhere = at.slack.add_channel("elsewhere")
    await at.answer(await at.slack.say(at.bo, elsewhere, f"<@{at.slack.bot_user_id}> error: {payload}"), elsewhere)
    for command in ("incident timeline", "incident export here", "summary", f"pod {payload}", f"explain {payload}"):
        await at.slack.slash(at.bo, channel, command)
        await settled(at)
    view = await at.resolution(at.bo, channel)
    causes = next(block["element"]["options"] for block in view["blocks"] if block.get("block_id") == Press.ROOT_CAUSE)
    await at.submit(at.bo, view["id"], root_cause(causes[0]["value"]))
    await settled(at)


@pytest.mark.parametrize("names", [NAMES[start::4] for start in range(4)], ids=" and ".join)
async def test_nothing_slack_receives_is_forged(tmp_path: Path, engine: Engine, names: tuple[str, str]) -> None:
    stories = [broken_case(engine, *PULLS), broken_restart(engine)]
    payload = "\n".join(PAYLOADS[name] for name in names)
    worlds = [planted(story.world, payload) for story in stories]
    async with workplace(tmp_path, engine, *worlds, summary_slot_s=0.1) as at:
        await said_everywhere(at, {story.incident: story.text for story in stories}, payload)
        sent = list(outputs(at))

    found = {
        (one.where, line)
        for one in sent
        for line in (*forged(one.value), *(live_markup(one.value, lists_links=True) if one.is_markdown else ()))
    }
    seen = {one.where for one in sent if MARKER in str(one.value)}
    assert {"chat.update blocks", "views.open view", "canvas", "file", "ephemeral"} <= seen
    assert not found, f"{len(found)} places"


def broken_restart(engine: Engine) -> Any:
    """Return the APIService whose condition has a message, and which a restart heals."""
    incident = engine.catalog.incidents["apiservice-unavailable"]
    name = next(case.name for case in incident.cases if "a restart heals them" in case.name)
    return broken_case(engine, incident.id, name)
