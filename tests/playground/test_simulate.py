"""`casebook simulate` serves a written world to the official client, and says where a world is wrong."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client, config, watch

from bot.__main__ import main
from bot.cli.simulate import loaded
from bot.playground import kubernetes

WORLD = """\
objects:
- kind: ConfigMap
  metadata: {name: settings, namespace: shop}
  data: {mode: test}
scene:
  Deployment/shop/web: {containers: {app: "web:7"}, replicas: 2}
faults:
  Deployment/shop/web: {waiting: CrashLoopBackOff, restarts: 4}
"""


@pytest.fixture
def core(tmp_path: Path) -> Iterator[client.CoreV1Api]:
    """Return the official client of a cluster that the command serves."""
    world, kubeconfig = tmp_path / "world.yaml", tmp_path / "kubeconfig"
    world.write_text(WORLD, encoding="utf-8")
    command = [sys.executable, "-m", "bot", "simulate", str(world), "--kubeconfig", str(kubeconfig)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("server: http://127.0.0.1:")
        assert process.stdout.readline() == f"kubeconfig: {kubeconfig}\n"
        yield client.CoreV1Api(config.new_client_from_config(str(kubeconfig)))
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 0


def test_the_official_client_lists_creates_and_watches(core: client.CoreV1Api) -> None:
    pods = core.list_namespaced_pod("shop", label_selector="app=web").items
    assert [each.status.container_statuses[0].restart_count for each in pods] == [4, 4]

    spec = {"containers": [{"name": "app", "image": "job:1"}]}
    core.create_namespaced_pod("shop", {"metadata": {"name": "extra", "labels": {"app": "web"}}, "spec": spec})
    stream = watch.Watch()
    seen = []
    for event in stream.stream(core.list_namespaced_pod, "shop", label_selector="app=web", timeout_seconds=5):
        seen.append((event["type"], event["object"].metadata.name))
        if len(seen) == 3:
            core.delete_namespaced_pod("extra", "shop", grace_period_seconds=0)
        if event["type"] == "DELETED":
            stream.stop()

    names = sorted(each.metadata.name for each in pods)
    assert seen[:3] == [("ADDED", name) for name in sorted([*names, "extra"])]
    assert seen[-1] == ("DELETED", "extra")
    assert core.read_namespaced_config_map("settings", "shop").data == {"mode": "test"}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("objects:\n- kind: Pood\n  metadata: {name: x}\n", "2: objects[0]: kind Pood is not built in"),
        ("events:\n- {for: Pod/a, reason: X}\n", "2: events[0].message: expected a string, got None"),
        (
            "objects:\n- kind: Node\n  metadata:\n    name: n\n    labels:\n      a: 1\n",
            "6: objects[0].metadata.labels.a: Node n: metadata.labels.a: expected a string, got 1",
        ),
        (
            "scene:\n  Deployment/shop/web:\n    containers: {app: x}\n    replica: 2\n",
            "4: scene.Deployment/shop/web.replica: unknown key 'replica'; did you mean replicas?",
        ),
        ("scene: {}\nfaults:\n  Node/worker-a: {pressure: cpu}\n", "3: faults.Node/worker-a.pressure: expected one of"),
        ("object: []\n", "1: object: unknown key 'object'"),
        ("- 1\n", "1: expected a mapping with objects"),
        ("objects: [\n", "did not find expected node content"),
    ],
)
def test_a_wrong_world_is_reported_with_file_line_and_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, wrong: str
) -> None:
    path = tmp_path / "world.yaml"
    path.write_text(text, encoding="utf-8")

    code = main(["simulate", str(path)])

    told = capsys.readouterr().err
    assert code == 2
    assert told.startswith(f"casebook: {path}:")
    assert wrong in told


def test_a_missing_file_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "/nowhere/world.yaml"]) == 2
    assert "/nowhere/world.yaml: cannot be read" in capsys.readouterr().err


def test_the_worlds_of_its_front_page_can_be_served(tmp_path: Path) -> None:
    page = Path(kubernetes.__path__[0]) / "README.md"
    worlds = re.findall(r"^```yaml\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(worlds) == 2

    for text in worlds:
        path = tmp_path / "world.yaml"
        path.write_text(text, encoding="utf-8")
        assert loaded(path).store.get(table=("", "namespaces"), namespace="", name="shop")
