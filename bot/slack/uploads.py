"""Upload files to a channel in Slack's three steps (address, bytes, target), and delete them again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from yarl import URL

from bot.slack.api import Api, unreachable
from bot.slack.errors import Refused, SlackUnavailable
from bot.slack.hosts import Hosts
from bot.slack.message_search import MessageSearch
from bot.slack.outgoing import off_loop, outgoing_text
from responses.slack.message import Picture, Snippet

# The largest text that Slack accepts as a snippet.
LARGEST: Final = 1_000_000
_LONGEST_ALT: Final = 1_000
_BYTES: Final = "upload"
_GONE: Final = frozenset({"file_deleted", "file_not_found"})


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
        try:
            await self.api.call("files.delete", body={"file": file})
        except Refused as error:
            if error.code not in _GONE:
                raise

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
        for repetition in range(self.api.limits.repetitions + 1):
            try:
                with self.api.watched(_BYTES):
                    await self._send_once(url=url, content=content)
            except SlackUnavailable:
                if repetition == self.api.limits.repetitions:
                    raise
            else:
                return
            await asyncio.sleep(self.api.pause(repetition))

    async def _send_once(self, *, url: URL, content: bytes) -> None:
        # The address is itself a secret; our token is not sent.
        try:
            async with (
                asyncio.timeout(self.api.limits.call),
                self.api.session.post(
                    url, data=content, proxy=self.api.proxy, allow_redirects=False, middlewares=()
                ) as answer,
            ):
                status = answer.status
                await answer.read()
        except TimeoutError as error:
            raise SlackUnavailable(method=_BYTES, detail="no answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise unreachable(_BYTES, error) from None
        if status >= 500 or status == 429:
            raise SlackUnavailable(method=_BYTES, detail=f"HTTP {status}")
        if status != 200:
            raise Refused(method=_BYTES, code=f"http_{status}")


def _encoded(content: str) -> bytes:
    raw = content.encode("utf-8", "replace") or b"\n"
    if len(raw) <= LARGEST:
        return raw
    ending = f"\n… (+{len(raw) - LARGEST} bytes)\n".encode()
    return raw[: LARGEST - len(ending)].decode(errors="ignore").encode() + ending
