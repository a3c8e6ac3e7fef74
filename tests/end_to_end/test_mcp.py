"""MCP: the official client over streamable HTTP and over standard input and output, and clients that send rubbish."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
from jsonschema import Draft202012Validator
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from tests.collector import collector
from tests.end_to_end.programs import ALL, LEDGER, NOBODY, ask, tokens_file
from tests.end_to_end.test_http_api import PLANTED, POD, policy
from tests.end_to_end.test_metrics import scraped
from tests.end_to_end.workplace import Workplace, workplace

TOOLS = ["diagnose", "explain", "overview", "incidents"]
ACCEPTED = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


@asynccontextmanager
async def connected(at: Workplace, *, mode: str = "auto", token: str = ALL) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30, verify=False) as http,
        Client(streamable_http_client(f"{at.app.url}/mcp", http_client=http), mode=mode, cache=None) as client,
    ):
        yield client


async def checked(client: Client, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Call a tool and return its structured answer, which has the shape that the tool declares."""
    declared: Any = {one.name: one for one in (await client.list_tools()).tools}
    Draft202012Validator(declared[tool].input_schema).validate(arguments)
    result: Any = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    Draft202012Validator(declared[tool].output_schema).validate(result.structured_content)
    assert json.loads(result.content[0].text) == result.structured_content
    return result.structured_content


async def refused(client: Client, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Call a tool and return its error."""
    result: Any = await client.call_tool(tool, arguments)
    assert result.is_error
    return json.loads(result.content[0].text)["error"]


async def asked(client: Client, incident: str, text: str) -> None:
    """Use all tools as an agent would: an overview, its worst problem, an error text, the catalog."""
    tools: Any = (await client.list_tools()).tools
    assert [one.name for one in tools] == TOOLS
    assert all(one.annotations.read_only_hint for one in tools)
    listed = await checked(client, "overview", {"namespace": "ledger"})
    worst = listed["findings"][0]["asked"]
    found = await checked(client, "diagnose", {key: worst[key] for key in ("kind", "namespace", "name")})
    assert (found["verdict"], found["incident"]) == ("confirmed", incident)
    explained = await checked(client, "explain", {"text": f"{text}\nDB_PASSWORD={PLANTED}"})
    assert (explained["verdict"], explained["cluster"]) == ("confirmed", "simulated")
    assert PLANTED not in json.dumps(explained)
    known = await checked(client, "incidents", {"q": incident, "limit": 1})
    assert known["incidents"][0]["id"] == incident
    assert (await refused(client, "diagnose", {"kind": "deploymnet", "name": "x"}))["suggestions"] == ["deployment"]
    assert (await refused(client, "explain", {"text": 7}))["code"] == "invalid_request"
    assert (await refused(client, "diagnose", {**POD, "cluster": "prod"}))["code"] == "unknown_cluster"


async def test_official_client_over_http(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world, policy=policy(), tokens=tokens_file(tmp_path), mcp=True) as at:
        for mode in ("auto", "legacy"):
            async with connected(at, mode=mode) as client:
                await asked(client, broken.incident, broken.text)
            async with connected(at, mode=mode, token=LEDGER) as client:
                hidden = await refused(client, "overview", {"namespace": "front"})
                assert hidden["code"] == "not_found", mode
            async with connected(at, mode=mode, token=NOBODY) as client:
                assert (await refused(client, "overview", {}))["code"] == "not_allowed", mode

        assert at.writes() == []
        audited = Counter((one.actor, one.action, one.outcome) for one in await at.audited())
        assert audited["all", "api-diagnose", "confirmed"] == 2
        assert audited["nobody", "api-overview", "not_allowed"] == 2
        page = await scraped(at)
        assert page.of("casebook_api_calls_total", via="mcp", operation="explain", outcome="ok") == 2


async def test_official_client_over_standard_streams(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path.cwd()), "CASEBOOK_LOG_LEVEL": "debug"}
        server = StdioServerParameters(
            command=sys.executable,
            args=["-m", "bot", "mcp", "--kubeconfig", str(tmp_path / "kubeconfig")],
            env=environment,
        )
        async with Client(server) as client:
            await asked(client, broken.incident, broken.text)
        assert at.writes() == []


async def test_a_call_is_one_trace_without_its_text(tmp_path, engine, broken):
    async with collector() as at_collector:
        async with (
            workplace(
                tmp_path, engine, broken.world, policy=policy(), tokens=tokens_file(tmp_path), mcp=True,
                otlp_endpoint=at_collector.url,
            ) as at,
            connected(at) as client,
        ):  # fmt: skip
            await client.call_tool("explain", {"text": f"{broken.text}\n{PLANTED}"})

        (call,) = (one for one in at_collector.spans() if one.attributes.get("casebook.surface") == "mcp")
        assert call.attributes["casebook.result"] == "ok"
        assert {"match", "diagnose"} <= {one.name for one in at_collector.spans(call.trace)}
        assert PLANTED not in str([(one.name, one.attributes) for one in at_collector.spans()])


CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "explain", "arguments": {"text": PLANTED}},
}
RUBBISH: tuple[Any, ...] = (
    b"",
    b"{",
    b"[" * 100_000,
    b"\xff\xfe",
    b'"x"',
    [],
    [CALL],
    {},
    {**CALL, "jsonrpc": "1.0"},
    {**CALL, "method": 7},
    {**CALL, "method": f"no/{PLANTED}"},
    {**CALL, "params": PLANTED},
    {**CALL, "params": {"name": PLANTED, "arguments": {}}},
    {**CALL, "params": {"name": "explain", "arguments": [PLANTED]}},
    {**CALL, "params": {"arguments": {}}},
    {**CALL, "id": {"deep": PLANTED}},
)


async def test_rubbish_gets_an_error_and_is_not_logged(tmp_path, engine, broken, capfd):
    async with workplace(tmp_path, engine, broken.world, policy=policy(), tokens=tokens_file(tmp_path), mcp=True) as at:
        for version in ({}, {"MCP-Protocol-Version": "2026-07-28"}, {"MCP-Protocol-Version": "1999-01-01"}):
            for message in RUBBISH:
                status, answer, _ = await ask(at.app.url, "/mcp", message, headers={**ACCEPTED, **version})
                assert status < 500, (message, status, answer)
                # The library takes a message with an id of another type for a notification, and ignores it.
                assert status == 202 or answer.get("error"), (version, message, status, answer)
        status, answer, _ = await ask(at.app.url, "/mcp", CALL, headers=ACCEPTED, token="wrong")
        assert (status, answer["error"]["code"]) == (401, "unauthorized")
        status, answer, _ = await ask(at.app.url, "/mcp", CALL, headers={**ACCEPTED, "Origin": "http://evil.test"})
        assert (status, answer["error"]["code"]) == (403, "browser")
        status, answer, _ = await ask(at.app.url, "/mcp", headers=ACCEPTED)
        assert (status, answer["error"]["code"]) == (405, "wrong_method")
        status, answer, _ = await ask(at.app.url, "/mcp", b" " * (1 << 20) + b"{}", headers=ACCEPTED)
        assert status == 413
        status, answer, _ = await ask(at.app.url, "/mcp", CALL, headers=ACCEPTED)
        assert (status, answer["result"]["structuredContent"]["verdict"]) == (200, None)
    told = capfd.readouterr()
    assert PLANTED not in told.out + told.err
