"""Tell from logs where a program listens."""

from __future__ import annotations

import pytest

from bot.kube.log_listeners import loopback_ports, probed_ports


@pytest.mark.parametrize(("log", "port"), [
    ("INFO:     Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)", 8000),
    (" * Running on http://127.0.0.1:5000", 5000),
    ('time=… level=INFO msg="listening" addr=127.0.0.1:8080', 8080),
    ("* Listening on http://127.0.0.1:3000", 3000),
    ("Now listening on: http://[::1]:5001", 5001),
    ("LOG:  listening on IPv4 address 127.0.0.1:5432", 5432),
])  # fmt: skip
def test_a_program_that_serves_its_own_pod_alone_is_found(log: str, port: int) -> None:
    assert list(loopback_ports(log)) == [port]


@pytest.mark.parametrize("log", [
    "INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)",
    " * Running on all addresses (0.0.0.0)\n * Running on http://127.0.0.1:5000\n * Running on http://10.1.2.3:5000",
    "listening on 127.0.0.1:8080\nlistening on 10.1.2.3:8080",
    "listening on 127.0.0.1:8080\nlistening on :8080",
    "Server running at http://localhost:3000",
    "running health checks against http://127.0.0.1:8080/health",
    "started to forward from :9000 to 127.0.0.1:8080",
    "connect() failed (111: Connection refused) while starting upstream http://127.0.0.1:9000",
    "",
])  # fmt: skip
def test_what_others_may_reach_is_left_alone(log: str) -> None:
    assert loopback_ports(log) == {}


def test_a_port_that_the_kubelet_reaches_is_open() -> None:
    container = {"name": "app", "ports": [{"name": "http", "containerPort": 8000}]}
    pod = {
        "spec": {"containers": [container | {"readinessProbe": {"httpGet": {"port": "http"}}}]},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }

    assert probed_ports(pod) == {8000}
    assert probed_ports(pod | {"status": {}}) == frozenset()
