"""The rest: who the bot is, people and their groups, and addresses for sockets."""

from __future__ import annotations

from bot.playground.slack.arguments import Arguments
from bot.playground.slack.methods.desk import Desk, Table, method
from bot.playground.slack.pace import Tier
from bot.playground.slack.records import Json
from bot.playground.slack.workspace import group_json, user_json
from bot.playground.slack.wrong import Refused

OTHERS: Table = {}


@method(OTHERS, "api.test", Tier.FOUR)
def api_test(desk: Desk, given: Arguments) -> Json:
    if error := given.text("error"):
        raise Refused(error, args=given.values)
    return {"args": given.values}


@method(OTHERS, "auth.test", Tier.FREE)
def auth_test(desk: Desk, given: Arguments) -> Json:
    identity = desk.state.identity
    return {
        "url": f"{desk.state.url}/", "team": identity.domain, "user": identity.bot_name, "team_id": identity.team_id,
        "user_id": identity.bot_user_id, "bot_id": identity.bot_id, "is_enterprise_install": False,
    }  # fmt: skip


@method(OTHERS, "apps.connections.open", Tier.ONE, app_level=True)
def connections_open(desk: Desk, given: Arguments) -> Json:
    return {"url": desk.sockets.ticket()}


@method(OTHERS, "users.info", Tier.FOUR, scope="users:read")
def users_info(desk: Desk, given: Arguments) -> Json:
    workspace = desk.state.workspace
    user = workspace.users.get(given.text("user"))
    if user is None:
        raise Refused("user_not_found")
    locale, email = given.flag("include_locale"), "users:read.email" in desk.state.scopes
    return {"user": user_json(user, identity=desk.state.identity, locale=locale, email=email)}


@method(OTHERS, "usergroups.list", Tier.TWO, scope="usergroups:read")
def usergroups_list(desk: Desk, given: Arguments) -> Json:
    users, disabled = given.flag("include_users"), given.flag("include_disabled")
    groups = desk.state.workspace.groups.values()
    return {
        "usergroups": [
            group_json(each, identity=desk.state.identity, users=users)
            for each in groups
            if disabled or not each.disabled
        ]
    }
