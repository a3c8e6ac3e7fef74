"""Implement views.*, conversations.canvases.create and canvases.edit: what the app shows besides messages."""

from __future__ import annotations

from typing import Any

from bot.playground.slack.limits import Tier
from bot.playground.slack.methods.registry import Call, method, read_view
from bot.playground.slack.records import Json, Refused, invalid


@method("views.open", Tier.FOUR)
def open_view(call: Call) -> Json:
    """Open a dialog."""
    view = read_view(call, "modal", called="a modal")
    return {"view": call.state.views.open(_requester(call), view)}


@method("views.update", Tier.FOUR)
def update_view(call: Call) -> Json:
    """Update an open dialog."""
    view, external_id = read_view(call, "modal", called="a modal"), call.text("external_id")
    return {
        "view": call.state.views.update(call.text("view_id"), view, external_id=external_id, hash=call.text("hash"))
    }


@method("conversations.canvases.create", Tier.TWO, scope="canvases:write")
def create_canvas(call: Call) -> Json:
    """Create the canvas of a channel."""
    channel = call.workspace.find_open(call.required("channel_id"))
    content = call.structure("document_content")
    markdown = "" if content is None else _markdown(content)
    canvas = call.state.canvases.create(
        channel=channel.id, user=call.bot, title=call.text("title"), markdown=markdown
    )  # fmt: skip
    return {"canvas_id": canvas.id}


@method("canvases.edit", Tier.THREE, scope="canvases:write")
def edit_canvas(call: Call) -> Json:
    """Apply one change, as Slack does. Refuse with `canvas_not_found` outside the canvas's channel."""
    canvas = call.state.canvases.get(call.required("canvas_id"))
    changes = call.structure("changes")
    if not isinstance(changes, list) or len(changes) != 1 or not isinstance(changes[0], dict):
        raise invalid("exactly one change is supported [json-pointer:/changes]")
    if canvas is None or not call.workspace.has_bot(call.workspace.channel(canvas.channel)):
        raise Refused("canvas_not_found")
    operation = changes[0].get("operation")
    if changes[0].get("section_id") or not isinstance(operation, str):
        raise Refused("canvas_editing_failed")
    call.state.canvases.edit(canvas.id, operation=operation, markdown=_markdown(changes[0].get("document_content")))
    return {}


def _requester(call: Call) -> str:
    return call.state.tickets.exchange(call.text("trigger_id") or call.required("interactivity_pointer"))


def _markdown(content: Any) -> str:
    """Return the Markdown of a content object. Refuse with `invalid_arguments` for any other type."""
    text = content.get("markdown") if isinstance(content, dict) and content.get("type") == "markdown" else None
    if not isinstance(text, str):
        raise invalid("must be markdown [json-pointer:/document_content]")
    return text
