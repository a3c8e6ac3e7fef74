"""Read files that people paste: long logs arrive as snippets. Reads are bounded, and the token goes only to Slack."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import structlog
from yarl import URL

from bot.slack.api import Api, unreachable
from bot.slack.errors import MissingScope, SlackError, SlackUnavailable
from bot.slack.file_text import NotText, TooLarge, decoded, unpacked
from bot.slack.hosts import Hosts
from intents.domain import Text
from responses import failures
from responses.safety import safe_line

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

    name: str
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
            id=str(file.get("id") or ""),
            name=safe_line(str(file.get("name") or file.get("title") or ""))[:_LONGEST_NAME],
            url=str(file.get("url_private_download") or file.get("url_private") or ""),
            size=size if isinstance(size, int) else 0,
            mimetype=str(file.get("mimetype") or "").lower(),
            mode=str(file.get("mode") or ""),
            access=str(file.get("file_access") or ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Files of one workspace."""

    api: Api
    hosts: Hosts

    async def read(self, file: Mapping[str, Any], *, limit: int) -> ReadFile:
        """Read a file of an event's `files`, at most `limit` bytes. Raise SlackUnavailable: a retry may work.

        gzip is unpacked, with the same limit. The text is as it was pasted: not redacted.
        """
        listed = _Listed.of(file)
        try:
            if listed.access == "check_file_info" or listed.mode == "file_access" or not listed.url:
                listed = await self._details_of(listed)
            _refuse_listed(listed, limit=limit)
            content = await self._download(listed, limit=limit)
            text = decoded(unpacked(content, limit=limit))
        except _Refusal as refusal:
            return ReadFile(name=listed.name, refusal=refusal.says)
        except NotText:
            return ReadFile(name=listed.name, refusal=failures.file_not_text(listed.name))
        except TooLarge:
            return ReadFile(name=listed.name, refusal=failures.file_too_large(listed.name, size=0, limit=limit))
        if not text.strip():
            return ReadFile(name=listed.name, refusal=failures.file_empty(listed.name))
        return ReadFile(name=listed.name, text=text)

    async def _details_of(self, listed: _Listed) -> _Listed:
        try:
            answer = await self.api.call("files.info", query={"file": listed.id})
        except SlackUnavailable:
            raise
        except MissingScope as error:
            raise _Refusal(failures.file_scope_missing(listed.name)) from error
        except SlackError as error:
            raise _Refusal(failures.file_deleted(listed.name)) from error
        entry = answer.data.get("file")
        return _Listed.of(entry if isinstance(entry, Mapping) else {})

    async def _download(self, listed: _Listed, *, limit: int) -> bytes:
        for repetition in range(self.api.limits.repetitions + 1):
            try:
                async with asyncio.timeout(2 * self.api.limits.call):
                    return await self._fetch(listed, limit=limit)
            except TimeoutError as error:
                raise SlackUnavailable(method=_METHOD, detail="no answer in time") from error
            except (aiohttp.ClientError, OSError) as error:
                failure = unreachable(_METHOD, error)
                if repetition == self.api.limits.repetitions:
                    raise failure from error
            except SlackUnavailable:
                if repetition == self.api.limits.repetitions:
                    raise
            await asyncio.sleep(self.api.pause(repetition))
        raise AssertionError("the last repetition returns or raises")

    async def _fetch(self, listed: _Listed, *, limit: int) -> bytes:
        address = listed.url
        for _ in range(_REDIRECTS + 1):
            url = self.hosts.trusted(address)
            if url is None:
                _log.warning("file_host_rejected", file=listed.id, host=_host(address))
                raise _Refusal(failures.file_kept_elsewhere(listed.name))
            headers = {"Authorization": f"Bearer {self.api.token}"}
            async with self.api.session.get(
                url, headers=headers, proxy=self.api.proxy, allow_redirects=False, middlewares=()
            ) as answer:
                if answer.status not in {301, 302, 303, 307, 308}:
                    return await _body(answer, listed, limit=limit)
                address = str(url.join(URL(answer.headers.get("Location", ""))))
        raise _Refusal(failures.file_scope_missing(listed.name))


async def _body(answer: aiohttp.ClientResponse, listed: _Listed, *, limit: int) -> bytes:
    if answer.status == 429 or answer.status >= 500:
        raise SlackUnavailable(method=_METHOD, detail=f"HTTP {answer.status}")
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
