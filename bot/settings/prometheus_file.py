"""Read the file of Prometheus servers: credentials, tenants and certificates of each. `deploy/examples/prometheus.yaml`
explains it by example.

The file has no secrets: it names the variables and files that hold them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter, ValidationError, model_validator

from bot.settings.prometheus import ETCD_JOB, Source, Sources, is_base

# What Mimir and Cortex, and Thanos, read the tenant from. Any other header could be a credential in plain sight.
TENANT_HEADERS: Final = ("X-Scope-OrgID", "THANOS-TENANT")
_TENANT: Final = re.compile(r"[A-Za-z0-9!._*'()|/-]{1,150}")


def _url(value: str) -> str:
    if not value.startswith(("http://", "https://")) or not is_base(value):
        raise ValueError("expected a URL such as http://prometheus.monitoring:9090, without user and query")
    return value.rstrip("/")


def _tenant(value: Mapping[str, str]) -> Mapping[str, str]:
    for name, text in value.items():
        if name not in TENANT_HEADERS:
            raise ValueError(f"{name!r} is no header of a tenant: expected {' or '.join(TENANT_HEADERS)}")
        if not _TENANT.fullmatch(text):
            raise ValueError(f"{name}: expected the id of a tenant, such as team-a or team-a|team-b")
    return value


class _Server(BaseModel):
    """One server; without `context` it is that of the default cluster."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: Annotated[str, AfterValidator(_url)]
    context: str = ""
    tenant: Annotated[dict[str, str], AfterValidator(_tenant)] = {}
    token_env: str = ""
    token_file: Path | None = None
    user: str = ""
    password_env: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None
    etcd_job: str = ""

    @model_validator(mode="after")
    def _one_credential(self) -> _Server:
        tokens, passwords = (self.token_env, self.token_file), (self.password_env, self.password_file)
        if all(tokens) or all(passwords):
            raise ValueError("expected the variable or the file of a credential, not both")
        if any(tokens) and self.user:
            raise ValueError("expected a token or a user, not both")
        if bool(self.user) is not any(passwords):
            raise ValueError("user goes with password_env or password_file")
        return self


_FILE: Final = TypeAdapter(tuple[_Server, ...])


def read_sources(path: Path, *, environment: Mapping[str, str] = os.environ) -> Sources:
    """Read the file. Raise ValueError with the first thing that is wrong, never with a credential."""
    import yaml  # noqa: PLC0415 - every command reads the settings; few have such a file

    try:
        servers = _FILE.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")) or ())
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"a file of servers; {path} cannot be read ({type(error).__name__})") from error
    except yaml.YAMLError as error:
        raise ValueError(f"YAML in {path}") from error
    except ValidationError as error:
        raise ValueError(f"a list of servers in {path}: {_complaint(error.errors()[0])}") from None
    sources = Sources()
    for number, server in enumerate(servers):
        if server.context in sources.named or (not server.context and sources.usual):
            raise ValueError(f"one server for each context in {path}: [{number}] repeats one")
        sources = sources.having(server.context, _source(server, f"{path}: [{number}]", environment))
    return sources


def merged(sources: Sources, more: Sources) -> Sources:
    """Return the sources with those of the file, which come first."""
    return replace(sources, usual=more.usual or sources.usual, named={**sources.named, **more.named})


def _source(server: _Server, where: str, environment: Mapping[str, str]) -> Source:
    for name in filter(None, (server.token_env, server.password_env)):
        if not environment.get(name):
            raise ValueError(f"{where}: the variable {name} to be set")
    return Source(
        url=server.url,
        token=environment.get(server.token_env, ""),
        token_file=server.token_file,
        user=server.user,
        password=environment.get(server.password_env, ""),
        password_file=server.password_file,
        tenant=server.tenant,
        ca_file=server.ca_file,
        etcd_job=server.etcd_job or ETCD_JOB,
    )


def _complaint(details: Mapping[str, Any]) -> str:
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in details["loc"])
    says = str(details["msg"]).removeprefix("Value error, ")
    return f"{where}: {says}".removeprefix(": ")
