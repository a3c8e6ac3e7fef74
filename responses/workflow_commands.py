"""Write what GitHub Actions shows beside a job: annotations and a step summary.

A runner reads commands from a job's output: a line that begins with `::name::`, and `##[name]` anywhere in a line. Text
of a cluster must never become one, on any stream and in any format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from intents.domain import Text
from responses import glance
from responses.checks import Check, Outcome, Report, gaps_of, headline, hypotheses_of, proofs_of, summary_line
from responses.chronicle.markdown import escaped
from responses.shown import fitting

# Characters without width: .NET skips them when it looks for a command.
_UNSEEN: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U0001d173-\U0001d17a\U000e0000-\U000e0fff\\x00-\\x08\\x0e-\\x1f\\x7f-\\x9f"
)
_GAP: Final = f"[{_UNSEEN}]*"
# Runners end lines at LF and CR, and trim any white space before a command.
_COLONS: Final = re.compile(rf"((?:^|[\r\n])[\s{_UNSEEN}]*):({_GAP}):")
_HASHES: Final = re.compile(rf"#(?={_GAP}#)")
# GitHub shows so many annotations of a kind for each step.
_ANNOTATIONS: Final = 10
# In characters; GitHub drops a summary of more than 1 MiB.
_SUMMARY: Final = 200_000
_ERRORS: Final = frozenset({Outcome.FAILED, Outcome.NOT_ROLLED_OUT, Outcome.UNUSABLE, Outcome.NOT_FOUND})


def without_commands(text: str, *, colon: str = ": ", hashes: str = "# ") -> str:
    """Return text for a runner's output without workflow commands: a space separates what would begin one.

    `colon` and `hashes` replace the first character of `::` and `##`, where a format can write it in another way.
    """
    return _HASHES.sub(lambda _: hashes, _COLONS.sub(lambda found: f"{found[1]}{colon}{found[2]}:", text))


def annotation_lines(report: Report) -> Iterator[str]:
    """Yield one workflow command for each object that did not pass, or passed with an open hypothesis: errors first."""
    by_level: dict[str, list[str]] = {"error": [], "warning": []}
    for check in report.checks:
        outcome, found = report.outcome(check), hypotheses_of(check)
        if outcome is not Outcome.PASSED or found:
            level = "error" if outcome in _ERRORS else "warning"
            lines = (headline(check, report), *(proofs_of(check, found[0], report.language) if found else ()))
            by_level[level].append(_command(level, title=f"Casebook: {check.name}", data="\n".join(lines)))
    for commands in by_level.values():
        yield from commands[:_ANNOTATIONS]


def step_summary(report: Report) -> str:
    """Return the Markdown of a run: a table of all objects, then the evidence of those that did not pass."""
    parts = [f"### Casebook: {_cell(summary_line(report))}\n", "\n".join(_table(report)) + "\n"]
    parts += ("\n".join(_details(check, report)) + "\n" for check in report.checks if _has_details(check))
    kept = fitting(parts, _SUMMARY, size=len)
    if len(kept) < len(parts):
        kept.append(f"{_CUT.in_(report.language)}\n")
    return "\n".join(kept) + "\n"


def _command(level: str, *, title: str, data: str) -> str:
    return f"::{level} title={_data(title).replace(':', '%3A').replace(',', '%2C')}::{_data(data)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _table(report: Report) -> Iterator[str]:
    yield "| | | |"
    yield "|---|---|---|"
    for check in report.checks:
        outcome = report.outcome(check)
        sign = "✅" if outcome is Outcome.PASSED else "❌" if outcome in _ERRORS else "⚠️"
        yield f"| {sign} {outcome} | {_cell(check.name)} | {_cell(headline(check, report))} |"


def _has_details(check: Check) -> bool:
    return bool(hypotheses_of(check) or gaps_of(check))


def _details(check: Check, report: Report) -> Iterable[str]:
    language = report.language
    yield f"#### {_cell(check.name)}\n"
    found = hypotheses_of(check)
    for number, one in enumerate(found):
        yield f"- **{one.verdict}** {_cell(glance.cause(one, language))} (`{one.incident}`)"
        if not number:
            yield from (f"  - {_cell(proof)}" for proof in proofs_of(check, one, language))
            if step := glance.next_step(one, language):
                yield f"  - {_cell(step.says.in_(language))}"
    if gaps := glance.listed_gaps(gaps_of(check), language):
        yield f"- {_cell(gaps)}"


def _cell(text: str) -> str:
    """Return words as Markdown without markup; they may stand in a cell of a table."""
    return without_commands(escaped(text)).replace("|", "\\|")


_CUT: Final = Text(en="The rest is in the log.", zh="其余内容见日志。")
