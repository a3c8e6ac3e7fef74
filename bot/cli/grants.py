"""Run `casebook rbac` and `casebook manifest`: print what administrators must grant, in a cluster and in Slack."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bot.cli.console import note
from bot.cli.errors import CommandError, ExitCode, did_you_mean
from bot.cli.inputs import catalog, settings
from bot.cluster.contexts import connect
from bot.cluster.errors import ClusterError
from bot.cluster.resources import Resource
from bot.cluster.snapshot import Snapshot
from bot.remedies.action import actions
from bot.roles import (
    Account,
    custom_reads,
    is_secret,
    reads,
    to_act,
    to_impersonate,
    to_read,
    to_read_secrets,
    to_watch,
    unknown_kinds,
    watches,
    writes,
)
from bot.surfaces.slack.manifest import PATH, PLACEHOLDER, Mode, as_yaml, manifest
from responses.safety import safe_line

# The names that Kubernetes allows for namespaces and service accounts.
_NAME: Final = re.compile(r"(?=.{1,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?")
# A request URL that Slack accepts: https, a host, and perhaps a path that a proxy strips.
_ADDRESS: Final = re.compile(r"https://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?")


def run(arguments: argparse.Namespace) -> ExitCode:
    """Print the manifests of the roles, or of the app."""
    return _app(arguments) if arguments.command == "manifest" else _roles(arguments)


def _app(arguments: argparse.Namespace) -> ExitCode:
    mode, url = Mode(arguments.mode), arguments.url.rstrip("/").removesuffix(PATH)
    if url and mode is Mode.SOCKET:
        raise CommandError("--url needs mode http: in Socket Mode Slack calls no address")
    if url and not _ADDRESS.fullmatch(url):
        raise CommandError(
            f"--url: {arguments.url!r} is not an address that Slack can call, such as https://casebook.example.com"
        )
    made = manifest(mode, url=url or PLACEHOLDER, installable=arguments.installable)
    if arguments.output == "json":
        sys.stdout.write(json.dumps(made, ensure_ascii=False, indent=2) + "\n")
    else:
        installable = ["--installable"] if arguments.installable else []
        command = " ".join(["casebook manifest", mode, *(["--url", url] if url else []), *installable])
        sys.stdout.write(f"# Written by: {command}\n{as_yaml(made)}")
    return ExitCode.ANSWERED


def _roles(arguments: argparse.Namespace) -> ExitCode:
    chosen = tuple(_known_actions(arguments.actions)) if arguments.actions else tuple(actions())
    account = _account(arguments.service_account)
    namespaces = [_named(each, "--namespaces") for each in _split(arguments.namespaces, "--namespaces")]
    part: str | None = arguments.role
    if part == "read" and (arguments.actions or arguments.namespaces):
        raise CommandError("--actions and --namespaces limit what is written, so they do not apply to the role read")
    if part == "watch" and arguments.actions:
        raise CommandError("--actions limits what is written, so it does not apply to the role watch")
    manifests = [] if part in ("act", "watch") else [*account.manifests, *_reading(account, chosen, arguments)]
    if part == "watch":
        manifests += to_watch(account, watches(), namespaces=namespaces)
    elif part != "read":
        manifests += to_act(account, writes(chosen), namespaces=namespaces)
    if "impersonate" in arguments.extra:
        manifests += to_impersonate(account)
    # One file, headed by the command that prints it.
    sys.stdout.write(f"# Written by: {' '.join(_command(arguments))}\n" + "---\n".join(manifests))
    return ExitCode.ANSWERED


def _reading(account: Account, chosen: Sequence[str], arguments: argparse.Namespace) -> Iterator[str]:
    entries = catalog(settings())
    needs = reads(entries, chosen)
    if "custom-resources" in arguments.extra:
        needs |= custom_reads(asyncio.run(_custom_kinds(arguments)))
    for by, kind in unknown_kinds(entries):
        note(
            safe_line(
                f'{by} reads "{kind}", which is not in the role: name its plural and group, as in widgets.example.io'
            )
        )
    secret = sorted({need.by for need in needs if is_secret(need)})
    yield from to_read(account, needs)
    if "secrets" in arguments.extra:
        if not secret:
            raise CommandError("no probe and no entry of your catalog reads Secrets")
        yield from to_read_secrets(account, needs)
    elif secret:
        note(safe_line(f"Secrets, which {', '.join(secret)} would read, are left out; add them by --with secrets"))


async def _custom_kinds(arguments: argparse.Namespace) -> Sequence[Resource]:
    """Return the custom kinds that the cluster serves: a role cannot grant everything but Secrets."""
    configured = settings()
    kubeconfig = Path(arguments.kubeconfig) if arguments.kubeconfig else None
    context = arguments.context or configured.context
    try:
        async with (
            connect(context=context, kubeconfig=kubeconfig, settings=configured.cluster) as connection,
            Snapshot(connection, deadline=configured.deadline) as snapshot,
        ):
            return await snapshot.custom_kinds()
    except ClusterError as error:
        raise CommandError(safe_line(str(error))) from error


def _command(arguments: argparse.Namespace) -> Iterator[str]:
    yield "casebook rbac"
    yield from filter(None, [arguments.role])
    for option, value in [
        ("--actions", arguments.actions),
        ("--namespaces", arguments.namespaces),
        ("--service-account", arguments.service_account),
    ]:
        yield from [option, value] if value else []
    for each in arguments.extra:
        yield from ["--with", each]


def _known_actions(listed: str) -> Iterator[str]:
    for name in _split(listed, "--actions"):
        if name not in actions():
            raise CommandError(f'unknown action "{name}"{did_you_mean(name, actions(), part=True)}')
        yield name


def _account(value: str) -> Account:
    if not value:
        return Account()
    namespace, _, name = value.partition("/")
    return Account(namespace=_named(namespace, "--service-account"), name=_named(name, "--service-account"))


def _named(name: str, option: str) -> str:
    if not _NAME.fullmatch(name):
        raise CommandError(f"{option}: {name!r} is not a valid name in Kubernetes")
    return name


def _split(listed: str, option: str) -> list[str]:
    names = list(dict.fromkeys(filter(None, map(str.strip, listed.split(",")))))
    if listed and not names:
        # An empty list would otherwise grant everything.
        raise CommandError(f"{option} is empty")
    return names
