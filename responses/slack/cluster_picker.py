"""Ask which cluster is meant, with a button or menu option for each; also below an answer, to query another one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from intents.domain import Language, Text
from intents.templates import capitalised
from responses import cluster_choice
from responses.sentences import finished, in_a_row
from responses.shown import shown_line
from responses.slack import blocks, limits
from responses.slack.message import Block, Message
from responses.slack.mrkdwn import fallback
from responses.slack.presses import Press, action_id

_BUTTONS: Final = 5
_SAYS: Final = 1_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Picker:
    """The clusters to choose from (`names`), and the one that was queried (`asked`, "" for none)."""

    names: tuple[str, ...]
    asked: str = ""


def cluster_token(request_id: str, cluster: str) -> str:
    """Return the value of a cluster's button: it reveals no name and is only valid below this answer."""
    return hashlib.sha256(f"{request_id}\0{cluster}".encode()).hexdigest()[:20]


def cluster_of_token(request_id: str, carried: str, names: Iterable[str]) -> str:
    """Return the cluster among `names` that a button stands for; "" for none."""
    return next((name for name in names if cluster_token(request_id, name) == carried), "")


def picker_blocks(shown: Picker, *, request_id: str, language: Language) -> tuple[Block, ...]:
    """Return buttons for a few clusters, a menu for many; those beyond the menu's limit have to be named in words."""
    others = [name for name in shown.names if name != shown.asked]
    if not others:
        return ()
    title = (cluster_choice.ANOTHER_CLUSTER if shown.asked else cluster_choice.WHICH_CLUSTER).in_(language)
    options = [
        (shown_line(name, limit=300), cluster_token(request_id, name)) for name in others[: limits.SELECT_OPTIONS]
    ]
    if len(options) <= _BUTTONS:
        elements = [
            blocks.button(label, action_id=action_id(Press.CLUSTER, index), value=value)
            for index, (label, value) in enumerate(options)
        ]
    else:
        hint = cluster_choice.CHOOSE_CLUSTER.in_(language)
        elements = [blocks.select(options, action_id=action_id(Press.CLUSTER), placeholder=hint)]
    return blocks.rich(blocks.line(blocks.text(title, bold=True))), blocks.actions(*elements)


def which_cluster(says: Text, shown: Picker, *, request_id: str, language: Language) -> Message:
    """Return the question which cluster is meant; `says` is the reason to ask."""
    text = finished(capitalised(shown_line(says.in_(language), limit=_SAYS)), language)
    question = cluster_choice.WHICH_CLUSTER.in_(language)
    return Message(
        text=fallback(in_a_row(text, question, language=language)),
        blocks=(
            blocks.rich(blocks.line(blocks.text(text))),
            *picker_blocks(shown, request_id=request_id, language=language),
            blocks.context(shown_line(cluster_choice.or_name_it(shown.names).in_(language), limit=_SAYS)),
        ),
    )


def with_picker(message: Message, shown: Picker | None, *, request_id: str, language: Language) -> Message:
    """Return a message that is not a diagnosis, with the other clusters below it."""
    more: Sequence[Block] = picker_blocks(shown, request_id=request_id, language=language) if shown else ()
    return Message(text=message.text, blocks=(*message.blocks, *more), overflow=message.overflow)
