"""Answer programs: one read-only layer with structured answers, below an HTTP API and an MCP server."""
