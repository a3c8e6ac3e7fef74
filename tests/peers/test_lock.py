"""Check that the third-party packages are pinned, and that the lock names no registry."""

import json
import re
from pathlib import Path

HERE = Path(__file__).parent


def test_every_package_is_pinned_and_the_lock_names_no_registry() -> None:
    asked = json.loads((HERE / "package.json").read_text("utf-8"))
    locked = json.loads((HERE / "package-lock.json").read_text("utf-8"))["packages"]

    pins = {**asked["dependencies"], **asked["optionalDependencies"]}
    assert {name: version for name, version in pins.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)} == {}
    assert {name: locked[f"node_modules/{name}"]["version"] for name in pins} == pins
    assert [name for name, package in locked.items() if "resolved" in package] == []
    assert [name for name, package in locked.items() if name and "integrity" not in package] == []
