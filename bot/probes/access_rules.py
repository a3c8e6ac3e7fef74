"""The requests that the API server refused for want of a permission: are they allowed now, and what is missing.

The text names one; if it names none, the logs of the object in question do. A SubjectAccessReview answers if Casebook
may create one. Otherwise roles and bindings do, as far as they may be read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.cluster.access import collect_gaps
from bot.kube.objects import full_name, name_of, namespace_of, ref
from bot.kube.rbac import (
    AccessRequest,
    Subject,
    allows,
    binds,
    misspelt_in,
    namesake_of,
    refused_in,
    request_of,
    shortfall,
    subject_of,
    verbs_on,
)
from bot.probes.contract import Look, Missing, RowValues, beside_the_verdict, may, probe
from bot.probes.shared.logged_causes import READS_CAUSES, LoggedCause, logged_causes
from intents.domain import Gap, Json, ObjectRef, Permission, ProbeResult, Row

_RBAC: Final = "rbac.authorization.k8s.io"
_MOST: Final = 2000
# A program logs its refusals one after the other.
_MOST_REQUESTS: Final = 3
# The cheapest repair first: a role that lacks one verb, then one that lacks more.
_REPAIRS: Final = ("verb", "subresource", "resource", "group", "name", "")


class _Access(RowValues):
    """The request that was refused, and how the roles of its subject relate to it."""

    user: str
    account: str  # the ServiceAccount's name; "" for other users
    account_namespace: str
    verb: str
    resource: str  # with its subresource: pods/log
    group: str
    namespace: str  # "" at the cluster scope
    allowed: str  # True or False; "" where neither a review nor the bindings tell
    groups_known: bool  # all groups of the user follow from its name
    rule: str  # the missing rule, as one line of YAML
    bindings: int  # that name the subject and reach the request; -1 where they cannot be read
    role_kind: str  # the bound role that comes closest
    role: str
    lacks: str  # verb, subresource, resource, group or name: what keeps that role from allowing it
    role_verbs: tuple[str, ...]  # which it allows on the resource
    pod: str  # whose log has it, as namespace/name; "" if the text does
    granting: str  # a role that allows it and is not bound to the subject, as Kind/name
    lost_role: str  # a role that a binding of the subject refers to and that does not exist
    lost_binding: str  # that binding
    namesake: str  # whom a binding to such a role names in its place: ServiceAccount default/deployer, or misspelt
    namesake_binding: str  # that binding
    elsewhere: tuple[str, ...]  # namespaces where the request would be allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refused:
    """A request that was refused; `logged` is the log that tells it, None if the text does."""

    subject: Subject
    request: AccessRequest
    logged: LoggedCause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grant:
    """A binding with the role that it refers to; `rules` is None if there is no such role."""

    binding: Json
    kind: str
    name: str
    rules: Sequence[Json] | None

    @property
    def namespace(self) -> str:
        return namespace_of(self.binding)

    def __str__(self) -> str:
        kind = "RoleBinding" if self.namespace else "ClusterRoleBinding"
        return str(ref(self.binding, kind))


@probe(
    says="a row for a request that the text or a log in question tells as forbidden: is it allowed now, and which role"
    " comes closest",
    row=_Access,
    permissions=(
        *may(
            "list",
            *(f"{resource}.{_RBAC}" for resource in ("clusterrolebindings", "clusterroles", "rolebindings", "roles")),
        ),
        *READS_CAUSES,
        *may("get", "serviceaccounts"),
    ),
)
async def read(look: Look) -> ProbeResult:
    """Read whether a request is allowed now, and the roles of its subject; no rows without a request."""
    if told := _told(look):
        if told.subject.is_account and await _is_gone(look, told.subject):
            raise Missing(f"ServiceAccount {told.subject.namespace}/{told.subject.name}")
        return await _judged(look, told)
    if not look.focus.names_object:
        return ProbeResult()
    logs = await logged_causes(look)
    found = await asyncio.gather(*(_judged(look, each) for each in _logged(logs.causes)))
    return ProbeResult(
        rows=tuple(row for each in found for row in each.rows),
        gaps=tuple(dict.fromkeys(gap for each in found for gap in each.gaps)),
        missing=logs.missing,
        looked_at=len(logs.logs),
    )


async def _judged(look: Look, refused: _Refused) -> ProbeResult:
    subject, request = refused.subject, refused.request
    reviewed, (grants, roles, gaps) = await asyncio.gather(
        _reviewed(look, subject, request), _rbac(look, subject, request)
    )
    bound = [each for each in grants if binds(each.binding, subject)]
    reaching = [each for each in bound if each.namespace in ("", request.namespace)]
    allowing = any(allows(each.rules or (), request) for each in reaching)
    allowed = reviewed or ("True" if allowing else "" if gaps else "False")
    # A binding to a role that would do, but to somebody of the same name or of none, is most often a slip.
    instead = [
        each for each in grants if each.namespace in ("", request.namespace) and allows(each.rules or (), request)
    ]
    row = _row(
        refused,
        allowed=allowed,
        bound=bound,
        reaching=reaching,
        slip=await _slip(look, subject, instead) if allowed == "False" else ("", ""),
        roles=roles,
        gaps=gaps,
        look=look,
    )
    # A review alone answers the question: what explains it is then no gap.
    return ProbeResult(rows=(row,), gaps=() if reviewed else gaps)


async def _slip(look: Look, subject: Subject, grants: Sequence[_Grant]) -> tuple[str, str]:
    """Return whom one of these bindings names in place of a ServiceAccount, and that binding; "" for none."""
    if not subject.is_account:
        return "", ""
    near = sorted({name for each in grants for name in misspelt_in(each.binding, subject)})
    gone = await asyncio.gather(*(_is_gone(look, replace(subject, name=name)) for name in near))
    unknown = [name for name, is_gone in zip(near, gone, strict=True) if is_gone]
    named = ((namesake_of(each.binding, subject, unknown=unknown), str(each)) for each in grants)
    return next((each for each in named if each[0]), ("", ""))


def _told(look: Look) -> _Refused | None:
    """Return the request that the text names as forbidden; None if it does not name user, verb and resource."""
    named = look.named
    if not all(named.get(word) for word in ("user", "verb", "resource")):
        return None
    request = request_of(
        verb=named["verb"],
        group=named.get("api_group", ""),
        resource=named["resource"],
        namespace="" if named.get("scope") else named.get("namespace", ""),
        name=named.get("name", ""),
    )
    return _Refused(subject=subject_of(named["user"]), request=request)


def _logged(causes: Sequence[LoggedCause]) -> list[_Refused]:
    """Return the requests that logs tell, each once whatever objects it names."""
    found: dict[tuple[str, str, str], _Refused] = {}
    for each in causes:
        if told := refused_in(each.failure.says) or refused_in("\n".join(each.failure.lines)):
            user, request = told
            one = _Refused(subject=subject_of(user), request=request, logged=each)
            found.setdefault((user, request.rule, request.namespace), one)
    return list(found.values())[:_MOST_REQUESTS]


async def _is_gone(look: Look, subject: Subject) -> bool:
    account = look.snapshot.find("ServiceAccount", subject.name, namespace=subject.namespace)
    with beside_the_verdict():
        return await look.unless_refused(account, {}) is None


async def _reviewed(look: Look, subject: Subject, request: AccessRequest) -> str:
    """Return the API server's own answer, "" if Casebook may not ask it."""
    permission = Permission(verb=request.verb, group=request.group, resource=request.path)
    review = look.snapshot.may(subject.user, subject.groups, permission, namespace=request.namespace, name=request.name)
    with beside_the_verdict():  # Without a review the bindings answer.
        allowed = await look.unless_refused(review, None)
    return "" if allowed is None else str(allowed)


async def _rbac(
    look: Look, subject: Subject, request: AccessRequest
) -> tuple[list[_Grant], list[Json], tuple[Gap, ...]]:
    """Return the bindings with their roles, all roles, and what could not be read.

    For a request at the cluster scope the bindings of all namespaces show where it would be allowed; for others those
    of the ServiceAccount's own: a RoleBinding is often written beside the account that it names.
    """
    places = (
        ("RoleBinding", request.namespace),
        ("Role", request.namespace),
        ("ClusterRoleBinding", ""),
        ("ClusterRole", ""),
    )
    beside = subject.namespace if request.namespace not in ("", subject.namespace) else ""
    with collect_gaps() as gaps:
        own, roles, clusterwide, cluster_roles = await asyncio.gather(
            *(look.list(kind, namespace=namespace, limit=_MOST) for kind, namespace in places)
        )
    with beside_the_verdict():
        bindings_beside, roles_beside = (
            await asyncio.gather(*(look.list(kind, namespace=beside, limit=_MOST) for kind in ("RoleBinding", "Role")))
            if beside
            else ((), ())
        )
    own, roles = (*own, *bindings_beside), (*roles, *roles_beside)
    known = {(each["kind"], namespace_of(each), name_of(each)): each for each in (*roles, *cluster_roles)}
    grants = []
    for binding in (*own, *clusterwide):
        named = binding.get("roleRef") or {}
        kind, name = str(named.get("kind") or ""), str(named.get("name") or "")
        role = known.get((kind, "" if kind == "ClusterRole" else namespace_of(binding), name))
        grants.append(
            _Grant(binding=binding, kind=kind, name=name, rules=None if role is None else role.get("rules") or ())
        )
    return grants, [*roles, *cluster_roles], tuple(gaps)


def _row(
    refused: _Refused,
    *,
    allowed: str,
    bound: list[_Grant],
    reaching: list[_Grant],
    slip: tuple[str, str],
    roles: list[Json],
    gaps: tuple[Gap, ...],
    look: Look,
) -> Row:
    subject, request, logged = refused.subject, refused.request, refused.logged
    closest = min((each for each in reaching if each.rules), key=lambda each: _distance(each, request), default=None)
    rules = (closest.rules or ()) if closest else ()
    usable = (each for each in roles if namespace_of(each) in ("", request.namespace))
    granting = [each for each in usable if allows(each.get("rules") or (), request)]
    there = {each.namespace for each in bound if each.namespace and allows(each.rules or (), request)}
    lost = [each for each in reaching if each.rules is None] if not gaps else []
    place = f"-n {request.namespace} " if request.namespace else ""
    return _Access(
        user=subject.user,
        account=subject.name,
        account_namespace=subject.namespace,
        verb=request.verb,
        resource=request.path,
        group=request.group,
        namespace=request.namespace,
        allowed=allowed,
        groups_known=subject.groups_known,
        rule=request.rule,
        bindings=-1 if gaps else len(reaching),
        role_kind=closest.kind if closest else "",
        role=closest.name if closest else "",
        lacks=shortfall(rules, request) if closest else "",
        role_verbs=verbs_on(rules, request),
        pod=full_name(logged.log.container.pod) if logged else "",
        granting=_narrowest(granting),
        lost_role=f"{lost[0].kind} {lost[0].name}" if lost else "",
        lost_binding=str(lost[0]) if lost else "",
        namesake=slip[0],
        namesake_binding=slip[1],
        elsewhere=tuple(sorted(there - {request.namespace})),
    ).row(
        ObjectRef(kind="ServiceAccount", namespace=subject.namespace, name=subject.name)
        if subject.is_account
        else ObjectRef(kind="User", name=subject.user),
        reproduce=f"kubectl auth can-i {request.verb} {request.path} {place}--as={subject.user}",
        at=look.moment(logged.age_s) if logged else None,
    )


def _distance(grant: _Grant, request: AccessRequest) -> tuple[int, str]:
    return _REPAIRS.index(shortfall(grant.rules or (), request)), grant.name


def _narrowest(roles: list[Json]) -> str:
    """Return the role with the fewest rules, without those of the system and those that allow everything."""
    fitting = [
        each
        for each in roles
        if not name_of(each).startswith("system:")
        and not any("*" in (rule.get("resources") or ()) for rule in each.get("rules") or ())
    ]
    found = min(fitting, key=lambda each: (len(each.get("rules") or ()), name_of(each)), default=None)
    return f"{found['kind']} {name_of(found)}" if found else ""
