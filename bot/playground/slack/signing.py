"""Sign requests with Slack's signature, version 0, which proves to the app that Slack sent them."""

from __future__ import annotations

import hashlib
import hmac


def signed_headers(body: bytes, *, secret: str, timestamp: int) -> dict[str, str]:
    """Return the two signature headers for `body`; `timestamp` is in epoch seconds."""
    basis = b"v0:" + str(timestamp).encode() + b":" + body
    digest = hmac.new(secret.encode(), basis, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(timestamp), "X-Slack-Signature": f"v0={digest}"}
