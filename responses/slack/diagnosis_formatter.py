"""Format the pieces of a diagnosis as rich text: the answer shows the first of each, the details all of them.

A group is a list of elements that belong together: a finding with its quote, a step with its command.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from intents.domain import (
    Finding,
    FindingOutcome,
    Gap,
    GapReason,
    JudgedHypothesis,
    Language,
    Link,
    SignatureMatch,
    Step,
    Table,
    Text,
)
from responses import causality, glance, sentences, words
from responses.shown import ShownDiagnosis, fitting
from responses.slack import blocks
from responses.slack.blocks import Element, Leaf
from responses.slack.message import length
from responses.tables import aligned_lines, below, compact, quote, shared_values

Group = list[Element]

# The order of findings; within an outcome, the order of the catalog entry stays.
_BY_WEIGHT: Final = (FindingOutcome.SUPPORTS, FindingOutcome.REFUTES, FindingOutcome.GAP, FindingOutcome.NEUTRAL)
# In characters. The catalog's sentences are far shorter; texts from a cluster may not be.
_SENTENCE: Final = 700
_OBJECT: Final = 300
_IMPACT: Final = 500
_GLIMPSE: Final = 160
_TABLE: Final = 1_000
_CELL: Final = 200
_ROW: Final = 400


@dataclass(slots=True)
class DiagnosisFormatter:
    """Formats the pieces of one diagnosis. `was_cut` tells afterwards whether a text was cut.

    `text_only` is the reason why no cluster was queried; `most` and `most_of_table` limit a sentence and a table.
    """

    diagnosis: ShownDiagnosis
    language: Language
    of_text: bool = field(kw_only=True)
    text_only: Text | None = field(default=None, kw_only=True)
    most: int = field(default=_SENTENCE, kw_only=True)
    most_of_table: int = field(default=_TABLE, kw_only=True)
    was_cut: bool = field(default=False, init=False)

    def text(self, text: Text) -> str:
        """Return a text in the language of this formatter."""
        return text.in_(self.language)

    def cut(self, text: str, most: int = 0) -> str:
        """Return `text`, cut if it is longer than `most` characters."""
        most = most or self.most
        self.was_cut = self.was_cut or length(text) > most
        return blocks.cut(text, most)

    # --- a hypothesis ---

    def headline(self, one: JudgedHypothesis) -> str:
        """Return 🔴 CONFIRMED · title."""
        return f"{sentences.verdict_sign(one)} {sentences.verdict_word(one, self.language)} · {self.text(one.title)}"

    def where(self, one: JudgedHypothesis) -> Element | None:
        """Return object and impact in one line."""
        leaves: list[Leaf] = []
        if one.subject:
            leaves.append(blocks.code(self.cut(str(one.subject), _OBJECT)))
            top = self.diagnosis.owners[-1] if self.diagnosis.owners else None
            if top and (top.kind, top.name) != (one.subject.kind, one.subject.name):
                leaves.append(blocks.text(self.cut(f" ← {top.kind} {top.name}", _OBJECT)))
        if impact := self.text(one.impact):
            leaves.append(blocks.text(f"{' · ' if leaves else ''}{self.cut(impact, _IMPACT)}"))
        if one.effect_of:
            leaves.append(blocks.text(f" ({self._explained(one)})", italic=True))
        return blocks.line(*leaves) if leaves else None

    def brief(self, one: JudgedHypothesis) -> Element:
        """Return a hypothesis in one line: verdict, title, object."""
        leaves = [
            blocks.text(f"{sentences.verdict_sign(one)} "),
            blocks.bold(sentences.verdict_word(one, self.language)),
            blocks.text(f" · {self.cut(self.text(one.title))}"),
        ]
        if one.subject:
            leaves.append(blocks.text(self.cut(f" · {one.subject}", _OBJECT)))
        if one.effect_of:
            leaves.append(blocks.text(f" · {self._explained(one)}", italic=True))
        return blocks.line(*leaves)

    def _explained(self, one: JudgedHypothesis) -> str:
        return causality.explanation(one, self.diagnosis, self.language)

    def effects(self, one: JudgedHypothesis) -> list[Element]:
        """Return the effects of a cause, a line each."""
        return [
            blocks.line(
                blocks.bold(f"{self.text(words.EFFECT)}{self.text(words.COLON)}"),
                blocks.text(
                    self.cut(causality.effect_line(each, self.language, cause=one, of_text=self.of_text), _OBJECT)
                ),
            )
            for each in causality.effects(one, self.diagnosis)
        ]

    def affected(self) -> Element | None:
        """Return whom the leading cause hits, if the answer does not name all of them."""
        says = causality.named_later(self.diagnosis, self.language)
        label = f"{self.text(words.AFFECTED)}{self.text(words.COLON)}"
        return blocks.line(blocks.bold(label), blocks.text(self.cut(says))) if says else None

    def timeline(self) -> list[Group]:
        """Return what happened when, a line each, oldest first."""
        groups: list[Group] = []
        for moment in self.diagnosis.timeline:
            leaves: list[Leaf] = [
                blocks.code(causality.moment_time(moment, self.diagnosis.observed_at)),
                blocks.text(" "),
            ]
            if moment.part:
                leaves += [blocks.bold(words.PARTS[moment.part].in_(self.language)), blocks.text(" ")]
            leaves.append(blocks.text(self.cut(causality.moment_text(moment, self.language), _OBJECT)))
            groups.append([blocks.line(*leaves)])
        return groups

    def evidence(self, one: JudgedHypothesis, *, matches: int = 1) -> list[Group]:
        """Return the matches, then the findings, decisive ones first, then the gaps."""
        quoted = sentences.quoted_matches(one, most=matches)
        shown = [self.text(one.root_cause), *(match.quote for match in quoted)]
        matched = [[self._match(match)] for match in quoted]
        ranked = sorted(one.findings, key=lambda finding: (_BY_WEIGHT.index(finding.outcome), not finding.decisive))
        neutral = [finding for finding in ranked if finding.outcome is FindingOutcome.NEUTRAL]
        decided = (FindingOutcome.SUPPORTS, FindingOutcome.REFUTES)
        found = [self._finding(finding, shown) for finding in ranked if finding.outcome in decided]
        # Gaps matter more than neutral findings; those that limit the verdict are never cut off by further findings.
        limiting = sentences.limiting_gaps(one)
        unread = self.gaps(gap for finding in one.findings for gap in finding.gaps if gap not in limiting)
        beside = [self._finding(finding, shown) for finding in neutral]
        if one.findings and len(neutral) == len(one.findings):
            beside.append([self._marked(words.SYMBOLS[FindingOutcome.NEUTRAL], self.text(words.ONLY_NEUTRAL))])
        return [*matched, *found[:1], *self.gaps(limiting), *found[1:], *unread, *beside]

    def _match(self, match: SignatureMatch) -> Element:
        where = sentences.match_location(match, self.language, of_text=self.of_text)
        # The reader pasted this line: its beginning is enough to recognise it.
        glimpse = quote(blocks.cut(" ".join(match.quote.split()), _GLIMPSE if self.most == _SENTENCE else self.most))
        label = f"{self.text(words.MATCHED)}{self.text(words.COLON)}"
        return blocks.line(blocks.bold(label), blocks.text(glimpse), blocks.text(f" {where}", italic=True))

    def _marked(self, mark: str, says: str, *, quiet: bool = False) -> Element:
        return blocks.line(blocks.bold(mark), blocks.text(f" {self.cut(says)}", italic=quiet))

    def _finding(self, finding: Finding, shown: list[str]) -> Group:
        says = self.text(finding.says)
        group = [self._marked(words.SYMBOLS[finding.outcome], says, quiet=finding.outcome is FindingOutcome.NEUTRAL)]
        if beside := below(finding, says, shown):
            group.append(blocks.quoted(blocks.text(self.cut(beside))))
        if finding.table and finding.table.rows:
            group += self.table_lines(finding.table, said=says)
        return group

    def table_lines(self, table: Table, *, said: str = "") -> Group:
        """Return a table in a fixed-width font, and what all its rows share below."""
        rows = compact(table, said=said)
        group: Group = []
        if rows.names:
            lines = aligned_lines(rows.names, [[blocks.cut(cell, _CELL) for cell in row] for row in rows.rows])
            # At least the head and one row.
            kept = fitting((blocks.cut(line, _ROW) for line in lines), self.most_of_table, size=length, least=2)
            group.append(blocks.preformatted("\n".join(kept)))
            group += blocks.left_out(len(lines) - len(kept), self.language)
        if shared := self.shared(rows.shared):
            group.append(shared)
        return group

    def shared(self, pairs: Iterable[tuple[str, str]]) -> Element | None:
        """Return the values that all rows of a table share."""
        says = sentences.joined(*shared_values(pairs))
        return blocks.quoted(blocks.text(self.cut(says))) if says else None

    # --- what to do ---

    def steps(self, steps: Sequence[Step]) -> list[Group]:
        """Return numbered sentences, each with its command to copy and its warning."""
        return [self._step(number, step) for number, step in enumerate(steps, start=1)]

    def _step(self, number: int, step: Step) -> Group:
        group = [blocks.line(blocks.bold(f"{number}. "), blocks.text(self.cut(self.text(step.says))))]
        if step.run.strip():
            # Never cut a command: a cut command is another command.
            group.append(blocks.preformatted(step.run))
        if step.warning:
            group.append(blocks.line(blocks.bold("⚠ "), blocks.text(self.cut(self.text(step.warning)))))
        return group

    def links(self, links: Sequence[Link]) -> list[Leaf]:
        """Return the links on one line; the address of one without a title, which the alert names, is visible."""
        untitled = blocks.text(f"{self.text(words.ALERT_RUNBOOK)} ")
        shown = ((*([] if to.title else [untitled]), blocks.link(to.url, to.title)) for to in links)
        return blocks.joined(shown, by=" · ")

    # --- what is not known ---

    def gaps(self, gaps: Iterable[Gap]) -> list[Group]:
        """Return one line per gap; a missing cluster is mentioned once, with its reason if known."""
        said: dict[str, None] = {}
        for gap in gaps:
            alone = gap.reason is GapReason.NO_CLUSTER and self.text_only
            said[self.text(alone) if alone else sentences.gap_sentence(gap, self.language)] = None
        mark = words.SYMBOLS[FindingOutcome.GAP]
        return [[self._marked(mark, says)] for says in said]

    def observed(self, lines: Sequence[str]) -> list[Group]:
        """Return the lines of the text, quoted."""
        return [[blocks.quoted(blocks.text(self.cut(quote(line))))] for line in lines]

    def unexplained(self) -> list[Group]:
        """Return the observations that no hypothesis explains."""
        return [
            [blocks.sentence(self.cut(f"· {glance.observation(seen, self.language)}"))]
            for seen in self.diagnosis.unexplained
        ]

    def changes(self) -> list[Group]:
        """Return what changed before the trouble began."""
        return [
            [blocks.sentence(self.cut(f"· {sentences.change(one, self.language)}"))] for one in self.diagnosis.changes
        ]

    def nearest(self) -> list[Group]:
        """Return the closest catalog entries, and a line that would match each."""
        groups: list[Group] = []
        for near in self.diagnosis.nearest:
            what = f"· {self.text(near.title)} ({near.incident}, {near.score:.2f})"
            group = [blocks.sentence(self.cut(what))]
            if near.decided_by:
                decided = f"{self.text(words.DECIDED_BY)}{self.text(words.COLON)}{near.decided_by}"
                group.append(blocks.quoted(blocks.text(self.cut(decided))))
            groups.append(group)
        return groups

    def ruled_out(self, out: Iterable[JudgedHypothesis]) -> list[Group]:
        """Return each hypothesis with the first reason against it."""
        mark = words.SYMBOLS[FindingOutcome.REFUTES]
        return [[self._marked(mark, sentences.against(one, self.language))] for one in out]
