"""Implement chat.*, reactions.* and pins.*: the app's messages and its marks on messages."""

from __future__ import annotations

from typing import Any

from bot.playground.slack.events import without_metadata
from bot.playground.slack.limits import Tier, check_message
from bot.playground.slack.messages import permalink
from bot.playground.slack.methods.registry import Arguments, Call, method
from bot.playground.slack.records import Json, Refused, invalid
from bot.playground.slack.state import State
from bot.playground.slack.views import with_block_ids
from bot.playground.slack.workspace import Channel, Workspace

# Measured: up to 4,040 characters stay one message; a longer text becomes messages of 4,000.
_ONE_MESSAGE, _SPLIT, _TRUNCATED = 4_040, 4_000, 40_000
_UPDATE_BYTES = 4_000


@method("chat.postMessage", Tier.POSTING, scope="chat:write", channel=Workspace.find_to_post)
def post_message(call: Call) -> Json:
    """Post a message. A long text without blocks becomes several; the response names the first."""
    content = read_content(call) | formatting(call)
    call.context.rate_limits.message(call.channel.id)
    thread = thread_fields(call, call.channel)
    text = content["text"][:_TRUNCATED]
    parts = [text]
    if len(text) > _ONE_MESSAGE and not content.get("blocks"):
        parts = [text[at : at + _SPLIT] for at in range(0, len(text), _SPLIT)]
    messages = [own_content(call.state, content | {"text": part}, sender=True) | thread for part in parts]
    first, *_ = [call.context.publisher.post(call.channel, each)[0] for each in messages]
    answer: Json = {"channel": call.channel.id, "ts": first["ts"], "message": without_metadata(first)}
    if len(content["text"]) > _TRUNCATED:
        answer |= {"warning": "message_truncated", "response_metadata": {"warnings": ["message_truncated"]}}
    return answer


@method("chat.update", Tier.THREE, scope="chat:write", channel=Workspace.find_open)
def update(call: Call) -> Json:
    """Update a message of the bot."""
    ts = _own(call, refusal="cant_update_message")
    content = read_content(call)
    if len(content["text"].encode()) > _UPDATE_BYTES:
        raise Refused("msg_too_long")
    edited = {"user": call.bot, "ts": call.state.timestamps.next()}
    fields = own_content(call.state, content) | {"edited": edited}
    # A field that is not given stays, blocks included; an empty one is removed.
    removed = tuple(name for name in ("blocks", "attachments", "metadata") if content.get(name) in ([], {}))
    message, _ = call.context.publisher.change(call.channel, ts, fields, remove=removed)
    return {"channel": call.channel.id, "ts": ts, "text": message["text"], "message": without_metadata(message)}


@method("chat.delete", Tier.THREE, scope="chat:write", channel=Workspace.find_joined)
def delete(call: Call) -> Json:
    """Delete a message of the bot."""
    ts = _own(call, refusal="cant_delete_message")
    call.context.publisher.delete(call.channel, ts)
    return {"channel": call.channel.id, "ts": ts}


@method("chat.postEphemeral", Tier.FOUR, scope="chat:write", channel=Workspace.find_open)
def post_ephemeral(call: Call) -> Json:
    """Post a message that one user sees."""
    user = call.required("user")
    if not call.workspace.is_member(call.channel, user):
        raise Refused("user_not_in_channel")
    message = own_content(call.state, read_content(call), sender=True) | thread_fields(call, call.channel)
    return {"message_ts": call.state.ephemerals.post(call.channel.id, user, message)["ts"]}


@method("chat.getPermalink", Tier.FREE, channel=Workspace.find)
def get_permalink(call: Call) -> Json:
    """Return the permalink of a message."""
    message = call.state.messages.find(call.channel.id, call.required("message_ts"))
    return {"channel": call.channel.id, "permalink": permalink(call.state.url, call.channel.id, message)}


@method("reactions.add", Tier.THREE, scope="reactions:write", channel=Workspace.find_open)
def add_reaction(call: Call) -> Json:
    """Add a reaction of the bot."""
    name, ts = call.required("name").strip(":"), call.required("timestamp")
    call.context.marks.add_reaction(call.bot, call.channel, ts, name)
    return {}


@method("pins.add", Tier.TWO, scope="pins:write", channel=Workspace.find_open)
def add_pin(call: Call) -> Json:
    """Pin a message."""
    call.context.marks.add_pin(call.bot, call.channel, _pinned_ts(call))
    return {}


@method("pins.remove", Tier.TWO, scope="pins:write", channel=Workspace.find_open)
def remove_pin(call: Call) -> Json:
    """Unpin a message."""
    call.context.marks.remove_pin(call.bot, call.channel, _pinned_ts(call))
    return {}


def _pinned_ts(call: Call) -> str:
    return call.timestamp("timestamp", missing="no_item_specified", bad="bad_timestamp")


def read_content(given: Arguments) -> Json:
    """Return text, blocks, attachments and metadata as given. Refuse invalid ones as Slack does."""
    content: Json = {"text": given.text("text")}
    for name, error in (("blocks", "invalid_blocks_format"), ("attachments", "invalid_attachments")):
        if (value := given.structure(name, error=error)) is not None:
            content[name] = value
    if (metadata := given.structure("metadata", error="invalid_metadata_format")) is not None:
        content["metadata"] = _checked_metadata(metadata)
    if not content["text"] and not content.get("blocks") and not content.get("attachments"):
        raise Refused("no_text")
    check_message({"blocks": content.get("blocks")})
    return content


def formatting(given: Arguments) -> Json:
    """Return `mrkdwn` if it is false: the text is shown with its asterisks.

    Slack documents this argument for new messages only.
    """
    return {} if given.flag("mrkdwn", default=True) else {"mrkdwn": False}


def _checked_metadata(metadata: Any) -> Json:
    if not isinstance(metadata, dict):
        raise Refused("invalid_metadata_format")
    if not metadata:
        return {}
    if not isinstance(metadata.get("event_type"), str) or not isinstance(metadata.get("event_payload"), dict):
        raise invalid(
            "must have event_type and event_payload [json-pointer:/metadata]", error="invalid_metadata_schema"
        )
    return {"event_type": metadata["event_type"], "event_payload": metadata["event_payload"]}


def thread_fields(call: Call, channel: Channel) -> Json:
    """Return `thread_ts` if given. Refuse with `invalid_thread_ts`, or with `thread_not_found` without a parent."""
    if not (thread_ts := call.timestamp("thread_ts", bad="invalid_thread_ts")):
        return {}
    if call.state.messages.get(channel.id, thread_ts) is None:
        raise Refused("thread_not_found")
    return {"thread_ts": thread_ts}


def own_content(state: State, content: Json, *, sender: bool = False) -> Json:
    """Return content as it is stored, blocks with their ids; with `sender`, with the bot as its author."""
    identity = state.identity
    stored = {name: value for name, value in content.items() if name != "blocks"}
    if content.get("blocks"):
        stored["blocks"] = with_block_ids(content["blocks"], prefix=f"b{state.timestamps.next().replace('.', '')}")
    if not sender:
        return stored
    profile = {
        "id": identity.bot_id, "app_id": identity.app_id, "name": identity.bot_name, "deleted": False,
        "team_id": identity.team_id, "icons": {}, "updated": 0,
    }  # fmt: skip
    return {
        "user": identity.bot_user_id, "bot_id": identity.bot_id, "app_id": identity.app_id, "team": identity.team_id,
        "bot_profile": profile,
    } | stored  # fmt: skip


def _own(call: Call, *, refusal: str) -> str:
    """Return the argument `ts`. Refuse if it names no message, or with `refusal` if it is not the bot's."""
    ts = call.required("ts")
    message = call.state.messages.find(call.channel.id, ts)
    if message.get("subtype") == "tombstone":
        raise Refused("message_not_found")
    if message.get("bot_id") != call.state.identity.bot_id:
        raise Refused(refusal)
    return ts
