"""List the permissions that Casebook needs in a cluster, and write them as roles for people to review.

Probes and actions declare theirs. A catalog entry that reads a kind by name adds that kind, and so do the kinds that
people ask about. Needs are merged into RBAC rules; a comment names who needs each rule.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.asked import callers, changes, compare, events, inventory, logs, revisions, terms, where
from bot.cluster import origins
from bot.cluster.resources import Resource, well_known
from bot.diagnosing import impact, named_objects, observation, recent_changes, standing
from bot.kube.objects import grouped
from bot.overviews.watched_rows import WATCHED
from bot.probes import objects
from bot.probes.registry import declarations
from bot.remedies import records
from bot.remedies.action import actions, permission
from bot.remedies.shared import budgets
from bot.remedies.undo import permissions_to_undo
from intents.catalog.loader import Catalog
from intents.domain import Permission
from intents.focus import CUSTOM_RESOURCE
from intents.kinds import KINDS

_WIDTH: Final = 118
_RBAC: Final = "rbac.authorization.k8s.io"
# The API server keeps events about cluster-scoped objects in this namespace.
_CLUSTER_EVENTS: Final = "default"
_EVENTS: Final = Permission(verb="create", resource="events")

# Valid namespace names that YAML would read as another type.
_NO_TEXTS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})

_READ: Final = "Everything Casebook reads. Discovery and access reviews need no role: every account has them."
_ACT: Final = "Everything Casebook's buttons write, and their undo. Install it only if you want buttons."
_WATCH: Final = "What the watch follows. Install it only if CASEBOOK_WATCH is set; it reads with the read role."
_SECRETS: Final = (
    "RISK: people who may ask Casebook may then learn the content of Secrets. Only entries of your own catalog read"
    " them."
)
_IMPERSONATE: Final = (
    "RISK: Casebook may then act as any user, administrators included. It does so only where the policy's"
    " `impersonation`"
    " says so. Bind it by `resourceNames` to the groups named there, and to the users if there are few."
)

DIAGNOSIS: Final = "every diagnosis"
QUESTIONS: Final = "questions in words"
ASKED_ABOUT: Final = "the object asked about"
PREVIEWS: Final = "every preview"
WATCHING: Final = "the watch"
SERVED: Final = "custom resources of this cluster"
_READS: Final = ("get", "list")
MARKING: Final = "every action, to record on the object who did it"

# A custom kind in kubectl's form, which needs no call: its plural, perhaps a version, its group.
_PLURAL: Final = re.compile(r"(?P<plural>[a-z][a-z0-9]*s)\.(?:v\d+(?:(?:alpha|beta)\d+)?\.)?(?P<group>[a-z0-9.-]+)")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Need:
    """A permission and who needs it: a probe, an action, a catalog entry, or words for all of them."""

    permission: Permission
    by: str


_IMPERSONATED: Final = frozenset(
    Need(permission=Permission(verb="impersonate", resource=each), by="the policy's impersonation")
    for each in ("users", "groups")
)


def reads(catalog: Catalog, names: Iterable[str]) -> frozenset[Need]:
    """Return what diagnoses read, and what these actions read before and after they write.

    Kinds for which no role can be written are left out; `unknown_kinds` lists them.
    """
    needs = {Need(permission=each, by=name) for name, one in declarations().items() for each in one.permissions}
    for module in (observation, standing, named_objects, recent_changes, impact):
        needs |= {Need(permission=each, by=DIAGNOSIS) for each in module.PERMISSIONS}
    for module in (callers, changes, compare, events, inventory, logs, revisions, terms, where):
        needs |= {Need(permission=each, by=QUESTIONS) for each in module.PERMISSIONS}
    for by, kind, verbs in _kinds(catalog):
        if found := _listing(kind):
            needs |= {Need(permission=replace(found, verb=verb), by=by) for verb in verbs}
    for name in names:
        # An action reads its target before and after the write.
        whole = {replace(each, resource=each.resource.partition("/")[0]) for each in actions()[name].permissions}
        needs |= {Need(permission=replace(each, verb="get"), by=name) for each in whole}
        needs |= {Need(permission=each, by=PREVIEWS) for each in (*budgets.PERMISSIONS, *origins.PERMISSIONS)}
    return frozenset(needs)


def custom_reads(kinds: Iterable[Resource]) -> frozenset[Need]:
    """Return what is read of the custom kinds that a cluster serves, so that overviews and diagnoses see them all."""
    return frozenset(
        Need(permission=Permission(verb=verb, group=kind.group, resource=kind.plural), by=SERVED)
        for kind in kinds
        for verb in _READS
    )


def watches() -> frozenset[Need]:
    """Return what the watch follows; it reads the same objects with the read role."""
    return frozenset(
        Need(permission=resource.permission("watch"), by=WATCHING)
        for kind in WATCHED
        if (resource := well_known(kind)) is not None
    )


def writes(names: Collection[str]) -> frozenset[Need]:
    """Return what these actions and their undo write, and the Event that records it."""
    needs = {Need(permission=each, by=MARKING) for each in records.PERMISSIONS} if names else set()
    for name in names:
        action = actions()[name]
        needs |= {Need(permission=each, by=name) for each in action.permissions}
        back = set(permissions_to_undo(action)) - set(action.permissions)
        needs |= {Need(permission=each, by=f"undo of {name}") for each in back}
    return frozenset(needs)


def unknown_kinds(catalog: Catalog) -> tuple[tuple[str, str], ...]:
    """Return the kinds for which no role can be written, each with the entry that reads it."""
    return tuple(sorted({(by, kind) for by, kind, _ in _kinds(catalog) if _listing(kind) is None}))


def _kinds(catalog: Catalog) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield who reads a kind by its name, the kind, and how."""
    for incident in catalog:
        for read in incident.reads.values():
            if read.probe == objects.NAME:
                yield incident.id, str(read.args.get("kind") or ""), _verbs(read.args)
        yield from ((ASKED_ABOUT, kind, _READS) for kind in incident.kinds if kind != CUSTOM_RESOURCE)
    yield from ((ASKED_ABOUT, kind, _READS) for kind in KINDS.values())


def _verbs(args: Mapping[str, Any]) -> tuple[str, ...]:
    """Return how objects are read: one whose name and namespace the entry gives is never listed."""
    return ("get",) if args.get("name") and args.get("namespace") not in (None, "", "*") else _READS


def _listing(kind: str) -> Permission | None:
    """Return the permission to list a kind; None if only a cluster knows its resource."""
    if resource := well_known(kind):
        return resource.permission("list")
    if found := _PLURAL.fullmatch(kind):
        return Permission(verb="list", group=found["group"], resource=found["plural"])
    try:
        return permission("list", kind)
    except KeyError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The ServiceAccount that Casebook runs as; the names of its roles begin with its name."""

    namespace: str = "casebook"
    name: str = "casebook"

    @property
    def manifests(self) -> tuple[str, str]:
        """Return the manifests of the account's namespace, which a fresh cluster does not have, and of the account."""
        namespace = _joined("apiVersion: v1", "kind: Namespace", "metadata:", f"  name: {_text(self.namespace)}")
        account = _joined(
            "apiVersion: v1",
            "kind: ServiceAccount",
            "metadata:",
            f"  name: {_text(self.name)}",
            f"  namespace: {_text(self.namespace)}",
        )
        return namespace, account


def to_read(account: Account, needs: Iterable[Need]) -> tuple[str, ...]:
    """Return the cluster-wide role for reading and its binding."""
    return tuple(_granted(account, "read", _READ, (need for need in needs if not is_secret(need))))


def to_act(account: Account, needs: Iterable[Need], *, namespaces: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the role for writing and its binding, or one pair in each of `namespaces`.

    Cluster-scoped objects, with the events about them, are then still granted for the whole cluster.
    """
    needed = frozenset(needs)
    if not namespaces:
        return tuple(_granted(account, "act", _ACT, needed))
    inside = frozenset(filter(is_namespaced, needed))
    manifests = [each for one in namespaces for each in _granted(account, "act", _ACT, inside, namespace=one)]
    if outside := needed - inside:
        manifests += _granted(account, "act", _ACT, outside)
        events = frozenset(need for need in inside if need.permission == _EVENTS)
        if events and _CLUSTER_EVENTS not in namespaces:
            manifests += _granted(account, "act", _ACT, events, namespace=_CLUSTER_EVENTS)
    return tuple(manifests)


def to_watch(account: Account, needs: Iterable[Need], *, namespaces: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the role for watching and its binding, or one pair in each of `namespaces`."""
    needed = frozenset(needs)
    places = namespaces or ("",)
    return tuple(each for one in places for each in _granted(account, "watch", _WATCH, needed, namespace=one))


def to_read_secrets(account: Account, needs: Iterable[Need]) -> tuple[str, ...]:
    """Return the role for reading Secrets, which the other roles leave out; () if nothing reads them."""
    return tuple(_granted(account, "secrets", _SECRETS, filter(is_secret, needs)))


def to_impersonate(account: Account) -> tuple[str, ...]:
    """Return the role for impersonating users and groups."""
    return tuple(_granted(account, "impersonate", _IMPERSONATE, _IMPERSONATED))


def is_secret(need: Need) -> bool:
    """Return whether a need concerns Secrets."""
    return (need.permission.group, need.permission.resource) == ("", "secrets")


def _granted(account: Account, what: str, says: str, needs: Iterable[Need], *, namespace: str = "") -> Iterator[str]:
    """Yield a role and its binding, cluster-wide without `namespace`; nothing if there are no needs."""
    name, rules = f"{account.name}-{what}", rules_of(needs)
    if not rules:
        return
    kind = "Role" if namespace else "ClusterRole"
    metadata = ["metadata:", f"  name: {name}", *([f"  namespace: {_text(namespace)}"] if namespace else [])]
    yield _joined(
        *_comment(says),
        f"apiVersion: {_RBAC}/v1",
        f"kind: {kind}",
        *metadata,
        "rules:",
        *(line for rule in rules for line in _rule(rule)),
    )
    yield _joined(
        f"apiVersion: {_RBAC}/v1",
        f"kind: {kind}Binding",
        *metadata,
        "roleRef:",
        f"  apiGroup: {_RBAC}",
        f"  kind: {kind}",
        f"  name: {name}",
        "subjects:",
        "  - kind: ServiceAccount",
        f"    name: {_text(account.name)}",
        f"    namespace: {_text(account.namespace)}",
    )


def _rule(rule: RoleRule) -> Iterator[str]:
    for resource, names in rule.needed_by.items():
        yield from _comment(f"{resource}: {', '.join(names)}", indent=2)
    group = rule.group or '""'
    yield f"  - apiGroups: [{group}]"
    yield from _list("resources", rule.resources)
    yield from _list("verbs", rule.verbs)


def _list(key: str, items: Sequence[str]) -> Iterator[str]:
    yield from textwrap.wrap(
        f"{key}: [{', '.join(items)}]",
        width=_WIDTH,
        initial_indent=" " * 4,
        subsequent_indent=" " * 8,
        break_on_hyphens=False,
    )


def _comment(text: str, *, indent: int = 0) -> Iterator[str]:
    before = " " * indent
    yield from textwrap.wrap(
        text,
        width=_WIDTH,
        initial_indent=f"{before}# ",
        subsequent_indent=f"{before}#   " if indent else f"{before}# ",
        break_on_hyphens=False,
    )


def _text(name: str) -> str:
    """Return a name, quoted if YAML would not read it as a text."""
    return name if name[0].isalpha() and name not in _NO_TEXTS else f'"{name}"'


def _joined(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


_VERBS: Final = ("get", "list", "watch", "create", "patch", "delete", "impersonate")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRule:
    """One rule of a role. `needed_by` maps a resource to the names of those who need it, both sorted."""

    group: str
    verbs: tuple[str, ...]
    needed_by: Mapping[str, tuple[str, ...]]

    @property
    def resources(self) -> tuple[str, ...]:
        """Return the rule's resources."""
        return tuple(self.needed_by)


def rules_of(needs: Iterable[Need]) -> tuple[RoleRule, ...]:
    """Return the rules that grant exactly these needs, in a fixed order with the core group first."""
    by_resource = grouped(needs, lambda need: (need.permission.group, need.permission.resource))
    merged: dict[tuple[str, tuple[str, ...]], dict[str, tuple[str, ...]]] = {}
    for (group, resource), wanted in sorted(by_resource.items()):
        verbs = tuple(sorted({need.permission.verb for need in wanted}, key=_VERBS.index))
        merged.setdefault((group, verbs), {})[resource] = tuple(sorted({need.by for need in wanted}))
    return tuple(RoleRule(group=group, verbs=verbs, needed_by=named) for (group, verbs), named in merged.items())


def is_namespaced(need: Need) -> bool:
    """Return whether the needed resource is namespaced; all custom kinds that are written to are."""
    permission = need.permission
    plural = permission.resource.partition("/")[0]
    known = well_known(f"{plural}.{permission.group}" if permission.group else plural)
    return known is None or known.namespaced
