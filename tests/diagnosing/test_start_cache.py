"""Test the start cache of the parsed catalog: outdated, damaged or hostile data is never used."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.common import start_cache
from bot.common.catalogs import load_catalog
from intents.background import ordinary_lines
from intents.catalog.loader import builtin_directory, load
from intents.domain import Severity
from intents.matcher import Matcher
from intents.symptoms import read_symptoms
from tests.builtin import builtin_catalog, matcher_for

ENTRY = builtin_directory() / "scheduling" / "pending-ha-scheduling.yaml"


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the cache directory of this user."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "casebook"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Return a directory with a custom entry."""
    directory = tmp_path / "own"
    directory.mkdir()
    text = ENTRY.read_text("utf-8").replace(f"id: {ENTRY.stem}", "id: own-entry", 1)
    (directory / "own-entry.yaml").write_text(text, encoding="utf-8")
    return directory


def started(command: str, *, own: Path) -> dict[str, Any]:
    """Run code in a new process; return its `said` and whether it parsed any YAML."""
    code = f"import json, sys\n{command}\nprint(json.dumps({{'said': said, 'parsed': 'yaml' in sys.modules}}))"
    environment = {**os.environ, "CASEBOOK_CATALOG": str(own)}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    said: dict[str, Any] = json.loads(ran.stdout)
    return said


MATCHES = """
from bot.cli.inputs import loaded_catalog, settings
from bot.common.catalogs import load_catalog, matcher_of
from intents.symptoms import read_symptoms
matcher = matcher_of(loaded_catalog(settings()))
found = matcher.match(read_symptoms("0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules"))
said = {
    "found": [[one.incident, one.score] for one in found.hypotheses],
    "of the same files": matcher_of(loaded_catalog(settings())) is matcher,
    "of other files": matcher_of(load_catalog()) is matcher,
}
"""
TITLE = """
from bot.cli.inputs import catalog, settings
said = catalog(settings()).incidents["own-entry"].title.en
"""


def test_second_start_parses_no_file_until_one_changes_and_matches_the_same(own: Path) -> None:
    """Catalogs of the same files share a matcher."""
    first, second = started(MATCHES, own=own), started(MATCHES, own=own)

    assert first["said"]["found"]
    assert (first["said"]["of the same files"], first["said"]["of other files"]) == (True, False)
    assert second == {"said": first["said"], "parsed": False}
    assert first["parsed"]

    file = own / "own-entry.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace(yaml.safe_load(text)["title"]["en"], "A title of today", 1), encoding="utf-8")

    assert started(TITLE, own=own) == {"said": "A title of today", "parsed": True}
    assert started(TITLE, own=own) == {"said": "A title of today", "parsed": False}


def test_cached_entry_is_unchanged(kept: Path, own: Path) -> None:
    """Check every field of every entry, with its file and lines."""
    load_catalog((own,))

    names = [file.name.rpartition("-")[0] for file in kept.iterdir() if file.name.startswith("incidents")]
    read_back = {digest: incident for name in names for digest, incident in start_cache.read(name).items()}
    loaded = load((builtin_directory(), own), known=read_back)

    assert len(read_back) == len(loaded.catalog)
    assert loaded == load((builtin_directory(), own))


def test_cached_matcher_matches_like_a_new_one() -> None:
    catalog = builtin_catalog().catalog
    learned = matcher_for(catalog)
    start_cache.keep("learned", learned.learned)
    kept = start_cache.read("learned")
    read_back = Matcher(catalog, learned=kept)

    assert kept is not None
    known = [(*one.examples.match[:2], one.examples.other[0]) for one in catalog]
    examples = [texts[number % len(texts)] for number, texts in enumerate(known)]
    for text in (*examples, "\n".join(ordinary_lines()), "\n".join(examples)):
        symptoms = read_symptoms(text)
        assert read_back.match(symptoms) == learned.match(symptoms)


def test_cache_is_readable_only_by_its_user(kept: Path) -> None:
    start_cache.keep("some", {"a": 1})

    assert start_cache.read("some") == {"a": 1}
    assert kept.stat().st_mode & 0o777 == 0o700
    assert [file.stat().st_mode & 0o777 for file in kept.iterdir()] == [0o600]


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"short",
        lambda content: content[:-1],
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: bytes([content[0] ^ 1]) + content[1:],
        blake2b(b"no pickle", digest_size=16).digest() + b"no pickle",
    ],
    ids=["empty", "short", "cut", "another last byte", "another first byte", "no pickle"],
)
def test_damaged_cache_is_rewritten(kept: Path, damaged: Any) -> None:
    start_cache.keep("some", {"a": 1})
    (file,) = kept.iterdir()
    file.write_bytes(damaged(file.read_bytes()) if callable(damaged) else damaged)

    assert start_cache.read("some") is None
    start_cache.keep("some", {"a": 2})
    assert start_cache.read("some") == {"a": 2}


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_cache_writable_by_others_is_ignored(kept: Path, mode: int) -> None:
    start_cache.keep("some", {"a": 1})
    (file,) = kept.iterdir()
    file.chmod(mode)

    assert start_cache.read("some") is None


class Hostile:
    def __init__(self, call: Any, argument: str) -> None:
        self._made = call, (argument,)

    def __reduce__(self) -> Any:
        return self._made


@pytest.mark.parametrize(
    "call", [os.system, os.unlink, exec, Path, load_catalog, read_symptoms], ids=lambda call: call.__name__
)
def test_pickle_that_calls_a_function_is_rejected(kept: Path, call: Any) -> None:
    start_cache.keep("some", Hostile(call, "touch /nowhere"))

    assert start_cache.read("some") is None


@pytest.mark.parametrize("place", ["/proc/nowhere", "relative", ""])
def test_unwritable_directory_disables_the_cache(
    place: str, monkeypatch: pytest.MonkeyPatch, own: Path, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", place)
    monkeypatch.setenv("HOME", "/proc/nowhere")
    monkeypatch.chdir(tmp_path)

    assert "own-entry" in load_catalog((own,)).catalog.incidents
    assert start_cache.read("some") is None
    assert not (tmp_path / "relative").exists()


def test_unused_cache_files_are_deleted(kept: Path) -> None:
    for number in range(20):
        start_cache.keep(f"some-{number}", number)

    assert start_cache.read("some-19") == 19
    assert len(list(kept.iterdir())) == 8


def test_other_code_version_ignores_the_cache(tmp_path: Path) -> None:
    package = tmp_path / "intents"
    shutil.copytree(str(files("intents")), package, ignore=shutil.ignore_patterns("__pycache__"))
    before = start_cache.digest_of_code(package)

    for name in ("finding.py", "catalog/schema.py", "background/logs.txt", "background/same.words"):
        with (package / name).open("a", encoding="utf-8") as file:
            file.write("\n# one line more\n")
        changed = start_cache.digest_of_code(package)
        assert changed != before, name
        before = changed
    (package / "catalog" / "data" / "more.yaml").write_text("id: more\n", encoding="utf-8")
    assert start_cache.digest_of_code(package) == before


def test_pickle_of_a_removed_class_is_ignored(kept: Path) -> None:
    content = pickle.dumps(Severity.WARNING, protocol=5)
    gone = content.replace(b"Severity", b"Gonerity")
    start_cache.keep("some", 1)
    (file,) = kept.iterdir()
    file.write_bytes(blake2b(gone, digest_size=16).digest() + gone)

    assert start_cache.read("some") is None
