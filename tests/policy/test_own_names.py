"""Under which name people act where they act as themselves: never one of the cluster's own, never somebody else's."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.kube.impersonation import ActsAs
from bot.policy import Policy, Who
from bot.policy.model import Rules
from intents.domain import Language, Text

ADA = Who(channel="C1", user="U0ADA", email="Ada@Example.com", groups=frozenset({"S0SRE", "@sre", "@oncall"}))


def acts_as(who: Who, cluster: str = "prod", **entry: Any) -> ActsAs | Text | None:
    rules = Rules.model_validate({"impersonation": [{"clusters": ["prod"], **entry}]})
    return Policy(rules=rules).scope(who).acts_as(cluster)


def test_without_the_section_and_in_other_clusters_casebook_acts_as_itself() -> None:
    assert Policy.default().scope(ADA).acts_as("prod") is None
    assert acts_as(ADA, "staging") is None


def test_a_name_is_the_prefix_and_the_address_in_lower_case() -> None:
    assert acts_as(ADA) == ActsAs("ada@example.com")
    assert acts_as(ADA, prefix="oidc:", domains=["example.org", "example.com"]) == ActsAs("oidc:ada@example.com")


def test_groups_are_those_of_the_groups_in_slack_each_once() -> None:
    groups = {"S0SRE": ["sre", "users"], "@oncall": ["pagers"], "S0OTHER": ["others"], "*": ["users", "people"]}

    assert acts_as(ADA, groups=groups) == ActsAs("ada@example.com", ("sre", "users", "pagers", "people"))
    nobody = replace(ADA, groups=frozenset())
    assert acts_as(nobody, groups=groups) == ActsAs("ada@example.com", ("users", "people"))


@pytest.mark.parametrize(
    ("who", "says"),
    [
        (replace(ADA, guest=True), "which guests, bots and people of other organisations have none of"),
        (replace(ADA, foreign=True), "which guests, bots and people of other organisations have none of"),
        (replace(ADA, bot=True), "which guests, bots and people of other organisations have none of"),
        (replace(ADA, user=""), "which guests, bots and people of other organisations have none of"),
        (replace(ADA, email=""), "no e-mail address that you have confirmed"),
        (replace(ADA, email=""), "needs the scope users:read.email"),
        (replace(ADA, email="ada@example.org"), "in none of the domains that `impersonation` in the policy lists"),
        (replace(ADA, email="ada@eu.example.com"), "in none of the domains"),
        (replace(ADA, email="ada@notexample.com"), "in none of the domains"),
        (replace(ADA, email="ada@example.com@example.org"), "cannot be one in a cluster"),
        # The Kelvin sign becomes a k in lower case, and somebody else.
        (replace(ADA, email="fran\u212a@example.com"), "cannot be one in a cluster"),
        (replace(ADA, email="system:admin@example.com"), "cannot be one in a cluster"),
        (replace(ADA, email="ada@example.com\r\nImpersonate-Group: system:masters"), "cannot be one in a cluster"),
        (replace(ADA, email=" ada@example.com"), "cannot be one in a cluster"),
        (replace(ADA, email="ada@example.com\n"), "cannot be one in a cluster"),
    ],
)
def test_who_has_no_name_there_may_not_act_and_is_told_why(who: Who, says: str) -> None:
    told = acts_as(who, domains=["example.com"])

    assert isinstance(told, Text)
    assert says in told.en
    assert told.in_(Language.ZH) != told.en
    if who.email:
        assert who.email.strip() not in told.en


def test_the_first_entry_for_a_cluster_counts_alone() -> None:
    """Else whom it keeps out would come in by the next."""
    entries = [{"clusters": ["prod"], "domains": ["example.org"]}, {"clusters": ["*"], "prefix": "any:"}]
    scope = Policy(rules=Rules.model_validate({"impersonation": entries})).scope(ADA)

    assert isinstance(scope.acts_as("prod"), Text)
    assert scope.acts_as("staging") == ActsAs("any:ada@example.com")


ODD = st.text(alphabet=st.sampled_from("systemADA:@.,- \n\u212a*"), max_size=12)


@given(prefix=ODD | st.just("system:"), email=ODD | st.builds("{}@a.b".format, ODD), group=ODD)
def test_whatever_the_file_and_slack_say_nobody_becomes_one_of_the_clusters_own(
    prefix: str, email: str, group: str
) -> None:
    try:
        became = acts_as(replace(ADA, email=email), prefix=prefix, groups={"*": [group]})
    except ValidationError:
        return
    if isinstance(became, ActsAs):
        assert not became.wrong
        assert not any(name.startswith("system:") for name in (became.user, *became.groups))
