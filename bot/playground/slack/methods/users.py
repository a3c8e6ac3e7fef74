"""Implement auth.test, apps.connections.open, users.info, users.list and usergroups.list."""

from __future__ import annotations

from bot.playground.slack.limits import Tier
from bot.playground.slack.methods.conversations import paged
from bot.playground.slack.methods.registry import Call, method
from bot.playground.slack.records import Json, Refused
from bot.playground.slack.workspace import User, group_json, user_json


@method("auth.test", Tier.FREE)
def auth_test(call: Call) -> Json:
    """Return the bot's identity."""
    identity = call.state.identity
    return {
        "url": f"{call.state.url}/", "team": identity.domain, "user": identity.bot_name, "team_id": identity.team_id,
        "user_id": identity.bot_user_id, "bot_id": identity.bot_id, "is_enterprise_install": identity.is_org,
    }  # fmt: skip


@method("auth.revoke", Tier.THREE)
def auth_revoke(call: Call) -> Json:
    """Revoke the token of the call."""
    call.state.revoked = True
    return {"revoked": True}


@method("auth.teams.list", Tier.TWO)
def auth_teams_list(call: Call) -> Json:
    """Return the workspaces in which an organisation's app is."""
    identity = call.state.identity
    return {"teams": [{"id": identity.team_id, "name": identity.domain}]}


@method("apps.connections.open", Tier.ONE, app_level=True)
def connections_open(call: Call) -> Json:
    """Return the address of a new socket."""
    return {"url": call.context.sockets.ticket()}


@method("users.info", Tier.FOUR, scope="users:read")
def users_info(call: Call) -> Json:
    """Return one user."""
    if (user := call.workspace.users.get(call.text("user"))) is None:
        raise Refused("user_not_found")
    return {"user": _shown(call, user)}


@method("users.list", Tier.TWO, scope="users:read")
def users_list(call: Call) -> Json:
    """Return one page of the users."""
    return paged(call, "members", [_shown(call, each) for each in call.workspace.users.values()])


@method("usergroups.list", Tier.TWO, scope="usergroups:read")
def usergroups_list(call: Call) -> Json:
    """Return the user groups."""
    users, disabled = call.flag("include_users"), call.flag("include_disabled")
    groups = [each for each in call.workspace.groups.values() if disabled or not each.disabled]
    return {"usergroups": [group_json(each, identity=call.state.identity, users=users) for each in groups]}


def _shown(call: Call, user: User) -> Json:
    locale, email = call.flag("include_locale"), "users:read.email" in call.state.scopes
    return user_json(user, identity=call.state.identity, locale=locale, email=email)
