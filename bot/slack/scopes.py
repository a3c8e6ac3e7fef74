"""Every permission the app asks a workspace for: why, what needs it, and what is off without it.

The manifests, docs/permissions.md and `casebook doctor` are made of this table. Only literals here: it is read without
Slack's libraries. Scopes of methods and events as docs.slack.dev has them (reference/methods, reference/events).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A scope of the bot token.

    `reason` is for the administrator who asks why. `without` names what is off where it is not granted; empty: Casebook
    does not work without it. `methods` of the Web API and `events` need it; `also` is whatever else does, in words.
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
_READ_MESSAGES: Final = ("conversations.history", "conversations.replies")
_PEOPLE_OF_CHANNELS: Final = ("member_joined_channel", "member_left_channel")

SCOPES: Final = (
    Scope(
        name="commands",
        reason="Offers /diagnose, and what it does in the menu of a message.",
        also="the command, the message shortcuts and buttons",
    ),
    Scope(
        name="chat:write",
        reason="Answers, edits its answers as more becomes known, and deletes them with what they answer.",
        methods=("chat.delete", "chat.postEphemeral", "chat.postMessage", "chat.update"),
    ),
    Scope(
        name="app_mentions:read",
        reason="Hears that somebody mentions it.",
        events=("app_mention",),
    ),
    Scope(
        name="channels:history",
        reason=(
            "Reads what is pasted in public channels it was added to, to answer errors that it knows; finds its own"
            " messages again after a crash instead of posting twice. What matches nothing it forgets at once, except in"
            " incident channels, of which it keeps a timeline."
        ),
        methods=_READ_MESSAGES,
        events=("message.channels",),
    ),
    Scope(
        name="channels:read",
        reason=(
            "Tells a channel that is shared with another organisation before anything of a cluster is said there; finds"
            " incident channels by their names."
        ),
        methods=_READ_PLACES,
        events=(
            "channel_archive",
            "channel_created",
            "channel_left",
            "channel_rename",
            "channel_unarchive",
            *_PEOPLE_OF_CHANNELS,
        ),
    ),
    Scope(
        name="users:read",
        reason=(
            "Tells members from guests and from people of other organisations, whom it tells nothing of a cluster"
            " unless your policy says so; and answers in somebody's language."
        ),
        methods=("users.info",),
    ),
    Scope(
        name="groups:history",
        reason="The same as channels:history, in private channels it was invited to.",
        without="answers to what is pasted in private channels",
        methods=_READ_MESSAGES,
        events=("message.groups",),
    ),
    Scope(
        name="groups:read",
        reason="The same as channels:read, for private channels it was invited to.",
        without="answers from the cluster in private channels; private incident channels",
        methods=_READ_PLACES,
        events=("group_archive", "group_left", "group_rename", "group_unarchive", *_PEOPLE_OF_CHANNELS),
    ),
    Scope(
        name="im:history",
        reason="Reads what somebody writes to it in a direct message.",
        without="answers in direct messages",
        methods=_READ_MESSAGES,
        events=("message.im",),
    ),
    Scope(
        name="im:read",
        reason="Tells that a conversation is a direct message with it, which nobody else reads.",
        without="answers from the cluster in direct messages",
        methods=_READ_PLACES,
    ),
    Scope(
        name="mpim:history",
        reason="Reads what is written in group direct messages it was added to.",
        without="answers in group direct messages",
        methods=_READ_MESSAGES,
        events=("message.mpim",),
    ),
    Scope(
        name="mpim:read",
        reason="Tells whether people of other organisations are in a group direct message.",
        without="answers from the cluster in group direct messages",
        methods=_READ_PLACES,
    ),
    Scope(
        name="files:read",
        reason="Reads text files and snippets, the form that Slack gives to long pastes, where it was added.",
        without="answers to snippets and files",
        methods=("files.info",),
        also="the download of a file",
    ),
    Scope(
        name="files:write",
        reason="Posts as a file what is too long for a message, exports, drafts and charts; deletes its own ones.",
        without="the rest of long answers, exports, drafts of postmortems, charts",
        methods=("files.completeUploadExternal", "files.delete", "files.getUploadURLExternal"),
    ),
    Scope(
        name="reactions:read",
        reason="Sees a pin emoji on a message of an incident channel, which puts it on the timeline.",
        without="the timeline by emoji; the menu of a message does the same",
        events=("reaction_added", "reaction_removed"),
    ),
    Scope(
        name="channels:join",
        reason="Joins public channels that are incidents, by their names or because somebody says so; no others.",
        without="joining incident channels by itself: somebody has to invite it",
        methods=("conversations.join",),
    ),
    Scope(
        name="pins:write",
        reason="Pins its one message that says how the incident stands, in incident channels.",
        without="the pin on the summary of an incident channel",
        methods=("pins.add", "pins.remove"),
    ),
    Scope(
        name="canvases:write",
        reason="Writes the timeline into the canvas of an incident channel; a canvas that people made it leaves alone.",
        without="the canvas of an incident channel",
        methods=("canvases.edit", "conversations.canvases.create"),
    ),
    Scope(
        name="usergroups:read",
        reason="Tells who is in the user groups that your policy names.",
        without="user groups in the policy: nobody counts as being in one",
        methods=("usergroups.list",),
    ),
    Scope(
        name="users:read.email",
        reason="Gives the cluster the confirmed e-mail address of who pressed a button, where your policy says so.",
        without="`impersonation` in the policy",
        also="the address in users.info",
    ),
)


def lacking(granted: frozenset[str]) -> tuple[str, ...]:
    """The scopes that Casebook does not work without and that are not `granted`; () where Slack does not tell any."""
    return tuple(scope.name for scope in SCOPES if granted and scope.required and scope.name not in granted)


FREE_METHODS: Final = ("auth.test", "chat.getPermalink", "views.open", "views.update")
"""Called too, and need no scope."""

FREE_EVENTS: Final = ("app_uninstalled", "tokens_revoked")
"""Subscribed to, and need no scope."""

CONNECT: Final = "connections:write"
"""The scope of the app-level token of Socket Mode, which a manifest cannot ask for: apps.connections.open needs it."""
