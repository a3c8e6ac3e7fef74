"""Implement the methods of what the app shows besides messages: views, canvases, prompts and agent sessions."""

from __future__ import annotations

from typing import Any

from bot.playground.copies import copied
from bot.playground.slack.limits import Tier
from bot.playground.slack.methods.registry import Call, method, read_view
from bot.playground.slack.records import Json, Refused, invalid
from bot.playground.slack.views import with_block_ids

_STATUSES = ("active", "processing", "suspended", "closed")
_MOST_PROMPTS = 4
_LONGEST_TITLE = 200


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


@method("views.publish", Tier.FOUR)
def publish_view(call: Call) -> Json:
    """Publish the Home tab of a user."""
    user, view = call.required("user_id"), read_view(call, "home", called="a home view")
    if user not in call.workspace.users:
        raise Refused("user_not_found")
    made = f"h{call.state.timestamps.next().replace('.', '')}"
    shown = copied(view) | {"id": f"V{user[1:]}", "blocks": with_block_ids(view["blocks"], prefix=made)}
    call.state.places.publish(user, shown)
    return {"view": shown}


@method("assistant.threads.setSuggestedPrompts", Tier.FOUR, scope="assistant:write")
def set_prompts(call: Call) -> Json:
    """Offer prompts in a direct message. With a thread Slack accepts the call of an agent app and shows nothing."""
    channel, prompts = call.workspace.find_open(call.required("channel_id")), call.structure("prompts")
    if not isinstance(prompts, list) or not 0 < len(prompts) <= _MOST_PROMPTS:
        raise invalid(f"must have 1 to {_MOST_PROMPTS} items [json-pointer:/prompts]")
    if any(not isinstance(each, dict) or not (each.get("title") and each.get("message")) for each in prompts):
        raise invalid("each prompt needs a title and a message [json-pointer:/prompts]")
    if not call.text("thread_ts"):
        call.state.places.suggest(channel.id, {"title": call.text("title"), "prompts": copied(prompts)})
    return {}


@method("agents.sessions.setStatus", Tier.THREE, scope="chat:write")
def set_status(call: Call) -> Json:
    """Set the status of a thread's session."""
    channel, status = call.workspace.find_open(call.required("channel_id")), call.required("status")
    thread_ts = call.timestamp("thread_ts", missing="invalid_thread_ts", bad="invalid_thread_ts")
    title = call.text("title")
    if status not in _STATUSES or len(title) > _LONGEST_TITLE:
        raise invalid("unknown status or a title that is too long")
    if call.state.messages.get(channel.id, thread_ts) is None:
        raise Refused("thread_not_found")
    session = call.state.places.set_session(channel.id, thread_ts, status=status, title=title)
    return {"status": session["status"], "title": session["title"]}


def _requester(call: Call) -> str:
    return call.state.tickets.exchange(call.text("trigger_id") or call.required("interactivity_pointer"))


def _markdown(content: Any) -> str:
    """Return the Markdown of a content object. Refuse with `invalid_arguments` for any other type."""
    text = content.get("markdown") if isinstance(content, dict) and content.get("type") == "markdown" else None
    if not isinstance(text, str):
        raise invalid("must be markdown [json-pointer:/document_content]")
    return text
