"""Offer the operations as tools of an MCP server: structured answers with a schema. Imported only where MCP is on."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)

from bot.common.release import running_version
from bot.surfaces.api.answer_service import Caller
from bot.surfaces.api.api_errors import ApiError
from bot.surfaces.api.api_models import describe_api
from bot.surfaces.api.limited_calls import OPERATIONS, ApiCalls, Operation
from responses.documents import Document, describe_documents

VIA: Final = "mcp"
_INSTRUCTIONS: Final = (
    "Casebook diagnoses Kubernetes by reading the cluster; it changes nothing. Only the verdict `confirmed` is proven."
    " `likely` and `possible` are not, and `gaps` lists what could not be read: never take a gap for a healthy state."
    " Start with `overview` of a namespace, or with `explain` for an error text; then `diagnose` the object at fault."
)

# Returns who calls, from the context of a request.
CallerOf = Callable[[ServerRequestContext[Any, Any]], Caller]


def mcp_server(calls: ApiCalls, caller_of: CallerOf) -> Server[Any]:
    """Return the server. Its transport is chosen by who runs it."""
    # The library quotes malformed messages in its log.
    logging.getLogger("mcp").setLevel(logging.CRITICAL + 1)

    async def list_tools(
        _context: ServerRequestContext[Any, Any], _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return ListToolsResult(tools=list(_tools()))

    async def call_tool(context: ServerRequestContext[Any, Any], params: CallToolRequestParams) -> CallToolResult:
        operation = OPERATIONS.get(params.name)
        if operation is None:
            raise MCPError(code=INVALID_PARAMS, message=f"unknown tool; known are {', '.join(OPERATIONS)}")
        arguments = json.dumps(params.arguments or {}).encode()

        async def body() -> bytes:
            return arguments

        try:
            answer = await calls.run(operation, body, caller_of(context), VIA)
        except ApiError as error:
            return CallToolResult(content=_text(error.document), is_error=True)
        # Clients without structured content read the text.
        return CallToolResult(content=_text(answer), structured_content=answer.as_json())

    server: Server[Any] = Server(
        "casebook",
        title="Casebook",
        version=running_version(),
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
    # Its own spans are named by what the client sends; `bot.common.tracing` times the calls.
    server.middleware.clear()
    return server


@cache
def _tools() -> tuple[Tool, ...]:
    describe_documents()
    describe_api()
    return tuple(map(_tool, OPERATIONS.values()))


def _tool(operation: Operation) -> Tool:
    return Tool(
        name=operation.name,
        description=operation.says,
        input_schema=operation.question.model_json_schema(mode="validation"),
        output_schema=operation.answer.model_json_schema(mode="serialization"),
        annotations=ToolAnnotations(
            read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True
        ),
    )


def _text(document: Document) -> list[Any]:
    return [TextContent(type="text", text=json.dumps(document.as_json(), ensure_ascii=False))]
