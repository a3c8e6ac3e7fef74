"""Check the page's files: no text becomes markup, no address of another host, sound types."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "bot" / "playground" / "page" / "static"
FILES = sorted(path for path in STATIC.rglob("*") if path.is_file())
SCRIPTS = [path for path in FILES if path.suffix == ".js"]
TSC = ROOT / "tests" / "peers" / "node_modules" / ".bin" / "tsc"

FORBIDDEN = (
    r"innerHTML", r"outerHTML", r"insertAdjacentHTML", r"\beval\b", r"document\.write", r"new Function", r"srcdoc",
    r"DOMParser", r"createContextualFragment", r"setHTML", r"\bstyle=", r"\.style\.", r"cssText",
    r"\son[a-z]+\s*=\s*[\"']",
    r"javascript:", r"XMLHttpRequest", r"sendBeacon", r"WebSocket", r"importScripts",
)  # fmt: skip


def test_the_page_has_its_files():
    assert {"index.html", "main.js", "icon.svg"} <= {path.name for path in FILES}


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_no_file_turns_text_into_markup_or_code(pattern):
    found = [str(path) for path in FILES if re.search(pattern, path.read_text(encoding="utf-8"))]
    assert found == []


def test_block_kit_builder_is_the_only_external_address():
    named = {
        address
        for path in FILES
        for address in re.findall(r"https?://[a-z0-9.-]+\.[a-z]{2,}[^\s\"'`]*", path.read_text(encoding="utf-8"))
    }
    assert named == {"https://app.slack.com/block-kit-builder/#", "http://www.w3.org/2000/svg"}


def test_only_dom_js_creates_elements():
    makers = [path.name for path in SCRIPTS if "createElement" in path.read_text(encoding="utf-8")]
    assert makers == ["dom.js"]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_script_is_short_type_checked_and_documented(path):
    first, second, *rest = path.read_text(encoding="utf-8").splitlines()
    assert first == "// @ts-check"
    assert second.startswith("// ")
    assert len(rest) < 300


def test_the_scripts_pass_the_type_check():
    if not TSC.exists():
        pytest.skip("no TypeScript compiler in tests/peers/node_modules: the page's types were not checked")
    flags = "--allowJs --checkJs --noEmit --strict --target esnext --module esnext --moduleResolution bundler"
    lib = ["--lib", "dom,dom.iterable,esnext", "--types", ""]
    done = subprocess.run(
        [TSC, *flags.split(), *lib, *SCRIPTS], capture_output=True, text=True, check=False, timeout=25
    )
    assert (done.returncode, done.stdout) == (0, "")
