"""Format a diagnosis or an overview as a page for the terminal, in the order of Slack: cause, verdict, impact, proofs.

`--all` adds what Slack has under Details; commands can be copied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from intents.domain import (
    Diagnosis,
    Finding,
    FindingOutcome,
    Gap,
    JudgedHypothesis,
    Language,
    NamedObject,
    Remedy,
    Verdict,
)
from intents.domain import Text as Words
from intents.overview import Overview
from responses import causality, glance, plots, sentences, words
from responses import overview as overviews
from responses.as_json import RunStats
from responses.failures import target_not_found
from responses.layout import DIM, WrappedText, command, heading, link, listed, marked, paragraph, table
from responses.named_objects import candidates_of, leading_sentences, nothing_found, which_of
from responses.overview import SafeOverview
from responses.safety import SafeDiagnosis
from responses.shown import shown, shown_value
from responses.tables import below, quote

_VERDICT_STYLES: Final = {
    Verdict.CONFIRMED: "bold white on red",
    Verdict.LIKELY: "bold black on yellow",
    Verdict.POSSIBLE: "bold black on cyan",
    Verdict.RULED_OUT: DIM,
    Verdict.OFFERED: "bold black on green",
}
_OUTCOME_STYLES: Final = {
    FindingOutcome.SUPPORTS: "bold green",
    FindingOutcome.REFUTES: "bold red",
    FindingOutcome.NEUTRAL: DIM,
    FindingOutcome.GAP: "bold yellow",
}
# The kubectl lines shown; JSON has the line of every finding.
_REPRODUCED: Final = 4
_CANDIDATES: Final = 5
_MATCHES: Final = 2


def not_found_lines(named: NamedObject, language: Language) -> tuple[str, ...]:
    """Return that an object does not exist, or that several fit its name, with the candidates as a list."""
    says = target_not_found(named).in_(language)
    if not named.candidates:
        return (says,)
    return (says, which_of(named.candidates).in_(language), *(f"  • {each}" for each in named.candidates))


def diagnosis_page(
    diagnosis: SafeDiagnosis,
    *,
    language: Language,
    timing: RunStats,
    observed: tuple[str, ...] = (),
    in_full: bool = False,
    of_text: bool = True,
) -> RenderableType:
    """Return the page of an answer.

    `observed` are the text's error lines, shown where no hypothesis matches. `in_full` adds everything that is known:
    all hypotheses with their findings, runbooks, links and gaps. `of_text` says that the request was a text, so line
    numbers make sense to the reader.
    """
    page = _Page(language, of_text=of_text)
    return Group(*page.whole(shown(diagnosis), timing=timing, observed=observed, in_full=in_full))


class _Page:
    """The page of one diagnosis in one language."""

    def __init__(self, language: Language, *, of_text: bool) -> None:
        self._language = language
        self._of_text = of_text
        self._has_plot = False

    def whole(
        self, diagnosis: Diagnosis, *, timing: RunStats, observed: tuple[str, ...], in_full: bool
    ) -> Iterator[RenderableType]:
        """Yield the parts of the page from top to bottom: what Slack shows, then with `in_full` all the rest."""
        standing = sentences.leading_hypotheses(diagnosis)
        first = sentences.first_hypothesis(diagnosis, of_text=self._of_text)
        for says in leading_sentences(diagnosis, first, self._language):
            yield WrappedText(Text(says, style="bold"))
        if first and (named := candidates_of(diagnosis)):
            yield WrappedText(Text(self._text(which_of(named))))
            yield from (marked("•", str(each)) for each in named)
        if first:
            yield from self._glance(first, diagnosis)
        else:
            yield from self._nothing(diagnosis)
            yield from _paragraphs(glance.changed(diagnosis, self._language))
        if not standing:
            yield from self._seen(diagnosis, observed)
            yield from self._unexplained(diagnosis)
        if first is None and not in_full:
            yield from self._listed(words.RULED_OUT, self._ruled_out(sentences.ruled_out(diagnosis)))
        if first is None and (gaps := glance.gaps(None, diagnosis, self._language)):
            yield ""
            yield WrappedText(Text(gaps))
        if in_full:
            yield from self._details(diagnosis, observed=observed, first=first)
        yield ""
        yield self._footer(diagnosis, timing, hint=not in_full and bool(diagnosis.hypotheses or diagnosis.nearest))

    # --- at a glance ---

    def _glance(self, one: JudgedHypothesis, diagnosis: Diagnosis) -> Iterator[RenderableType]:
        """Yield cause, verdict, impact, remedies, proofs and gaps, in the order of Slack."""
        language, is_out = self._language, sentences.is_out(one)
        yield WrappedText(Text(glance.first_line(one, language), style="bold"))
        beside = self._text(one.title) if is_out else glance.impact(one, language)
        yield WrappedText(Text.assemble(self._verdict(one), f" {beside}"))
        effect = glance.effect(one, diagnosis, language, of_text=self._of_text)
        yield from _paragraphs(effect, causality.hit(diagnosis, language), glance.changed(diagnosis, language))
        yield from self._next(one, diagnosis)
        if proofs := glance.proofs(one, diagnosis, language, of_text=self._of_text):
            yield ""
            yield from (marked("•", proof) for proof in proofs)
        yield from self._candidates(one)
        if plot := next((finding.plot for finding in one.findings if finding.plot), None):
            yield paragraph(plots.sparkline(plot, language), indent=4)
        gaps, other = glance.gaps(one, diagnosis, language), glance.others(one, diagnosis, language)
        for line in (gaps, "" if is_out else other):
            if line:
                yield ""
                yield WrappedText(Text(line))
        if pages := glance.pages(one, diagnosis):
            yield ""
            label = f"{self._text(words.LINKS)}{self._text(words.COLON)}"
            yield from (link(f"{label}{to.title or self._text(words.ALERT_RUNBOOK)}", to.url, indent=0) for to in pages)

    def _candidates(self, one: JudgedHypothesis) -> Iterator[RenderableType]:
        if one.candidates:
            yield ""
            yield WrappedText(Text(self._text(words.CANDIDATES)))
            yield from (marked("•", str(each)) for each in one.candidates[:_CANDIDATES])
            if (more := len(one.candidates) - _CANDIDATES) > 0:
                yield marked("•", self._text(words.MORE).format(more))

    def _next(self, one: JudgedHypothesis, diagnosis: Diagnosis) -> Iterator[RenderableType]:
        """Yield the remedies, or the first step by hand."""
        language, is_out = self._language, sentences.is_out(one)
        offered = [each for each in sentences.offers(diagnosis) if each is not one]
        if remedies := [each for shown in (one, *offered) for each in shown.remedies if not is_out]:
            yield from self._listed(words.REMEDIES, self._remedies(remedies))
        elif not is_out and (step := glance.next_step(one, language)):
            yield ""
            label = f"{self._text(words.NEXT)}{self._text(words.COLON)}"
            yield WrappedText(Text.assemble((label, "bold"), step.says.en))
            yield from command(step.run)

    def _details(
        self, diagnosis: Diagnosis, *, observed: tuple[str, ...], first: JudgedHypothesis | None
    ) -> Iterator[RenderableType]:
        """Yield every hypothesis in full, what is ruled out, all gaps and unexplained observations."""
        standing = sentences.leading_hypotheses(diagnosis)
        if diagnosis.hypotheses:
            yield ""
            yield Text(self._text(words.LEGEND), style=DIM)
        for number, one in enumerate(standing):
            yield ""
            yield from self._hypothesis(one, diagnosis, story=not number)
        offers = [one for one in sentences.offers(diagnosis) if one not in standing]
        yield from self._listed(words.OFFERS, self._offers(offers))
        yield from self._listed(words.RULED_OUT, self._ruled_out(sentences.ruled_out(diagnosis)))
        beside = [gap for one in standing for finding in one.findings for gap in finding.gaps]
        yield from self._listed(words.GAPS, self._gap_lines(gap for gap in diagnosis.gaps if gap not in beside))
        if standing:
            yield from self._unexplained(diagnosis)
        if len(diagnosis.changes) > 1:
            changes = (sentences.change(change, self._language) for change in diagnosis.changes)
            yield from self._listed(words.CHANGES, (marked("•", says) for says in changes))

    def _unexplained(self, diagnosis: Diagnosis) -> Iterator[RenderableType]:
        seen = (glance.observation(each, self._language) for each in diagnosis.unexplained)
        yield from self._listed(words.UNEXPLAINED, (marked("•", says) for says in seen))

    # --- a hypothesis in full ---

    def _hypothesis(self, one: JudgedHypothesis, diagnosis: Diagnosis, *, story: bool) -> Iterator[RenderableType]:
        yield Text.assemble(self._verdict(one), " ", (self._text(one.title), "bold"))
        yield WrappedText(Text(self._text(one.root_cause)))
        yield ""
        yield from self._facts(one, diagnosis, story=story)
        yield from self._evidence(one)
        if story and diagnosis.timeline:
            yield from self._listed(words.TIMELINE, self._timeline(diagnosis))
        yield from self._listed(words.RUNBOOK, self._steps(one))
        yield from self._listed(words.REMEDIES, () if story else self._remedies(one.remedies))
        yield from self._listed(words.REPRODUCE, self._commands(one))
        yield from self._listed(words.LINKS, (link(to.title, to.url) for to in one.links))

    def _steps(self, one: JudgedHypothesis) -> Iterator[RenderableType]:
        for number, step in enumerate(one.runbook, start=1):
            yield marked(f"{number}.", self._text(step.says))
            yield from command(step.run, indent=5)
            if step.warning:
                yield marked("!", self._text(step.warning), indent=5, style="yellow", mark_style="bold yellow")

    def _commands(self, one: JudgedHypothesis) -> Iterator[RenderableType]:
        lines = sentences.kubectl_lines([one])
        for line in lines[:_REPRODUCED]:
            yield from command(line, indent=2)
        if len(lines) > _REPRODUCED:
            yield paragraph(self._text(words.MORE).format(len(lines) - _REPRODUCED), style=DIM)

    def _verdict(self, one: JudgedHypothesis) -> tuple[str, str]:
        style = _VERDICT_STYLES[Verdict.OFFERED if sentences.is_offer(one) else one.verdict]
        return f" {sentences.verdict_word(one, self._language)} ", style

    def _facts(self, one: JudgedHypothesis, diagnosis: Diagnosis, *, story: bool) -> Iterator[RenderableType]:
        where = Text.assemble(f"{one.subject} " if one.subject else "", (f"({one.incident})", DIM))
        facts = [(words.OBJECT, where), (words.IMPACT, Text(self._text(one.impact)))]
        if story and (rest := causality.named_later(diagnosis, self._language)):
            facts.append((words.AFFECTED, Text(rest)))
        if diagnosis.owners:
            facts.append((words.OWNERS, Text(sentences.owner_chain(diagnosis))))
        if one.effect_of:
            facts.append((words.CAUSED_BY, Text(causality.explanation(one, diagnosis, self._language))))
        facts += [
            (words.EFFECT, Text(causality.effect_line(each, self._language, cause=one, of_text=self._of_text)))
            for each in causality.effects(one, diagnosis)
        ]
        yield listed([(self._text(name), fact) for name, fact in facts if fact.plain])

    def _evidence(self, one: JudgedHypothesis) -> Iterator[RenderableType]:
        yield ""
        matches = sentences.quoted_matches(one, most=_MATCHES)
        for match in matches:
            yield marked(
                self._text(words.MATCHED),
                Text.assemble(
                    quote(match.quote),
                    (f"  {sentences.match_location(match, self._language, of_text=self._of_text)}", DIM),
                ),
                mark_style="bold cyan",
            )
        shown = [match.quote for match in matches]
        for finding in one.findings:
            if finding.outcome is not FindingOutcome.GAP:
                yield from self._finding(finding, shown)
        if all(finding.outcome is FindingOutcome.NEUTRAL for finding in one.findings):
            yield marked(words.SYMBOLS[FindingOutcome.NEUTRAL], self._text(words.ONLY_NEUTRAL), style=DIM)
        unread = dict.fromkeys(gap for finding in one.findings for gap in finding.gaps)
        yield from self._gap_lines(unread)

    def _finding(self, finding: Finding, shown: list[str]) -> Iterator[RenderableType]:
        """Yield a finding with its object and quote, each unless `shown` already holds it."""
        says = self._text(finding.says)
        style = DIM if finding.outcome is FindingOutcome.NEUTRAL else ""
        yield marked(words.SYMBOLS[finding.outcome], says, style=style, mark_style=_OUTCOME_STYLES[finding.outcome])
        if beside := below(finding, says, shown):
            yield paragraph(beside, indent=4, style=DIM)
        if finding.table and finding.table.rows:
            yield table(finding.table, said=says)
        if finding.plot and not self._has_plot:
            self._has_plot = True
            yield paragraph(plots.sparkline(finding.plot, self._language), indent=4)

    def _timeline(self, diagnosis: Diagnosis) -> Iterator[RenderableType]:
        marks = any(moment.part for moment in diagnosis.timeline)
        lines = []
        for moment in diagnosis.timeline:
            part = f"{words.PARTS[moment.part].in_(self._language)}  " if marks else ""
            at = causality.moment_time(moment, diagnosis.observed_at)
            lines.append((at, Text.assemble((part, "bold"), causality.moment_text(moment, self._language))))
        yield listed(lines)

    def _remedies(self, remedies: Iterable[Remedy]) -> Iterator[RenderableType]:
        for remedy in remedies:
            risk = words.RISKS[remedy.risk].in_(self._language) if remedy.risk in words.RISKS else remedy.risk
            about = sentences.joined(str(remedy.target) if remedy.target else "", risk)
            yield marked("•", Text.assemble(self._text(remedy.title), (f"  ({about})", DIM)))
            if remedy.warning:
                yield marked("!", self._text(remedy.warning), indent=4, style="yellow", mark_style="bold yellow")

    # --- the others ---

    def _offers(self, offers: list[JudgedHypothesis]) -> Iterator[RenderableType]:
        """Yield what can be done whatever the cause is: for which object and why, and the buttons for it."""
        for one in offers:
            subject = f"  {one.subject}" if one.subject else ""
            yield marked("•", Text.assemble((self._text(one.title), "bold"), subject, (f"  ({one.incident})", DIM)))
            best = next((finding for finding in one.findings if finding.outcome is FindingOutcome.SUPPORTS), None)
            if best:
                yield marked("✓", self._text(best.says), indent=4, mark_style="green")
            yield from self._remedies(one.remedies)

    def _ruled_out(self, out: Iterable[JudgedHypothesis]) -> Iterator[RenderableType]:
        for one in out:
            yield marked("✗", sentences.against(one, self._language), style=DIM, mark_style=DIM)

    def _nothing(self, diagnosis: Diagnosis) -> Iterator[RenderableType]:
        _, heading_, says = nothing_found(diagnosis, self._language)
        yield Text(heading_, style="bold")
        yield from _paragraphs(*says)
        yield from (marked("•", str(each)) for each in candidates_of(diagnosis))

    def _seen(self, diagnosis: Diagnosis, observed: tuple[str, ...]) -> Iterator[RenderableType]:
        yield from self._listed(words.OBSERVED, (marked("•", quote(line)) for line in observed))
        yield from self._listed(words.NEAREST, self._nearest(diagnosis))

    def _nearest(self, diagnosis: Diagnosis) -> Iterator[RenderableType]:
        for near in diagnosis.nearest:
            yield marked("•", Text.assemble(self._text(near.title), (f"  ({near.incident}, {near.score:.2f})", DIM)))
            if near.decided_by:
                decided_by = f"{self._text(words.DECIDED_BY)}{self._text(words.COLON)}"
                yield paragraph(f"{decided_by}{near.decided_by}", indent=4, style=DIM)

    # --- gaps and footer ---

    def _gap_lines(self, gaps: Iterable[Gap]) -> Iterator[RenderableType]:
        lines = dict.fromkeys(sentences.gap_sentence(gap, self._language) for gap in gaps)
        for line in lines:
            yield marked("?", line, mark_style=_OUTCOME_STYLES[FindingOutcome.GAP])

    def _footer(self, diagnosis: Diagnosis, timing: RunStats, *, hint: bool) -> Text:
        """Return the cluster, the cost of the diagnosis, and how to see the rest."""
        cluster = self._text(words.CLUSTER).format(diagnosis.cluster) if diagnosis.cluster else ""
        calls = self._text(words.CALLS).format(timing.api_calls) if diagnosis.cluster else ""
        rest = self._text(words.ALL_SHOWS_REST) if hint else ""
        took = self._text(words.SECONDS).format(timing.seconds)
        return Text(sentences.joined(cluster, calls, took, rest), style=DIM)

    def _listed(self, title: Words, lines: Iterable[RenderableType]) -> Iterator[RenderableType]:
        """Yield a section of these lines; nothing without any."""
        if held := list(lines):
            yield ""
            yield heading(self._text(title))
            yield from held

    def _text(self, text: Words) -> str:
        return text.in_(self._language)


def _paragraphs(*texts: str) -> Iterator[RenderableType]:
    return (WrappedText(Text(says)) for says in texts if says)


def overview_page(overview: SafeOverview, *, language: Language) -> RenderableType:
    """Return the page of an overview: every finding with the command that tells more."""
    return Group(*_lines(shown_value(overview), language))


def _lines(overview: Overview, language: Language) -> Iterator[RenderableType]:
    yield WrappedText(Text(overviews.heading(overview, language), style="bold"))
    for number, finding in enumerate(overview.findings, start=1):
        yield ""
        says = f"{number}. {overviews.verdict(finding, language)}  {overviews.cause(finding, language)}"
        yield WrappedText(Text(says, style="bold" if number == 1 else ""))
        if impact := overviews.impact(finding, overview, language):
            yield paragraph(impact, indent=3)
        asked = finding.asked
        yield paragraph(f"casebook diagnose {asked.kind.lower()} {asked.full_name}", indent=3, style=DIM)
    yield ""
    if gaps := overviews.gaps(overview, language):
        yield WrappedText(Text(gaps))
    yield WrappedText(Text(overviews.read(overview, language), style=DIM))
