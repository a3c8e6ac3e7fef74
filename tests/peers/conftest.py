"""Provide third-party implementations of Slack, installed by `make ci-tools`; without one, its tests are skipped."""

import asyncio
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.diagnosing import build_engine
from intents.domain import Language
from tests.peers.payloads import SAMPLES, Payload, of_json
from tests.responses_slack.real import real_messages
from tests.responses_slack.specimens import payload_of, specimens

HERE = Path(__file__).parent
# emulate requires it; the official clients only need 20.
NODE = 22


@pytest.fixture(scope="session")
def peers() -> Path:
    """Return the directory that contains `node_modules`."""
    if not (HERE / "node_modules" / ".package-lock.json").is_file():
        pytest.skip("needs the packages of tests/peers/package-lock.json: run `make ci-tools`")
    return HERE


@pytest.fixture(scope="session")
def node(peers: Path) -> Path:
    """Return a Node.js of the required major version: the installed one, or the one on the PATH."""
    own = sorted(peers.glob("node_modules/node-*/bin/node"))
    found = [str(path) for path in own] or [path for path in [shutil.which("node")] if path]
    for path in found:
        said = subprocess.run([path, "--version"], check=True, capture_output=True, text=True, timeout=10).stdout
        if int(re.findall(r"\d+", said)[0]) >= NODE:
            return Path(path)
    pytest.skip(f"needs Node.js {NODE} or newer on the PATH")


@pytest.fixture(scope="session")
def payloads() -> list[Payload]:
    """Return what Casebook sends: each kind of message and dialog, real answers, and a sample of every element."""
    return [*SAMPLES, *_made(), *asyncio.run(_real())]


@pytest.fixture
def compiler(peers: Path, node: Path, tmp_path: Path) -> Callable[[str], list[str]]:
    """Return a function that lists the compile errors of a TypeScript module against Slack's types."""
    (tmp_path / "node_modules").symlink_to(peers / "node_modules")

    def complaints(source: str) -> list[str]:
        (tmp_path / "payloads.ts").write_text(source, "utf-8")
        options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--types", "", "--pretty", "false"]
        done = subprocess.run(
            [node, peers / "node_modules/typescript/bin/tsc", *options, "payloads.ts"],
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
            timeout=25,
        )
        lines = [line for line in done.stdout.splitlines() if line]
        assert bool(lines) == bool(done.returncode), done.stdout + done.stderr
        return lines

    return complaints


def _made() -> Iterator[Payload]:
    for language in Language:
        for name, said in specimens(language):
            yield of_json(f"{language}/{name}", payload_of(said))


async def _real() -> list[Payload]:
    engine, _ = build_engine()
    return [of_json(f"{language}/{name}", payload_of(said)) async for language, name, said in real_messages(engine)]
