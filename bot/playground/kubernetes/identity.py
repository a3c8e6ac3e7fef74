"""Define the identity of a request: Casebook's service account, the anonymous user, or an impersonated user."""

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
    """Return the namespace and name of a service account's user, None for other users."""
    parts = user.removeprefix(_ACCOUNT).split(":")
    return (parts[0], parts[1]) if user.startswith(_ACCOUNT) and len(parts) == 2 and all(parts) else None


def identity(user: str, *, groups: tuple[str, ...] = ()) -> Identity:
    """Return a user with the groups that the API server adds."""
    if user == ANONYMOUS:
        added: tuple[str, ...] = ("system:unauthenticated",)
    elif (account := account_of(user)) is not None and not groups:
        added = ("system:serviceaccounts", f"system:serviceaccounts:{account[0]}", "system:authenticated")
    else:
        added = ("system:authenticated",)
    return Identity(user=user, groups=(*groups, *(each for each in added if each not in groups)))
