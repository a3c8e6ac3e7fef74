"""The peers are pinned, and where they come from is the environment's business."""

import json
import re
from pathlib import Path

HERE = Path(__file__).parent


def test_every_peer_is_pinned_to_one_version_and_the_lock_names_no_address() -> None:
    asked = json.loads((HERE / "package.json").read_text("utf-8"))
    locked = json.loads((HERE / "package-lock.json").read_text("utf-8"))["packages"]

    pins = {**asked["dependencies"], **asked["optionalDependencies"]}
    assert {name: version for name, version in pins.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)} == {}
    assert {name: locked[f"node_modules/{name}"]["version"] for name in pins} == pins
    assert [name for name, package in locked.items() if "resolved" in package] == []
    assert [name for name, package in locked.items() if name and "integrity" not in package] == []
