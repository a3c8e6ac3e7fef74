import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import ChangeKind, ImpossibleActionError, SimulatedSlack
from tests.simulated_slack.refusals import error


def plain(text: str) -> dict:
    return {"type": "plain_text", "text": text}


def name_input(block_id: str = "typed") -> dict:
    element = {"type": "plain_text_input", "action_id": "name"}
    return {"type": "input", "block_id": block_id, "label": plain("Type the name"), "element": element}


MODE = {
    "type": "input",
    "block_id": "mode",
    "label": plain("Mode"),
    "element": {
        "type": "static_select",
        "action_id": "pick",
        "options": [{"text": plain("Fast"), "value": "fast"}, {"text": plain("Slow"), "value": "slow"}],
        "initial_option": {"text": plain("Slow"), "value": "slow"},
    },
}
SHOW = {
    "type": "actions",
    "block_id": "more",
    "elements": [{"type": "button", "action_id": "show", "text": plain("Show")}],
}
TITLE = {"type": "header", "text": plain("Details")}


def modal(*blocks: dict, title: str = "Restart", **more) -> dict:
    return {"type": "modal", "title": plain(title), "submit": plain("Do it"), "blocks": list(blocks)} | more


@pytest.fixture
async def trigger(slack: SimulatedSlack, receiver, incidents: str, ana: str):
    """Provide a function that issues trigger ids, each from a command of ana."""

    async def issue() -> str:
        await slack.slash(ana, incidents, "help")
        return str(receiver.received[-1].form["trigger_id"])

    return issue


async def test_a_trigger_opens_one_dialog(slack: SimulatedSlack, client: AsyncWebClient, ana: str, trigger):
    trigger_id = await trigger()

    view = (await client.views_open(trigger_id=trigger_id, view=modal(name_input(), private_metadata="plan-1")))["view"]

    assert view["id"].startswith("V")
    assert (view["private_metadata"], view["state"], view["root_view_id"]) == ("plan-1", {"values": {}}, view["id"])
    assert [each["id"] for each in slack.views(ana)] == [view["id"]]
    assert await error(client.views_open(trigger_id=trigger_id, view=modal(TITLE))) == "exchanged_trigger_id"


async def test_a_trigger_lasts_three_seconds(client: AsyncWebClient, trigger, clock):
    early, late = await trigger(), await trigger()
    clock.advance(3)
    assert (await client.views_open(trigger_id=early, view=modal(TITLE)))["ok"]
    clock.advance(0.1)
    assert await error(client.views_open(trigger_id=late, view=modal(TITLE))) == "expired_trigger_id"


async def test_a_wrong_trigger_or_view_is_refused(client: AsyncWebClient, trigger):
    assert await error(client.views_open(trigger_id="1.2.3", view=modal(TITLE))) == "invalid_trigger_id"
    trigger_id = await trigger()
    assert await error(client.views_open(trigger_id=trigger_id, view=modal(TITLE, title="x" * 25))) == (
        "invalid_arguments"
    )
    # A view refused for its content has not used up the trigger.
    assert (await client.views_open(trigger_id=trigger_id, view=modal(TITLE)))["ok"]


async def test_an_open_dialog_can_be_updated(slack: SimulatedSlack, client: AsyncWebClient, ana: str, trigger):
    view = (await client.views_open(trigger_id=await trigger(), view=modal(TITLE, title="Loading")))["view"]

    updated = (await client.views_update(view_id=view["id"], hash=view["hash"], view=modal(TITLE, title="Ready")))[
        "view"
    ]

    assert [(each["id"], each["title"]["text"]) for each in slack.views(ana)] == [(view["id"], "Ready")]
    assert updated["hash"] != view["hash"]
    stale = client.views_update(view_id=view["id"], hash=view["hash"], view=modal(TITLE))
    assert await error(stale) == "hash_conflict"
    await slack.close(ana, view["id"])
    assert await error(client.views_update(view_id=view["id"], view=modal(TITLE))) == "not_found"


async def test_a_submission_carries_the_input_and_closes_the_dialog(
    slack: SimulatedSlack, receiver, client: AsyncWebClient, ana: str, trigger
):
    view = (await client.views_open(trigger_id=await trigger(), view=modal(name_input(), MODE, callback_id="go")))[
        "view"
    ]

    delivered = await slack.submit(ana, view["id"], {"typed": {"name": "web-0"}})

    payload = receiver.received[-1].json
    assert (payload["type"], payload["user"]["id"], payload["view"]["callback_id"]) == ("view_submission", ana, "go")
    values = payload["view"]["state"]["values"]
    assert values["typed"]["name"] == {"type": "plain_text_input", "value": "web-0"}
    assert values["mode"]["pick"]["selected_option"]["value"] == "slow"
    assert payload["response_urls"] == []
    assert delivered.ok
    assert slack.views(ana) == []


async def test_empty_or_unknown_input_is_not_submitted(
    slack: SimulatedSlack, receiver, client: AsyncWebClient, ana: str, trigger
):
    view = (await client.views_open(trigger_id=await trigger(), view=modal(name_input(), MODE)))["view"]
    before = len(receiver.received)

    with pytest.raises(ImpossibleActionError, match=r"these inputs are empty: \['typed'\]"):
        await slack.submit(ana, view["id"])
    with pytest.raises(ImpossibleActionError, match="the dialog has no such inputs"):
        await slack.submit(ana, view["id"], {"other": {"name": "x"}})
    with pytest.raises(ImpossibleActionError, match="pick offers no 'none': it offers fast, slow"):
        await slack.submit(ana, view["id"], {"typed": {"name": "x"}, "mode": {"pick": "none"}})
    with pytest.raises(ImpossibleActionError, match="view 'V1' is not open"):
        await slack.submit(ana, "V1")
    assert len(receiver.received) == before


@pytest.mark.parametrize("action", ["errors", "update", "clear", "unanswered"])
async def test_the_response_action_updates_clears_or_shows_errors(
    slack: SimulatedSlack, receiver, client: AsyncWebClient, ana: str, trigger, action: str
):
    view = (await client.views_open(trigger_id=await trigger(), view=modal(name_input(), title="first")))["view"]
    answers = {
        "errors": {"response_action": "errors", "errors": {"typed": "that is not its name"}},
        "update": {"response_action": "update", "view": modal(TITLE, title="updated")},
        "clear": {"response_action": "clear"},
    }
    if action == "unanswered":
        receiver.answer(status=500)
    else:
        receiver.answer(body=answers[action])

    await slack.submit(ana, view["id"], {"typed": {"name": "web-1"}})

    titles = [each["title"]["text"] for each in slack.views(ana)]
    assert titles == {"update": ["updated"], "clear": []}.get(action, ["first"])
    if action == "errors":
        assert slack.views(ana)[-1]["errors"] == {"typed": "that is not its name"}


async def test_an_invalid_response_to_a_dialog_is_an_error(
    slack: SimulatedSlack, receiver, client: AsyncWebClient, ana: str, trigger
):
    view = (await client.views_open(trigger_id=await trigger(), view=modal(TITLE)))["view"]
    receiver.answer(body={"response_action": "update", "view": modal(TITLE, title="x" * 25)})

    with pytest.raises(
        ImpossibleActionError, match="Slack rejects the app's response to the dialog: invalid_arguments"
    ):
        await slack.submit(ana, view["id"])


async def test_a_press_in_a_dialog_has_neither_channel_nor_response_url(
    slack: SimulatedSlack, receiver, client: AsyncWebClient, ana: str, trigger
):
    view = (await client.views_open(trigger_id=await trigger(), view=modal(SHOW, private_metadata="plan-1")))["view"]

    await slack.click_view(ana, view["id"], "show")

    payload = receiver.received[-1].json
    assert payload["container"] == {"type": "view", "view_id": view["id"]}
    assert (payload["view"]["private_metadata"], payload["actions"][0]["action_id"]) == ("plan-1", "show")
    assert not {"channel", "message", "response_url"} & set(payload)
    with pytest.raises(ImpossibleActionError, match="no 'hide' with block"):
        await slack.click_view(ana, view["id"], "hide")


async def test_the_app_is_notified_of_a_closed_dialog_if_it_asked(
    slack: SimulatedSlack, receiver, client: AsyncWebClient, ana: str, trigger
):
    quiet = (await client.views_open(trigger_id=await trigger(), view=modal(TITLE)))["view"]
    assert await slack.close(ana, quiet["id"]) is None

    opened = (await client.views_open(trigger_id=await trigger(), view=modal(TITLE, notify_on_close=True)))["view"]
    await slack.close(ana, opened["id"])

    payload = receiver.received[-1].json
    assert (payload["type"], payload["view"]["id"], payload["is_cleared"]) == ("view_closed", opened["id"], False)
    assert slack.views(ana) == []


async def test_a_subscription_shows_dialogs_opening_changing_and_closing(
    slack: SimulatedSlack, client: AsyncWebClient, ana: str, trigger
):
    views = (ChangeKind.VIEW_OPENED, ChangeKind.VIEW_UPDATED, ChangeKind.VIEW_CLOSED)
    with slack.subscribe() as changes:
        view = (await client.views_open(trigger_id=await trigger(), view=modal(TITLE)))["view"]
        await client.views_update(view_id=view["id"], view=modal(TITLE))
        await slack.close(ana, view["id"])
    seen = [(change.kind, change.user, change.data["id"]) async for change in changes if change.kind in views]

    assert seen == [(kind, ana, view["id"]) for kind in views]


NAMES = {
    "type": "input",
    "block_id": "names",
    "optional": True,
    "label": plain("Name"),
    "element": {"type": "external_select", "action_id": "find", "min_query_length": 0},
}


def options(*values: str) -> list[dict]:
    return [{"text": plain(value), "value": value} for value in values]


async def test_the_app_gives_the_options_of_a_menu_for_what_is_typed(
    slack: SimulatedSlack, receiver, client: AsyncWebClient, ana: str, trigger
):
    opening = modal(NAMES, MODE, private_metadata="place")
    view = (await client.views_open(trigger_id=await trigger(), view=opening))["view"]
    receiver.answer(body={"options": options("web-0", "web-1")})

    await slack.suggest(ana, view["id"], "find", "we")

    payload = receiver.received[-1].json
    assert (payload["type"], payload["action_id"], payload["block_id"], payload["value"]) == (
        "block_suggestion", "find", "names", "we",
    )  # fmt: skip
    # Slack tells nothing of what was chosen since the view was opened or updated.
    assert (payload["view"]["private_metadata"], payload["view"]["state"]) == ("place", {"values": {}})
    assert "trigger_id" not in payload
    with pytest.raises(ImpossibleActionError, match="offers no 'web-2': it offers web-0, web-1"):
        await slack.submit(ana, view["id"], {"names": {"find": "web-2"}})
    await slack.submit(ana, view["id"], {"names": {"find": "web-1"}})
    values = receiver.received[-1].json["view"]["state"]["values"]
    assert values["names"]["find"] == {"type": "external_select", "selected_option": options("web-1")[0]}


async def test_options_that_slack_would_not_show_are_rejected(
    slack: SimulatedSlack, receiver, client: AsyncWebClient, ana: str, trigger
):
    view = (await client.views_open(trigger_id=await trigger(), view=modal(NAMES, MODE)))["view"]
    receiver.answer(body={"options": options("web", "web")})
    with pytest.raises(ImpossibleActionError, match="two options have the same value"):
        await slack.suggest(ana, view["id"], "find")
    with pytest.raises(ImpossibleActionError, match="no menu 'pick' asks the app for its options"):
        await slack.suggest(ana, view["id"], "pick")
