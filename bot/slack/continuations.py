"""Post the continuation of a long message: further parts and a file in the same thread, each once.

They are deleted together with the message. Parts are found by their keys and files by their names, because Slack
uploads carry no other data.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, Final

import structlog

from bot.common.recent import remember
from bot.slack.errors import MessageGone, SlackError, TooLong, log_refusal
from bot.slack.files import Uploads
from bot.slack.message_events import mappings_in, text_in
from bot.slack.message_forms import as_file, message_key, payload
from bot.slack.posts import Address, Posts
from intents.domain import Language, Text
from intents.languages import language_of
from responses.slack.message import Message, Picture, Snippet
from responses.slack.notices import notice

_log: Final = structlog.get_logger(__name__)
_REMEMBERED: Final = 1000
# No answer has more parts than this.
_MOST_WITHDRAWN: Final = 20
_NOT_UPLOADED: Final = Text(
    en="This answer does not fit into one message, and the file upload with the rest failed",
    zh="此回答超出了一条消息的长度，而我无法将其余部分作为文件上传",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuations:
    """The continuations of messages of one workspace. Parts of an earlier attempt are found, not repeated."""

    posts: Posts
    uploads: Uploads
    _done: OrderedDict[tuple[str, str, str], None] = field(default_factory=OrderedDict)

    async def parts(self, address: Address, parts: Sequence[Message], *, sought: bool) -> None:
        """Post the second and further `parts` to the thread of `address`.

        `sought`: an earlier attempt may have posted them.
        """
        for number, part in enumerate(parts, start=2):
            own = replace(address, key=f"{address.key}/part-{number}" if address.key else "")
            if self._is_done(own, own.key) or (sought and own.key and await self.posts.find(own)):
                continue
            try:
                await self.posts.post(own, payload(part, key=own.key))
            except TooLong:
                form = as_file(part)
                await self.posts.post(own, payload(form.parts[0], key=own.key))
                if form.file is not None:
                    await self.file(address, form.file, text=part.text, sought=sought)
            self._remember(own, own.key)

    async def file(self, address: Address, snippet: Snippet, *, text: str, sought: bool) -> None:
        """Upload `snippet` to the thread, or post there that the upload failed, in the language of `text`."""
        own = replace(snippet, name=_own_name(snippet, address.key))
        if self._is_done(address, own.name):
            return
        with log_refusal(_log.warning, "file_lookup_failed", channel=address.channel):
            if sought and await self.uploads.search.file(
                channel=address.channel, thread_ts=address.thread_ts, name=own.name
            ):
                return
        try:
            await self.uploads.upload(channel=address.channel, snippet=own, thread_ts=address.thread_ts)
        except SlackError as error:
            _log.warning("file_upload_failed", channel=address.channel, error=str(error))
            await self._note_failure(address, error, text=text, sought=sought)
        self._remember(address, own.name)

    async def picture(self, address: Address, picture: Picture) -> None:
        """Upload `picture` to the thread once, however often this is repeated. Raise SlackError."""
        own = replace(picture, name=_own_name(picture, address.key))
        if self._is_done(address, own.name):
            return
        search = self.uploads.search
        if not await search.file(channel=address.channel, thread_ts=address.thread_ts, name=own.name):
            await self.uploads.upload(channel=address.channel, snippet=own, thread_ts=address.thread_ts)
        self._remember(address, own.name)

    async def withdraw(self, address: Address) -> None:
        """Delete the continuations of the message with this key from its thread. Raise SlackUnavailable."""
        for done in [done for done in self._done if done[:2] == (address.channel, address.thread_ts)]:
            if _is_of(done[2], address.key):
                del self._done[done]
        messages = self.posts.search.matching(
            lambda message: _follows(message, address.key),
            channel=address.channel,
            thread_ts=address.thread_ts,
            near_ts=address.near_ts,
        )
        # MessageGone: the thread was deleted.
        with log_refusal(_log.warning, "continuation_delete_failed", channel=address.channel), suppress(MessageGone):
            followed = [message async for message in messages]
            for message in followed[:_MOST_WITHDRAWN]:
                for file in mappings_in(message.get("files")):
                    await self._delete_file(text_in(file, "id"))
                await self.posts.delete(channel=address.channel, ts=text_in(message, "ts"))

    async def _delete_file(self, file: str) -> None:
        with log_refusal(_log.warning, "file_delete_failed", file=file):
            await self.uploads.delete(file)

    async def _note_failure(self, address: Address, error: SlackError, *, text: str, sought: bool) -> None:
        language = language_of(text) or Language.EN
        why = error.says
        says = Text(en=f"{_NOT_UPLOADED.en}: {why.en}.", zh=f"{_NOT_UPLOADED.zh}：{why.zh}。")
        own = replace(address, key=f"{address.key}/note" if address.key else "")
        with log_refusal(_log.warning, "upload_failure_note_failed", channel=address.channel, of=SlackError):
            if sought and own.key and await self.posts.find(own):
                return
            await self.posts.post(own, payload(notice(says, language=language), key=own.key))

    def _is_done(self, address: Address, name: str) -> bool:
        return bool(name) and (address.channel, address.thread_ts, name) in self._done

    def _remember(self, address: Address, name: str) -> None:
        remember(self._done, (address.channel, address.thread_ts, name), None, most=_REMEMBERED)


def _own_name(snippet: Snippet | Picture, key: str) -> str:
    """Return the file's name with digests of its message and content, because an edit may have another file."""
    path = PurePosixPath(snippet.name or "answer.txt")
    return f"{path.stem}-{_mark(key, 6)}-{_mark(snippet.content, 4)}{path.suffix or '.txt'}"


def _mark(content: str | bytes, digits: int) -> str:
    raw = content.encode("utf-8", "replace") if isinstance(content, str) else content
    return hashlib.sha256(raw).hexdigest()[:digits]


def _is_of(name: str, key: str) -> bool:
    """Tell whether a part's key or a file's name belongs to the message `key`."""
    return name.startswith(f"{key}/") or f"-{_mark(key, 6)}-" in name


def _follows(message: Mapping[str, Any], key: str) -> bool:
    files = mappings_in(message.get("files"))
    # A deleted file has no name any more.
    is_empty = bool(files) and all(file.get("mode") == "tombstone" for file in files)
    return is_empty or _is_of(message_key(message)[0], key) or any(_is_of(str(file.get("name")), key) for file in files)
