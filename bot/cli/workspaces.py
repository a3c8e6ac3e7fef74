"""Run `casebook workspaces`: list the workspaces that installed the app, remove one, encrypt tokens with a new key."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from bot.cli.console import note, show
from bot.cli.errors import CommandError, ExitCode, did_you_mean, told
from bot.cli.inputs import settings
from bot.common.encryption import CannotDecrypt, Encryption, KeyUnusable, new_key
from bot.settings import Settings, variable
from bot.store import Installation, StoreUnavailable, open_installations, open_store, place_of
from responses.safety import safe_line, safe_value

_COLUMNS: Final = ("id", "name", "installed", "state", "tokens")


def run(arguments: argparse.Namespace) -> ExitCode:
    """Do what is asked."""
    if arguments.action == "new-key":
        sys.stdout.write(f"{new_key()}\n")
        return ExitCode.ANSWERED
    configured = settings()
    do = {"list": _list, "remove": _remove, "encrypt": _encrypt}[arguments.action]
    with told(StoreUnavailable, what=f"cannot use {place_of(configured.store_url)}"):
        asyncio.run(do(configured, arguments))
    return ExitCode.ANSWERED


async def _list(configured: Settings, arguments: argparse.Namespace) -> None:
    async with open_installations(configured.store_url) as installations:
        found = await installations.all()
    encryption = _encryption(configured) if configured.keys else None
    rows = [safe_value(_fields(each, encryption)) for each in found]
    if arguments.output == "json":
        sys.stdout.write(f"{json.dumps(rows, ensure_ascii=False)}\n")
    elif rows:
        show(_laid_out(rows))
    else:
        note("no workspace has installed the app")


async def _remove(configured: Settings, arguments: argparse.Namespace) -> None:
    now = datetime.now(UTC)
    doomed = now if arguments.now else now + timedelta(days=configured.workspace_days)
    async with open_store(configured.store_url) as store:
        known = [each.id for each in await store.installations.all()]
        if arguments.id not in known:
            named = did_you_mean(arguments.id, known) or (f", known are {', '.join(known)}" if known else "")
            raise CommandError(f'no workspace "{safe_line(arguments.id)}" has installed the app{named}')
        await store.installations.remove(arguments.id, at=now, doomed=doomed)
    when = "within two minutes" if arguments.now else f"from {doomed:%Y-%m-%d %H:%M} UTC on"
    sys.stdout.write(
        f"{arguments.id} is not served any more. The running bot deletes its data {when}; without one, the next does.\n"
    )


async def _encrypt(configured: Settings, _arguments: argparse.Namespace) -> None:
    encryption = _encryption(configured)
    renewed = lost = 0
    async with open_store(configured.store_url) as store:
        for each in await store.installations.all():
            if not each.tokens or encryption.is_current(each.tokens):
                continue
            try:
                tokens = encryption.encrypt(each.id, encryption.decrypt(each.id, each.tokens))
            except CannotDecrypt as error:
                note(safe_line(f"{each.id} is left as it is: {error}"))
                lost += 1
                continue
            changed = replace(each, tokens=tokens, changed=datetime.now(UTC))
            renewed += await store.installations.renew(changed, instead_of=each.tokens)
    sys.stdout.write(f"tokens encrypted with the first key of {variable('encryption_keys')}: {renewed}\n")
    if lost:
        raise CommandError(f"{lost} could not be decrypted: keep their key in {variable('encryption_keys')}")


def _encryption(configured: Settings) -> Encryption:
    with told(KeyUnusable, what=variable("encryption_keys")):
        return Encryption(configured.keys)


def _fields(installation: Installation, encryption: Encryption | None) -> dict[str, Any]:
    """Return an installation for programs and people; its tokens are described, not shown."""
    state = "served"
    if installation.removed:
        state = f"removed, deleted from {installation.doomed or installation.removed:%Y-%m-%d}"
    return {
        "id": installation.id,
        "name": installation.name,
        "organisation": installation.is_org,
        "installed": installation.installed.isoformat(timespec="seconds"),
        "by": installation.by,
        "state": state,
        "tokens": _tokens(installation, encryption),
        "expires": installation.expires.isoformat(timespec="seconds") if installation.expires else None,
    }


def _tokens(installation: Installation, encryption: Encryption | None) -> str:
    if not installation.tokens:
        return "none"
    if encryption is None:
        return "no key to read them"
    try:
        encryption.decrypt(installation.id, installation.tokens)
    except CannotDecrypt as error:
        return str(error)
    return "encrypted" if encryption.is_current(installation.tokens) else "encrypted with a former key"


def _laid_out(rows: Sequence[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in _COLUMNS:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(row[name])) for name in _COLUMNS))
    return table
