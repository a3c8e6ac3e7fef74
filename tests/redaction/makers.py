"""Make secrets of a form from a seeded source of chance."""

from __future__ import annotations

import random
import string
from collections.abc import Callable

Make = Callable[[random.Random], str]
_MIXED = string.ascii_letters + string.digits


def _of(alphabet: str, length: int) -> Make:
    return lambda chance: "".join(chance.choices(alphabet, k=length))


def mixed(length: int) -> Make:
    """Return a maker of letters and digits."""
    return _of(_MIXED, length)


def hexadecimal(length: int) -> Make:
    """Return a maker of hexadecimal digits."""
    return _of(string.digits + "abcdef", length)


def upper(length: int) -> Make:
    """Return a maker of upper-case letters and the digits of base32."""
    return _of(string.ascii_uppercase + "234567", length)


def lower(length: int) -> Make:
    """Return a maker of lower-case letters."""
    return _of(string.ascii_lowercase, length)


def digits(length: int) -> Make:
    """Return a maker of digits."""
    return _of(string.digits, length)


def uuid(chance: random.Random) -> str:
    """Return a random UUID."""
    whole = hexadecimal(32)(chance)
    return "-".join((whole[:8], whole[8:12], whole[12:16], whole[16:20], whole[20:]))


def password(chance: random.Random) -> str:
    """Return a password as generators and people choose it."""
    ends = ("", "", "!", "_x", ".Z", "-4q", "%k")
    return f"{chance.choice('TQXKMw')}{mixed(chance.randint(8, 16))(chance)}{chance.choice('379')}{chance.choice(ends)}"


def phrase(chance: random.Random) -> str:
    """Return a password of three random words with spaces."""
    return " ".join(lower(chance.randint(6, 8))(chance) for _ in range(3))
