"""The question which cluster is meant, with something to press for each; below an answer, to ask another one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from intents.domain import Language, Text
from responses import cluster_choice
from responses.safety import safe, safe_line
from responses.sentences import capitalised
from responses.slack import blocks, limits
from responses.slack.message import Block, Message
from responses.slack.mrkdwn import fallback
from responses.slack.presses import Press, action_id

_BUTTONS: Final = 5
_SAYS: Final = 1_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Picker:
    """`names` are the clusters to choose from, `asked` the one that was asked, "" for none."""

    names: tuple[str, ...]
    asked: str = ""


def cluster_token(request_id: str, cluster: str) -> str:
    """What a button carries for a cluster: it tells nothing, and means nothing below another answer."""
    return hashlib.sha256(f"{request_id}\0{cluster}".encode()).hexdigest()[:20]


def cluster_of_token(request_id: str, carried: str, names: Iterable[str]) -> str:
    """The cluster that a button stands for, of those there are; "" for none of them."""
    return next((name for name in names if cluster_token(request_id, name) == carried), "")


def picker_blocks(shown: Picker, *, request_id: str, language: Language) -> tuple[Block, ...]:
    """Buttons for a few clusters, a menu for many; of more than a menu takes, the last are to be named."""
    others = [name for name in shown.names if name != shown.asked]
    if not others:
        return ()
    title = (cluster_choice.ANOTHER_CLUSTER if shown.asked else cluster_choice.WHICH_CLUSTER).in_(language)
    options = [
        (safe_line(name, limit=300), cluster_token(request_id, name)) for name in others[: limits.SELECT_OPTIONS]
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
    """`says` tells why it has to be asked."""
    text = capitalised(safe(says.in_(language), limit=_SAYS))
    question = cluster_choice.WHICH_CLUSTER.in_(language)
    return Message(
        text=fallback(f"{text}. {question}"),
        blocks=(
            blocks.rich(blocks.line(blocks.text(text))),
            *picker_blocks(shown, request_id=request_id, language=language),
            blocks.context(safe_line(cluster_choice.or_name_it(shown.names).in_(language), limit=_SAYS)),
        ),
    )


def with_picker(message: Message, shown: Picker | None, *, request_id: str, language: Language) -> Message:
    """A message that is no diagnosis, with the other clusters below it."""
    more: Sequence[Block] = picker_blocks(shown, request_id=request_id, language=language) if shown else ()
    return Message(text=message.text, blocks=(*message.blocks, *more), overflow=message.overflow)
