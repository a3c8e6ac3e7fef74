"""Name the OAuth scopes that each feature needs, and advise what to do about errors and missing scopes.

The manifests, docs/permissions.md and `casebook doctor` are generated from this table. It is read without Slack's
libraries. Scopes of methods and events are from docs.slack.dev (reference/methods, reference/events).

`SlackError.says` is for the people in a channel; advice is for the owners of the tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.slack.errors import MissingScope, RateLimited, SlackError, SlackUnavailable, TokenRevoked


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A scope of the bot token.

    `reason` is for the administrator who installs the app. `without` names what is off if the scope is not granted;
    empty: Casebook requires it. `methods` of the Web API and `events` need it; `also` names anything else that does.
    """

    name: str
    reason: str
    without: str = ""
    methods: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    also: str = ""

    @property
    def required(self) -> bool:
        return not self.without


_READ_PLACES: Final = ("conversations.info",)
_LIST_PLACES: Final = (*_READ_PLACES, "users.conversations")
_READ_MESSAGES: Final = ("conversations.history", "conversations.replies")

SCOPES: Final = (
    Scope(
        name="commands",
        reason="Provides the /diagnose command and the message shortcuts.",
        also="the command, the message shortcuts and buttons",
    ),
    Scope(
        name="chat:write",
        reason="Posts answers, updates them with new findings, and deletes them when the question is deleted.",
        methods=(
            "agents.sessions.setStatus",
            "chat.delete",
            "chat.postEphemeral",
            "chat.postMessage",
            "chat.update",
        ),
    ),
    Scope(
        name="app_mentions:read",
        reason="Receives messages that mention it.",
        events=("app_mention",),
    ),
    Scope(
        name="channels:history",
        reason=(
            "Reads messages in public channels it was added to, to answer known errors. Finds its own"
            " messages again after a crash, to avoid duplicates. Other messages are discarded at once, except in"
            " incident channels, where it keeps a timeline."
        ),
        methods=_READ_MESSAGES,
        events=("message.channels",),
    ),
    Scope(
        name="channels:read",
        reason=(
            "Detects channels that are shared with other organisations before it shows cluster data there. Finds"
            " incident channels by name."
        ),
        methods=_LIST_PLACES,
        events=(
            "channel_archive",
            "channel_created",
            "channel_left",
            "channel_rename",
            "channel_unarchive",
            "member_joined_channel",
        ),
    ),
    Scope(
        name="users:read",
        reason=(
            "Distinguishes members from guests and people of other organisations, who see no cluster data"
            " unless your policy allows it. Answers in the user's language."
        ),
        methods=("users.info", "users.list"),
    ),
    Scope(
        name="groups:history",
        reason="Same as channels:history, for private channels it was invited to.",
        without="answers to messages in private channels",
        methods=_READ_MESSAGES,
        events=("message.groups",),
    ),
    Scope(
        name="groups:read",
        reason="Same as channels:read, for private channels it was invited to.",
        without="answers from the cluster in private channels; private incident channels",
        methods=_LIST_PLACES,
        events=("group_archive", "group_left", "group_rename", "group_unarchive", "member_joined_channel"),
    ),
    Scope(
        name="im:history",
        reason="Reads direct messages that are sent to it.",
        without="answers in direct messages",
        methods=_READ_MESSAGES,
        events=("message.im",),
    ),
    Scope(
        name="im:read",
        reason="Recognises direct messages, which only the user and Casebook can read.",
        without="answers from the cluster in direct messages",
        methods=_READ_PLACES,
    ),
    Scope(
        name="assistant:write",
        reason="Offers questions about what is unhealthy now in its agent view, the direct message with it.",
        without="the agent view and its suggested questions; direct messages still work",
        methods=("assistant.threads.setSuggestedPrompts",),
    ),
    Scope(
        name="mpim:history",
        reason="Reads messages in group direct messages it was added to.",
        without="answers in group direct messages",
        methods=_READ_MESSAGES,
        events=("message.mpim",),
    ),
    Scope(
        name="mpim:read",
        reason="Detects people of other organisations in group direct messages.",
        without="answers from the cluster in group direct messages",
        methods=_READ_PLACES,
    ),
    Scope(
        name="files:read",
        reason="Reads text files and snippets in channels it was added to; Slack turns long pastes into snippets.",
        without="answers to snippets and files",
        methods=("files.info",),
        also="the download of a file",
    ),
    Scope(
        name="files:write",
        reason="Uploads long answers, exports, drafts and charts as files; deletes its own files.",
        without="the rest of long answers, exports, drafts of postmortems, charts",
        methods=("files.completeUploadExternal", "files.delete", "files.getUploadURLExternal"),
    ),
    Scope(
        name="reactions:read",
        reason="Sees emoji in incident channels that tell what a message is: 📌 🎯 💥 and others.",
        without="telling by emoji what a message is; the message shortcut does the same",
        events=("reaction_added", "reaction_removed"),
    ),
    Scope(
        name="reactions:write",
        reason="Answers thanks and greetings with an emoji instead of a message.",
        without="the emoji below thanks and greetings; they get no answer",
        methods=("reactions.add",),
    ),
    Scope(
        name="channels:join",
        reason="Joins public incident channels, by name or when a member opens an incident; no others.",
        without="joining incident channels automatically: a member must invite it",
        methods=("conversations.join",),
    ),
    Scope(
        name="pins:write",
        reason="Pins its summary message in incident channels.",
        without="the pin on the summary of an incident channel",
        methods=("pins.add", "pins.remove"),
    ),
    Scope(
        name="canvases:write",
        reason="Writes the timeline to the canvas of an incident channel; it never edits a canvas that people created.",
        without="the canvas of an incident channel",
        methods=("canvases.edit", "conversations.canvases.create"),
    ),
    Scope(
        name="usergroups:read",
        reason="Reads the members of the user groups that your policy names.",
        without="user groups in the policy: nobody counts as a member",
        methods=("usergroups.list",),
    ),
    Scope(
        name="users:read.email",
        reason="Sends the requester's confirmed e-mail address to the cluster, if your policy enables it.",
        without="`impersonation` in the policy",
        also="the address in users.info",
    ),
)


def lacking(granted: frozenset[str]) -> tuple[str, ...]:
    """Return the required scopes that are not `granted`; () if Slack returns no scopes."""
    return tuple(scope.name for scope in SCOPES if granted and scope.required and scope.name not in granted)


FREE_METHODS: Final = (
    "auth.teams.list",
    "auth.test",
    "chat.getPermalink",
    "views.open",
    "views.publish",
    "views.update",
)
"""Methods that are called and need no scope."""

FREE_EVENTS: Final = ("app_home_opened", "app_uninstalled", "tokens_revoked")
"""Events that are subscribed to and need no scope."""

CONNECT: Final = "connections:write"
"""The scope of the app-level token, for apps.connections.open in Socket Mode. A manifest cannot request it."""


OPEN: Final = "apps.connections.open"
_BOT: Final = "CASEBOOK_SLACK_BOT_TOKEN"
_APP: Final = "CASEBOOK_SLACK_APP_TOKEN"
_COPY: Final = (
    "copy the Bot User OAuth Token (xoxb-…) from OAuth & Permissions; install the app again if it was removed"
)
_MAKE: Final = f"create an app-level token (xapp-…) with {CONNECT} in Basic Information"
ADD: Final = "add it in OAuth & Permissions > Bot Token Scopes and reinstall the app"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorAdvice:
    """Advice on an error: `says` names the setting, `remedy` says what to do; each one line without a full stop."""

    says: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.says}: {self.remedy}"


def advice_on(error: SlackError, *, api_url: str) -> ErrorAdvice:
    """Return the advice on a failed call; `api_url` is the address that was called."""
    variable, anew = (_APP, _MAKE) if error.method == OPEN else (_BOT, _COPY)
    code = f" ({error.code})" if error.code else ""
    match error:
        case TokenRevoked():
            return ErrorAdvice(says=f"{variable}: Slack does not accept this token{code}", remedy=anew)
        case MissingScope() if error.code != "missing_scope":
            return ErrorAdvice(says=f"{variable}: Slack does not take this kind of token here{code}", remedy=anew)
        case MissingScope():
            needed = error.needed or (CONNECT if error.method == OPEN else "a scope")
            use = f"which {error.method} needs" if error.method else "which Casebook requires"
            remedy = _MAKE if error.method == OPEN else ADD
            return ErrorAdvice(says=f"{variable}: the token lacks {needed}, {use}", remedy=remedy)
        case RateLimited():
            return ErrorAdvice(
                says=f"Slack rate limits {error.method}: too many calls",
                remedy=f"try again in {error.retry_after:.0f} s",
            )
        case SlackUnavailable():
            why = error.detail or error.code or "no answer"
            return ErrorAdvice(
                says=f"Slack does not answer at {api_url} ({error.method}: {why})",
                remedy="check the network, HTTPS_PROXY and CASEBOOK_SLACK_API_URL",
            )
        case _ if error.method == OPEN:
            return ErrorAdvice(
                says=f"{variable}: Slack refuses the Socket Mode connection{code}",
                remedy="enable Socket Mode in the app's settings",
            )
        case _:
            return ErrorAdvice(
                says=f"Slack refuses {error.method}{code}",
                remedy=f"docs.slack.dev/reference/methods/{error.method} explains this error",
            )
