"""Other flags for a container: each is changed where it stands, or added where it is read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.end_to_end.every_action.scenario import LATER, Scenario, one_patch
from tests.remedies import every_kind
from tests.remedies.container_scene import SIDECAR, containers, done, refused, started, told
from tests.remedies.scene import HEALED, Enter
from tests.remedies.trial import trials
from tests.remedies.workload_worlds import (
    World,
    app,
    template,
    web,
)


@pytest.mark.parametrize(
    ("container", "args", "command", "then"),
    [
        # where it stands, in the form it has
        ({"args": ["serve", "--v=2"]}, {"set": {"--v": "4"}}, None, ["serve", "--v=4"]),
        ({"args": ["-v", "2", "serve"]}, {"set": {"--v": 4}}, None, ["-v", "4", "serve"]),
        ({"command": ["/app", "--v=2"], "args": ["x"]}, {"set": {"--v": "4"}}, ["/app", "--v=4"], ["x"]),
        ({"command": ["/app", "--v"], "args": ["2"]}, {"set": {"--v": "4"}}, ["/app", "--v"], ["4"]),
        ({"args": ["--on=false"]}, {"set": {"--on": True}}, None, ["--on=true"]),
        ({"args": ["--on=false"]}, {"add": ["--on"]}, None, ["--on=true"]),
        ({"args": ["--no-on", "x"]}, {"add": ["--on"]}, None, ["--on", "x"]),
        ({"args": ["--on", "x"]}, {"set": {"--on": "false"}}, None, ["--on=false", "x"]),
        # added
        ({"args": ["serve", "--v=2"]}, {"set": {"--w": "4"}}, None, ["serve", "--v=2", "--w=4"]),
        ({"args": ["serve"]}, {"add": ["--w"]}, None, ["serve", "--w"]),
        ({"command": ["/app", "--v=2"], "args": None}, {"add": ["--w"]}, ["/app", "--v=2", "--w"], None),
        ({"command": ["/app"], "args": None}, {"add": ["--w"]}, ["/app"], ["--w"]),
        # before arguments that end the flags of some programs
        (
            {"command": ["/draino", "--node-label=a=b", "KernelDeadlock"], "args": None},
            {"add": ["--evict-statefulset-pods"]},
            ["/draino", "--evict-statefulset-pods", "--node-label=a=b", "KernelDeadlock"],
            None,
        ),
        ({"args": ["tini", "-g", "--", "/app"]}, {"add": ["--w"]}, None, ["tini", "-g", "--", "/app", "--w"]),
        # what may be given many times
        ({"args": ["--not=a"]}, {"add": ["--not=b"]}, None, ["--not=a", "--not=b"]),
        # several at once, one of them so already
        (
            {"args": ["--leader-elect"]},
            {"set": {"--leader-elect": "true", "--lease": "60s"}, "add": ["--w"]},
            None,
            ["--leader-elect", "--lease=60s", "--w"],
        ),
        ({"args": ["--leader-elect"]}, {"set": {"--x": "1"}, "only_if_flag": "--leader-elect"}, None, None),
        ({"args": ["--leader-elect"]}, {"set": {"--x": "1"}, "only_if_flag": ["--y", "--leader-elect"]}, None, None),
    ],
)
async def test_a_flag_is_changed_where_it_stands_or_added_where_it_is_read(
    enter: Enter, container: World, args: dict[str, Any], command: Any, then: Any
) -> None:
    if "only_if_flag" in args:
        then = ["--leader-elect", "--x=1"]
    given = {key: value for key, value in (app() | container).items() if value is not None}
    async with enter(HEALED, web(template(given, SIDECAR))) as scene:
        _, applied = await done(scene, "set-args", container="app", **args)

        assert started(scene) == (command, then)
        assert containers(scene)[1]["name"] == "proxy"
        assert applied.undo


async def test_each_flag_is_told_with_what_it_was(enter: Enter) -> None:
    async with enter(HEALED, web()) as scene:
        preview, _ = await done(scene, "set-args", container="app", set={"--v": "4", "--w": "1"})

        assert "app: --v 2 → 4" in told(preview)
        assert "app: --w=1 is added" in told(preview)
        assert "If the program does not know --w, it does not start" in told(preview)
        assert "+        - --v=4" in preview.diff
        assert "+        - --w=1" in preview.diff


@pytest.mark.parametrize(
    ("container", "args", "says"),
    [
        ({}, {"set": {"--v": "2"}}, "already has --v=2"),
        ({"args": ["--on"]}, {"add": ["--on"], "set": {"--on": "true"}}, "already has --on, --on"),
        ({"args": ["--not=a"]}, {"add": ["--not=a"]}, "already"),
        ({"args": ["--v=1", "--v=2"]}, {"set": {"--v": "4"}}, "--v is given more than once"),
        ({}, {}, "no flag was given"),
        ({}, {"set": {"--v": ""}}, "no flag was given"),
        ({}, {"set": {"v": "2"}}, "'v' is not a flag"),
        ({}, {"add": ["rm -rf"]}, "is not a flag"),
        ({}, {"set": {"--v": "a\nb"}}, "must be one line"),
        ({}, {"set": ["--v"]}, "set must map flags to values"),
        ({"args": None}, {"add": ["--w"]}, "takes its command from the image"),
        ({"command": ["/bin/sh", "-ec", "exec /app --v=2"]}, {"add": ["--w"]}, "through a shell"),
        ({"command": ["tini", "--", "bash", "-c"]}, {"add": ["--w"]}, "through a shell"),
        (
            {},
            {"add": ["--w"], "only_if_flag": "--leader-elect"},
            "is started without --leader-elect: its program may not know",
        ),
        ({}, {"add": ["--w"], "only_if_flag": ["--a", "--b"]}, "is started without any of --a, --b"),
    ],
)
async def test_flags_that_cannot_be_meant_or_are_set_already_are_refused(
    enter: Enter, container: World, args: dict[str, Any], says: str
) -> None:
    given = {key: value for key, value in (app() | container).items() if value is not None}
    async with enter(HEALED, web(template(given))) as scene:
        assert says in await refused(scene, "set-args", container="app", **args)


# --- for the tests of every action ---

TRIALS = trials("set-args", every_kind.WORKLOADS, container="app", set={"--v": "4"})
SCENARIOS = (
    Scenario(
        action="set-args", incident="leader-election-lost", case="the run that ended says so",
        button="Lengthen lease times", ends=LATER,
        **one_patch("/apis/apps/v1/namespaces/chain-ops/deployments/shard-operator"),
    ),
)  # fmt: skip
