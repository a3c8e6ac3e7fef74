"""Check that an address belongs to Slack: our token and answers go nowhere else, whatever a payload says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from yarl import URL

# Slack's two clouds. Files, uploads and response URLs are on subdomains of the cloud whose API we call.
_CLOUDS: Final = ("slack.com", "slack-gov.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """Trusted addresses. A `base_url` outside of Slack is trusted with exactly its scheme, host and port."""

    base_url: str

    def trusted(self, url: str) -> URL | None:
        """Return the parsed `url` if it belongs to Slack or to the configured base URL; else None."""
        try:
            parsed, base = URL(url), URL(self.base_url)
        except (ValueError, TypeError):
            return None
        if not parsed.absolute or parsed.user is not None or parsed.password is not None:
            return None
        host = (parsed.host or "").lower().rstrip(".")
        own = (base.host or "").lower()
        for cloud in _CLOUDS:
            if own == cloud or own.endswith(f".{cloud}"):
                https = parsed.scheme == "https" and parsed.port == 443
                return parsed if https and (host == cloud or host.endswith(f".{cloud}")) else None
        return parsed if (parsed.scheme, host, parsed.port) == (base.scheme, own, base.port) else None
