"""Who calls an object, with the place that proves it; how an object differs from its namesake."""

from __future__ import annotations

from typing import Any

from bot.cli.rehearsal import stage
from responses.slack.presses import Press
from tests.end_to_end.test_clusters import policy_showing
from tests.end_to_end.test_names_as_meant import asked, mentioned, offered
from tests.end_to_end.workplace import buttons_of, lines_of, workplace

PASSWORD = "hunter2-xK9"


def _api(image: str, *, level: str, password: str, probe: str = "/ready", **rest: Any) -> dict[str, Any]:
    app = {
        "image": image,
        "env": [{"name": "LOG_LEVEL", "value": level}, {"name": "DB_PASSWORD", "value": password}],
        "resources": {"limits": {"memory": "256Mi" if level == "info" else "512Mi"}},
        "readinessProbe": {"httpGet": {"path": probe, "port": 8080}},
        "ports": [{"name": "http", "containerPort": 8080}],
    }
    return {"containers": {"app": app}, "labels": {"app": "api"}, **rest}


def _front(url: str) -> dict[str, Any]:
    return {"containers": {"app": {"image": "front:1", "env": [{"name": "API_URL", "value": url}]}}}


def _namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _object(api: str, kind: str, name: str, **rest: Any) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": "till"}, **rest}


BACKEND = {"service": {"name": "api", "port": {"number": 80}}}
WORLD: dict[str, Any] = {
    "scene": {
        "Deployment/till/api": _api("api:4", level="info", password=PASSWORD),
        "Service/till/api": {"ports": {"http": 80}},
        "Deployment/till/front": _front("http://api:80/v1"),
        "Deployment/desk/pos": {"containers": {"app": {"image": "pos:1", "args": ["--backend=api.till.svc:80"]}}},
        "Deployment/desk/batch": {
            "containers": {"app": {"image": "batch:1", "envFrom": [{"configMapRef": {"name": "urls"}}]}}
        },
        "Deployment/desk/api": _api("api:5", level="debug", password="else-Qw7", probe="/healthz"),
        "Deployment/desk/only": {"containers": {"app": "only:1"}},
    },
    "objects": [
        _namespace("till"),
        _namespace("desk"),
        {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "urls", "namespace": "desk"},
            "data": {"TILL": "https://api.till.svc.cluster.local/orders"},
        },
        _object(
            "networking.k8s.io/v1", "Ingress", "web",
            spec={"rules": [{"host": "till.example", "http": {"paths": [
                {"path": "/api", "pathType": "Prefix", "backend": BACKEND}]}}]},
        ),
        _object(
            "autoscaling/v2", "HorizontalPodAutoscaler", "api",
            spec={"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"}, "maxReplicas": 4},
        ),
        _object(
            "networking.k8s.io/v1", "NetworkPolicy", "to-api",
            spec={"podSelector": {"matchLabels": {"app": "api"}}, "policyTypes": ["Ingress"], "ingress": [
                {"from": [{"podSelector": {"matchLabels": {"app": "front"}}}], "ports": [{"port": 8080}]}]},
        ),
    ],
}  # fmt: skip


async def test_callers_are_told_with_the_place_that_proves_them(tmp_path, engine):
    async with workplace(tmp_path, engine, WORLD) as at:
        answer = await mentioned(at, "who calls deployment till/api?")
        said = "\n".join(lines_of(answer))
        assert "Who calls Deployment till/api" in said
        assert "Deployment till/front · env API_URL" in said
        assert "Deployment desk/pos · args" in said
        assert "Deployment desk/batch · ConfigMap desk/urls key TILL" in said
        assert "Ingress till/web routes till.example/api to Service api" in said
        assert "HorizontalPodAutoscaler till/api scales it" in said
        assert "NetworkPolicy till/to-api admits" in said
        assert "Deployment desk/only" not in said
        assert offered(answer)[:1] == ["Deployment till front"]

        none = "\n".join(lines_of(await asked(at, "callers deployment desk/only")))
        assert "Nobody" in none

        for text in ("谁引用了 configmap desk/urls", "callers configmap desk/urls"):
            used = "\n".join(lines_of(await mentioned(at, text)))
            assert "Deployment desk/batch · the environment of container app" in used
            assert "till" not in used


async def test_callers_in_hidden_namespaces_are_not_told(tmp_path, engine):
    policy = policy_showing({"clusters": ["simulated"], "namespaces": ["till"]})
    async with workplace(tmp_path, engine, WORLD, policy=policy) as at:
        said = "\n".join(lines_of(await mentioned(at, "who calls deployment till/api?")))
        assert "till/front" in said
        assert "desk" not in said


async def test_namesakes_of_two_namespaces_are_compared(tmp_path, engine):
    async with workplace(tmp_path, engine, WORLD) as at:
        for text in ("compare api in till and desk", "compare till/api desk/api"):
            answer = await mentioned(at, text)
            said = "\n".join(lines_of(answer))
            assert "Deployment api: till and desk" in said
            assert "image · till: api:4 · desk: api:5" in said
            assert "memory limit · till: 256Mi · desk: 512Mi" in said
            assert "env LOG_LEVEL · till: info · desk: debug" in said
            assert "env DB_PASSWORD differs" in said
            assert "readinessProbe.httpGet.path · till: /ready · desk: /healthz" in said
            assert PASSWORD not in str(answer)

        spaces = "\n".join(lines_of(await mentioned(at, "compare namespace till with namespace desk")))
        assert "Only in till" in spaces
        assert "Deployment api · image · till: api:4 · desk: api:5" in spaces


async def test_clusters_are_compared_in_a_thread(tmp_path, engine):
    west = {
        "scene": {"Deployment/till/api": _api("api:5", level="info", password="b")},
        "faults": {"Deployment/till/api": {"exited": 1, "restarts": 9, "waiting": "CrashLoopBackOff"}},
        "objects": [_namespace("till")],
    }
    others = {"west": stage(west)}
    async with workplace(tmp_path, engine, WORLD, policy=policy_showing(), others=others) as at:
        question = f"<@{at.slack.bot_user_id}> events deployment till/api --context simulated"
        ts = await at.slack.say(at.alex, at.channel, question)
        await at.answer(ts)
        await at.settled()
        for text in ("does west have it too?", "west 也是一样的吗？"):
            known = {one["ts"] for one in at.answers(ts)}
            await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> {text}", thread_ts=ts)
            await at.settled()
            [new] = [one for one in at.answers(ts) if one["ts"] not in known]
            said = "\n".join(lines_of(new))
            assert "simulated" in said
            assert "api:5" in said

        whole = "\n".join(lines_of(await mentioned(at, "compare clusters simulated and west")))
        assert "Only in west: Deployment till/api" in whole


async def test_a_hidden_cluster_is_not_compared(tmp_path, engine):
    policy = policy_showing({"clusters": ["simulated"], "namespaces": ["*"]})
    async with workplace(tmp_path, engine, WORLD, policy=policy, others={"west": stage(WORLD)}) as at:
        answer = await mentioned(at, "compare deployment till/api with west")
        assert "west" not in str(buttons_of(answer["blocks"]))
        press = [one for one in buttons_of(answer["blocks"]) if one["action_id"].startswith(str(Press.ASK))]
        assert [one["text"]["text"] for one in press] == ["With desk"]
