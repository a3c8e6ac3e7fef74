"""The HTTP API: what it answers, to whom, and what bad input gets."""

from __future__ import annotations

import gzip
import json
from typing import Any

import aiohttp
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from bot.policy import Policy
from bot.policy.model import Rules
from tests.end_to_end.programs import ALL, LEDGER, NOBODY, POLICY, ask, tokens_file
from tests.end_to_end.test_metrics import scraped
from tests.end_to_end.workplace import Workplace, broken_case, workplace

PLANTED = "hunter2-3f9a1c77"


def policy() -> Policy:
    return Policy(rules=Rules.model_validate(POLICY))


class Described:
    """The responses as the OpenAPI document describes them."""

    def __init__(self, document: dict[str, Any]) -> None:
        OpenAPIV31SpecValidator(document).validate()
        self.document = document

    def check(self, path: str, method: str, status: int, body: Any) -> None:
        responses = self.document["paths"][path][method]["responses"]
        schema = responses[str(status)]["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": self.document["components"]}).validate(body)


async def described(at: Workplace) -> Described:
    _, document, _ = await ask(at.app.url, "/v1/openapi.json", token="")
    return Described(document)


async def test_answers_have_the_shape_of_the_published_document(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world, policy=policy(), tokens=tokens_file(tmp_path)) as at:
        api = await described(at)
        questions = {
            "/v1/explain": {"text": f"{broken.text}\nDB_PASSWORD={PLANTED}"},
            "/v1/overview": {"namespace": "ledger"},
            "/v1/diagnose": {"kind": "pod", "namespace": "ledger", "name": "db-tikv-0"},
        }
        answers = {}
        for path, question in questions.items():
            status, answers[path], _ = await ask(at.app.url, path, question)
            assert status == 200, answers[path]
            api.check(path, "post", status, answers[path])
            assert PLANTED not in json.dumps(answers[path])

        explained, listed = answers["/v1/explain"], answers["/v1/overview"]
        assert (explained["verdict"], explained["incident"]) == ("confirmed", broken.incident)
        assert explained["text_only"] is None
        assert explained["timing"]["observed_at"]
        supports = [one for one in explained["hypotheses"][0]["findings"] if one["outcome"] == "supports"]
        assert any(one["reproduce"].startswith("kubectl ") and one["rows"] for one in supports)
        assert explained["hypotheses"][0]["runbook"]
        assert listed["findings"][0]["incident"] == broken.incident
        asked = listed["findings"][0]["asked"]
        status, found, _ = await ask(
            at.app.url, "/v1/diagnose", {key: asked[key] for key in ("kind", "namespace", "name")}
        )
        assert (status, found["verdict"], found["incident"]) == (200, "confirmed", broken.incident)

        status, incidents, _ = await ask(at.app.url, f"/v1/incidents?q={broken.incident}&limit=3")
        api.check("/v1/incidents", "get", status, incidents)
        assert incidents["incidents"][0]["id"] == broken.incident
        assert at.writes() == []

        calls = [(one.actor, one.action, one.outcome) for one in await at.audited()]
        assert calls[0] == ("all", "api-explain", "confirmed")
        assert len(calls) == 5
        page = await scraped(at)
        assert page.of("casebook_api_calls_total", via="http", operation="overview", outcome="ok") == 1


@pytest.fixture
def hidden(engine):
    """Return a broken case in the namespace `front`."""
    return broken_case(engine, "image-pull-failed", "the registry still does not answer; a restart changes nothing")


async def test_policy_decides_what_a_token_sees(tmp_path, engine, broken, hidden):
    async with workplace(
        tmp_path, engine, broken.world, hidden.world, policy=policy(), tokens=tokens_file(tmp_path)
    ) as at:
        url = at.app.url
        seen = {"kind": "pod", "namespace": "ledger", "name": "db-tikv-0"}
        status, found, _ = await ask(url, "/v1/diagnose", seen, token=LEDGER)
        assert (status, found["verdict"]) == (200, "confirmed")
        _, everything, _ = await ask(url, "/v1/overview", {})
        status, listed, _ = await ask(url, "/v1/overview", {}, token=LEDGER)
        assert status == 200
        assert {one["asked"]["namespace"] for one in everything["findings"]} == {"ledger", "front"}
        assert {one["asked"]["namespace"] for one in listed["findings"]} == {"ledger"}

        before = len(at.cluster.requests)
        pod = next(one["asked"] for one in everything["findings"] if one["asked"]["namespace"] == "front")
        secret = [
            await ask(url, "/v1/diagnose", {"kind": "pod", "namespace": "front", "name": name}, token=LEDGER)
            for name in (pod["name"], "no-such-pod")
        ]
        assert len({(status, answer["error"]["code"]) for status, answer, _ in secret}) == 1
        assert all(pod["name"] not in json.dumps(answer["error"]["candidates"]) for _, answer, _ in secret)
        overviews = [
            await ask(url, "/v1/overview", {"namespace": name}, token=LEDGER) for name in ("front", "no-such-space")
        ]
        assert [status for status, _, _ in overviews] == [404, 404]
        _, explained, _ = await ask(url, "/v1/explain", {"text": hidden.text}, token=LEDGER)
        assert explained["verdict"] not in ("confirmed", "likely")
        assert not [one for one in at.cluster.requests[before:] if "/namespaces/front" in one.path]

        for path, question in {"/v1/diagnose": seen, "/v1/explain": {"text": broken.text}, "/v1/overview": {}}.items():
            status, answer, _ = await ask(url, path, question, token=NOBODY)
            assert (status, answer["error"]["code"]) == (403, "not_allowed")
        status, _, _ = await ask(url, "/v1/incidents", token=NOBODY)
        assert status == 403


async def test_several_clusters_need_a_name(tmp_path, engine, broken):
    async with workplace(
        tmp_path, engine, broken.world, policy=policy(), tokens=tokens_file(tmp_path),
        addresses={"gone": "http://127.0.0.1:9"},
    ) as at:  # fmt: skip
        url, seen = at.app.url, {"kind": "pod", "namespace": "ledger", "name": "db-tikv-0"}
        status, answer, _ = await ask(url, "/v1/diagnose", seen)
        assert (status, answer["error"]["code"]) == (400, "cluster_required")
        assert answer["error"]["suggestions"] == ["simulated", "gone"]
        status, answer, _ = await ask(url, "/v1/diagnose", {**seen, "cluster": "simulate"})
        assert (status, answer["error"]["code"], answer["error"]["suggestions"]) == (
            404, "unknown_cluster", ["simulated"],
        )  # fmt: skip
        status, answer, _ = await ask(url, "/v1/diagnose", {**seen, "cluster": "simulated"})
        assert (status, answer["cluster"]) == (200, "simulated")
        status, answer, headers = await ask(url, "/v1/diagnose", {**seen, "cluster": "gone"})
        assert (status, answer["error"]["code"]) == (503, "cluster_unavailable")
        assert "127.0.0.1" not in answer["error"]["message"]
        assert headers["Retry-After"]
        status, answer, _ = await ask(url, "/v1/explain", {"text": broken.text})
        assert (status, answer["cluster"]) == (200, "")
        assert "several clusters" in answer["text_only"]
        status, answer, _ = await ask(url, "/v1/explain", {"text": broken.text, "cluster": "gone"})
        assert (status, answer["cluster"]) == (200, "")
        assert "gone" in answer["text_only"]


POD = {"kind": "pod", "name": "x"}
DEEP = b"[" * 100_000
BAD: tuple[tuple[str, str, Any, int, str, str], ...] = (
    ("POST", "/v1/diagnose", b"", 400, "malformed_json", ""),
    ("POST", "/v1/diagnose", b"{", 400, "malformed_json", ""),
    ("POST", "/v1/diagnose", b'{"kind": "\xff"}', 400, "malformed_json", ""),
    ("POST", "/v1/diagnose", DEEP, 400, "malformed_json", ""),
    ("POST", "/v1/diagnose", [], 400, "invalid_request", ""),
    ("POST", "/v1/diagnose", {}, 400, "invalid_request", "kind"),
    ("POST", "/v1/diagnose", {"kind": 1, "name": "x"}, 400, "invalid_request", "kind"),
    ("POST", "/v1/diagnose", {"kind": "pod", "name": ""}, 400, "invalid_request", "name"),
    ("POST", "/v1/diagnose", {**POD, "name": "x" * 254}, 400, "invalid_request", "name"),
    ("POST", "/v1/diagnose", {**POD, "apply": True}, 400, "invalid_request", "apply"),
    ("POST", "/v1/diagnose", {**POD, "language": "de"}, 400, "invalid_request", "language"),
    ("POST", "/v1/diagnose", {"kind": "deploymnet", "name": "x"}, 400, "unknown_kind", "kind"),
    ("POST", "/v1/diagnose", {"kind": "wombat", "name": "x"}, 400, "unknown_kind", "kind"),
    ("POST", "/v1/diagnose", {**POD, "cluster": "prod"}, 404, "unknown_cluster", "cluster"),
    ("POST", "/v1/diagnose", {**POD, "namespace": "ledger", "name": "db-tikv-7"}, 404, "not_found", "name"),
    ("POST", "/v1/diagnose", {**POD, "name": "../secrets"}, 404, "not_found", "name"),
    ("POST", "/v1/diagnose", {**POD, "namespace": "a/../b"}, 400, "invalid_request", ""),
    ("POST", "/v1/explain", {"text": ""}, 400, "invalid_request", "text"),
    ("POST", "/v1/explain", {"text": "   "}, 400, "invalid_request", "text"),
    ("POST", "/v1/explain", {"text": ["x"]}, 400, "invalid_request", "text"),
    ("POST", "/v1/overview", {"namespace": "nope"}, 404, "not_found", "name"),
    ("GET", "/v1/incidents?limit=x", None, 400, "invalid_request", "limit"),
    ("GET", "/v1/incidents?limit=0", None, 400, "invalid_request", "limit"),
    ("GET", "/v1/incidents?page=2", None, 400, "invalid_request", "page"),
    ("GET", "/v1/diagnose", None, 405, "wrong_method", ""),
    ("DELETE", "/v1/incidents", None, 405, "wrong_method", ""),
    ("GET", "/v1/nothing", None, 404, "no_such_path", ""),
    ("POST", "/v1/explain", b" " * (1 << 20) + b"{}", 413, "too_large", ""),
)


async def test_bad_input_gets_one_shape_of_error_and_is_not_logged(tmp_path, engine, broken, capfd):
    async with workplace(
        tmp_path, engine, broken.world, policy=policy(), tokens=tokens_file(tmp_path), api_calls_per_minute=1000
    ) as at:
        api = await described(at)
        for method, path, body, status, code, field in BAD:
            got, answer, _ = await ask(at.app.url, path, body, method=method)
            error = answer["error"]
            assert (got, error["code"], error["field"] or "") == (status, code, field), (path, str(body)[:80], answer)
            bare, verb = path.partition("?")[0], method.lower()
            if verb in api.document["paths"].get(bare, {}):
                api.check(bare, verb, status, answer)
        _, answer, _ = await ask(at.app.url, "/v1/diagnose", {"kind": "deploymnet", "name": "x"})
        assert answer["error"]["suggestions"] == ["deployment"]
        _, answer, _ = await ask(at.app.url, "/v1/diagnose", {**POD, "namespace": "ledger", "name": "db-tikv-7"})
        assert [one["name"] for one in answer["error"]["candidates"]] == ["db-tikv-0"]

        packed = {"Content-Encoding": "gzip"}
        question = gzip.compress(json.dumps({"text": broken.text}).encode())
        status, answer, _ = await ask(at.app.url, "/v1/explain", question, headers=packed)
        assert (status, answer["verdict"]) == (200, "confirmed")
        status, _, _ = await ask(at.app.url, "/v1/explain", b"\x1f\x8bbroken", headers=packed)
        assert status == 400
        status, _, _ = await ask(at.app.url, "/v1/explain", gzip.compress(b" " * (8 << 20)), headers=packed)
        assert status == 413

        for token in ("", "wrong", f"{ALL}x", ALL[:-1], "\xe9"):
            status, answer, headers = await ask(at.app.url, "/v1/explain", {"text": PLANTED}, token=token)
            assert (status, answer["error"]["code"]) == (401, "unauthorized")
            assert headers["WWW-Authenticate"] == "Bearer"
        status, _, _ = await ask(at.app.url, "/v1/incidents", token="", headers={"Authorization": f"Basic {ALL}"})
        assert status == 401
        await ask(at.app.url, "/v1/explain", {"text": f"note {PLANTED}", "other": PLANTED})
        await ask(at.app.url, "/v1/explain", {"text": f"the word is {PLANTED}"})
        assert PLANTED not in json.dumps([one.detail for one in await at.audited()], default=str)
        assert at.writes() == []
    told = capfd.readouterr()
    assert PLANTED not in told.out + told.err


async def test_calls_of_a_token_are_limited_and_a_removed_token_is_refused(tmp_path, engine, broken):
    tokens = tokens_file(tmp_path)
    async with workplace(tmp_path, engine, broken.world, policy=policy(), tokens=tokens, api_calls_per_minute=2) as at:
        status = [(await ask(at.app.url, "/v1/incidents?limit=1"))[0] for _ in range(2)]
        over, answer, headers = await ask(at.app.url, "/v1/incidents?limit=1")
        assert (status, over, answer["error"]["code"]) == ([200, 200], 429, "rate_limited")
        assert 1 <= int(headers["Retry-After"]) <= 30
        assert (await ask(at.app.url, "/v1/incidents", token=LEDGER))[0] == 200

        tokens.write_text(json.dumps(json.loads(tokens.read_text())[:1]))
        at.app.reload()
        while (await ask(at.app.url, "/v1/incidents", token=LEDGER))[0] != 401:
            pass


async def test_without_tokens_there_is_no_api(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at, aiohttp.ClientSession() as session:
        for path in ("/v1/incidents", "/v1/openapi.json", "/mcp"):
            async with session.get(f"{at.app.url}{path}") as response:
                assert response.status == 404
