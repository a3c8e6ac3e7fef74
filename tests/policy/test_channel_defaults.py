"""Defaults of channels: a strict file that grants nothing."""

from pathlib import Path

import pytest

from bot.policy import Actor, FileError
from bot.policy.channel_defaults import load_channels

EXAMPLE = Path(__file__).parents[2] / "deploy/examples/channels.yaml"


@pytest.mark.parametrize(
    ("who", "cluster", "namespace"),
    [
        (Actor(channel="C1", channel_name="team-shop"), "prod", "shop"),
        (Actor(channel="C1", channel_name="inc-shop-0412"), "prod", "shop"),
        (Actor(channel="C0123ABCD", channel_name="renamed"), "prod", "shop"),
        (Actor(channel="C0STAGING"), "staging", ""),
        (Actor(channel="C1", channel_name="team-bank"), "", "bank"),
        (Actor(channel="C1", channel_name="general"), "prod", ""),
        (Actor(channel="D1", direct=True), "", ""),
        (Actor(channel="C1", channel_name="team-shop", external=True), "prod", ""),
    ],
)
def test_the_first_matching_entry_of_a_channel_counts(who: Actor, cluster: str, namespace: str) -> None:
    defaults = load_channels(EXAMPLE)

    assert (defaults.cluster(who), defaults.namespace(who)) == (cluster, namespace)


def test_unknown_clusters_are_reported() -> None:
    assert load_channels(EXAMPLE).unmatched(["prod"]) == ("no cluster is called 'staging': [1]",)
    assert load_channels(EXAMPLE).unmatched(["prod", "staging"]) == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "reading: []",
            "1: expected a list of entries such as {channels: [C0123ABCD], cluster: prod, namespace: shop}",
        ),
        ("- {cluster: prod}", "1: [0].channels: is missing"),
        ("- {channels: [C1]}", "1: [0]: sets nothing: expected cluster, namespace, alerts or answers"),
        (
            "\n- {channels: [C1], clusters: [prod]}",
            "2: [0].clusters: unknown key; known are channels, cluster, namespace, alerts, answers",
        ),
        (
            "- {channels: C1, cluster: a}",
            "1: [0].channels: expected a list; put names that begin with # or * in quotes",
        ),
        ("- {channels: [], cluster: a}", '1: [0].channels: the list is empty: write ["*"] for all channels'),
        (
            "- channels:\n    - C1\n    - Team\n  cluster: a",
            '3: [0].channels[1]: \'Team\' is not a channel: expected its id (C…), "#name", "#team-*" or "*"',
        ),
        (
            "- {channels: [C1], cluster: prod-*}",
            "1: [0].cluster: 'prod-*' is not a cluster: expected the name of one context, not a pattern",
        ),
        (
            "- {channels: [C1], namespace: Shop}",
            "1: [0].namespace: 'Shop' is not a namespace: expected one name, not a pattern",
        ),
    ],
)
def test_problems_are_reported_with_file_line_and_field(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "channels.yaml"
    file.write_text(text)

    with pytest.raises(FileError) as raised:
        load_channels(file)

    told = str(raised.value).replace(f"{tmp_path}/", "").splitlines()
    assert f"channels.yaml:{says}" in told
