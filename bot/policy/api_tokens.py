"""Load the tokens of the HTTP API and of MCP, each bound to a subject: the policy decides what a token may see.

Of a token only its SHA-256 is kept. `docs/api.md` explains the file by example.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, StringConstraints, TypeAdapter, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from bot.policy.matching import Actor
from bot.policy.model import Groups, StrictModel, User, like
from bot.policy.strict_yaml import Step, read_strictly

_CHANNEL: Final = like(
    re.compile(r"[CG][A-Z0-9]{2,}|#[^\s,A-Z#*?\[]+"),
    'a channel: expected its id (C…) or "#name", as the policy names it',
)
_DIGEST: Final = re.compile(r"[0-9a-fA-F]{64}")
# 128 random bits in base64 have 22 characters.
_SHORTEST: Final = 20
_LONGEST_FILE: Final = 4096
_ADVICE: Final = "generate one with `openssl rand -hex 32`"


def _person(value: str) -> str:
    if value == "*":
        raise ValueError("expected the id of one user (U… or W…)")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("expected a text")
    return value


def _of_digest(value: Any) -> bytes:
    if not _DIGEST.fullmatch(_text(value)):
        raise ValueError("expected the 64 hexadecimal digits of the token's SHA-256")
    return bytes.fromhex(value)


def _of_variable(value: Any) -> bytes:
    token = os.environ.get(_text(value), "").strip()
    if not token:
        raise ValueError(f"the environment variable {value} is not set")
    return _of_token(token)


def _of_file(value: Any) -> bytes:
    try:
        with Path(_text(value)).expanduser().open("rb") as file:
            return _of_token(file.read(_LONGEST_FILE).decode("utf-8", "replace").strip())
    except OSError as error:
        raise ValueError(f"{value}: {(error.strerror or 'cannot be read').lower()}") from error


def _of_token(token: str) -> bytes:
    if len(token) < _SHORTEST or len(token.split()) != 1:
        raise ValueError(f"the token has fewer than {_SHORTEST} characters, or blanks: {_ADVICE}")
    return _digest(token)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


class ApiSubject(StrictModel):
    """Whom the policy sees in a request: a person, members of user groups, or a channel.

    Without a channel it is as in direct messages, where entries for people apply.
    """

    channel: Annotated[str, AfterValidator(_CHANNEL)] = ""
    """A channel by id (C…) or "#name"."""
    user: Annotated[User, AfterValidator(_person)] = ""
    """A user by id (U… or W…)."""
    groups: Groups = ()
    """User groups by id (S…) or "@handle"."""

    @model_validator(mode="after")
    def _someone(self) -> ApiSubject:
        if not (self.channel or self.user or self.groups):
            raise ValueError("names nobody: expected channel, user or groups")
        return self

    def actor(self, team: str) -> Actor:
        """Return the subject as the policy matches it."""
        by_name = self.channel.startswith("#")
        return Actor(
            team=team,
            channel="" if by_name else self.channel,
            channel_name=self.channel if by_name else "",
            user=self.user,
            groups=frozenset(self.groups),
            direct=not self.channel,
        )


class ApiToken(StrictModel):
    """A token, known by its name in the audit. One of the three ways to give the token is required."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][-a-z0-9._]{0,62}$")]
    """A name in lower case, such as ci or agent-shop."""
    token_sha256: Annotated[bytes, BeforeValidator(_of_digest)] = b""
    """The SHA-256 of the token in hexadecimal digits."""
    token_env: Annotated[bytes, BeforeValidator(_of_variable)] = b""
    """The environment variable that holds the token."""
    token_file: Annotated[bytes, BeforeValidator(_of_file)] = b""
    """The file that holds the token."""
    subject: ApiSubject
    """Whom the policy sees."""

    @model_validator(mode="after")
    def _one_token(self) -> ApiToken:
        if len([one for one in self._given if one]) != 1:
            raise ValueError("expected one of token_sha256, token_env and token_file")
        return self

    @property
    def _given(self) -> tuple[bytes, ...]:
        return self.token_sha256, self.token_env, self.token_file

    @property
    def digest(self) -> bytes:
        """Return the SHA-256 of the token."""
        return b"".join(self._given)


_FILE: Final = TypeAdapter(tuple[ApiToken, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiTokens:
    """All tokens."""

    tokens: tuple[ApiToken, ...] = ()

    def bearer(self, header: str) -> ApiToken | None:
        """Return the token in an Authorization header, None for any other.

        Every token is compared, in constant time.
        """
        scheme, _, given = header.partition(" ")
        digest, found = _digest(given.strip()), None
        for each in self.tokens:
            if hmac.compare_digest(each.digest, digest):
                found = each
        return found if scheme.lower() == "bearer" else None


NO_TOKENS: Final = ApiTokens()


def load_api_tokens(path: Path) -> ApiTokens:
    """Read a file of tokens; blocking. Raise FileError with all its problems."""
    expected = "a list of tokens such as {name: ci, token_env: CI_TOKEN, subject: {channel: C0123ABCD}}"
    return ApiTokens(tokens=read_strictly(path, _validated, of=list, expected=expected, known=_known))


def _validated(value: Any) -> tuple[ApiToken, ...]:
    tokens = _FILE.validate_python(value)
    repeated = [*_repeated("name", [one.name for one in tokens]), *_repeated("", [one.digest for one in tokens])]
    if repeated:
        raise ValidationError.from_exception_data("tokens", repeated)
    return tokens


def _repeated(field: str, values: Sequence[object]) -> Iterator[InitErrorDetails]:
    for number, value in enumerate(values):
        if value in values[:number]:
            says = f"has the {field or 'token'} of an earlier entry"
            loc = (number, field) if field else (number,)
            yield InitErrorDetails(type=PydanticCustomError("repeated", says), loc=loc, input=None)


def _known(steps: Sequence[Step]) -> Iterable[str]:
    return (ApiSubject if "subject" in steps[:-1] else ApiToken).model_fields
