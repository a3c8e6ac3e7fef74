"""Show a diagnosis as one Slack message: verdict and root cause first, then evidence, then what to do.

Made to be read at 3 a.m. on a phone: the most certain comes first, commands can be copied, and what is left out is
named and one press away.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from intents.domain import Diagnosis, Finding, Focus, JudgedHypothesis, Language, Text
from responses import sentences, words
from responses.named_objects import named_sentences
from responses.nothing_found import nothing_found
from responses.safety import SafeDiagnosis
from responses.sentences import capitalised, in_a_row
from responses.shown import ShownDiagnosis, shown, shown_line, shown_text, shown_value
from responses.slack import blocks, limits
from responses.slack.blocks import Element
from responses.slack.budget import Part, fit_groups, fit_parts
from responses.slack.cluster_picker import Picker, picker_blocks
from responses.slack.controls import RemedyButton, footer, state_parts
from responses.slack.controls import control_parts as pressable
from responses.slack.details import full_text
from responses.slack.diagnosis_formatter import DiagnosisFormatter, Group, finding_with_table
from responses.slack.message import Block, Message, Snippet
from responses.slack.mrkdwn import fallback
from responses.slack.remedy_states import RemedyShown, RemedyState
from responses.tables import compact

__all__ = ["RemedyButton", "answer_message", "placeholder_message"]

_FINDINGS: Final = 6
_STEPS: Final = 3
_MOMENTS: Final = 8
_OTHERS: Final = 2
_LISTED: Final = 3
_LINKS: Final = 2
_ROWS: Final = 12
# In visible characters; the sum leaves room for headings, buttons and the footer.
_CAUSE: Final = 1_200
_EVIDENCE: Final = 2_600
_RUNBOOK: Final = 2_000
_LIST: Final = 1_200
_TABLE: Final = 2_500
_NOTE: Final = 100


def placeholder_message(
    *, language: Language, done: int = 0, total: int = 0, found: Sequence[JudgedHypothesis] = (), about: str = ""
) -> Message:
    """Return the message that is shown while the cluster is read, updated as hypotheses are judged.

    `found` has passed `safe_value`; `about` is the object that is diagnosed, if one was named.
    """
    formatter = DiagnosisFormatter(ShownDiagnosis(Diagnosis(focus=Focus())), language, of_text=True)
    says = f"⏳ {words.DIAGNOSING.in_(language)}"
    head = [blocks.bold(says)]
    if about:
        head += [blocks.text(" "), blocks.code(shown_line(about, limit=300))]
    if total:
        head.append(blocks.text(f" {words.READS_DONE.in_(language).format(done, total)}"))
    lines = [blocks.line(*head), *(formatter.brief(one) for one in shown_value(tuple(found[:_LISTED])))]
    if len(found) > _LISTED:
        lines.append(_more(len(found) - _LISTED, language, in_details=False))
    return Message(text=fallback(says), blocks=(blocks.rich(*lines),))


def answer_message(
    diagnosis: SafeDiagnosis,
    *,
    language: Language,
    request_id: str,
    seconds: float,
    of_text: bool,
    buttons: Sequence[RemedyButton] = (),
    details_value: str = "",
    count: int = 1,
    last_seen: datetime | None = None,
    observed: Sequence[str] = (),
    text_only_reason: Text | None = None,
    controls: bool = True,
    remedy_states: Sequence[RemedyShown] = (),
    not_it_by: Sequence[str] = (),
    muted_by: str = "",
    because: Text | None = None,
    pick: Picker | None = None,
    related: Sequence[str] = (),
) -> Message:
    """Return the answer to a request, within Slack's limits; what does not fit is attached as a file (`overflow`).

    `seconds` is the wall time of the diagnosis. `observed` are the text's error lines, shown where no hypothesis
    matches. `details_value` is the value of the Details button, "" for none. `count` says how often the same was asked,
    `last_seen` when last. `text_only_reason` says why no cluster was queried. `controls` shows the menu to mark the
    answer as wrong and to mute it. `not_it_by` and `muted_by` are ids of users. `because` says why this cluster was
    queried, if there are several; `pick` offers the others.
    `related` are links to answers about the same fault. Raises ValueError for a request id that no button can carry.
    """
    reason = shown_text(text_only_reason) if text_only_reason else None
    visible = shown(diagnosis)
    formatter = DiagnosisFormatter(visible, language, of_text=of_text, text_only=reason)
    # A fix in another cluster, queried earlier, says nothing about this one.
    here = [state for state in remedy_states if state.is_in(diagnosis.cluster)]
    fixed = bool(here) and here[-1].state is RemedyState.FIXED
    page = _Page(visible, formatter, language, has_details=bool(details_value), fixed=fixed)
    parts = [
        *page.named(),
        *page.proof(tuple(shown_line(line) for line in observed)),
        # Buttons come before the runbook, so that nobody has to scroll for them.
        *state_parts(remedy_states, not_it_by, muted_by, cluster=diagnosis.cluster, language=language),
        *pressable(
            diagnosis,
            # A fixed problem needs no other remedy, and a pressed remedy is shown by its state.
            [each for each in buttons if not fixed and each.plan_id not in {state.plan_id for state in remedy_states}],
            details_value=details_value,
            request_id=request_id if controls else "",
            muted=bool(muted_by),
            language=language,
        ),
        *([Part(rank=0, blocks=picker_blocks(pick, request_id=request_id, language=language))] if pick else []),
        *page.advice(),
        *page.related(related),
        Part(
            rank=0,
            blocks=(footer(diagnosis, language, seconds=seconds, count=count, last_seen=last_seen, because=because),),
        ),
    ]
    # Leave room for the note that the rest is in a file.
    fitting, left_out = fit_parts(
        parts, most_visible=limits.BUDGET_VISIBLE - _NOTE, most_blocks=limits.BUDGET_BLOCKS - 1
    )
    overflow = None
    if left_out or formatter.was_cut or page.left_out:
        fitting = (*fitting, blocks.context(words.FULL_ANSWER_IN_FILE.in_(language)))
        overflow = Snippet(
            name="diagnosis.md",
            title=words.FULL_ANSWER.in_(language),
            content=full_text(diagnosis, language=language, of_text=of_text, observed=observed),
        )
    return Message(text=fallback(*page.headlines()), blocks=fitting, overflow=overflow)


class _Page:
    """The parts of an answer that show the diagnosis. `left_out` says that a group did not fit into its part."""

    def __init__(
        self,
        diagnosis: ShownDiagnosis,
        formatter: DiagnosisFormatter,
        language: Language,
        *,
        has_details: bool,
        fixed: bool,
    ) -> None:
        self._diagnosis = diagnosis
        self._formatter = formatter
        self._language = language
        self._has_details = has_details
        self._fixed = fixed
        self._open = sentences.leading_hypotheses(diagnosis)
        self._offers = sentences.offers(diagnosis) if sentences.open_hypotheses(diagnosis) else ()
        self._out = sentences.ruled_out(diagnosis)
        self.left_out = False

    def headlines(self) -> tuple[str, ...]:
        """Return the first lines as words, for notifications."""
        named = named_sentences(self._diagnosis, self._language)
        if self._open:
            first = self._open[0]
            return (
                *named,
                self._headline(first),
                self._text(first.root_cause),
                str(first.subject) if first.subject else "",
            )
        if self._out:
            return *named, self._formatter.headline(self._out[0]), self._refuted(self._out[0])
        return self._nothing()

    def named(self) -> Iterable[Part]:
        """Yield what the reader must know first about the objects that the text names."""
        says = named_sentences(self._diagnosis, self._language)
        if says:
            lines = (blocks.line(blocks.bold(self._formatter.cut(each, _CAUSE))) for each in says)
            yield Part(rank=0, blocks=(blocks.rich(*lines),))

    def related(self, links: Sequence[str]) -> Iterable[Part]:
        """Yield the links to other answers about the same fault."""
        if links:
            title = blocks.text(self._text(words.SAME_FAULT))
            label = self._text(words.THE_ANSWER)
            parts = [leaf for link in links for leaf in (blocks.text(" "), blocks.link(shown_line(link), label))]
            yield Part(rank=1, blocks=(blocks.rich(blocks.line(title, *parts)),))

    def proof(self, observed: tuple[str, ...]) -> Iterable[Part]:
        """Yield the verdict and its evidence, or the reason why there is no verdict."""
        if self._open:
            yield from self._leading(self._open[0])
        elif self._out:
            yield from self._all_out(self._out[0])
        else:
            head, *rest = self._nothing()
            yield self._head(head, *(blocks.line(blocks.text(says)) for says in rest))
        if not self._open:
            yield from self._listed(words.OBSERVED, self._formatter.observed(observed), rank=1)
            yield from self._listed(words.NEAREST, self._formatter.nearest(), rank=2)
        first = self._open[0] if self._open else None
        yield from self._listed(words.GAPS, self._formatter.other_gaps(first), rank=1)
        yield from self._grouped(None, self._formatter.unsaid_reason(), most=_LIST, count=1, rank=1)
        if not self._open:
            yield from self._listed(words.UNEXPLAINED, self._formatter.unexplained(), rank=2)

    def advice(self) -> Iterable[Part]:
        """Yield what to do by hand, the other hypotheses, and links."""
        if self._open:
            first = self._open[0]
            yield from self._grouped(words.TIMELINE, self._formatter.timeline(), most=_LIST, count=_MOMENTS, rank=2)
            steps = self._formatter.steps(first.runbook)
            yield from self._grouped(words.RUNBOOK, steps, most=_RUNBOOK, count=_STEPS, rank=2)
            yield from self._listed(words.OFFERS, self._formatter.offers(self._offers), rank=2)
            yield from self._beside(first)

    def _leading(self, one: JudgedHypothesis) -> Iterable[Part]:
        cause = blocks.line(blocks.text(self._formatter.cut(self._text(one.root_cause), _CAUSE)))
        where = self._formatter.where(one)
        yield self._head(self._headline(one), cause, *([where] if where else []), *self._formatter.effects(one))
        tabled = finding_with_table(one)
        yield from self._evidence(self._formatter.evidence(one, apart=tabled))
        if tabled:
            yield from self._table(tabled)

    def _all_out(self, one: JudgedHypothesis) -> Iterable[Part]:
        against = sentences.refutation(one, self._language)
        reasons = [sentences.finished(capitalised(against), self._language)] if against else []
        says = in_a_row(sentences.all_ruled_out(one, self._language), *reasons, language=self._language)
        cause = blocks.line(blocks.text(self._formatter.cut(says, _CAUSE)))
        yield self._head(self._formatter.headline(one), cause)
        yield from self._evidence(self._formatter.evidence(one))
        yield from self._listed(words.RULED_OUT, self._formatter.ruled_out(self._out[1:]), rank=2)

    def _nothing(self) -> tuple[str, ...]:
        sign, heading, says = nothing_found(self._diagnosis, self._language)
        return f"{sign} {heading}", *(self._formatter.cut(each, _CAUSE) for each in says)

    def _headline(self, one: JudgedHypothesis) -> str:
        """Return the headline; a fixed problem says so, since later readers must not take it for a current one."""
        if self._fixed:
            return f"{words.FIXED_SIGN} {self._text(words.FIXED)} · {self._text(one.title)}"
        return self._formatter.headline(one)

    def _head(self, headline: str, *lines: Element) -> Part:
        return Part(rank=0, blocks=(blocks.header(self._formatter.cut(headline, 150)), blocks.rich(*lines)))

    def _evidence(self, groups: list[Group]) -> Iterable[Part]:
        return self._grouped(None, groups, most=_EVIDENCE, count=_FINDINGS, rank=0)

    def _listed(self, title: Text, groups: list[Group], *, rank: int) -> Iterable[Part]:
        return self._grouped(title, groups, most=_LIST, count=_LISTED, rank=rank)

    def _grouped(self, title: Text | None, groups: list[Group], *, most: int, count: int, rank: int) -> Iterable[Part]:
        if not groups:
            return
        elements, too_many = fit_groups(groups[:count], most)
        self.left_out = self.left_out or too_many > 0
        rest = too_many + len(groups[count:])
        lines = [blocks.line(blocks.bold(self._text(title)))] if title else []
        lines += elements
        if rest:
            lines.append(_more(rest, self._language, in_details=self._has_details))
        yield Part(rank=rank, blocks=(blocks.rich(*lines),))

    def _table(self, finding: Finding) -> Iterable[Part]:
        if finding.table is None:
            return
        rows = compact(finding.table, said=self._text(finding.says))
        if not rows.names:
            return
        fits = len(rows.names) <= 8 and sum(len(cell) for row in rows.rows[:_ROWS] for cell in row) <= _TABLE
        shown: list[Block] = []
        if fits:
            shown.append(blocks.table([rows.names, *rows.rows[:_ROWS]]))
        else:
            elements, left = fit_groups([self._formatter.table_lines(finding.table)], _TABLE)
            self.left_out = self.left_out or left > 0
            shown.append(blocks.rich(*elements))
        if fits and (shared := self._formatter.shared(rows.shared)):
            shown.append(blocks.rich(shared))
        if fits and len(rows.rows) > _ROWS:
            shown.append(blocks.rich(_more(len(rows.rows) - _ROWS, self._language, in_details=self._has_details)))
        yield Part(rank=1, blocks=tuple(shown))

    def _beside(self, one: JudgedHypothesis) -> Iterable[Part]:
        """Yield the other hypotheses and the links, one line each."""
        lines: list[Element] = []
        others = self._open[1:]
        if others:
            lines.append(blocks.line(blocks.bold(self._text(words.OTHER_HYPOTHESES))))
            lines += [self._formatter.brief(other) for other in others[:_OTHERS]]
        if len(others) > _OTHERS:
            lines.append(_more(len(others) - _OTHERS, self._language, in_details=self._has_details))
        if leaves := self._formatter.links(one.links[:_LINKS]):
            lines.append(blocks.line(blocks.bold(f"{self._text(words.LINKS)}{self._text(words.COLON)}"), *leaves))
        if lines:
            yield Part(rank=3, blocks=(blocks.rich(*lines),))

    def _refuted(self, one: JudgedHypothesis) -> str:
        return sentences.refutation(one, self._language) or sentences.all_ruled_out(one, self._language)

    def _text(self, text: Text) -> str:
        return text.in_(self._language)


def _more(number: int, language: Language, *, in_details: bool) -> Element:
    says = words.MORE_IN_DETAILS if in_details else words.MORE
    return blocks.line(blocks.text(says.in_(language).format(number), italic=True))
