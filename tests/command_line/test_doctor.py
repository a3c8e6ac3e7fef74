"""`casebook doctor` checks every area, whatever fails in another, and changes nothing."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from bot.playground.kubernetes import SimulatedCluster
from bot.playground.slack import SimulatedSlack
from bot.slack.scopes import SCOPES
from bot.store.migration import HEAD, VERSION_TABLE
from tests.catalog.own_entry import OWN_ENTRY
from tests.command_line.conftest import Server
from tests.databases import STORE, lay_out
from tests.postgres import Server as Postgres
from tests.postgres import postgres
from tests.project.test_roles import ENTRY

# Used as a fixture, by name.
__all__ = ["postgres"]

Run = Callable[..., Any]
Rows = Mapping[tuple[str, str], Mapping[str, str]]

HARMLESS = {"auth.test", "apps.connections.open", "conversations.info"}


@pytest.fixture
def cluster() -> Iterator[SimulatedCluster]:
    """Run an empty cluster: only its grants matter."""
    simulated = SimulatedCluster()
    simulated.load({"objects": [{"kind": "Namespace", "metadata": {"name": name}} for name in ("shop", "bank")]})
    with Server(simulated):
        yield simulated


@pytest.fixture
def slack() -> Iterator[SimulatedSlack]:
    simulated = SimulatedSlack(paced=False, scopes=[scope.name for scope in SCOPES])
    with Server(simulated):
        yield simulated


@pytest.fixture
def variables(
    slack: SimulatedSlack, cluster: SimulatedCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., None]:
    """Set valid settings for HTTP; the result changes single ones by their name without the prefix."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(json.dumps(cluster.kubeconfig()), "utf-8")
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    monkeypatch.chdir(tmp_path)

    def change(**settings: str) -> None:
        for name, value in settings.items():
            monkeypatch.setenv(f"CASEBOOK_{name.upper()}", value)

    change(
        slack_api_url=slack.api_url,
        slack_bot_token=slack.bot_token,
        slack_signing_secret=slack.signing_secret,
        listen="127.0.0.1:0",
        data=str(tmp_path / "data"),
    )
    return change


def rows(ran: Any) -> Rows:
    """Return the checks by area and subject."""
    assert ran.err == ""
    checks = ran.json["checks"]
    assert all(set(check) == {"area", "what", "state", "says", "remedy"} for check in checks)
    assert all(check["remedy"] for check in checks if check["state"] == "missing")
    return {(check["area"], check["what"]): check for check in checks}


def wrong(ran: Any) -> Rows:
    """Return the checks that keep the bot from working, as the exit code must say."""
    found = {key: check for key, check in rows(ran).items() if check["state"] in ("missing", "unknown")}
    assert ran.code == (1 if found else 0)
    assert ran.json["ok"] is (not found)
    return found


def test_all_checks_pass_and_nothing_is_changed(
    run: Run, variables: Any, slack: SimulatedSlack, cluster: SimulatedCluster, tmp_path: Path
) -> None:
    audit = slack.add_channel("audit", members=[slack.bot_user_id])
    variables(audit_channel=audit, slack_app_token=slack.app_token)
    before = sorted(tmp_path.rglob("*"))

    ran = run("doctor")

    assert (ran.code, ran.err) == (0, "")
    assert "All checks passed" in ran.out
    assert f"{len(SCOPES)} of {len(SCOPES)} used scopes are granted" in ran.out
    assert "Kubernetes v1." in ran.out
    assert "the bot is in #audit" in ran.out
    assert sorted(tmp_path.rglob("*")) == before
    assert {call.method for call in slack.calls} == HARMLESS
    assert {request.path.rpartition("/")[2] for request in cluster.requests if request.method != "GET"} <= {
        "selfsubjectaccessreviews",
        "selfsubjectreviews",
    }
    for secret in (slack.bot_token, slack.app_token, slack.signing_secret):
        assert secret not in ran.out


def test_all_problems_of_settings_are_reported_together_and_other_checks_run(run: Run, variables: Any) -> None:
    variables(deadline="soon", deadlin="3", audit_channel="general", database_url="mysql://root:hunter2@db/x")

    ran = run("doctor", "--output", "json")

    assert {key for key in wrong(ran) if key[0] == "settings"} == {
        ("settings", f"CASEBOOK_{name}") for name in ("DEADLINE", "DEADLIN", "AUDIT_CHANNEL", "DATABASE_URL")
    }
    assert rows(ran)["store", "CASEBOOK_DATABASE_URL"]["state"] == "unknown"
    assert rows(ran)["slack", "scopes"]["state"] == "ok"
    assert "hunter2" not in ran.out


@pytest.mark.parametrize(
    ("settings", "what", "says", "remedy"),
    [
        ({"slack_bot_token": ""}, "CASEBOOK_SLACK_BOT_TOKEN", "is not set", "OAuth & Permissions"),
        ({"slack_bot_token": "xoxp-of-a-person"}, "CASEBOOK_SLACK_BOT_TOKEN", "is not a bot token", "xoxb-"),
        ({"slack_bot_token": "xoxb-wrong"}, "CASEBOOK_SLACK_BOT_TOKEN", "(invalid_auth)", "OAuth & Permissions"),
        ({"slack_app_token": "xapp-wrong"}, "CASEBOOK_SLACK_APP_TOKEN", "(invalid_auth)", "connections:write"),
        (
            {"slack_signing_secret": "the-client-id"},
            "CASEBOOK_SLACK_SIGNING_SECRET",
            "not a signing secret",
            "Basic Inf",
        ),
        ({"incident_channels": "#Inc-*"}, "CASEBOOK_INCIDENT_CHANNELS", "no channel can match", "lower case"),
        ({"audit_channel": "C0NOWHERE"}, "CASEBOOK_AUDIT_CHANNEL", "the channel does not exist", "/invite @casebook"),
    ],
)
def test_problems_with_slack_name_the_setting(
    run: Run, variables: Any, settings: Mapping[str, str], what: str, says: str, remedy: str
) -> None:
    variables(**settings)

    ran = run("doctor", "--output", "json")

    assert set(wrong(ran)) == {("slack", what)}
    assert says in wrong(ran)["slack", what]["says"]
    assert remedy in wrong(ran)["slack", what]["remedy"]
    assert "xoxp-of-a-person" not in ran.out


def test_a_silent_slack_does_not_stop_other_checks(run: Run, variables: Any) -> None:
    variables(slack_api_url="http://127.0.0.1:9/api/", slack_app_token="xapp-any")

    found = wrong(run("doctor", "--output", "json"))

    assert set(found) == {("slack", "CASEBOOK_SLACK_BOT_TOKEN"), ("slack", "CASEBOOK_SLACK_APP_TOKEN")}
    assert all("CASEBOOK_SLACK_API_URL" in check["remedy"] for check in found.values())


def test_each_missing_scope_says_what_is_off_without_it(
    run: Run, variables: Any, slack: SimulatedSlack, tmp_path: Path
) -> None:
    for scope in ("files:read", "usergroups:read"):
        slack.state.scopes.discard(scope)
    lacking = rows(run("doctor", "--output", "json"))
    assert lacking["slack", "files:read"]["state"] == "note"
    assert "answers to snippets and files" in lacking["slack", "files:read"]["says"]
    assert "Bot Token Scopes" in lacking["slack", "files:read"]["remedy"]
    assert run("doctor").code == 0

    (tmp_path / "policy.yaml").write_text('reading: [{groups: ["@sre"], clusters: ["*"], namespaces: ["*"]}]')
    variables(policy=str(tmp_path / "policy.yaml"))
    assert set(wrong(run("doctor", "--output", "json"))) == {("slack", "usergroups:read")}

    variables(policy="")
    slack.state.scopes.discard("chat:write")
    assert set(wrong(run("doctor", "--output", "json"))) == {("slack", "chat:write")}


def test_a_channel_without_the_bot_is_reported_with_the_invitation(
    run: Run, variables: Any, slack: SimulatedSlack
) -> None:
    channel = slack.add_channel("remedies", bot=False)
    variables(audit_channel=channel)

    check = rows(run("doctor", "--output", "json"))["slack", "CASEBOOK_AUDIT_CHANNEL"]

    assert check["remedy"] == "/invite @casebook in #remedies"


@pytest.mark.parametrize(("seconds", "state"), [(0, "ok"), (120, "note"), (-400, "missing"), (400, "missing")])
def test_a_wrong_clock_is_reported_before_signatures_are_refused(
    run: Run, variables: Any, seconds: int, state: str
) -> None:
    ahead = SimulatedSlack(paced=False, signature_clock=lambda: time.time() + seconds)
    with Server(ahead):
        variables(slack_api_url=ahead.api_url, slack_bot_token=ahead.bot_token)
        check = rows(run("doctor", "--output", "json"))["slack", "clock"]
        assert check["state"] == state
        variables(slack_app_token=ahead.app_token)
        assert rows(run("doctor", "--output", "json"))["slack", "clock"]["state"] != "missing"


def test_the_generated_role_suffices_and_each_missing_verb_is_reported(
    run: Run, variables: Any, cluster: SimulatedCluster
) -> None:
    rules = [rule for role in _roles(run("rbac", "read").out) for rule in role["rules"]]
    cluster.allow_only(rules)
    assert wrong(run("doctor", "--output", "json")) == {}

    cluster.forbid(verb="list", group="", resource="pods")
    cluster.forbid(resource="pods/log")
    found = wrong(run("doctor", "--output", "json"))

    assert set(found) == {("cluster simulated", "list pods"), ("cluster simulated", "get pods/log")}
    check = found["cluster simulated", "list pods"]
    assert "not granted; needed by " in check["says"]
    assert check["remedy"] == (
        "casebook rbac read --service-account casebook/casebook | kubectl --context simulated apply -f -"
    )


def test_watching_is_checked_only_where_the_setting_asks_for_it(
    run: Run, variables: Any, cluster: SimulatedCluster
) -> None:
    cluster.allow_only([rule for role in _roles(run("rbac", "read").out) for rule in role["rules"]])
    variables(watch="C0123ABCD shop")

    check = wrong(run("doctor", "--output", "json"))["cluster simulated", "watch pods"]
    assert "casebook rbac watch --namespaces shop" in check["remedy"]

    for role in _roles(run("rbac", "watch", "--namespaces", "shop").out):
        cluster.allow_only(role["rules"], namespace=role["metadata"]["namespace"])
    assert wrong(run("doctor", "--output", "json")) == {}


def test_writes_are_needed_only_where_the_policy_enables_them(
    run: Run, variables: Any, cluster: SimulatedCluster, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yaml"
    variables(policy=str(policy))
    manifests = run("rbac", "--actions", "restart-pod", "--namespaces", "shop").out
    for role in _roles(manifests):
        cluster.allow_only(role["rules"], namespace=role["metadata"].get("namespace", ""))

    def writes(*namespaces: str) -> Rows:
        place = {"clusters": ["*"], "namespaces": [*namespaces]}
        acting = {**place, "users": ["*"], "actions": ["restart-pod"]}
        policy.write_text(json.dumps({"remediation": [place], "acting": [acting]}), "utf-8")
        return wrong(run("doctor", "--output", "json"))

    assert writes("shop") == writes("sho?") == {}
    found = writes("shop", "bank")
    assert set(found) == {("cluster simulated", "delete pods"), ("cluster simulated", "create events")}
    check = found["cluster simulated", "delete pods"]
    assert check["says"] == "not granted in bank; needed by restart-pod"
    assert "casebook rbac act --actions restart-pod --namespaces bank,shop --service-account" in check["remedy"]
    assert "none of the" in writes("*")["cluster simulated", "writes"]["says"]


def test_reads_that_the_policy_shows_nobody_are_not_needed(
    run: Run, variables: Any, cluster: SimulatedCluster, tmp_path: Path
) -> None:
    rules = [rule for role in _roles(run("rbac", "read").out) for rule in role["rules"]]
    cluster.allow_only([{**rule, "resources": sorted({*rule["resources"]} - {"nodes"})} for rule in rules])
    assert ("cluster simulated", "get, list nodes") in wrong(run("doctor", "--output", "json"))

    policy = tmp_path / "policy.yaml"
    policy.write_text('reading: [{clusters: ["*"], namespaces: ["*"], cluster_scoped: false}]')
    variables(policy=str(policy))
    assert wrong(run("doctor", "--output", "json")) == {}


def test_secrets_read_by_a_users_entry_are_a_note(
    run: Run, variables: Any, cluster: SimulatedCluster, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "widgets.yaml").write_text(ENTRY.format(id="widgets", kind="Secret"), "utf-8")
    variables(catalog=str(tmp_path / "own"))
    cluster.forbid(resource="secrets")

    ran = run("doctor", "--output", "json")

    assert wrong(ran) == {}
    check = rows(ran)["cluster simulated", "secrets"]
    assert (check["state"], "widgets would read them" in check["says"]) == ("note", True)
    assert rows(ran)["catalog", "entries"]["says"].endswith("1 of your own")


def test_a_cluster_without_grants_is_one_line(run: Run, variables: Any, cluster: SimulatedCluster) -> None:
    cluster.forbid_everything()

    found = wrong(run("doctor", "--output", "json"))

    assert set(found) == {("cluster simulated", "reads")}
    assert "none of the " in found["cluster simulated", "reads"]["says"]


def test_unanswered_access_reviews_do_not_count_as_granted(run: Run, variables: Any, cluster: SimulatedCluster) -> None:
    cluster.fail(path_prefix="/apis/authorization.k8s.io", status=503, times=10_000)
    variables(retries="0")

    found = wrong(run("doctor", "--output", "json"))

    assert found["cluster simulated", "reads"]["state"] == "unknown"


def _broken(name: str, config: dict[str, Any]) -> dict[str, Any]:
    """Return the kubeconfig with a second, unusable context."""
    config["contexts"].append({"name": name, "context": {"cluster": name, "user": name}})
    config["clusters"].append({"name": name, "cluster": dict(config["clusters"][0]["cluster"])})
    config["users"].append({"name": name, "user": dict(config["users"][0]["user"])})
    return config


@pytest.mark.parametrize(
    ("broken", "says", "remedy"),
    [
        ("unreachable", "connection refused", 'check the server of cluster "second"'),
        ("expired", "does not accept the credentials (401)", 'renew user "second"'),
        ("no plugin", 'the login command "no-such-plugin" of user "second" cannot be run', "brew install it"),
        ("no context", 'there is no context "second"', "available: simulated"),
    ],
)
def test_an_unusable_cluster_is_reported_together_with_the_others(
    run: Run, variables: Any, cluster: SimulatedCluster, tmp_path: Path, broken: str, says: str, remedy: str
) -> None:
    cluster.token = "sesame"
    config = cluster.kubeconfig()
    if broken != "no context":
        config = _broken("second", config)
        user, server = config["users"][1]["user"], config["clusters"][1]["cluster"]
        if broken == "unreachable":
            server["server"] = "http://127.0.0.1:9"
        elif broken == "expired":
            user["token"] = "yesterday's"
        else:
            user["exec"] = {
                "apiVersion": "client.authentication.k8s.io/v1",
                "command": "no-such-plugin",
                "installHint": "brew install it",
            }
    (tmp_path / "kubeconfig").write_text(json.dumps(config), "utf-8")
    variables(contexts="simulated,second")

    ran = run("doctor", "--output", "json")

    found = wrong(ran)
    assert set(found) == {("cluster second", "api server")}
    assert says in found["cluster second", "api server"]["says"]
    assert remedy in found["cluster second", "api server"]["remedy"]
    assert rows(ran)["cluster simulated", "reads"]["state"] == "ok"


def test_a_silent_prometheus_is_reported(run: Run, variables: Any) -> None:
    variables(prometheus_url="http://127.0.0.1:9,elsewhere=http://127.0.0.1:9")

    found = wrong(run("doctor", "--output", "json"))

    assert set(found) == {("cluster simulated", "prometheus"), ("prometheus", "elsewhere")}
    assert "CASEBOOK_PROMETHEUS_TOKEN" in found["cluster simulated", "prometheus"]["remedy"]


@pytest.mark.parametrize(
    ("revision", "expected", "state", "says"),
    [
        (HEAD, "0003", "note", f"schema {HEAD}; the next `casebook serve` migrates it to"),
        ("9999", HEAD, "missing", "a newer Casebook left schema 9999"),
    ],
)
def test_another_programs_schema_is_reported_and_unchanged(
    run: Run,
    variables: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    revision: str,
    expected: str,
    state: str,
    says: str,
) -> None:
    data = tmp_path / "data"
    lay_out(data)
    # As in the chart, where the table is also alone.
    variables(log_level="info")
    assert "as expected" in rows(run("doctor", "--output", "json"))["store", "schema"]["says"]
    with sqlite3.connect(data / STORE) as connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = ?", (revision,))
    connection.close()
    before = {path: path.read_bytes() for path in data.iterdir()}
    monkeypatch.setattr("bot.store.migration.HEAD", expected)

    check = rows(run("doctor", "--output", "json"))["store", "schema"]

    assert check["state"] == state
    assert says in check["says"]
    assert {path: path.read_bytes() for path in data.iterdir()} == before


def test_a_read_only_or_unreachable_server_is_reported(
    run: Run, variables: Any, postgres: Postgres, tmp_path: Path
) -> None:
    url = postgres.create()
    variables(database_url=url)
    assert "the first start creates its tables" in rows(run("doctor", "--output", "json"))["store", "schema"]["says"]

    variables(database_url=f"postgresql://casebook:hunter2@127.0.0.1:9/{tmp_path.name}")
    ran = run("doctor", "--output", "json")
    assert set(wrong(ran)) == {("store", "schema")}
    assert "CASEBOOK_DATABASE_URL" in wrong(ran)["store", "schema"]["remedy"]
    assert "hunter2" not in ran.out


def test_an_unwritable_place_is_reported(run: Run, variables: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    variables(data=str(tmp_path / "file" / "data"))

    check = wrong(run("doctor", "--output", "json"))["store", "CASEBOOK_DATA"]

    assert check["says"] == f"{tmp_path / 'file'} is not a directory"
    assert "CASEBOOK_DATA" in check["remedy"]


def test_a_file_that_is_not_a_database_is_reported_by_doctor(run: Run, variables: Any, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / STORE).write_text("dear diary\n" * 999)

    assert "is damaged or is not a database" in wrong(run("doctor", "--output", "json"))["store", "schema"]["says"]


def test_problems_of_own_files_have_file_and_line(run: Run, variables: Any, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "mine.yaml").write_text("id: mine\nstatus: stable\nunknown: key\n")
    policy, channels = tmp_path / "policy.yaml", tmp_path / "channels.yaml"
    policy.write_text("reading:\n  - clusters: [prod]\n    namespaces: []\n")
    channels.write_text('- {channels: ["*"], cluster: prod}\n')
    tokens = tmp_path / "tokens.yaml"
    tokens.write_text("- name: ci\n  subject: {user: U01}\n  token_env: NO_SUCH_VARIABLE\n")
    variables(catalog=str(own), policy=str(policy), channels=str(channels), api_tokens=str(tokens))

    ran = run("doctor", "--output", "json")

    found = wrong(ran)
    assert ("catalog", f"{own / 'mine.yaml'}:3") in found
    assert "casebook lint" in found["catalog", f"{own / 'mine.yaml'}:3"]["remedy"]
    assert "CASEBOOK_POLICY" in found["policy", f"{policy}:3"]["remedy"]
    assert "CASEBOOK_API_TOKENS" in found["api", f"{tokens}:3"]["remedy"]
    assert found["cluster simulated", "permissions"]["state"] == "unknown"
    assert rows(ran)["channels", str(channels)]["says"] == "no cluster is called 'prod': [0]"


def test_unknown_probes_of_own_entries_have_file_and_line(run: Run, variables: Any, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "gate-restarts.yaml").write_text(OWN_ENTRY)
    breaks = OWN_ENTRY.replace("gate-restarts", "gate-breaks").replace("probe: containers", "probe: reboots")
    (own / "gate-breaks.yaml").write_text(breaks)
    variables(catalog=str(own))

    ran = run("doctor", "--output", "json")

    assert "there is no probe 'reboots'" in wrong(ran)["catalog", f"{own / 'gate-breaks.yaml'}:8"]["says"]
    assert rows(ran)["catalog", "entries"]["says"].endswith("1 of your own")


def test_an_unchanged_example_policy_reports_each_unknown_cluster_once(run: Run, variables: Any) -> None:
    examples = Path(__file__).parents[2] / "deploy" / "examples"
    variables(policy=str(examples / "policy.yaml"), channels=str(examples / "channels.yaml"))

    ran = run("doctor", "--output", "json")

    told = [check for check in ran.json["checks"] if "no cluster is called" in check["says"]]
    assert [check["area"] for check in told] == ["policy", "channels"]
    assert all(check["says"].count("'prod'") == check["says"].count("'staging'") == 1 for check in told)
    assert {check["remedy"] for check in told} == {"use one of simulated, or add the context to CASEBOOK_CONTEXTS"}


def test_the_last_line_counts_the_problems_and_says_what_to_do(run: Run, variables: Any, slack: SimulatedSlack) -> None:
    assert run("doctor").out.splitlines()[-1].endswith(" checks, 1 note.")

    variables(slack_app_token=slack.app_token, deadline="soon")
    slack.fail("apps.connections.open", retry_after=30)
    ran = run("doctor")

    assert ran.out.splitlines()[-1] == (
        "1 missing, 1 could not be checked: follow the arrows from the top, then run it again."
    )
    (row,) = [line for line in ran.out.splitlines() if "too many calls" in line]
    assert row.startswith("unknown ")


@pytest.mark.parametrize(
    ("answer", "state", "says"),
    [
        (b"hello", "missing", "another program listens there"),
        (
            b'{"status": "not ready", "problems": {"slack": "gone"}}',
            "ok",
            "Casebook already listens there, and is not ready",
        ),
    ],
)
def test_an_address_in_use_is_reported_unless_casebook_itself_uses_it(
    run: Run, variables: Any, answer: bytes, state: str, says: str
) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        variables(listen=f"127.0.0.1:{server.server_port}")
        check = rows(run("doctor", "--output", "json"))["settings", "CASEBOOK_LISTEN"]
        server.shutdown()

    assert (check["state"], says in check["says"]) == (state, True)


def _roles(manifests: str) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(manifests) if each["kind"] in ("ClusterRole", "Role")]
