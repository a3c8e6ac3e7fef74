"""Slack's request signature, version 0: what proves to the app that a payload comes from Slack."""

from __future__ import annotations

import hashlib
import hmac


def signed_headers(body: bytes, *, secret: str, timestamp: int) -> dict[str, str]:
    """The two headers that go with `body`; `timestamp` in epoch seconds."""
    basis = b"v0:" + str(timestamp).encode() + b":" + body
    digest = hmac.new(secret.encode(), basis, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(timestamp), "X-Slack-Signature": f"v0={digest}"}
