"""The Home tab, for the snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from intents.domain import GapReason, Language, Text
from responses import failures
from responses.overview import SafeOverview
from responses.slack.home import HomeTab, MutedThere, OpenIncident, OpenPost, PastDiagnosis, home_view
from responses.slack.message import View
from responses.slack.notices import MuteShown

_NOON: Final = datetime(2026, 3, 2, 12, 0, 7, tzinfo=UTC)
_HOUR: Final = timedelta(hours=1)
_LINK: Final = "https://example.slack.com/archives/C1/p1772449207000100"


def home_specimens(overview: SafeOverview, language: Language) -> Iterator[tuple[str, View]]:
    """Yield the tab of an operator whose clusters are as in `overview`, and of a person who may see none."""
    mute = MuteShown(
        muted="Deployment shop/api",
        title=Text.same("Deployment shop/api"),
        by="U1",
        until=_NOON + 24 * _HOUR,
        reason="known until Friday",
    )
    tab = HomeTab(
        at=_NOON,
        clusters=(overview,),
        unread=(failures.cluster_unreachable("staging", GapReason.TIMED_OUT),),
        further=2,
        posts=(OpenPost(says="🔔 2 alerts firing · KubePodCrashLooping ×2", link=_LINK, channel="C1", since=_NOON),),
        incidents=(OpenIncident(channel="C2", since=_NOON - _HOUR),),
        mutes=(MutedThere(mute=mute, channel="C1"),),
        diagnoses=(
            PastDiagnosis(
                title=Text(en="An image cannot be pulled", zh="镜像无法拉取"), verdict="confirmed", link=_LINK, at=_NOON
            ),
        ),
        lacking=(("pins:write", "the pin on the summary of an incident channel"),),
        operates=True,
    )
    yield "home", home_view(tab, channel="D1", language=language)
    refused = HomeTab(at=_NOON, refused=failures.NOT_ALLOWED_HERE)
    yield "home-refused", home_view(refused, channel="D1", language=language)
