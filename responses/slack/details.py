"""Show everything that is known of a request: as a modal behind the Details button, and as text for a file.

Beyond the answer it holds the other hypotheses, what is ruled out and why, the gaps, the kubectl lines and the whole
runbook.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from intents.domain import Diagnosis, JudgedHypothesis, Language, Link, Text
from responses import sentences, words
from responses.safety import SafeDiagnosis
from responses.shown import ShownDiagnosis, shown, shown_line
from responses.slack import blocks, limits
from responses.slack.as_text import as_markdown
from responses.slack.blocks import fit_groups
from responses.slack.diagnosis_formatter import DiagnosisFormatter, Group
from responses.slack.message import Block, View, visible_length

_MATCHES: Final = 3
# Slack allows 250 kB, but nobody reads more than a few screens in a dialog.
_MOST_VISIBLE: Final = 40_000
# The most one section may take, so that the next ones have room too.
_SECTION: Final = 9_000
# The last blocks are reserved for the note about what was left out.
_MOST_BLOCKS: Final = limits.VIEW_BLOCKS - 2
# So few findings and gaps fit into the modal whatever their length.
_SURELY_FITS: Final = 4
# A file may have 1 MB; the limit of a sentence is that of `safe`.
_MOST_IN_FILE: Final = 800_000
_SENTENCE: Final = 2_000
_TABLE: Final = 5_000
_SENTENCE_IN_FILE: Final = 4_000


def details_view(diagnosis: SafeDiagnosis, *, language: Language, of_text: bool = True) -> View:
    """Return the modal behind the Details button."""
    listed, left = _listed(shown(diagnosis), language, of_text)
    if left:
        listed.append(blocks.context(words.CUT_OFF.in_(language).format(left)))
    if not listed:
        listed.append(blocks.section(words.UNKNOWN_WHY.in_(language)))
    return blocks.modal(words.DETAILS_TITLE.in_(language), listed, close=words.CLOSE.in_(language))


def exceeds_details(diagnosis: ShownDiagnosis, *, language: Language, of_text: bool = True) -> bool:
    """Return whether the modal cannot show everything, so that the rest needs a file."""
    lines = sum(len(one.findings) for one in diagnosis.hypotheses) + len(diagnosis.unexplained) + len(diagnosis.gaps)
    return lines > _SURELY_FITS and _listed(diagnosis, language, of_text)[1] > 0


def _listed(page: ShownDiagnosis, language: Language, of_text: bool) -> tuple[list[Block], int]:
    """Return the blocks that fit into the modal, and the number of parts that do not."""
    formatter = DiagnosisFormatter(page, language, of_text=of_text, most=_SENTENCE, most_of_table=_TABLE)
    listed: list[Block] = []
    room, left = _MOST_VISIBLE, 0
    for title, groups in _sections(page, formatter):
        section, left_in_section = _section(title, groups, most=min(_SECTION, room))
        size = visible_length(section)
        if size > room or len(listed) + len(section) > _MOST_BLOCKS:
            left += len(groups)
            continue
        listed += section
        room -= size
        left += left_in_section
    return listed, left


def full_text(
    diagnosis: SafeDiagnosis, *, language: Language, of_text: bool = True, observed: Sequence[str] = ()
) -> str:
    """Return the whole diagnosis as Markdown for a file, in which pasted and cluster text is no markup."""
    page = shown(diagnosis)
    formatter = DiagnosisFormatter(page, language, of_text=of_text, most=_SENTENCE_IN_FILE, most_of_table=_MOST_IN_FILE)
    seen = formatter.observed([shown_line(line) for line in observed])
    pages = [_section(title, groups, most=_MOST_IN_FILE)[0] for title, groups in _sections(page, formatter)]
    if seen:
        pages.insert(0, _section(words.OBSERVED.in_(language), seen, most=_MOST_IN_FILE)[0])
    text = as_markdown(block for page in pages for block in page)
    return blocks.cut(text, _MOST_IN_FILE) + "\n"


def _section(title: str, groups: Sequence[Group], *, most: int) -> tuple[list[Block], int]:
    elements, left = fit_groups(groups, most)
    return [blocks.header(title), blocks.rich(*elements)], left


def _sections(diagnosis: ShownDiagnosis, formatter: DiagnosisFormatter) -> Iterator[tuple[str, list[Group]]]:
    """Yield (heading, groups); no section is empty."""
    standing = (*sentences.open_hypotheses(diagnosis), *sentences.offers(diagnosis))
    out = sentences.ruled_out(diagnosis)
    legend = [[blocks.sentence(formatter.text(words.LEGEND), italic=True)]]
    for number, one in enumerate(standing):
        about = _about(one, formatter, None if number else diagnosis)
        yield formatter.headline(one), about if number else legend + about
        if diagnosis.timeline and number == 0:
            yield formatter.text(words.TIMELINE), formatter.timeline()
        if one.runbook:
            yield formatter.text(words.RUNBOOK), formatter.steps(one.runbook)
    lines = sentences.kubectl_lines((*standing, *out))
    rest: list[tuple[Text, list[Group]]] = [
        (
            words.RULED_OUT,
            [each for one in out for each in formatter.ruled_out([one]) + formatter.evidence(one, matches=1)],
        ),
        (words.GAPS, formatter.gaps(diagnosis.gaps)),
        (words.UNEXPLAINED, formatter.unexplained()),
        (words.CHANGES, formatter.changes()),
        (words.NEAREST, formatter.nearest()),
        (words.REPRODUCE, [[blocks.preformatted(line)] for line in lines]),
        (words.LINKS, [[blocks.line(*formatter.links([to]))] for to in _pages(diagnosis, standing)]),
    ]
    yield from ((formatter.text(title), groups) for title, groups in rest if groups)


def _pages(diagnosis: Diagnosis, standing: Sequence[JudgedHypothesis]) -> list[Link]:
    of_alert = [Link(title="", url=diagnosis.runbook)] if diagnosis.runbook else []
    return [*of_alert, *(to for one in standing for to in one.links)]


def _about(one: JudgedHypothesis, formatter: DiagnosisFormatter, diagnosis: Diagnosis | None) -> list[Group]:
    groups: list[Group] = [[blocks.sentence(formatter.cut(formatter.text(one.root_cause)))]]
    if where := formatter.where(one):
        groups.append([where])
    groups += [[effect] for effect in formatter.effects(one)]
    if diagnosis and (hit := formatter.affected()):
        groups.append([hit])
    if diagnosis and (chain := sentences.owner_chain(diagnosis)):
        owner = f"{formatter.text(words.OWNERS)}{formatter.text(words.COLON)}"
        groups.append([blocks.line(blocks.bold(owner), blocks.text(formatter.cut(chain)))])
    # `casebook show` takes the id of the catalog entry.
    groups.append([blocks.line(blocks.text("casebook show "), blocks.code(one.incident))])
    return groups + formatter.evidence(one, matches=_MATCHES)
