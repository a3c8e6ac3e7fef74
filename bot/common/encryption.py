"""Encrypt what is stored and must stay secret, with keys from the settings: the tokens of installed workspaces.

The first key encrypts, all of them decrypt: a key is replaced by writing a new one before it, encrypting everything
again, and removing it. Each value names its owner, so that one copied to another owner's row is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from intents.lean_imports import postpone

# Only installed workspaces have something to encrypt.
postpone("cryptography.fernet")

from cryptography import fernet  # noqa: E402

_OWNER: Final = "owner"


class KeyUnusable(ValueError):
    """Error: a key is malformed; `str()` says what is expected, without the key."""


class CannotDecrypt(Exception):
    """Error: no key fits a value, or it belongs to another owner. Nothing is changed."""


def new_key() -> str:
    """Return a new random key."""
    return fernet.Fernet.generate_key().decode()


class Encryption:
    """Encrypts and decrypts the secrets of owners. The first of the `keys` encrypts; raise KeyUnusable."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise KeyUnusable("there is no key")
        try:
            self._keys = [fernet.Fernet(key) for key in keys]
        except ValueError:
            raise KeyUnusable("a key is malformed: expected 32 random bytes in base64") from None
        self._all = fernet.MultiFernet(self._keys)

    def encrypt(self, owner: str, secrets: Mapping[str, str]) -> bytes:
        """Return the secrets of an owner, encrypted."""
        return self._all.encrypt(json.dumps({**secrets, _OWNER: owner}).encode())

    def decrypt(self, owner: str, value: bytes) -> Mapping[str, str]:
        """Return the secrets of an owner. Raise CannotDecrypt."""
        try:
            found = json.loads(self._all.decrypt(value))
        except (fernet.InvalidToken, ValueError):
            raise CannotDecrypt("no key decrypts them") from None
        if found.pop(_OWNER, None) != owner:
            raise CannotDecrypt("they belong to another workspace")
        return {str(name): str(secret) for name, secret in found.items()}

    def fits(self, owner: str, value: bytes) -> bool:
        """Tell whether the secrets of an owner can be decrypted."""
        try:
            self.decrypt(owner, value)
        except CannotDecrypt:
            return False
        return True

    def is_current(self, value: bytes) -> bool:
        """Tell whether the first key encrypted a value."""
        try:
            self._keys[0].decrypt(value)
        except fernet.InvalidToken:
            return False
        return True
