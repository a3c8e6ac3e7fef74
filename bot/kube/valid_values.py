"""Suggest a valid value near a refused one, by the rule that it broke: "ACTOKEY" → "actokey".

A suggestion certainly satisfies the rule: it is checked with the rule's own regular expression where the message has
one. Only the author knows whether it is the value that was meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import re2

from bot.kube.field_errors import FieldError, FieldErrorType
from intents.spelling import closest

_LIMIT: Final = re2.compile(r"(?:no more than|more than|at most) (\d+)(?: (?:characters|bytes))?")
_REGEX: Final = re2.compile(r"regex used for validation is '(.*?)'\)")
_QUOTED: Final = re2.compile(r'"([^"]*)"')
_MUST_BE: Final = re2.compile(r"^must be (?:greater than or equal to )?(-?\d+)$")
_AT_MOST_LIMIT: Final = re2.compile(r"must be less than or equal to [a-z0-9./-]+ limit of (\S+?)\.?$")
_ONE_OF: Final = re2.compile(r"must be one of:? (.+)$")
# Half of the letters in common; less than that is another word.
_LIKE: Final = 50.0

_LABEL_MAX: Final = 63
_SUBDOMAIN_MAX: Final = 253
_PORT_NAME_MAX: Final = 15


def suggest(error: FieldError, *, choices: Sequence[str] = (), taken: Sequence[str] = ()) -> str:
    """Return a valid value for the field of `error`, "" if none is known.

    `choices` are names that do exist (for Not found), `taken` those that are used already (for Duplicate value).
    """
    match error.type:
        case FieldErrorType.UNSUPPORTED:
            return closest(error.value, _QUOTED.findall(error.rule), at_least=0)
        case FieldErrorType.NOT_FOUND:
            return closest(error.value, choices, at_least=_LIKE)
        case FieldErrorType.DUPLICATE:
            return _numbered(error.value, taken)
        case FieldErrorType.INVALID | FieldErrorType.TOO_LONG:
            return _repaired(error)
        case _:
            return ""


def _repaired(error: FieldError) -> str:
    rule, value = error.rule, error.value
    if found := _MUST_BE.search(rule) or _AT_MOST_LIMIT.search(rule):
        return str(found.group(1))
    if found := _ONE_OF.search(rule):
        return closest(value, [choice.strip(" \"'") for choice in found.group(1).split(",")], at_least=0)
    limit = int(found.group(1)) if (found := _LIMIT.search(rule)) else 0
    repair = next((repair for words, repair in _REPAIRS if words in rule), None)
    if repair is None:
        if not limit or not value.isascii():
            return ""
        repair = _cut
    suggestion = repair(value, limit)
    return suggestion if suggestion and suggestion != value and _satisfies(suggestion, rule, limit) else ""


def _satisfies(suggestion: str, rule: str, limit: int) -> bool:
    if limit and len(suggestion.encode()) > limit:
        return False
    return all(re2.fullmatch(pattern, suggestion) for pattern in _REGEX.findall(rule))


def _label(value: str, limit: int) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", value.lower()).strip("-")[: limit or _LABEL_MAX].rstrip("-")


def _subdomain(value: str, limit: int) -> str:
    lowered = re.sub(r"[^a-z0-9.-]+", "-", value.lower())[: limit or _SUBDOMAIN_MAX]
    return ".".join(part for part in (part.strip("-") for part in lowered.split(".")) if part)


def _rfc_1035(value: str, limit: int) -> str:
    return _label(re.sub(r"^[^a-z]+", "", value.lower()), limit)


def _qualified(value: str, limit: int) -> str:
    # The part before a slash is a domain with rules of its own; a key with two slashes has no obvious repair.
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix or (slash and _subdomain(prefix, 0) != prefix):
        return ""
    return prefix + slash + _label_value(name, limit)


def _label_value(value: str, limit: int) -> str:
    cleaned = re.sub(r"[^A-Za-z0-9_.-]+", "-", value).strip("-_.")
    return cleaned[: limit or _LABEL_MAX].rstrip("-_.")


def _key(value: str, limit: int) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", value)[: limit or _SUBDOMAIN_MAX].strip(".") if value else ""


def _identifier(value: str, _limit: int) -> str:
    cleaned = re.sub(r"[^A-Za-z0-9_]+", "_", value)
    return f"_{cleaned}" if cleaned[:1].isdigit() else cleaned


def _port_name(value: str, limit: int) -> str:
    name = re.sub(r"-{2,}", "-", _label(value, _LABEL_MAX))[: limit or _PORT_NAME_MAX].strip("-")
    return name if re.search(r"[a-z]", name) else ""


def _absolute(value: str, _limit: int) -> str:
    return f"/{value}" if value and not value.startswith("/") else ""


def _cut(value: str, limit: int) -> str:
    return value[:limit].rstrip("-_.")


# Words of a rule → how a value is repaired. The wordings are those of apimachinery's validation package;
# Kubernetes before 1.19 called an RFC 1123 name "DNS-1123". The first that occurs counts.
_REPAIRS: Final[tuple[tuple[str, Callable[[str, int], str]], ...]] = (
    ("RFC 1123 label must", _label),
    ("DNS-1123 label must", _label),
    ("RFC 1123 subdomain must", _subdomain),
    ("DNS-1123 subdomain must", _subdomain),
    ("DNS-1035 label must", _rfc_1035),
    ("RFC 1035 label must", _rfc_1035),
    ("name part must consist of alphanumeric", _qualified),
    ("a valid label must be an empty string or", _label_value),
    ("a valid config key must consist", _key),
    ("a valid environment variable name must", _identifier),
    ("a valid C identifier must", _identifier),
    ("must contain only alphanumeric characters (a-z, 0-9), and hyphens", _port_name),
    ("must contain at least one letter", _port_name),
    ("must not contain consecutive hyphens", _port_name),
    ("must be no more than 15 characters", _port_name),
    ("must be an absolute path", _absolute),
)


def _numbered(value: str, taken: Sequence[str]) -> str:
    """Return a free name like the one given twice; "" for a value that is no name (a path, a port)."""
    if not re2.fullmatch(r"[a-z0-9]([-a-z0-9]{0,59}[a-z0-9])?", value):
        return ""
    return next(name for number in range(2, len(taken) + 3) if (name := f"{value}-{number}") not in taken)
