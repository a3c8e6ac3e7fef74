"""Implement api.test, auth.test, apps.connections.open, users.info, users.list and usergroups.list."""

from __future__ import annotations

from bot.playground.slack.arguments import Arguments
from bot.playground.slack.errors import Refused
from bot.playground.slack.methods.conversations import paged
from bot.playground.slack.methods.registry import MethodContext, Table, method
from bot.playground.slack.rate_limits import Tier
from bot.playground.slack.records import Json
from bot.playground.slack.workspace import group_json, user_json

AUTH_AND_USERS: Table = {}


@method(AUTH_AND_USERS, "api.test", Tier.FOUR)
def api_test(context: MethodContext, given: Arguments) -> Json:
    """Return the arguments, or the error that the caller asks for."""
    if error := given.text("error"):
        raise Refused(error, args=given.values)
    return {"args": given.values}


@method(AUTH_AND_USERS, "auth.test", Tier.FREE)
def auth_test(context: MethodContext, given: Arguments) -> Json:
    """Return the bot's identity."""
    identity = context.state.identity
    return {
        "url": f"{context.state.url}/", "team": identity.domain, "user": identity.bot_name, "team_id": identity.team_id,
        "user_id": identity.bot_user_id, "bot_id": identity.bot_id, "is_enterprise_install": False,
    }  # fmt: skip


@method(AUTH_AND_USERS, "apps.connections.open", Tier.ONE, app_level=True)
def connections_open(context: MethodContext, given: Arguments) -> Json:
    """Return the address of a new socket."""
    return {"url": context.sockets.ticket()}


@method(AUTH_AND_USERS, "users.info", Tier.FOUR, scope="users:read")
def users_info(context: MethodContext, given: Arguments) -> Json:
    """Return one user."""
    workspace = context.state.workspace
    user = workspace.users.get(given.text("user"))
    if user is None:
        raise Refused("user_not_found")
    locale, email = given.flag("include_locale"), "users:read.email" in context.state.scopes
    return {"user": user_json(user, identity=context.state.identity, locale=locale, email=email)}


@method(AUTH_AND_USERS, "users.list", Tier.TWO, scope="users:read")
def users_list(context: MethodContext, given: Arguments) -> Json:
    """Return one page of the users."""
    locale, email = given.flag("include_locale"), "users:read.email" in context.state.scopes
    users = list(context.state.workspace.users.values())
    page, cursor = paged(users, given, default=100)
    members = [user_json(each, identity=context.state.identity, locale=locale, email=email) for each in page]
    return {"members": members, "response_metadata": {"next_cursor": cursor}}


@method(AUTH_AND_USERS, "usergroups.list", Tier.TWO, scope="usergroups:read")
def usergroups_list(context: MethodContext, given: Arguments) -> Json:
    """Return the user groups."""
    users, disabled = given.flag("include_users"), given.flag("include_disabled")
    groups = context.state.workspace.groups.values()
    return {
        "usergroups": [
            group_json(each, identity=context.state.identity, users=users)
            for each in groups
            if disabled or not each.disabled
        ]
    }
