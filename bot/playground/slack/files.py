"""Store the files of the workspace: shared by users, or uploaded by the app in three steps."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from bot.playground.slack.records import Identity, Json, Refused

# Slack includes the beginning of a snippet in the event.
_PREVIEW = 300
_SNIPPET_LARGEST = 1024 * 1024
_FILETYPES = {
    "log": "text", "txt": "text", "yml": "yaml", "py": "python", "md": "markdown", "sh": "shell", "js": "javascript",
}  # fmt: skip
_TEXTS = {"text", "yaml", "json", "python", "markdown", "shell", "go", "javascript", "xml", "csv", "diff"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFile:
    """A file as a user shares it.

    `snippet` is made in Slack's editor. `only_listed` comes from Slack Connect: the event carries an id only and
    `files.info` has the rest. `claimed_size` overrides the size in bytes.
    """

    name: str
    content: bytes
    snippet: bool = False
    only_listed: bool = False
    claimed_size: int | None = None


@dataclass(slots=True, kw_only=True)
class StoredFile:
    """A file that Slack has or expects; `content` is None until the upload arrives."""

    id: str
    name: str
    user: str
    created: int
    length: int
    content: bytes | None = None
    title: str = ""
    alt: str = ""
    snippet: bool = False
    only_listed: bool = False
    complete: bool = False
    channels: list[str] = field(default_factory=list)


class Files:
    """Files by id."""

    def __init__(self, *, identity: Identity, clock: Callable[[], float]) -> None:
        self._identity = identity
        self._clock = clock
        self._files: dict[str, StoredFile] = {}
        self._deleted: set[str] = set()

    def share(self, shared: SharedFile, *, user: str, channel: str) -> StoredFile:
        """Store a file that a user shares in `channel`."""
        size = len(shared.content) if shared.claimed_size is None else shared.claimed_size
        file = self._new(name=shared.name, user=user, length=size)
        file.content, file.snippet, file.only_listed = shared.content, shared.snippet, shared.only_listed
        file.complete = True
        file.channels.append(channel)
        return file

    def expect(self, *, name: str, length: int, snippet: bool, alt: str = "") -> StoredFile:
        """Register a file that the app announces. Refuse with `snippet_too_large`."""
        if snippet and length > _SNIPPET_LARGEST:
            raise Refused("snippet_too_large")
        file = self._new(name=name, user=self._identity.bot_user_id, length=length)
        file.snippet, file.alt = snippet, alt
        return file

    def get(self, file_id: str) -> StoredFile:
        """Return a file. Refuse with `file_not_found` or `file_deleted`."""
        if file_id in self._deleted:
            raise Refused("file_deleted")
        if (file := self._files.get(file_id)) is None:
            raise Refused("file_not_found")
        return file

    def delete(self, file_id: str) -> StoredFile:
        """Remove a file and return it. Refuse with `cant_delete_file` for another user's file, and as `get` does."""
        file = self.get(file_id)
        if file.user != self._identity.bot_user_id:
            raise Refused("cant_delete_file")
        self._deleted.add(file_id)
        return self._files.pop(file_id)

    def all(self) -> list[StoredFile]:
        """Return every file."""
        return list(self._files.values())

    def _new(self, *, name: str, user: str, length: int) -> StoredFile:
        file_id = f"F0{len(self._files) + len(self._deleted) + 1:09d}"
        file = StoredFile(id=file_id, name=name, user=user, created=int(self._clock()), length=length, title=name)
        self._files[file_id] = file
        return file


def file_json(file: StoredFile, *, identity: Identity, url: str, listed: bool = False) -> Json:
    """Return a file as events and `files.info` show it; `listed` is the short form of Slack Connect events."""
    if listed:
        return {
            "id": file.id, "created": 0, "timestamp": 0, "user": "", "mode": "file_access",
            "file_access": "check_file_info",
        }  # fmt: skip
    suffix = PurePosixPath(file.name).suffix.removeprefix(".").lower()
    filetype = _FILETYPES.get(suffix, suffix or "text")
    mimetype = "text/plain" if filetype in _TEXTS else mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    path = f"/files-pri/{identity.team_id}-{file.id}"
    shown: Json = {
        "id": file.id, "created": file.created, "timestamp": file.created, "name": file.name, "title": file.title,
        "mimetype": mimetype, "filetype": filetype, "pretty_type": filetype.title(), "user": file.user,
        "user_team": identity.team_id, "editable": file.snippet, "size": file.length,
        "mode": "snippet" if file.snippet else "hosted", "is_external": False, "external_type": "",
        "is_public": True, "public_url_shared": False, "display_as_bot": False, "username": "",
        "url_private": f"{url}{path}/{file.name}", "url_private_download": f"{url}{path}/download/{file.name}",
        "permalink": f"{url}/files/{file.user}/{file.id}/{file.name}", "file_access": "visible",
        "has_rich_preview": False, "channels": list(file.channels), "groups": [], "ims": [],
    }  # fmt: skip
    if file.alt:
        shown["alt_txt"] = file.alt
    if file.snippet and file.content is not None:
        text = file.content.decode(errors="replace")
        lines = text.count("\n") + 1
        shown |= {
            "preview": text[:_PREVIEW], "lines": lines, "lines_more": max(0, lines - 5),
            "preview_is_truncated": len(text) > _PREVIEW,
        }  # fmt: skip
    return shown
