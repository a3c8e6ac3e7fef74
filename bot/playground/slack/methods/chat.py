"""chat.*: posting, updating, deleting and whispering."""

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

# Measured: 4,040 characters stay one message; anything longer becomes messages of 4,000.
_ONE_MESSAGE, _SPLIT, _TRUNCATED = 4_040, 4_000, 40_000
_UPDATE_BYTES = 4_000


@method(CHAT, "chat.postMessage", Tier.POSTING, scope="chat:write")
def post_message(context: MethodContext, given: Arguments) -> Json:
    """A bare long text becomes several messages; the answer names the first."""
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
    channel = context.state.workspace.find_open(given.required("channel"))
    ts = given.required("ts")
    _own(context, channel, ts, refusal="cant_update_message")
    content = read_content(given)
    if len(content["text"].encode()) > _UPDATE_BYTES:
        raise Refused("msg_too_long")
    edited = {"user": context.state.identity.bot_user_id, "ts": context.state.timestamps.next()}
    fields = own_content(context.state, content) | {"edited": edited}
    # What is not given stays, blocks too: with a new text alone readers see no difference. Empty takes it away.
    gone = tuple(name for name in ("blocks", "attachments", "metadata") if content.get(name) in ([], {}))
    message, _ = context.publisher.change(channel, ts, fields, remove=gone)
    return {"channel": channel.id, "ts": ts, "text": message["text"], "message": without_metadata(message)}


@method(CHAT, "chat.delete", Tier.THREE, scope="chat:write")
def delete(context: MethodContext, given: Arguments) -> Json:
    channel = context.state.workspace.find_joined(given.required("channel"))
    ts = given.required("ts")
    _own(context, channel, ts, refusal="cant_delete_message")
    context.publisher.delete(channel, ts)
    return {"channel": channel.id, "ts": ts}


@method(CHAT, "chat.postEphemeral", Tier.FOUR, scope="chat:write")
def post_ephemeral(context: MethodContext, given: Arguments) -> Json:
    channel = context.state.workspace.find_open(given.required("channel"))
    user = given.required("user")
    if not context.state.workspace.is_member(channel, user):
        raise Refused("user_not_in_channel")
    message = own_message(context, read_content(given)) | thread_fields(context, channel, given)
    stored = context.state.ephemerals.post(channel.id, user, message)
    return {"message_ts": stored["ts"]}


@method(CHAT, "chat.getPermalink", Tier.FREE)
def get_permalink(context: MethodContext, given: Arguments) -> Json:
    channel = context.state.workspace.find(given.required("channel"))
    ts = given.required("message_ts")
    message = context.state.messages.find(channel.id, ts)
    return {"channel": channel.id, "permalink": permalink(context.state.url, channel.id, message)}


def where_to_post(context: MethodContext, reference: str) -> Channel:
    """A channel the bot may write to; naming a user opens the direct message with them."""
    if reference in context.state.workspace.users:
        return open_im(context, reference)
    return context.state.workspace.find_open(reference)


def open_im(context: MethodContext, user_id: str) -> Channel:
    """The direct message of user and bot, made if need be. Refused `user_not_found`, `cannot_dm_bot`."""
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
    """text, blocks, attachments, metadata as the caller gave them. Refused as Slack does for what is wrong."""
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
    """`mrkdwn` where it is false: the text is shown with its asterisks. Slack's pages name it for new messages only."""
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
    """`thread_ts` if one was given. Refused `invalid_thread_ts`, and `thread_not_found` once its parent is gone."""
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
    """A message of the bot's."""
    return own_content(context.state, content, sender=True)


def own_content(state: State, content: Json, *, sender: bool = False) -> Json:
    """Content as it is stored, blocks with their ids; with `sender`, signed by the bot."""
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
