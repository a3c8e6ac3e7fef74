"""Which addresses a program is told to call: values of real manifests, and what only looks like an address."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.kube.address_texts import Address
from bot.kube.addresses import (
    config_maps_used,
    given_addresses,
    services_called,
    services_meant,
    unknown_services,
    wrong_ports,
)


def pod(container: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {"namespace": "shop", "name": "api"},
        "spec": {"containers": [{"name": "api", **container}], **spec},
    }


def of_variables(**values: str) -> dict[str, Any]:
    return pod({"env": [{"name": name, "value": value} for name, value in values.items()]})


def config_map(name: str = "config", **data: str) -> dict[str, Any]:
    return {"metadata": {"namespace": "shop", "name": name}, "data": data}


def places(*found: Address) -> list[str]:
    """Return host:port of each address; a tilde before a port that is not written."""
    return [f"{one.host}:{'~' if one.assumed else ''}{one.port}" if one.port else one.host for one in found]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DATABASE_URL", "postgres://app:s3cr%40t@postgres:5433/shop?sslmode=disable", ["postgres:5433"]),
        ("DATABASE_URL", "postgresql+asyncpg://app:x@pg.data/shop", ["pg.data:~5432"]),
        ("SPRING_DATASOURCE_URL", "jdbc:postgresql://pg:5432/shop", ["pg:5432"]),
        ("JDBC", "jdbc:mysql:replication://one,two:3307/shop", ["one:~3306", "two:3307"]),
        ("JDBC", "jdbc:sqlserver://sql:1433;databaseName=shop;user=sa;password=p", ["sql:1433"]),
        ("DSN", "root:pa:55@tcp(mysql:3306)/shop?parseTime=true", ["mysql:3306"]),
        ("PG", "host=pg port=5432 user=app password=abc:1234 dbname=shop", ["pg:5432"]),
        ("ConnectionStrings__Db", "Server=sql;Database=shop;User Id=sa;Password=x;y:1234", ["sql"]),
        ("REDIS_URL", "redis://:secret@redis:6379/0", ["redis:6379"]),
        ("CACHE", "redis:6379,password=secret,ssl=False", ["redis:6379"]),
        (
            "MONGO_URI",
            "mongodb://a:b@m-0.mongo:27017,m-1.mongo/x?replicaSet=r",
            ["m-0.mongo:27017", "m-1.mongo:~27017"],
        ),
        ("MONGO_URI", "mongodb+srv://a:b@cluster.example.net/x", ["cluster.example.net"]),
        ("AMQP", "amqp://guest:guest@rabbit:5672/%2F", ["rabbit:5672"]),
        ("KAFKA_BROKERS", "a:9092,b:9092", ["a:9092", "b:9092"]),
        (
            "BOOTSTRAP_SERVERS",
            "kafka-0.kafka.shop.svc.cluster.local:9092",
            ["kafka-0.kafka.shop.svc.cluster.local:9092"],
        ),
        ("NATS_URL", "nats://nats:4222", ["nats:4222"]),
        ("GRPC_TARGET", "dns:///orders:9000", ["orders:9000"]),
        ("API", "http://backend", ["backend:~80"]),
        ("API", "https://backend.shop.svc.cluster.local/v1", ["backend.shop.svc.cluster.local:~443"]),
        ("API", "http://[2001:db8::1]:8080/", ["2001:db8::1:8080"]),
        ("UPSTREAM", "10.0.0.5:8080", ["10.0.0.5:8080"]),
        ("IMAGE_SERVICE_URL", "http://images:80", ["images:80"]),
        ("REDIS_HOST", "redis", ["redis"]),
        ("AUTH_SERVICE", "auth.identity", ["auth.identity"]),
        ("ORDERS_ADDR", "orders:50051", ["orders:50051"]),
        ("PGHOST", "pg", ["pg"]),
        ("ES_HOSTS", "es-0, es-1", ["es-0", "es-1"]),
    ],
)
def test_address_of_a_variable(name: str, value: str, expected: list[str]) -> None:
    found = given_addresses(of_variables(**{name: value}))

    assert places(*found) == expected
    assert {(one.container, one.source) for one in found} == {("api", f"env {name}")}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_VERSION", "1.2:3"),
        ("RATIO", "1.2:3"),
        ("START", "12:30"),
        ("SINCE", "2024-01-01T12:30"),
        ("BACKUP_IMAGE", "registry/img:5000"),
        ("RUNNER", "registry:5000/team/img:1.2"),
        ("RUNNER", "postgres:16"),
        ("CONFIG", "/etc/app/config.yaml:80"),
        ("HOME_DIR", "C:\\app:8080"),
        ("SOCKET_URL", "unix:///run/app.sock"),
        ("BUCKET_URL", "s3://images/x"),
        ("LISTEN_ADDR", "api:8080"),
        ("ADDR", ":8080"),
        ("METRICS_ADDR", "0.0.0.0:8080"),
        ("DB_HOST", "localhost"),
        ("DB_URL", "postgres://localhost:5432/x"),
        ("DB_URL", "postgres://127.0.0.1:5432/x"),
        ("FEATURE_SERVICE", "new-checkout"),
        ("FEATURES", "new-checkout,dark-mode"),
        ("MESH_SERVICE", "enabled"),
        ("SEARCH_SERVICE", "the new search"),
        ("HOSTNAME", "api"),
        ("SERVICE_NAME", "api"),
        ("API_URL", "/v1/orders"),
        ("DB_PASSWORD", "abc:1234"),
        ("API_KEY", "abc:1234"),
        ("MAIL_FROM", "shop@mail:2525"),
        ("ALLOWED_HOSTS", "shop"),
    ],
)
def test_what_only_looks_like_an_address_is_none(name: str, value: str) -> None:
    assert given_addresses(of_variables(**{name: value})) == ()


def test_host_and_port_in_two_variables_are_one_address() -> None:
    found = given_addresses(
        of_variables(
            DB_HOST="pg", DB_PORT="5433", QUEUE_SERVICE_HOST="mq", QUEUE_SERVICE_PORT="5672", CACHE_HOST="redis"
        )
    )

    assert places(*found) == ["pg:5433", "mq:5672", "redis"]


def test_variables_are_put_together_as_the_kubelet_does() -> None:
    found = given_addresses(
        of_variables(
            A="http://$(LATER):80", LATER="b", B="http://$(LATER):81", C="http://u:$(NO)@c:82", D="$$(LATER):83"
        )
    )

    assert places(*found) == ["b:81", "c:82"]


def test_variables_that_repeat_each_other_end() -> None:
    many = {"V0": "http://a:80/" * 20} | {f"V{at}": f"$(V{at - 1})" * 30 for at in range(1, 30)}

    assert set(places(*given_addresses(of_variables(**many)))) == {"a:80"}


def test_arguments_and_commands_name_addresses() -> None:
    script = (
        "until nc -z -w 2 rabbit 5672; do sleep 1; done; pg_isready -h pg -p 5433; mysql -h my -p1234 -P 3307;"
        " curl -s backend:8080/health; nslookup auth.$(cat /ns).svc.cluster.local"
    )
    command = {"command": ["sh", "-c", script]}
    arguments = {"args": ["--db-host=db", "--db-port", "5432", "--listen=api:80", "--cache", "$(CACHE)", "--", "x"]}
    found = given_addresses(pod({**arguments, "env": [{"name": "CACHE", "value": "redis:6379"}]}))

    assert [(one.source, place) for one, place in zip(found, places(*found), strict=True)] == [
        ("env CACHE", "redis:6379"),
        ("args", "db:5432"),
        ("args", "redis:6379"),
    ]
    assert sorted(places(*given_addresses(pod(command)))) == [
        "auth", "backend:8080", "my:3307", "pg:5433", "rabbit:5672",
    ]  # fmt: skip


FILE = """
server:
  port: 8080
# http://commented:80
spring:
  redis:
    host: redis
    port: 6380
  datasource:
    url: jdbc:postgresql://pg:5432/shop  # main
    password: abc:1234
brokers:
  - kafka-0.kafka:9092
proxy_pass http://backend:81/;
other: http://${HOST}:80
"""


def test_files_of_mounted_config_maps_name_addresses() -> None:
    volumes = [
        {"name": "files", "configMap": {"name": "files", "items": [{"key": "app.yaml", "path": "app.yaml"}]}},
        {"name": "json", "projected": {"sources": [{"configMap": {"name": "json"}}]}},
        {"name": "unused", "configMap": {"name": "unused"}},
    ]
    mounts = [{"name": "files", "mountPath": "/a"}, {"name": "json", "mountPath": "/b"}]
    about = pod({"volumeMounts": mounts}, volumes=volumes)
    maps = [
        config_map("files", **{"app.yaml": FILE, "not-mounted": "http://nobody:80"}),
        config_map("json", **{"app.json": '{"db": {"host": "db", "port": 5432, "password": "x,y:1234"}}'}),
        config_map("unused", a="http://nobody:80"),
    ]
    found = given_addresses(about, maps)

    assert config_maps_used(about) == ("files", "json")
    assert places(*found) == ["redis:6380", "pg:5432", "kafka-0.kafka:9092", "backend:81", "db:5432"]
    assert [one.source for one in found[3:]] == [
        "ConfigMap shop/files key app.yaml",
        "ConfigMap shop/json key app.json",
    ]


def test_variables_of_config_maps_name_addresses() -> None:
    key = {"configMapKeyRef": {"name": "one", "key": "url"}}
    about = pod({
        "envFrom": [{"configMapRef": {"name": "all"}, "prefix": "APP_"}, {"secretRef": {"name": "s"}}],
        "env": [
            {"name": "ORDERS", "valueFrom": key},
            {"name": "DB_URL", "value": "postgres://$(APP_HOST):1/x"},
            {"name": "TOKEN_URL", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        ],
    })  # fmt: skip
    found = given_addresses(about, [config_map("all", HOST="pg", PORT="5432"), config_map("one", url="http://orders")])

    assert config_maps_used(about) == ("all", "one")
    assert list(zip([one.source for one in found], places(*found), strict=True)) == [
        ("ConfigMap shop/all key HOST", "pg:5432"),
        ("ConfigMap shop/one key url", "orders:~80"),
        ("env DB_URL", "pg:1"),
    ]


def test_template_of_a_workload_is_read_as_its_pods() -> None:
    spec = of_variables(DB_HOST="pg")["spec"]
    deployment = {"kind": "Deployment", "metadata": {"namespace": "shop"}, "spec": {"template": {"spec": spec}}}
    job = {
        "kind": "CronJob",
        "metadata": {"namespace": "shop"},
        "spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}},
    }

    assert places(*given_addresses(deployment)) == places(*given_addresses(job)) == ["pg"]


def test_host_that_the_pod_maps_itself_is_left_out() -> None:
    about = pod({"env": [{"name": "DB_HOST", "value": "pg"}]}, hostAliases=[{"ip": "10.0.0.9", "hostnames": ["pg"]}])

    assert given_addresses(about) == ()
    assert services_called(about["spec"], "shop") == frozenset()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("pg", {("shop", "pg")}),
        ("pg.data", {("data", "pg")}),
        ("pg.data.svc", {("data", "pg")}),
        ("db-0.db.data.svc.cluster.local", {("data", "db")}),
        ("db-0.db", {("db", "db-0"), ("shop", "db")}),
        ("github.com", set()),
        ("api.example.com", set()),
        ("10.0.0.5", set()),
        ("bad_name", set()),
    ],
)
def test_services_that_a_host_may_mean(host: str, expected: set[tuple[str, str]]) -> None:
    assert set(services_meant(host, "shop")) == expected


def service(name: str, *ports: int, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "shop", "name": name},
        "spec": {"ports": [{"port": port, "targetPort": 8080} for port in ports], **spec},
    }


def test_only_a_written_port_can_be_wrong() -> None:
    services = [service("backend", 80, 443), service("pg", 5432), service("peer", 1, clusterIP="None")]
    services.append(
        {"metadata": {"namespace": "shop", "name": "outside"}, "spec": {"type": "ExternalName", "ports": [{"port": 1}]}}
    )
    addresses = given_addresses(
        of_variables(
            A="http://backend:8080",
            B="http://backend",
            C="mysql://pg",
            D="http://peer:5",
            E="http://outside:5",
            F="tries:80",
        )
    )

    assert [(one.address.source, one.service, one.ports) for one in wrong_ports(addresses, services, home="shop")] == [
        ("env A", "backend", ("80→8080/TCP", "443→8080/TCP"))
    ]


def test_only_a_sure_name_can_be_of_an_unknown_service() -> None:
    services = [service("postgres", 5432), service("backend", 80)]
    addresses = given_addresses(
        of_variables(
            DB_HOST="postgras", A="http://backend.shop.svc:80", B="http://gone.shop.svc", C="http://x.data.svc",
            D="http://github.com", E="http://other.ns", F="tries:3000", G="http://10.0.0.1",
        )
    )  # fmt: skip

    assert [(one.service, one.closest) for one in unknown_services(addresses, services, home="shop")] == [
        ("postgras", "postgres"),
        ("gone", ""),
    ]


_PIECES = st.sampled_from([
    "://", "http://", "jdbc:", "@", "tcp(", ":", "/", ",", ";", "=", " ", "\n", "host", "port", "a", "9092", "$(A)",
    "$$", "${", "}", "{", "[", '"', "'", "-h ", "nc -z ", "psql ", ".", "..", "::1", "\0", "é", "\u2028", "nslookup ",
    "#", "- ", "%40",
])  # fmt: skip
_TEXTS = st.lists(_PIECES | st.text(max_size=5), max_size=30).map("".join)


@given(st.dictionaries(st.sampled_from(["A", "DB_HOST", "DB_PORT", "PASSWORD", ""]), _TEXTS), st.lists(_TEXTS), _TEXTS)
def test_no_text_is_an_error(variables: dict[str, str], arguments: list[str], text: str) -> None:
    about = pod(
        {"env": [{"name": name, "value": value} for name, value in variables.items()], "args": arguments,
         "envFrom": [{"configMapRef": {"name": "config"}}], "volumeMounts": [{"name": "v"}]},
        volumes=[{"name": "v", "configMap": {"name": "config"}}],
    )  # fmt: skip

    for one in given_addresses(about, [config_map(key=text)]):
        assert one.host
        assert 0 <= one.port < 65536
    services_called(about["spec"], "shop")


_SECRET = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12).map(
    "Zq7".__add__
)


@given(
    _SECRET,
    _SECRET,
    st.sampled_from([
        "postgres://{user}:{password}@db:5432/x", "redis://:{password}@db", "amqp://{user}:{password}@db/%2F",
        "mongodb://{user}:{password}@db:27017,db2/x?a=b", "{user}:{password}@tcp(db:3306)/x", "http://{user}@db:80 http://e:81",
        "host=db user={user} password={password}", "db:6379,password={password},ssl=False",
    ]),
    st.sampled_from(["DB_URL", "DB", "DB_HOST"]),
)  # fmt: skip
def test_no_credential_of_a_value_is_told(user: str, password: str, form: str, name: str) -> None:
    value = form.format(user=user, password=password)
    about = pod({"env": [{"name": name, "value": value}], "args": [value, f"--db={value}"]})

    assert "zq7" not in str(given_addresses(about, [])).lower()


@settings(deadline=None, max_examples=30)
@given(_PIECES, _PIECES, st.sampled_from(["DB_HOST", "A"]))
def test_long_values_take_time_by_their_length(one: str, two: str, name: str) -> None:
    """Count calls instead of seconds: twice the text makes about twice the work."""

    def work(times: int) -> int:
        about = pod({"env": [{"name": name, "value": (one + two) * times}]})
        calls = 0

        def count(*_: object) -> None:
            nonlocal calls
            calls += 1

        sys.setprofile(count)
        try:
            given_addresses(about)
        finally:
            sys.setprofile(None)
        return calls

    assert work(2000) <= 2.5 * work(1000) + 500
