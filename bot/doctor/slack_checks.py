"""Check Slack: tokens, scopes, clocks, and the channels that settings name. Nothing is posted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.common.encryption import Encryption, KeyUnusable
from bot.doctor import Check, CheckedArea
from bot.policy import Policy
from bot.settings import Examined, Settings, slack_problems, variable
from bot.slack.api import SlackResponse, TokenCall, token_caller
from bot.slack.errors import ChannelGone, RateLimited, SlackError
from bot.slack.scopes import ADD, OPEN, SCOPES, Scope, advice_on
from bot.store import StoreUnavailable, open_installations

AREA: Final = CheckedArea("slack")
# Slack signs requests with their time; older ones are refused, as Slack advises.
_REFUSED_FROM: Final = timedelta(minutes=5)
_NOTABLE: Final = timedelta(seconds=30)
_SIGNING_SECRET: Final = re.compile(r"[0-9a-f]{32}")
_NAME: Final = re.compile(r"[^\sA-Z#,]+")


async def examine_workspace(examined: Examined, *, policy: Policy | None) -> tuple[Check, ...]:
    """Check the tokens and the settings for Slack."""
    settings = examined.settings
    if "slack_api_url" in examined.malformed:
        return (AREA.unknown("api", f"not checked: {variable('slack_api_url')} is malformed"),)
    found = [_unset(problem) for problem in slack_problems(settings)]
    wrong = {check.what for check in found}
    if settings.slack_client_id:
        found += await _installed(settings)
    elif variable("slack_bot_token") not in wrong:
        found += await _bot(settings, policy)
    if settings.slack_app_token.get_secret_value():
        if variable("slack_app_token") not in wrong:
            found.append(await _app(settings))
    elif variable("slack_signing_secret") not in wrong:
        found.append(_signing_secret(settings))
    found += _patterns(settings.incident_channels)
    return tuple(found)


def _unset(problem: str) -> Check:
    says, _, remedy = problem.partition(": ")
    return AREA.missing(says.partition(" ")[0], says, remedy)


async def _bot(settings: Settings, policy: Policy | None) -> list[Check]:
    name = variable("slack_bot_token")
    async with token_caller(settings.slack_bot_token.get_secret_value(), api_url=settings.slack_api_url) as ask:
        try:
            answer = await ask("auth.test")
        except SlackError as error:
            return [_complained(name, error, settings)]
        now = datetime.now(UTC)
        who = f"{answer.data.get('user')} in {answer.data.get('team')} ({answer.data.get('url')})"
        found = [AREA.ok(name, f"Slack accepts it: {who}")]
        found += _scopes(answer.scopes, needed=_needed(policy))
        found += _clock(answer, now, signed=not settings.slack_app_token.get_secret_value())
        if settings.audit_channel:
            found.append(await _audit(ask, settings, who=str(answer.data.get("user") or "casebook")))
        return found


async def _installed(settings: Settings) -> list[Check]:
    """Check that the tokens of the workspaces that installed the app can be read."""
    try:
        encryption = Encryption(settings.keys)
        if not settings.database_url.get_secret_value() and not settings.data.expanduser().is_dir():
            return [AREA.ok("workspaces", "none has installed the app yet")]
        async with open_installations(settings.store_url) as installations:
            found = [each for each in await installations.all() if each.serves]
    except KeyUnusable as error:
        return [AREA.missing("workspaces", str(error))]
    except StoreUnavailable as error:
        return [AREA.unknown("workspaces", str(error))]
    lost = [each.id for each in found if not encryption.fits(each.id, each.tokens)]
    served = AREA.ok("workspaces", f"{len(found)} have installed the app")
    if not lost:
        return [served]
    says = f"no key decrypts the tokens of {', '.join(lost)}"
    remedy = f"add their former key to {variable('encryption_keys')}, or install the app there again"
    return [served, AREA.missing("workspaces", says, remedy)]


async def _app(settings: Settings) -> Check:
    name = variable("slack_app_token")
    async with token_caller(settings.slack_app_token.get_secret_value(), api_url=settings.slack_api_url) as ask:
        try:
            await ask(OPEN)
        except SlackError as error:
            return _complained(name, error, settings)
    return AREA.ok(name, "Slack opens a connection for Socket Mode")


def _complained(what: str, error: SlackError, settings: Settings) -> Check:
    advice = advice_on(error, api_url=settings.slack_api_url)
    # A rate-limited answer says nothing about the token.
    judged = AREA.unknown if isinstance(error, RateLimited) else AREA.missing
    return judged(what, advice.says, advice.remedy)


def _needed(policy: Policy | None) -> dict[str, str]:
    """Return the optional scopes that this policy requires, each with the reason."""
    if policy is None:
        return {}
    needed = {"usergroups:read": "the policy names user groups"} if policy.asks_groups else {}
    return needed | ({"users:read.email": "the policy's impersonation needs it"} if policy.asks_address else {})


def _scopes(granted: frozenset[str], *, needed: dict[str, str]) -> Iterator[Check]:
    if not granted:
        yield AREA.unknown("scopes", "Slack does not list the token's scopes")
        return
    lacking = [scope for scope in SCOPES if scope.name not in granted]
    yield AREA.ok("scopes", f"{len(SCOPES) - len(lacking)} of {len(SCOPES)} used scopes are granted")
    yield from (_lacking(scope, needed.get(scope.name, "")) for scope in lacking)
    if surplus := sorted(granted - {scope.name for scope in SCOPES}):
        says = f"granted but not used: {', '.join(surplus)}"
        remedy = "remove them under OAuth & Permissions and reinstall the app"
        yield AREA.note("scopes", says, remedy)


def _lacking(scope: Scope, needed: str) -> Check:
    says = f"not granted, and {needed or f'off without it: {scope.without}'}"
    if scope.required:
        says = f"not granted, and nothing works without it. {scope.reason}"
    judged = AREA.missing if scope.required or needed else AREA.note
    return judged(scope.name, says, ADD)


def _clock(answer: SlackResponse, now: datetime, *, signed: bool) -> Iterator[Check]:
    if answer.date is None:
        return
    ahead = now - answer.date
    off = abs(ahead)
    if off <= _NOTABLE:
        yield AREA.ok("clock", "agrees with Slack's")
        return
    says = f"{off.total_seconds():.0f} s {'ahead of' if ahead > timedelta(0) else 'behind'} Slack's"
    remedy = "set this machine's clock by NTP"
    if signed and off > _REFUSED_FROM:
        yield AREA.missing(
            "clock", f"{says}: every request from Slack is refused as too old or from the future", remedy
        )
    else:
        yield AREA.note("clock", says, remedy)


def _signing_secret(settings: Settings) -> Check:
    name = variable("slack_signing_secret")
    if not _SIGNING_SECRET.fullmatch(settings.slack_signing_secret.get_secret_value()):
        remedy = "copy the Signing Secret, not the Client Secret, from Basic Information"
        return AREA.missing(name, "is not a signing secret: expected 32 hexadecimal digits", remedy)
    says = "has the right form; whether it belongs to this app shows at Slack's first request: see /readyz and the log"
    return AREA.note(name, says)


async def _audit(ask: TokenCall, settings: Settings, *, who: str) -> Check:
    name, channel = variable("audit_channel"), settings.audit_channel

    def missing(says: str, remedy: str) -> Check:
        return AREA.missing(name, f"{channel}: {says}", remedy)

    try:
        answer = await ask("conversations.info", channel=channel)
    except ChannelGone:
        return missing(
            "the channel does not exist, or the bot cannot see it",
            f"copy the id from the channel's details in Slack; for a private channel, /invite @{who}",
        )
    except SlackError as error:
        advice = advice_on(error, api_url=settings.slack_api_url)
        return missing(advice.says, advice.remedy)
    found = answer.data.get("channel")
    found = found if isinstance(found, dict) else {}
    if found.get("is_archived"):
        return missing("the channel is archived", f"unarchive it, or set {name} to another")
    if not found.get("is_member"):
        return missing("the bot is not in the channel", f"/invite @{who} in #{found.get('name')}")
    return AREA.ok(name, f"the bot is in #{found.get('name')}")


def _patterns(patterns: Iterable[str]) -> Iterator[Check]:
    name = variable("incident_channels")
    listed = [each for each in patterns if each != "-"]
    impossible = [each for each in listed if not _NAME.fullmatch(each)]
    if impossible:
        remedy = "write names as in Slack: in lower case, without # and blanks, as in incident-*"
        yield AREA.missing(name, f"no channel can match {', '.join(impossible)}", remedy)
    elif not listed:
        yield AREA.ok(name, "no channel is an incident channel by its name")
    else:
        yield AREA.ok(name, f"channels named {', '.join(listed)} are incident channels")
