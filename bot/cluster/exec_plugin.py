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
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bot.cluster.errors import Misconfigured
from bot.kube.timestamps import parse_time
from responses.safety import without_controls

# A credential is a few KiB, and what a plugin complains of ends in one line.
_LONGEST_ANSWER: Final = 1 << 20
_LONGEST_COMPLAINT: Final = 4 << 10
_CHUNK: Final = 64 << 10
# What is killed closes its pipes at once, unless it has left children behind.
_CLOSING_S: Final = 1.0
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
            # A wrapper that is killed would leave what it runs behind.
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
            detail=f"{subject} has not answered within {patience:g} s", remedy="run it by hand: it may want to be asked"
        ) from error
    finally:
        if not ended:
            await _stopped(process, out, err)
    if len(stdout) > _LONGEST_ANSWER:
        raise Misconfigured(detail=f"{subject} answers no ExecCredential: more than {_LONGEST_ANSWER >> 20} MiB")
    if process.returncode:
        lines = stderr.decode(errors="replace").splitlines()
        # The last one may but take back the colour of those before.
        said = next(filter(str.strip, map(without_controls, reversed(lines))), "").strip()
        raise Misconfigured(
            detail=f"{subject} failed ({process.returncode}): {said or 'it says nothing'}",
            remedy="log in again with it",
        )
    return stdout


async def _answer_in(out: asyncio.StreamReader, process: asyncio.subprocess.Process) -> bytes:
    """What it writes until it ends, or until that is more than any credential: then it is killed."""
    answer = bytearray()
    while chunk := await out.read(_CHUNK):
        if len(answer) <= _LONGEST_ANSWER:
            answer += chunk
        else:
            _kill(process)
    return bytes(answer)


async def _end_of(err: asyncio.StreamReader) -> bytes:
    said = b""
    while chunk := await err.read(_CHUNK):
        said = (said + chunk)[-_LONGEST_COMPLAINT:]
    return said


async def _stopped(process: asyncio.subprocess.Process, *pipes: asyncio.StreamReader) -> None:
    """Kill it with all that it has started, and read its pipes to their end: else they outlive the loop."""
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
