"""Find the error that ended a run in logs of many languages and formats."""

from __future__ import annotations

import time
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kube.log_causes import focused
from bot.kube.log_failures import MOST_LINES, LogFailure, failures_in, last_words_in, repeats_in
from bot.kube.log_records import LONGEST_LINE, Severity, read_records


def failure_in(log: str) -> LogFailure | None:
    """Return the leading cause of a log."""
    return next(iter(failures_in(read_records(log))), None)


# Name: (log, the error it ends with, the line it begins at, whether it is unhandled).
LOGS = {
    "python": (
        """
        2026-03-02 02:58:41,117 INFO checkout.main: starting, 4 workers
        Traceback (most recent call last):
          File "/usr/local/lib/python3.11/site-packages/gunicorn/arbiter.py", line 609, in spawn_worker
            worker.init_process()
          File "/srv/app/checkout/settings.py", line 14, in <module>
            DATABASE_URL = os.environ["DATABASE_URL"]
          File "<frozen os>", line 679, in __getitem__
        KeyError: 'DATABASE_URL'
        """,
        "KeyError: 'DATABASE_URL'", 2,
    ),
    "python, chained": (
        """
        Traceback (most recent call last):
          File "/srv/app/db.py", line 8, in connect
            sock = socket.create_connection(address)
        ConnectionRefusedError: [Errno 111] Connection refused

        During handling of the above exception, another exception occurred:

        Traceback (most recent call last):
          File "/srv/app/main.py", line 3, in <module>
            connect()
        app.errors.StartupError: no database at orders-db:5432
        """,
        "ConnectionRefusedError: [Errno 111] Connection refused", 1,
    ),
    "java with a cause": (
        """
        2026-03-02T02:58:40.001Z  INFO 1 --- [  main] c.a.shop.Application : Starting Application
        2026-03-02T02:58:44.902Z ERROR 1 --- [  main] o.s.boot.SpringApplication : Application run failed
        org.springframework.beans.factory.BeanCreationException: Error creating bean with name 'dataSource'
        \tat org.springframework.beans.factory.support.ConstructorResolver.instantiate(ConstructorResolver.java:648)
        \tat com.acme.shop.Application.main(Application.java:12)
        Caused by: java.net.UnknownHostException: orders-db.shop.svc
        \tat java.base/java.net.InetAddress.getAllByName(InetAddress.java:1529)
        \t... 42 more
        """,
        "Application run failed (java.net.UnknownHostException: orders-db.shop.svc)", 2,
    ),
    "go panic": (
        """
        {"level":"info","ts":1772420321.1,"msg":"listening","port":8080}
        panic: runtime error: invalid memory address or nil pointer dereference
        [signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x6b1c2f]

        goroutine 1 [running]:
        main.(*Server).routes(0x0)
        \t/src/server.go:41 +0x1f
        main.main()
        \t/src/main.go:22 +0x85
        exit status 2
        """,
        "panic: runtime error: invalid memory address or nil pointer dereference", 2,
    ),
    "klog": (
        """
        I0302 02:40:51.377401       1 main.go:71] starting shard-operator
        E0302 02:40:56.371122       1 leaderelection.go:332] error retrieving resource lock chain-ops/shard: timed out
        F0302 02:40:56.371189       1 main.go:110] leader election lost
        """,
        "error retrieving resource lock chain-ops/shard: timed out", 2,
    ),
    "zap": (
        """
        {"level":"info","ts":"2026-03-02T02:51:07Z","msg":"connecting"}
        {"level":"error","ts":"2026-03-02T02:51:09Z","msg":"connect failed","error":"dial 10.0.0.9:5432: i/o timeout"}
        """,
        "connect failed: dial 10.0.0.9:5432: i/o timeout", 2,
    ),
    "pino": (
        """
        {"level":30,"time":1772420321000,"msg":"boot"}
        {"level":60,"time":1772420322000,"err":{"type":"TypeError","message":"url is undefined"},"msg":"exit"}
        """,
        "exit: TypeError: url is undefined", 2,
    ),
    "node": (
        """
        > shop@1.0.0 start
        /app/config.js:12
            throw new Error(`missing ${name}`);
            ^

        Error: missing REDIS_URL
            at required (/app/config.js:12:11)
            at Object.<anonymous> (/app/config.js:20:15)
            at Module._compile (node:internal/modules/cjs/loader:1376:14)

        Node.js v20.11.0
        """,
        "Error: missing REDIS_URL", 2,
    ),
    "logfmt": (
        """
        time="2026-03-02T02:58:41Z" level=info msg="loading configuration"
        time="2026-03-02T02:58:41Z" level=fatal msg="cannot load configuration" error="line 12: unknown key"
        """,
        "cannot load configuration: line 12: unknown key", 2,
    ),
    "nginx": (
        """
        /docker-entrypoint.sh: Configuration complete; ready for start up
        2026/03/02 02:58:41 [emerg] 1#1: host not found in upstream "api.shop.svc" in /etc/nginx/conf.d/default.conf:3
        """,
        '1#1: host not found in upstream "api.shop.svc" in /etc/nginx/conf.d/default.conf:3', 2,
    ),
    "rust": (
        """
        2026-03-02T02:58:41.117Z  INFO ingest: starting
        thread 'main' panicked at src/main.rs:17:10:
        called `Result::unwrap()` on an `Err` value: NotPresent
        note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
        """,
        "called `Result::unwrap()` on an `Err` value: NotPresent", 2,
    ),
    "shell": (
        "+ exec /app/run\n/entrypoint.sh: line 7: envsubst: command not found", "envsubst: command not found", 2,
    ),
    "postgres": (
        """
        2026-03-02 02:58:41.117 UTC [1] LOG:  starting PostgreSQL 16.2
        2026-03-02 02:58:41.120 UTC [1] FATAL:  data directory "/var/lib/postgresql/data" has wrong ownership
        2026-03-02 02:58:41.120 UTC [1] HINT:  The server must be started by the user that owns the data directory.
        """,
        'data directory "/var/lib/postgresql/data" has wrong ownership', 2,
    ),
    "chinese": ("2026-03-02 02:58:41 启动服务\n错误：无法连接数据库 orders-db", "无法连接数据库", 2,),
    "dotnet": (
        """
        info: Microsoft.Hosting.Lifetime[14]
        Unhandled exception. System.InvalidOperationException: No connection string named 'Default'
           at Program.<Main>$(String[] args) in /src/Program.cs:line 9
        """,
        "System.InvalidOperationException: No connection string named 'Default'", 2,
    ),
    "coloured": (
        '\x1b[32mINFO\x1b[0m ok\n\x1b[31mERROR\x1b[0m [migrate] relation "users" does not exist\n',
        'relation "users" does not exist', 2,
    ),
    "retries until it gives up": (
        "".join(f"2026-03-02 02:5{at} ERROR db: connection refused (attempt {at})\nINFO retrying\n" for at in range(8))
        + "2026-03-02 02:59:41 FATAL giving up",
        "connection refused (attempt 7)", 15,
    ),
    "a line that announces a list": (
        """
        [2026-03-02T02:56:31,004][INFO ][o.o.n.Node] [search-0] starting ...
        ERROR: [1] bootstrap checks failed
        [1]: max virtual memory areas vm.max_map_count [65530] is too low, increase to at least [262144]
        ERROR: OpenSearch did not exit normally - check the logs at /usr/share/opensearch/logs/search.log
        """,
        "max virtual memory areas vm.max_map_count [65530] is too low, increase to at least [262144]", 2,
    ),
    "a message that announces problems with marks": (
        """
        Error: validation failed with the following errors:
        - spec.port: must be set
        - spec.host: must be set
        """,
        "spec.port: must be set", 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LOGS)
def test_the_error_that_ended_the_run_is_found(name: str) -> None:
    log, says, number = LOGS[name]

    found = failure_in(dedent(log).strip("\n"))

    assert found is not None
    assert says in found.says
    assert found.number == number
    assert any(says.split(": ")[-1].rstrip(")")[:30] in line for line in found.lines)


@pytest.mark.parametrize(
    "log",
    [
        "",
        "2026-03-02 02:58:41 INFO ready\n2026-03-02 02:58:42 INFO GET /healthz 200 0 errors",
        '{"level":"info","msg":"sync done","errors":0,"failed":0}',
        "I0302 02:40:51.377401       1 main.go:71] no error while syncing",
        'level=info msg="handled error budget report"',
        "INFO  error handler registered\nDEBUG 404 not an incident",
    ],
)
def test_a_log_without_an_error_has_none(log: str) -> None:
    assert failure_in(log) is None


def test_repeats_are_counted_and_survived_errors_left_out() -> None:
    survived = "ERROR cache: miss storm\n" + "INFO request served\n" * 50
    found = failure_in(
        survived + "ERROR db: refused 10.0.0.1\nERROR db: refused 10.0.0.2\nERROR db: refused 10.0.0.3\n"
    )

    assert found is not None
    assert (found.times, found.number, found.of) == (3, 54, 54)
    assert not any("miss storm" in line for line in found.lines)


def test_a_warning_that_the_program_survived_explains_no_end() -> None:
    log = """DEPRECATION WARNING: config.secrets will be removed in the next version.
WARN lock timeout of the cache, trying again
=> Booting
A server is already running (pid: 1, file: /app/tmp/server.pid).
Exiting"""

    last = last_words_in(read_records(log))
    other = "WARN Unknown option 'color' is ignored\nplugin pay: api version 3 does not fit\nbye"

    assert failures_in(read_records(log)) == failures_in(read_records(other)) == ()
    assert (
        failures_in(read_records(other.replace("plugin pay: api version 3 does not fit", "exiting")))[0].kind
        == "setting"
    )
    assert last
    assert last.says == "A server is already running (pid: 1, file: /app/tmp/server.pid)."


@pytest.mark.parametrize("record", [
    'level=error msg="response completed" err.code=unknown err.detail="write /data/{0}: no space left on device"',
    '{{"level":"error","msg":"response completed","err":{{"detail":"write /data/{0}: no space left on device"}}}}',
    'level=error msg="response completed" id={0}Q7K4 reason="write /data: no space left on device" request=K{0}PQ7RX4M',
])  # fmt: skip
def test_what_a_structured_record_fails_at_is_read_from_any_field(record: str) -> None:
    repeated = repeats_in(read_records("\n".join(record.format(number) for number in range(4))), ())

    assert [(each.kind, each.times) for each in repeated] == [("full", 4)]
    assert "no space left on device" in repeated[0].says


def test_a_named_exception_precedes_a_programs_own_long_sentence() -> None:
    says = f"Fatal error during startup. Prepare to shut down (com.acme.TopologyException: ring 7 {'x' * 60} is open)"

    assert focused(says, most=100).startswith("… com.acme.TopologyException: ring 7")


def test_a_long_trace_keeps_message_cause_and_own_frames() -> None:
    frames = "".join(f"\tat org.springframework.web.Filter{at}.doFilter(Filter.java:{at})\n" for at in range(60))
    log = (
        f"java.lang.IllegalStateException: request failed\n{frames}\tat com.acme.shop.Cart.total(Cart.java:88)\n"
        f"Caused by: java.lang.NullPointerException: price is null\n{frames}\tat com.acme.shop.Price.of(Price.java:7)\n"
    )

    found = failure_in(log)

    assert found is not None
    assert len(found.lines) <= MOST_LINES
    shown = "\n".join(found.lines)
    for part in ("IllegalStateException", "Cart.java:88", "NullPointerException: price is null", "Price.java:7"):
        assert part in shown


def test_a_line_of_a_megabyte_is_read_in_bounded_time() -> None:
    began = time.process_time()
    found = failure_in("INFO ok\n" + "ERROR " + "x: (" * (1 << 18) + "\n" + "a.b" * (1 << 18))

    assert found is not None
    assert found.number == 2
    assert time.process_time() - began < 2.0


LINE = st.one_of(
    st.sampled_from([line for log, *_ in LOGS.values() for line in dedent(log).splitlines()]), st.text(max_size=60)
)


@given(st.lists(LINE, max_size=40))
def test_any_log_gives_bounded_lines_of_that_log(lines: list[str]) -> None:
    log = "\n".join(lines)
    records = list(read_records(log))
    written = [line for record in records for line in record.lines]

    assert [number for record in records for number in range(record.number, record.end + 1)] == list(
        range(1, len(written) + 1)
    )
    found = failure_in(log)
    if found is None:
        assert not any(record.severity > Severity.NONE for record in records)
        return
    assert 0 < len(found.lines) <= MOST_LINES
    assert all(line == "…" or any(each.startswith(line.removesuffix("…")) for each in written) for line in found.lines)
    assert 1 <= found.number <= found.of <= len(written)
    assert all(len(line) <= LONGEST_LINE for line in (*found.lines, found.says))
