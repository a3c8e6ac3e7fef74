"""Use the playground as a newcomer: paste, read the answer, press its button, read the result."""

from __future__ import annotations

import re
from typing import Final

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Demo, Open

CONFIRMED: Final = re.compile("confirmed", re.IGNORECASE)
FIXED: Final = re.compile(r"(?<!NOT )FIXED")
NOT_FIXED: Final = re.compile("NOT FIXED")
pytestmark = pytest.mark.asyncio(loop_scope="module")

# The app verifies for a while that the fix lasts, and longer if it does not.
WATCHED_MS: Final = 45_000


async def send_sample(page: Page, about: str, *, saying: str) -> Locator:
    """Send the sample whose row says `about`, open its thread, and return the bot's answer.

    `saying` is text that only this sample contains: all samples share the channel.
    """
    await page.get_by_test_id("samples-all").click()
    await page.get_by_test_id("samples-filter").fill(about)
    row = page.get_by_test_id("samples-dialog").locator("li:visible")
    await expect(row).to_have_count(1)
    await row.get_by_role("button", name="Send", exact=True).click()
    sent = page.locator("#channel").get_by_test_id("message").filter(has_text=saying)
    await sent.get_by_test_id("open-thread").click()
    return page.get_by_test_id("thread-messages").locator("[data-testid=message][data-bot=true]").first


async def press_and_confirm(page: Page, answer: Locator) -> str:
    """Press the answer's first remedy and submit its dialog; return the dialog's text."""
    await answer.locator("[data-testid=action][data-action^=remedy]").first.click()
    await expect(page.get_by_test_id("dialog-submit")).to_be_enabled()
    said = await page.get_by_test_id("dialog-body").inner_text()
    await page.get_by_test_id("dialog-submit").click()
    await expect(page.get_by_test_id("dialog")).to_be_hidden()
    return said


async def open_the_dialog(page: Page) -> None:
    """Send the bare command until its dialog opens.

    Slack lets an app open one for three seconds; on a machine too busy for that the app answers with its help.
    """
    dialog = page.locator("[data-testid=dialog]:visible")
    helped = page.locator("#channel [data-testid=message][data-bot=true]")
    for tried in range(3):
        await page.get_by_test_id("composer").fill("/diagnose")
        await page.get_by_test_id("send").click()
        await expect(dialog.or_(helped.nth(tried)).first).to_be_visible()
        if await dialog.is_visible():
            return
    await expect(dialog).to_be_visible()


async def test_after_a_press_the_same_message_says_fixed(demo: Demo, open_page: Open) -> None:
    page = await open_page(await demo())

    answer = await send_sample(page, "the registry did not answer, and does again", saying="-n front get")
    await expect(answer).to_contain_text(CONFIRMED)
    ts = await answer.get_attribute("data-ts") or ""
    said = await press_and_confirm(page, answer)

    assert "Pod front/checkout-6f4d8b7c5-kz9wp" in said
    assert "-pod: checkout-6f4d8b7c5-kz9wp" in said.splitlines()
    await expect(answer).to_contain_text(FIXED, timeout=WATCHED_MS)
    await expect(answer).not_to_contain_text(NOT_FIXED)
    await expect(answer).to_have_count(1)
    await expect(answer).to_have_attribute("data-ts", ts)


async def test_if_the_fault_persists_the_same_message_says_not_fixed(demo: Demo, open_page: Open) -> None:
    page = await open_page(await demo())

    answer = await send_sample(page, "a restart changes nothing", saying="-n front-3 get")
    await expect(answer).to_contain_text(CONFIRMED)
    ts = await answer.get_attribute("data-ts") or ""
    await press_and_confirm(page, answer)

    await expect(answer).to_contain_text(NOT_FIXED, timeout=WATCHED_MS)
    await expect(answer).to_have_count(1)
    await expect(answer).to_have_attribute("data-ts", ts)


async def test_the_incident_channel_shows_a_summary_and_the_confirmed_cause(demo: Demo, open_page: Open) -> None:
    page = await open_page(await demo("--scenario", "image-pull-failed"))

    await page.get_by_test_id("channel").filter(has_text="inc-142-checkout").click()
    said = page.get_by_test_id("messages").locator("[data-testid=message]")
    await expect(said.first).to_contain_text("checkout is throwing 503s")
    summary = said.filter(has_text="Diagnosis of the cluster")
    await expect(summary).to_contain_text(
        re.compile("CONFIRMED.*An image cannot be pulled", re.DOTALL), timeout=WATCHED_MS
    )

    await expect(page.get_by_test_id("pin")).to_have_count(1)
    await expect(summary).to_contain_text("Commander: @priya")
    await expect(summary).not_to_contain_text("coffee machine")
    await page.get_by_test_id("pin").click()
    await expect(summary.get_by_text("#inc-142-checkout").first).to_be_in_viewport()


async def test_a_member_who_may_only_read_gets_a_refusal_instead_of_a_dialog(demo: Demo, open_page: Open) -> None:
    page = await open_page(await demo("--scenario", "image-pull-failed"))
    await page.get_by_test_id("act-as").select_option(label="sam — may read, not act")

    await page.get_by_test_id("sample-send-1").click()
    await page.locator("#channel").get_by_test_id("open-thread").click()
    answer = page.get_by_test_id("thread-messages").locator("[data-testid=message][data-bot=true]").first
    await expect(answer).to_contain_text(CONFIRMED)
    await answer.locator("[data-testid=action][data-action^=remedy]").first.click()

    await expect(page.get_by_test_id("dialog")).to_contain_text("does not allow you")
    await expect(page.get_by_test_id("dialog-submit")).to_have_count(0)


async def open_alerts(page: Page) -> Locator:
    """Open #alerts and return its messages."""
    await page.get_by_test_id("channel").filter(has_text="alerts").click()
    return page.locator("#channel").get_by_test_id("message")


async def test_an_alert_is_diagnosed_and_closed_after_its_remedy(demo: Demo, open_page: Open) -> None:
    page = await open_page(await demo())
    posts = (await open_alerts(page)).filter(has_text="KubePodNotReady")

    await page.get_by_test_id("event-alert").click()
    await expect(posts).to_contain_text("1 alert firing")
    await expect(posts).to_contain_text(CONFIRMED)
    await expect(posts).to_contain_text("does not have it")

    pod = page.get_by_test_id("cluster-item").filter(has_text="tickets/booking")
    await pod.first.get_by_test_id("diagnose-item").click()
    await page.get_by_test_id("send").click()
    answer = page.locator("#channel [data-testid=message][data-bot=true]").filter(has_text="Roll ").last
    await answer.get_by_role("button", name=re.compile("^Roll ")).click()
    await page.get_by_test_id("dialog-submit").click()

    await expect(posts).to_contain_text("Resolved", timeout=WATCHED_MS)
    await expect(posts).to_have_count(1)
    await expect(page.get_by_test_id("event-alert")).to_have_text("An alert fires")


async def test_the_watch_posts_by_itself_and_says_when_it_is_over(demo: Demo, open_page: Open) -> None:
    page = await open_page(await demo())
    await page.get_by_test_id("samples-all").click()
    await page.get_by_test_id("event-row-watch").click()
    await expect(page.get_by_test_id("channel-title")).to_contain_text("alerts")

    posts = page.locator("#channel").get_by_test_id("message").filter(has_text="tracker-routes does not exist")
    await expect(posts).to_contain_text(CONFIRMED, timeout=WATCHED_MS)
    await page.get_by_test_id("event-watch").click()

    await expect(posts).to_contain_text("Over after", timeout=WATCHED_MS)
    await expect(posts).to_have_count(1)


async def test_a_saved_incident_answers_the_next_paste(demo: Demo, open_page: Open) -> None:
    page = await open_page(await demo("--scenario", "image-pull-failed"))
    cause = "The nightly import ran twice."

    answer = await send_sample(page, "Save as incident", saying="settlement cursor")
    await expect(answer).to_contain_text("don't know", ignore_case=True)
    await page.get_by_test_id("thread-composer").fill(cause)
    await page.get_by_test_id("thread-send").click()
    thread = page.get_by_test_id("thread-messages").get_by_test_id("message")
    await expect(thread).to_have_count(3)
    await thread.first.hover()
    await thread.first.get_by_test_id("message-menu").click()
    await page.get_by_role("menuitem", name="Save as incident").click()

    entered = page.get_by_test_id("dialog").get_by_test_id("input")
    await expect(entered.nth(1)).to_have_value(re.compile("settlement cursor stuck"))
    await expect(entered.nth(2)).to_have_value(cause)
    await page.get_by_test_id("dialog-submit").click()
    await expect(page.get_by_test_id("dialog-body")).to_contain_text("settlement cursor stuck at batch <_>")
    await page.get_by_test_id("dialog-submit").click()
    await expect(thread).to_have_count(4)

    await page.get_by_test_id("close-thread").click()
    await page.get_by_test_id("composer").fill(
        "@casebook acme-ledger: settlement cursor stuck at batch 9, waiting for shard 2"
    )
    await page.get_by_test_id("send").click()
    await (
        page.locator("#channel")
        .get_by_test_id("message")
        .filter(has_text="shard 2")
        .get_by_test_id("open-thread")
        .click()
    )
    again = page.get_by_test_id("thread-messages").locator("[data-testid=message][data-bot=true]")
    await expect(again).to_contain_text(cause)
    await expect(again).to_contain_text("POSSIBLE")


async def test_the_direct_message_offers_prompts_and_a_home_tab(demo: Demo, open_page: Open) -> None:
    page = await open_page(await demo())

    await page.get_by_test_id("channel").filter(has_text="casebook").click()
    await page.get_by_test_id("prompt").first.click()
    answer = page.get_by_test_id("thread-messages").locator("[data-testid=message][data-bot=true]").first
    await expect(answer).to_contain_text(CONFIRMED)
    await expect(page.get_by_test_id("session-working")).to_be_hidden()

    await page.get_by_test_id("tab-home").click()
    home = page.get_by_test_id("app-home")
    await expect(home).to_contain_text("problems in cluster")
    await home.locator("[data-action^=diagnose]").last.click()
    await expect(home).to_be_hidden()
    await expect(page.locator("#channel").locator("[data-testid=message][data-bot=true]")).to_have_count(1)


async def test_the_dialog_of_the_bare_command_offers_names_for_what_is_typed(demo: Demo, open_page: Open) -> None:
    page = await open_page(await demo("--scenario", "image-pull-failed"))

    await open_the_dialog(page)
    namespace = page.get_by_test_id("dialog").locator(".suggesting").first
    await expect(namespace.locator("select")).to_be_hidden()
    await namespace.get_by_test_id("suggest").fill("fro")
    await expect(namespace.locator("option")).to_contain_text(["Choose…", "front"])
    # The choice draws the dialog anew while the button is down, and the click still counts.
    await page.get_by_test_id("dialog-submit").hover()
    await page.mouse.down()
    async with page.expect_response("**/click_view"):
        await namespace.locator("select").select_option(label="front")
    await page.mouse.up()

    answer = page.locator("#channel [data-testid=message][data-bot=true]").last
    await expect(answer).to_contain_text("in namespace front")
