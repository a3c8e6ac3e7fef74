"""Implement conversations.canvases.create and canvases.*."""

from __future__ import annotations

from typing import Any

from bot.playground.slack.arguments import Arguments
from bot.playground.slack.errors import Refused, invalid
from bot.playground.slack.methods.registry import MethodContext, Table, method
from bot.playground.slack.rate_limits import Tier
from bot.playground.slack.records import Json

CANVASES: Table = {}


@method(CANVASES, "conversations.canvases.create", Tier.TWO, scope="canvases:write")
def create(context: MethodContext, given: Arguments) -> Json:
    """Create the canvas of a channel."""
    channel = context.state.workspace.find_open(given.required("channel_id"))
    content = given.structure("document_content")
    canvas = context.state.canvases.create(
        channel=channel.id, user=context.state.identity.bot_user_id, created=int(context.state.clock()),
        title=given.text("title"), markdown="" if content is None else _markdown(content),
    )  # fmt: skip
    return {"canvas_id": canvas.id}


@method(CANVASES, "canvases.edit", Tier.THREE, scope="canvases:write")
def edit(context: MethodContext, given: Arguments) -> Json:
    """Apply one change, as Slack does. Refuse with `canvas_not_found` outside the canvas's channel."""
    canvas = context.state.canvases.get(given.required("canvas_id"))
    changes = given.structure("changes")
    if not isinstance(changes, list) or len(changes) != 1 or not isinstance(changes[0], dict):
        raise invalid("exactly one change is supported [json-pointer:/changes]")
    if canvas is None or not context.state.workspace.has_bot(context.state.workspace.channel(canvas.channel)):
        raise Refused("canvas_not_found")
    operation = changes[0].get("operation")
    if changes[0].get("section_id") or not isinstance(operation, str):
        raise Refused("canvas_editing_failed")
    context.state.canvases.edit(canvas.id, operation=operation, markdown=_markdown(changes[0].get("document_content")))
    return {}


def _markdown(content: Any) -> str:
    """Return the Markdown of a content object. Refuse with `invalid_arguments` for any other type."""
    text = content.get("markdown") if isinstance(content, dict) and content.get("type") == "markdown" else None
    if not isinstance(text, str):
        raise invalid("must be markdown [json-pointer:/document_content]")
    return text
