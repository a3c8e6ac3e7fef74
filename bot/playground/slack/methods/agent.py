"""Implement views.publish, assistant.threads.setSuggestedPrompts and agents.sessions.setStatus of an agent app."""

from __future__ import annotations

from bot.playground.copies import copied
from bot.playground.slack.limits import Tier
from bot.playground.slack.methods.registry import Call, method, read_view
from bot.playground.slack.records import Json, Refused, invalid
from bot.playground.slack.views import with_block_ids

_STATUSES = ("active", "processing", "suspended", "closed")
_MOST_PROMPTS = 4
_LONGEST_TITLE = 200


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
