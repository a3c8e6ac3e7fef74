"""What a channel is about by default: a strict file, which grants nothing."""

from pathlib import Path

import pytest

from bot.policy import Who
from bot.policy.channel_defaults import ChannelsError, load_channels

EXAMPLE = Path(__file__).parents[2] / "deploy/examples/channels.yaml"


@pytest.mark.parametrize(
    ("who", "cluster", "namespace"),
    [
        (Who(channel="C1", channel_name="team-shop"), "prod", "shop"),
        (Who(channel="C1", channel_name="inc-shop-0412"), "prod", "shop"),
        (Who(channel="C0123ABCD", channel_name="renamed"), "prod", "shop"),
        (Who(channel="C0STAGING"), "staging", ""),
        (Who(channel="C1", channel_name="team-bank"), "", "bank"),
        (Who(channel="C1", channel_name="general"), "prod", ""),
        (Who(channel="D1", direct=True), "", ""),
        (Who(channel="C1", channel_name="team-shop", external=True), "prod", ""),
    ],
)
def test_the_first_entry_that_means_a_channel_counts(who: Who, cluster: str, namespace: str) -> None:
    defaults = load_channels(EXAMPLE)

    assert (defaults.cluster(who), defaults.namespace(who)) == (cluster, namespace)


def test_clusters_that_there_are_not_are_told() -> None:
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
        ("- {channels: [C1]}", "1: [0]: says nothing: expected cluster, namespace, or both"),
        (
            "\n- {channels: [C1], clusters: [prod]}",
            "2: [0].clusters: unknown key; known are channels, cluster, namespace",
        ),
        (
            "- {channels: C1, cluster: a}",
            "1: [0].channels: expected a list; a name that begins with # or * stands in quotes",
        ),
        ("- {channels: [], cluster: a}", '1: [0].channels: an empty list names no channel; write ["*"] for all'),
        (
            "- channels:\n    - C1\n    - Team\n  cluster: a",
            '3: [0].channels[1]: \'Team\' is not a channel: expected its id (C…), "#name", "#team-*" or "*"',
        ),
        (
            "- {channels: [C1], cluster: prod-*}",
            "1: [0].cluster: 'prod-*' is not a cluster: expected the name of one context, no pattern",
        ),
        (
            "- {channels: [C1], namespace: Shop}",
            "1: [0].namespace: 'Shop' is not a namespace: expected the name of one, no pattern",
        ),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_field(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "channels.yaml"
    file.write_text(text)

    with pytest.raises(ChannelsError) as raised:
        load_channels(file)

    told = str(raised.value).replace(f"{tmp_path}/", "").splitlines()
    assert f"channels.yaml:{says}" in told
