"""Others' implementations of Slack, as `make ci-tools` installs them; a test that needs one is skipped without it."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.peers.payloads import SAMPLES, Payload, of_json

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "responses_slack" / "golden"
# emulate asks for it; the official clients are content with 20.
NODE = 22


@pytest.fixture(scope="session")
def peers() -> Path:
    """The directory that holds `node_modules`."""
    if not (HERE / "node_modules" / ".package-lock.json").is_file():
        pytest.skip("needs the packages of tests/peers/package-lock.json: run `make ci-tools`")
    return HERE


@pytest.fixture(scope="session")
def node(peers: Path) -> Path:
    """A Node.js of the major version that the peers ask for: the one among them, or the one on the PATH."""
    own = sorted(peers.glob("node_modules/node-*/bin/node"))
    found = [str(path) for path in own] or [path for path in [shutil.which("node")] if path]
    for path in found:
        said = subprocess.run([path, "--version"], check=True, capture_output=True, text=True, timeout=10).stdout
        if int(re.findall(r"\d+", said)[0]) >= NODE:
            return Path(path)
    pytest.skip(f"needs Node.js {NODE} or newer on the PATH")


@pytest.fixture(scope="session")
def payloads() -> list[Payload]:
    """What Casebook says: the golden payloads beside its tests, and a sample of every piece it may use."""
    golden = list(_golden())
    assert golden, f"{GOLDEN} holds no payload"
    return [*SAMPLES, *golden]


@pytest.fixture
def compiler(peers: Path, node: Path, tmp_path: Path) -> Callable[[str], list[str]]:
    """What Slack's types have against a TypeScript module."""
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


def _golden() -> Iterator[Payload]:
    for path in sorted(GOLDEN.rglob("*.json")):
        yield of_json(str(path.relative_to(GOLDEN).with_suffix("")), json.loads(path.read_text("utf-8")))
