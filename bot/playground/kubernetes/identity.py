"""Who asks: the service account of Casebook, nobody, or somebody whom a request acts as."""

from __future__ import annotations

from dataclasses import dataclass

USER = "system:serviceaccount:casebook:casebook"
ANONYMOUS = "system:anonymous"
_ACCOUNT = "system:serviceaccount:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A user and all of their groups."""

    user: str
    groups: tuple[str, ...]


def account_of(user: str) -> tuple[str, str] | None:
    """Namespace and name of the service account that a user is, None for others."""
    parts = user.removeprefix(_ACCOUNT).split(":")
    return (parts[0], parts[1]) if user.startswith(_ACCOUNT) and len(parts) == 2 and all(parts) else None


def identity(user: str, *, groups: tuple[str, ...] = ()) -> Identity:
    """A user with the groups that every API server adds to theirs."""
    if user == ANONYMOUS:
        added: tuple[str, ...] = ("system:unauthenticated",)
    elif (account := account_of(user)) is not None and not groups:
        added = ("system:serviceaccounts", f"system:serviceaccounts:{account[0]}", "system:authenticated")
    else:
        added = ("system:authenticated",)
    return Identity(user=user, groups=(*groups, *(each for each in added if each not in groups)))
