"""Generate the manifests of the Slack app: `make readme` writes them, test_slack_app.py compares them."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

from bot.__main__ import main

DIRECTORY = Path(__file__).parents[2] / "deploy" / "slack"
MODES = ("socket", "http")


def printed(*argv: str) -> str:
    """Return the output of `casebook manifest` with these arguments."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(["manifest", *argv]) == 0
    return out.getvalue()


def write() -> None:
    DIRECTORY.mkdir(exist_ok=True)
    for mode in MODES:
        (DIRECTORY / f"manifest-{mode}.yaml").write_text(printed(mode), "utf-8")
