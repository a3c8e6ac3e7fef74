"""Every setting, once: its name, default and meaning. Settings come from the environment; options outrank them.

A Service named `casebook` makes Kubernetes put CASEBOOK_PORT, CASEBOOK_SERVICE_HOST and the like into the environment
of every pod beside it. No setting may have such a name, and unknown names of that kind are passed over.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.cluster.settings import ClusterSettings
from intents.domain import Language

PREFIX: Final = "CASEBOOK_"
_INJECTED: Final = re.compile(r"CASEBOOK(_[A-Z0-9]+)*_(PORT(_\w+)?|SERVICE_\w+)|CASEBOOK_PORT(_\w+)?")
_CLUSTER: Final = ClusterSettings()


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


class Settings(BaseSettings):
    """What the environment says. Raises pydantic's ValidationError; `load_settings` turns it into a SettingsError."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore", use_attribute_docstrings=True
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
    log_level: LogLevel = LogLevel.WARNING
    """What is logged to stderr: `debug`, `info`, `warning` or `error`."""
    log_format: LogFormat = LogFormat.TEXT
    """`text` for people, `json` for log collectors."""

    @property
    def cluster(self) -> ClusterSettings:
        return ClusterSettings(concurrency=self.concurrency, call_timeout=self.call_timeout, retries=self.retries)


def load_settings() -> Settings:
    """The settings of this process's environment. Raises SettingsError."""
    _refuse_misspelt(os.environ)
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("; ".join(_complaint(details) for details in error.errors())) from error


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"{PREFIX}{name.upper()}"


def documented() -> Iterable[tuple[str, str, str]]:
    """(variable, default, meaning) of every setting, in the order of their declaration."""
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = "" if default in (None, "", ()) else f"{default:g}" if isinstance(default, float) else str(default)
        yield variable(name), shown, str(field.description)


def _complaint(details: Mapping[str, Any]) -> str:
    name = variable(str(details["loc"][0]))
    message = (
        str(details["msg"]).removeprefix("Input should be ").removeprefix("Value error, ").partition(", unable")[0]
    )
    return f"{name} is {str(details['input'])!r}: expected {message}"


def _refuse_misspelt(environment: Mapping[str, str]) -> None:
    """A misspelt variable would be ignored in silence, and its user would wonder."""
    known = {variable(name) for name in Settings.model_fields}
    for name in sorted(environment):
        if name in known or not name.startswith(PREFIX) or _INJECTED.fullmatch(name):
            continue
        if meant := _closest(name, known):
            raise SettingsError(f"{name} is no setting: did you mean {meant}?")


def _closest(name: str, known: Iterable[str]) -> str:
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - only for a variable that is not known

    found = process.extractOne(name, sorted(known), scorer=fuzz.ratio, score_cutoff=85)
    return found[0] if found else ""
