"""Get credentials from the command that a kubeconfig names (`users[].user.exec`), as cloud providers use it.

The command runs here and not in the client library, which would let it read our standard input (a pasted log), wait for
it without limit and log its error output. At most one redacted line of its output reaches an error.

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
