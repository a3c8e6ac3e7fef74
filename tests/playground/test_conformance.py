"""The simulated API server answers the recorded requests as the real one did.

Each topic is a recording of `wire/`, replayed step by step against a cluster that starts from `worlds.yaml` and, before
each step, from the last recorded state of the object the step is about. What no rule gives (uids, times, revisions,
tokens, name suffixes) is masked. Steps that differ on purpose are listed with a reason in `departures.yaml`; the test
fails for an unlisted one, and for a listed one that has come to agree.
"""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from bot.playground.kubernetes import SimulatedCluster

HERE = Path(__file__).parent
TOPICS = sorted(path.stem for path in (HERE / "wire").glob("*.json"))
WORLDS = yaml.safe_load((HERE / "worlds.yaml").read_text(encoding="utf-8"))
DEPARTURES = yaml.safe_load((HERE / "departures.yaml").read_text(encoding="utf-8"))

_MASKS = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<uid>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<time>"),
    (re.compile(r"\b10\.\d+\.\d+\.\d+\b"), "<pod ip>"),
    (re.compile(r"kube-api-access-[a-z0-9]{5}"), "kube-api-access-<suffix>"),
    (re.compile(r"gen-[a-z0-9]{5}"), "gen-<suffix>"),
    (re.compile(r"(in record \(|current: )\d+"), r"\1<revision>"),
    (re.compile(r'User "[^"]+"'), 'User "<user>"'),
    # A ReplicaSet's name ends in a hash of its template as Go prints it, and its pods' in five letters more.
    (re.compile(r"\bweb-[a-z0-9]{9,10}-[a-z0-9]{5}\b"), "web-<hash>-<suffix>"),
    (re.compile(r"\bweb-[a-z0-9]{9,10}\b"), "web-<hash>"),
    (re.compile(r"^default-scheduler-[-a-z0-9]+$"), "default-scheduler-<host>"),
    (re.compile(r"^RBAC: allowed by .*"), "RBAC: allowed by <rule>"),
    (re.compile(r"(?<=\.)[0-9a-f]{16}$"), "<number>"),
    (re.compile(r'Invalid value: "\{.*\}": parsing time'), 'Invalid value: "<object>": parsing time'),
    # The rest of this message is a diff of Go's printed structs.
    (re.compile(r"\n@@.*", re.DOTALL), ""),
)
_DROPPED = frozenset({"managedFields", "storageVersionHash"})
_MASKED = frozenset({"uid", "resourceVersion", "continue", "serverAddress", "pod-template-hash"})


def masked(value: Any, *, key: str = "") -> Any:
    """Return a body without what differs from run to run."""
    if isinstance(value, dict):
        return {name: masked(item, key=name) for name, item in value.items() if name not in _DROPPED}
    if isinstance(value, list):
        return [masked(item, key=key) for item in value]
    if isinstance(value, str):
        if key in _MASKED and value:
            return f"<{key}>"
        for pattern, replacement in _MASKS:
            value = pattern.sub(replacement, value)
    return value


def differences(recorded: Any, answered: Any, *, path: str = "", partly: bool = False) -> list[str]:
    """Return the paths at which two masked bodies differ.

    A recorded mapping with a `note` was shortened, and with `partly` all were: only the recorded keys count.
    """
    if isinstance(recorded, dict) and isinstance(answered, dict):
        shortened = partly or "note" in recorded
        keys = set(recorded) - {"note"} if shortened else {*recorded, *answered}
        found = []
        for key in sorted(keys):
            place = f"{path}.{key}"
            if key not in answered:
                found.append(f"{place}: missing, recorded {json.dumps(recorded[key])[:200]}")
            elif key not in recorded:
                found.append(f"{place}: not recorded, answered {json.dumps(answered[key])[:200]}")
            else:
                found += differences(recorded[key], answered[key], path=place, partly=partly)
        return found
    if isinstance(recorded, list) and isinstance(answered, list) and len(recorded) == len(answered):
        pairs = enumerate(zip(recorded, answered, strict=True))
        return [each for at, pair in pairs for each in differences(*pair, path=f"{path}[{at}]", partly=partly)]
    if recorded != answered:
        return [f"{path}: recorded {json.dumps(recorded)[:300]}, answered {json.dumps(answered)[:300]}"]
    return []


@dataclass
class Replay:
    """One topic being replayed: the cluster, and how recorded revisions and tokens map to its own."""

    topic: str
    cluster: SimulatedCluster
    session: aiohttp.ClientSession
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    scaled: set[str] = field(default_factory=set)

    async def answer(self, request: dict[str, Any], extra: dict[str, str]) -> tuple[int, dict[str, list[str]], Any]:
        path = request["path"]
        for recorded, ours in self.tokens.items():
            path = path.replace(f"continue={recorded}", f"continue={ours}")
        body = request.get("body")
        if isinstance(body, dict):
            body = copy.deepcopy(body)
            version = (body.get("metadata") or {}).get("resourceVersion")
            if version in self.versions:
                body["metadata"]["resourceVersion"] = self.versions[version]
        data = body if isinstance(body, str) or body is None else json.dumps(body)
        async with self.session.request(
            request["method"], self.cluster.url + path, data=data, headers=(request.get("headers") or {}) | extra
        ) as response:
            text = await response.text()
            headers = {name: response.headers.getall(name) for name in response.headers}
            is_json = response.headers.get("Content-Type", "").startswith("application/json")
            return response.status, headers, json.loads(text) if is_json else text

    def seed(self, step: dict[str, Any]) -> None:
        """Put the object of a step into the state it was in when the step was recorded."""
        request, body = step["request"], step["response"]["body"]
        place = _place(request["path"])
        if place is None:
            return
        shown = request["method"] == "GET" and step["response"]["status"] == 200 and isinstance(body, dict)
        if shown and "deletionTimestamp" in body.get("metadata", {}):
            return
        if shown and body.get("kind") == "Scale" and place in self.known:
            replicas = body["status"]["replicas"]
            self.known[place]["spec"]["replicas"] = body["spec"]["replicas"]
            self.known[place].setdefault("status", {})["replicas"] = replicas
        elif shown and "metadata" in body and "name" in body["metadata"]:
            self.known[place] = body
        if shown and str(body.get("kind", "")).endswith("List") and isinstance(body.get("items"), list):
            self._seed_items(body)
        if place in self.known and step["response"]["status"] != 404:
            self.load(self.known[place])

    def _seed_items(self, body: dict[str, Any]) -> None:
        kind, version = body["kind"].removesuffix("List"), body["apiVersion"]
        if version != "v1" or kind != "Event":
            return
        for item in body["items"]:
            self.load({"kind": kind, "apiVersion": version, **item})

    def load(self, obj: dict[str, Any]) -> None:
        if any("note" in (obj.get(key) or {}) for key in ("spec", "status")) or "uid" not in obj["metadata"]:
            return
        self.cluster.load({"objects": [copy.deepcopy(obj)]})
        self.known[_place_of(obj)] = obj
        recorded = obj["metadata"].get("resourceVersion")
        if recorded:
            self.versions[recorded] = str(self.cluster.store.revision)

    def learn(self, step: dict[str, Any], answered: Any) -> None:
        """Remember what the recorded answer says about objects and tokens."""
        request, response = step["request"], step["response"]
        body, place = response["body"], _place(request["path"])
        token = (body.get("metadata") or {}).get("continue") if isinstance(body, dict) else None
        if token and isinstance(answered, dict) and (answered.get("metadata") or {}).get("continue"):
            self.tokens[token] = answered["metadata"]["continue"]
        if not isinstance(body, dict) or "dryRun" in request["path"] or response["status"] >= 300:
            return
        if request["method"] == "POST" and "name" in (body.get("metadata") or {}):
            place = f"{place}/{body['metadata']['name']}"
        stays = request["method"] != "DELETE" or "deletionTimestamp" in (body.get("metadata") or {})
        if place and body.get("kind") not in ("Status", "Scale") and "uid" in (body.get("metadata") or {}) and stays:
            self.known[place] = body
        elif place and request["method"] == "DELETE":
            self.known.pop(place, None)


def _place(path: str) -> str | None:
    parts = [part for part in path.partition("?")[0].split("/") if part]
    rest = parts[2:] if parts[0] == "api" else parts[3:]
    if not rest:
        return None
    if rest[0] == "namespaces" and len(rest) > 2:
        return "/".join(rest[:4])
    return "/".join(rest[:2])


def _place_of(obj: dict[str, Any]) -> str:
    kind, metadata = obj["kind"], obj["metadata"]
    plural = f"{kind.lower()}es" if kind.endswith("s") else f"{kind.lower()}s"
    namespace = f"namespaces/{metadata['namespace']}/" if "namespace" in metadata else ""
    return f"{namespace}{plural}/{metadata['name']}"


def _filtered(recorded: Any, answered: Any) -> Any:
    """Our discovery reduced to the groups that a recording kept."""
    if not (isinstance(recorded, dict) and isinstance(answered, dict)):
        return answered
    if recorded.get("kind") == "APIGroupList":
        kept = [group["name"] for group in recorded["groups"]]
        return answered | {"groups": [each for each in answered["groups"] if each["name"] in kept]}
    if recorded.get("kind") == "APIGroupDiscoveryList":
        kept = [item["metadata"].get("name") for item in recorded["items"]]
        return answered | {"items": [each for each in answered["items"] if each["metadata"].get("name") in kept]}
    return answered


def _compare(
    step: dict[str, Any], status: int, headers: dict[str, list[str]], answered: Any, *, partly: bool
) -> list[str]:
    recorded = step["response"]
    found = []
    if status != recorded["status"]:
        found.append(f"status: recorded {recorded['status']}, answered {status}")
    for name, value in recorded["headers"].items():
        wanted = value if isinstance(value, list) else [value]
        if headers.get(name) != wanted:
            found.append(f"header {name}: recorded {wanted}, answered {headers.get(name)}")
    body = recorded["body"]
    if isinstance(body, dict) and body.get("kind") == "ReplicaSetList" and status == 200:
        # Their names are hashes, so that ours come in another order; and a rollout here is one step, not several.
        body, answered = (_without_generations(each) for each in (body, answered))
    return found + differences(masked(body), masked(_filtered(body, answered)), partly=partly)


def _without_generations(listed: dict[str, Any]) -> dict[str, Any]:
    items = sorted(copy.deepcopy(listed["items"]), key=lambda each: str(each["metadata"]["creationTimestamp"]))
    for each in items:
        each["metadata"].pop("generation", None)
        each.get("status", {}).pop("observedGeneration", None)
    return listed | {"items": items}


async def _replay(topic: str) -> dict[int, list[str]]:
    """Return the differences of each step of a topic that differs."""
    steps = json.loads((HERE / "wire" / f"{topic}.json").read_text(encoding="utf-8"))
    plan = WORLDS.get(topic, {})
    cluster = SimulatedCluster()
    cluster.load(WORLDS["everywhere"])
    cluster.load(plan.get("world", {}))
    await cluster.start()
    found: dict[int, list[str]] = {}
    try:
        async with aiohttp.ClientSession() as session:
            replay = Replay(topic=topic, cluster=cluster, session=session)
            for at, step in enumerate(steps):
                if "request" not in step:
                    continue
                for action, argument in (plan.get("before", {}).get(at) or {}).items():
                    _act(replay, steps, action, argument)
                if at not in plan.get("unseeded", ()):
                    replay.seed(step)
                extra = plan.get("headers", {}).get(at, {})
                status, headers, body = await replay.answer(step["request"], extra)
                differing = _compare(step, status, headers, body, partly=at in plan.get("partly", ()))
                if differing:
                    found[at] = differing
                replay.learn(step, body)
    finally:
        await cluster.stop()
    return found


def _act(replay: Replay, steps: list[dict[str, Any]], action: str, argument: Any) -> None:
    cluster = replay.cluster
    match action:
        case "load":
            cluster.load(argument)
        case "recorded":
            # The object of a recorded answer, before what the step did to it.
            for each in argument:
                obj = steps[each["step"]]["response"]["body"]
                if "item" in each:
                    head = {"kind": obj["kind"].removesuffix("List"), "apiVersion": obj["apiVersion"]}
                    obj = head | obj["items"][each["item"]]
                replay.load(_merged(obj, each.get("patch", {})))
        case "compact":
            cluster.store.compact(upto=argument)
        case "fail":
            cluster.fail(**argument)
        case "forbid":
            for denial in argument:
                cluster.forbid(**denial)
        case "token":
            cluster.token = argument
        case other:
            raise ValueError(f"worlds.yaml: unknown action {other}")


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), value)
    return merged


@pytest.mark.parametrize("topic", TOPICS)
async def test_topic_is_answered_as_recorded(topic: str) -> None:
    """Status, content type, headers and body agree with the recording, but for the departures listed with a reason."""
    found = await _replay(topic)

    listed = DEPARTURES.get(topic) or {}
    report = "".join(
        f"\n{topic}#{at}\n  " + "\n  ".join(lines[:12]) for at, lines in sorted(found.items()) if at not in listed
    )
    assert not report, report
    agreeing = sorted(set(listed) - set(found))
    assert not agreeing, f"{topic}: listed as departures, but answered as recorded: {agreeing}"


def test_every_departure_has_a_reason_and_a_step() -> None:
    for topic, listed in DEPARTURES.items():
        steps = json.loads((HERE / "wire" / f"{topic}.json").read_text(encoding="utf-8"))
        for at, reason in (listed or {}).items():
            assert 0 <= at < len(steps), f"{topic}#{at}"
            assert len(reason) > 10, f"{topic}#{at}: {reason}"
