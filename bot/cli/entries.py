"""Run `casebook list`, `casebook show ID` and `casebook schema`: print entries for people, their schema for editors."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from bot.cli.console import show
from bot.cli.errors import CommandError, ExitCode, did_you_mean
from bot.cli.inputs import catalog, chosen_language, locale, settings
from bot.remedies.actions import action_names
from intents import templates
from intents.catalog.schema import Incident, Remediation, Rule, describe_fields
from intents.domain import Language
from intents.domain import Text as Sentence
from intents.languages import choose
from responses.layout import DIM, WrappedText, command, heading, link, listed, marked
from responses.sentences import joined


def run(arguments: argparse.Namespace) -> ExitCode:
    """Print the list of incidents, one incident, or the schema of incident files."""
    if arguments.command == "schema":
        sys.stdout.write(json.dumps(_schema(), ensure_ascii=False, indent=2, sort_keys=True) + "\n")
        return ExitCode.ANSWERED
    configured = settings()
    entries = catalog(configured)
    language = choose(preferred=chosen_language(arguments.lang, configured), locale=locale())
    if arguments.command == "list":
        show(listed([(one.id, Text(one.title.in_(language))) for one in entries], indent=0, style="cyan"))
        return ExitCode.ANSWERED
    incident = entries.get(arguments.incident)
    if incident is None:
        hint = did_you_mean(arguments.incident, entries.incidents, part=True)
        raise CommandError(f'unknown incident "{arguments.incident}"{hint}', code=ExitCode.NOT_FOUND)
    show(Group(*_incident(incident, language)))
    return ExitCode.ANSWERED


def _schema() -> dict[str, Any]:
    describe_fields()
    incident = Incident.model_json_schema(mode="validation")
    # The models do not know the actions: they are handed in.
    incident["$defs"][Remediation.__name__]["properties"]["action"]["enum"] = list(action_names())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **incident}


def _incident(incident: Incident, language: Language) -> Iterator[RenderableType]:
    """Yield the parts of an entry without names filled in: `<pod>` is a placeholder."""

    def in_language(text: Sentence) -> str:
        return templates.render(text.in_(language), {})

    yield Text.assemble((incident.title.in_(language), "bold"), (f"  ({incident.id})", DIM))
    yield Text(
        joined(str(incident.status), str(incident.severity), f"strongest verdict: {incident.strongest}"), style=DIM
    )
    yield WrappedText(Text(in_language(incident.root_cause)))
    yield ""
    yield WrappedText(Text(in_language(incident.impact)))
    yield ""
    yield heading("Signatures")
    for signature in incident.signatures:
        yield marked("≈", str(signature))
    if incident.evidence:
        yield ""
        yield heading("Evidence checked in the cluster")
        for rule in incident.evidence:
            yield marked("·", _rule(rule, language))
    yield ""
    yield heading("What to do")
    for number, step in enumerate(incident.runbook, start=1):
        yield marked(f"{number}.", in_language(step.says))
        yield from command(templates.render_command(step.run, {}), indent=5)
    if incident.links:
        yield ""
        yield heading("Read more")
        yield from (link(to.title, to.url) for to in incident.links)


def _rule(rule: Rule, language: Language) -> Text:
    outcome = f"{rule.finds}, decisive" if rule.decisive else str(rule.finds)
    return Text.assemble(templates.render(rule.says.in_(language), {}), (f"  ({outcome}: {rule.when})", DIM))
