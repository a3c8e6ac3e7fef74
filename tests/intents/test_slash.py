"""Test parsing of commands and messages as typed at 3 a.m. and as Slack's clients change them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.channel_commands import LearnedAction, LearnedCommand
from intents.kinds import SPELLINGS
from intents.places import IS_NAME
from intents.slash import (
    Command,
    HalfNamed,
    HelpQuery,
    MutedQuery,
    ObjectQuery,
    TextQuery,
    parse_command,
    parse_message,
)
from intents.spelling import Misuse
from intents.text_cleanup import unformatted
from responses.slack.message import escape

POD = ObjectQuery(kind="pod", namespace="shop", name="api-0")
NAMES = st.from_regex(IS_NAME, fullmatch=True)
KIND_WORDS = st.sampled_from(sorted(SPELLINGS))


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("help", HelpQuery()),
        ("help pods", HelpQuery(topic="pods")),
        ("帮助", HelpQuery()),
        ("pod shop/api-0", POD),
        ("pod api-0 -n shop", POD),
        ("-n shop pod api-0", POD),
        ("pod api-0 --namespace=shop", POD),
        ("pod api-0 –n shop", POD),  # typed -n, typeset by a client
        ("pod api-0 —namespace shop", POD),
        ("pod api-0 in shop", replace(POD, place="shop")),
        ("pod api-0 in namespace shop", POD),
        ("diagnose pod shop/api-0", POD),
        ("诊断 pod shop/api-0", POD),
        ("pod/shop/api-0", POD),
        ("pod/api-0 -n shop", POD),
        ("shop/api-0", POD),
        ("`pod shop/api-0`", POD),
        ("pod api-0", ObjectQuery(kind="pod", name="api-0")),
        ("StatefulSet tidb/db", ObjectQuery(kind="StatefulSet", namespace="tidb", name="db")),
        ("tikvcluster tidb/db", ObjectQuery(kind="tikvcluster", namespace="tidb", name="db")),
        ("kafkas.kafka.strimzi.io events", ObjectQuery(kind="kafkas.kafka.strimzi.io", name="events")),
        ("kubectl -n shop describe pod api-0", POD),
        ("explain Back-off pulling image", TextQuery(text="Back-off pulling image", literal=True)),
        ("解释 Back-off pulling image", TextQuery(text="Back-off pulling image", literal=True)),
        ("explain\n```\npanic: a\nb\n```", TextQuery(text="panic: a\nb", literal=True)),
        ("connection refused", TextQuery(text="connection refused")),
        ("failed default/api-0", TextQuery(text="failed default/api-0")),
        ("docker.io/library/nginx", TextQuery(text="docker.io/library/nginx")),
        ("pod is crashing", TextQuery(text="pod is crashing")),
        ("pod shop/api-0\nError: it failed", TextQuery(text="pod shop/api-0\nError: it failed")),
        ("muted", MutedQuery()),
        ("unmute image-pull-failed", MutedQuery(unmute="image-pull-failed")),
        ("unmute all", MutedQuery(unmute="all")),
        ("取消静音 all", MutedQuery(unmute="all")),
        ("learned", LearnedCommand()),
        ("已保存", LearnedCommand()),
        ("learned share `learned-a-1`", LearnedCommand(action=LearnedAction.SHARE, id="learned-a-1")),
        ("learned 删除 learned-a-1", LearnedCommand(action=LearnedAction.DELETE, id="learned-a-1")),
    ],
)
def test_command_is_parsed(text: str, asked: Command) -> None:
    assert parse_command(text) == asked


@pytest.mark.parametrize(
    ("text", "closest"),
    [
        ("hlep", "help"),
        ("expalin", "explain"),
        ("api-0", "pod api-0"),
        ("pdo shop/api-0", "pod shop/api-0"),
        ("statefullset db -n tidb", "statefulset tidb/db"),
        ("pod shop/api-0 -n prod", "pod shop/api-0"),
    ],
)
def test_typo_suggests_the_closest_command(text: str, closest: str) -> None:
    command = parse_command(text)

    assert isinstance(command, Misuse)
    assert command.closest == closest
    assert command.says.en
    assert command.says.zh


@pytest.mark.parametrize(
    ("text", "usage"),
    [
        ("explain", "explain ERROR"),
        ("unmute", "unmute ID"),
        ("learned share", "learned edit|share|unshare|delete ID"),
        ("learned forget learned-a-1", "learned edit|share|unshare|delete ID"),
        ("mute", "mute ID|KIND NAMESPACE/NAME|namespace NAME 7d REASON"),
        ("mute pod api-0", "mute ID|KIND NAMESPACE/NAME|namespace NAME 7d REASON"),
        ("mute namespace shop 9000d", "mute ID|KIND NAMESPACE/NAME|namespace NAME 7d REASON"),
        ("pod", "pod NAMESPACE/NAME"),
        ("node", "node NAME"),
        ("nodes", "nodes NAME"),
        ("ns", "ns NAME"),
        ("pvc", "pvc NAMESPACE/NAME"),
    ],
)
def test_incomplete_command_gets_its_usage(text: str, usage: str) -> None:
    command = parse_command(text)

    assert isinstance(command, Misuse)
    assert (command.usage, command.closest) == (usage, "")


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("<@U0BOT>", HelpQuery()),
        ("<@U0BOT> hello", TextQuery(text="hello")),
        ("<@U0BOT> pod shop/api-0", POD),
        ("<@U0BOT> pod shop/api-0 is broken", TextQuery(text="pod shop/api-0 is broken")),
        ("<@U0BOT> pod api-0 在 命名空间 shop", POD),
        ("<@U0BOT> pod api keeps failing", TextQuery(text="pod api keeps failing")),
        ("<@U0BOT> api-0", TextQuery(text="api-0")),
        ("<@U0BOT> pdo shop/api-0", TextQuery(text="pdo shop/api-0")),
        ("<@U0BOT> Error: pod shop/api-0 failed", TextQuery(text="Error: pod shop/api-0 failed")),
        ("<@U0BOT>\n```Error: a &lt;b&gt;```", TextQuery(text="Error: a <b>")),
        ("<@U0BOT> explain OOMKilled", TextQuery(text="OOMKilled", literal=True)),
    ],
)
def test_mention_is_parsed(text: str, asked: Command) -> None:
    assert parse_message(text) == asked


@pytest.mark.parametrize(
    ("text", "pasted"),
    [
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("see <https://x.example/a?b=1&amp;c=2>", "see https://x.example/a?b=1&c=2"),
        ("dial <http://api.shop.svc|api.shop.svc>: refused", "dial api.shop.svc: refused"),
        ("mail <mailto:a@b.example|a@b.example>", "mail a@b.example"),
        ("<@U0BOT> Error: x", "Error: x"),
        ("<@U0BOT|casebook> Error: x", "Error: x"),
        ("<!here> <!subteam^S1|@sre> down", "down"),
        ("in <#C123|general>", "in #general"),
        ("at <!date^1392734382^{time}|12:00>", "at 12:00"),
        ("```Error: x\nline two```", "Error: x\nline two"),
        ("look:```Error: x```thanks", "look:\nError: x\nthanks"),
        ("`Error: x`", "Error: x"),
        ("say “no” to ‘it’", "say \"no\" to 'it'"),
        ("0/4&nbsp;", "0/4&nbsp;"),
        ("image <none>:<none>", "image <none>:<none>"),
    ],
)
def test_message_becomes_the_pasted_text(text: str, pasted: str) -> None:
    assert unformatted(text) == pasted


PLAIN = st.text(st.characters(exclude_characters="`“”„‟‘’‚‛\u00a0", exclude_categories=["Cs"]))


@given(text=PLAIN)
def test_slack_escaping_is_reversed(text: str) -> None:
    assert unformatted(escape(text)) == text.strip()


@given(text=st.one_of(st.text(), st.text(st.sampled_from("<>|@#!U1`&lt;-n/ pod.诊断\n“—"))))
def test_any_text_is_parsed(text: str) -> None:
    for parse in (parse_command, parse_message):
        assert isinstance(parse(text), TextQuery | ObjectQuery | HelpQuery | MutedQuery | Misuse)


@given(kind=KIND_WORDS, namespace=NAMES, name=NAMES)
def test_any_object_name_is_parsed(kind: str, namespace: str, name: str) -> None:
    asked = ObjectQuery(kind=kind, namespace=namespace, name=name)

    for text in (f"{kind} {namespace}/{name}", f"{kind}/{namespace}/{name}", f"{kind} {name} -n {namespace}"):
        assert parse_command(text) == asked
        assert parse_message(f"<@U0BOT> {text}") == asked


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("", ("", "", "")),
        ("  ", ("", "", "")),
        ("???", ("", "", "")),
        ("诊断", ("", "", "")),
        ("deploy", ("Deployment", "", "")),
        ("api-0", ("", "", "api-0")),
        ("pdo shop/api-0", ("Pod", "shop", "api-0")),
    ],
)
def test_what_names_no_object_keeps_what_it_names(text: str, known: tuple[str, str, str]) -> None:
    half = parse_command(text)

    assert isinstance(half, HalfNamed)
    assert (half.kind, half.namespace, half.name) == known


def test_text_of_brackets_is_parsed_quickly() -> None:
    assert parse_message("<" * 200_000) == TextQuery(text="<" * 200_000)
    assert isinstance(parse_command("<" * 200_000), HalfNamed)
    assert isinstance(parse_message("<@U1|" * 50_000), TextQuery)


IN_PROD = replace(POD, cluster="prod")


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("pod shop/api-0 in prod", IN_PROD),
        ("pod shop/api-0 on prod", IN_PROD),
        ("pod shop/api-0 @prod", IN_PROD),
        ("pod api-0 in shop in prod", IN_PROD),
        ("pod api-0 -n shop in prod", IN_PROD),
        ("pod api-0 -n shop --context prod", IN_PROD),
        ("pod api-0 -n shop —context=prod", IN_PROD),
        ("--cluster prod pod shop/api-0", IN_PROD),
        ("pod shop/api-0 in cluster prod", IN_PROD),
        ("pod shop/api-0 在 集群 prod", IN_PROD),
        ("shop/api-0 in prod", IN_PROD),
        ("kubectl --context prod -n shop describe pod api-0", IN_PROD),
        ("pod api-0 in shop --context prod", IN_PROD),
        ("pod api-0 in shop", replace(POD, place="shop")),
        ("pod shop/api-0 in shop", replace(POD, place="shop")),
        ("node n1 in prod", ObjectQuery(kind="node", namespace="prod", name="n1", place="prod")),
        ("pod shop/api-0 in kubernetes-admin@kubernetes", replace(POD, cluster="kubernetes-admin@kubernetes")),
        ("node n1 in gke_shop_eu_prod", ObjectQuery(kind="node", name="n1", cluster="gke_shop_eu_prod")),
        ("--context prod Error: it broke", TextQuery(text="Error: it broke", cluster="prod")),
        (
            "explain --context=prod Error: it broke\nagain",
            TextQuery(text="Error: it broke\nagain", cluster="prod", literal=True),
        ),
    ],
)
def test_command_names_the_cluster_in_common_forms(text: str, asked: Command) -> None:
    assert parse_command(text) == asked


def test_two_clusters_in_one_command_are_rejected() -> None:
    wrong = parse_command("pod shop/api-0 in prod --context staging")
    assert isinstance(wrong, Misuse)
    assert wrong.closest == "pod shop/api-0 in staging"


def test_state_of_an_object_is_not_an_unknown_cluster() -> None:
    assert parse_message("<@U0BOT> pod shop/api-0 in trouble") == replace(POD, place="trouble")
    state = "pod shop/api-0 in CrashLoopBackOff"
    assert parse_message(f"<@U0BOT> {state}") == TextQuery(text=state)
