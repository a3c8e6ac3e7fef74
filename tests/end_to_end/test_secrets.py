"""Plant a hundred secrets in every place: none is sent, stored or logged, while the text around them is.

Two processes run one story, one after the other on the same data, at debug level and with different log formats. The
tests then search everything they sent, stored and logged.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from bot.common.tracing import ALLOWED, ERROR_TYPE
from bot.playground.slack import SharedFile
from bot.probes.shared.log_lines import compile_pattern, excerpt, quoted
from bot.remedies.changes import diff
from responses.slack.presses import Press
from tests.collector import Collector, collector
from tests.end_to_end import planted_incident
from tests.end_to_end.planted import Planted, Search, files_in, planted
from tests.end_to_end.process import Premises, Serving, premises
from tests.end_to_end.workplace import buttons_of, is_final, words_of
from tests.waiting import until

POLICY = """
remediation: [{clusters: ["*"], namespaces: ["*"]}]
acting: [{users: ["*"], clusters: ["*"], namespaces: ["*"], actions: ["*"]}]
"""
# The places of user input; those of the cluster are in the incident.
HANDED_IN = ("paste", "edit", "file", "slash", "mention", "direct", "shortcut", "remark", "alert")
# A few secrets each: a webhook's message, a file's name, provoked failures.
OTHERS = (
    "diff", "refusal", "failure", "crash", "traceback", "name", "misused", "title", "typed", "press", "unsigned",
    "broken", "event",
)  # fmt: skip


@dataclass
class Story:
    """All outputs by place. `dumped` is the content of the databases as text."""

    sent: dict[str, str | bytes] = field(default_factory=dict)
    kept: dict[str, str | bytes] = field(default_factory=dict)
    logged: dict[str, str | bytes] = field(default_factory=dict)
    dumped: str = ""
    collector: Collector = field(default_factory=Collector)
    own: tuple[str, ...] = ()

    @property
    def everything(self) -> Mapping[str, str | bytes]:
        return {**self.sent, **self.kept, **self.logged, "the databases": self.dumped}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    directory = tmp_path_factory.mktemp("story")
    (directory / "policy.yaml").write_text(POLICY, encoding="utf-8")
    return asyncio.run(_live(directory))


async def _live(directory: Path) -> Story:
    async with collector() as at_collector:
        story = await _lived(directory, at_collector)
    story.sent |= at_collector.everything()
    story.collector = at_collector
    return story


async def _lived(directory: Path, at_collector: Collector) -> Story:
    variables: dict[str, Any] = {
        "CASEBOOK_POLICY": str(directory / "policy.yaml"),
        "CASEBOOK_CATALOG": str(planted_incident.catalog(directory / "catalog")),
        "CASEBOOK_LOG_LEVEL": "debug",
        "CASEBOOK_OTLP_ENDPOINT": at_collector.url,
    }
    story = Story()
    async with premises(directory, planted_incident.world(), pace=False, **variables) as at:
        # While answers of a thousand findings are redacted the database may be busy for a second, and refuse an event.
        at.slack.retry_pauses = (0.5, 1.0, 2.0)
        for form in ("text", "json"):
            at.variables = {**variables, "CASEBOOK_LOG_FORMAT": form}
            # Reading the built-in catalog too takes longer than what the second process does.
            serving = await at.start(catalog_alone=form == "json")
            story.sent |= await (_everything(at) if form == "text" else _what_is_logged(at))
            story.sent[f"/metrics {form}"] = await _metrics(serving)
            kept = await asyncio.to_thread(files_in, at.data)
            story.kept |= {f"{name} while it ran": content for name, content in kept.items()}
            assert await serving.stop() == 0
            story.logged[form] = "".join(serving.said)
        story.sent |= _sent(at)
        story.own = _own(at)
        story.kept |= await asyncio.to_thread(files_in, at.data)
        story.dumped = await asyncio.to_thread(_dump, at.data)
    return story


async def _metrics(serving: Serving) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"{serving.url}/metrics") as response:
        return await response.text()


def _sent(at: Premises) -> dict[str, str | bytes]:
    calls = {
        f"{number} {call.method}": json.dumps(dict(call.arguments), ensure_ascii=False)
        for number, call in enumerate(at.slack.calls)
    }
    uploads = {
        f"file {each['id']}": at.slack.file_content(each["id"]) for each in at.slack.files() if _is_ours(at, each)
    }
    stands = [at.slack.ephemerals(), [at.slack.views(user) for user in (at.alex, at.bo)]]
    return {**calls, **uploads, "what stands": json.dumps(stands, ensure_ascii=False)}


def _is_ours(at: Premises, file: Mapping[str, Any]) -> bool:
    return bool(file["user"] == at.slack.bot_user_id)


def _own(at: Premises) -> tuple[str, ...]:
    user = at.cluster.kubeconfig()["users"][0]["user"]
    return at.slack.bot_token, at.slack.signing_secret, user["token"]


def _stored_answers(directory: Path) -> set[str]:
    with closing(sqlite3.connect(directory / "casebook.db")) as connection:
        return {ts for (ts,) in connection.execute("SELECT ts FROM answers")}


def _dump(directory: Path) -> str:
    lines: list[str] = []
    for path in directory.glob("*.db"):
        with closing(sqlite3.connect(path)) as connection:
            lines += connection.iterdump()
    return "\n".join(lines)


# --- what happens ---


async def _everything(at: Premises) -> dict[str, str | bytes]:
    """Play every input and return the immediate answers."""
    ts = await at.slack.say(at.alex, at.channel, f"{planted_incident.ERROR}\n{_blocks('paste')}")
    answer = await at.answer(ts)
    # Redacting this answer of a thousand findings takes longer than a press waits for it to be stored.
    await until(lambda: answer["ts"] in _stored_answers(at.data))
    await at.slack.click(at.bo, at.channel, answer["ts"], Press.DETAILS.value)
    await at.slack.wait_for(lambda: at.slack.views(at.bo))
    said = await _hand_in(at)
    await _what_is_logged(at)
    return said


async def _what_is_logged(at: Premises) -> dict[str, str | bytes]:
    """Run a remedy and provoke failures of reads, a probe and payloads."""
    _lay_failures(at)
    channel = at.slack.add_channel(f"incident-{len(at.processes)}")
    ts = await at.slack.say(at.alex, channel, planted_incident.REMEDIED)
    await _until_answered(at, channel, ts)
    answer = _answers(at, channel, ts)[0]
    await _press_remedy(at, channel, answer)
    await _forge(at, channel, answer)
    await at.slack.say(at.bo, channel, f"it is pod planted-0 in namespace shop; {_one('remark').line}", thread_ts=ts)
    return {}


def _lay_failures(at: Premises) -> None:
    failed = {"kind": "Status", "code": 500, "message": f"etcd says: {_one('failure').line}"}
    path = f"/api/v1/namespaces/{planted_incident.NAMESPACE}/configmaps"
    at.cluster.fail(path_prefix=path, status=500, times=3, body=failed)


async def _hand_in(at: Premises) -> dict[str, str | bytes]:
    slack = at.slack
    # One channel each: Slack accepts one message per second and channel.
    names = ("slash", "named", "misused", "file", "asked", "edited", "quiet", "alerts")
    rooms = {name: slack.add_channel(name) for name in names}
    commands = {
        "slash": f"explain {_blocks('slash')}",
        "named": f"pod shop/dapi{_of_shape('name', 'Databricks token').secret}",
        "misused": f"dapi{_of_shape('misused', 'Databricks token').secret}",
    }
    said: dict[str, str | bytes] = {}
    for name, text in commands.items():
        delivered = await slack.slash(at.bo, rooms[name], text)
        said[f"the answer to /diagnose {name}"] = json.dumps(delivered.body, ensure_ascii=False)
    log = SharedFile(name="a.log", content=f"{planted_incident.ERROR}\n{_blocks('file')}".encode())
    shared = await slack.say(at.bo, rooms["file"], "see the file", files=[log])
    await slack.say(at.bo, slack.open_im(at.bo), _blocks("direct"))
    picture = SharedFile(name=f"{_one('title').text} {_one('title').marker}.png", content=b"\x89PNG\0\0")
    await slack.say(at.alex, slack.open_im(at.alex), "", files=[picture])
    asked = await slack.say(at.bo, rooms["asked"], f"<@{slack.bot_user_id}> {_telling('mention')}")
    edited = await slack.say(at.bo, rooms["edited"], f"<@{slack.bot_user_id}> error: it does not start")
    await slack.edit(at.bo, rooms["edited"], edited, f"<@{slack.bot_user_id}> {_telling('edit')}")
    quiet = await slack.say(at.bo, rooms["quiet"], f"nothing to see {_blocks('shortcut')}")
    await slack.shortcut(at.bo, rooms["quiet"], quiet, callback_id="casebook.diagnose_this")
    bot = slack.add_user("alertmanager")
    alert = await slack.say(bot, rooms["alerts"], f"{planted_incident.REMEDIED} {_one('alert').line}", bot=True)
    await _until_answered(at, rooms["alerts"], alert)
    await _until_answered(at, rooms["file"], shared)
    await _until_answered(at, rooms["asked"], asked)
    await _until_answered(at, rooms["quiet"], quiet)
    return said


async def _press_remedy(at: Premises, channel: str, answer: Mapping[str, Any]) -> None:
    """Let a webhook refuse with a quote, then open the modal with its diff."""
    path = f"/apis/apps/v1/namespaces/{planted_incident.NAMESPACE}/deployments/{planted_incident.NAME}"
    message = f"admission webhook denied the request: {_one('refusal').line}"
    at.cluster.fail(
        path_prefix=path, method="PATCH", status=403, body={"kind": "Status", "code": 403, "message": message}
    )
    for expected in (_one("refusal").marker, planted_incident.beside_the_restart()[1].marker):
        press = next(one for one in buttons_of(answer["blocks"]) if one["action_id"].startswith(str(Press.REMEDY)))
        await at.slack.click(at.alex, channel, answer["ts"], press["action_id"])
        await _until_shown(at, expected)
        await at.slack.close(at.alex, at.slack.views(at.alex)[-1]["id"])


async def _forge(at: Premises, channel: str, answer: Mapping[str, Any]) -> None:
    """Send unsigned and unreadable requests."""
    slack = at.slack
    press = {
        "type": "block_actions", "team": {"id": slack.team_id}, "api_app_id": slack.app_id, "user": {"id": at.bo},
        "trigger_id": "1.2.3", "container": {"message_ts": answer["ts"], "channel_id": channel},
    }  # fmt: skip
    action = {"action_id": Press.REMEDY.value, "action_ts": "1.2", "value": _one("press").line}
    view = {"callback_id": Press.CONFIRM.value, "private_metadata": _one("typed").line, "id": "V1"}
    event = {
        "type": "event_callback",
        "team_id": slack.team_id,
        "event": {"type": "link_shared", "x": _one("event").line},
    }
    odd = {"type": "message", "channel": channel, "ts": [_one("traceback").line], "text": _one("traceback").text}
    bodies = [
        _form({**press, "actions": [action]}),
        _form({**press, "actions": [{"action_id": "other", "value": _one("press", 1).line}], "message": "odd"}),
        _form({**press, "type": "view_submission", "view": view}),
        (json.dumps(event), "application/json"),
        (json.dumps({**event, "event": odd}), "application/json"),
        (json.dumps({**event, "event": odd})[:-9] + _one("broken").line, "application/json"),
    ]
    for body, kind in bodies:
        await slack.send_raw(body.encode(), {**slack.sign(body.encode()), "Content-Type": kind})
    unsigned = json.dumps({**event, "x": _one("unsigned").line}).encode()
    assert (await slack.send_raw(unsigned, {"Content-Type": "application/json"})).status == 401


def _form(payload: Mapping[str, Any]) -> tuple[str, str]:
    return urlencode({"payload": json.dumps(payload)}), "application/x-www-form-urlencoded"


async def _until_answered(at: Premises, channel: str, ts: str) -> None:
    await at.slack.wait_for(lambda: [one for one in _answers(at, channel, ts) if is_final(one)])


async def _until_shown(at: Premises, words: str) -> None:
    """Wait until a modal of alex contains this text."""
    await at.slack.wait_for(lambda: words in words_of([view["blocks"] for view in at.slack.views(at.alex)]))


def _answers(at: Premises, channel: str, ts: str) -> list[dict[str, Any]]:
    said = at.slack.messages(channel, thread_ts=ts)
    return [one for one in said if one.get("bot_id") == at.slack.bot_id]


def _blocks(place: str) -> str:
    # Lines with an error are symptoms, which are kept after the answer.
    return "\n".join(f"error: {one.block}" for one in planted(place))


def _telling(place: str) -> str:
    """Return a few error-like lines: an answer to unknown text shows three."""
    return "\n".join(f"error: {one.line}" for one in planted(place))


def _of_shape(place: str, shape: str) -> Planted:
    return next(one for one in planted(place) if one.shape == shape)


def _one(place: str, number: int = 0) -> Planted:
    return planted(place)[number]


# --- what came of it ---


def _all() -> Iterator[Planted]:
    for place in (*HANDED_IN, *planted_incident.PLACES, "named", *OTHERS):
        yield from planted(place)


def test_no_secret_is_in_any_call_file_database_or_log_line(story: Story) -> None:
    assert Search(_all()).leaks(story.everything) == []


def test_our_credentials_are_never_stored_logged_or_posted(story: Story) -> None:
    whole = _joined(story.everything)

    assert [one for one in story.own if one in whole] == []


def test_a_collector_gets_nothing_that_users_or_the_cluster_wrote(story: Story) -> None:
    """Not even harmless text: no marker, no name of an object, namespace, channel or person."""
    received = _joined(story.collector.everything())
    markers = [one.marker for one in _all() if one.marker in received]
    places = (
        "planted-0",
        f'"{planted_incident.NAME}"',
        f'"{planted_incident.NAMESPACE}"',
        f"{planted_incident.NAMESPACE}/",
    )
    names = (*places, "alex", "C000000", "U000000")
    spans = story.collector.spans()

    assert [*markers, *(name for name in names if name in received)] == []
    assert {key for one in spans for key in one.attributes} <= {*(each.key for each in ALLOWED.values()), ERROR_TYPE}
    # Enough has arrived to mean something: failed calls and remedies too.
    assert {"request", "job", "step", "match", "diagnose", "probe", "kubernetes", "slack"} <= {
        one.name for one in spans
    }
    assert any(one.failed for one in spans)
    assert {"4xx", "5xx"} <= {str(one.attributes.get("casebook.status")) for one in spans}
    assert {"preview", "answer"} <= {str(one.attributes.get("casebook.job")) for one in spans}


# Without these, the tests above could pass because the text never reached an output.


def test_text_next_to_each_secret_of_the_cluster_is_posted_and_of_a_paste_is_stored(story: Story) -> None:
    sent = _joined(story.sent)
    for place in planted_incident.PLACES:
        assert _missing(planted(place), sent) == [], place
    for place in ("paste", "edit", "file", "slash", "mention", "direct", "shortcut"):
        assert _missing(planted(place), story.dumped) == [], place


def test_text_next_to_single_secrets_is_posted_stored_or_logged(story: Story) -> None:
    told = [
        *planted_incident.beside_the_restart(), _one("refusal"), _one("failure"), _one("title"),
        *planted("mention")[:2],
    ]  # fmt: skip

    assert _missing(told, _joined(story.sent)) == []
    assert _missing([_one("remark"), _one("alert")], story.dumped) == []


@pytest.mark.parametrize("form", ["text", "json"])
def test_text_next_to_secrets_in_failures_is_logged(story: Story, form: str) -> None:
    assert _missing([_one("crash")], str(story.logged[form])) == []
    assert "Traceback" in story.logged[form]


def _missing(ones: Iterable[Planted], output: str) -> list[str]:
    return [one.marker for one in ones if one.marker not in output]


def _joined(outputs: Mapping[str, str | bytes]) -> str:
    return "\n".join(one if isinstance(one, str) else one.decode("latin-1") for one in outputs.values())


# --- the parts by themselves ---


def test_leaked_secret_would_be_found_and_named() -> None:
    ones = planted("unit")
    plain = {one.marker: one.line for one in ones}
    encoded = {one.marker: base64.b64encode(one.block.encode()) for one in ones}

    for outputs in (plain, encoded):
        leaks = Search(ones).leaks(outputs)
        assert [one.shape for one in ones if not any(line.startswith(f"{one.shape}, ") for line in leaks)] == []
    assert Search(ones).leaks({one.marker: one.marker for one in ones}) == []


def test_diff_shows_no_secret_next_to_the_change() -> None:
    """Check the two context lines: an environment value without its name, the last line of a key."""
    search = Search(planted("template"))
    for one in planted("template"):
        for shape in (_annotated, _environment, _arguments):
            shown = diff(shape(one, "then"), shape(one, "now"), name="template")

            assert search.leaks({one.shape: shown}) == []
            assert one.marker in shown, one.shape


def _annotated(one: Planted, value: str) -> dict[str, Any]:
    return {"metadata": {"annotations": {"a": f"{one.block}\n", "b": value, "c": one.marker, "d-password": one.secret}}}


def _environment(one: Planted, value: str) -> dict[str, Any]:
    return {"env": [{"name": "DB_PASSWORD", "value": one.secret}, {"name": "B", "value": value}, {"name": one.marker}]}


def _arguments(one: Planted, value: str) -> dict[str, Any]:
    return {"args": ["--db-password", one.secret, one.marker, value, one.line]}


@pytest.mark.parametrize(
    ("pattern", "groups"),
    [
        ("password=(?P<given>.*)", {"given": "[redacted], denied"}),
        ("(?P<given>Xk3[a-zA-Z0-9]+)", {"given": "[redacted]"}),
        ("user (?P<user>[a-z]+) .*, (?P<why>.*)", {"user": "app", "why": "denied"}),
    ],
)
def test_truncated_excerpt_never_shows_part_of_a_secret(pattern: str, groups: dict[str, str]) -> None:
    line = f"{'far ' * 200}user app password=Xk3v9mQ2zTr8, denied"
    compiled = compile_pattern(pattern)
    told = quoted(line, compiled.search(line), compiled)

    assert dict(told.groups) == groups
    # Truncated so that the name is gone but the value would remain.
    assert "9mQ2zTr8" not in excerpt(told.text, line.index("9mQ2zTr8") + 100)
