"""Define every setting once: its name, default and meaning.

Settings come from the environment; command-line options override them. A Service named `casebook` makes Kubernetes add
CASEBOOK_PORT, CASEBOOK_SERVICE_HOST and the like to the environment of every pod in its namespace. No setting may have
such a name, and unknown names of that kind are ignored.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.settings.prometheus import ETCD_JOB, ClusterSettings, Sources, parse_sources
from bot.settings.prometheus_file import merged, read_sources
from bot.settings.reports import ReportSchedule, WatchedPlace, parse_feedback_report, parse_reports, parse_watch
from bot.settings.telemetry import parse_endpoint, parse_headers
from intents.catalog.fields import describe
from intents.domain import Language
from intents.spelling import closest

PREFIX: Final = "CASEBOOK_"
_INJECTED: Final = re.compile(r"CASEBOOK(_[A-Z0-9]+)*_(PORT(_\w+)?|SERVICE_\w+)|CASEBOOK_PORT(_\w+)?")
# Greedy up to the last @: a password may contain an unescaped @.
_PASSWORD: Final = re.compile(r"//.*@", re.DOTALL)
_CLUSTER: Final = ClusterSettings()
_NONE: Final = SecretStr("")


class SettingsError(Exception):
    """Settings that cannot be used. `str()` is one line with each variable, its value and the expected value."""


class LogLevel(StrEnum):
    """Lowest level of the log lines that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """Format of the log lines."""

    TEXT = "text"
    JSON = "json"


def _directories(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    directories = tuple(Path(part) for part in value.split(os.pathsep) if part)
    for directory in directories:
        if not directory.is_dir():
            raise ValueError(f"directories, and {directory} is not a directory")
    return directories


def _names(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or (":" in host and not host.startswith("[")) or not port.isdecimal() or int(port) > 65535:
        raise ValueError("HOST:PORT, such as 0.0.0.0:3000 or [::]:3000")
    return value


def _accepted(parse: Callable[[Any], object]) -> AfterValidator:
    """Return the validator of a value that `parse` must accept and that stays as it is."""

    def checked(value: Any) -> Any:
        parse(value)
        return value

    return AfterValidator(checked)


def _prometheus_file(value: Path | None) -> Path | None:
    if value is not None:
        read_sources(value)
    return value


def _alertmanager(value: str) -> str:
    sources = parse_sources(value)
    if sources.named or "," in value:
        raise ValueError("one URL such as http://alertmanager.monitoring:9093, without user and query")
    return sources.usual.url if sources.usual else ""


def _web_root(value: str) -> str:
    if not re.match(r"https?://[^/]", value) or "@" in value:
        raise ValueError("a URL, such as https://slack.com/api/, without user and password")
    return value if value.endswith("/") else f"{value}/"


def _channel(value: str) -> str:
    if value and not re.fullmatch(r"[CG][A-Z0-9]{2,}", value):
        raise ValueError("the id of a channel, such as C0123ABCD, from its details in Slack")
    return value


def _bare(value: Any) -> Any:
    """Strip the newline that a Secret made from a file ends with, and blanks from copying: tokens contain neither."""
    return value.strip() if isinstance(value, str) else value


_Secret = Annotated[SecretStr, BeforeValidator(_bare)]


def _database(value: SecretStr) -> SecretStr:
    if value.get_secret_value().partition("://")[0].partition("+")[0] not in ("", "postgresql", "postgres", "sqlite"):
        raise ValueError("postgresql://USER:PASSWORD@HOST/NAME, or none for SQLite")
    return value


def _conventional(name: str) -> Any:
    """Return a field that is also read from the variable that Slack's documentation names."""
    return Field(validation_alias=AliasChoices(variable(name), name.upper()))


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"{PREFIX}{name.upper()}"


class Settings(BaseSettings):
    """The settings from the environment.

    Raises pydantic's ValidationError; `load_settings` turns it into a SettingsError. Secrets are `SecretStr`, empty by
    default: neither the settings nor an error about them shows one.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    catalog: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_directories)] = ()
    """Directories with your own incidents, separated by `:`; later ones override earlier ones by id. Reloaded live."""
    context: str = ""
    """The kubeconfig context; `in-cluster` uses the pod's service account. Default: the same choice as kubectl."""
    namespace: str = ""
    """The namespace for names that have none. Default: the namespace of the context."""
    lang: Language | None = None
    """The language of answers, `en` or `zh`. Default: the language of the text, then the locale."""
    deadline: Annotated[float, Field(gt=0, le=300)] = 8.0
    """The time limit of a diagnosis in seconds. The answer then shows what was found so far."""
    call_timeout: Annotated[float, Field(gt=0, le=60)] = _CLUSTER.call_timeout
    """The timeout of one call to an API server, in seconds."""
    concurrency: Annotated[int, Field(ge=1, le=128)] = _CLUSTER.concurrency
    """The maximum number of concurrent calls to one API server."""
    retries: Annotated[int, Field(ge=0, le=10)] = _CLUSTER.retries
    """The number of retries of a read after 429, 5xx or a dropped connection."""
    prometheus_url: Annotated[str, _accepted(parse_sources)] = ""
    """The Prometheus URL of the default cluster, without `/api/v1`; for others `CONTEXT=URL`, separated by `,`."""
    prometheus_token: _Secret = _NONE
    """The bearer token for Prometheus."""
    prometheus_etcd_job: str = ETCD_JOB
    """A regular expression for the `job` label of etcd's metrics in Prometheus."""
    prometheus_file: Annotated[Path | None, AfterValidator(_prometheus_file)] = None
    """A file with the Prometheus of each cluster: tenants, tokens or users, certificates."""
    log_level: LogLevel = LogLevel.WARNING
    """The lowest level that is logged to stderr: `debug`, `info`, `warning` or `error`."""
    log_format: LogFormat = LogFormat.TEXT
    """`text` for people, `json` for log collectors."""

    slack_bot_token: Annotated[_Secret, _conventional("slack_bot_token")] = _NONE
    """For `serve`: the app's bot token, `xoxb-…`. Also read from `SLACK_BOT_TOKEN`."""
    slack_app_token: Annotated[_Secret, _conventional("slack_app_token")] = _NONE
    """For `serve`: the app-level token (`xapp-…`) of Socket Mode; HTTP if unset. Also read from `SLACK_APP_TOKEN`."""
    slack_signing_secret: Annotated[_Secret, _conventional("slack_signing_secret")] = _NONE
    """For `serve` over HTTP: the app's signing secret. Also read from `SLACK_SIGNING_SECRET`."""
    slack_api_url: Annotated[str, AfterValidator(_web_root)] = "https://slack.com/api/"
    """For `serve`: the URL of Slack's Web API."""
    slack_client_id: str = ""
    """For `serve`: the app's client id. Serves the workspaces that install the app in place of one with a bot token."""
    slack_client_secret: _Secret = _NONE
    """For `serve` with a client id: the app's client secret."""
    encryption_keys: _Secret = _NONE
    """For `serve` with a client id: keys for the tokens of workspaces, separated by `,`; the first encrypts."""
    workspaces: Path | None = None
    """For `serve` with a client id: a directory with the policy, channels and settings of each workspace."""
    workspace_days: Annotated[int, Field(ge=0, le=3650)] = 30
    """For `serve` with a client id: days until the data of a workspace is deleted after it uninstalled the app."""
    listen: Annotated[str, AfterValidator(_address)] = "0.0.0.0:3000"
    """For `serve`: the address and port for Slack's requests and health checks."""
    contexts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)] = ()
    """For `serve`: the kubeconfig contexts to diagnose, separated by `,`. Default: only `CASEBOOK_CONTEXT`."""
    channels: Path | None = None
    """For `serve`: a file with the cluster, the namespace and what is answered in each channel. Reloaded live."""
    policy: Path | None = None
    """For `serve`: a file with permissions. Default: members see everything, nobody may act. Reloaded live."""
    audit_channel: Annotated[str, AfterValidator(_channel)] = ""
    """For `serve`: the id of a channel that gets a line for each applied or refused remedy. Default: none."""
    incident_channels: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)] = ("incident-*", "inc-*")
    """For `serve`: name patterns of incident channels, separated by `,`; `-` for none."""
    nudges: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)] = ()
    """For `serve`: name patterns of incident channels that are reminded of what is open, as `inc-*`. Default: none."""
    reports: Annotated[str, _accepted(parse_reports)] = ""
    """For `serve`: reports of what is new or gone: `CRON CHANNEL NAMESPACE,… CLUSTER` in UTC, separated by `;`."""
    feedback_report: Annotated[str, _accepted(parse_feedback_report)] = ""
    """For `serve`: when and where wrong entries and unknown texts are posted: `CRON CHANNEL` in UTC. Default: never."""
    watch: Annotated[str, _accepted(parse_watch)] = ""
    """For `serve`: namespaces whose confirmed causes are posted: `CHANNEL NAMESPACE,… CLUSTER`, separated by `;`."""
    watch_after: Annotated[float, Field(gt=0, le=1440)] = 3.0
    """For `serve`: minutes that trouble must last before its confirmed cause is posted."""
    watch_posts_per_hour: Annotated[int, Field(ge=0, le=100)] = 6
    """For `serve`: posts of the watch that a channel gets an hour; a digest lists further causes."""
    data: Path = Path("casebook-data")
    """For `serve`, `audit`, `feedback`: the directory of the SQLite databases."""
    database_url: Annotated[_Secret, AfterValidator(_database)] = _NONE
    """For `serve`, `audit`, `feedback`: `postgresql://USER:PASSWORD@HOST/NAME`, needed by replicas. Default: SQLite."""
    replica: str = Field(default_factory=socket.gethostname)
    """For `serve`: the name of this replica, the same after a restart. Default: the host name."""
    retention_days: Annotated[int, Field(ge=1, le=3650)] = 14
    """For `serve`: days to keep requests and answers. Incidents are kept at least 90 days, the audit forever."""
    incident_window: Annotated[int, Field(ge=1, le=1440)] = 30
    """For `serve`: minutes in which the same error in a channel is deduplicated."""
    drain: Annotated[float, Field(ge=0, le=600)] = 20.0
    """For `serve`: seconds to drain running jobs at shutdown; the next start recovers the rest."""
    jobs_concurrency: Annotated[int, Field(ge=1, le=256)] = 16
    """For `serve`: the maximum number of requests that are answered at once."""
    api_tokens: Path | None = None
    """For `serve`: a file with the tokens of the HTTP API. Default: there is no API. Reloaded live."""
    api_calls_per_minute: Annotated[int, Field(ge=1, le=10_000)] = 60
    """For `serve`: calls of one token a minute, in each replica."""
    mcp: bool = False
    """For `serve`: answer MCP clients at `/mcp` with the same tokens. Needs the extra `mcp` of the package."""
    alert_routes: Path | None = None
    """For `serve`: a file with the channel and cluster of each alert from Alertmanager. Reloaded live."""
    alertmanager_url: Annotated[str, AfterValidator(_alertmanager)] = ""
    """For `serve`: the URL of the Alertmanager in which buttons silence alerts. Default: there are no such buttons."""
    alertmanager_token: _Secret = _NONE
    """For `serve`: the bearer token for that Alertmanager."""
    alerts_token: _Secret = _NONE
    """For `serve`: the bearer token of Alertmanager's requests to `/alerts`, which needs credentials."""
    alerts_user: str = ""
    """For `serve`: the user of Alertmanager's requests to `/alerts`, in place of a token."""
    alerts_password: _Secret = _NONE
    """For `serve`: the password of that user."""
    otlp_endpoint: Annotated[str, AfterValidator(parse_endpoint)] = ""
    """For `serve`: the URL of an OpenTelemetry collector (OTLP over HTTP) that gets traces and metrics."""
    otlp_headers: Annotated[_Secret, _accepted(lambda secret: parse_headers(secret.get_secret_value()))] = _NONE
    """For `serve`: headers for the collector, `NAME=VALUE`, separated by `,`."""

    @property
    def store_url(self) -> str:
        """Return the URL of Casebook's own database. It may contain a password."""
        return self.database_url.get_secret_value() or self._sqlite("casebook.db")

    @property
    def jobs_url(self) -> str:
        """Return the URL of the job database. A second SQLite file avoids waiting for the other's writes."""
        return self.database_url.get_secret_value() or self._sqlite("jobs.db")

    def _sqlite(self, name: str) -> str:
        return f"sqlite:///{self.data.expanduser().absolute() / name}"

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the keys for the tokens of workspaces, the one that encrypts first."""
        return tuple(filter(None, map(str.strip, self.encryption_keys.get_secret_value().split(","))))

    @property
    def cluster(self) -> ClusterSettings:
        return ClusterSettings(concurrency=self.concurrency, call_timeout=self.call_timeout, retries=self.retries)

    @property
    def schedules(self) -> tuple[ReportSchedule, ...]:
        """Return the scheduled reports."""
        return parse_reports(self.reports)

    @property
    def feedback_schedule(self) -> ReportSchedule | None:
        """Return when and where feedback is posted; None for never."""
        return parse_feedback_report(self.feedback_report)

    @property
    def watched(self) -> tuple[WatchedPlace, ...]:
        """Return what is watched for which channel."""
        return parse_watch(self.watch)

    @property
    def prometheus(self) -> Sources:
        """Return the Prometheus of each cluster."""
        sources = parse_sources(
            self.prometheus_url,
            usual_context=self.context or next(iter(self.contexts), ""),
            token=self.prometheus_token.get_secret_value(),
            etcd_job=self.prometheus_etcd_job,
        )
        return merged(sources, read_sources(self.prometheus_file)) if self.prometheus_file else sources


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """Settings with defaults in place of the `malformed` ones.

    `problems` are one line each: which variable is wrong, and how.
    """

    settings: Settings
    problems: tuple[str, ...] = ()
    malformed: frozenset[str] = frozenset()


def load_settings() -> Settings:
    """Return the settings of this process's environment. Raise SettingsError with everything that is wrong."""
    examined = examine_settings()
    if examined.problems:
        raise SettingsError("; ".join(examined.problems))
    return examined.settings


def examine_settings() -> Examined:
    """Return the settings of this process's environment, with everything that is wrong."""
    problems = _misspelt(os.environ)
    try:
        return Examined(settings=Settings(), problems=problems)
    except ValidationError as error:
        malformed = frozenset(map(_setting, error.errors())) & Settings.model_fields.keys()
        # Arguments override the environment.
        defaults: dict[str, Any] = {
            name: Settings.model_fields[name].get_default(call_default_factory=True) for name in malformed
        }
        return Examined(
            settings=Settings(**defaults), problems=(*problems, *map(_complaint, error.errors())), malformed=malformed
        )


def documented() -> Iterable[tuple[str, str, str]]:
    """Yield (variable, default, meaning) of every setting in the order of declaration."""
    describe(Settings)
    for name, field in Settings.model_fields.items():
        yield variable(name), _shown(field), str(field.description)


def _shown(field: FieldInfo) -> str:
    default = field.default
    if default in (None, "", ()) or field.default_factory is not None:
        return ""
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return f"{default:g}" if isinstance(default, float) else str(default)


def _setting(details: Mapping[str, Any]) -> str:
    """Return the name of the setting that a pydantic error is about."""
    return str(details["loc"][0]).lower().removeprefix(PREFIX.lower())


def _complaint(details: Mapping[str, Any]) -> str:
    setting = _setting(details)
    name = variable(setting)
    message = (
        str(details["msg"]).removeprefix("Input should be ").removeprefix("Value error, ").partition(", unable")[0]
    )
    if _is_secret(setting):
        return f"{name} is malformed: expected {message}"
    shown = _PASSWORD.sub("//…@", str(details["input"]))
    return f"{name} is {shown!r}: expected {message}"


def _is_secret(setting: str) -> bool:
    return setting not in Settings.model_fields or Settings.model_fields[setting].annotation is SecretStr


def _misspelt(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return a line for each variable that looks like a misspelt setting: it would be ignored silently."""
    known = {variable(name) for name in Settings.model_fields}
    return tuple(
        f"{name} is not a setting: did you mean {meant}?"
        for name in sorted(environment)
        if name not in known and name.startswith(PREFIX) and not _INJECTED.fullmatch(name)
        if (meant := closest(name, known, at_least=85))
    )
