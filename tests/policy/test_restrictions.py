"""For any policy: a restriction never widens, a grant never narrows, and unread labels grant nothing."""

import copy
from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.policy import Actor, Policy, PolicyScope, ReadLevel
from bot.policy.model import Rules

CHANNELS, USERS = ["C1", "C2", "#general", "#gen*", "*"], ["U1", "U2", "*"]
GROUPS = ["S1", "S2", "@oncall"]
CLUSTERS, NAMESPACES = ["prod", "staging", "s*", "*"], ["shop", "bank", "shop-*", "*"]
ACTIONS = ["restart-pod", "scale", "*"]
RISKS = ["low", "disruptive", "data-loss"]
# Labels of objects, and labels that entries may require.
LABELLED: list[dict[str, str]] = [{}, {"team": "a"}, {"team": "ab", "tier": "data"}]
WANTED = [{"team": "a"}, {"team": "a*"}, {"team": "*", "tier": "data"}, {"tier": "web"}]


def policy(**sections: Any) -> Policy:
    return Policy(rules=Rules.model_validate(sections))


def some(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


def entry(section: str) -> st.SearchStrategy[dict[str, Any]]:
    required: dict[str, Any] = {"clusters": some(CLUSTERS), "namespaces": some(NAMESPACES)}
    optional: dict[str, Any] = {"cluster_scoped": st.booleans()}
    if section != "remediation":
        optional |= {"channels": some(CHANNELS), "users": some(USERS), "groups": some(GROUPS)}
    if section != "reading":
        optional |= {"labels": st.sampled_from(WANTED)}
    if section == "acting":
        required |= {"actions": some(ACTIONS), "users": optional.pop("users")}
    if section == "approval":
        optional |= {"actions": some(ACTIONS), "risks": some(RISKS)}
    return st.fixed_dictionaries(required, optional=optional)


SECTIONS = st.fixed_dictionaries(
    {
        **{
            section: st.lists(entry(section), max_size=3)
            for section in ("reading", "remediation", "acting", "approval")
        },
        "others": st.sampled_from(["text-only", "nothing"]),
        "guests": st.sampled_from(["as-others", "text-only", "nothing"]),
        "external": st.sampled_from(["as-others", "text-only", "nothing"]),
    }
)
WHOS = st.builds(
    Actor,
    channel=st.sampled_from(["C1", "C2", "C3"]),
    channel_name=st.sampled_from(["general", "random", ""]),
    user=st.sampled_from(["U1", "U2", "U3"]),
    guest=st.booleans(),
    external=st.booleans(),
    direct=st.booleans(),
    groups=st.frozensets(st.sampled_from(GROUPS), max_size=2),
)
STRICTER = {"as-others": "text-only", "text-only": "nothing", "nothing": "nothing"}


@st.composite
def restricted(draw: st.DrawFn) -> tuple[dict, dict]:
    """Return a policy, and the same one with one thing removed or one more condition."""
    before = draw(SECTIONS)
    after: dict[str, Any] = copy.deepcopy(before)
    section = draw(st.sampled_from(sorted(before.keys() - {"approval"})))
    part = after[section]
    if isinstance(part, str):
        after[section] = "nothing" if section == "others" else STRICTER[part]
    elif part:
        at = draw(st.integers(0, len(part) - 1))
        way = draw(st.sampled_from(["without", "fewer", "inside", "labels", "only for"]))
        if way == "without":
            del part[at]
        elif way == "fewer":
            key = draw(st.sampled_from(sorted(key for key, value in part[at].items() if isinstance(value, list))))
            part[at][key] = part[at][key][1:] or part[at][key]
        elif way == "inside":
            part[at]["cluster_scoped"] = False
        elif way == "labels" and section != "reading":
            part[at].setdefault("labels", draw(st.sampled_from(WANTED)))
        elif way == "only for" and section != "remediation":
            # An additional condition, except channels for entries of people alone: those open direct messages until
            # they name channels.
            key, values = ("channels", CHANNELS) if section == "acting" else ("users", USERS)
            if section == "acting" or not {"users", "groups"} & part[at].keys():
                part[at].setdefault(key, draw(some(values)))
    return before, after


PLACES = [*product(("prod", "staging"), ("shop", "bank", "shop-eu", ""))]
CHANGES = [(action, *place) for action, place in product(("restart-pod", "scale"), PLACES)]
Right = tuple[Any, ...]


def sees(scope: PolicyScope) -> Iterable[Right]:
    """Return all that may be seen, over all names that the policies above may mean."""
    yield from (("answer",),) if scope.reading is not ReadLevel.NOTHING else ()
    for cluster, namespace in PLACES:
        access = scope.access(cluster)
        if access.allows(namespace) if namespace else access.cluster_scoped:
            yield ("see", cluster, namespace)


def does(scope: PolicyScope) -> Iterable[Right]:
    """Return all that may be done, to objects with each of the labels."""
    for change in CHANGES:
        for number, labels in enumerate(LABELLED):
            if scope.may(*change, labels).allowed:
                yield (*change, number)


def may(scope: PolicyScope) -> set[Right]:
    return {*sees(scope), *does(scope)}


def does_alone(scope: PolicyScope) -> Iterable[Right]:
    """Return what needs no approver, by risk."""
    for *change, number in does(scope):
        for risk in RISKS:
            if not scope.approval(change[0], change[1], change[2], LABELLED[number], risk):
                yield (*change, number, risk)


def approves(scope: PolicyScope, asked: PolicyScope) -> Iterable[Right]:
    """Return what this person may approve, of the actions for which `asked` requires an approver."""
    for change in CHANGES:
        for number, labels in enumerate(LABELLED):
            if asked.approval(*change, labels, "data-loss") and scope.may_approve(*change, labels, "data-loss").allowed:
                yield (*change, number)


@given(policies=restricted(), who=WHOS)
def test_removing_a_permission_never_grants_more(policies: tuple[dict, dict], who: Actor) -> None:
    before, after = (may(policy(**sections).scope(who)) for sections in policies)

    assert after <= before


@given(sections=SECTIONS, more=entry("acting"), at=st.integers(0, 3), who=WHOS)
def test_an_additional_acting_entry_never_removes_a_permission(sections: dict, more: dict, at: int, who: Actor) -> None:
    acting = [*sections["acting"][:at], more, *sections["acting"][at:]]
    before, after = policy(**sections).scope(who), policy(**{**sections, "acting": acting}).scope(who)

    assert may(before) <= may(after)
    assert set(does_alone(before)) <= set(does_alone(after))
    assert set(approves(before, before)) <= set(approves(after, before))


@given(sections=SECTIONS, more=entry("approval"), at=st.integers(0, 3), who=WHOS)
def test_an_additional_approval_entry_never_grants_a_permission(
    sections: dict, more: dict, at: int, who: Actor
) -> None:
    approval = [*sections["approval"][:at], more, *sections["approval"][at:]]
    before, after = policy(**sections).scope(who), policy(**{**sections, "approval": approval}).scope(who)

    assert may(after) == may(before)
    assert set(does_alone(after)) <= set(does_alone(before))
    assert set(approves(after, before)) <= set(approves(before, before))


@given(sections=SECTIONS, who=WHOS)
def test_guests_and_shared_channels_never_get_more(sections: dict, who: Actor) -> None:
    rules = policy(**sections)
    member = may(rules.scope(replace(who, guest=False, external=False)))

    assert may(rules.scope(who)) <= member


@given(sections=SECTIONS, who=WHOS)
def test_unread_groups_never_grant_more(sections: dict, who: Actor) -> None:
    scope, unknown = (policy(**sections).scope(each) for each in (who, replace(who, groups=frozenset())))

    assert may(unknown) <= may(scope)
    assert set(approves(unknown, scope)) <= set(approves(scope, scope))


@given(sections=SECTIONS, who=WHOS)
def test_what_may_be_done_or_approved_may_be_seen(sections: dict, who: Actor) -> None:
    scope = policy(**sections).scope(who)
    seen = {(cluster, namespace) for _, cluster, namespace in (each for each in sees(scope) if len(each) == 3)}

    assert {(cluster, namespace) for _, cluster, namespace, _ in does(scope)} <= seen
    assert {(cluster, namespace) for _, cluster, namespace, _ in approves(scope, scope)} <= seen


def without_labels(sections: dict) -> dict:
    """Return the policy without the entries that require labels to grant something."""
    kept = {key: [each for each in sections[key] if "labels" not in each] for key in ("remediation", "acting")}
    return {**sections, **kept}


@given(sections=SECTIONS, who=WHOS)
def test_unread_labels_never_grant_a_press(sections: dict, who: Actor) -> None:
    scope, plain = policy(**sections).scope(who), policy(**without_labels(sections)).scope(who)
    for change in CHANGES:
        unread = scope.may(*change)
        known = [scope.may(*change, labels) for labels in LABELLED]
        # An object without labels gets what entries without labels grant, and so does every other object.
        assert known[0].allowed == plain.may(*change, {}).allowed
        # A certain grant does not depend on the labels.
        sure = unread.allowed and not unread.provisional
        assert sure == plain.may(*change).allowed
        assert all(each.allowed for each in known) or not sure
        assert not any(each.provisional for each in known)
        # It may be offered if some labels would allow it.
        assert unread.allowed or not any(each.allowed for each in known)
        assert scope.offers(*change) or not unread.allowed


@given(sections=SECTIONS, who=WHOS)
def test_labels_are_not_read_if_no_entry_uses_them(sections: dict, who: Actor) -> None:
    scope = policy(**sections).scope(who)
    for change in CHANGES:
        if not scope.goes_by_labels(*change):
            assert len({scope.may(*change, labels) for labels in (None, *LABELLED)}) == 1
            for asked in (scope.approval, scope.may_approve):
                for risk in RISKS:
                    assert len({asked(*change, labels, risk) for labels in (None, *LABELLED)}) == 1


@given(sections=SECTIONS, who=WHOS)
def test_acting_needs_an_entry_and_an_enabled_place(sections: dict, who: Actor) -> None:
    for rules in (Policy.default(), policy(**{**sections, "acting": []}), policy(**{**sections, "remediation": []})):
        scope = rules.scope(who)
        assert set(does(scope)) == set()
        assert not any(scope.offers(*change) for change in CHANGES)
