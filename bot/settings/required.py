"""Tell which settings `casebook serve` needs and does not have, without calling anybody."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from bot.settings.environment import Settings, variable

INSTALL_MCP: Final = "install it with: pip install 'kube-casebook[mcp]'"


def serve_problems(settings: Settings) -> tuple[str, ...]:
    """Return what prevents `casebook serve` from starting: one line each, with the variable and what to do."""
    files = {name: getattr(settings, name) for name in ("policy", "channels", "alert_routes", "api_tokens")}
    missing = (
        f"{variable(name)} is {str(file)!r}: there is no such file"
        for name, file in files.items()
        if file is not None and not file.is_file()
    )
    return (*slack_problems(settings), *missing, *mcp_problems(settings.mcp, settings.api_tokens))


def slack_problems(settings: Settings) -> tuple[str, ...]:
    """Return which Slack settings are missing or malformed, without calling Slack: one line each, with what to do."""
    problems: list[str] = []
    bot, app = settings.slack_bot_token.get_secret_value(), settings.slack_app_token.get_secret_value()
    if settings.slack_client_id:
        problems += install_problems(settings)
    elif not _is_token(bot, "xoxb-"):
        wrong = "is not a bot token" if bot else "is not set"
        problems.append(
            f"{variable('slack_bot_token')} {wrong}: copy the Bot User OAuth Token (xoxb-…) from OAuth & Permissions"
        )
    if app and not _is_token(app, "xapp-"):
        problems.append(
            f"{variable('slack_app_token')} is not an app-level token: create one (xapp-…) with connections:write in "
            "Basic Information, or unset it to use HTTP"
        )
    if not app and not settings.slack_signing_secret.get_secret_value():
        problems.append(
            f"{variable('slack_signing_secret')} is not set: copy the Signing Secret from Basic Information, or set "
            f"{variable('slack_app_token')} for Socket Mode"
        )
    return tuple(problems)


def install_problems(settings: Settings) -> Iterable[str]:
    """Yield what prevents workspaces from installing the app: one line each, with what to do."""
    if settings.slack_bot_token.get_secret_value():
        yield f"{variable('slack_bot_token')} and {variable('slack_client_id')} are set: set one of them"
    own = ("policy", "channels", "alert_routes", "api_tokens", "alerts_token", "alerts_password")
    for name in own:
        if _is_set(settings, name):
            yield f"{variable(name)} is for one workspace: unset it, and put such a file into the directory of each"
    if not settings.slack_client_secret.get_secret_value():
        yield f"{variable('slack_client_secret')} is not set: copy the Client Secret from Basic Information"
    if not settings.encryption_keys.get_secret_value():
        yield f"{variable('encryption_keys')} is not set: set it to what `casebook workspaces new-key` prints"
    if settings.workspaces is None or not settings.workspaces.is_dir():
        yield (
            f"{variable('workspaces')} is not a directory: create one with a directory for each workspace that may "
            "install the app, or one named `default` for all"
        )


def _is_set(settings: Settings, name: str) -> bool:
    """Tell whether a file or a secret is set."""
    value = getattr(settings, name)
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)


def _is_token(value: str, begin: str) -> bool:
    """Tell whether a value looks like a token; a token copied from a page may contain line breaks."""
    return value.startswith(begin) and len(value.split()) == 1


def mcp_problems(mcp: bool, api_tokens: Path | None) -> tuple[str, ...]:
    """Return why MCP clients cannot be answered, at most one line."""
    if mcp and api_tokens is None:
        return ("CASEBOOK_MCP needs CASEBOOK_API_TOKENS: MCP clients send these tokens",)
    if mcp and not has_mcp():
        return (f"CASEBOOK_MCP needs the package mcp: {INSTALL_MCP}",)
    return ()


def has_mcp() -> bool:
    """Tell whether the package that speaks MCP is installed."""
    return find_spec("mcp") is not None
