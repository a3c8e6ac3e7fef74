"""Run `casebook manifest`: print the app manifest for Slack's administrators, with the reason for each permission."""

from __future__ import annotations

import argparse
import json
import re
import sys
from typing import Final

from bot.cli.errors import CommandError, ExitCode
from bot.surfaces.slack.manifest import PATH, PLACEHOLDER, Mode, as_yaml, manifest

# A request URL that Slack accepts: https, a host, and perhaps a path that a proxy strips.
_ADDRESS: Final = re.compile(r"https://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?")


def run(arguments: argparse.Namespace) -> ExitCode:
    """Print the manifest."""
    mode, url = Mode(arguments.mode), arguments.url.rstrip("/").removesuffix(PATH)
    if url and mode is Mode.SOCKET:
        raise CommandError("--url needs mode http: in Socket Mode Slack calls no address")
    if url and not _ADDRESS.fullmatch(url):
        raise CommandError(
            f"--url: {arguments.url!r} is not an address that Slack can call, such as https://casebook.example.com"
        )
    made = manifest(mode, url=url or PLACEHOLDER)
    if arguments.output == "json":
        sys.stdout.write(json.dumps(made, ensure_ascii=False, indent=2) + "\n")
    else:
        command = " ".join(["casebook manifest", mode, *(["--url", url] if url else [])])
        sys.stdout.write(f"# Written by: {command}\n{as_yaml(made)}")
    return ExitCode.ANSWERED
