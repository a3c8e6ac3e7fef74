"""Test reading of pasted files: text within limits or a reason; the token is sent only to Slack."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import SharedFile, SimulatedSlack
from bot.slack.client import Slack
from bot.slack.errors import SlackUnavailable
from bot.slack.files import NotText, TooLarge, decoded, unpacked
from bot.slack.pacer import Limits
from bot.slack.web_client import Hosts
from tests.slack_client.scene import CHANNEL, serving

LOG = "E0101 10:00:00 kubelet.go:1 failed to pull image\n" * 100


async def shared(far_end: SimulatedSlack, *files: SharedFile) -> list[dict]:
    """Share files and return the `files` of the event."""
    ts = await far_end.say("U0ANA", CHANNEL, "see", files=files)
    return far_end.message(CHANNEL, ts)["files"]


@pytest.mark.parametrize("snippet", [True, False])
async def test_snippet_and_file_are_read(far_end: SimulatedSlack, slack: Slack, snippet: bool):
    (file,) = await shared(far_end, SharedFile(name="kubelet.log", content=LOG.encode(), snippet=snippet))
    read = await slack.files.read(file)
    assert (read.text, read.refusal) == (LOG, None)


async def test_file_known_only_by_id_is_looked_up(far_end: SimulatedSlack, slack: Slack):
    (file,) = await shared(far_end, SharedFile(name="kubelet.log", content=LOG.encode(), only_listed=True))
    assert (await slack.files.read({"id": file["id"]})).text == LOG
    assert (await slack.files.read({"id": file["id"], "file_access": "check_file_info"})).text == LOG


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("日志：镜像拉取失败\n".encode(), "日志：镜像拉取失败\n"),
        ("\ufefferror\n".encode(), "error\n"),
        ("fehler: datei\n".encode("utf-16"), "fehler: datei\n"),
        ("error: no such file\r\n".encode("utf-16-le"), "error: no such file\r\n"),
        ("größe überschritten\n".encode("latin-1"), "größe überschritten\n"),
        ("échec : « mémoire » à 95 °C\n".encode("latin-1"), "échec : « mémoire » à 95 °C\n"),
        ("错误：镜像“nginx”拉取失败（超时）\n".encode("gbk"), "错误：镜像“nginx”拉取失败（超时）\n"),
        ("磁盘已满 😀 陈鑫\n".encode("gb18030"), "磁盘已满 😀 陈鑫\n"),
        ("镜像拉取失败".encode("gbk")[:-1] + b"\n" + LOG.encode(), f"镜像拉取失\ufffd\n{LOG}"),
        ("镜像拉取失败".encode()[:-1] + b"\n" + LOG.encode(), f"镜像拉取失\ufffd\n{LOG}"),
        (gzip.compress(LOG.encode()), LOG),
        (gzip.compress(b"one\n") + gzip.compress(b"two\n"), "one\ntwo\n"),
        (b"\x1b[31mred\x1b[0m error\n", "\x1b[31mred\x1b[0m error\n"),
    ],
    ids=[
        "utf-8",
        "mark",
        "utf-16",
        "utf-16 without mark",
        "German",
        "French",
        "GBK",
        "GB 18030",
        "cut GBK",
        "cut utf-8",
        "gzip",
        "rotated gzip",
        "colours",
    ],
)
async def test_common_log_encodings_are_decoded(far_end, slack, content, expected):
    (file,) = await shared(far_end, SharedFile(name="app.log", content=content))
    assert (await slack.files.read(file)).text == expected


async def test_file_with_a_too_large_size_is_not_downloaded(far_end: SimulatedSlack, slack: Slack):
    (file,) = await shared(far_end, SharedFile(name="big.log", content=b"x", claimed_size=5 << 20))
    read = await slack.files.read(file | {"url_private_download": "http://127.0.0.1:1/nowhere"})
    assert read.refusal is not None
    assert "5.0 MiB" in read.refusal.en
    assert "1.0 MiB" in read.refusal.zh


async def test_file_larger_than_its_stated_size_is_abandoned(far_end: SimulatedSlack, slack: Slack):
    (file,) = await shared(far_end, SharedFile(name="big.log", content=b"x" * 5000, claimed_size=10))
    read = await slack.files.read(file, limit=4096)
    assert read.refusal is not None
    assert "too large" in read.refusal.en


async def test_compressed_file_is_not_unpacked_beyond_the_limit(far_end: SimulatedSlack, slack: Slack):
    (file,) = await shared(far_end, SharedFile(name="bomb.log.gz", content=gzip.compress(b"\0" * (50 << 20))))
    read = await slack.files.read(file)
    assert read.refusal is not None
    assert "too large" in read.refusal.en


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("core", bytes(range(256)) * 10),
        ("a.log", b"\x1f\x8bnot really gzip"),
        ("dump.png", b"\x89PNG"),
        ("a", b"\0" * 99),
    ],
)
async def test_binary_file_is_rejected(far_end: SimulatedSlack, slack: Slack, name: str, content: bytes):
    (file,) = await shared(far_end, SharedFile(name=name, content=content))
    read = await slack.files.read(file)
    assert read.refusal is not None
    assert "is not text" in read.refusal.en


async def test_empty_file_is_reported(far_end: SimulatedSlack, slack: Slack):
    (file,) = await shared(far_end, SharedFile(name="empty.log", content=b"\n"))
    read = await slack.files.read(file)
    assert read.refusal is not None
    assert "is empty" in read.refusal.en


async def test_login_page_is_not_taken_for_the_file(far_end: SimulatedSlack):
    (file,) = await shared(far_end, SharedFile(name="kubelet.log", content=LOG.encode()))
    async with Slack(AsyncWebClient(token="xoxb-without-files-read", base_url=far_end.api_url)) as other:
        read = await other.files.read(file)
    assert read.text == ""
    assert read.refusal is not None
    assert "files:read" in read.refusal.en
    assert "files:read" in read.refusal.zh


async def test_missing_scope_for_a_file_lookup_is_named(far_end: SimulatedSlack, slack: Slack):
    far_end.fail("files.info", error="missing_scope", needed="files:read", provided="chat:write")
    read = await slack.files.read({"id": "F0", "file_access": "check_file_info"})
    assert read.refusal is not None
    assert "files:read" in read.refusal.en


async def test_deleted_file_is_reported_as_gone(slack: Slack):
    read = await slack.files.read({"id": "F0NONE"})
    assert read.refusal is not None
    assert "deleted" in read.refusal.en


class Elsewhere:
    """Another server, which records the Authorization headers it gets."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.answers: list[web.Response] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.tokens.append(request.headers.get("Authorization", ""))
        return self.answers.pop(0) if self.answers else web.Response(text="stolen")


@pytest.fixture
async def server() -> AsyncIterator[Callable]:
    async with AsyncExitStack() as started:

        async def start() -> Elsewhere:
            far = Elsewhere()
            far.url = await started.enter_async_context(serving(far.handle))
            return far

        yield start


async def test_externally_hosted_file_is_not_downloaded(slack: Slack, server: Callable):
    elsewhere = await server()
    read = await slack.files.read({"id": "F1", "name": "a.log", "url_private_download": f"{elsewhere.url}/a.log"})
    assert read.refusal is not None
    assert "not stored in Slack" in read.refusal.en
    assert elsewhere.tokens == []


async def test_redirect_to_a_foreign_host_is_not_followed(server: Callable):
    slack_like, elsewhere = await server(), await server()
    slack_like.answers = [web.Response(status=302, headers={"Location": f"{elsewhere.url}/a.log"})]
    async with Slack(AsyncWebClient(token="xoxb-secret", base_url=f"{slack_like.url}/api/")) as slack:
        read = await slack.files.read({"id": "F1", "name": "a.log", "url_private": f"{slack_like.url}/a.log"})
    assert read.refusal is not None
    assert slack_like.tokens == ["Bearer xoxb-secret"]
    assert elsewhere.tokens == []


async def test_redirect_within_slack_is_followed_without_loops(server: Callable):
    slack_like = await server()
    here = {"Location": "/b.log"}
    slack_like.answers = [web.Response(status=302, headers=here), web.Response(text="the log")]
    async with Slack(AsyncWebClient(token="xoxb-secret", base_url=f"{slack_like.url}/api/")) as slack:
        file = {"id": "F1", "name": "a.log", "url_private": f"{slack_like.url}/a.log"}
        assert (await slack.files.read(file)).text == "the log"
        slack_like.answers = [web.Response(status=302, headers=here) for _ in range(10)]
        assert (await slack.files.read(file)).refusal is not None


async def test_failing_download_is_retried_then_unavailable(server: Callable):
    slack_like = await server()
    slack_like.answers = [web.Response(status=503), web.Response(text="the log")]
    limits = Limits(first_pause=0.001)
    async with Slack(AsyncWebClient(token="xoxb-secret", base_url=f"{slack_like.url}/api/"), limits=limits) as slack:
        file = {"id": "F1", "name": "a.log", "url_private": f"{slack_like.url}/a.log"}
        assert (await slack.files.read(file)).text == "the log"
        slack_like.answers = [web.Response(status=503) for _ in range(10)]
        with pytest.raises(SlackUnavailable):
            await slack.files.read(file)


REAL = Hosts(base_url="https://slack.com/api/")
OTHERS = ["http", "ws", "ftp"]


@pytest.mark.parametrize(
    "url",
    [
        "https://slack.com/api/x",
        "https://files.slack.com/files-pri/T1-F1/download/a.log",
        "https://acme.enterprise.slack.com/x",
        "https://hooks.slack.com/actions/T1/2/3",
    ],
)
def test_slack_hosts_are_trusted(url: str):
    assert REAL.trusted(url) is not None


@pytest.mark.parametrize(
    "url",
    [
        "http://files.slack.com/a",
        "https://files.slack.com:8443/a",
        "https://evilslack.com/a",
        "https://slack.com.evil.example/a",
        "https://files.slack.com@evil.example/a",
        "https://evil.example/?u=https://slack.com",
        "https://evil.example#.slack.com",
        "https://evil.example\\.slack.com/a",
        "//files.slack.com/a",
        "/files",
        "",
        "https://",
        "https://[::1",
        "file:///etc/passwd",
    ],
)
def test_other_hosts_are_not_trusted(url: str):
    assert REAL.trusted(url) is None


@given(host=st.from_regex(r"[a-z0-9.-]{1,40}", fullmatch=True))
def test_only_slack_domains_are_trusted(host: str):
    trusted = REAL.trusted(f"https://{host}/x")
    assert trusted is None or f".{trusted.host}".rstrip(".").endswith(".slack.com")


def test_simulated_slack_is_trusted_only_at_its_own_port():
    loopback = Hosts(base_url="http://127.0.0.1:8080/api/")
    assert loopback.trusted("http://127.0.0.1:8080/files/a") is not None
    for other in (
        "http://127.0.0.1:8081/a",
        "https://127.0.0.1:8080/a",
        "http://localhost:8080/a",
        "https://slack.com/a",
    ):
        assert loopback.trusted(other) is None


@given(content=st.binary(max_size=300))
def test_any_bytes_are_decoded_or_rejected_as_binary(content: bytes):
    try:
        text = decoded(unpacked(content, limit=1000))
    except (NotText, TooLarge):
        return
    assert "\0" not in text


@given(
    text=st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cc", "Cs"]), max_size=200)
)
def test_utf_8_is_unchanged(text: str):
    content = text.encode()
    if not content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x1f\x8b")):
        assert decoded(content) == text


@given(words=st.text(st.sampled_from("镜像拉取失败超时：，。error 1\n"), max_size=200), cut=st.sampled_from([0, 1]))
def test_chinese_is_decoded_except_a_truncated_character(words: str, cut: int):
    text = f"{words}\n磁盘和内存的错误日志已满，请检查容器镜像"
    content = text.encode("gbk")
    assert decoded(content[: len(content) - cut]) == (text[:-1] + "\ufffd" if cut else text)


@given(words=st.lists(st.sampled_from(["größer", "über", "Füße", "déjà", "créé", "où", "señor", "niño", "são"])))
def test_accented_words_are_not_decoded_as_chinese(words: list[str]):
    text = " ".join(words)
    assert decoded(text.encode("latin-1")) == text


@given(parts=st.lists(st.binary(max_size=2000), min_size=1, max_size=4), limit=st.integers(0, 3000))
def test_unpacking_stays_within_its_limit(parts: list[bytes], limit: int):
    packed = b"".join(gzip.compress(part) for part in parts)
    whole = b"".join(parts)
    if len(whole) > limit:
        with pytest.raises(TooLarge):
            unpacked(packed, limit=limit)
    elif whole:
        assert unpacked(packed, limit=limit) == whole


async def test_concurrent_file_reads_do_not_mix(far_end: SimulatedSlack, slack: Slack):
    files = await shared(
        far_end, *(SharedFile(name=f"{number}.log", content=f"log {number}".encode()) for number in range(5))
    )
    read = await asyncio.gather(*(slack.files.read(file) for file in files))
    assert [each.text for each in read] == [f"log {number}" for number in range(5)]
