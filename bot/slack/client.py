"""Everything that goes out to Slack, as one object: post, edit, whisper, upload, look something up."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final, Self

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api import Api
from bot.slack.calls import Watch
from bot.slack.canvases import Canvases
from bot.slack.continuations import Continuations
from bot.slack.edits import Edits
from bot.slack.errors import MessageGone, Refused, SlackError, TooLong
from bot.slack.files import Files, ReadFile
from bot.slack.groups import Groups, Membership
from bot.slack.history import History, Page
from bot.slack.hosts import Hosts
from bot.slack.limits import Limits
from bot.slack.message_forms import Form, checked, forms, payload
from bot.slack.message_search import MessageSearch
from bot.slack.people import People, Person, Place
from bot.slack.pins import Pins
from bot.slack.posts import Address, PostedMessage, Posts
from bot.slack.response_urls import ResponseUrls
from bot.slack.uploads import Uploads
from responses.slack.message import Message, Picture, Snippet, View
from responses.slack.simplified import text_only
from responses.slack.validation import validate_view

_log: Final = structlog.get_logger(__name__)
# The keys of so many messages of ours are remembered, so that their edits keep them.
_REMEMBERED: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who we are in Slack, `url` that of the workspace. `scopes` are the token's; empty where Slack does not tell, as
    `app_id` is."""

    team: str
    team_name: str
    user: str
    bot_id: str
    app_id: str = ""
    url: str = ""
    scopes: frozenset[str] = frozenset()


class Slack:
    """One workspace, whose token, address and proxy are those of `client`; its retry handlers are not used.

    Use it as a context manager or `aclose()` it, inside the loop it is used in. Methods raise SlackError and nothing
    else; none takes longer than `limits.patience` of waiting for each message, file or call it makes.
    """

    def __init__(self, client: AsyncWebClient, *, limits: Limits | None = None, watch: Watch | None = None) -> None:
        """`watch` hears of each call and of each wait for a turn."""
        self._api = Api(client, limits=limits or Limits(), watch=watch)
        hosts = Hosts(base_url=self._api.base_url)
        search = MessageSearch(api=self._api, ours=self._is_ours)
        self._edits = Edits(self._api)
        self._posts = Posts(api=self._api, search=search)
        self._uploads = Uploads(api=self._api, hosts=hosts, search=search)
        self._continuations = Continuations(posts=self._posts, uploads=self._uploads)
        self._response_urls = ResponseUrls(api=self._api, hosts=hosts)
        self._files = Files(api=self._api, hosts=hosts)
        self._people = People(self._api, team=self._team)
        self._groups = Groups(self._api)
        self._pins = Pins(api=self._api)
        self._canvases = Canvases(api=self._api, us=self._user)
        self._history = History(api=self._api)
        self._identity: Identity | None = None
        self._identifying = asyncio.Lock()
        self._keys: OrderedDict[tuple[str, str], str] = OrderedDict()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop what is under way and close the connections."""
        await self._edits.aclose()
        await self._people.aclose()
        await self._groups.aclose()
        await self._api.aclose()

    @property
    def token_refused(self) -> bool:
        """Whether Slack did not accept our token when it was last asked anything."""
        return self._api.token_refused

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes of our token as of Slack's newest answer; empty where it does not tell."""
        return self._api.scopes

    async def identify(self) -> Identity:
        """Who we are, by auth.test: asked once, until it was answered."""
        async with self._identifying:
            if self._identity is None:
                self._identity = await self._ask_identity()
            return self._identity

    async def greet(self) -> None:
        """One call, not repeated, by which whoever watches hears whether Slack is there. Raises SlackError."""
        await self._api.once("auth.test", query={})

    async def post(
        self,
        *,
        channel: str,
        message: Message,
        thread_ts: str = "",
        key: str = "",
        sought: bool = False,
        near_ts: str = "",
    ) -> PostedMessage:
        """Post `message`, in further messages or with a file in its thread where it does not fit into one.

        `channel` may be a user's id: the answer then names the direct message.

        `key` (request/step) makes it findable: with `sought` (a former attempt may have posted it) it is looked for
        first, and only what is missing is posted. `near_ts`: it cannot be older. Raises SlackError; with `maybe_done`,
        another attempt has to seek it.
        """
        address = Address(channel=channel, thread_ts=thread_ts, key=key, near_ts=near_ts)
        offered = list(forms(message))
        found = await self._posts.sought(address) if sought and key else None
        if found is not None:
            sent = PostedMessage(channel=channel, ts=found.ts)
            form = offered[max(0, min(found.form, len(offered) - 1))]
        else:
            sent, form = await self._offer(address, offered)
        self._remember(sent.channel, sent.ts, key)
        address = replace(address, channel=sent.channel)
        await self._follow(address, form, ts=sent.ts, said=message.text, sought=found is not None)
        return sent

    async def update(
        self,
        *,
        channel: str,
        ts: str,
        message: Message,
        final: bool = False,
        key: str = "",
        thread_ts: str = "",
        sought: bool = True,
    ) -> None:
        """Make a message of ours say `message`; return when it does, or when it says something newer.

        Of several contents that wait, only the newest is sent; `final` ones go first, others at most every 2-3 s.
        `thread_ts`: the thread the message stands in. `key` defaults to the one it was posted with by this object.
        What does not fit goes into the thread once, whoever repeats this; not `sought`, it certainly is not there yet.
        Raises SlackError.
        """
        key = key or self._keys.get((channel, ts), "")
        offered = list(forms(message))
        bodies = [payload(form.parts[0], key=key, form=index) for index, form in enumerate(offered)]
        taken = await self._edits.edit(channel=channel, ts=ts, forms=bodies, final=final)
        if taken is not None:
            address = Address(channel=channel, thread_ts=thread_ts, key=key)
            await self._follow(address, offered[taken], ts=ts, said=message.text, sought=sought)

    async def delete(self, *, channel: str, ts: str, key: str = "", thread_ts: str = "") -> None:
        """Delete a message of ours, and let go of edits that wait for it; one that is gone already is fine.

        What followed it into its thread (`thread_ts`, else its own) goes before it. It is found by the message's `key`,
        which defaults to the one it was posted with by this object; without, it stays. Raises SlackError.
        """
        await self._edits.drop(channel=channel, ts=ts)
        if key := key or self._keys.get((channel, ts), ""):
            thread = Address(channel=channel, thread_ts=thread_ts or ts, key=key, near_ts=ts)
            await self._continuations.withdraw(thread)
        await self._posts.delete(channel=channel, ts=ts)

    async def whisper(self, *, channel: str, user: str, message: Message, thread_ts: str = "") -> None:
        """Show `message` to one user only, without its file. After a lost connection it may be shown twice."""
        body: dict[str, Any] = {"channel": channel, "user": user}
        if thread_ts:
            body["thread_ts"] = thread_ts
        whole = checked(message)
        try:
            await self._api.call("chat.postEphemeral", body=body | payload(whole))
        except TooLong:
            if not whole.blocks:
                raise
            await self._api.call("chat.postEphemeral", body=body | payload(text_only(whole)))

    async def respond(
        self, response_url: str, message: Message, *, in_channel: bool = False, replace: bool = False
    ) -> None:
        """Answer a command or a press at its response address, without a file; it may arrive twice.

        `in_channel`: for everybody, else for who asked only. `replace`: instead of the message with the button.
        """
        how = {"response_type": "in_channel" if in_channel else "ephemeral", "replace_original": replace}
        whole = checked(message)
        try:
            await self._response_urls.respond(response_url, payload(whole) | how)
        except TooLong:
            if not whole.blocks:
                raise
            await self._response_urls.respond(response_url, payload(text_only(whole)) | how)

    async def open_view(self, trigger_id: str, view: View) -> str:
        """Open a dialog and return its id. Raises TriggerExpired when the press was more than three seconds ago."""
        body = {"trigger_id": trigger_id, "view": _checked_view(view, "views.open")}
        answer = await self._api.call("views.open", body=body, repeatable=False, patience=self._api.limits.trigger)
        return _view_id(answer.data)

    async def update_view(self, view_id: str, view: View) -> None:
        """Change an open dialog. Raises MessageGone when it was closed."""
        await self._api.call("views.update", body={"view_id": view_id, "view": _checked_view(view, "views.update")})

    async def upload(self, *, channel: str, snippet: Snippet, thread_ts: str = "") -> None:
        """Post `snippet` as a file, cut at 1 MB. Raises MissingScope without files:write."""
        await self._uploads.upload(channel=channel, snippet=snippet, thread_ts=thread_ts)

    async def attach(self, *, channel: str, ts: str, picture: Picture, key: str, thread_ts: str = "") -> None:
        """Put `picture` below our message `ts`, in the thread it stands in or else its own, once, whoever repeats this.

        It goes with the message, which was posted with `key`, when that is deleted. Raises SlackError.
        """
        address = Address(channel=channel, thread_ts=thread_ts or ts, key=key, near_ts=ts)
        await self._continuations.picture(address, picture)

    async def permalink(self, channel: str, ts: str) -> str:
        """The address of a message."""
        answer = await self._api.call("chat.getPermalink", query={"channel": channel, "message_ts": ts})
        return str(answer.data.get("permalink") or "")

    async def message(self, *, channel: str, ts: str) -> Mapping[str, Any] | None:
        """A message as Slack keeps it, not redacted; None where there is none. One that heads a thread, if any does."""
        query = {"channel": channel, "ts": ts, "limit": 1}
        try:
            answer = await self._api.call("conversations.replies", query=query)
        except MessageGone:
            return None
        found = answer.data.get("messages")
        first = found[0] if isinstance(found, list) and found else None
        return first if isinstance(first, Mapping) and first.get("ts") == ts else None

    async def history(
        self, channel: str, *, oldest: str = "", latest: str = "", cursor: str = "", limit: int = 200
    ) -> Page:
        """A page of a channel's messages, newest first, of those between `oldest` and `latest`. Raises SlackError.

        It waits behind everything else. RateLimited may ask for a minute; `limit` is what Slack recommends.
        """
        return await self._history.channel(
            channel=channel, oldest=oldest, latest=latest, cursor=cursor, limit=limit
        )  # fmt: skip

    async def replies(self, channel: str, ts: str, *, oldest: str = "", cursor: str = "", limit: int = 200) -> Page:
        """A page of the thread below `ts`, which heads it, oldest first; as `history` else. Raises MessageGone too."""
        return await self._history.thread(channel=channel, ts=ts, oldest=oldest, cursor=cursor, limit=limit)

    async def join(self, channel: str) -> None:
        """Be in a public channel; fine where we are. Raises SlackError: MissingScope without channels:join."""
        await self._api.call("conversations.join", body={"channel": channel})

    async def pin(self, *, channel: str, ts: str) -> None:
        """Pin a message; fine where it is pinned. Raises SlackError: MessageGone, MissingScope without pins:write."""
        await self._pins.add(channel=channel, ts=ts)

    async def unpin(self, *, channel: str, ts: str) -> None:
        """Unpin a message; fine where it is not pinned or gone. Raises SlackError."""
        await self._pins.remove(channel=channel, ts=ts)

    async def canvas_create(self, *, channel: str, title: str, markdown: str) -> str:
        """The id of the channel's canvas, which says `markdown` now: a new one, or the one we made before.

        Raises SlackError: CanvasTaken where people have made one, CanvasesOff where the workspace has none, TooLong
        beyond 100,000 characters, MissingScope without canvases:write.
        """
        return await self._canvases.create(channel=channel, title=title, markdown=markdown)

    async def canvas_edit(self, *, canvas: str, markdown: str) -> None:
        """Let our canvas say `markdown`. Raises SlackError: CanvasGone where it was deleted, TooLong as above."""
        await self._canvases.edit(canvas=canvas, markdown=markdown)

    async def read_file(self, file: Mapping[str, Any], *, limit: int = 1 << 20) -> ReadFile:
        """One of an event's `files` as text of at most `limit` bytes, not redacted. Raises SlackUnavailable only."""
        return await self._files.read(file, limit=limit)

    async def person(self, user: str) -> Person:
        """Who a user is, remembered for ten minutes; what Slack does not tell is `unknown`."""
        return await self._people.person(user)

    async def groups(self, user: str) -> Membership:
        """The user groups somebody is in, remembered for a minute; who is in none for all Slack tells is in none."""
        return await self._groups.of(user)

    async def place(self, channel: str) -> Place:
        """What a channel is, remembered for ten minutes; what Slack does not tell is `unknown`."""
        return await self._people.place(channel)

    async def _offer(self, address: Address, offered: list[Form]) -> tuple[PostedMessage, Form]:
        refused: TooLong | None = None
        for index, form in enumerate(offered):
            try:
                posted = await self._posts.post(address, payload(form.parts[0], key=address.key, form=index))
            except TooLong as error:
                _log.warning("Slack finds a message too long", channel=address.channel, form=index, error=str(error))
                refused = error
            else:
                return posted, form
        raise refused or TooLong(method="chat.postMessage")

    async def _follow(self, address: Address, form: Form, *, ts: str, said: str, sought: bool) -> None:
        """Post what else belongs to the message `ts` into its thread."""
        thread = Address(channel=address.channel, thread_ts=address.thread_ts or ts, key=address.key, near_ts=ts)
        await self._continuations.parts(thread, form.parts[1:], sought=sought)
        if form.file is not None:
            await self._continuations.file(thread, form.file, said=said, sought=sought)

    async def _ask_identity(self) -> Identity:
        answer = await self._api.call("auth.test", query={})
        told = answer.data
        user = str(told.get("user_id") or "")
        return Identity(
            team=str(told.get("team_id") or ""),
            team_name=str(told.get("team") or ""),
            user=user,
            bot_id=str(told.get("bot_id") or ""),
            app_id=str(told.get("app_id") or "") or await self._ask_app(user),
            url=str(told.get("url") or ""),
            scopes=answer.scopes,
        )

    async def _ask_app(self, user: str) -> str:
        # auth.test tells it to some tokens only; it also stands in the profile of the bot's user.
        try:
            answer = await self._api.call("users.info", query={"user": user})
        except SlackError:
            return ""
        told = answer.data.get("user")
        profile = told.get("profile") if isinstance(told, Mapping) else None
        return str(profile.get("api_app_id") or "") if isinstance(profile, Mapping) else ""

    async def _team(self) -> str:
        return (await self.identify()).team

    async def _user(self) -> str:
        return (await self.identify()).user

    async def _is_ours(self, message: Mapping[str, Any]) -> bool:
        identity = await self.identify()
        return (bool(identity.user) and message.get("user") == identity.user) or (
            bool(identity.bot_id) and message.get("bot_id") == identity.bot_id
        )

    def _remember(self, channel: str, ts: str, key: str) -> None:
        if key:
            self._keys[channel, ts] = key
            while len(self._keys) > _REMEMBERED:
                self._keys.popitem(last=False)


def _checked_view(view: View, method: str) -> View:
    """`view` if Slack should take it. Raises Refused: a dialog has no plainer form, its caller may write instead."""
    problems = validate_view(view)
    if problems:
        _log.error("a view breaks Slack's limits and is not sent", problems=list(problems[:10]))
        raise Refused(method=method, code="invalid_view")
    return view


def _view_id(answer: Mapping[str, Any]) -> str:
    view = answer.get("view")
    return str(view.get("id") or "") if isinstance(view, Mapping) else ""
