"""A diagnosis queries the configured Prometheus, once per identical query, and sees only series it may show."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.cli.rehearsal import REHEARSAL_TIME
from bot.cluster.connection import Connection
from bot.cluster.contexts import connect
from bot.cluster.snapshot import Snapshot
from bot.kube.access import Access
from bot.playground.kubernetes import SimulatedCluster
from bot.prometheus import NotConfigured
from bot.settings import Settings, SettingsError, load_settings

NAME = "kube_pod_container_status_restarts_total"
QUERY = f"increase({NAME}[1h])"


@pytest.fixture
async def cluster() -> AsyncIterator[SimulatedCluster]:
    simulated = SimulatedCluster(clock=lambda: REHEARSAL_TIME)
    labels = [{"namespace": "pay", "pod": "api-0"}, {"namespace": "hidden", "pod": "api-0"}, {"node": "worker-a"}]
    simulated.load({"metrics": [{"name": NAME, "labels": each, "per_hour": 6} for each in labels]})
    await simulated.start()
    yield simulated
    await simulated.stop()


@pytest.fixture
async def connection(cluster: SimulatedCluster, tmp_path: Path) -> AsyncIterator[Connection]:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(json.dumps(cluster.kubeconfig()))
    settings = Settings.model_validate({"prometheus_url": cluster.prometheus.url})
    async with connect(kubeconfig=kubeconfig, prometheus=settings.prometheus) as opened:
        yield opened


async def test_identical_queries_are_sent_once_at_the_clusters_time(
    cluster: SimulatedCluster, connection: Connection
) -> None:
    async with Snapshot(connection) as snapshot:
        first, again = await snapshot.metrics(QUERY), await snapshot.metrics(QUERY)

    assert first is again
    assert cluster.prometheus.queries == [QUERY]
    assert {point[0] for each in first.series for point in each.points} == {REHEARSAL_TIME.timestamp()}


async def test_hidden_series_are_left_out(connection: Connection) -> None:
    async def shown(access: Access) -> list[str]:
        async with Snapshot(connection, access=access) as snapshot:
            answer = await snapshot.metrics(QUERY)
            assert answer.truncated is not access.everything
            return sorted(each.labels.get("namespace", "-") for each in answer.series)

    assert await shown(Access()) == ["-", "hidden", "pay"]
    assert await shown(Access(namespaces=frozenset({"pay"}))) == ["-", "pay"]
    assert await shown(Access(namespaces=frozenset({"pay"}), cluster_scoped=False)) == ["pay"]


async def test_without_a_source_no_query_is_sent(cluster: SimulatedCluster, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(json.dumps(cluster.kubeconfig()))
    async with connect(kubeconfig=kubeconfig) as alone, Snapshot(alone) as snapshot:
        with pytest.raises(NotConfigured):
            await snapshot.metrics(QUERY)
        assert snapshot.calls == 0
    assert cluster.prometheus.queries == []


def test_the_settings_name_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEBOOK_CONTEXT", "prod")
    monkeypatch.setenv("CASEBOOK_PROMETHEUS_URL", "http://a:9090,staging=http://b:9090")
    monkeypatch.setenv("CASEBOOK_PROMETHEUS_TOKEN", "planted-token")
    monkeypatch.setenv("CASEBOOK_PROMETHEUS_ETCD_JOB", "etcd-prod")

    configured = load_settings()

    usual, staging = (configured.prometheus.of(context=name, name=name) for name in ("prod", "staging"))
    assert usual
    assert staging
    assert (usual.url, usual.token, usual.etcd_job) == ("http://a:9090", "planted-token", "etcd-prod")
    assert (staging.url, staging.token) == ("http://b:9090", "planted-token")
    assert "planted-token" not in repr(configured)


def test_an_invalid_address_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEBOOK_PROMETHEUS_URL", "prometheus:9090")

    with pytest.raises(SettingsError, match="CASEBOOK_PROMETHEUS_URL is 'prometheus:9090': expected a URL"):
        load_settings()


def test_a_password_in_the_address_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEBOOK_PROMETHEUS_URL", "http://me:planted-password@prometheus:9090")

    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "CASEBOOK_PROMETHEUS_URL" in str(caught.value)
    assert "planted-password" not in str(caught.value)
