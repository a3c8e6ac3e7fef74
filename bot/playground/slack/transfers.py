"""Receive file uploads of the app and serve downloads with its token."""

from __future__ import annotations

from aiohttp import web

from bot.playground.slack.errors import Refused
from bot.playground.slack.state import State

# Slack's response without a valid token: a client must not mistake it for the file.
_LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Sign in | Slack</title></head><body>Sign in to simulated</body></html>"


class Transfers:
    """Receives uploads and serves file contents."""

    def __init__(self, *, state: State) -> None:
        self._state = state
        self.hidden = False

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Receive the second step of an upload: the raw bytes, or one part of a form."""
        try:
            file = self._state.files.get(request.match_info["file"])
        except Refused:
            return web.Response(status=404, text="no such upload")
        if request.content_type.startswith("multipart/"):
            form = await request.post()
            part = next((each for each in form.values() if isinstance(each, web.FileField)), None)
            content = part.file.read() if part else b""
        else:
            content = await request.read()
        if file.complete:
            return web.Response(status=400, text="already complete")
        file.content, file.length = content, len(content)
        return web.Response(text=f"OK - {len(content)}")

    async def hand_out(self, request: web.Request) -> web.StreamResponse:
        """Serve a file's content.

        For a wrong or missing token return the login page with status 200, as Slack does.
        """
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        hidden = self.hidden or "files:read" not in self._state.scopes
        if hidden or self._state.revoked or token != self._state.identity.bot_token:
            return web.Response(text=_LOGIN_PAGE, content_type="text/html")
        try:
            file = self._state.files.get(request.match_info["file"].rpartition("-")[2])
        except Refused:
            return web.Response(status=404, text="not found")
        if file.content is None:
            return web.Response(status=404, text="not found")
        return web.Response(body=file.content, content_type="application/octet-stream")
