"""List Slack's limits in one table, each with its source; `validation` applies them to messages and views.

Sources: [D] docs.slack.dev/reference/block-kit (blocks, block-elements, composition-objects) and /reference/methods;
[T] measured by others against the live service (bolt-js issues 2509 and 2867); [O] our own choice, stricter than
Slack's documented limit, which the service does not always accept. Lengths are counted in UTF-16 units, the longest of
the ways in which a service may count.
"""

from __future__ import annotations

from typing import Final

# --- a message ------------------------------------------------------------------------------------------------------
MESSAGE_BLOCKS: Final = 50  # [D] chat.postMessage
# [D] says 40,000; [T] more than 4,040 becomes several messages, and chat.update refuses more than 4,000.
MESSAGE_TEXT: Final = 4_000
MESSAGE_VISIBLE: Final = 12_000  # [T] msg_blocks_too_long at about 13,000, whatever the block types
METADATA_TYPE: Final = 255  # [O] Slack names none; it is an identifier
METADATA_BYTES: Final = 8_000  # [O] metadata_too_large exists, its number is not published

# The limits for our own messages leave room for what only Slack counts.
BUDGET_VISIBLE: Final = 9_000  # [O]
BUDGET_BLOCKS: Final = 40  # [O]
BUDGET_TEXT_BYTES: Final = 3_900  # [O] chat.update counts bytes of UTF-8 according to one report

# --- a view ---------------------------------------------------------------------------------------------------------
VIEW_BLOCKS: Final = 100  # [D] views
VIEW_TITLE: Final = 24  # [D]
VIEW_SUBMIT: Final = 24  # [D]
VIEW_CLOSE: Final = 24  # [D]
VIEW_CALLBACK_ID: Final = 255  # [D]
VIEW_PRIVATE_METADATA: Final = 3_000  # [D]
VIEW_BYTES: Final = 250_000  # [D] views.open: view_too_large above 250 kB

# --- blocks ---------------------------------------------------------------------------------------------------------
BLOCK_ID: Final = 255  # [D]
ACTION_ID: Final = 255  # [D]
SECTION_TEXT: Final = 3_000  # [D] section block
HEADER_TEXT: Final = 150  # [D] header block
CONTEXT_ELEMENTS: Final = 10  # [D] context block
CONTEXT_TEXT: Final = 3_000  # [D] text object
ACTIONS_ELEMENTS: Final = 25  # [D] actions block
CONTEXT_ACTIONS: Final = 5  # [D] context_actions block
INPUT_LABEL: Final = 2_000  # [D] input block
INPUT_HINT: Final = 2_000  # [D]
LINK_URL: Final = 3_000  # [D] as a button's

# --- elements -------------------------------------------------------------------------------------------------------
TEXT: Final = 3_000  # [D] text object
BUTTON_TEXT: Final = 75  # [D] button element
BUTTON_VALUE: Final = 2_000  # [D]
BUTTON_LABEL: Final = 75  # [D] accessibility_label
OVERFLOW_LEAST: Final = 2  # [O] the pages said 2 for years and say 1 now: never send one alone
OVERFLOW_MOST: Final = 5  # [D]
SELECT_OPTIONS: Final = 100  # [D] static_select
OPTION_GROUPS: Final = 100  # [D] static_select; each group has up to SELECT_OPTIONS
OPTION_GROUP_LABEL: Final = 75  # [D] option group object
OPTION_TEXT: Final = 75  # [D] option object
OPTION_VALUE: Final = 150  # [D]
PLACEHOLDER: Final = 150  # [D]
PLAIN_INPUT: Final = 3_000  # [D] plain_text_input
