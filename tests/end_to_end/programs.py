"""Ask the running app as a program does, with a bearer token."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

# Test values.
ALL = "all-5fd0a2c9be5d4b6f8d21"
LEDGER = "ledger-77c1d09a3c5e42d18b"
NOBODY = "nobody-1b0f5a7799e84c6c90"
LEDGER_CHANNEL = "C0LEDGER0"
# The policy: people of the group see everything, the channel sees one namespace.
POLICY: dict[str, Any] = {
    "reading": [
        {"groups": ["S0SRE"], "clusters": ["*"], "namespaces": ["*"]},
        {"channels": [LEDGER_CHANNEL], "clusters": ["*"], "namespaces": ["ledger"], "cluster_scoped": False},
    ],
    "others": "nothing",
}
NO_HEADERS: Mapping[str, str] = {}


def tokens_file(directory: Path) -> Path:
    """Write a file with three tokens and return its path."""
    secret = directory / "token.txt"
    secret.write_text(f"{LEDGER}\n")

    def digest(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    entries = [
        {"name": "all", "token_sha256": digest(ALL), "subject": {"groups": ["S0SRE"]}},
        {"name": "ledger", "token_file": str(secret), "subject": {"channel": LEDGER_CHANNEL}},
        {
            "name": "nobody",
            "token_sha256": digest(NOBODY),
            "subject": {"user": "U0NOBODY"},
        },
    ]
    path = directory / "tokens.yaml"
    path.write_text(json.dumps(entries))
    return path


async def ask(
    url: str,
    path: str,
    body: Any = None,
    *,
    token: str = ALL,
    method: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
) -> tuple[int, dict[str, Any], Mapping[str, str]]:
    """Send a request and return status, JSON and headers of its response. A body of bytes is sent as it is."""
    raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    sent = {"Authorization": f"Bearer {token}", **headers} if token else dict(headers)
    async with aiohttp.ClientSession() as session:
        verb = method or ("GET" if body is None else "POST")
        async with session.request(
            verb, f"{url}{path}", data=None if raw is None else io.BytesIO(raw), headers=sent
        ) as response:
            assert response.content_type == "application/json", await response.text()
            return response.status, await response.json(), dict(response.headers)
