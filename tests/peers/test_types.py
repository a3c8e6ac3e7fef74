"""Check that Casebook's payloads match Slack's own TypeScript types."""

import json

from responses.slack.validation import validate_message, validate_view
from tests.peers.payloads import BROKEN, Payload

HEAD = 'import type { HomeView, KnownBlock, MessageMetadata, ModalView } from "@slack/types";\n'
MESSAGE = "{ text: string; blocks?: KnownBlock[]; metadata?: MessageMetadata }"


def _declared(payload: Payload, number: int) -> str:
    kind = {"modal": "ModalView", "home": "HomeView"}.get(payload.body.get("type", ""), MESSAGE)
    written = json.dumps(payload.body).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f"/* {payload.name} */ export const _{number}: {kind} = {written};"


def test_valid_payloads_compile_against_slacks_types_and_invalid_ones_do_not(compiler, payloads: list[Payload]) -> None:
    good = [_declared(payload, number) for number, payload in enumerate(payloads)]
    bad = [f"// @ts-expect-error\n{_declared(payload, 1000 + number)}" for number, payload in enumerate(BROKEN)]

    assert compiler("\n".join([HEAD, *good, *bad])) == []


def test_our_own_validator_agrees_with_the_types(payloads: list[Payload]) -> None:
    def problems(payload: Payload) -> tuple[str, ...]:
        return validate_view(payload.body) if payload.is_view else validate_message(payload.body)

    assert {payload.name: found for payload in payloads if (found := problems(payload))} == {}
    assert [payload.name for payload in BROKEN if not problems(payload)] == []
