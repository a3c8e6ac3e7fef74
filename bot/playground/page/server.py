"""Serve the page: static files, one stream of changes, one POST per user action.

The server's only state is the token; the rest is in the simulated Slack and cluster.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from aiohttp import web

from bot.playground import Listener
from bot.playground.kubernetes import SimulatedCluster, times
from bot.playground.kubernetes.resources import Json
from bot.playground.page.actions import Actions, BadActionError, ChannelOpened
from bot.playground.page.cluster_watch import ClusterWatch
from bot.playground.page.content import ListedChannel, MessageShortcut, PasteSample, Person, SlashCommand, StagedEvent
from bot.playground.page.feed import Feed
from bot.playground.page.guard import Guard
from bot.playground.slack import SimulatedSlack

_STATIC = Path(__file__).parent / "static"
_LARGEST_BODY = 2 * 1024 * 1024
_LOOK_EVERY = 0.3


class PlaygroundPage:
    """A page beside a simulated Slack and a simulated cluster. Start it inside a running event loop.

    A visitor may act as any of `users`, at first as the first one. The page lists `channels`, opens the first one, and
    lists the acting user's direct messages too. `events` are what visitors may let happen in the cluster. `clock` is
    the cluster's. `channel_opened` is called with each channel that a visitor opens.
    """

    def __init__(
        self,
        *,
        slack: SimulatedSlack,
        cluster: SimulatedCluster,
        samples: Sequence[PasteSample] = (),
        events: Sequence[StagedEvent] = (),
        users: Sequence[Person],
        channels: Sequence[ListedChannel],
        commands: Sequence[SlashCommand] = (),
        shortcuts: Sequence[MessageShortcut] = (),
        clock: times.Clock = times.utc_now,
        channel_opened: ChannelOpened | None = None,
    ) -> None:
        self._slack = slack
        self._staged_events = tuple(events)
        self._people = tuple(users)
        self._listed_channels = tuple(channels)
        self._offers: Json = {
            "title": "Casebook playground",
            "samples": [asdict(each) for each in samples],
            "commands": [asdict(each) for each in commands],
            "shortcuts": [asdict(each) for each in shortcuts],
        }
        self._guard = Guard()
        self._watch = ClusterWatch(cluster=cluster, clock=clock)
        self._actions = Actions(slack=slack, channel_opened=channel_opened, events=self._staged_events)
        self._feed = Feed(slack=slack, watch=self._watch, page=self._page)
        self._listener = Listener()
        self._tasks: list[asyncio.Task[None]] = []
        self._streams: set[asyncio.Task[object]] = set()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen on `host`:`port` (0: any free port) and return the address to open, with its token."""
        application = web.Application(middlewares=[self._guard.middleware], client_max_size=_LARGEST_BODY)
        application.on_response_prepare.append(self._guard.on_prepare)
        application.router.add_get("/", self._index)
        application.router.add_get("/api/state", self._state)
        application.router.add_get("/api/events", self._events)
        application.router.add_get("/api/pictures/{file}", self._picture)
        application.router.add_get("/api/texts/{file}", self._text)
        application.router.add_post("/api/actions/{name}", self._act)
        application.router.add_static("/static", _STATIC)
        url = await self._listener.start(application, host, port)
        self._tasks = [asyncio.create_task(self._follow_slack()), asyncio.create_task(self._follow_cluster())]
        return f"{url}/?t={self._guard.token}"

    async def stop(self) -> None:
        """Stop listening and end the streams of open pages."""
        tasks = [*self._tasks, *self._streams]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._listener.stop()
        self._tasks = []

    async def _follow_slack(self) -> None:
        with self._slack.subscribe() as changes:
            async for _ in changes:
                self._feed.wake()

    async def _follow_cluster(self) -> None:
        mark = self._watch.mark
        while True:
            # The simulated cluster has no change notification, so compare its revision; this is cheap.
            await asyncio.sleep(_LOOK_EVERY)
            if self._watch.mark != mark:
                mark = self._watch.mark
                self._feed.notice()
                self._feed.wake()

    async def _index(self, request: web.Request) -> web.StreamResponse:
        self._watch.opened()
        return web.FileResponse(_STATIC / "index.html")

    async def _state(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._feed.state(self._acting(request)), dumps=_dumps)

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        """Serve a picture of a message; other files are never served with their own content type."""
        return web.Response(body=self._file(request, "image/png"), content_type="image/png")

    async def _text(self, request: web.Request) -> web.StreamResponse:
        """Serve a text file's content as JSON, which a browser cannot interpret as anything else."""
        return web.json_response({"text": self._file(request, "text/").decode(errors="replace")}, dumps=_dumps)

    def _file(self, request: web.Request, kind: str) -> bytes:
        """Return the requested file's content. Raise HTTPNotFound if its type does not begin with `kind`."""
        wanted = request.match_info["file"]
        if not any(each["id"] == wanted and each["mimetype"].startswith(kind) for each in self._slack.files()):
            raise web.HTTPNotFound
        return self._slack.file_content(wanted)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        user = self._acting(request)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        task = asyncio.current_task()
        if task is not None:
            self._streams.add(task)
        try:
            async for change in self._feed.changes(user):
                data = ": still here\n\n" if change is None else f"event: change\ndata: {_dumps(change)}\n\n"
                await response.write(data.encode())
        except ConnectionResetError:
            pass  # The page was closed.
        finally:
            if task is not None:
                self._streams.discard(task)
        return response

    async def _act(self, request: web.Request) -> web.StreamResponse:
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType(text="expected a body of type application/json")
        try:
            body = await request.json()
        except ValueError:
            raise web.HTTPBadRequest(text="the body is not valid JSON") from None
        if not isinstance(body, dict):
            raise web.HTTPBadRequest(text="the body is not a JSON object")
        if body.get("user") not in {each.id for each in self._people}:
            return _wrong("Unknown user id: the page cannot act as this user.", status=400)
        name = request.match_info["name"]
        if name not in self._actions.names:
            return _wrong(f"Unknown action {name!r}.", status=404)
        try:
            return web.json_response(await self._actions.perform(name, body), dumps=_dumps)
        except BadActionError as error:
            return _wrong(str(error), status=400)

    def _acting(self, request: web.Request) -> str:
        """Return the acting user; a browser may still send a user of an earlier playground."""
        known = [each.id for each in self._people]
        user = request.query.get("user", "")
        return user if user in known else known[0]

    def _page(self, user: str) -> Json:
        """Return what the page needs besides the channels' content, for one acting user."""
        known = {each["id"]: each for each in self._slack.users()}
        bot = known[self._slack.bot_user_id]
        return {
            "acting": user,
            "users": [
                {"id": each.id, "title": each.title} | _person(known[each.id])
                for each in self._people
                if each.id in known
            ],
            "others": [{"id": each["id"]} | _person(each) for each in known.values()],
            "bot": {"id": bot["id"], "bot_id": self._slack.bot_id, "title": "app"} | _person(bot),
            "channels": self._channels(user, bot_name=bot["name"]),
            "events": [each.shown() for each in self._staged_events],
        } | self._offers

    def _channels(self, user: str, *, bot_name: str) -> list[Json]:
        topics = {each.id: each.topic for each in self._listed_channels}
        known_channels = {each["id"]: each for each in self._slack.channels()}
        listed = [known_channels[each.id] for each in self._listed_channels if each.id in known_channels]
        listed += [each for each in known_channels.values() if each.get("is_im") and each.get("user") == user]
        flags = {"direct": "is_im", "archived": "is_archived", "external": "is_ext_shared"}
        return [
            {"id": each["id"], "name": each.get("name") or bot_name, "topic": topics.get(each["id"], "")}
            | {name: bool(each.get(flag)) for name, flag in flags.items()}
            for each in listed
        ]


def _person(user: Json) -> Json:
    return {"name": user["name"], "locale": user.get("locale", ""), "guest": bool(user.get("is_restricted"))}


def _wrong(error: str, *, status: int) -> web.Response:
    return web.json_response({"ok": False, "error": error}, status=status)


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
