"""Credentials from the command a kubeconfig names (`users[].user.exec`), as cloud providers' kubeconfigs have it.

Run here rather than by the client library, which would let the command read our standard input (a pasted log), wait
for it without limit, and log its error output. What a plugin writes never reaches an error beyond one scrubbed line.
Protocol: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bot.cluster.errors import Misconfigured
from bot.cluster.timestamps import parse_time

# Renew a little early: a token must still be valid when it arrives.
_EARLY: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What a plugin returned: a token, or a client certificate with its key (PEM)."""

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
        """As the user entry of a kubeconfig."""
        user = {"token": self.token} if self.token else {}
        if self.certificate:
            user["client-certificate-data"] = base64.b64encode(self.certificate.encode()).decode()
            user["client-key-data"] = base64.b64encode(self.key.encode()).decode()
        return user


async def run(spec: Mapping[str, Any], *, user: str, directory: Path, patience: float) -> Credential:
    """Run the plugin. `directory` is the kubeconfig's: relative commands start there.

    Raises Misconfigured, one line, for a command that is missing, fails, hangs beyond `patience` seconds or answers
    something else than an ExecCredential.
    """
    command, version = str(spec.get("command") or ""), str(spec.get("apiVersion") or "")
    subject = f'the login command "{command}" of user "{user}"'
    if not command or not version:
        raise Misconfigured(detail=f'exec of user "{user}" names no {"apiVersion" if command else "command"}')
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
        # Not chained: what json quotes may be the token itself.
        raise Misconfigured(detail=f"{subject} answers no ExecCredential") from None
    if answer.get("apiVersion") != version:
        raise Misconfigured(detail=f"{subject} answers {answer.get('apiVersion')}, expected {version}")
    if not credential.token and not (credential.certificate and credential.key):
        raise Misconfigured(detail=f"{subject} answers neither a token nor a client certificate with its key")
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
        )
    except OSError as error:
        hint = " ".join(str(spec.get("installHint") or "").split())
        raise Misconfigured(
            detail=f"{subject} cannot be run: {(error.strerror or 'no such command').lower()}",
            remedy=hint[:200] or "install it, or choose another context",
        ) from error
    try:
        async with asyncio.timeout(patience):
            stdout, stderr = await process.communicate()
    except TimeoutError as error:
        raise Misconfigured(
            detail=f"{subject} has not answered within {patience:g} s", remedy="run it by hand: it may want to be asked"
        ) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        said = stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise Misconfigured(
            detail=f"{subject} failed ({process.returncode}): {said or 'it says nothing'}",
            remedy="log in again with it",
        )
    return stdout
