"""The web page of the repository that a GitOps tool clones, so that people find the source to change.

A repository's address is untrusted text. Only an https address whose every part is plain becomes a link; anything else
is shown as text, without credentials.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final
from urllib.parse import quote, urlsplit

from intents.domain import Link
from responses.safety import safe_line

_SHOWN: Final = 200
_DEFAULT: Final = "HEAD"
_LONGEST: Final = 2_000

# Only names with a dot: a browser cannot open the name of a Service in the cluster.
_HOST: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
_SCP_LIKE: Final = re.compile(r"(?:[^@/:]+@)?(?P<host>[^@/:]+):(?P<path>[^/].*)")
_SEGMENT: Final = re.compile(r"(?!\.{1,2}$)[\w.~+-]+", re.ASCII)
_REVISION: Final = re.compile(r"(?!.*(?:\.\.|//))[A-Za-z0-9][\w./+-]*(?<![/.])", re.ASCII)
_VERSIONS: Final = re.compile(r"v?\d+(\.\d+)*\.[xX]")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


class RefKind(Enum):
    """The kind of a revision. The values are Gitea's words for it."""

    BRANCH = "branch"
    TAG = "tag"
    COMMIT = "commit"


class _Forge(Enum):
    GITHUB = "github"
    GITLAB = "gitlab"
    BITBUCKET_CLOUD = "bitbucket.org"
    BITBUCKET = "bitbucket"
    GITEA = "gitea"


# Hosts that offer ssh on the port of https, and the host of their web pages.
_WEB: Final[Mapping[str, str]] = {
    "ssh.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
}
# A host, or a part of the host name of a self-hosted forge: gitlab.example.com.
_FORGES: Final[Mapping[str, _Forge]] = {
    "bitbucket.org": _Forge.BITBUCKET_CLOUD,
    "codeberg.org": _Forge.GITEA,
    "github": _Forge.GITHUB,
    "ghe": _Forge.GITHUB,
    "gitlab": _Forge.GITLAB,
    "bitbucket": _Forge.BITBUCKET,
    "gitea": _Forge.GITEA,
    "forgejo": _Forge.GITEA,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Repository:
    """A repository whose web page is known: `site` is the host, with its port if it is not the usual one."""

    site: str
    path: tuple[str, ...]
    forge: _Forge | None


def link_to(address: str, *, path: str = "", revision: str = "", kind: RefKind | None = None, also: str = "") -> Link:
    """Return the page of a folder of a repository at a revision; its `url` is "" if no safe address is known.

    `also` is shown beside it, such as the name of a chart. A revision may be a range of versions, which has no page.
    """
    folder = path.strip("/").removeprefix("./").strip("/")
    folder = "" if folder == "." else folder
    branch = revision.removeprefix("refs/heads/").removeprefix("refs/tags/")
    repository = _read(address)
    shown = "/".join((repository.site, *repository.path)) if repository else _without_credentials(address)
    title = " · ".join(filter(None, (shown, folder, also))) + (f" @ {branch}" if branch else "")
    if kind is None:
        kind = RefKind.TAG if revision.startswith("refs/tags/") else _kind(branch)
    url = _page(repository, folder=folder, revision=branch, kind=kind) if repository else ""
    # Text that looks like a credential is redacted; an address with one does not become a link.
    return Link(title=safe_line(title, limit=_SHOWN), url=url if safe_line(url) == url else "")


def _read(address: str) -> _Repository | None:
    """Return the repository; None if its web page is unknown."""
    if len(address) > _LONGEST or not address.isprintable() or " " in address:
        return None
    scheme, host, port, path = _parts(address)
    site = _WEB.get(host, host)
    forge = _forge(site)
    if scheme not in ("https", "ssh") or not _HOST.fullmatch(host) or (scheme == "ssh" and forge is None):
        return None
    segments = tuple(filter(None, path.strip("/").removesuffix(".git").split("/")))
    if not all(map(_SEGMENT.fullmatch, segments)):
        return None
    shown_port = f":{port}" if scheme == "https" and port not in (None, 443) else ""
    return _Repository(site=site + shown_port, path=segments, forge=forge if len(segments) > 1 else None)


def _parts(address: str) -> tuple[str, str, int | None, str]:
    """Return scheme, host in lower case, port and path; all empty for text that is no address."""
    if not _SCHEME.match(address):
        found = _SCP_LIKE.fullmatch(address)
        return ("ssh", found["host"].lower(), None, found["path"]) if found else ("", "", None, "")
    try:
        split = urlsplit(address)
        scheme = split.scheme.lower().removeprefix("git+")
        return scheme, split.hostname or "", split.port, split.path
    except ValueError:
        return "", "", None, ""


def _forge(host: str) -> _Forge | None:
    return next((_FORGES[each] for each in (host, *host.split(".")) if each in _FORGES), None)


def _kind(revision: str) -> RefKind:
    return RefKind.COMMIT if _COMMIT.fullmatch(revision) else RefKind.BRANCH


def _page(repository: _Repository, *, folder: str, revision: str, kind: RefKind) -> str:
    """Return the deepest page that is certain; "" if not even the repository's own page is known."""
    root = f"https://{'/'.join((repository.site, *repository.path))}"
    if repository.forge is _Forge.BITBUCKET:
        root = _bitbucket_home(repository)
    at, inside = _at(revision), _inside(folder)
    if not root or not at or inside is None or (at == _DEFAULT and not inside):
        return root
    match repository.forge:
        case _Forge.GITHUB:
            return f"{root}/tree/{at}{inside}"
        case _Forge.GITLAB:
            return f"{root}/-/tree/{at}{inside}"
        case _Forge.BITBUCKET:
            return f"{root}/browse{inside}" + ("" if at == _DEFAULT else f"?at={quote(at, safe='')}")
        # Its pages accept no branch with a slash in its name.
        case _Forge.BITBUCKET_CLOUD if "/" not in at:
            return f"{root}/src/{at}{inside}"
        case _Forge.GITEA if at != _DEFAULT:
            return f"{root}/src/{kind.value}/{at}{inside}"
    return root


def _at(revision: str) -> str:
    """Return a revision as a part of a path; "" for a range of versions, or for an invalid one."""
    if revision in ("", _DEFAULT):
        return _DEFAULT
    if not _REVISION.fullmatch(revision) or _VERSIONS.fullmatch(revision):
        return ""
    return quote(revision, safe="/")


def _inside(folder: str) -> str | None:
    """Return a folder as the rest of a path; None for one that leaves the repository."""
    if not folder:
        return ""
    segments = folder.split("/")
    if any(each in ("", ".", "..") for each in segments):
        return None
    return "".join(f"/{quote(each, safe='')}" for each in segments)


def _bitbucket_home(repository: _Repository) -> str:
    """Return the page of a repository in a self-hosted Bitbucket, whose pages have other paths than its clones."""
    path = repository.path[1:] if repository.path[0] == "scm" else repository.path
    if len(path) != 2:
        return ""
    owner, name = path
    home = f"users/{owner[1:]}" if owner.startswith("~") else f"projects/{owner}"
    return f"https://{repository.site}/{home}/repos/{name}"


def _without_credentials(address: str) -> str:
    """Return an address as text: anything before its last "@" may be a password."""
    scheme = found.group() if (found := _SCHEME.match(address)) else ""
    rest = address[len(scheme) :].rpartition("@")[2]
    return scheme + re.split(r"[?#]", rest, maxsplit=1)[0]
