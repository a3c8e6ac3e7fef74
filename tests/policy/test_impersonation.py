"""The user name of a person who acts under their own name is never a reserved one and never another person's."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.kube.access import ActsAs
from bot.policy import Actor, Policy
from bot.policy.model import Rules
from intents.domain import Language, Text

ADA = Actor(channel="C1", user="U0ADA", email="Ada@Example.com", groups=frozenset({"S0SRE", "@sre", "@oncall"}))


def acts_as(who: Actor, cluster: str = "prod", **entry: Any) -> ActsAs | Text | None:
    rules = Rules.model_validate({"impersonation": [{"clusters": ["prod"], **entry}]})
    return Policy(rules=rules).scope(who).acts_as(cluster)


def test_without_the_section_and_in_other_clusters_casebook_acts_as_itself() -> None:
    assert Policy.default().scope(ADA).acts_as("prod") is None
    assert acts_as(ADA, "staging") is None


def test_a_name_is_the_prefix_and_the_address_in_lower_case() -> None:
    assert acts_as(ADA) == ActsAs("ada@example.com")
    assert acts_as(ADA, prefix="oidc:", domains=["example.org", "example.com"]) == ActsAs("oidc:ada@example.com")


def test_groups_follow_the_slack_groups_without_duplicates() -> None:
    groups = {"S0SRE": ["sre", "users"], "@oncall": ["pagers"], "S0OTHER": ["others"], "*": ["users", "people"]}

    assert acts_as(ADA, groups=groups) == ActsAs("ada@example.com", ("sre", "users", "pagers", "people"))
    nobody = replace(ADA, groups=frozenset())
    assert acts_as(nobody, groups=groups) == ActsAs("ada@example.com", ("users", "people"))


@pytest.mark.parametrize(
    ("who", "says"),
    [
        (replace(ADA, guest=True), "guests, bots and members of other organisations have no name"),
        (replace(ADA, foreign=True), "guests, bots and members of other organisations have no name"),
        (replace(ADA, bot=True), "guests, bots and members of other organisations have no name"),
        (replace(ADA, user=""), "guests, bots and members of other organisations have no name"),
        (replace(ADA, email=""), "no confirmed e-mail address"),
        (replace(ADA, email=""), "needs the scope users:read.email"),
        (replace(ADA, email="ada@example.org"), "not listed in the section “impersonation” of the policy"),
        (replace(ADA, email="ada@eu.example.com"), "is not listed in the section “impersonation”"),
        (replace(ADA, email="ada@notexample.com"), "is not listed in the section “impersonation”"),
        (replace(ADA, email="ada@example.com@example.org"), "cannot be a user name there"),
        # The Kelvin sign becomes a k in lower case, which is another person's address.
        (replace(ADA, email="fran\u212a@example.com"), "cannot be a user name there"),
        (replace(ADA, email="system:admin@example.com"), "cannot be a user name there"),
        (replace(ADA, email="ada@example.com\r\nImpersonate-Group: system:masters"), "cannot be a user name there"),
        (replace(ADA, email=" ada@example.com"), "cannot be a user name there"),
        (replace(ADA, email="ada@example.com\n"), "cannot be a user name there"),
    ],
)
def test_a_person_without_a_name_in_the_cluster_is_refused_with_a_reason(who: Actor, says: str) -> None:
    told = acts_as(who, domains=["example.com"])

    assert isinstance(told, Text)
    assert says in told.en
    assert told.in_(Language.ZH) != told.en
    if who.email:
        assert who.email.strip() not in told.en


def test_only_the_first_entry_for_a_cluster_counts() -> None:
    """Otherwise people excluded by the first entry would be admitted by the next."""
    entries = [{"clusters": ["prod"], "domains": ["example.org"]}, {"clusters": ["*"], "prefix": "any:"}]
    scope = Policy(rules=Rules.model_validate({"impersonation": entries})).scope(ADA)

    assert isinstance(scope.acts_as("prod"), Text)
    assert scope.acts_as("staging") == ActsAs("any:ada@example.com")


ODD = st.text(alphabet=st.sampled_from("systemADA:@.,- \n\u212a*"), max_size=12)


@given(prefix=ODD | st.just("system:"), email=ODD | st.builds("{}@a.b".format, ODD), group=ODD)
def test_no_configuration_gives_anyone_a_reserved_name(prefix: str, email: str, group: str) -> None:
    try:
        became = acts_as(replace(ADA, email=email), prefix=prefix, groups={"*": [group]})
    except ValidationError:
        return
    if isinstance(became, ActsAs):
        assert not became.wrong
        assert not any(name.startswith("system:") for name in (became.user, *became.groups))
