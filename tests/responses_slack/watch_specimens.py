"""Posts of the watch: one cause, pressed and over, and a digest, for the snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from intents.domain import Language, ObjectRef
from responses.slack.message import Message
from responses.slack.overview import WatchedCause, digest_message, watch_message

_POD: Final = ObjectRef(kind="Pod", namespace="staging", name="api-6f4d8b7c5-kz9wp")
_CAUSE: Final = WatchedCause(
    says='ConfigMap staging/app-config of Deployment api does not exist; its key is "LOG_LEVEL".',
    asked=_POD,
    cluster="prod",
    incident="config-reference-missing",
)


def watch_specimens(diagnosis: Message, language: Language) -> Iterator[tuple[str, Message]]:
    """Yield the posts about one cause, whose message is `diagnosis`, and a digest of three."""
    pressed = replace(_CAUSE, muted_by="U1", later_by="U2", later=timedelta(minutes=15))
    over = timedelta(minutes=83)
    yield "watch", watch_message(_CAUSE, diagnosis, language=language)
    yield "watch-pressed", watch_message(pressed, diagnosis, language=language)
    yield "watch-over", watch_message(replace(_CAUSE, lasted=over), diagnosis, language=language)
    yield "watch-pressed-over", watch_message(replace(pressed, lasted=over), diagnosis, language=language)
    gone = replace(_CAUSE, lasted=over, says="Claim staging/data has no StorageClass.")
    yield "watch-digest", digest_message([gone, _CAUSE, _CAUSE], budget=6, language=language)
    yield "watch-digest-full", digest_message([_CAUSE] * 60, budget=6, language=language)
    yield "watch-digest-of-one", digest_message([gone], budget=1, language=language)
