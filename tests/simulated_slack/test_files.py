import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import SharedFile, SimulatedSlack
from tests.simulated_slack.refusals import error
from tests.slack_administration import revoke_token


async def download(url: str, token: str | None) -> tuple[int, str, bytes]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
        return response.status, response.content_type, await response.read()


async def test_the_sdk_uploads_into_a_thread(slack: SimulatedSlack, client: AsyncWebClient, incidents: str, ana: str):
    ts = await slack.say(ana, incidents, "it is broken")

    answer = await client.files_upload_v2(
        channel=incidents, thread_ts=ts, filename="evidence.txt", content="line 1\nline 2", title="Evidence",
        initial_comment="the rest", snippet_type="text",
    )  # fmt: skip

    (message,) = slack.messages(incidents, thread_ts=ts)
    assert (message["text"], message["files"][0]["id"]) == ("the rest", answer["file"]["id"])
    (file,) = slack.files()
    assert (file["title"], file["mode"], file["size"], file["channels"]) == ("Evidence", "snippet", 13, [incidents])
    assert slack.file_content(file["id"]) == b"line 1\nline 2"


async def test_an_upload_is_completed_once_and_only_after_its_bytes(client: AsyncWebClient, incidents: str):
    complete = client.files_completeUploadExternal
    announced = await client.files_getUploadURLExternal(filename="a.txt", length=3)
    files = [{"id": announced["file_id"], "title": "A"}]

    assert await error(complete(files=files)) == "file_not_found"
    async with aiohttp.ClientSession() as session:
        async with session.post(announced["upload_url"], data=b"abc") as response:
            assert (response.status, await response.text()) == (200, "OK - 3")
        assert await error(complete(files=files, channel_id="C999")) == "channel_not_found"
        assert (await complete(files=files, channel_id=incidents))["ok"]
        assert await error(complete(files=files, channel_id=incidents)) == "file_not_found"
        async with session.post(announced["upload_url"], data=b"abc") as response:
            assert response.status == 400
        async with session.post(announced["upload_url"] + "x", data=b"abc") as response:
            assert response.status == 404


async def test_a_snippet_is_at_most_a_megabyte(client: AsyncWebClient):
    with pytest.raises(SlackApiError, match="snippet_too_large"):
        await client.files_getUploadURLExternal(filename="a.txt", length=1024 * 1024 + 1, snippet_type="text")


async def test_only_the_bot_token_downloads_a_file(slack: SimulatedSlack, receiver, incidents: str, ana: str):
    content = "Back-off restarting failed container\n"
    await slack.say(ana, incidents, "see this", files=[("pod.log", content)])
    url = receiver.events[0]["files"][0]["url_private_download"]

    assert await download(url, slack.bot_token) == (200, "application/octet-stream", content.encode())
    for token in (None, "xoxb-wrong", slack.app_token):
        status, kind, body = await download(url, token)
        assert (status, kind, b"Sign in" in body) == (200, "text/html", True)
    assert (await download(url.replace("-F0", "-F9"), slack.bot_token))[0] == 404
    revoke_token(slack)
    assert (await download(url, slack.bot_token))[1] == "text/html"


async def test_a_slack_connect_file_is_read_with_files_info(
    slack: SimulatedSlack, receiver, client: AsyncWebClient, incidents: str, ana: str
):
    shared = SharedFile(name="pod.log", content=b"Back-off", snippet=True, only_listed=True, claimed_size=5_000_000)
    await slack.say(ana, incidents, "", files=[shared])

    info = await client.files_info(file=receiver.events[0]["files"][0]["id"])

    assert (info["file"]["name"], info["file"]["size"], info["content"]) == ("pod.log", 5_000_000, "Back-off")
    assert (await download(info["file"]["url_private"], slack.bot_token))[2] == b"Back-off"
    with pytest.raises(SlackApiError, match="file_not_found"):
        await client.files_info(file="F999")


async def test_a_deleted_file_leaves_its_message_and_a_tombstone(
    slack: SimulatedSlack, receiver, client: AsyncWebClient, incidents: str
):
    uploaded = await client.files_upload_v2(channel=incidents, filename="a.txt", content="line 1")
    kept = await client.files_upload_v2(channel=incidents, filename="b.txt", content="line 2")
    file = uploaded["file"]["id"]

    await client.files_delete(file=file)

    message, _ = slack.messages(incidents)
    assert message["files"] == [{"id": file, "mode": "tombstone"}]
    assert [each["id"] for each in slack.files()] == [kept["file"]["id"]]
    assert await error(client.files_delete(file=file)) == "file_deleted"
    assert await error(client.files_info(file=file)) == "file_deleted"
    assert (await download(uploaded["file"]["url_private"], slack.bot_token))[0] == 404
    third = await client.files_upload_v2(channel=incidents, filename="c.txt", content="line 3")
    assert third["file"]["id"] not in (file, kept["file"]["id"])


async def test_the_bot_deletes_only_its_own_files(
    slack: SimulatedSlack, receiver, client: AsyncWebClient, incidents: str, ana: str
):
    await slack.say(ana, incidents, "see this", files=[("pod.log", "Back-off")])

    shared = receiver.events[0]["files"][0]["id"]
    assert await error(client.files_delete(file=shared)) == "cant_delete_file"
    assert await error(client.files_delete(file="F999")) == "file_not_found"
