"""Follow a busy channel in a real browser: new messages, code blocks, and the way to the message box."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="session")

FOCUSED = "document.activeElement.dataset.testid"


async def test_the_view_follows_own_messages_and_marks_those_of_others(stage, page: Page) -> None:
    stage.slack.deliver_to(None)
    for at in range(30):
        await stage.slack.say(stage.guest, stage.general, f"line {at}\nof the log")
    messages = page.locator("#channel [data-testid=message]")
    await expect(messages).to_have_count(30)
    await expect(messages.last).to_be_in_viewport()

    # A reader of earlier messages stays there and is told that there are new ones.
    await messages.first.scroll_into_view_if_needed()
    await stage.slack.say(stage.guest, stage.general, "later")
    await stage.slack.say(stage.guest, stage.general, "later still")
    await expect(messages.first).to_be_in_viewport()
    await expect(messages.filter(has=page.get_by_test_id("new-from"))).to_contain_text("later")
    await expect(page.locator("#channel").get_by_test_id("new-from")).to_have_count(1)
    await page.locator("#channel").get_by_test_id("new-below").click()
    await expect(messages.last).to_be_in_viewport()
    await expect(page.locator("#channel").get_by_test_id("new-below")).to_be_hidden()

    await messages.first.scroll_into_view_if_needed()
    await page.get_by_test_id("composer").fill("I take it")
    await page.keyboard.press("Enter")
    await expect(messages.last).to_contain_text("I take it")
    await expect(messages.last).to_be_in_viewport()
    await expect(page.locator("#channel").get_by_test_id("new-from")).to_have_count(0)


async def test_the_message_box_is_reached_without_passing_every_link(stage, page: Page) -> None:
    stage.slack.deliver_to(None)
    for at in range(12):
        await stage.slack.say(stage.guest, stage.general, f"see https://example.com/{at} and https://example.com/b{at}")
    messages = page.locator("#channel [data-testid=message]")
    await expect(messages).to_have_count(12)

    # Within the list, only the controls of one message are tab stops.
    await messages.last.focus()
    stops: list[str] = []
    while not stops or stops[-1] != "composer":
        await page.keyboard.press("Tab")
        stops.append(await page.evaluate(FOCUSED))
        assert len(stops) < 20, stops
    await page.evaluate("document.activeElement.blur()")

    # Typing goes to the message box, also from a message.
    await page.keyboard.type("kubectl")
    await expect(page.get_by_test_id("composer")).to_have_value("kubectl")
    await messages.first.focus()
    await page.keyboard.type("!")
    await expect(page.get_by_test_id("composer")).to_have_value("kubectl!")


async def test_code_blocks_are_copied_and_diffs_coloured(stage, page: Page) -> None:
    stage.slack.deliver_to(None)
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    diff = " spec:\n-  replicas: 1\n+  replicas: 3"
    await stage.slack.say(stage.guest, stage.general, f"```\n{diff}\n```")
    await stage.slack.say(stage.guest, stage.general, "```\n- one\ntwo\n```")
    messages = page.locator("#channel [data-testid=message]")
    await expect(messages).to_have_count(2)

    await expect(messages.first.locator(".diff.removed")).to_have_text("-  replicas: 1\n")
    await expect(messages.first.locator(".diff.added")).to_have_text("+  replicas: 3")
    await expect(messages.last.locator(".diff")).to_have_count(0)
    await messages.first.locator("pre").hover()
    await messages.first.get_by_test_id("copy").click()
    await expect(messages.first.get_by_test_id("copy")).to_have_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == diff
