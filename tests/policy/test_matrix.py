"""The policy as a hand-written table: who, in which groups, where, doing what to what, and the decision.

Only `outcome` is expected, everything else is given. `labels` are those of the object: `-` has none, `?` is not read
yet.
"""

from dataclasses import replace
from typing import NamedTuple

import pytest
import yaml

from bot.policy import Actor, Policy, PolicyScope, ReadLevel
from bot.policy.model import Rules
from intents.domain import Language, Text

FILE = """
reading:
  - {channels: ["#team-shop"], clusters: [prod, staging], namespaces: [shop], cluster_scoped: false}
  - {groups: ["@oncall"], clusters: ["*"], namespaces: ["*"]}
  - {channels: [C0INCIDENTS], clusters: ["*"], namespaces: ["*"]}
remediation:
  - {clusters: [staging], namespaces: ["*"], cluster_scoped: true}
  - {clusters: [prod], namespaces: [shop], labels: {"example.com/buttons": "on"}}
  - {clusters: [prod], namespaces: [bank]}
acting:
  - {channels: ["#team-shop"], clusters: [staging], namespaces: [shop], actions: [restart-pod, delete-claim]}
  - {groups: [S0ONCALL], clusters: ["*"], namespaces: ["*"], actions: ["*"], cluster_scoped: true}
  - {users: [U0DBA], groups: ["@storage"], channels: [C0INCIDENTS], clusters: ["*"], namespaces: [bank],
     actions: [delete-claim, scale], labels: {tier: data}}
  - {users: [U0LEAD], clusters: ["*"], namespaces: ["*"], actions: [restart-pod], labels: {team: "checkout-*"}}
approval:
  - {clusters: [prod], namespaces: ["*"]}
  - {clusters: ["*"], namespaces: [bank], risks: [low, disruptive], actions: [scale], groups: ["@leads"]}
  - {clusters: [staging], namespaces: ["*"], labels: {tier: data}, users: [U0LEAD], channels: [C0INCIDENTS]}
"""
POLICY = Policy(rules=Rules.model_validate(yaml.safe_load(FILE)))

PLACES = {
    "#team-shop": Actor(channel="C0SHOP", channel_name="team-shop"),
    "#incidents": Actor(channel="C0INCIDENTS", channel_name="incidents"),
    "#general": Actor(channel="C0GENERAL", channel_name="general"),
    # Another organisation may name a shared channel as it likes.
    "#shared": Actor(channel="C0THEIRS", channel_name="team-shop", external=True),
    "direct": Actor(channel="D1", direct=True),
}
SCOPE_MISSING = Text(en="my app lacks the scope usergroups:read", zh="缺少权限范围 usergroups:read")

# Name of an outcome in the table → text for the person.
SAYS = {
    "other labels": "the object lacks the labels that the policy requires",
    "not granted": "the policy does not allow you to run",
    "switched off": "actions are disabled for",
    "not shown": "may not be shown here",
    "nothing here": "the policy does not allow",
    "guest": "guests cannot press buttons that change a cluster",
    "shared": "in channels shared with another organisation",
    "groups unread": "no group entry applies: my app lacks the scope usergroups:read",
    "names others": "names other approvers",
}

ACTING = """
user   groups           place      action       target        labels             risk       outcome

# Nobody is let by knowing the channel, unless an entry is for it.
U0ANY  -                #team-shop restart-pod  staging/shop  -                  low        acting[0]
U0ANY  -                #team-shop delete-claim staging/shop  -                  data-loss  acting[0]
U0ANY  -                #team-shop delete-claim staging/shop  tier=data          data-loss  acting[0] approval[2]
U0ANY  -                #team-shop delete-claim staging/shop  ?                  data-loss  acting[0] approval[2]
U0ANY  -                #team-shop scale        staging/shop  -                  low        no: not granted
U0ANY  -                #team-shop restart-pod  prod/shop     -                  low        no: other labels
U0ANY  -                #team-shop restart-pod  prod/shop     example.com/buttons=on  low   no: not granted
U0ANY  -                #team-shop restart-pod  staging/bank  -                  low        no: not shown
U0ANY  -                #team-shop cordon       staging       -                  low        no: not shown
U0ANY  -                #shared    restart-pod  staging/shop  -                  low        no: shared
U0ANY  -                #general   restart-pod  staging/shop  -                  low        no: nothing here
U0ANY  -                direct     restart-pod  staging/shop  -                  low        no: nothing here
U0ANY  -                #incidents restart-pod  staging/shop  -                  low        no: not granted
guest  S0ONCALL,@oncall #team-shop restart-pod  staging/shop  -                  low        no: guest

# A user group counts as its members do, by id and by handle, and only who is in it.
U0ADA  S0ONCALL,@oncall #incidents scale        staging/shop  -                  disruptive acting[1]
U0ADA  S0ONCALL,@oncall direct     scale        staging/shop  -                  disruptive acting[1]
U0ADA  S0ONCALL,@oncall direct     drain        staging       -                  disruptive acting[1]
U0ADA  S0ONCALL,@oncall direct     drain        prod          -                  disruptive no: switched off
U0ADA  S0ONCALL,@oncall #general   scale        staging/shop  -                  low        no: nothing here
U0ADA  S0ONCALL,@oncall #team-shop restart-pod  staging/shop  -                  low        acting[0]
U0ADA  S0ONCALL,@oncall direct     restart-pod  other/shop    -                  low        no: switched off
U0ADA  S0OTHER,@other   #incidents scale        staging/shop  -                  low        no: not granted
U0ADA  S0OTHER,@other   direct     scale        staging/shop  -                  low        no: nothing here
U0ADA  unread           #incidents scale        staging/shop  -                  low        no: groups unread
U0ADA  unread           direct     scale        staging/shop  -                  low        no: groups unread
U0ADA  unread           #team-shop restart-pod  staging/shop  -                  low        acting[0]
U0ADA  unread           #team-shop restart-pod  staging/bank  -                  low        no: groups unread
U0ADA  unread           #team-shop restart-pod  prod/shop     -                  low        no: other labels

# Losing data in prod takes two people; other risks do not.
U0ADA  S0ONCALL,@oncall direct     delete-claim prod/bank     -                  data-loss  acting[1] approval[0]
U0ADA  S0ONCALL,@oncall direct     delete-claim prod/bank     -                  low        acting[1]
U0ADA  S0ONCALL,@oncall direct     delete-claim prod/bank     -                  unheard-of acting[1] approval[0]
U0ADA  S0ONCALL,@oncall direct     scale        prod/bank     -                  low        acting[1] approval[1]
U0ADA  S0ONCALL,@oncall direct     scale        prod/bank     -                  data-loss  acting[1] approval[0]
U0ADA  S0ONCALL,@oncall direct     scale        staging/bank  -                  disruptive acting[1] approval[1]
U0ADA  S0ONCALL,@oncall direct     delete-apiservice staging  -                  data-loss  acting[1]
U0ADA  S0ONCALL,@oncall direct     delete-apiservice staging  tier=data          data-loss  acting[1] approval[2]

# Users or groups: one of the two is enough, the channel and the labels are needed besides.
U0DBA  -                #incidents scale        prod/bank     tier=data          low        acting[2] approval[1]
U0EVE  S0X,@storage     #incidents scale        prod/bank     tier=data          low        acting[2] approval[1]
U0DBA  -                #incidents restart-pod  prod/bank     tier=data          low        no: not granted
U0DBA  -                #incidents scale        prod/bank     tier=web           low        no: other labels
U0DBA  -                #incidents scale        prod/bank     tier=data2         low        no: other labels
U0DBA  -                #incidents scale        prod/bank     TIER=data          low        no: other labels
U0DBA  -                #incidents scale        prod/bank     -                  low        no: other labels
U0DBA  -                #incidents scale        prod/bank     ?                  low        acting[2]? approval[1]
U0DBA  -                direct     scale        prod/bank     tier=data          low        no: nothing here
U0DBA  @storage,@oncall direct     scale        prod/bank     tier=data          low        no: not granted
U0DBA  -                #incidents scale        prod/shop     tier=data          low        no: other labels
U0DBA  -                #incidents delete-claim staging/bank  tier=data          data-loss  acting[2] approval[2]
U0EVE  unread           #incidents scale        prod/bank     tier=data          low        no: groups unread

# Labels by pattern; where both the area and the entry ask for labels, all of them are needed.
U0LEAD -                #incidents restart-pod  prod/bank     team=checkout-web  low        acting[3]
U0LEAD -                #incidents restart-pod  prod/bank     team=checkout      low        no: other labels
U0LEAD -                #incidents restart-pod  prod/bank     ?                  low        acting[3]?
U0LEAD -                #incidents restart-pod  prod/shop     team=checkout-web  low        no: other labels
U0LEAD -                #incidents restart-pod  prod/shop     example.com/buttons=on  low   no: other labels
U0LEAD -                #incidents restart-pod  prod/shop     team=checkout-web,example.com/buttons=on  low  acting[3]
U0LEAD -                #incidents restart-pod  prod/shop     team=checkout-web,example.com/buttons=off low  no: other labels
U0LEAD -                #incidents restart-pod  prod/shop     ?                  low        acting[3]?
U0LEAD S0ONCALL         #incidents restart-pod  prod/bank     ?                  low        acting[1]
U0LEAD S0ONCALL         #incidents restart-pod  prod/shop     ?                  low        acting[1]?
U0LEAD -                #incidents cordon       staging       team=checkout-web  low        no: not granted
"""  # noqa: E501 - a table reads by its columns

APPROVING = """
user   groups           place      action       target        labels             risk       outcome

# Without names, anyone who may run the action may approve it.
U0BEA  S0ONCALL,@oncall direct     delete-claim prod/bank     -                  data-loss  approval[0]
U0DBA  -                #incidents delete-claim prod/bank     tier=data          data-loss  approval[0]
U0DBA  -                #incidents delete-claim prod/bank     -                  data-loss  no: other labels
U0DBA  -                #incidents delete-claim prod/bank     ?                  data-loss  approval[0]?
U0ANY  -                #incidents delete-claim prod/bank     -                  data-loss  no: not granted
U0ANY  unread           #incidents delete-claim prod/bank     -                  data-loss  no: groups unread
guest  S0ONCALL         #incidents delete-claim prod/bank     -                  data-loss  no: guest

# One that names some takes these and no others, though they could not begin it themselves.
U0MAX  @leads           #incidents scale        prod/bank     -                  low        approval[1]
U0BEA  S0ONCALL,@oncall #incidents scale        prod/bank     -                  low        no: names others
U0BEA  unread           #incidents scale        prod/bank     -                  low        no: groups unread
U0MAX  @leads           direct     scale        prod/bank     -                  low        no: nothing here
U0MAX  @leads           #team-shop scale        prod/bank     -                  low        no: not shown
U0MAX  @leads           #incidents scale        other/bank    -                  low        no: switched off
U0LEAD -                #incidents delete-claim staging/shop  tier=data          data-loss  approval[2]
U0LEAD -                #team-shop delete-claim staging/shop  tier=data          data-loss  no: names others
U0MAX  -                #incidents delete-claim staging/shop  tier=data          data-loss  no: names others

# Without a rule for a second person, the requester alone suffices.
U0ANY  -                #team-shop delete-claim staging/shop  tier=web           data-loss  acting[0]
U0LEAD -                #incidents delete-claim staging/shop  tier=web           data-loss  no: not granted
"""


class Row(NamedTuple):
    user: str
    groups: str
    place: str
    action: str
    target: str
    labels: str
    risk: str
    outcome: str


def rows(table: str) -> list[Row]:
    lines = [line for line in table.splitlines() if line.strip() and not line.startswith(("#", "user "))]
    return [Row(*line.split(maxsplit=len(Row._fields) - 1)) for line in lines]


def scope_of(row: Row) -> PolicyScope:
    unread = row.groups == "unread"
    who = replace(
        PLACES[row.place],
        user=row.user,
        guest=row.user == "guest",
        groups=frozenset() if row.groups in ("-", "unread") else frozenset(row.groups.split(",")),
        groups_unread=SCOPE_MISSING if unread else None,
    )
    return POLICY.scope(who)


def labels_of(row: Row) -> dict[str, str] | None:
    if row.labels == "?":
        return None
    return {} if row.labels == "-" else dict(each.split("=") for each in row.labels.split(","))


def check_refusal(says: Text, outcome: str) -> None:
    assert SAYS[outcome.removeprefix("no: ")] in says.en
    assert says.in_(Language.ZH) != says.en


@pytest.mark.parametrize("row", rows(ACTING), ids=" ".join)
def test_the_decision_about_a_press(row: Row) -> None:
    scope, labels = scope_of(row), labels_of(row)
    cluster, _, namespace = row.target.partition("/")
    decision = scope.may(row.action, cluster, namespace, labels)
    asks = scope.approval(row.action, cluster, namespace, labels, row.risk)

    assert decision.allowed == (not row.outcome.startswith("no: "))
    if decision.allowed:
        told = decision.rule + ("?" if decision.provisional else "")
        assert f"{told} {asks}".strip() == row.outcome
        assert decision.rule in decision.says.en
        assert scope.offers(row.action, cluster, namespace, labels)
    else:
        check_refusal(decision.says, row.outcome)


@pytest.mark.parametrize("row", rows(APPROVING), ids=" ".join)
def test_who_may_approve(row: Row) -> None:
    cluster, _, namespace = row.target.partition("/")
    decision = scope_of(row).may_approve(row.action, cluster, namespace, labels_of(row), row.risk)

    assert decision.allowed == (not row.outcome.startswith("no: "))
    if decision.allowed:
        assert decision.rule + ("?" if decision.provisional else "") == row.outcome
    else:
        check_refusal(decision.says, row.outcome)


def test_every_entry_of_the_policy_is_in_the_table() -> None:
    """Otherwise an entry could mean anything and no row would fail."""
    outcomes = " ".join(row.outcome for row in rows(ACTING))
    for section in ("acting", "approval"):
        for number in range(len(getattr(POLICY.rules, section))):
            assert f"{section}[{number}]" in outcomes
    assert {row.outcome.removeprefix("no: ") for row in rows(ACTING + APPROVING) if row.outcome[:3] == "no:"} == {*SAYS}


def test_an_entry_for_a_group_opens_no_channel() -> None:
    """Everybody in a channel sees an answer, so an entry for a group alone opens direct messages only, like one for
    users.
    """
    on_call = replace(PLACES["#general"], user="U0ADA", groups=frozenset({"@oncall"}))

    assert POLICY.scope(on_call).reading is ReadLevel.TEXT_ONLY
    assert POLICY.scope(replace(on_call, direct=True)).reading is ReadLevel.FULL


def test_labels_are_read_only_if_an_entry_uses_them() -> None:
    everyone = POLICY.scope(replace(PLACES["#incidents"], user="U0ADA", groups=frozenset({"S0ONCALL"})))
    lead = POLICY.scope(replace(PLACES["#incidents"], user="U0LEAD"))

    assert everyone.goes_by_labels("restart-pod", "prod", "shop")
    assert not everyone.goes_by_labels("restart-pod", "prod", "bank")
    assert lead.goes_by_labels("restart-pod", "prod", "bank")
    assert not lead.goes_by_labels("scale", "prod", "bank")
    assert lead.goes_by_labels("scale", "staging", "bank")
