"""Settings of a serving process from its environment; secrets are never shown."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.settings import Settings, SettingsError, load_settings, serve_problems

SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-1-planted",
    "SLACK_APP_TOKEN": "xapp-1-planted",
    "SLACK_SIGNING_SECRET": "planted0123456789",
}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*SECRETS, *(f"CASEBOOK_{name}" for name in SECRETS), "CASEBOOK_DATABASE_URL"]:
        monkeypatch.delenv(name, raising=False)


def shown(settings: Settings) -> list[str]:
    tokens = (settings.slack_bot_token, settings.slack_app_token, settings.slack_signing_secret)
    return [token.get_secret_value() for token in tokens]


def test_secrets_are_read_by_our_names_first_then_by_the_usual_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(load_settings()) == ["", "", ""]

    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    assert shown(load_settings()) == [*SECRETS.values()]

    monkeypatch.setenv("CASEBOOK_SLACK_BOT_TOKEN", "xoxb-ours")
    monkeypatch.setenv("CASEBOOK_SLACK_APP_TOKEN", "")
    assert shown(load_settings()) == ["xoxb-ours", "xapp-1-planted", SECRETS["SLACK_SIGNING_SECRET"]]


@pytest.mark.parametrize("around", ["{}\n", " {}", "{}\r\n"])
def test_blanks_around_a_secret_are_removed(monkeypatch: pytest.MonkeyPatch, around: str) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, around.format(value))

    assert shown(load_settings()) == [*SECRETS.values()]


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CASEBOOK_DATABASE_URL", "postgresql://bot:planted@db/casebook")
    settings = load_settings()

    assert "planted" not in f"{settings!r} {settings}"
    assert "planted" not in str(settings.model_dump()) + settings.model_dump_json()


def test_a_malformed_secret_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEBOOK_DATABASE_URL", "mysql://bot:planted@db/casebook")

    with pytest.raises(SettingsError) as raised:
        load_settings()

    assert str(raised.value) == (
        "CASEBOOK_DATABASE_URL is malformed: expected postgresql://USER:PASSWORD@HOST/NAME, or none for SQLite"
    )
    assert "planted" not in f"{raised.value.__cause__!r} {raised.value.__cause__}"


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("CASEBOOK_LISTEN", "3000", "CASEBOOK_LISTEN is '3000': expected HOST:PORT, such as 0.0.0.0:3000 or [::]:3000"),
        ("CASEBOOK_LISTEN", "::1:3000", "expected HOST:PORT"),
        ("CASEBOOK_LISTEN", "localhost:99999", "expected HOST:PORT"),
        ("CASEBOOK_SLACK_API_URL", "slack.com", "expected a URL, such as https://slack.com/api/"),
        ("CASEBOOK_SLACK_API_URL", "https://bot:planted/2@slack.com/", "SLACK_API_URL is 'https://…@slack.com/'"),
        ("CASEBOOK_PROMETHEUS_URL", "http://bot:planted/2@prom:9090", "PROMETHEUS_URL is 'http://…@prom:9090'"),
        ("CASEBOOK_PROMETHEUS_URL", "http://a:b@planted@prom", "PROMETHEUS_URL is 'http://…@prom'"),
        ("CASEBOOK_INCIDENT_WINDOW", "0", "expected greater than or equal to 1"),
        ("CASEBOOK_SLACK_BOT_TOKN", "xoxb-1-planted", "did you mean CASEBOOK_SLACK_BOT_TOKEN?"),
    ],
)
def test_a_malformed_setting_is_reported_in_one_line(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingsError) as raised:
        load_settings()

    assert says in str(raised.value)
    assert "planted" not in str(raised.value)


@given(value=st.from_regex(r"[a-z]{1,10}://\S*|\S+", fullmatch=True).map(lambda text: f"{text}planted"))
def test_no_database_url_is_ever_echoed(value: str) -> None:
    with pytest.MonkeyPatch.context() as patched:
        try:
            patched.setenv("CASEBOOK_DATABASE_URL", value)
        except ValueError:
            return
        try:
            said = repr(load_settings())
        except SettingsError as error:
            said = str(error)

    assert "planted" not in said


@pytest.mark.parametrize(
    ("variable", "value", "name", "expected"),
    [
        ("CASEBOOK_LISTEN", "[::]:3000", "listen", "[::]:3000"),
        ("CASEBOOK_SLACK_API_URL", "http://127.0.0.1:99/api", "slack_api_url", "http://127.0.0.1:99/api/"),
        ("CASEBOOK_CONTEXTS", "prod, arn:aws:eks:eu:1:cluster/a,", "contexts", ("prod", "arn:aws:eks:eu:1:cluster/a")),
        ("CASEBOOK_DATA", "/var/lib/casebook", "store_url", "sqlite:////var/lib/casebook/casebook.db"),
        ("CASEBOOK_DATA", "/var/lib/casebook", "jobs_url", "sqlite:////var/lib/casebook/jobs.db"),
        ("CASEBOOK_DATABASE_URL", "postgresql://a:b@c/d", "store_url", "postgresql://a:b@c/d"),
        ("CASEBOOK_DATABASE_URL", "postgresql://a:b@c/d", "jobs_url", "postgresql://a:b@c/d"),
    ],
)
def test_settings_resolve_paths_and_urls(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, name: str, expected: object
) -> None:
    monkeypatch.setenv(variable, value)

    assert getattr(load_settings(), name) == expected


def test_a_process_has_a_default_name() -> None:
    assert load_settings().replica


@pytest.mark.parametrize(
    ("tokens", "missing"),
    [
        ({}, ["SLACK_BOT_TOKEN is not set", "SLACK_SIGNING_SECRET is not set"]),
        ({"slack_bot_token": "xoxb-1", "slack_signing_secret": "s"}, []),
        ({"slack_bot_token": "xoxb-1", "slack_app_token": "xapp-1"}, []),
        ({"slack_bot_token": "xoxb-1"}, ["SLACK_SIGNING_SECRET is not set"]),
        ({"slack_bot_token": "xapp-1", "slack_app_token": "xapp-1"}, ["SLACK_BOT_TOKEN is not a bot token"]),
        ({"slack_bot_token": "xoxb-1", "slack_app_token": "xoxb-1"}, ["SLACK_APP_TOKEN is not an app-level token"]),
    ],
)
def test_settings_missing_for_serve_are_reported_with_a_remedy(tokens: dict[str, str], missing: list[str]) -> None:
    settings = Settings.model_validate({name: SecretStr(value) for name, value in tokens.items()})

    lines = serve_problems(settings)

    assert [line.partition(":")[0] for line in lines] == [f"CASEBOOK_{each}" for each in missing]
    assert all("\n" not in line and not any(value in line for value in tokens.values()) for line in lines)


@pytest.mark.parametrize("name", ["policy", "channels"])
def test_a_missing_file_prevents_serving(tmp_path: Path, name: str) -> None:
    secrets = {"slack_bot_token": SecretStr("xoxb-1"), "slack_signing_secret": SecretStr("s")}
    settings = Settings.model_validate({**secrets, name: tmp_path / "none.yaml"})

    (line,) = serve_problems(settings)
    assert line.startswith(f"CASEBOOK_{name.upper()} is ")
    assert line.endswith("there is no such file")
