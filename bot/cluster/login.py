"""Hold the credentials of one kubeconfig user and renew them while a connection is open, by its login command too.

Tokens come from the kubeconfig itself, from a file that another program renews, or from a login command. The client
library only turns them and the TLS settings into requests.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config import ConfigException
from kubernetes.aio.config.kube_config import ConfigNode, KubeConfigLoader

from bot.cluster.errors import Misconfigured
from bot.cluster.kubeconfig import KubeconfigEntry, ResolvedContext
from bot.kube.timestamps import parse_time
from bot.settings.prometheus import ClusterSettings
from responses.safety import without_controls

# Kubelets and operators rewrite token files; client-go reads them again at the same interval.
_TOKEN_FILE_LASTS: Final = timedelta(minutes=2)


class Login:
    """Writes the credentials of one context into `configuration`. Call `apply` first."""

    def __init__(self, chosen: ResolvedContext, *, configuration: Configuration, settings: ClusterSettings) -> None:
        self._chosen = chosen
        self._configuration = configuration
        self._settings = settings
        self._lock = asyncio.Lock()
        self._credential: Credential | None = None
        # How often credentials were obtained so far.
        self.generation = 0

    async def apply(self) -> None:
        """Set server, TLS and credentials. Raise Misconfigured."""
        user = dict(self._chosen.user.value)
        if (credential := await self._obtain()) is not None:
            user.pop("exec", None)
            user.pop("tokenFile", None)
            user |= credential.as_user()
        subject = f'user "{self._chosen.user.name}" or cluster "{self._chosen.cluster.name}"'
        try:
            # It may call an OIDC issuer, without a time limit of its own.
            async with asyncio.timeout(self._settings.login_timeout):
                await _loader(self._chosen, user=user).load_and_set(self._configuration)
        except TimeoutError as error:
            raise Misconfigured(
                detail=f"the login of {subject} has not answered within {self._settings.login_timeout:g} s"
            ) from error
        except (ConfigException, ValueError, TypeError, KeyError, OSError) as error:
            raise Misconfigured(
                detail=f"the settings of {subject} in {self._chosen.user.file} cannot be used: {error}"
            ) from error
        if not self._configuration.api_key.get("BearerToken", "").isprintable():
            raise Misconfigured(detail=f"the token of {subject} in {self._chosen.user.file} contains a line break")

    async def ready(self) -> None:
        """Renew credentials that are about to expire; called before each call. Raise Misconfigured."""
        if self._credential is not None and self._credential.is_stale:
            async with self._lock:
                if self._credential.is_stale:
                    await self._renew()

    async def renew(self, *, used: int) -> bool:
        """Log in again after a 401, unless a newer login than `used` exists; return False if that is impossible.

        Many reads that are refused together therefore log in once.
        """
        async with self._lock:
            if self._credential is not None and self.generation == used:
                await self._renew()
        return self._credential is not None

    async def _renew(self) -> None:
        credential = await self._obtain()
        # A renewed client certificate needs a new connection, so only the next one uses it.
        if credential is not None and credential.token:
            self._configuration.api_key["BearerToken"] = f"Bearer {credential.token}"

    async def _obtain(self) -> Credential | None:
        user = self._chosen.user
        spec, token_file = user.value.get("exec"), user.value.get("tokenFile")
        if token_file:
            self._credential = await asyncio.to_thread(_from_file, user.file.parent / str(token_file), user=user.name)
        elif isinstance(spec, dict):
            self._credential = await run_plugin(
                spec, user=user.name, directory=user.file.parent, patience=self._settings.login_timeout
            )
        self.generation += 1
        return self._credential


def _from_file(file: Path, *, user: str) -> Credential:
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(detail=f'the tokenFile {file} of user "{user}" cannot be read') from error
    return Credential(token=token, expires=datetime.now(UTC) + _TOKEN_FILE_LASTS)


def _loader(chosen: ResolvedContext, *, user: Mapping[str, Any]) -> KubeConfigLoader:
    """Return the library's loader for a kubeconfig with only this context."""

    def node(entry: KubeconfigEntry, field: str, value: Mapping[str, Any]) -> ConfigNode:
        # The path makes relative file names start at the directory of their own file.
        return ConfigNode(field, {"name": "it", field: dict(value)}, str(entry.file.absolute()))

    document = ConfigNode(
        "kubeconfig",
        {
            "current-context": "it",
            "contexts": [node(chosen.context, "context", {"cluster": "it", "user": "it"})],
            "clusters": [node(chosen.cluster, "cluster", chosen.cluster.value)],
            "users": [node(chosen.user, "user", user)],
        },
        str(chosen.context.file),
    )
    return KubeConfigLoader(document, config_base_path=None)


# A credential has a few KiB, and the useful part of an error is its last line.
_LONGEST_ANSWER: Final = 1 << 20
_LONGEST_COMPLAINT: Final = 4 << 10
_CHUNK: Final = 64 << 10
# A killed process closes its pipes at once, unless its children keep them open.
_CLOSING_S: Final = 1.0
# Renewed a little early, because a token must still be valid when it arrives.
_EARLY: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A plugin's result: a token, or a client certificate with its key (PEM)."""

    token: str = ""
    certificate: str = ""
    key: str = ""
    expires: datetime | None = None

    def __repr__(self) -> str:
        return f"Credential(expires={self.expires})"

    @property
    def is_stale(self) -> bool:
        return self.expires is not None and datetime.now(UTC) >= self.expires - _EARLY

    def as_user(self) -> dict[str, str]:
        """Return the credential as the user entry of a kubeconfig."""
        user = {"token": self.token} if self.token else {}
        if self.certificate:
            user["client-certificate-data"] = base64.b64encode(self.certificate.encode()).decode()
            user["client-key-data"] = base64.b64encode(self.key.encode()).decode()
        return user


async def run_plugin(spec: Mapping[str, Any], *, user: str, directory: Path, patience: float) -> Credential:
    """Run the plugin; `directory` is the kubeconfig's, where relative commands start.

    Raises Misconfigured with one line if the command is missing, fails, runs longer than `patience` seconds or does not
    answer with an ExecCredential.
    """
    command, version = str(spec.get("command") or ""), str(spec.get("apiVersion") or "")
    subject = f'the login command "{command}" of user "{user}"'
    if not command or not version:
        raise Misconfigured(detail=f'exec of user "{user}" has no {"apiVersion" if command else "command"}')
    stdout = await _output(
        spec, command=command, version=version, subject=subject, directory=directory, patience=patience
    )
    try:
        answer = json.loads(stdout)
        status = answer["status"]
        expires = parse_time(status.get("expirationTimestamp"))
        credential = Credential(
            token=status.get("token") or "",
            certificate=status.get("clientCertificateData") or "",
            key=status.get("clientKeyData") or "",
            expires=expires,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        # Not chained: the text that json quotes may be the token itself.
        raise Misconfigured(detail=f"{subject} does not answer with an ExecCredential") from None
    if answer.get("apiVersion") != version:
        raise Misconfigured(detail=f"{subject} answers with {answer.get('apiVersion')}, expected {version}")
    if not credential.token and not (credential.certificate and credential.key):
        raise Misconfigured(detail=f"{subject} answers with neither a token nor a client certificate with its key")
    return credential


async def _output(
    spec: Mapping[str, Any], *, command: str, version: str, subject: str, directory: Path, patience: float
) -> bytes:
    info = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
    own = {str(item["name"]): str(item["value"]) for item in spec.get("env") or ()}
    program = str(directory / command) if os.sep in command else command
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *map(str, spec.get("args") or ()),
            env={**os.environ, **own, "KUBERNETES_EXEC_INFO": json.dumps(info)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            # Killing a wrapper alone would leave its child processes behind.
            process_group=0,
        )
    except OSError as error:
        hint = " ".join(str(spec.get("installHint") or "").split())
        raise Misconfigured(
            detail=f"{subject} cannot be run: {(error.strerror or 'no such command').lower()}",
            remedy=hint[:200] or "install it, or choose another context",
        ) from error
    out, err = process.stdout, process.stderr
    assert out is not None, "a pipe"
    assert err is not None, "a pipe"
    ended = False
    try:
        async with asyncio.timeout(patience):
            stdout, stderr = await asyncio.gather(_answer_in(out, process), _end_of(err))
            await process.wait()
            ended = True
    except TimeoutError as error:
        raise Misconfigured(
            detail=f"{subject} has not answered within {patience:g} s",
            remedy="run it by hand: it may be waiting for input",
        ) from error
    finally:
        if not ended:
            await _stopped(process, out, err)
    if len(stdout) > _LONGEST_ANSWER:
        raise Misconfigured(
            detail=f"{subject} does not answer with an ExecCredential: the answer has more than"
            f" {_LONGEST_ANSWER >> 20} MiB"
        )
    if process.returncode:
        lines = stderr.decode(errors="replace").splitlines()
        # The last line may only reset the colour of those before it.
        output = next(filter(str.strip, map(without_controls, reversed(lines))), "").strip()
        raise Misconfigured(
            detail=f"{subject} failed ({process.returncode}): {output or 'no error message'}",
            remedy="log in again with it",
        )
    return stdout


async def _answer_in(out: asyncio.StreamReader, process: asyncio.subprocess.Process) -> bytes:
    """Return the process's output. Kill the process once the output is larger than any credential."""
    answer = bytearray()
    while chunk := await out.read(_CHUNK):
        if len(answer) <= _LONGEST_ANSWER:
            answer += chunk
        else:
            _kill(process)
    return bytes(answer)


async def _end_of(err: asyncio.StreamReader) -> bytes:
    output = b""
    while chunk := await err.read(_CHUNK):
        output = (output + chunk)[-_LONGEST_COMPLAINT:]
    return output


async def _stopped(process: asyncio.subprocess.Process, *pipes: asyncio.StreamReader) -> None:
    """Kill the process with its children and read its pipes to the end; otherwise they outlive the loop."""
    _kill(process)
    with suppress(TimeoutError):
        async with asyncio.timeout(_CLOSING_S):
            for pipe in pipes:
                while await pipe.read(_CHUNK):
                    pass
    await process.wait()


def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
