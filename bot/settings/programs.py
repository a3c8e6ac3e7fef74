"""Check the settings of what programs ask: the HTTP API and the MCP server."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

INSTALL_MCP: Final = "install it with: pip install 'kube-casebook[mcp]'"


def mcp_problems(mcp: bool, api_tokens: Path | None) -> tuple[str, ...]:
    """Return why MCP clients cannot be answered, at most one line."""
    if mcp and api_tokens is None:
        return ("CASEBOOK_MCP needs CASEBOOK_API_TOKENS: MCP clients send these tokens",)
    if mcp and not has_mcp():
        return (f"CASEBOOK_MCP needs the package mcp: {INSTALL_MCP}",)
    return ()


def has_mcp() -> bool:
    """Tell whether the package that speaks MCP is installed."""
    return find_spec("mcp") is not None
