"""Word the prompts of the agent view: questions about what is unhealthy now, or general ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from intents.domain import Language, Text
from intents.overview import OverviewFinding
from responses import words
from responses.overview import SafeOverview
from responses.shown import shown_line
from responses.slack.blocks import cut
from responses.slack.home import UNHEALTHY

# Slack shows at most four.
PROMPTS: Final = 3
# Slack publishes no limits for them; those of a button and of a short message are safe.
_TITLE: Final = 75
_MESSAGE: Final = 300
_SESSION: Final = 80

ASK_ME: Final = Text(en="Ask about your clusters", zh="询问集群状况")
_WHY: Final = Text(en="Why is {} {} not healthy?", zh="{} {} 为什么不正常？")
_WHY_IN: Final = Text(en="Why is {} {} in cluster {} not healthy?", zh="集群 {2} 里的 {0} {1} 为什么不正常？")
_GENERAL: Final = (
    Text(en="Is the cluster ok?", zh="集群正常吗？"),
    Text(en="What does OOMKilled mean?", zh="OOMKilled 是什么意思？"),
    Text(en="What can you do?", zh="你能做什么？"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A prompt: people see its title, and send its message."""

    title: str
    message: str


def prompts_of(found: Sequence[SafeOverview], *, several: bool, language: Language) -> tuple[str, tuple[Prompt, ...]]:
    """Return the title and the prompts: those with the most impact first, general ones in the places that are left.

    With `several` clusters, a question names its own.
    """
    ranked = sorted(
        ((finding, overview.cluster if several else "") for overview in found for finding in overview.findings),
        key=lambda pair: -pair[0].impact.weight,
    )
    asked = [prompt for finding, cluster in ranked if (prompt := _about(finding, cluster, language)) is not None]
    prompts = (*asked, *(Prompt(title=each.in_(language), message=each.in_(language)) for each in _GENERAL))[:PROMPTS]
    return (UNHEALTHY if asked else ASK_ME).in_(language), prompts


def _about(finding: OverviewFinding, cluster: str, language: Language) -> Prompt | None:
    """Return the question about a finding; None where a name is too long to ask about."""
    about = finding.asked
    name = shown_line(about.full_name)
    asks = (_WHY_IN if cluster else _WHY).in_(language).format(shown_line(about.kind).lower(), name, cluster)
    if len(asks) > _MESSAGE:
        return None
    says = shown_line(finding.says.in_(language))
    return Prompt(title=cut(words.COLON.in_(language).join(filter(None, (name, says))), _TITLE), message=asks)


def session_title(lines: Iterable[str]) -> str:
    """Return the title of a thread: the first words of its question, "" for none."""
    return cut(shown_line(next((line for line in lines if line.strip()), "")).strip(), _SESSION)
