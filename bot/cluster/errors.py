"""Define our own errors for clusters, so that the client library and its errors stay inside this package.

The original errors are chained. Texts from outside, and each of several causes, are cut to one line of 256 characters
and redacted: error bodies and exec plugins may quote tokens, and these texts reach logs, terminals and chats.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from bot.common.redaction import clean
from intents.domain import Gap, GapReason, Permission

# Causes of one refusal that are kept; each has at most LONGEST_TEXT characters.
MOST_CAUSES: Final = 8


def _listed(detail: str, causes: Sequence[str]) -> str:
    """Return `detail: cause; cause` and the number of further causes."""
    if not causes:
        return detail
    shown = [clean(each) for each in causes[:MOST_CAUSES]]
    if len(causes) > MOST_CAUSES:
        shown.append(f"and {len(causes) - MOST_CAUSES} more")
    return f"{detail}{'' if detail.endswith('.') else ':'} {'; '.join(shown)}"


class ClusterError(Exception):
    """A read or change of a cluster that failed. `str()` is one clear line.

    `does` and `what` say what was tried ("read", "leases in kube-system"). `detail` gives the reason with its `causes`,
    `remedy` what to do, and `permission` the grant that would help.
    """

    reason: ClassVar[GapReason] = GapReason.SERVER_ERROR
    usual: ClassVar[str] = "failed"
    # Set if it concerns every read of the connection: the line then does not name the single read.
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
        """Return this error as a gap of an answer; `what` replaces the read's own description."""
        return Gap(
            what=what or self.what,
            reason=self.reason,
            permission=self.permission,
            detail=self.detail,
            detail_zh=self.detail_zh,
        )


class Forbidden(ClusterError):
    """403. Without `permission` no role refused it but a webhook, a quota or Pod Security: see `detail`."""

    reason = GapReason.FORBIDDEN
    usual = "forbidden"

    def __str__(self) -> str:
        if self.permission is None:
            return super().__str__()
        return f"cannot {self.does} {self.what}: needs {self.permission}"


class ForbiddenAs(Forbidden):
    """403 for the user that we impersonate; `detail` names them and the refused verb. A grant to Casebook would not
    help.
    """


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
    """The pod exists, but the container has no such log: it has not started or not restarted."""

    usual = "the container has no such log"


class NotServed(ClusterError):
    """404: the cluster does not serve the kind. This is not NotFound: it says nothing about any object."""

    reason = GapReason.NOT_FOUND
    usual = "this cluster does not serve this kind"


class Expired(ClusterError):
    """410, twice: a list changed faster than it could be paged."""

    reason = GapReason.EXPIRED
    usual = "the list changed faster than it could be read"


class TooLarge(ClusterError):
    """The answer exceeds a limit on bytes or memory; with `smaller_may_fit` a smaller page of the list may fit."""

    reason = GapReason.TRUNCATED
    usual = "the answer is too large"

    def __init__(
        self, *, what: str, does: str = "read", detail: str, detail_zh: str, smaller_may_fit: bool = False
    ) -> None:
        self.smaller_may_fit = smaller_may_fit
        super().__init__(what=what, does=does, detail=detail, detail_zh=detail_zh)


class TimedOut(ClusterError):
    """No answer within the time of one call, or of the whole diagnosis."""

    reason = GapReason.TIMED_OUT
    usual = "no answer in time"


class Unreachable(ClusterError):
    """No connection to the API server: DNS, refused, reset, TLS."""

    reason = GapReason.UNREACHABLE
    usual = "the API server cannot be reached"
    everywhere = True


class Throttled(ClusterError):
    """429: the API server sheds load, and wants a retry later than we can wait."""

    reason = GapReason.THROTTLED
    usual = "the API server is too busy"


class ServerError(ClusterError):
    """5xx, or an answer that no API server gives."""

    reason = GapReason.SERVER_ERROR
    usual = "the API server failed"


class BadRequest(ClusterError):
    """400, 422 or a request that cannot be valid."""

    reason = GapReason.SERVER_ERROR
    usual = "the API server did not understand the request"


class Conflict(ClusterError):
    """409: the object was changed, replaced or created in the meantime. Nothing was written."""

    reason = GapReason.SERVER_ERROR
    usual = "the object has been changed by someone else"


class OutcomeUnknown(ClusterError):
    """A write was sent and no answer came: read the object back before sending anything again."""

    reason = GapReason.TIMED_OUT
    usual = "no answer came, so it may or may not have taken effect"


class Misconfigured(ClusterError):
    """No usable kubeconfig, context or service account. The text names the file and what to change in it."""

    reason = GapReason.NOT_CONFIGURED
    usual = "no cluster is configured"
