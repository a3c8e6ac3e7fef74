"""Test the default policy, and the example file against its own comments."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.kube.access import Access, ActsAs
from bot.policy import Actor, Limit, Policy, PolicyScope, ReadLevel, load_policy
from bot.policy.model import Rules
from bot.policy.reasons import for_press
from bot.remedies.actions import action_names
from intents.domain import Language

EXAMPLE = load_policy(Path(__file__).parents[2] / "deploy/examples/policy.yaml", actions=action_names())

DIRECT = Actor(team="T1", channel="D1", user="U1", direct=True)
CHANNEL = Actor(team="T1", channel="C1", channel_name="general", user="U1")
SHOP = replace(CHANNEL, channel="C0SHOP", channel_name="team-shop")
BANK = replace(CHANNEL, channel="C0BANK", channel_name="team-bank")
INCIDENTS = replace(CHANNEL, channel="C0INCIDENTS", channel_name="incidents")
DBA = replace(INCIDENTS, user="U0DBA", groups=frozenset({"S0DBA", "@dba"}))
SRE = replace(INCIDENTS, user="U0SRE", groups=frozenset({"S0SRE", "@sre"}), email="Sre@Example.com")


def policy(**sections: Any) -> Policy:
    return Policy(rules=Rules.model_validate(sections))


def on_call(who: Actor, number: int = 1) -> Actor:
    return replace(who, user=f"U0ONCALL{number}")


def seen(scope: PolicyScope, cluster: str) -> str:
    """Describe what may be seen of a cluster."""
    access = scope.access(cluster)
    assert scope.sees_cluster(cluster) == bool(access.namespaces)
    return " ".join([*sorted(access.namespaces), *(["+cluster"] if access.cluster_scoped else [])])


# --- without a file ---


@pytest.mark.parametrize("who", [CHANNEL, DIRECT, replace(CHANNEL, channel_name="")])
def test_without_a_file_everyone_reads_everything_and_nobody_acts(who: Actor) -> None:
    scope = Policy.default().scope(who)

    assert scope.reading is ReadLevel.FULL
    assert scope.text_only_reason is None
    assert scope.access("prod") == Access()
    assert scope.clusters(["b", "a"]) == ("b", "a")
    decision = scope.may("restart-pod", "prod", "shop")
    assert not decision.allowed
    assert decision.says.en == (
        "actions are disabled for namespace shop of prod; the section “remediation” of the policy enables them"
    )


@pytest.mark.parametrize("kept_out", [{"guest": True}, {"external": True}, {"guest": True, "external": True}])
@pytest.mark.parametrize("who", [CHANNEL, DIRECT])
@pytest.mark.parametrize("rules", [Policy.default(), Policy.playground()], ids=["default", "playground"])
def test_guests_and_shared_channels_get_text_only_answers(rules: Policy, who: Actor, kept_out: dict) -> None:
    scope = rules.scope(replace(who, **kept_out))

    assert scope.reading is ReadLevel.TEXT_ONLY
    assert scope.text_only_reason
    assert seen(scope, "prod") == ""
    assert scope.clusters(["prod"]) == ()
    decision = scope.may("restart-pod", "prod", "shop")
    assert not decision.allowed
    assert decision.says == for_press(scope.text_only_reason) != scope.text_only_reason


def test_in_the_playground_everything_is_allowed() -> None:
    scope = Policy.playground().scope(CHANNEL)

    for namespace in ("shop", ""):
        decision = scope.may("restart-pod", "playground", namespace)
        assert decision.allowed
        assert decision.rule == "acting[0]"


# --- the example file, as its comments say ---


@pytest.mark.parametrize(
    ("who", "prod", "staging", "playground"),
    [
        (SHOP, "shop shop-* +cluster", "shop shop-* +cluster", "* +cluster"),
        (BANK, "bank", "", "* +cluster"),
        # An entry for users alone shows nothing in a channel.
        (on_call(BANK), "bank", "", "* +cluster"),
        (on_call(CHANNEL), "", "", "* +cluster"),
        (on_call(DIRECT, 2), "* +cluster", "* +cluster", "* +cluster"),
        (DIRECT, "", "", "* +cluster"),
        (on_call(INCIDENTS), "* +cluster", "* +cluster", "* +cluster"),
        (INCIDENTS, "", "", "* +cluster"),
        (DBA, "* +cluster", "* +cluster", "* +cluster"),
        (SRE, "* +cluster", "* +cluster", "* +cluster"),
        (replace(INCIDENTS, user="U0BOSS"), "* +cluster", "* +cluster", "* +cluster"),
        (replace(DBA, channel="C1", channel_name="general"), "", "", "* +cluster"),
        # A channel name does not count where another organisation may have chosen it, or where it is unknown.
        (replace(SHOP, external=True), "", "", ""),
        (replace(SHOP, channel_name=""), "", "", "* +cluster"),
        (replace(SHOP, guest=True), "", "", ""),
    ],
)
def test_the_example_shows_what_its_comments_say(who: Actor, prod: str, staging: str, playground: str) -> None:
    scope = EXAMPLE.scope(who)

    assert [seen(scope, name) for name in ("prod", "staging", "playground")] == [prod, staging, playground]


@pytest.mark.parametrize(
    ("who", "action", "cluster", "namespace", "rule"),
    [
        (on_call(DIRECT), "restart-pod", "staging", "bank", "acting[0]"),
        (on_call(DIRECT), "rollout-restart", "prod", "shop-eu", "acting[0]"),
        (on_call(SHOP), "restart-pod", "prod", "shop-eu", "acting[0]"),
        (SHOP, "restart-pod", "staging", "shop", "acting[1]"),
        (on_call(INCIDENTS), "drain", "staging", "", "acting[2]"),
        (on_call(INCIDENTS), "delete-claim", "staging", "bank", "acting[2]"),
    ],
)
def test_the_example_allows_actions_as_its_comments_say(
    who: Actor, action: str, cluster: str, namespace: str, rule: str
) -> None:
    decision = EXAMPLE.scope(who).may(action, cluster, namespace)

    assert decision.allowed
    assert decision.rule == rule


@pytest.mark.parametrize(
    ("who", "action", "cluster", "namespace", "says"),
    [
        (on_call(DIRECT), "restart-pod", "prod", "ledger", "actions are disabled for namespace ledger of prod"),
        (on_call(DIRECT), "restart-pod", "prod", "", "actions are disabled for cluster-scoped objects of prod"),
        (on_call(DIRECT), "drain", "staging", "", "does not allow you to run this action"),
        (on_call(DIRECT), "scale", "staging", "shop", "does not allow you to run this action"),
        (on_call(DIRECT, 2), "restart-pod", "staging", "shop", "does not allow you to run this action"),
        (SHOP, "restart-pod", "staging", "shop-eu", "does not allow you to run this action"),
        (SHOP, "restart-pod", "staging", "bank", "namespace bank of staging may not be shown here"),
        (on_call(CHANNEL), "restart-pod", "staging", "shop", "namespace shop of staging may not be shown here"),
        (BANK, "drain", "prod", "", "cluster-scoped objects of prod may not be shown here"),
        (on_call(INCIDENTS), "drain", "prod", "", "actions are disabled"),
        (
            replace(on_call(SHOP), guest=True),
            "restart-pod",
            "staging",
            "shop",
            "guests cannot press buttons that change a cluster",
        ),
        (on_call(SHOP), "restart-pod", "nowhere", "shop", "namespace shop of nowhere may not be shown here"),
    ],
)
def test_the_example_refuses_all_other_actions_with_a_reason(
    who: Actor, action: str, cluster: str, namespace: str, says: str
) -> None:
    decision = EXAMPLE.scope(who).may(action, cluster, namespace)

    assert not decision.allowed
    assert says in decision.says.en
    assert decision.says.in_(Language.ZH) != decision.says.en


@pytest.mark.parametrize(
    ("who", "action", "labels", "outcome"),
    [
        (DBA, "restart-pod", {"example.com/buttons": "on", "tier": "database"}, "acting[3] approval[1]"),
        (DBA, "delete-claim", {"example.com/buttons": "on", "tier": "data"}, "acting[3] approval[0]"),
        (DBA, "restart-pod", {"tier": "data"}, "example.com/buttons=on (remediation[2])"),
        (DBA, "restart-pod", {"example.com/buttons": "on"}, "tier=data* (acting[3])"),
        (on_call(INCIDENTS), "rollout-restart", {"example.com/buttons": "on"}, "acting[0]"),
    ],
)
def test_the_example_uses_labels_and_approvers_as_its_comments_say(
    who: Actor, action: str, labels: dict, outcome: str
) -> None:
    scope, risk = EXAMPLE.scope(who), "data-loss" if action == "delete-claim" else "disruptive"
    decision = scope.may(action, "prod", "bank", labels)

    if decision.allowed:
        assert f"{decision.rule} {scope.approval(action, 'prod', 'bank', labels, risk)}".strip() == outcome
    else:
        assert outcome in decision.says.en


def test_the_approver_must_satisfy_all_matching_entries_of_the_example() -> None:
    labels = {"example.com/buttons": "on", "tier": "data"}
    both = replace(DBA, groups=DBA.groups | SRE.groups)

    may = {
        name: EXAMPLE.scope(who).may_approve("delete-claim", "prod", "bank", labels, "data-loss").allowed
        for name, who in {"dba": DBA, "sre": SRE, "both": both}.items()
    }
    assert may == {"dba": False, "sre": False, "both": True}
    assert EXAMPLE.scope(SRE).may_approve("restart-pod", "prod", "bank", labels, "disruptive").allowed


def test_in_the_example_people_act_under_their_own_name_in_prod() -> None:
    assert EXAMPLE.scope(SRE).acts_as("prod") == ActsAs("oidc:sre@example.com", ("oidc:sre", "oidc:staff"))
    assert EXAMPLE.scope(SRE).acts_as("staging") is None


def test_the_limits_of_the_example_are_the_default_limits() -> None:
    limits = EXAMPLE.scope(SRE).limits

    assert limits == Policy.default().scope(CHANNEL).limits
    assert (limits.target, limits.user) == (Limit(writes=3, minutes=15), Limit(writes=20, minutes=15))


def test_slack_is_asked_only_for_what_the_policy_uses() -> None:
    asks = {
        "default": Policy.default(),
        "playground": Policy.playground(),
        "everybody": policy(impersonation=[{"clusters": ["*"], "groups": {"*": ["staff"]}}]),
        "mapped": policy(impersonation=[{"clusters": ["*"], "groups": {"S1": ["staff"]}}]),
        "reading": policy(reading=[{**ALL, "groups": ["S1"]}]),
        "acting": policy(acting=[{**ALL, "groups": ["S1"], "actions": ["*"]}]),
        "approval": policy(approval=[{**ALL, "groups": ["S1"]}]),
    }
    assert [name for name, each in asks.items() if each.asks_groups] == ["mapped", "reading", "acting", "approval"]
    assert [name for name, each in asks.items() if each.asks_address] == ["everybody", "mapped"]


def test_clusters_that_do_not_exist_are_reported() -> None:
    assert EXAMPLE.unmatched(["prod", "staging", "playground"]) == ()
    assert EXAMPLE.unmatched(["prod"]) == (
        "no cluster is called 'staging': reading[0], remediation[0], acting[1], acting[2]",
        "no cluster is called 'playground': reading[6]",
    )
    (told,) = EXAMPLE.unmatched(["staging", "playground"])
    assert told.startswith("no cluster is called 'prod': reading[0], reading[1], reading[2], remediation[1]")
    assert told.endswith("approval[0], approval[1], impersonation[0]")


# --- the parts of a file ---

ALL: dict[str, Any] = {"clusters": ["*"], "namespaces": ["*"]}


@pytest.mark.parametrize(
    ("sections", "who", "reading"),
    [
        ({}, CHANNEL, ReadLevel.FULL),
        ({"reading": []}, CHANNEL, ReadLevel.TEXT_ONLY),
        ({"reading": [], "others": "nothing"}, CHANNEL, ReadLevel.NOTHING),
        ({"reading": [], "others": "nothing"}, DIRECT, ReadLevel.NOTHING),
        ({"guests": "nothing"}, replace(CHANNEL, guest=True), ReadLevel.NOTHING),
        ({"guests": "as-others"}, replace(CHANNEL, guest=True), ReadLevel.FULL),
        ({"guests": "as-others"}, replace(CHANNEL, external=True), ReadLevel.TEXT_ONLY),
        ({"external": "as-others"}, replace(CHANNEL, external=True), ReadLevel.FULL),
        # The strictest limit applies to a guest in a shared channel and to a person whom no entry names.
        (
            {"guests": "as-others", "external": "nothing"},
            replace(CHANNEL, guest=True, external=True),
            ReadLevel.NOTHING,
        ),
        ({"reading": [], "others": "nothing"}, replace(CHANNEL, guest=True), ReadLevel.NOTHING),
        ({"reading": [], "guests": "as-others"}, replace(CHANNEL, guest=True), ReadLevel.TEXT_ONLY),
        # Which channels and users an entry is for.
        ({"reading": [{**ALL, "channels": ["*"]}]}, CHANNEL, ReadLevel.FULL),
        ({"reading": [{**ALL, "channels": ["*"]}]}, DIRECT, ReadLevel.TEXT_ONLY),
        ({"reading": [{**ALL, "users": ["*"]}]}, DIRECT, ReadLevel.FULL),
        ({"reading": [{**ALL, "users": ["*"]}]}, CHANNEL, ReadLevel.TEXT_ONLY),
        ({"reading": [{**ALL, "users": ["U2"]}]}, DIRECT, ReadLevel.TEXT_ONLY),
        ({"reading": [{**ALL, "channels": ["C1"], "users": ["U1"]}]}, CHANNEL, ReadLevel.FULL),
        ({"reading": [{**ALL, "channels": ["C1"], "users": ["U2"]}]}, CHANNEL, ReadLevel.TEXT_ONLY),
        ({"reading": [{**ALL, "channels": ["C1"], "users": ["U1"]}]}, DIRECT, ReadLevel.TEXT_ONLY),
        ({"reading": [{**ALL, "channels": ["#gen*"]}]}, CHANNEL, ReadLevel.FULL),
        ({"reading": [{**ALL, "channels": ["#gen"]}]}, CHANNEL, ReadLevel.TEXT_ONLY),
        ({"reading": [{**ALL, "channels": ["#general"]}]}, replace(CHANNEL, channel_name="#general"), ReadLevel.FULL),
    ],
)
def test_the_reading_scope_by_person_and_place(sections: dict, who: Actor, reading: ReadLevel) -> None:
    scope = policy(**sections).scope(who)

    assert scope.reading is reading
    assert (scope.text_only_reason is None) == (reading is ReadLevel.FULL)
    assert scope.sees_cluster("prod") == (reading is ReadLevel.FULL)


@pytest.mark.parametrize(
    ("wanted", "labels", "met"),
    [
        ({"team": "a"}, {"team": "a", "tier": "web"}, True),
        ({"team": "a"}, {"team": "A"}, False),
        ({"team": "a"}, {"tier": "a"}, False),
        ({"team": "a*"}, {"team": "ab"}, True),
        ({"team": "a"}, {"team": "ab"}, False),
        # A pattern for anything still requires the label; an empty value counts.
        ({"team": "*"}, {"team": ""}, True),
        ({"team": ""}, {"team": ""}, True),
        ({"team": "*"}, {}, False),
        ({"team": ""}, {}, False),
        ({"team": "a", "tier": "web"}, {"team": "a", "tier": "web"}, True),
        ({"team": "a", "tier": "web"}, {"team": "a"}, False),
        ({"team": "a", "tier": "web"}, {"tier": "web", "team": "b"}, False),
    ],
)
@pytest.mark.parametrize("section", ["remediation", "acting", "approval"])
def test_an_entry_applies_to_objects_with_all_its_labels(section: str, wanted: dict, labels: dict, met: bool) -> None:
    entries = {"remediation": [ALL], "acting": [{**ALL, "users": ["*"], "actions": ["*"]}], "approval": [ALL]}
    entries[section] = [{**entries[section][0], "labels": wanted}]
    scope = policy(**entries).scope(CHANNEL)

    if section == "approval":
        assert bool(scope.approval("delete-claim", "prod", "shop", labels, "data-loss")) == met
    else:
        assert scope.may("scale", "prod", "shop", labels).allowed == met


def test_an_entry_without_labels_makes_a_provisional_decision_certain() -> None:
    anyone = {**ALL, "users": ["*"], "actions": ["*"]}
    scope = policy(remediation=[ALL], acting=[{**anyone, "labels": {"team": "a"}}, anyone]).scope(CHANNEL)

    decision = scope.may("scale", "prod", "shop")
    assert (decision.rule, decision.provisional) == ("acting[1]", False)
    assert scope.may("scale", "prod", "shop", {"team": "a"}).rule == "acting[0]"


@pytest.mark.parametrize("who", [CHANNEL, replace(CHANNEL, guest=True)])
def test_limits_in_the_file_replace_only_their_defaults(who: Actor) -> None:
    limits = policy(limits={"target": {"writes": 1, "minutes": 60}}).scope(who).limits

    assert (limits.target, limits.user) == (Limit(writes=1, minutes=60), Limit(writes=20, minutes=15))


def test_a_shared_channel_is_identified_only_by_its_id() -> None:
    shared = replace(SHOP, external=True)
    by_name = policy(external="as-others", reading=[{**ALL, "channels": ["#team-shop"]}])
    by_id = policy(external="as-others", reading=[{**ALL, "channels": ["C0SHOP"]}])

    assert by_name.scope(shared).reading is ReadLevel.TEXT_ONLY
    assert by_id.scope(shared).reading is ReadLevel.FULL


def test_grants_of_several_entries_add_up_per_cluster() -> None:
    scope = policy(
        reading=[
            {"clusters": ["prod"], "namespaces": ["shop"], "cluster_scoped": False},
            {"clusters": ["prod*"], "namespaces": ["bank-*"], "channels": ["C1"]},
        ]
    ).scope(CHANNEL)

    assert seen(scope, "prod") == "bank-* shop +cluster"
    assert seen(scope, "prod-eu") == "bank-* +cluster"
    assert seen(scope, "staging") == ""


def test_people_who_may_read_the_same_are_one_audience():
    reading = [
        {"channels": ["C0SHOP"], "clusters": ["prod"], "namespaces": ["shop"]},
        {"channels": ["C0SHOP"], "users": ["U0SRE"], "clusters": ["prod"], "namespaces": ["*", "bank"]},
        {"channels": ["C0BANK"], "clusters": ["prod"], "namespaces": ["*"]},
        {"channels": ["C0BANK"], "users": ["U0SRE"], "clusters": ["stage"], "namespaces": ["*"]},
    ]
    names = ("prod", "stage")
    audiences = {
        (who.channel, who.user): policy(reading=reading).scope(who).audience(names)
        for place in (SHOP, BANK, CHANNEL)
        for who in (place, replace(place, user="U2"), replace(place, user="U0SRE"))
    }
    assert audiences["C0SHOP", "U1"] == audiences["C0SHOP", "U2"]
    assert audiences["C0SHOP", "U0SRE"] == audiences["C0BANK", "U1"]
    assert len(set(audiences.values())) == 4
    assert {audiences["C1", user] for user in ("U1", "U2", "U0SRE")} == {"text"}


def test_curators_are_named_people_of_this_workspace() -> None:
    policy = Policy(rules=Rules.model_validate({"curators": ["U1"]}))
    everybody = Policy(rules=Rules.model_validate({"curators": ["*"]}))

    assert policy.scope(Actor(channel="C1", user="U1")).curates
    assert not policy.scope(Actor(channel="C1", user="U2")).curates
    assert not Policy.default().scope(Actor(channel="C1", user="U1")).curates
    assert everybody.scope(Actor(channel="C1", user="U2")).curates
    for nobody in (Actor(user="U1", guest=True), Actor(user="U1", external=True), Actor(user="U1", bot=True)):
        assert not everybody.scope(nobody).curates


def test_a_grant_without_metrics_keeps_prometheus_from_being_asked_and_makes_another_audience() -> None:
    everywhere = {"clusters": ["prod"], "namespaces": ["*"]}
    off = policy(reading=[{**everywhere, "metrics": False}]).scope(SHOP)
    on = policy(reading=[{**everywhere, "metrics": False}, everywhere]).scope(SHOP)

    assert [scope.access("prod").metrics for scope in (off, on)] == [False, True]
    assert off.audience(["prod"]) != on.audience(["prod"])
