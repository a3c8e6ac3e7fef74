"""Check that no committed file names a package registry's host or a path of the author's machine."""

import re
from pathlib import Path

# Assembled here, so that this file does not contain them itself.
HOSTS = [
    ".".join(labels)
    for labels in [
        ("pypi", "org"),
        ("files", "pythonhosted"),
        ("test", "pypi"),
        ("registry", "npmjs"),
        ("registry", "yarnpkg"),
        ("deb", "debian"),
        ("archive", "ubuntu"),
        ("proxy", "golang"),
    ]
]
MACHINE = ["/" + place for place in ("work/main", "work/shared", "root/.pyenv", "tmp/exp", "tmp/brief")]


def _lines_with(pattern: str, *, files: list[Path], root: Path) -> list[str]:
    found = re.compile(pattern)
    return [
        f"{path.relative_to(root)}:{number}: {line.strip()[:120]}"
        for path in files
        for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), start=1)
        if found.search(line)
    ]


def test_no_file_names_a_package_registry(own_files: list[Path], root: Path) -> None:
    """The environment chooses the registry: a mirror or an offline directory must work."""
    assert _lines_with("|".join(map(re.escape, HOSTS)), files=own_files, root=root) == []


def test_no_file_names_a_path_of_the_authors_machine(own_files: list[Path], root: Path) -> None:
    assert _lines_with("|".join(map(re.escape, [*MACHINE, str(root)])), files=own_files, root=root) == []


def test_no_module_exceeds_the_line_limit(own_files: list[Path], root: Path) -> None:
    rooms = [root / room for room in ("bot", "intents", "responses")]
    modules = [path for path in own_files if path.suffix == ".py" and any(map(path.is_relative_to, rooms))]
    lengths = {str(path.relative_to(root)): len(path.read_text("utf-8").splitlines()) for path in modules}

    assert modules
    assert {name: length for name, length in lengths.items() if length > 450} == {}
