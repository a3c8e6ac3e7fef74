"""Show a diagnosis as one Slack message that is read at a glance: cause, verdict, impact, buttons, proofs, a link.

Made to be read at 3 a.m. on a phone. The rest is behind the Details button: all findings, the runbook, other
hypotheses, kubectl lines, further links.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from intents.domain import Diagnosis, Focus, JudgedHypothesis, Language, ObjectRef, Text
from responses import causality, glance, sentences, words
from responses.named_objects import candidates_of, leading_sentences, nothing_found, which_of
from responses.next_asks import after_no_cause
from responses.redaction import secret_notice
from responses.shown import ShownDiagnosis, shown, shown_line, shown_text, shown_value
from responses.slack import blocks, limits
from responses.slack.blocks import Element, Leaf, Part, fit_groups, fit_parts
from responses.slack.choices import ask_buttons, candidate_rows, picker_blocks
from responses.slack.controls import AnswerView, control_parts, data_loss_lines, footer, state_parts
from responses.slack.details import exceeds_details, full_text
from responses.slack.diagnosis_formatter import DiagnosisFormatter, Group
from responses.slack.message import Block, Message, Snippet, fallback
from responses.slack.remedy_states import CAUSE_GONE, cause_gone

_STEPS: Final = 2
_LISTED: Final = 3
# In visible characters; the sum leaves room for headings, buttons and the footer.
_LINE: Final = 600
_RUNBOOK: Final = 2_000
_LIST: Final = 1_200
_NOTE: Final = 100


def placeholder_message(
    *,
    language: Language,
    done: int = 0,
    total: int = 0,
    scanned: int = 0,
    found: Sequence[JudgedHypothesis] = (),
    about: str = "",
) -> Message:
    """Return the message that is shown while the cluster is read, updated as hypotheses are judged.

    `found` has passed `safe_value`; `about` is the object that is diagnosed, if one was named. `scanned` counts the
    objects that an overview has read.
    """
    formatter = DiagnosisFormatter(ShownDiagnosis(Diagnosis(focus=Focus())), language, of_text=True)
    says = f"⏳ {words.DIAGNOSING.in_(language)}"
    head = [blocks.bold(says)]
    if about:
        head += [blocks.text(" "), blocks.code(shown_line(about, limit=300))]
    read = [words.OBJECTS_READ.in_(language).format(f"{scanned:,}")] if scanned else []
    read += [words.READS_DONE.in_(language).format(done, total)] if total else []
    if read:
        head.append(blocks.text(f" {' · '.join(read)}"))
    lines = [blocks.line(*head), *(formatter.brief(one) for one in shown_value(tuple(found[:_LISTED])))]
    lines += blocks.left_out(len(found) - _LISTED, language)
    return Message(text=fallback(says), blocks=(blocks.rich(*lines),))


def headlines(view: AnswerView) -> tuple[str, ...]:
    """Return the first lines of an answer as words: the cause comes first, or that none was found."""
    return _Page(view).headlines()


def answer_message(view: AnswerView) -> Message:
    """Return an answer, within Slack's limits; what does not fit is attached as a file (`overflow`).

    Raises ValueError for a request id that no button can carry.
    """
    diagnosis, language, of_text = view.diagnosis, view.language, view.of_text
    page = _Page(view)
    past = page.over is not None or view.ended is not None
    pressed = {state.plan_id for state in view.remedy_states}
    offered = [] if past else [each for each in view.buttons if each.plan_id not in pressed]
    advises = view.runbook and not view.details_value
    parts = [
        Part(rank=0, blocks=(blocks.rich(*page.head()),)),
        *page.choice(),
        *state_parts(view),
        *control_parts(view, offered),
        *_lines(0, data_loss_lines(offered, language)),
        *([] if past or offered or advises else page.next_step()),
        *([] if past else page.proof([shown_line(line) for line in view.observed])),
        *([] if past else page.links()),
        *([] if past or view.unasked else page.next_asks()),
        *_lines(0, page.said(secret_notice(view.secrets, language))),
        *(
            [Part(rank=0, blocks=picker_blocks(view.pick, request_id=view.request_id, language=language))]
            if view.pick
            else []
        ),
        *([] if past or not advises else page.advice()),
        *page.related(view.related),
        Part(rank=0, blocks=(footer(view, page.over.at if page.over else None),)),
    ]
    # Leave room for the note that the rest is in a file.
    fitting, left_out = fit_parts(
        parts, most_visible=limits.BUDGET_VISIBLE - _NOTE, most_blocks=limits.BUDGET_BLOCKS - 1
    )
    overflow = None
    opens = bool(view.details_value) and bool(diagnosis.hypotheses)
    exceeds = opens and exceeds_details(page.diagnosis, language=language, of_text=of_text)
    if left_out or page.left_out or exceeds or (page.was_cut and not opens):
        fitting = (*fitting, blocks.context(words.FULL_ANSWER_IN_FILE.in_(language)))
        overflow = Snippet(
            name="diagnosis.md",
            title=words.FULL_ANSWER.in_(language),
            content=full_text(diagnosis, language=language, of_text=of_text, observed=view.observed),
        )
    return Message(text=fallback(*page.headlines()), blocks=fitting, overflow=overflow)


class _Page:
    """The parts of an answer that show the diagnosis. `left_out` says that something did not fit into its part.

    `over` is the remedy after which the cause is gone, `ended` says that the alert is over.
    """

    def __init__(self, view: AnswerView) -> None:
        self.diagnosis = diagnosis = shown(view.diagnosis)
        self._text_only = shown_text(view.text_only_reason) if view.text_only_reason else None
        self._language, self._of_text, self._ended = view.language, view.of_text, view.ended
        self._formatter = DiagnosisFormatter(diagnosis, view.language, of_text=view.of_text, text_only=self._text_only)
        self.over = cause_gone(view.remedy_states, cluster=view.diagnosis.cluster)
        self._is_open = bool(sentences.leading_hypotheses(diagnosis))
        self._first = sentences.first_hypothesis(diagnosis, of_text=view.of_text)
        self.left_out = False

    @property
    def was_cut(self) -> bool:
        """Return whether a text is shown only in part."""
        return self._formatter.was_cut

    def headlines(self) -> tuple[str, ...]:
        """Return the first lines as words, for notifications."""
        if self._ended:
            return (self._text(self._ended), *([self._cause(self._first)] if self._first else []))
        if self._first is None:
            return (*self._about(), *self._nothing())
        lines = (self._cause(self._first), self._verdict(self._first))
        return (*lines[::-1], *self._about()) if self.over else (*self._about(), *lines)

    def head(self) -> Iterable[Element]:
        """Yield cause and object, the verdict with the impact, and what this leads to."""
        one = self._first
        if self._ended:
            yield blocks.sentence(self._text(self._ended), bold=True)
            if one:
                yield blocks.line(*self._named(self._cause(one), one, bold=False))
            return
        # What the text names comes first: it may be gone, or another object than the evidence is about.
        about = [blocks.sentence(self._cut(says), bold=True) for says in self._about()]
        if one and self.over:
            yield blocks.sentence(self._verdict(one), bold=True)
            yield blocks.line(*self._named(self._cause(one), one, bold=False))
            yield from about
            return
        yield from about
        if one is None:
            first, *rest = self._nothing()
            yield blocks.sentence(first, bold=True)
            yield from (blocks.sentence(says) for says in rest)
            yield from self.said(glance.changed(self.diagnosis, self._language))
            return
        yield blocks.line(*self._named(self._cause(one), one))
        impact = self._cut(glance.impact(one, self._language))
        beside = impact if self._is_open else self._text(one.title)
        verdict = [blocks.text(f"{self._sign(one)} "), blocks.bold(self._word(one))]
        yield blocks.line(*verdict, *([blocks.text(f" · {self._cut(beside)}")] if beside else []))
        yield from self.said(glance.effect(one, self.diagnosis, self._language, of_text=self._of_text))
        yield from self.said(causality.hit(self.diagnosis, self._language))
        yield from self.said(glance.changed(self.diagnosis, self._language))

    def related(self, links: Sequence[str]) -> Iterable[Part]:
        """Yield the links to other answers about the same fault."""
        if links:
            title = blocks.text(self._text(words.SAME_FAULT))
            label = self._text(words.THE_ANSWER)
            parts = [leaf for link in links for leaf in (blocks.text(" "), blocks.link(shown_line(link), label))]
            yield Part(rank=1, blocks=(blocks.rich(blocks.line(title, *parts)),))

    def proof(self, observed: Sequence[str]) -> Iterable[Part]:
        """Yield the proofs, what could not be checked, and the next hypothesis."""
        one = self._first
        if one:
            found = glance.proofs(one, self.diagnosis, self._language, of_text=self._of_text)
            items = [self._named(self._cut(says), one, bold=False) for says in found]
            yield from _lines(0, [blocks.bullets(items)] if items else [])
            yield from self._candidates(one)
        else:
            yield from self._listed(words.OBSERVED, self._formatter.observed(observed), rank=1)
            yield from self._listed(words.NEAREST, self._formatter.nearest(), rank=2)
        gaps = glance.gaps(one, self.diagnosis, self._language, text_only=self._text_only)
        yield from _lines(0, self.said(gaps))
        if one and self._is_open:
            yield from _lines(1, self.said(glance.others(one, self.diagnosis, self._language)))
        else:
            yield from self._listed(words.UNEXPLAINED, self._formatter.unexplained(), rank=1)
        if one is None:
            out = sentences.ruled_out(self.diagnosis)
            yield from self._listed(words.RULED_OUT, self._formatter.ruled_out(out), rank=2)

    def _candidates(self, one: JudgedHypothesis) -> Iterable[Part]:
        """Yield the objects of which one may be meant, each with a button that diagnoses it."""
        if not one.candidates:
            return
        found = self._rows(one.candidates[:_LISTED])
        more = blocks.left_out(len(one.candidates) - _LISTED, self._language)
        heading = blocks.sentence(self._text(words.CANDIDATES))
        yield Part(rank=0, blocks=(blocks.rich(heading), *found, *([blocks.rich(*more)] if more else [])))

    def choice(self) -> Iterable[Part]:
        """Yield the objects of which one may be meant by a name, each with a button that diagnoses it."""
        if not self._ended and (named := candidates_of(self.diagnosis)):
            asks = [blocks.rich(blocks.sentence(self._text(which_of(named))))] if self._first else []
            yield Part(rank=0, blocks=(*asks, *self._rows(named)))

    def _rows(self, objects: Sequence[ObjectRef]) -> list[Block]:
        return candidate_rows(objects, cluster=self.diagnosis.cluster, language=self._language)

    def next_step(self) -> Iterable[Part]:
        """Yield the first step by hand, where no button can be pressed."""
        step = glance.next_step(self._first, self._language) if self._first and self._is_open else None
        if step:
            says = blocks.text(self._cut(step.says.in_(self._language)))
            label = blocks.bold(f"{self._text(words.NEXT)}{self._text(words.COLON)}")
            run = [blocks.text(" "), blocks.code(step.run)] if step.run else []
            yield from _lines(1, [blocks.line(label, says, *run)])

    def next_asks(self) -> Iterable[Part]:
        """Yield the questions to go on with where no cause is named."""
        asks = after_no_cause(self.diagnosis) if self._first is None else ()
        if buttons := ask_buttons(asks, cluster=self.diagnosis.cluster, language=self._language):
            yield Part(rank=0, blocks=(blocks.actions(*buttons),))

    def advice(self) -> Iterable[Part]:
        """Yield the first steps by hand, for an answer without a Details button."""
        if self._first and self._is_open:
            steps = self._formatter.steps(self._first.runbook)
            yield from self._listed(words.RUNBOOK, steps, rank=2, most=_RUNBOOK, count=_STEPS)

    def links(self) -> Iterable[Part]:
        """Yield the runbook and the page that helps most with the cause, in one line."""
        if self._first and (found := glance.pages(self._first, self.diagnosis)):
            title = blocks.bold(f"{self._text(words.LINKS)}{self._text(words.COLON)}")
            yield from _lines(3, [blocks.line(title, *self._formatter.links(found))])

    def _cause(self, one: JudgedHypothesis) -> str:
        says = self._cut(glance.first_line(one, self._language))
        return self._text(words.WAS).format(says) if (self.over or self._ended) and self._is_open else says

    def _verdict(self, one: JudgedHypothesis) -> str:
        return f"{self._sign(one)} {self._word(one)}"

    def _sign(self, one: JudgedHypothesis) -> str:
        return CAUSE_GONE[self.over.state][0] if self.over else sentences.verdict_sign(one)

    def _word(self, one: JudgedHypothesis) -> str:
        if self.over:
            return self._text(CAUSE_GONE[self.over.state][1])
        return sentences.verdict_word(one, self._language)

    def _nothing(self) -> tuple[str, ...]:
        sign, heading, says = nothing_found(self.diagnosis, self._language)
        return f"{sign} {heading}", *(self._cut(each) for each in says)

    def _about(self) -> tuple[str, ...]:
        """Return what the reader must know about the objects in question before the cause."""
        return leading_sentences(self.diagnosis, self._first, self._language)

    def _named(self, says: str, one: JudgedHypothesis, *, bold: bool = True) -> list[Leaf]:
        """Return the sentence with the name of its object as code, to find and copy it."""
        subject = one.subject
        name = rf"(?:{re.escape(subject.namespace)}/)?{re.escape(subject.name)}" if subject else ""
        # Not within the name of an image or another object: pay:7, pay-db, eu/pay.
        found = re.search(rf"(?<![\w./-]){name}(?![\w/-]|[:.@]\w)", says) if name else None
        if not found:
            return [blocks.text(says, bold=bold)]
        leaves = [(says[: found.start()], False), (found[0], True), (says[found.end() :], False)]
        return [blocks.text(part, bold=bold, code=code) for part, code in leaves if part]

    def said(self, says: str) -> list[Element]:
        """Return one line with its label in bold; none for an empty one."""
        if not says:
            return []
        label, colon, rest = self._cut(says).partition(self._text(words.COLON).rstrip())
        if not rest:
            return [blocks.sentence(label)]
        return [blocks.line(blocks.bold(f"{label}{colon}"), blocks.text(rest))]

    def _cut(self, says: str) -> str:
        return blocks.cut(says, _LINE)

    def _listed(
        self, title: Text, groups: list[Group], *, rank: int, most: int = _LIST, count: int = _LISTED
    ) -> Iterable[Part]:
        if not groups:
            return
        elements, too_many = fit_groups(groups[:count], most)
        self.left_out = self.left_out or too_many > 0
        lines = [blocks.sentence(self._text(title), bold=True), *elements]
        lines += blocks.left_out(too_many + len(groups[count:]), self._language)
        yield from _lines(rank, lines)

    def _text(self, text: Text) -> str:
        return text.in_(self._language)


def _lines(rank: int, elements: Sequence[Element]) -> list[Part]:
    return [Part(rank=rank, blocks=(blocks.rich(*elements),))] if elements else []
