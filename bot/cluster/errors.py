"""What can go wrong with a cluster, as our own errors: the client library and its errors stay behind this room.

    ClusterError
    ├── Forbidden         403: the identity we use may not; names the verb and resource to grant
    │   └── ForbiddenAs   403: not we, but the user we act as may not
    ├── Unauthorized      401: the API server does not know us: credentials expired, or another cluster's
    ├── NotFound          404: the object is not there
    │   └── NoLog         the container has no such log: never started, or never restarted
    ├── NotServed         404: this cluster does not know the kind or its API group
    ├── Expired           410: a list changed under us faster than it could be paged, twice
    ├── TimedOut          no answer within the time of one call, or of the whole diagnosis
    ├── Unreachable       no connection: DNS, refused, reset, TLS
    ├── Throttled         429: the API server asks us to come back later than we can wait
    ├── ServerError       5xx, or an answer that is no JSON
    ├── BadRequest        400, 422, or a name no object can have
    ├── Conflict          409: the object is no longer the one a write was meant for; nothing was written
    ├── OutcomeUnknown    a write was sent and not answered: it may or may not have been carried out
    └── Misconfigured     kubeconfig or context: nothing was sent at all

Whatever caused them is chained. Texts that came from elsewhere, and each of several causes, are cut to one line of 256
characters and scrubbed: error bodies and exec plugins have been seen quoting tokens, and these texts reach logs,
terminals and chats.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from bot.common.outside_text import clean
from intents.domain import Gap, GapReason, Permission

# Of one refusal; each is as long as any other text at most.
MOST_CAUSES: Final = 8


def _listed(detail: str, causes: Sequence[str]) -> str:
    """`detail: cause; cause`, and how many there are besides."""
    if not causes:
        return detail
    shown = [clean(each) for each in causes[:MOST_CAUSES]]
    if len(causes) > MOST_CAUSES:
        shown.append(f"and {len(causes) - MOST_CAUSES} more")
    return f"{detail}{'' if detail.endswith('.') else ':'} {'; '.join(shown)}"


class ClusterError(Exception):
    """Something of a cluster could not be read or changed. `str()` is one clear line.

    `what` says in words what it was about ("leases in kube-system"), `does` what was meant to be done to it, `detail`
    why it failed with all of its `causes`, `remedy` what to do about it, `permission` which grant would help.
    """

    reason: ClassVar[GapReason] = GapReason.SERVER_ERROR
    usual: ClassVar[str] = "failed"
    # Whether it concerns every read of the connection alike: then its line leaves out which one it was.
    everywhere: ClassVar[bool] = False

    def __init__(
        self,
        *,
        what: str = "",
        does: str = "read",
        detail: str = "",
        detail_zh: str = "",
        causes: Sequence[str] = (),
        remedy: str = "",
        permission: Permission | None = None,
    ) -> None:
        self.what = clean(what)
        self.does = does
        self.detail = _listed(clean(detail) or self.usual, causes)
        self.detail_zh = clean(detail_zh)
        self.remedy = remedy
        self.permission = permission
        super().__init__(str(self))

    def __str__(self) -> str:
        line = f"cannot {self.does} {self.what}: {self.detail}" if self.what and not self.everywhere else self.detail
        return f"{line}; {self.remedy}" if self.remedy else line

    def gap(self, what: str = "") -> Gap:
        """This error as a gap of an answer; `what` in the caller's words, or as the read itself called it."""
        return Gap(
            what=what or self.what,
            reason=self.reason,
            permission=self.permission,
            detail=self.detail,
            detail_zh=self.detail_zh,
        )


class Forbidden(ClusterError):
    """403. Without `permission` it was no role that refused (a webhook, a quota, Pod Security): see `detail`."""

    reason = GapReason.FORBIDDEN
    usual = "forbidden"

    def __str__(self) -> str:
        if self.permission is None:
            return super().__str__()
        return f"cannot {self.does} {self.what}: needs {self.permission}"


class ForbiddenAs(Forbidden):
    """403 for the user we act as: `detail` names them and what they may not. No grant to us would help."""


class Unauthorized(ClusterError):
    """401: the API server does not accept the credentials."""

    reason = GapReason.UNAUTHORIZED
    usual = "the API server does not accept the credentials"
    everywhere = True


class NotFound(ClusterError):
    """404: the object does not exist."""

    reason = GapReason.NOT_FOUND
    usual = "not found"


class NoLog(NotFound):
    """The pod exists, but the container has no such log: it has not started, or not restarted."""

    usual = "there is no such log"


class NotServed(ClusterError):
    """404: the cluster does not serve the kind. Not a NotFound: it says nothing about any object."""

    reason = GapReason.NOT_FOUND
    usual = "this cluster does not serve it"


class Expired(ClusterError):
    """410: the pages of a list kept expiring."""

    reason = GapReason.EXPIRED
    usual = "the list changed faster than it could be read"


class TimedOut(ClusterError):
    """No answer in time."""

    reason = GapReason.TIMED_OUT
    usual = "no answer in time"


class Unreachable(ClusterError):
    """No connection to the API server."""

    reason = GapReason.UNREACHABLE
    usual = "the API server cannot be reached"
    everywhere = True


class Throttled(ClusterError):
    """429: the API server sheds load."""

    reason = GapReason.THROTTLED
    usual = "the API server is too busy"


class ServerError(ClusterError):
    """5xx, or something no API server answers."""

    reason = GapReason.SERVER_ERROR
    usual = "the API server failed"


class BadRequest(ClusterError):
    """400, 422 or a request that cannot be right."""

    reason = GapReason.SERVER_ERROR
    usual = "the API server did not understand the request"


class Conflict(ClusterError):
    """409: the object was changed, replaced or made meanwhile. Nothing was written."""

    reason = GapReason.SERVER_ERROR
    usual = "the object has been changed by someone else"


class OutcomeUnknown(ClusterError):
    """A write left us and no answer came: read back what became of it before anything is sent again."""

    reason = GapReason.TIMED_OUT
    usual = "no answer came, so it may or may not have been done"


class Misconfigured(ClusterError):
    """No usable kubeconfig, context or service account. The texts name the file and what to change in it."""

    reason = GapReason.NOT_CONFIGURED
    usual = "no cluster is configured"
