"""Run `casebook catalog export`: write the entries in force as YAML files, also those that people saved."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

from bot.cli.console import note
from bot.cli.errors import CommandError, ExitCode
from bot.cli.inputs import catalog, settings
from bot.store import LearnedEntry, StoreUnavailable, open_learned, place_of


def run(arguments: argparse.Namespace) -> ExitCode:
    """Write one file per entry."""
    configured = settings()
    files: dict[str, str] = {}
    if not arguments.learned:
        files = {id: source.text for id, source in catalog(configured).sources.items()}
    url = configured.store_url
    try:
        saved = asyncio.run(_saved(url))
    except StoreUnavailable as error:
        says = f"cannot read the saved incidents in {place_of(url)}: {error}"
        if arguments.learned:
            raise CommandError(says) from error
        note(says)
        saved = ()
    # An entry that joined the catalog after its review counts there.
    files = {**{entry.id: entry.yaml for entry in saved}, **files}
    _write(Path(arguments.to), files)
    noun = "file" if len(files) == 1 else "files"
    sys.stdout.write(f"{len(files)} {noun} written to {arguments.to}\n")
    return ExitCode.ANSWERED


async def _saved(url: str) -> tuple[LearnedEntry, ...]:
    async with open_learned(url) as learned:
        return await learned.newest()


def _write(directory: Path, files: Mapping[str, str]) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for id, text in files.items():
            (directory / f"{id}.yaml").write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"cannot write to {directory}: {error.strerror}") from error
