"""Write the software bill of materials of what the image installs, and the list of its licences.

`make sbom` writes dist/sbom.cdx.json (CycloneDX 1.6) and dist/licences.txt, and fails on a licence that is not allowed.
The packages are those of requirements.lock, with the hashes there; versions, licences and dependencies are read from
the installed packages. The same commit and installation give the same bytes.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from license_expression import get_spdx_licensing

ROOT: Final = Path(__file__).resolve().parents[2]
ALLOWED: Final = frozenset({
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0",
    "PSF-2.0", "Python-2.0", "Unlicense", "Zlib",
})  # fmt: skip
# Weak copyleft is allowed by name: the package is used as a library and unchanged.
ALLOWED_FOR: Final[Mapping[str, frozenset[str]]] = {
    "psycopg": frozenset({"LGPL-3.0-only"}),
    "psycopg-binary": frozenset({"LGPL-3.0-only"}),
}
# What packages write instead of an identifier of SPDX.
_CLASSIFIERS: Final = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
}
# Their metadata has no identifier; the licence file of the package was read.
_BY_FILE: Final[Mapping[str, str]] = {"protobuf": "BSD-3-Clause"}
_PINNED: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)[^\n]*\n((?:    --hash=\S+(?: \\)?\n?)+)", re.MULTILINE)
_HASH: Final = re.compile(r"sha256:([0-9a-f]{64})")


def normalised(name: str) -> str:
    """Return the name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(lock: str) -> dict[str, dict[str, list[str]]]:
    """Return the hashes of each package of a lock file by version: versions of Python may need different ones."""
    found: dict[str, dict[str, list[str]]] = {}
    for name, version, hashes in _PINNED.findall(lock):
        found.setdefault(normalised(name), {})[version] = sorted(_HASH.findall(hashes))
    return found


def licences_of(component: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the licences of a component as SPDX expressions, or as its metadata has them."""
    found = [
        each.get("expression") or each["license"].get("id") or each["license"].get("name", "")
        for each in component.get("licenses", ())
    ]
    by_file = _BY_FILE.get(normalised(component["name"]))
    return tuple(sorted({_CLASSIFIERS.get(each, each) for each in found})) or ((by_file,) if by_file else ())


def refused(components: list[dict[str, Any]]) -> list[str]:
    """Return a line for each package with an unknown licence or one that is not allowed."""
    return [line for each in components for line in _refused(each)]


def _refused(component: Mapping[str, Any]) -> Iterator[str]:
    name, licences = component["name"], licences_of(component)
    allowed = ALLOWED | ALLOWED_FOR.get(normalised(name), frozenset())
    if not licences:
        yield f"{name}: its metadata names no licence"
    for each in licences:
        if not _is_allowed(each, allowed):
            yield f"{name}: {each} is not allowed"


def _is_allowed(expression: str, allowed: frozenset[str]) -> bool:
    """Tell whether an expression can be met with allowed licences: all parts of an AND, one of an OR."""
    spdx = get_spdx_licensing()
    try:
        parsed = spdx.parse(expression, validate=True, simple=True)
    except Exception:  # noqa: BLE001 - a text that is no expression, in the words of several libraries
        return False

    def met(part: Any) -> bool:
        name = type(part).__name__
        if name in ("AND", "OR"):
            return (all if name == "AND" else any)(met(each) for each in part.args)
        return str(part) in allowed

    return met(parsed)


def bill(python: str = sys.executable) -> dict[str, Any]:
    """Return the bill of what requirements.lock installs, as it is installed for `python`."""
    lock = locked((ROOT / "requirements.lock").read_text())
    command = [sys.executable, "-m", "cyclonedx_py", "environment", python, "--pyproject", str(ROOT / "pyproject.toml")]
    options = ["--sv", "1.6", "--output-reproducible", "--no-validate"]
    written = subprocess.run([*command, *options], check=True, capture_output=True, text=True).stdout
    whole: dict[str, Any] = json.loads(written)
    own = whole["metadata"]["component"]["bom-ref"]
    components = [each for each in whole["components"] if normalised(each["name"]) in lock]
    for each in components:
        versions = lock[normalised(each["name"])]
        if each["version"] not in versions:
            raise SystemExit(f"{each['name']} {each['version']} is installed, requirements.lock has {sorted(versions)}")
        # Addresses say where the builder's packages came from, not what they are.
        each.pop("externalReferences", None)
        each["properties"] = [{"name": "casebook:locked-sha256", "value": value} for value in versions[each["version"]]]
    kept = {own, *(each["bom-ref"] for each in components)}
    whole["metadata"]["component"].pop("externalReferences", None)
    whole["components"] = components
    whole["dependencies"] = [
        {"ref": each["ref"], "dependsOn": [ref for ref in each.get("dependsOn", ()) if ref in kept]}
        for each in whole["dependencies"]
        if each["ref"] in kept
    ]
    return whole


def problems(written: str) -> list[str]:
    """Return why a bill is not valid CycloneDX 1.6."""
    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(written)
    return [] if found is None else [str(found)]


def licence_list(components: list[dict[str, Any]]) -> str:
    """Return one line for each package: name, version, licences."""
    rows = [(normalised(each["name"]), each["version"], licences_of(each)) for each in components]
    return "".join(f"{name} {version}: {' / '.join(licences)}\n" for name, version, licences in sorted(rows))


def main() -> None:
    """Write both files; exit with the refused licences."""
    whole = bill()
    written = json.dumps(whole, indent=1, sort_keys=True) + "\n"
    if wrong := problems(written):
        raise SystemExit("\n".join(wrong))
    target = ROOT / "dist"
    target.mkdir(exist_ok=True)
    (target / "sbom.cdx.json").write_text(written)
    (target / "licences.txt").write_text(licence_list(whole["components"]))
    if refusals := refused(whole["components"]):
        raise SystemExit("\n".join(refusals))


if __name__ == "__main__":
    main()
