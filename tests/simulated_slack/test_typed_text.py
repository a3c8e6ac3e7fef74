import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.slack import SimulatedSlack
from bot.playground.slack.typed_text import rich_text, stored_text

# Text as in incidents: names with dots, addresses, quotes, angle brackets.
PIECES = ["<none>", "https://10.0.0.1:6443/api", "registry.k8s.io/pause:3.9", '"', "&", "a", " ", ".", "```", "\n"]
PASTED = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


def unmarked(stored: str) -> str:
    """Return the text that a reader of the stored text sees."""
    return html.unescape(re.sub(r"<(?:http://[^<>|]*\|)?([^<>|]*)>", r"\1", stored))


@given(st.text() | PASTED)
def test_no_typed_text_is_lost(typed: str):
    assert unmarked(stored_text(typed)) == typed


@given(st.text() | PASTED)
def test_angle_brackets_are_escaped_except_in_links(typed: str):
    without_links = re.sub(r"<https?://[^<>\s]+>", "", stored_text(typed))
    assert "<" not in without_links
    assert ">" not in without_links


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("a < b & c", "a &lt; b &amp; c"),
        ('Get "https://10.0.0.1:6443/api": dial', 'Get "<https://10.0.0.1:6443/api>": dial'),
        ("pull ghcr.io/a/b:1 failed", "pull <http://ghcr.io/a/b:1|ghcr.io/a/b:1> failed"),
        ("see https://a.b/c?x=1&y=2.", "see <https://a.b/c?x=1&amp;y=2>."),
        ("web-0.shop.svc.cluster.local", "web-0.shop.svc.cluster.local"),
        ("<@U0CASEBOOK0> help", "<@U0CASEBOOK0> help"),
        ("<!channel> help", "<!channel> help"),
        ("<!subteam^S1> <https://x|y>", "&lt;!subteam^S1&gt; &lt;<https://x>|y&gt;"),
    ],
)  # fmt: skip
def test_text_is_stored_as_slack_does(typed: str, stored: str):
    assert stored_text(typed) == stored


def test_a_fenced_part_becomes_preformatted():
    block = rich_text("see\n```\nkubectl get po\n```\nplease <@U1>", block_id="b")

    kinds = [each["type"] for each in block["elements"]]
    assert kinds == ["rich_text_section", "rich_text_preformatted", "rich_text_section"]
    assert block["elements"][1]["elements"] == [{"type": "text", "text": "kubectl get po"}]
    assert block["elements"][2]["elements"][-1] == {"type": "user", "user_id": "U1"}


async def test_a_message_carries_text_and_rich_text(slack: SimulatedSlack, receiver, incidents: str, ana: str):
    await slack.say(ana, incidents, "pull <none>:latest")

    (event,) = receiver.events
    assert event["text"] == "pull &lt;none&gt;:latest"
    assert event["blocks"][0]["elements"][0]["elements"] == [{"type": "text", "text": "pull <none>:latest"}]
