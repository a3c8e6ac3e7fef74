"""Implement files.*: upload in three steps, info and delete."""

from __future__ import annotations

from bot.playground.slack.canvases import canvas_json
from bot.playground.slack.files import StoredFile
from bot.playground.slack.limits import Tier
from bot.playground.slack.methods.chat import own_content, thread_fields
from bot.playground.slack.methods.registry import Call, method
from bot.playground.slack.records import Json, Refused, invalid

_MOST_INLINE = 1024 * 1024


@method("files.getUploadURLExternal", Tier.FOUR, scope="files:write")
def get_upload_url(call: Call) -> Json:
    """Return an upload URL for a new file."""
    length = call.number("length", 0)
    if length < 1:
        raise invalid("must be greater than 0 [json-pointer:/length]")
    name, snippet = call.required("filename"), bool(call.text("snippet_type"))
    file = call.state.files.expect(name=name, length=length, snippet=snippet, alt=call.text("alt_txt"))
    return {"upload_url": f"{call.state.url}/upload/v1/{file.id}", "file_id": file.id}


@method("files.completeUploadExternal", Tier.FOUR, scope="files:write")
def complete_upload(call: Call) -> Json:
    """Complete uploads. With a channel, post a message with the files; without, they stay private."""
    listed = call.structure("files")
    if not isinstance(listed, list) or not listed:
        raise invalid("missing required field: files")
    files = [_uploaded(call, each) for each in listed]
    reference = call.text("channel_id") or call.text("channels").split(",", maxsplit=1)[0]
    if reference:
        channel = call.workspace.find_to_post(reference)
        for file in files:
            file.channels.append(channel.id)
        shown = [call.state.file(file) for file in files]
        content = {"text": call.text("initial_comment"), "files": shown, "upload": False, "subtype": "file_share"}
        message = own_content(call.state, content, sender=True) | thread_fields(call, channel)
        call.context.publisher.post(channel, message)
    for file in files:
        file.complete = True
    return {"files": [call.state.file(file) for file in files]}


@method("files.info", Tier.FOUR, scope="files:read")
def info(call: Call) -> Json:
    """Return a file or a canvas."""
    wanted = call.required("file")
    if canvas := call.state.canvases.get(wanted):
        return {"file": canvas_json(canvas, url=call.state.url, team=call.state.identity.team_id), "comments": []}
    file = call.state.files.get(wanted)
    answer: Json = {"file": call.state.file(file), "comments": [], "response_metadata": {"next_cursor": ""}}
    if file.snippet and file.content is not None:
        answer["content"] = file.content[:_MOST_INLINE].decode(errors="replace")
        answer["is_truncated"] = len(file.content) > _MOST_INLINE
    return answer


@method("files.delete", Tier.THREE, scope="files:write")
def delete(call: Call) -> Json:
    """Delete a file. Messages that show it get a tombstone in its place."""
    file = call.state.files.delete(call.required("file"))
    for channel in (call.workspace.channel(each) for each in file.channels):
        for message in call.state.messages.all(channel.id):
            shown = message.get("files", [])
            left = [{"id": file.id, "mode": "tombstone"} if each["id"] == file.id else each for each in shown]
            if left != shown:
                call.context.publisher.change(channel, message["ts"], {"files": left})
    return {}


def _uploaded(call: Call, listed: object) -> StoredFile:
    if not isinstance(listed, dict):
        raise invalid("must be an object [json-pointer:/files/0]")
    file = call.state.files.get(str(listed.get("id", "")))
    if file.content is None or file.complete:
        raise Refused("file_not_found")
    file.title = str(listed.get("title") or file.name)
    return file
