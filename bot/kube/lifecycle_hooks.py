"""Describe the lifecycle hooks of a container in one line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def hook(container: Mapping[str, Any], name: str) -> str:
    """Return what the hook `postStart` or `preStop` does: "runs sh -c setup", "GET :8080/drain"; "" for none."""
    declared = (container.get("lifecycle") or {}).get(name) or {}
    if command := (declared.get("exec") or {}).get("command"):
        return "runs " + " ".join(map(str, command))
    if request := declared.get("httpGet"):
        return f"GET :{request.get('port', '')}{request.get('path', '/')}"
    if sleep := declared.get("sleep"):
        return f"sleeps {sleep.get('seconds', 0)}s"
    return f"connects to :{declared['tcpSocket'].get('port', '')}" if declared.get("tcpSocket") else ""
