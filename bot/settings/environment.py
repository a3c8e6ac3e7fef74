"""Every setting, once: its name, default and meaning. Settings come from the environment; options outrank them.

A Service named `casebook` makes Kubernetes put CASEBOOK_PORT, CASEBOOK_SERVICE_HOST and the like into the environment
of every pod beside it. No setting may have such a name, and unknown names of that kind are passed over.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.settings.cluster import ClusterSettings
from bot.settings.prometheus import ETCD_JOB, Sources, parse_sources
from intents.descriptions import describe
from intents.domain import Language

PREFIX: Final = "CASEBOOK_"
_INJECTED: Final = re.compile(r"CASEBOOK(_[A-Z0-9]+)*_(PORT(_\w+)?|SERVICE_\w+)|CASEBOOK_PORT(_\w+)?")
# Up to the last @: a password may hold what it should not.
_PASSWORD: Final = re.compile(r"//.*@", re.DOTALL)
_CLUSTER: Final = ClusterSettings()
_NONE: Final = SecretStr("")


class SettingsError(Exception):
    """Settings that cannot be used. `str()` is one line that names each variable, its value and what was expected."""


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


def _directories(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    directories = tuple(Path(part) for part in value.split(os.pathsep) if part)
    for directory in directories:
        if not directory.is_dir():
            raise ValueError(f"directories, and {directory} is none")
    return directories


def _names(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or (":" in host and not host.startswith("[")) or not port.isdecimal() or int(port) > 65535:
        raise ValueError("HOST:PORT, such as 0.0.0.0:3000 or [::]:3000")
    return value


def _prometheus(value: str) -> str:
    parse_sources(value)
    return value


def _web_root(value: str) -> str:
    if not re.match(r"https?://[^/]", value) or "@" in value:
        raise ValueError("a URL, such as https://slack.com/api/, without user and password")
    return value if value.endswith("/") else f"{value}/"


def _channel(value: str) -> str:
    if value and not re.fullmatch(r"[CG][A-Z0-9]{2,}", value):
        raise ValueError("the id of a channel, such as C0123ABCD, from its details in Slack")
    return value


def _bare(value: Any) -> Any:
    """A file that became a Secret ends with a newline, and a copied token often with a blank: no token has either."""
    return value.strip() if isinstance(value, str) else value


_Secret = Annotated[SecretStr, BeforeValidator(_bare)]


def _database(value: SecretStr) -> SecretStr:
    if value.get_secret_value().partition("://")[0].partition("+")[0] not in ("", "postgresql", "postgres", "sqlite"):
        raise ValueError("postgresql://USER:PASSWORD@HOST/NAME, or none for SQLite")
    return value


def _conventional(name: str) -> Any:
    """A secret that is also read from the variable that Slack's own documentation names."""
    return Field(validation_alias=AliasChoices(variable(name), name.upper()))


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"{PREFIX}{name.upper()}"


class Settings(BaseSettings):
    """What the environment says. Raises pydantic's ValidationError; `load_settings` turns it into a SettingsError.

    Secrets are `SecretStr`, empty where none is given: neither the settings nor an error about them shows one.
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
    """Directories with incidents of your own, separated by `:`; a later one overrides an earlier one by id."""
    context: str = ""
    """The kubeconfig context to use; `in-cluster` for the service account of the pod. Default: as kubectl chooses."""
    namespace: str = ""
    """The namespace of a name given without one. Default: the context's."""
    lang: Language | None = None
    """The language of answers, `en` or `zh`. Default: that of the text, else of the locale."""
    deadline: Annotated[float, Field(gt=0, le=300)] = 8.0
    """Seconds after which an answer goes out with what is known by then."""
    call_timeout: Annotated[float, Field(gt=0, le=60)] = _CLUSTER.call_timeout
    """Seconds that one call to an API server may take."""
    concurrency: Annotated[int, Field(ge=1, le=128)] = _CLUSTER.concurrency
    """How many calls may be under way at once."""
    retries: Annotated[int, Field(ge=0, le=10)] = _CLUSTER.retries
    """How often a read is repeated after 429, 5xx or a dropped connection."""
    prometheus_url: Annotated[str, AfterValidator(_prometheus)] = ""
    """The usual cluster's Prometheus, the part before `/api/v1`; for others `CONTEXT=URL`, separated by `,`."""
    prometheus_token: _Secret = _NONE
    """The bearer token that Prometheus asks for."""
    prometheus_etcd_job: str = ETCD_JOB
    """A regular expression of the `job` label that etcd's metrics have in Prometheus."""
    log_level: LogLevel = LogLevel.WARNING
    """What is logged to stderr: `debug`, `info`, `warning` or `error`."""
    log_format: LogFormat = LogFormat.TEXT
    """`text` for people, `json` for log collectors."""

    slack_bot_token: Annotated[_Secret, _conventional("slack_bot_token")] = _NONE
    """For `serve`: the app's bot token, `xoxb-…`. Also read from `SLACK_BOT_TOKEN`."""
    slack_app_token: Annotated[_Secret, _conventional("slack_app_token")] = _NONE
    """For `serve`: the token of Socket Mode, `xapp-…`; HTTP without it. Also read from `SLACK_APP_TOKEN`."""
    slack_signing_secret: Annotated[_Secret, _conventional("slack_signing_secret")] = _NONE
    """For `serve` over HTTP: what Slack signs requests with. Also read from `SLACK_SIGNING_SECRET`."""
    slack_api_url: Annotated[str, AfterValidator(_web_root)] = "https://slack.com/api/"
    """For `serve`: where Slack's Web API is."""
    listen: Annotated[str, AfterValidator(_address)] = "0.0.0.0:3000"
    """For `serve`: address and port for Slack's requests and health checks."""
    contexts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)] = ()
    """For `serve`: the contexts to answer from, separated by `,`; without it, `CASEBOOK_CONTEXT` alone."""
    channels: Path | None = None
    """For `serve`: a file that says which cluster and namespace a channel is about. Default: whoever asks is asked."""
    policy: Path | None = None
    """For `serve`: a file that says who may see and do what. Default: members may see everything, nobody may act."""
    audit_channel: Annotated[str, AfterValidator(_channel)] = ""
    """For `serve`: the id of a channel where every remedy is told, done or refused. Default: none."""
    incident_channels: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)] = ("incident-*", "inc-*")
    """For `serve`: names of channels that are incidents, patterns separated by `,`; `-` for none."""
    data: Path = Path("casebook-data")
    """For `serve` and `audit`: the directory of the SQLite databases."""
    database_url: Annotated[_Secret, AfterValidator(_database)] = _NONE
    """For `serve` and `audit`: `postgresql://USER:PASSWORD@HOST/NAME`, needed where several run. Default: SQLite."""
    replica: str = Field(default_factory=socket.gethostname)
    """For `serve`: the name of this process where several run, the same after a restart. Default: the host name."""
    retention_days: Annotated[int, Field(ge=1, le=3650)] = 14
    """For `serve`: days after which what was asked and answered is deleted; incidents at least 90, the audit never."""
    incident_window: Annotated[int, Field(ge=1, le=1440)] = 30
    """For `serve`: minutes within which the same error in a channel counts as one."""
    drain: Annotated[float, Field(ge=0, le=600)] = 20.0
    """For `serve`: seconds that jobs under way may take at the end before they are left to the next start."""
    jobs_concurrency: Annotated[int, Field(ge=1, le=256)] = 16
    """For `serve`: how many requests may be answered at once."""

    @property
    def store_url(self) -> str:
        """The database of Casebook's own tables. It may hold a password."""
        return self.database_url.get_secret_value() or self._sqlite("casebook.db")

    @property
    def jobs_url(self) -> str:
        """The database of the durable jobs; of two SQLite files neither waits for the other's writes."""
        return self.database_url.get_secret_value() or self._sqlite("jobs.db")

    def _sqlite(self, name: str) -> str:
        return f"sqlite:///{self.data.expanduser().absolute() / name}"

    @property
    def cluster(self) -> ClusterSettings:
        return ClusterSettings(concurrency=self.concurrency, call_timeout=self.call_timeout, retries=self.retries)

    @property
    def prometheus(self) -> Sources:
        """Which cluster has which Prometheus."""
        return parse_sources(
            self.prometheus_url,
            usual_context=self.context or next(iter(self.contexts), ""),
            token=self.prometheus_token.get_secret_value(),
            etcd_job=self.prometheus_etcd_job,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """The settings as far as they can be used: those named in `malformed` have their defaults.

    `problems` are a line each: what is wrong with which variable.
    """

    settings: Settings
    problems: tuple[str, ...] = ()
    malformed: frozenset[str] = frozenset()


def load_settings() -> Settings:
    """The settings of this process's environment. Raises SettingsError with everything that is wrong with them."""
    examined = examine_settings()
    if examined.problems:
        raise SettingsError("; ".join(examined.problems))
    return examined.settings


def examine_settings() -> Examined:
    """The settings of this process's environment, with everything that is wrong with them."""
    problems = _misspelt(os.environ)
    try:
        return Examined(settings=Settings(), problems=problems)
    except ValidationError as error:
        malformed = frozenset(map(_setting, error.errors())) & Settings.model_fields.keys()
        # What is given to it outranks the environment.
        defaults: dict[str, Any] = {
            name: Settings.model_fields[name].get_default(call_default_factory=True) for name in malformed
        }
        return Examined(
            settings=Settings(**defaults),
            problems=(*problems, *map(_complaint, error.errors())),
            malformed=malformed,
        )


def serve_problems(settings: Settings) -> tuple[str, ...]:
    """What keeps `casebook serve` from starting: a line each that names the variable and what to do."""
    files = {"policy": settings.policy, "channels": settings.channels}
    missing = (
        f"{variable(name)} is {str(file)!r}: there is no such file"
        for name, file in files.items()
        if file is not None and not file.is_file()
    )
    return (*slack_problems(settings), *missing)


def slack_problems(settings: Settings) -> tuple[str, ...]:
    """What is missing for Slack, as far as can be told without asking it: a line each, with what to do."""
    problems = []
    bot, app = settings.slack_bot_token.get_secret_value(), settings.slack_app_token.get_secret_value()
    if not _is_token(bot, "xoxb-"):
        wrong = "is no bot token" if bot else "is not set"
        problems.append(
            f"{variable('slack_bot_token')} {wrong}: copy the Bot User OAuth Token (xoxb-…) from OAuth & Permissions"
        )
    if app and not _is_token(app, "xapp-"):
        problems.append(
            f"{variable('slack_app_token')} is no app-level token: make one (xapp-…) with connections:write under "
            "Basic Information, or unset it to be called over HTTP"
        )
    if not app and not settings.slack_signing_secret.get_secret_value():
        problems.append(
            f"{variable('slack_signing_secret')} is not set: copy the Signing Secret from Basic Information, or set "
            f"{variable('slack_app_token')} for Socket Mode"
        )
    return tuple(problems)


def _is_token(value: str, begin: str) -> bool:
    """Whether it looks like one; copied from a page it may have been broken into lines."""
    return value.startswith(begin) and len(value.split()) == 1


def documented() -> Iterable[tuple[str, str, str]]:
    """(variable, default, meaning) of every setting, in the order of their declaration."""
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
    """The name of the setting that an error of pydantic's is about."""
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
    """A misspelt variable would be ignored in silence, and its user would wonder."""
    known = {variable(name) for name in Settings.model_fields}
    return tuple(
        f"{name} is no setting: did you mean {meant}?"
        for name in sorted(environment)
        if name not in known and name.startswith(PREFIX) and not _INJECTED.fullmatch(name)
        if (meant := _closest(name, known))
    )


def _closest(name: str, known: Iterable[str]) -> str:
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - only for a variable that is not known

    found = process.extractOne(name, sorted(known), scorer=fuzz.ratio, score_cutoff=85)
    return found[0] if found else ""
