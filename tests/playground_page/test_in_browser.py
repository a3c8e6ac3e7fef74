"""Use the page in a real browser as a newcomer does: mouse, keyboard, dark theme, phone."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_paste_answer_press_confirm_and_watch_the_cluster_recover(stage, page):
    await page.get_by_test_id("sample-0").click()
    await expect(page.get_by_test_id("composer")).to_have_value(re.compile("Failed to pull image"))
    await page.get_by_test_id("send").click()
    await expect(page.get_by_test_id("composer")).to_have_value("")

    # The thread of the user's own paste opens when the app answers in it.
    answer = page.get_by_test_id("thread").locator("[data-testid=message][data-bot=true]")
    await expect(answer).to_contain_text("Confirmed: the image tag does not exist")
    await expect(page.get_by_test_id("open-thread")).to_contain_text("1 reply")
    await expect(page.get_by_test_id("announcer")).to_contain_text("casebook: Confirmed")

    stage.app.gate.shut()
    button = answer.locator("[data-action=restart]")
    await button.click()
    await expect(button).to_be_disabled()
    stage.app.gate.open()
    dialog = page.get_by_test_id("dialog")
    await expect(page.get_by_test_id("dialog-title")).to_have_text("Restart cart-0")
    await expect(dialog).to_contain_text("+ image: cart:2.4.0")
    await expect(page.get_by_test_id("dialog-submit")).to_have_text("Restart")

    broken = page.locator("[data-testid=cluster-item][data-state=broken]")
    await expect(broken).to_have_count(2)
    await page.get_by_test_id("dialog-submit").click()
    await expect(dialog).to_be_hidden()
    await expect(broken).to_have_count(0)
    await expect(page.locator("[data-testid=cluster-item][data-state=recovered]")).to_have_count(2)
    await expect(page.get_by_test_id("cluster-summary")).to_contain_text("Nothing is broken")
    await expect(page.get_by_test_id("requests")).to_contain_text("DELETE")
    await expect(answer).to_contain_text("✅ Fixed: verified after 2 s.")
    await expect(answer.get_by_test_id("edited")).to_be_visible()
    await expect(page.get_by_test_id("guide")).to_contain_text("All four steps done")


async def test_every_action_works_without_a_mouse(stage, page):
    focused = "document.activeElement.dataset.testid"
    await page.get_by_test_id("composer").focus()
    await page.keyboard.type("first line")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("second line")
    await page.keyboard.press("Enter")
    answer = page.get_by_test_id("thread").locator("[data-testid=message][data-bot=true]")
    await expect(answer).to_be_visible()
    assert stage.slack.messages(stage.general)[0]["text"] == "first line\nsecond line"
    assert await page.evaluate(focused) == "composer"

    # The slash menu: arrows choose, Tab takes, Esc closes.
    await page.keyboard.type("/di")
    await expect(page.get_by_test_id("suggestion").first).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Tab")
    await expect(page.get_by_test_id("composer")).to_have_value("/diagnose pod shop/cart-0 ")
    await page.keyboard.press("Enter")
    only_me = page.locator("[data-testid=message][data-ephemeral=true]")
    await expect(only_me).to_contain_text("You asked: pod shop/cart-0")
    await expect(only_me).to_contain_text("Only visible to you")
    await page.keyboard.type("/")
    await expect(page.get_by_test_id("slash-menu")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("slash-menu")).to_be_hidden()
    await expect(page.get_by_test_id("thread")).to_be_visible()

    # A dialog keeps the focus inside; Esc closes it and restores the focus.
    await answer.locator("[data-action=restart]").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("dialog")).to_be_visible()
    for _ in range(8):
        await page.keyboard.press("Tab")
        assert await page.evaluate(
            "document.activeElement === document.body || Boolean(document.activeElement.closest('dialog'))"
        )
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("dialog")).to_be_hidden()
    assert await page.evaluate("document.activeElement.dataset.action") == "restart"
    await stage.slack.wait_for(lambda: any(each.get("type") == "view_closed" for each in stage.app.payloads), timeout=5)

    # A message's menu opens from its button; Esc closes the menu, then the thread.
    await page.locator("#channel [data-testid=message-menu]").first.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("shortcut-casebook.diagnose_this")).to_be_focused()
    await page.keyboard.press("Escape")
    assert await page.evaluate(focused) == "message-menu"
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("thread")).to_be_hidden()


async def test_a_message_is_pinned_and_reacted_to(stage, page):
    stage.slack.deliver_to(None)
    ts = await stage.slack.say(stage.oncall, stage.general, "rolling back <b>cart</b>\nsince 10:02")
    message = page.locator(f"#channel [data-ts='{ts}']")
    for entry in ("pin-message", "react"):
        await message.hover()
        await message.get_by_test_id("message-menu").click()
        await page.get_by_test_id(entry).click()

    await expect(page.get_by_test_id("pin")).to_have_text("📌 rolling back <b>cart</b> pinned by mira")
    await expect(message.get_by_test_id("reactions")).to_have_text("📌 1")
    await page.get_by_test_id("pin").click()
    await expect(message).to_be_focused()

    await message.get_by_test_id("reactions").get_by_role("button").click()
    await expect(message.get_by_test_id("reactions")).to_be_hidden()
    await stage.slack.marks.unpin(stage.oncall, stage.general, ts)
    await expect(page.get_by_test_id("pins")).to_be_hidden()


async def test_the_menu_of_a_message_runs_shortcuts_edits_and_deletes(stage, page):
    stage.slack.deliver_to(None)
    ts = await stage.slack.say(stage.oncall, stage.general, "look at registry.example.com/cart")
    await stage.slack.say(stage.guest, stage.general, "not mine <img src=x onerror=alert(1)>")
    stage.slack.deliver_to(stage.app.url)
    message = page.locator(f"#channel [data-ts='{ts}']")
    await message.hover()
    await message.get_by_test_id("message-menu").click()
    builder = await page.get_by_test_id("block-kit-builder").get_attribute("href")
    assert builder is not None
    assert builder.startswith("https://app.slack.com/block-kit-builder/#%7B%22blocks%22")
    await page.get_by_test_id("shortcut-casebook.diagnose_this").click()
    await expect(message.get_by_test_id("open-thread")).to_contain_text("1 reply")

    await message.get_by_test_id("message-menu").click()
    await page.get_by_test_id("edit-message").click()
    field = page.get_by_test_id("edit-field")
    await expect(field).to_have_value("look at registry.example.com/cart")
    await field.fill("never mind")
    await page.get_by_test_id("confirm-yes").click()
    await expect(message).to_contain_text("never mind")
    await expect(message.get_by_test_id("edited").first).to_be_visible()

    await message.hover()
    await message.get_by_test_id("message-menu").click()
    await page.get_by_test_id("delete-message").click()
    await page.get_by_test_id("confirm-yes").click()
    await expect(message).to_contain_text("This message was deleted")
    await expect(message.locator(".author")).to_have_text("Slackbot")

    others = page.locator("#channel").get_by_test_id("message").filter(has_text="not mine")
    await expect(others).to_contain_text("<img src=x onerror=alert(1)>")
    await others.hover()
    await others.get_by_test_id("message-menu").click()
    await expect(page.get_by_test_id("menu")).to_be_visible()
    await expect(page.get_by_test_id("edit-message")).to_have_count(0)
    await page.keyboard.press("Escape")


async def test_errors_appear_where_the_action_was_taken(stage, page):
    composer = page.get_by_test_id("composer")
    await composer.fill("/nonsense now")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("composer-error")).to_have_text("/nonsense is not a valid command.")
    await expect(composer).to_have_value("/nonsense now")

    await composer.fill("help")
    await page.keyboard.press("Enter")
    answer = page.get_by_test_id("thread").locator("[data-testid=message][data-bot=true]")
    stage.app.refuse_presses = True
    await answer.locator("[data-action=restart]").click()
    await expect(answer.get_by_test_id("press-failed")).to_have_text("The app answered with HTTP 500.")
    await expect(answer.locator("[data-action=restart]")).to_be_enabled()

    stage.app.refuse_presses = False
    stage.app.errors = {"why": "Say why."}
    await answer.locator("[data-action=restart]").click()
    why = page.get_by_test_id("dialog").get_by_label("Why")
    await why.fill("because")
    await page.get_by_test_id("dialog-submit").click()
    await expect(page.get_by_test_id("input-error")).to_have_text("Say why.")
    await expect(why).to_have_value("because")

    # The app updates the open dialog; entered values stay.
    [view] = stage.slack.views(stage.oncall)
    changed = {name: view[name] for name in ("type", "title", "submit", "callback_id")} | {
        "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "Changed"}}, view["blocks"][1]]
    }
    await stage.app.call("views.update", view_id=view["id"], view=changed)
    await expect(page.get_by_test_id("dialog-body")).to_contain_text("Changed")
    await expect(why).to_have_value("because")


async def test_acting_as_another_user_shows_what_they_see(stage, page):
    await stage.slack.slash(stage.oncall, stage.general, "help")
    only_me = page.locator("[data-testid=message][data-ephemeral=true]")
    await expect(only_me).to_have_count(1)
    await page.get_by_test_id("act-as").select_option(stage.guest)
    await expect(only_me).to_have_count(0)
    await expect(page.get_by_test_id("channel")).to_have_count(2)
    await page.get_by_test_id("channel").filter(has_text="inc-42").click()
    await expect(page.get_by_test_id("channel-title")).to_contain_text("inc-42")
    await page.get_by_test_id("composer").fill("hi @casebook in #general")
    await page.keyboard.press("Enter")
    bot = stage.slack.bot_user_id
    await stage.slack.wait_for(lambda: stage.slack.messages(stage.incident), timeout=5)
    said = stage.slack.messages(stage.incident)[0]
    assert (said["user"], said["text"]) == (stage.guest, f"hi <@{bot}> in <#{stage.general}>")
    await page.reload()
    await expect(page.get_by_test_id("act-as")).to_have_value(stage.guest)


async def test_the_inspector_shows_raw_payloads_newest_first(stage, page):
    await stage.slack.say(stage.oncall, stage.general, "help")
    await page.get_by_test_id("toggle-inspector").click()
    entries = page.get_by_test_id("inspector-entry")
    await expect(entries.filter(has_text="chat.postMessage")).to_have_count(1)
    await entries.filter(has_text="chat.postMessage").click()
    await expect(page.get_by_test_id("inspector-raw")).to_contain_text('"method": "chat.postMessage"')
    await page.get_by_test_id("inspector-filter").fill("nothing has this in it")
    await expect(entries).to_have_count(0)
    await page.get_by_test_id("inspector-filter").fill("postmessage")
    await expect(entries.first).to_have_attribute("data-name", "chat.postMessage")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("inspector")).to_be_hidden()


_LIGHTNESS = """() => {
  const parts = getComputedStyle(document.querySelector(".channel")).backgroundColor.match(/[\\d.]+/g).map(Number);
  return (parts[0] + parts[1] + parts[2]) / 3;
}"""


async def test_the_theme_follows_the_system_until_the_button_is_pressed(page):
    assert await page.evaluate(_LIGHTNESS) > 200
    await page.emulate_media(color_scheme="dark")
    assert await page.evaluate(_LIGHTNESS) < 60
    await page.get_by_test_id("toggle-theme").click()
    assert await page.evaluate(_LIGHTNESS) > 200
    await page.reload()
    await page.get_by_test_id("cluster-item").first.wait_for()
    assert await page.evaluate(_LIGHTNESS) > 200


async def test_on_a_phone_nothing_is_cut_off(stage, page):
    await page.set_viewport_size({"width": 380, "height": 780})
    await page.get_by_test_id("sample-send-0").click()
    answer = page.get_by_test_id("thread").locator("[data-testid=message][data-bot=true]")
    await expect(answer).to_be_visible()
    await expect(page.get_by_test_id("channel-pane")).to_be_hidden()
    assert await page.evaluate("document.documentElement.scrollWidth") == 380
    await page.get_by_test_id("close-thread").click()
    await page.get_by_test_id("toggle-cluster").click()
    await page.get_by_test_id("diagnose-item").last.click()
    await expect(page.get_by_test_id("composer")).to_have_value("/diagnose pod shop/cart-0")
    await expect(page.get_by_test_id("composer")).to_be_focused()
    assert await page.evaluate("document.documentElement.scrollWidth") == 380


async def test_a_lost_server_is_reported_and_the_address_has_no_token(stage, page):
    assert page.url == f"{stage.origin}/"
    await expect(page.get_by_test_id("link-state")).to_have_text("")
    await page.context.set_offline(True)
    await page.get_by_test_id("composer").fill("hello?")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("composer-error")).to_contain_text("cannot be reached")
    await expect(page.get_by_test_id("composer")).to_have_value("hello?")
    await page.context.set_offline(False)
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("composer")).to_have_value("")


async def test_a_permalink_opens_its_message_on_the_page(stage, page):
    await stage.slack.say(stage.oncall, stage.general, "help")
    answer = next(each for each in stage.slack.messages(stage.general) if each.get("bot_id"))
    await page.get_by_test_id("close-thread").click()
    await page.get_by_test_id("channel").filter(has_text="inc-42").click()
    link = (await stage.app.call("chat.getPermalink", channel=stage.general, message_ts=answer["ts"]))["permalink"]
    await stage.app.call("chat.postMessage", channel=stage.incident, text=f"Answered already: <{link}|the answer>")
    await page.get_by_role("link", name="the answer").click()
    await expect(page.get_by_test_id("channel-title")).to_contain_text("general")
    await expect(page.locator(f"#thread [data-ts='{answer['ts']}']")).to_be_focused()
    assert len(page.context.pages) == 1
