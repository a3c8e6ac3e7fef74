"""Run `casebook match`: print hypotheses for a text alone, without a cluster or its client."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import IO, Any, Final

from rich.console import Group, RenderableType
from rich.text import Text

from bot.cli.console import note, show
from bot.cli.errors import CommandError, ExitCode
from bot.cli.inputs import chosen_language, lines, loaded_catalog, locale, read_text, settings
from bot.common.catalogs import matcher_of
from intents.catalog.loader import Catalog
from intents.domain import Hypothesis, Language
from intents.languages import choose
from intents.matcher import Matcher, MatchResult
from intents.scores import THRESHOLD
from intents.symptoms import read_symptoms
from intents.talk.features import Message
from intents.talk.unasked import may_answer
from responses import words
from responses.as_json import matching_json
from responses.layout import DIM, marked, paragraph
from responses.redaction import redact
from responses.safety import safe_value
from responses.tables import quote

# A line of JSON holds one paste; a longer line is not valid input.
_LONGEST_LINE: Final = 16 << 20


def run(arguments: argparse.Namespace) -> ExitCode:
    """Match the text, or each line of JSON, and print the hypotheses."""
    configured = settings()
    loaded = loaded_catalog(configured)
    entries, matcher = loaded.catalog, matcher_of(loaded)
    if arguments.jsonl:
        with lines(arguments.file) as stream:
            return _match_lines(stream, matcher)
    given = read_text(arguments.file, command="match")
    for line in given.notes:
        note(line)
    matching = safe_value(matcher.match(read_symptoms(redact(given.text))))
    if arguments.output == "json":
        sys.stdout.write(matching_json(matching.hypotheses, matching.nearest))
    else:
        language = choose(preferred=chosen_language(None, configured), text=given.text, locale=locale())
        show(Group(*_page(matching, entries, language)))
    return ExitCode.ANSWERED if matching.hypotheses else ExitCode.UNKNOWN


def _page(matching: MatchResult, entries: Catalog, language: Language) -> Iterator[RenderableType]:
    if not matching.hypotheses:
        yield Text(words.UNKNOWN.in_(language), style="bold")
        yield Text(words.UNKNOWN_WHY.in_(language))
        if matching.nearest:
            yield ""
            yield Text(f"{words.NEAREST.in_(language)} (< {THRESHOLD:.2f})", style="bold")
    for one in matching.hypotheses or matching.nearest:
        yield from _hypothesis(one, entries, language)


def _hypothesis(one: Hypothesis, entries: Catalog, language: Language) -> Iterator[RenderableType]:
    title = entries.incidents[one.incident].title.in_(language)
    yield Text.assemble((f"{one.score:.2f}", "bold"), f"  {title}", (f"  ({one.incident})", DIM))
    for match in one.matches:
        line, score = words.LINE.in_(language).format(match.line), f"{match.score:.2f}"
        where = f"{line}, {words.MATCH.in_(language).format(score)}"
        yield marked("≈", Text.assemble(quote(match.quote), (f"  {where}", DIM)), mark_style="bold cyan")
        yield paragraph(match.signature, indent=4, style=DIM)
        if match.captures:
            yield paragraph("  ".join(f"{name}={value}" for name, value in match.captures.items()), indent=4)


def _match_lines(stream: IO[bytes], matcher: Matcher) -> ExitCode:
    """Answer each line at once; report a malformed line on stderr and continue."""
    code = ExitCode.ANSWERED
    for number, raw in _numbered(stream):
        if not raw.strip():
            continue
        try:
            paste_id, text, before = _paste(raw)
        except CommandError as error:
            note(f"line {number}: {error}")
            code = ExitCode.UNUSABLE
            continue
        answer = _answer(paste_id, text, before, matcher.match(read_symptoms(text)))
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    return code


def _numbered(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    number = 0
    while raw := stream.readline(_LONGEST_LINE):
        number += 1
        yield number, raw
        while len(raw) == _LONGEST_LINE and not raw.endswith(b"\n"):
            raw = stream.readline(_LONGEST_LINE)


def _paste(raw: bytes) -> tuple[str | int, str, list[str]]:
    """Return id and text of a line, and the texts before it; other keys are ignored. Raise CommandError."""
    if len(raw) >= _LONGEST_LINE:
        raise CommandError(f"longer than {_LONGEST_LINE >> 20} MiB")
    try:
        value: Any = json.loads(raw)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
        raise CommandError(f"not JSON: {reason[:1].lower()}{reason[1:]}") from error
    if not isinstance(value, dict):
        raise CommandError("expected an object with id and text")
    paste_id, text = value.get("id"), value.get("text")
    if isinstance(paste_id, bool) or not isinstance(paste_id, str | int):
        raise CommandError(f"id is {_shown(paste_id)}: expected a string or a whole number")
    if not isinstance(text, str):
        raise CommandError(f"text is {_shown(text)}: expected a string")
    before = value.get("before") or []
    if not (isinstance(before, list) and all(isinstance(one, str) for one in before)):
        raise CommandError("before is no list of strings")
    return paste_id, text, before


def _shown(value: Any) -> str:
    return "missing" if value is None else f"of type {type(value).__name__}"


def _answer(paste_id: str | int, text: str, before: Sequence[str], matching: MatchResult) -> dict[str, Any]:
    """Return what somebody who addressed us would get, and whether a channel may be answered unasked."""
    heard = may_answer(text, matching, [Message(text=one, user=str(number)) for number, one in enumerate(before)])
    ranked = [one.incident for one in matching.hypotheses]
    best = next(iter(matching.hypotheses or matching.nearest), None)
    return {
        "id": safe_value(paste_id),
        "incident": ranked[0] if ranked else None,
        "score": best.score if best else 0.0,
        "ranked": ranked,
        "act": str(heard.act),
        "unasked": heard.answered,
    }
