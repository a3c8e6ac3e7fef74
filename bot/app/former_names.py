"""Log the names of the release before that entries of users still use; they work for one more release."""

from __future__ import annotations

from typing import Final

import structlog

from bot.probes.registry import declarations
from intents.catalog.former_uses import former_names
from intents.catalog.loader import Catalog

_log: Final = structlog.get_logger(__name__)


def log_former_names(catalog: Catalog) -> None:
    """Log an event for each former name of a probe, an argument or a row key, with its place and its name now."""
    for each in former_names(catalog, declarations()):
        _log.warning("catalog_former_name_used", file=each.file, line=each.line, field=each.field, says=each.says)
