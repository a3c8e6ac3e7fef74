"""The file of Prometheus servers: a credential, a tenant and certificates for each, and no secret in any message."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings.prometheus import Sources, parse_sources
from bot.settings.prometheus_file import merged, read_sources

EXAMPLE = Path(__file__).parents[2] / "deploy" / "examples" / "prometheus.yaml"
SECRET = "planted-secret-7f3a"


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "prometheus.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_example_is_read_and_each_server_sends_its_own() -> None:
    found = read_sources(EXAMPLE, environment={"MIMIR_TOKEN": SECRET, "THANOS_PASSWORD": SECRET})

    mimir, thanos = found.named["prod"], found.named["staging"]
    assert mimir.headers() == {"Authorization": f"Bearer {SECRET}", "X-Scope-OrgID": "team-a"}
    assert thanos.headers()["Authorization"].startswith("Basic ")
    assert thanos.headers()["THANOS-TENANT"] == "team-a"
    assert found.usual
    assert SECRET not in repr(found)


def test_a_token_file_is_read_for_each_request(tmp_path: Path) -> None:
    token = tmp_path / "token"
    file = written(tmp_path, f"- {{url: 'http://prom:9090', token_file: {token}}}")
    source = merged(parse_sources("http://other:1"), read_sources(file)).usual

    assert source
    with pytest.raises(OSError, match="token"):
        source.headers()
    for value in ("first", "second"):
        token.write_text(f"{value}\n")
        assert source.headers() == {"Authorization": f"Bearer {value}"}
    token.write_text("a\r\nX-Scope-OrgID: other")
    with pytest.raises(ValueError, match="one line"):
        source.headers()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- {url: 'http://u:p@prom'}", "expected a URL"),
        ("- {url: 'http://prom', token: x}", "Extra inputs"),
        ("- {url: 'http://prom', tenant: {Authorization: x}}", "no header of a tenant"),
        ("- {url: 'http://prom', tenant: {X-Scope-OrgID: \"a\\r\\nb\"}}", "the id of a tenant"),
        ("- {url: 'http://prom', user: me}", "user goes with"),
        ("- {url: 'http://prom', token_env: UNSET_HERE}", "UNSET_HERE to be set"),
        ("- {url: 'http://a'}\n- {url: 'http://b'}", "repeats one"),
        ("url: [", "YAML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        read_sources(written(tmp_path, text), environment={})


def test_an_empty_file_has_no_server(tmp_path: Path) -> None:
    assert read_sources(written(tmp_path, "")) == Sources()
