"""Read the files of a message as text, and upload files."""

from __future__ import annotations

import asyncio
import codecs
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import aiohttp
import structlog
from yarl import URL

from bot.slack.api import Api
from bot.slack.errors import MissingScope, Refused, SlackRefusal, SlackUnavailable, unless_already
from bot.slack.message_events import mapping_of, text_in
from bot.slack.posts import MessageSearch
from bot.slack.web_client import Hosts, off_loop, outgoing_text
from intents.domain import Text
from responses import failures
from responses.safety import safe_line
from responses.slack.message import Picture, Snippet

_GZIP: Final = b"\x1f\x8b"
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Number of bytes that are inspected to tell text from binary data.
_SAMPLE: Final = 4096
# An encoding counts as right if at least this share of the non-ASCII part decodes to common characters. In a wrong
# one, a letter with an accent decodes to an error, or to a rare character together with the next letter.
_READS_WELL: Final = 0.7


class NotText(Exception):
    """Error: the bytes are not text."""


class TooLarge(Exception):
    """Error: the decompressed content exceeds the limit."""


def unpacked(content: bytes, *, limit: int) -> bytes:
    """Decompress gzip; return other content unchanged. Raise TooLarge beyond `limit` bytes, NotText if broken."""
    result = b""
    while content.startswith(_GZIP):
        packed = zlib.decompressobj(wbits=31)
        try:
            result += packed.decompress(content, limit + 1 - len(result))
        except zlib.error as error:
            raise NotText from error
        if len(result) > limit:
            raise TooLarge
        if not packed.eof:
            raise NotText
        # Rotated logs are often several gzip members in one file.
        content = packed.unused_data
    return result or content


def decoded(content: bytes) -> str:
    """Decode UTF-8, or UTF-16 and UTF-32 with their mark; else the most likely of UTF-8, GB 18030 and Latin-1.

    Raises NotText.
    """
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return _strictly(content, encoding)
    if b"\0" in content:
        return _without_mark(content)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = _likely(content)
    sample = text[:_SAMPLE]
    odd = sum(1 for character in sample if character < " " and character not in "\t\n\r\x0b\x0c\x1b\b")
    if odd + sample.count("\ufffd") > len(sample) // 20:
        raise NotText
    return text


def _likely(content: bytes) -> str:
    """Decode text with errors, for example cut within a character, or in an older encoding."""
    for encoding, reads_well in (("utf-8", _is_no_error), ("gb18030", _is_in_daily_use)):
        text = content.decode(encoding, "replace")
        beyond = list(islice((character for character in text if not character.isascii()), _SAMPLE))
        if sum(map(reads_well, beyond)) >= _READS_WELL * len(beyond):
            return text
    return content.decode("cp1252", "replace")


def _is_no_error(character: str) -> bool:
    return character != "\ufffd"


def _is_in_daily_use(character: str) -> bool:
    """Tell whether a character is a GB 2312 symbol or in its first level, the 3755 most used characters."""
    row = character.encode("gb2312", "replace")[0]
    return 0xA1 <= row <= 0xA9 or 0xB0 <= row <= 0xD7


def _without_mark(content: bytes) -> str:
    """Detect UTF-16 without a mark, as some Windows tools write it: every other byte of ASCII text is zero."""
    even, odd = content[:_SAMPLE:2], content[1:_SAMPLE:2]
    if odd and odd.count(0) > 0.8 * len(odd) and not even.count(0):
        return _strictly(content, "utf-16-le")
    if even and even.count(0) > 0.8 * len(even) and not odd.count(0):
        return _strictly(content, "utf-16-be")
    raise NotText


def _strictly(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise NotText from error


_log: Final = structlog.get_logger(__name__)
_METHOD: Final = "file download"
_REDIRECTS: Final = 3
_LONGEST_NAME: Final = 80
# Never text, so not downloaded.
_NO_TEXT: Final = ("image/", "video/", "audio/", "font/", "application/pdf", "application/vnd.", "application/zip")
# Modes of files without content: deleted, hidden by the plan's limit, hosted elsewhere.
_NOT_KEPT: Final = frozenset({"tombstone", "hidden_by_limit", "external"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """A file as text, or a sentence that says why it cannot be read. Exactly one of `text` and `refusal` is set."""

    text: str = ""
    refusal: Text | None = None


class _Refusal(Exception):
    def __init__(self, says: Text) -> None:
        self.says = says
        super().__init__(says.en)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """A file as Slack lists it."""

    id: str
    name: str
    url: str
    size: int
    mimetype: str
    mode: str
    access: str

    @classmethod
    def of(cls, file: Mapping[str, Any]) -> _Listed:
        size = file.get("size")
        return cls(
            id=text_in(file, "id"),
            name=safe_line(str(file.get("name") or file.get("title") or ""))[:_LONGEST_NAME],
            url=str(file.get("url_private_download") or file.get("url_private") or ""),
            size=size if isinstance(size, int) else 0,
            mimetype=text_in(file, "mimetype").lower(),
            mode=text_in(file, "mode"),
            access=text_in(file, "file_access"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Files of one workspace."""

    api: Api
    hosts: Hosts

    async def read(self, file: Mapping[str, Any], *, limit: int = 1 << 20) -> ReadFile:
        """Read a file of an event's `files`, at most `limit` bytes. Raise SlackUnavailable: a retry may work.

        gzip is unpacked, with the same limit. The text is as it was pasted: not redacted.
        """
        listed = _Listed.of(file)
        try:
            if listed.access == "check_file_info" or listed.mode == "file_access" or not listed.url:
                listed = await self._details_of(listed)
            _refuse_listed(listed, limit=limit)
            content = await self.api.repeated(
                lambda: self._fetch(listed, limit=limit), patience=2 * self.api.limits.call
            )
            text = decoded(unpacked(content, limit=limit))
        except _Refusal as refusal:
            return ReadFile(refusal=refusal.says)
        except NotText:
            return ReadFile(refusal=failures.file_not_text(listed.name))
        except TooLarge:
            return ReadFile(refusal=failures.file_too_large(listed.name, size=0, limit=limit))
        if not text.strip():
            return ReadFile(refusal=failures.file_empty(listed.name))
        return ReadFile(text=text)

    async def _details_of(self, listed: _Listed) -> _Listed:
        try:
            answer = await self.api.call("files.info", query={"file": listed.id})
        except MissingScope as error:
            raise _Refusal(failures.file_scope_missing(listed.name)) from error
        except SlackRefusal as error:
            raise _Refusal(failures.file_deleted(listed.name)) from error
        return _Listed.of(mapping_of(answer.data.get("file")))

    async def _fetch(self, listed: _Listed, *, limit: int) -> bytes:
        address = listed.url
        for _ in range(_REDIRECTS + 1):
            url = self.hosts.trusted(address)
            if url is None:
                _log.warning("file_host_rejected", file=listed.id, host=_host(address))
                raise _Refusal(failures.file_kept_elsewhere(listed.name))
            headers, within = {"Authorization": f"Bearer {self.api.token}"}, 2 * self.api.limits.call
            async with self.api.requested(_METHOD, "GET", url, within=within, headers=headers) as answer:
                if answer.status not in {301, 302, 303, 307, 308}:
                    return await _body(answer, listed, limit=limit)
                address = str(url.join(URL(answer.headers.get("Location", ""))))
        raise _Refusal(failures.file_scope_missing(listed.name))


async def _body(answer: aiohttp.ClientResponse, listed: _Listed, *, limit: int) -> bytes:
    if answer.status in {404, 410}:
        raise _Refusal(failures.file_deleted(listed.name))
    # Without the scope Slack responds with its login page and status 200.
    is_page = answer.content_type == "text/html"
    if answer.status != 200 or (is_page and "html" not in listed.mimetype):
        raise _Refusal(failures.file_scope_missing(listed.name))
    content = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 16):
        content += chunk
        if len(content) > limit:
            size = max(listed.size, answer.content_length or 0)
            raise _Refusal(failures.file_too_large(listed.name, size=size, limit=limit))
    if is_page and listed.size and listed.size != len(content):
        raise _Refusal(failures.file_scope_missing(listed.name))
    return bytes(content)


def _refuse_listed(listed: _Listed, *, limit: int) -> None:
    """Refuse files that need no download to be refused."""
    if listed.mode in _NOT_KEPT:
        raise _Refusal(failures.file_deleted(listed.name))
    if listed.access in {"access_denied", "file_not_found", "slack_connect_files_disabled", "check_file_info"}:
        raise _Refusal(failures.file_deleted(listed.name))
    if listed.mimetype.startswith(_NO_TEXT):
        raise _Refusal(failures.file_not_text(listed.name))
    if listed.size > limit:
        raise _Refusal(failures.file_too_large(listed.name, size=listed.size, limit=limit))


def _host(address: str) -> str:
    try:
        return URL(address).host or ""
    except ValueError:
        return ""


# The largest text that Slack accepts as a snippet.
LARGEST: Final = 1_000_000
_LONGEST_ALT: Final = 1_000
_BYTES: Final = "upload"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploads:
    """The uploads of one workspace. All methods raise SlackError."""

    api: Api
    hosts: Hosts
    search: MessageSearch

    async def upload(self, *, channel: str, snippet: Snippet | Picture, thread_ts: str = "") -> None:
        """Post `snippet` as a file, a text cut at 1 MB; needs the scope files:write."""
        content = snippet.content if isinstance(snippet, Picture) else _encoded(await off_loop(snippet.content))
        name = outgoing_text(snippet.name)
        query: dict[str, Any] = {"filename": name, "length": len(content)}
        if isinstance(snippet, Picture):
            query["alt_txt"] = outgoing_text(snippet.alt)[:_LONGEST_ALT]
        place = (await self.api.call("files.getUploadURLExternal", query=query)).data
        await self._send(str(place.get("upload_url") or ""), content)
        body: dict[str, Any] = {
            "files": [{"id": str(place.get("file_id") or ""), "title": snippet.title}],
            "channel_id": channel,
        }
        if thread_ts:
            body["thread_ts"] = thread_ts
        await self._complete(channel=channel, thread_ts=thread_ts, name=name, body=body)

    async def delete(self, file: str) -> None:
        """Delete our file; no error if it is gone."""
        with unless_already("file_deleted", "file_not_found"):
            await self.api.call("files.delete", body={"file": file})

    async def _complete(self, *, channel: str, thread_ts: str, name: str, body: Mapping[str, Any]) -> None:
        method = "files.completeUploadExternal"
        try:
            await self.api.call(method, body=body, channel=channel, repeatable=False)
        except SlackUnavailable as error:
            # Without a thread it is not searched for: its name alone may match an earlier file.
            if not error.maybe_done or not thread_ts:
                raise
            await asyncio.sleep(self.api.pause(0))
            if await self.search.file(channel=channel, thread_ts=thread_ts, name=name):
                return
            await self.api.call(method, body=body, channel=channel, repeatable=False)

    async def _send(self, address: str, content: bytes) -> None:
        url = self.hosts.trusted(address)
        if url is None:
            raise Refused(method=_BYTES, code="foreign_upload_url")

        async def attempt() -> None:
            with self.api.watched(_BYTES):
                async with self.api.requested(_BYTES, "POST", url, within=self.api.limits.call, data=content) as answer:
                    await answer.read()
                if answer.status != 200:
                    raise Refused(method=_BYTES, code=f"http_{answer.status}")

        await self.api.repeated(attempt, patience=self.api.limits.patience)


def _encoded(content: str) -> bytes:
    raw = content.encode("utf-8", "replace") or b"\n"
    if len(raw) <= LARGEST:
        return raw
    ending = f"\n… (+{len(raw) - LARGEST} bytes)\n".encode()
    return raw[: LARGEST - len(ending)].decode(errors="ignore").encode() + ending
