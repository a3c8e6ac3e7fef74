"""Implement chat.*: post, update and delete messages, post ephemeral ones, return permalinks."""

from __future__ import annotations

from typing import Any

from bot.playground.slack.arguments import Arguments
from bot.playground.slack.envelopes import without_metadata
from bot.playground.slack.errors import Refused, invalid
from bot.playground.slack.messages import permalink
from bot.playground.slack.methods.registry import MethodContext, Table, method
from bot.playground.slack.payload_limits import check_message
from bot.playground.slack.rate_limits import Tier
from bot.playground.slack.records import Json
from bot.playground.slack.state import State
from bot.playground.slack.views import with_block_ids
from bot.playground.slack.workspace import Channel

CHAT: Table = {}

# Measured: up to 4,040 characters stay one message; a longer text becomes messages of 4,000.
_ONE_MESSAGE, _SPLIT, _TRUNCATED = 4_040, 4_000, 40_000
_UPDATE_BYTES = 4_000


@method(CHAT, "chat.postMessage", Tier.POSTING, scope="chat:write")
def post_message(context: MethodContext, given: Arguments) -> Json:
    """Post a message. A long text without blocks becomes several; the response names the first."""
    channel = where_to_post(context, given.required("channel"))
    content = read_content(given) | formatting(given)
    context.rate_limits.message(channel.id)
    thread = thread_fields(context, channel, given)
    text = content["text"][:_TRUNCATED]
    parts = [text]
    if len(text) > _ONE_MESSAGE and not content.get("blocks"):
        parts = [text[at : at + _SPLIT] for at in range(0, len(text), _SPLIT)]
    posted = [
        context.publisher.post(channel, own_message(context, content | {"text": part}) | thread)[0] for part in parts
    ]
    answer: Json = {"channel": channel.id, "ts": posted[0]["ts"], "message": without_metadata(posted[0])}
    if len(content["text"]) > _TRUNCATED:
        answer |= {"warning": "message_truncated", "response_metadata": {"warnings": ["message_truncated"]}}
    return answer


@method(CHAT, "chat.update", Tier.THREE, scope="chat:write")
def update(context: MethodContext, given: Arguments) -> Json:
    """Update a message of the bot."""
    channel = context.state.workspace.find_open(given.required("channel"))
    ts = given.required("ts")
    _own(context, channel, ts, refusal="cant_update_message")
    content = read_content(given)
    if len(content["text"].encode()) > _UPDATE_BYTES:
        raise Refused("msg_too_long")
    edited = {"user": context.state.identity.bot_user_id, "ts": context.state.timestamps.next()}
    fields = own_content(context.state, content) | {"edited": edited}
    # A field that is not given stays, blocks included; an empty one is removed.
    removed = tuple(name for name in ("blocks", "attachments", "metadata") if content.get(name) in ([], {}))
    message, _ = context.publisher.change(channel, ts, fields, remove=removed)
    return {"channel": channel.id, "ts": ts, "text": message["text"], "message": without_metadata(message)}


@method(CHAT, "chat.delete", Tier.THREE, scope="chat:write")
def delete(context: MethodContext, given: Arguments) -> Json:
    """Delete a message of the bot."""
    channel = context.state.workspace.find_joined(given.required("channel"))
    ts = given.required("ts")
    _own(context, channel, ts, refusal="cant_delete_message")
    context.publisher.delete(channel, ts)
    return {"channel": channel.id, "ts": ts}


@method(CHAT, "chat.postEphemeral", Tier.FOUR, scope="chat:write")
def post_ephemeral(context: MethodContext, given: Arguments) -> Json:
    """Post a message that one user sees."""
    channel = context.state.workspace.find_open(given.required("channel"))
    user = given.required("user")
    if not context.state.workspace.is_member(channel, user):
        raise Refused("user_not_in_channel")
    message = own_message(context, read_content(given)) | thread_fields(context, channel, given)
    stored = context.state.ephemerals.post(channel.id, user, message)
    return {"message_ts": stored["ts"]}


@method(CHAT, "chat.getPermalink", Tier.FREE)
def get_permalink(context: MethodContext, given: Arguments) -> Json:
    """Return the permalink of a message."""
    channel = context.state.workspace.find(given.required("channel"))
    ts = given.required("message_ts")
    message = context.state.messages.find(channel.id, ts)
    return {"channel": channel.id, "permalink": permalink(context.state.url, channel.id, message)}


def where_to_post(context: MethodContext, reference: str) -> Channel:
    """Return a channel that the bot may write to; a user id opens a direct message."""
    if reference in context.state.workspace.users:
        return open_im(context, reference)
    return context.state.workspace.find_open(reference)


def open_im(context: MethodContext, user_id: str) -> Channel:
    """Return the direct message of user and bot; create it if needed.

    Refuse with `user_not_found` or `cannot_dm_bot`.
    """
    user = context.state.workspace.users.get(user_id)
    if user is None:
        raise Refused("user_not_found")
    if user.bot:
        raise Refused("cannot_dm_bot")
    if found := context.state.workspace.im(user_id):
        return found
    created = int(context.state.clock())
    made = context.state.workspace.add_channel(user.name, created=created, members=(user_id,), im_with=user_id)
    context.state.publish_directory()
    return made


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
    check_message({name: content[name] for name in ("blocks", "attachments") if name in content})
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


def thread_fields(context: MethodContext, channel: Channel, given: Arguments) -> Json:
    """Return `thread_ts` if given.

    Refuse with `invalid_thread_ts`, or with `thread_not_found` if the parent is gone.
    """
    thread_ts = given.text("thread_ts")
    if not thread_ts:
        return {}
    whole, dot, fraction = thread_ts.partition(".")
    if not (dot and whole.isdigit() and fraction.isdigit()):
        raise Refused("invalid_thread_ts")
    if context.state.messages.get(channel.id, thread_ts) is None:
        raise Refused("thread_not_found")
    return {"thread_ts": thread_ts}


def own_message(context: MethodContext, content: Json) -> Json:
    """Return a message of the bot."""
    return own_content(context.state, content, sender=True)


def own_content(state: State, content: Json, *, sender: bool = False) -> Json:
    """Return content as it is stored, blocks with their ids; with `sender`, with the bot as its author."""
    identity = state.identity
    stored = dict(content)
    stored.pop("blocks", None)
    if content.get("blocks"):
        stored["blocks"] = with_block_ids(content["blocks"], prefix=f"b{state.timestamps.next().replace('.', '')}")
    if not sender:
        return stored
    profile = {"id": identity.bot_id, "app_id": identity.app_id, "name": identity.bot_name, "deleted": False}
    return {
        "user": identity.bot_user_id, "bot_id": identity.bot_id, "app_id": identity.app_id, "team": identity.team_id,
        "bot_profile": profile | {"team_id": identity.team_id, "icons": {}, "updated": 0},
    } | stored  # fmt: skip


def _own(context: MethodContext, channel: Channel, ts: str, *, refusal: str) -> Json:
    message = context.state.messages.find(channel.id, ts)
    if message.get("subtype") == "tombstone":
        raise Refused("message_not_found")
    if message.get("bot_id") != context.state.identity.bot_id:
        raise Refused(refusal)
    return message
