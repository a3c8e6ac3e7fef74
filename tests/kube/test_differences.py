"""An object is compared with its namesake; no value that may be secret is shown, whatever the objects hold."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.kube.differences import differences

SECRET_LIKE = ("DB_PASSWORD", "API_KEY", "STRIPE_TOKEN", "JWT_SECRET", "DSN", "SENTRY_DSN")


def _deployment(env: dict[str, str], **spec: Any) -> dict[str, Any]:
    container = {"name": "app", "image": "api:1", "env": [{"name": key, "value": env[key]} for key in env]}
    template = {"metadata": {"labels": {"app": "api"}}, "spec": {"containers": [container]}}
    return {"kind": "Deployment", "metadata": {"name": "api"}, "spec": {"template": template, **spec}}


def test_what_tells_most_comes_first_and_own_fields_are_left_out():
    here = _deployment({"LEVEL": "info"}, replicas=2, selector={"matchLabels": {"app": "a"}})
    there = _deployment({"LEVEL": "debug"}, replicas=3, selector={"matchLabels": {"app": "b"}})
    there["spec"]["template"]["spec"]["containers"][0]["image"] = "api:2"
    found = [(one.field, one.here, one.there) for one in differences(here, there)]
    assert found == [("image", "api:1", "api:2"), ("replicas", "2", "3"), ("env LEVEL", "info", "debug")]

    service = {"kind": "Service", "spec": {"clusterIP": "10.0.0.1", "ports": [{"port": 80, "nodePort": 30080}]}}
    other = {"kind": "Service", "spec": {"clusterIP": "10.0.0.2", "ports": [{"port": 81, "nodePort": 30081}]}}
    assert [(one.field, one.here, one.there) for one in differences(service, other)] == [("ports[0].port", "80", "81")]

    maps = [{"kind": "ConfigMap", "data": {"a": "1", "b": value}} for value in ("x", "y")]
    assert [(one.field, one.hidden) for one in differences(*maps)] == [("data b", True)]
    assert differences({"kind": "Secret", "data": {"a": "eA=="}}, {"kind": "Secret", "data": {"a": "eQ=="}}) == ()


@given(st.sampled_from(SECRET_LIKE), st.text("abcXYZ0189", min_size=6, max_size=20))
def test_values_of_secret_like_variables_are_never_shown(name, value):
    found = differences(_deployment({name: value}), _deployment({name: f"{value}-other"}))
    assert [one.hidden for one in found] == [True]
    assert value not in str(found)
