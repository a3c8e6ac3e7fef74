"""Implement files.*: upload in three steps, info and delete."""

from __future__ import annotations

from bot.playground.slack.arguments import Arguments
from bot.playground.slack.canvases import canvas_json
from bot.playground.slack.errors import Refused, invalid
from bot.playground.slack.files import StoredFile, file_json
from bot.playground.slack.methods.chat import own_message, thread_fields, where_to_post
from bot.playground.slack.methods.registry import MethodContext, Table, method
from bot.playground.slack.rate_limits import Tier
from bot.playground.slack.records import Json

FILES: Table = {}

_MOST_INLINE = 1024 * 1024


@method(FILES, "files.getUploadURLExternal", Tier.FOUR, scope="files:write")
def get_upload_url(context: MethodContext, given: Arguments) -> Json:
    """Return an upload URL for a new file."""
    length = given.number("length", 0)
    if length < 1:
        raise invalid("must be greater than 0 [json-pointer:/length]")
    file = context.state.files.expect(
        name=given.required("filename"),
        length=length,
        snippet=bool(given.text("snippet_type")),
        alt=given.text("alt_txt"),
    )
    return {"upload_url": f"{context.state.url}/upload/v1/{file.id}", "file_id": file.id}


@method(FILES, "files.completeUploadExternal", Tier.FOUR, scope="files:write")
def complete_upload(context: MethodContext, given: Arguments) -> Json:
    """Complete uploads. With a channel, post a message with the files; without, they stay private."""
    listed = given.structure("files")
    if not isinstance(listed, list) or not listed:
        raise invalid("missing required field: files")
    files = [_uploaded(context, each) for each in listed]
    reference = given.text("channel_id") or given.text("channels").split(",", maxsplit=1)[0]
    if reference:
        channel = where_to_post(context, reference)
        for file in files:
            file.channels.append(channel.id)
        shown = [_shown(context, file) for file in files]
        message = own_message(context, {"text": given.text("initial_comment"), "files": shown, "upload": False})
        context.publisher.post(channel, message | thread_fields(context, channel, given) | {"subtype": "file_share"})
    for file in files:
        file.complete = True
    return {"files": [_shown(context, file) for file in files]}


@method(FILES, "files.info", Tier.FOUR, scope="files:read")
def info(context: MethodContext, given: Arguments) -> Json:
    """Return a file or a canvas."""
    wanted = given.required("file")
    if canvas := context.state.canvases.get(wanted):
        return {"file": canvas_json(canvas, url=context.state.url, team=context.state.identity.team_id), "comments": []}
    file = context.state.files.get(wanted)
    shown = _shown(context, file)
    answer: Json = {"file": shown, "comments": [], "response_metadata": {"next_cursor": ""}}
    if file.snippet and file.content is not None:
        answer["content"] = file.content[:_MOST_INLINE].decode(errors="replace")
        answer["is_truncated"] = len(file.content) > _MOST_INLINE
    return answer


@method(FILES, "files.delete", Tier.THREE, scope="files:write")
def delete(context: MethodContext, given: Arguments) -> Json:
    """Delete a file. Messages that show it get a tombstone in its place."""
    file = context.state.files.delete(given.required("file"))
    for channel in (context.state.workspace.channel(each) for each in file.channels):
        for message in context.state.messages.all(channel.id):
            shown = message.get("files", [])
            left = [{"id": file.id, "mode": "tombstone"} if each["id"] == file.id else each for each in shown]
            if left != shown:
                context.publisher.change(channel, message["ts"], {"files": left})
    return {}


def _uploaded(context: MethodContext, listed: object) -> StoredFile:
    if not isinstance(listed, dict):
        raise invalid("must be an object [json-pointer:/files/0]")
    file = context.state.files.get(str(listed.get("id", "")))
    if file.content is None or file.complete:
        raise Refused("file_not_found")
    file.title = str(listed.get("title") or file.name)
    return file


def _shown(context: MethodContext, file: StoredFile) -> Json:
    return file_json(file, identity=context.state.identity, url=context.state.url)
